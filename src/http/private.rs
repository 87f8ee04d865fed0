//! The artists' API: frame sets, uploads, jobs, versions, protection and previews.

mod bucket;
mod check;
mod commit;
mod complete;
mod condition;
mod demand;
mod framesets;
mod grants;
mod jobs;
mod loupe;
mod polish;
mod preview;
mod products;
mod protection;
mod receive;
mod rename;
mod sequences;
mod session;
mod thumbnail;
mod tus;

use actix_web::{
    Route, guard,
    http::Method,
    middleware::{DefaultHeaders, from_fn},
    web,
};
use utoipa::OpenApi;

pub use self::tus::Writers;

use super::{
    methods::{address, address_of_any_name, measured, read, with_slash, wrong_method},
    private_scope::never_cached,
};

/// The pages behind preview links. They take no key: the token in the address is the permission, so no cache may hold what
/// it shows.
pub(super) fn preview_pages(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/preview/{token}", preview::page).wrap(from_fn(never_cached)))
        .service(with_slash("/preview/{token}").wrap(from_fn(never_cached)))
        .service(read("/preview/{token}/sequence", preview::manifest).wrap(from_fn(never_cached)));
}

/// The operations of the artists' API. Each takes the key of an artist unless its attribute says otherwise.
#[derive(OpenApi)]
#[openapi(paths(
    session::begin,
    session::show,
    session::end,
    products::list,
    demand::list,
    framesets::open,
    framesets::list,
    framesets::show,
    framesets::change,
    commit::commit,
    framesets::discard,
    framesets::put_frame,
    framesets::remove_frame,
    bucket::presign,
    bucket::open,
    bucket::fetch,
    thumbnail::show,
    rename::rename,
    check::show,
    check::picture,
    check::mend,
    tus::options,
    tus::options_of_upload,
    tus::create,
    tus::head,
    tus::patch,
    tus::terminate,
    jobs::list,
    jobs::show,
    jobs::prioritize,
    jobs::cancel,
    jobs::retry,
    jobs::events,
    sequences::show,
    sequences::publish,
    sequences::roll_back,
    sequences::take_down,
    sequences::remove,
    sequences::show_version,
    loupe::show,
    polish::show,
    sequences::manifest,
    protection::protect,
    protection::unprotect,
    protection::sign,
    preview::create,
    preview::page,
    preview::manifest,
))]
pub(super) struct Operations;

/// Sessions, which artists and operators begin alike.
pub(super) fn sessions(routes: &mut web::ServiceConfig) {
    routes.service(address("/api/session").get(session::show).post(session::begin).delete(session::end));
}

/// Every address of the artists' API.
pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .configure(sessions)
        .service(address("/api/products").get(products::list))
        .service(address("/api/demand").get(demand::list))
        .service(address("/api/framesets").get(framesets::list).post(framesets::open))
        .service(
            address("/api/framesets/{frameset}")
                .get(framesets::show)
                .patch(framesets::change)
                .delete(framesets::discard),
        )
        .service(
            address_of_any_name("/api/framesets/{frameset}/frames/{name}")
                .put(framesets::put_frame)
                .delete(framesets::remove_frame),
        )
        .service(address_of_any_name("/api/framesets/{frameset}/thumbnails/{name}").get(thumbnail::show))
        .service(address("/api/framesets/{frameset}/rename").post(rename::rename))
        .service(address("/api/framesets/{frameset}/commit").post(commit::commit))
        .service(address("/api/framesets/{frameset}/bucket").post(bucket::open))
        .service(address("/api/framesets/{frameset}/presign").post(bucket::presign))
        .service(address("/api/framesets/{frameset}/fetch").post(bucket::fetch))
        .service(address("/api/framesets/{frameset}/check").get(check::show))
        .service(address("/api/framesets/{frameset}/check/{picture}").get(check::picture))
        .service(address("/api/framesets/{frameset}/mend").post(check::mend))
        .configure(uploads)
        .service(address("/api/jobs").get(jobs::list))
        .service(address("/api/jobs/{job}").get(jobs::show).patch(jobs::prioritize))
        .service(address("/api/jobs/{job}/events").stream(jobs::events))
        .service(address("/api/jobs/{job}/cancel").post(jobs::cancel))
        .service(address("/api/jobs/{job}/retry").post(jobs::retry))
        .service(address("/api/sequences/{configuration}").get(sequences::show).delete(sequences::remove))
        .service(address("/api/sequences/{configuration}/publish").post(sequences::publish))
        .service(address("/api/sequences/{configuration}/rollback").post(sequences::roll_back))
        .service(address("/api/sequences/{configuration}/loupe").get(loupe::show))
        .service(address("/api/sequences/{configuration}/polish").get(polish::show))
        .service(address("/api/sequences/{configuration}/take-down").post(sequences::take_down))
        .service(address("/api/sequences/{configuration}/protect").post(protection::protect))
        .service(address("/api/sequences/{configuration}/unprotect").post(protection::unprotect))
        .service(address("/api/sequences/{configuration}/sign").post(protection::sign))
        .service(address("/api/sequences/{configuration}/versions/{version}").get(sequences::show_version))
        .service(
            address("/api/sequences/{configuration}/versions/{version}/sequence").get(sequences::manifest),
        )
        .service(
            address("/api/sequences/{configuration}/versions/{version}/preview-link").post(preview::create),
        );
}

/// tus has its own answer to OPTIONS, and a header on every answer.
fn uploads(routes: &mut web::ServiceConfig) {
    routes
        .service(
            measured("/api/uploads")
                .wrap(DefaultHeaders::new().add(tus::RESUMABLE))
                .route(web::post().to(tus::create))
                .route(web::method(Method::OPTIONS).to(tus::options))
                .default_service(wrong_method("POST, OPTIONS")),
        )
        .service(
            measured("/api/uploads/{upload}")
                .wrap(DefaultHeaders::new().add(tus::RESUMABLE))
                .route(web::head().to(tus::head))
                .route(web::patch().to(tus::patch))
                .route(overriding("PATCH").to(tus::patch))
                .route(web::delete().to(tus::terminate))
                .route(overriding("DELETE").to(tus::terminate))
                .route(web::method(Method::OPTIONS).to(tus::options_of_upload))
                .default_service(wrong_method("HEAD, PATCH, DELETE, OPTIONS")),
        );
}

/// Matches POST requests that name another method, for proxies that pass only GET and POST (tus 1.0.0,
/// X-HTTP-Method-Override).
fn overriding(method: &'static str) -> Route {
    let named = guard::fn_guard(move |request| {
        let header = request.head().headers().get("x-http-method-override");
        header.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(method.as_bytes()))
    });
    web::post().guard(named)
}
