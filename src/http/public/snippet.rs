//! The lines that put a live spin on a page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, LINK},
    web::Data,
};

use crate::{
    domain::names::ConfigId,
    http::{
        caching::Caching,
        catalog::{AnswerKey, Catalog},
        forwarded::base,
        problem::{At as _, Error, Failure},
        query,
        representation::{accepted, serve_coded},
        scope::Scope,
        segment,
        snippet::{Snippet, alt_of},
        wire::{files, parameters as param, problems},
    },
};

/// The lines that put a spin on a page
///
/// HTML with absolute addresses of this server: the element with a picture and the live version's manifest inside, and what makes a
/// browser request the script and the first pack side by side. `Link` says the latter as a header that a shop may pass on.
#[utoipa::path(
    get,
    path = "/api/products/customizable/{configuration}/snippet",
    operation_id = "showSnippet",
    tag = "Storefront",
    params(param::Configuration, param::Conditions),
    responses(
        (status = 200, description = "The lines.", body = String, content_type = "text/html",
            headers(("ETag"), ("Cache-Control"), ("Vary"), ("Link"))),
        files::Conditional,
        problems::BadQuery,
        problems::Protected,
        problems::NoSpin,
        problems::TakenDown,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn snippet(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let configuration: ConfigId =
        segment(&request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::configuration(&configuration).encoded();
    query::none(&request).at(&scope)?;
    let found = catalog.of_live(&configuration, async |pointer| {
        Ok((pointer, catalog.shared_manifest(pointer.digest, pointer.revision).await?))
    });
    let (pointer, loaded) = found.await.at(&scope)?;
    let product = catalog.product_at(&configuration.product(), pointer.revision).await.at(&scope)?;
    let alt = alt_of(product.as_ref().as_ref(), &configuration);
    let base = base(&request);
    let snippet = Snippet {
        base: &base,
        manifest: &loaded.manifest,
        digest: pointer.digest,
        policy: &catalog.policy,
        delivery: &catalog.delivery,
        alt: &alt,
    };
    let key = AnswerKey::Snippet { digest: pointer.digest, revision: pointer.revision, base: base.clone() };
    let answer = catalog.answer(key, accepted(&request), async { Ok(snippet.html().into_bytes()) });
    let answer = answer.await.at(&scope)?;
    let html = "text/html; charset=utf-8";
    // The address is that which the client used: caches ask each time, so that no other client gets it.
    let mut response = serve_coded(&request, Caching::Pointer, &scope, html, &answer.coded).at(&scope)?;
    if let Ok(link) = HeaderValue::try_from(snippet.link()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}
