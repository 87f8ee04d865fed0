//! The HTTP API: the storefront's, and that of artists and operators.
//!
//! A handler reads its URL into checked names, says what the answer is about (`scope`), and asks the
//! [`catalog`]. Headers come from `caching`, errors from `problem`.

pub mod catalog;
pub mod public;

mod operator;
mod private;
mod warm;

mod access_log;
mod auth;
mod body;
mod caching;
mod conditional;
mod deliveries;
mod document;
mod encoding;
mod methods;
mod private_scope;
mod problem;
mod query;
mod range;
mod redirect;
mod representation;
mod scope;
mod spreadsheet;
mod timestamp;
mod wire;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::names::ConfigId;

pub use self::{
    access_log::AccessLog,
    document::openapi_json,
    private::Writers,
    problem::{Kind as ProblemKind, problems},
};

use self::{
    methods::{read, write},
    problem::{Error, Failure},
    public::{configure, health, objects, page, product, sequence, signed, status, vitals},
};

/// Every address of the storefront. A configuration's addresses stand before the product's, whose
/// pattern they fit too; no base model has their names.
pub fn storefront(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/api/products/customizable/{configuration}/sequence", sequence::sequence))
        .service(read("/api/products/customizable/{configuration}/status", status::status))
        .service(write("/api/products/customizable/{configuration}/configure", configure::configure))
        .service(read("/api/products/customizable/{jewelry_type}/{base_model}", product::product))
        .service(write("/api/vitals", vitals::vitals))
        .service(read("/m/{configuration}/auto", sequence::auto))
        .service(read("/m/{file}", sequence::manifest))
        .service(read("/s/{set}/{file}", objects::frame))
        .service(read("/p/{file}", objects::pack))
        .service(read("/still/{file}", objects::still))
        .service(read("/signed/{token}/sequence", signed::sequence))
        .service(read("/signed/{token}/s/{set}/{file}", signed::frame))
        .service(read("/signed/{token}/p/{file}", signed::pack))
        .service(read("/signed/{token}/{file}", signed::other))
        .service(read("/girasol-spin.js", page::viewer))
        .service(read("/girasol-spin.classic.js", page::viewer_classic))
        .service(read("/girasol-sw.js", page::service_worker))
        .service(read("/api/openapi.json", page::openapi))
        .service(read("/docs", page::docs))
        .service(read("/docs.js", page::docs_script))
        .service(read("/docs.css", page::docs_style))
        .service(read("/api/health", health::health))
        .service(read("/api/health/live", health::live))
        .service(read("/api/health/ready", health::ready))
        .default_service(web::to(no_such_path));
}

/// Every address of the artists' and operators' API, and their pages. [`storefront`] is registered before it, since the
/// private scope takes every address under `/api` that is not public.
pub fn private(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/studio", page::studio))
        .service(read("/studio.js", page::studio_script))
        .service(read("/studio.css", page::studio_style))
        .service(read("/studio.LICENSES.txt", page::studio_licences))
        .service(read("/preview.css", page::preview_style))
        .configure(private::preview_pages);
    private_scope::register(routes, |routes| {
        routes.configure(private::routes).configure(operator::routes);
    });
}

/// The demo's page, which a storefront of its own does not want.
pub fn demo(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/", page::demo))
        .service(read("/demo.js", page::demo_script))
        .service(read("/demo.css", page::demo_style));
}

async fn no_such_path() -> Result<HttpResponse, Failure> {
    Err(Error::NoSuchPath.into())
}

/// A part of the path. It has one spelling: `methods` lets no percent-encoded path in.
fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

fn sequence_url(id: &ConfigId) -> String {
    format!("/api/products/customizable/{id}/sequence")
}

fn status_url(id: &ConfigId) -> String {
    format!("/api/products/customizable/{id}/status")
}
