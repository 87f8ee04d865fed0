//! Files that are built into the binary: the viewer, the studio, the demo's page, and the description of it all.

use crate::domain::names::ProductId;
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CONTENT_SECURITY_POLICY, CROSS_ORIGIN_OPENER_POLICY, HeaderName, HeaderValue, PERMISSIONS_POLICY,
        REFERRER_POLICY,
    },
    web::{Bytes, Data},
};

use super::storefront;
use crate::http::{
    caching::Caching,
    catalog::{AnswerKey, Catalog},
    embedded::Embedded,
    forwarded::base,
    problem::{At as _, Error, Failure},
    redirect::with_objects,
    representation::{accepted, serve_coded},
    scope::Scope,
    wire::{files, parameters as param, problems},
};

macro_rules! embed {
    ($media_type:literal, $path:literal) => {
        Embedded::new($media_type, || Bytes::from_static(include_bytes!($path)))
    };
}

static VIEWER: Embedded = embed!("text/javascript", "../../../viewer/dist/girasol-spin.js");
static VIEWER_MORE: Embedded = embed!("text/javascript", "../../../viewer/dist/girasol-spin.more.js");
static VIEWER_WORDS: Embedded = embed!("text/javascript", "../../../viewer/dist/girasol-spin.words.js");
static VIEWER_CLASSIC: Embedded = embed!("text/javascript", "../../../viewer/dist/girasol-spin.classic.js");
static SERVICE_WORKER: Embedded = embed!("text/javascript", "../../../viewer/dist/girasol-sw.js");
static DEMO_SCRIPT: Embedded = embed!("text/javascript", "../../../viewer/dist/demo.js");
static DEMO_FIRST: Embedded = embed!("text/javascript", "../../../viewer/dist/demo-first.js");
static DEMO_STYLE: Embedded = embed!("text/css; charset=utf-8", "../../../viewer/demo/demo.css");
static STUDIO_SCRIPT: Embedded = embed!("text/javascript", "../../../viewer/dist/studio.js");
static STUDIO_STYLE: Embedded = embed!("text/css; charset=utf-8", "../../../viewer/dist/studio.css");
static STUDIO_LICENCES: Embedded =
    embed!("text/plain; charset=utf-8", "../../../viewer/dist/studio.LICENSES.txt");
static STUDIO_PAGE: Embedded = embed!("text/html; charset=utf-8", "../../../viewer/studio/index.html");
static OPS_SCRIPT: Embedded = embed!("text/javascript", "../../../viewer/dist/ops.js");
static OPS_STYLE: Embedded = embed!("text/css; charset=utf-8", "../../../viewer/dist/ops.css");
static OPS_PAGE: Embedded = embed!("text/html; charset=utf-8", "../../../viewer/ops/index.html");
static PREVIEW_STYLE: Embedded = embed!("text/css; charset=utf-8", "../../../viewer/studio/preview.css");
static DOCS_SCRIPT: Embedded = embed!("text/javascript", "../../../viewer/dist/docs.js");
static DOCS_STYLE: Embedded = embed!("text/css; charset=utf-8", "../../../viewer/docs/docs.css");
static DOCS_PAGE: Embedded = embed!("text/html; charset=utf-8", "../../../viewer/docs/index.html");
const DEMO_PAGE: &str = include_str!("../../../viewer/demo/index.html");
/// What the demo's page shows.
const DEMO_PRODUCT: &str = "ring.solitaire";

/// Everything from here; pictures also from memory, which is where frames are cut from packs, and those of swatches, which
/// product files may name anywhere.
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data: blob: https:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// The studio asks for nothing but what is here, and for pictures of swatches, which product files may name anywhere. It runs
/// nothing that is not a file of its own.
const STUDIO_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data: https:; \
     connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The operators' page asks for nothing but what is here, and runs nothing that is not a file of its own.
const OPS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The description's page loads the description, and draws with nothing but its own files.
pub(super) const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The hints that the policy reads, which browsers send to the page's own origin once it asks, and to
/// others where it delegates them.
const ASKED_HINTS: &str =
    "Save-Data, ECT, RTT, Downlink, Device-Memory, Sec-CH-Device-Memory, Sec-CH-UA-Mobile";
const DELEGATED_HINTS: &str =
    "ch-save-data=*, ch-ect=*, ch-rtt=*, ch-downlink=*, ch-device-memory=*, ch-ua-mobile=*";
const ACCEPT_CH: HeaderName = HeaderName::from_static("accept-ch");

/// The viewer
#[utoipa::path(
    get,
    path = "/girasol-spin.js",
    operation_id = "showViewer",
    tag = "Files",
    params(param::Conditions),
    responses(
        (status = 200, description = "A module that defines `<girasol-spin>`.",
            content(("text/javascript")), headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(crate) async fn viewer(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &VIEWER).await
}

/// The viewer's second file
#[utoipa::path(
    get,
    path = "/girasol-spin.more.js",
    operation_id = "showViewerMore",
    tag = "Files",
    params(param::Conditions),
    responses(
        (status = 200, description = "A module that the viewer loads from beside itself, once a spin can be turned.",
            content(("text/javascript")), headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(crate) async fn viewer_more(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &VIEWER_MORE).await
}

/// The viewer's words
#[utoipa::path(
    get,
    path = "/girasol-spin.words.js",
    operation_id = "showViewerWords",
    tag = "Files",
    params(param::Conditions),
    responses(
        (status = 200, description = "A module that the viewer loads from beside its second file, on pages that are not in English.",
            content(("text/javascript")), headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(crate) async fn viewer_words(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &VIEWER_WORDS).await
}

/// The viewer as a plain script
#[utoipa::path(
    get,
    path = "/girasol-spin.classic.js",
    operation_id = "showClassicViewer",
    tag = "Files",
    params(param::Conditions),
    responses(
        (status = 200, description = "A script that defines `<girasol-spin>`, for pages without modules.",
            content(("text/javascript")), headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(crate) async fn viewer_classic(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &VIEWER_CLASSIC).await
}

/// The service worker
#[utoipa::path(
    get,
    path = "/girasol-sw.js",
    operation_id = "showServiceWorker",
    tag = "Files",
    params(param::Conditions),
    responses(
        (status = 200, description = "A script that a shop's service worker loads with `importScripts`.",
            content(("text/javascript")), headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(crate) async fn service_worker(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &SERVICE_WORKER).await
}

/// `GET /docs`: the OpenAPI document for people.
pub(crate) async fn docs(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut page = send(&request, &DOCS_PAGE).await?;
    for (name, value) in [(CONTENT_SECURITY_POLICY, DOCS_POLICY), (REFERRER_POLICY, "no-referrer")] {
        page.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(page)
}

/// `GET /docs.js`
pub(crate) async fn docs_script(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DOCS_SCRIPT).await
}

/// `GET /docs.css`
pub(crate) async fn docs_style(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DOCS_STYLE).await
}

/// `GET /demo.js`
pub(crate) async fn demo_script(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DEMO_SCRIPT).await
}

/// `GET /demo-first.js`: what has to run before the page is painted.
pub(crate) async fn demo_first(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DEMO_FIRST).await
}

/// `GET /demo.css`
pub(crate) async fn demo_style(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DEMO_STYLE).await
}

/// `GET /studio`
pub(crate) async fn studio(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let mut page = send(&request, &STUDIO_PAGE).await?;
    page.headers_mut().insert(CONTENT_SECURITY_POLICY, with_objects(&catalog, STUDIO_POLICY).await?);
    for (name, value) in [(REFERRER_POLICY, "no-referrer"), (CROSS_ORIGIN_OPENER_POLICY, "same-origin")] {
        page.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(page)
}

/// `GET /studio.js`
pub(crate) async fn studio_script(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &STUDIO_SCRIPT).await
}

/// `GET /studio.css`
pub(crate) async fn studio_style(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &STUDIO_STYLE).await
}

/// `GET /ops`
pub(crate) async fn ops(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut page = send(&request, &OPS_PAGE).await?;
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, OPS_POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    ] {
        page.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(page)
}

/// `GET /ops.js`
pub(crate) async fn ops_script(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &OPS_SCRIPT).await
}

/// `GET /ops.css`
pub(crate) async fn ops_style(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &OPS_STYLE).await
}

/// `GET /studio.LICENSES.txt` and `/ops.LICENSES.txt`: of what both are bundled with.
pub(crate) async fn studio_licences(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &STUDIO_LICENCES).await
}

/// `GET /preview.css`
pub(crate) async fn preview_style(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &PREVIEW_STYLE).await
}

/// `GET /`
pub(crate) async fn demo(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let scope = Scope::default().encoded();
    let id: ProductId = DEMO_PRODUCT.parse().map_err(|_bad| Error::NoSuchProduct)?;
    let product = catalog.product(&id).await.at(&scope)?;
    let base = base(&request);
    let revision = product.as_ref().as_ref().map(|product| product.revision);
    let filled = async { Ok(storefront::fill(DEMO_PAGE, product.as_ref().as_ref(), &base).into_bytes()) };
    let key = AnswerKey::Demo { revision, base: base.clone() };
    let answer = catalog.answer(key, accepted(&request), filled).await.at(&scope)?;
    let html = "text/html; charset=utf-8";
    let mut page = serve_coded(&request, Caching::Pointer, &scope, html, &answer.coded).at(&scope)?;
    page.headers_mut().insert(CONTENT_SECURITY_POLICY, with_objects(&catalog, CONTENT_POLICY).await?);
    for (name, value) in
        [(REFERRER_POLICY, "no-referrer"), (ACCEPT_CH, ASKED_HINTS), (PERMISSIONS_POLICY, DELEGATED_HINTS)]
    {
        page.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(page)
}

pub(in crate::http) async fn send(
    request: &HttpRequest,
    file: &'static Embedded,
) -> Result<HttpResponse, Failure> {
    let scope = Scope::default().encoded();
    let coded = file.coded(accepted(request)).await.at(&scope)?;
    serve_coded(request, Caching::Pointer, &scope, file.media_type, coded).at(&scope)
}
