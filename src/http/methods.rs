//! Which methods an address answers: HEAD like GET, OPTIONS always, and 405 with `Allow` for the rest.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW},
    },
    web,
};

use super::{
    caching::{Caching, answer},
    problem::{Error, Failure},
    scope::Scope,
};

const READ: &str = "GET, HEAD, OPTIONS";
const WRITE: &str = "POST, OPTIONS";

/// An address that is read.
pub(super) fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    others(web::resource(path), READ).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// An address that is posted to.
pub(super) fn write<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    others(web::resource(path), WRITE).route(web::post().to(handler))
}

fn others(resource: Resource, allowed: &'static str) -> Resource {
    resource
        .route(web::method(actix_web::http::Method::OPTIONS).to(move || async move { preflight(allowed) }))
        .default_service(web::to(move || async move {
            Err::<HttpResponse, Failure>(Error::WrongMethod(allowed).into())
        }))
}

/// The answer to OPTIONS and to CORS preflights (Fetch standard, section 3.3): any origin, any header,
/// never credentials.
fn preflight(allowed: &'static str) -> HttpResponse {
    answer(StatusCode::NO_CONTENT, Caching::Private, &Scope::default())
        .insert_header((ALLOW, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "*"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
