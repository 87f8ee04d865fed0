//! The private scope: every address under `/api` that is not public. No answer in it can be cached, whichever code gives
//! it: handlers, extractors, wrong methods and unknown addresses alike.

use actix_web::{
    Error, HttpResponse, HttpResponseBuilder, Scope,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    guard::{self, Guard},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use serde::Serialize;

use super::{
    caching::{Caching, answer},
    no_such_path,
    scope::Scope as About,
};

/// Headers that would let a cache store an answer, or purge it by a tag.
const OF_CACHES: [HeaderName; 5] = [
    HeaderName::from_static("cdn-cache-control"),
    HeaderName::from_static("surrogate-control"),
    HeaderName::from_static("surrogate-key"),
    HeaderName::from_static("cache-tag"),
    HeaderName::from_static("xkey"),
];

/// Registers addresses in the private scope. Addresses are written in full, as everywhere; the scope has no prefix and
/// takes what begins with `/api`, so public addresses have to be registered before it.
pub(super) fn register(routes: &mut web::ServiceConfig, addresses: impl FnOnce(&mut web::ServiceConfig)) {
    let scope = Scope::new("").guard(under_api()).configure(addresses);
    routes.service(scope.default_service(web::to(no_such_path)).wrap(from_fn(never_cached)));
}

fn under_api() -> impl Guard {
    guard::fn_guard(|request| {
        let rest = request.head().uri.path().strip_prefix("/api");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Forbids every cache to store what passes here.
pub(super) async fn never_cached<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    forbid_storing(response.headers_mut());
    Ok(response)
}

/// Leaves nothing in these headers that lets a cache store the answer, or purge it by a tag.
pub(super) fn forbid_storing(headers: &mut HeaderMap) {
    for name in OF_CACHES {
        headers.remove(name);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

/// Begins an answer for this client alone.
pub(super) fn secret(status: StatusCode) -> HttpResponseBuilder {
    answer(status, Caching::Private, &About::default())
}

/// An answer in JSON for this client alone.
pub(super) fn secret_json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    secret(status).json(body)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[actix_web::test]
    async fn no_handler_of_the_private_scope_can_have_its_answer_cached() {
        let open = || async { answer(StatusCode::OK, Caching::Manifest, &About::default()).finish() };
        let routes = move |routes: &mut web::ServiceConfig| {
            register(routes, |routes| {
                routes.route("/api/open", web::get().to(open));
            });
        };
        let app = test::init_service(App::new().configure(routes)).await;
        for path in ["/api", "/api/open", "/api/open/nothing", "/api/nothing?x"] {
            let response = test::call_service(&app, test::TestRequest::with_uri(path).to_request()).await;
            let lines: Vec<_> = response.headers().get_all(CACHE_CONTROL).collect();
            assert_eq!(lines, ["private, no-store"], "{path}");
            for name in OF_CACHES {
                assert!(!response.headers().contains_key(&name), "{path} {name}");
            }
        }
        let outside = test::call_service(&app, test::TestRequest::with_uri("/apis").to_request()).await;
        assert!(!outside.headers().contains_key(CACHE_CONTROL));
    }
}
