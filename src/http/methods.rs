//! Which methods an address answers: HEAD like GET, OPTIONS always, and 405 with `Allow` for the rest.
//! And in which spelling of its path: the plain one.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder,
    guard::GuardContext,
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
    others(path, READ).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// An address that is posted to.
pub(super) fn write<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    others(path, WRITE).route(web::post().to(handler))
}

fn others(path: &str, allowed: &'static str) -> Resource {
    web::resource(path)
        .guard(plain_path)
        .route(web::method(actix_web::http::Method::OPTIONS).to(move || async move { preflight(allowed) }))
        .default_service(web::to(move || async move {
            Err::<HttpResponse, Failure>(Error::WrongMethod(allowed).into())
        }))
}

/// No name of Girasol's needs percent-encoding, and actix decodes before it matches: without this, each
/// immutable file would have as many URLs as spellings, and a cache would hold them all.
fn plain_path(request: &GuardContext<'_>) -> bool {
    !request.head().uri.path().contains('%')
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
