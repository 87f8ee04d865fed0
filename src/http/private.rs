//! What artists and operators ask for: never cached, and only with a key.

mod bucket;
pub(super) mod caller;
mod check;
mod demand;
mod framesets;
mod jobs;
mod preview;
mod products;
mod protection;
mod receive;
mod sequences;
mod session;
mod tus;

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder, Route, guard,
    http::{Method, StatusCode},
    middleware::DefaultHeaders,
    web,
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

pub use self::tus::Writers;

use super::{
    caching::{Caching, answer},
    methods::{private, private_any_path, read, wrong_method},
    operator::{audit, import, keys, purge},
    scope::Scope,
};

/// Every address of the private API.
pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .service(private(
            "/api/session",
            "GET, HEAD, POST, DELETE, OPTIONS",
            [
                web::get().to(session::show),
                web::head().to(session::show),
                web::post().to(session::begin),
                web::delete().to(session::end),
            ],
        ))
        .service(private(
            "/api/keys",
            "GET, HEAD, POST, OPTIONS",
            [web::get().to(keys::list), web::head().to(keys::list), web::post().to(keys::create)],
        ))
        .service(private(
            "/api/framesets",
            "GET, HEAD, POST, OPTIONS",
            [
                web::get().to(framesets::list),
                web::head().to(framesets::list),
                web::post().to(framesets::open),
            ],
        ))
        .service(private(
            "/api/framesets/{frameset}",
            "GET, HEAD, PATCH, DELETE, OPTIONS",
            [
                web::get().to(framesets::show),
                web::head().to(framesets::show),
                web::patch().to(framesets::change),
                web::delete().to(framesets::discard),
            ],
        ))
        .service(private(
            "/api/framesets/{frameset}/commit",
            "POST, OPTIONS",
            [web::post().to(framesets::commit)],
        ))
        .service(private(
            "/api/framesets/{frameset}/bucket",
            "POST, OPTIONS",
            [web::post().to(bucket::place)],
        ))
        .service(private(
            "/api/framesets/{frameset}/presign",
            "POST, OPTIONS",
            [web::post().to(bucket::presign)],
        ))
        .service(private("/api/framesets/{frameset}/fetch", "POST, OPTIONS", [web::post().to(bucket::fetch)]))
        .service(private(
            "/api/framesets/{frameset}/check",
            "GET, HEAD, OPTIONS",
            [web::get().to(check::show), web::head().to(check::show)],
        ))
        .service(private(
            "/api/framesets/{frameset}/check/{picture}",
            "GET, HEAD, OPTIONS",
            [web::get().to(check::picture), web::head().to(check::picture)],
        ))
        .service(private("/api/framesets/{frameset}/mend", "POST, OPTIONS", [web::post().to(check::mend)]))
        .service(private_any_path(
            "/api/framesets/{frameset}/frames/{name}",
            "PUT, DELETE, OPTIONS",
            [web::put().to(framesets::put_frame), web::delete().to(framesets::remove_frame)],
        ))
        .service(private(
            "/api/jobs",
            "GET, HEAD, OPTIONS",
            [web::get().to(jobs::list), web::head().to(jobs::list)],
        ))
        .service(private(
            "/api/jobs/{job}",
            "GET, HEAD, PATCH, OPTIONS",
            [web::get().to(jobs::show), web::head().to(jobs::show), web::patch().to(jobs::prioritize)],
        ))
        .service(private(
            "/api/sequences/{configuration}",
            "GET, HEAD, OPTIONS",
            [web::get().to(sequences::show), web::head().to(sequences::show)],
        ))
        .service(private(
            "/api/sequences/{configuration}/publish",
            "POST, OPTIONS",
            [web::post().to(sequences::publish)],
        ))
        .service(private(
            "/api/sequences/{configuration}/rollback",
            "POST, OPTIONS",
            [web::post().to(sequences::roll_back)],
        ))
        .service(private(
            "/api/sequences/{configuration}/take-down",
            "POST, OPTIONS",
            [web::post().to(sequences::take_down)],
        ))
        .service(private(
            "/api/sequences/{configuration}/protect",
            "POST, OPTIONS",
            [web::post().to(protection::protect)],
        ))
        .service(private(
            "/api/sequences/{configuration}/unprotect",
            "POST, OPTIONS",
            [web::post().to(protection::unprotect)],
        ))
        .service(private(
            "/api/sequences/{configuration}/sign",
            "POST, OPTIONS",
            [web::post().to(protection::sign)],
        ))
        .service(private(
            "/api/sequences/{configuration}/versions/{version}",
            "GET, HEAD, OPTIONS",
            [web::get().to(sequences::show_version), web::head().to(sequences::show_version)],
        ))
        .service(private(
            "/api/sequences/{configuration}/versions/{version}/sequence",
            "GET, HEAD, OPTIONS",
            [web::get().to(sequences::manifest), web::head().to(sequences::manifest)],
        ))
        .service(private(
            "/api/sequences/{configuration}/versions/{version}/preview-link",
            "POST, OPTIONS",
            [web::post().to(preview::create)],
        ))
        .service(read("/preview/{token}", preview::page))
        .service(read("/preview/{token}/sequence", preview::manifest))
        .service(private(
            "/api/products/{product}",
            "GET, HEAD, PUT, DELETE, OPTIONS",
            [
                web::get().to(import::export),
                web::head().to(import::export),
                web::put().to(import::import),
                web::delete().to(import::remove),
            ],
        ))
        .service(private(
            "/api/demand",
            "GET, HEAD, OPTIONS",
            [web::get().to(demand::list), web::head().to(demand::list)],
        ))
        .service(private(
            "/api/products",
            "GET, HEAD, OPTIONS",
            [web::get().to(products::list), web::head().to(products::list)],
        ))
        .service(private("/api/jobs/{job}/events", "GET, OPTIONS", [web::get().to(jobs::events)]))
        .service(private("/api/jobs/{job}/cancel", "POST, OPTIONS", [web::post().to(jobs::cancel)]))
        .service(private("/api/jobs/{job}/retry", "POST, OPTIONS", [web::post().to(jobs::retry)]))
        .service(
            web::resource("/api/uploads")
                .wrap(DefaultHeaders::new().add(tus::RESUMABLE))
                .route(web::post().to(tus::create))
                .route(web::method(Method::OPTIONS).to(tus::options))
                .default_service(wrong_method("POST, OPTIONS")),
        )
        .service(
            web::resource("/api/uploads/{upload}")
                .wrap(DefaultHeaders::new().add(tus::RESUMABLE))
                .route(web::head().to(tus::head))
                .route(web::patch().to(tus::patch))
                .route(overriding("PATCH").to(tus::patch))
                .route(web::delete().to(tus::terminate))
                .route(overriding("DELETE").to(tus::terminate))
                .route(web::method(Method::OPTIONS).to(tus::options))
                .default_service(wrong_method("HEAD, PATCH, DELETE, OPTIONS")),
        )
        .service(private("/api/keys/{key}", "DELETE, OPTIONS", [web::delete().to(keys::revoke)]))
        .service(private(
            "/api/purge",
            "GET, HEAD, POST, OPTIONS",
            [web::get().to(purge::list), web::head().to(purge::list), web::post().to(purge::purge)],
        ))
        .service(private(
            "/api/audit",
            "GET, HEAD, OPTIONS",
            [web::get().to(audit::trail), web::head().to(audit::trail)],
        ));
}

/// Some proxies let no other methods through than GET and POST (tus 1.0.0, X-HTTP-Method-Override).
fn overriding(method: &'static str) -> Route {
    let named = guard::fn_guard(move |request| {
        let header = request.head().headers().get("x-http-method-override");
        header.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(method.as_bytes()))
    });
    web::post().guard(named)
}

/// Begins an answer that is for this caller alone.
pub(super) fn secret(status: StatusCode) -> HttpResponseBuilder {
    answer(status, Caching::Private, &Scope::default())
}

pub(super) fn secret_json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    secret(status).json(body)
}

/// A moment as it is written to clients: RFC 3339, in UTC, to the millisecond.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// As people write it: 24 November 2026, 16:05 UTC.
    pub(super) fn readable(self) -> String {
        let format = time::macros::format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
        );
        OffsetDateTime::from_unix_timestamp(self.0 / 1000)
            .ok()
            .and_then(|moment| moment.format(format).ok())
            .unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i128::from(self.0) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        f.write_str(&text.unwrap_or_default())
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
