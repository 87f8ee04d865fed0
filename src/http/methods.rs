//! Which methods an address answers: HEAD like GET, OPTIONS always, and 405 with `Allow` for the rest.
//! And in which spelling of its path: the plain one.

use std::borrow::Cow;

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route,
    dev::{AppService, HttpServiceFactory},
    guard::GuardContext,
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW,
            LOCATION,
        },
    },
    web,
};

use crate::domain::spelling::is_plain_path;

use super::{
    caching::{Caching, answer},
    measure::Route as Measured,
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

/// The address of a page with a slash behind it, as people type it: it leads to the page.
pub(super) fn with_slash(page: &str) -> Resource {
    let is_plain =
        |request: &GuardContext<'_>| request.head().uri.path().strip_suffix('/').is_some_and(is_plain_path);
    answering_others(measured(&format!("{page}/")).guard(is_plain), READ.into(), "*")
        .route(web::get().to(without_slash))
        .route(web::head().to(without_slash))
}

async fn without_slash(request: HttpRequest) -> HttpResponse {
    let page = request.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    // Relative, so that it holds behind a proxy that shows the server below a path of its own.
    answer(StatusCode::PERMANENT_REDIRECT, Caching::Private, &Scope::default())
        .insert_header((LOCATION, format!("../{page}{query}")))
        .finish()
}

/// An address of the private API; its methods are added one by one, and `Allow` follows from them.
pub(super) fn address(path: &str) -> Address {
    Address { resource: measured(path).guard(plain_path), allowed: String::new() }
}

/// The same where the path holds names that artists gave, which may be percent-encoded.
pub(super) fn address_of_any_name(path: &str) -> Address {
    Address { resource: measured(path), allowed: String::new() }
}

/// An address and the methods that it answers.
pub(super) struct Address {
    resource: Resource,
    /// `GET, HEAD, `
    allowed: String,
}

impl Address {
    /// GET, and HEAD like it.
    pub(super) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::GET, handler.clone()).method(Method::HEAD, handler)
    }

    /// GET of a stream, which has no HEAD.
    pub(super) fn stream<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::GET, handler)
    }

    pub(super) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::POST, handler)
    }

    pub(super) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::PUT, handler)
    }

    pub(super) fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::PATCH, handler)
    }

    pub(super) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method(Method::DELETE, handler)
    }

    fn method<F, Args>(self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let allowed = format!("{}{method}, ", self.allowed);
        Self { resource: self.resource.route(web::method(method).to(handler)), allowed }
    }
}

impl HttpServiceFactory for Address {
    fn register(self, config: &mut AppService) {
        let allowed: Cow<'static, str> = (self.allowed + "OPTIONS").into();
        answering_others(self.resource, allowed, WITH_KEY).register(config);
    }
}

/// What answers the methods that an address does not know.
pub(super) fn wrong_method(allowed: impl Into<Cow<'static, str>>) -> Route {
    let allowed = allowed.into();
    web::to(move || {
        let refused = Error::WrongMethod(allowed.clone());
        async { Err::<HttpResponse, Failure>(refused.into()) }
    })
}

fn others(path: &str, allowed: &'static str) -> Resource {
    answering_others(measured(path).guard(plain_path), allowed.into(), "*")
}

/// An address whose answers are counted under its pattern.
pub(super) fn measured(path: &str) -> Resource {
    web::resource(path).app_data(Measured::of(path))
}

/// Adds the answers to OPTIONS and to wrong methods.
fn answering_others(resource: Resource, allowed: Cow<'static, str>, headers: &'static str) -> Resource {
    let options = {
        let allowed = allowed.clone();
        move || {
            let answer = preflight(&allowed, headers);
            async { answer }
        }
    };
    resource.route(web::method(Method::OPTIONS).to(options)).default_service(wrong_method(allowed))
}

/// actix decodes before it matches: without this, each immutable file would have as many URLs as spellings, and a cache
/// would hold them all.
fn plain_path(request: &GuardContext<'_>) -> bool {
    is_plain_path(request.head().uri.path())
}

/// Headers that a page may send where a key is shown: the asterisk stands for every header but this one.
pub(super) const WITH_KEY: &str = "*, Authorization";

/// The answer to OPTIONS and to CORS preflights (Fetch standard, section 3.3): any origin, never
/// credentials.
fn preflight(allowed: &str, headers: &'static str) -> HttpResponse {
    answer(StatusCode::NO_CONTENT, Caching::Private, &Scope::default())
        .insert_header((ALLOW, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, allowed))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, headers))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
