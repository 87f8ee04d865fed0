//! The HTTP API: the storefront's, and that of artists and operators.
//!
//! A handler reads its URL into checked names, says what the answer is about (`scope`), and asks the
//! [`catalog`]. Headers come from `caching`, errors from `problem`.

pub mod catalog;
pub mod outgoing;
pub mod public;

mod operator;
mod private;
mod warm;

mod access_log;
mod admission;
mod auth;
mod body;
mod caching;
mod conditional;
mod deliveries;
mod direct;
mod document;
mod draining;
mod embedded;
mod encoding;
mod export;
mod forwarded;
mod gate;
mod limiting;
mod live;
mod measure;
mod methods;
mod metrics;
mod negotiated;
mod plain;
mod private_scope;
mod problem;
mod query;
mod range;
mod redirect;
mod representation;
mod scope;
pub(crate) mod snippet;
mod spelling;
mod spreadsheet;
mod trace;
mod wire;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::domain::names::ConfigId;

pub use self::{
    access_log::AccessLog,
    admission::{PrivateAdmission, PrivateBounds},
    direct::Direct,
    document::openapi_json,
    draining::{Draining, close_while_draining},
    limiting::limit,
    metrics::Scraped,
    operator::Housekeeping,
    operator::launches::launch_reports_json,
    operator::performance::{Reports, performance_json},
    plain::store_plain_alone,
    private::Writers,
    problem::{Kind as ProblemKind, problems},
    spelling::accept as accept_both_spellings,
    trace::note_work,
};

use self::{
    methods::{read, with_slash},
    problem::{Error, Failure},
    public::{page, sequence},
};

/// Every address that takes no key.
pub fn storefront(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/api/openapi.json", document::show))
        .configure(public::routes)
        .app_data(measure::Route::of_nothing())
        .default_service(web::to(no_such_path));
}

/// Every address of the artists' and operators' API, and their pages. [`storefront`] is registered before it, since the
/// private scope takes every address under `/api` that is not public.
pub fn private(routes: &mut web::ServiceConfig) {
    pages(routes);
    routes.configure(operator_pages).configure(operator::metrics);
    private_scope::register(routes, |routes| {
        routes.configure(private::routes).configure(operator::routes);
    });
}

/// The same without the operators' addresses, which answer at a listener of their own.
pub fn artists(routes: &mut web::ServiceConfig) {
    pages(routes);
    private_scope::register(routes, |routes| {
        routes.configure(private::routes);
    });
}

/// Every address of the operators' own listener: their page and their API, sessions for it, figures, and health.
pub fn operator(routes: &mut web::ServiceConfig) {
    routes
        .configure(public::health)
        .configure(operator_pages)
        .configure(operator::metrics)
        .app_data(measure::Route::of_nothing())
        .default_service(web::to(no_such_path));
    private_scope::register(routes, |routes| {
        routes.configure(private::sessions).configure(operator::routes);
    });
}

/// The addresses of a process that only works, at its operators' listener: its figures, and whether it lives.
pub fn worker(routes: &mut web::ServiceConfig) {
    routes
        .configure(public::liveness)
        .configure(operator::metrics)
        .app_data(measure::Route::of_nothing())
        .default_service(web::to(no_such_path));
}

/// The pages of artists.
fn pages(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/studio", page::studio))
        .service(with_slash("/studio"))
        .service(read("/studio.js", page::studio_script))
        .service(read("/studio.css", page::studio_style))
        .service(read("/studio.LICENSES.txt", page::studio_licences))
        .service(read("/preview.css", page::preview_style))
        .configure(private::preview_pages);
}

/// The page of operators.
fn operator_pages(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/ops", page::ops))
        .service(with_slash("/ops"))
        .service(read("/ops.js", page::ops_script))
        .service(read("/ops.css", page::ops_style))
        .service(read("/ops.LICENSES.txt", page::studio_licences));
}

/// The demo's page. It is registered before [`storefront`], which has a page at the same address.
pub fn demo(routes: &mut web::ServiceConfig) {
    routes.configure(public::demo);
}

async fn no_such_path() -> Result<HttpResponse, Failure> {
    Err(Error::NoSuchPath.into())
}

/// A part of the path. It has one spelling: `methods` lets in plain paths alone.
fn segment<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.match_info().get(name).unwrap_or_default()
}

fn sequence_url(id: &ConfigId) -> String {
    format!("/api/products/customizable/{id}/sequence")
}

fn snippet_url(id: &ConfigId) -> String {
    format!("/api/products/customizable/{id}/snippet")
}

fn status_url(id: &ConfigId) -> String {
    format!("/api/products/customizable/{id}/status")
}
