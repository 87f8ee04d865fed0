//! Which methods an address answers: HEAD like GET, OPTIONS always, and 405 with `Allow` for the rest.
//! And in which spelling of its path: the plain one.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route,
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

/// An address of the private API, with a route for each of the methods that it allows.
pub(super) fn private(
    path: &str,
    allowed: &'static str,
    routes: impl IntoIterator<Item = Route>,
) -> Resource {
    routes.into_iter().fold(any_path(path, allowed, WITH_KEY).guard(plain_path), Resource::route)
}

/// The same, where names that artists gave are part of the path, in whichever spelling.
pub(super) fn private_any_path(
    path: &str,
    allowed: &'static str,
    routes: impl IntoIterator<Item = Route>,
) -> Resource {
    routes.into_iter().fold(any_path(path, allowed, WITH_KEY), Resource::route)
}

/// What answers the methods that an address does not know.
pub(super) fn wrong_method(allowed: &'static str) -> Route {
    web::to(move || async move { Err::<HttpResponse, Failure>(Error::WrongMethod(allowed).into()) })
}

fn others(path: &str, allowed: &'static str) -> Resource {
    any_path(path, allowed, "*").guard(plain_path)
}

fn any_path(path: &str, allowed: &'static str, headers: &'static str) -> Resource {
    let options = move || async move { preflight(allowed, headers) };
    web::resource(path)
        .route(web::method(actix_web::http::Method::OPTIONS).to(options))
        .default_service(wrong_method(allowed))
}

/// No name of Girasol's needs percent-encoding, and actix decodes before it matches: without this, each
/// immutable file would have as many URLs as spellings, and a cache would hold them all.
fn plain_path(request: &GuardContext<'_>) -> bool {
    !request.head().uri.path().contains('%')
}

/// Headers that a page may send where a key is shown: the asterisk stands for every header but this one.
pub(super) const WITH_KEY: &str = "*, Authorization";

/// The answer to OPTIONS and to CORS preflights (Fetch standard, section 3.3): any catalog, never
/// credentials.
fn preflight(allowed: &'static str, headers: &'static str) -> HttpResponse {
    answer(StatusCode::NO_CONTENT, Caching::Private, &Scope::default())
        .insert_header((ALLOW, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, headers))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
