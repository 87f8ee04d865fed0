//! What visitors, their viewers and the caches in front ask for: no key, no cookie.

use actix_web::web;
use utoipa::OpenApi;

use super::methods::{read, with_slash, write};

pub mod vitals;

mod configure;
mod health;
mod loupe;
pub(super) mod objects;
pub(super) mod page;
pub(super) mod product;
pub(super) mod sequence;
mod signed;
mod snippet;
mod status;
mod storefront;
mod welcome;

pub(super) use self::{
    objects::{FRAME, PACK},
    sequence::SEQUENCE,
};

/// The operations of this half of the API.
#[derive(OpenApi)]
#[openapi(paths(
    product::product,
    configure::configure,
    status::status,
    sequence::sequence,
    sequence::auto,
    snippet::snippet,
    loupe::request,
    vitals::vitals,
    sequence::manifest,
    objects::frame,
    objects::pack,
    objects::still,
    page::viewer,
    page::viewer_more,
    page::viewer_words,
    page::viewer_classic,
    page::service_worker,
    signed::sequence,
    signed::frame,
    signed::pack,
    signed::still,
    signed::loupe,
    signed::other,
    health::health,
    health::live,
    health::ready,
))]
pub(super) struct Operations;

/// Every address that takes no key. A configuration's addresses stand before the product's, whose pattern they fit too;
/// no base model has their names.
pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .service(read(sequence::SEQUENCE, sequence::sequence))
        .service(read("/api/products/customizable/{configuration}/status", status::status))
        .service(read("/api/products/customizable/{configuration}/snippet", snippet::snippet))
        .service(write("/api/products/customizable/{configuration}/configure", configure::configure))
        .service(write("/api/products/customizable/{configuration}/loupe", loupe::request))
        .service(read("/api/products/customizable/{jewelry_type}/{base_model}", product::product))
        .service(write("/api/vitals", vitals::vitals))
        .service(read("/m/{configuration}/auto", sequence::auto))
        .service(read("/m/{file}", sequence::manifest))
        .service(read(objects::FRAME, objects::frame))
        .service(read(objects::PACK, objects::pack))
        .service(read("/still/{file}", objects::still))
        .service(read("/signed/{token}/sequence", signed::sequence))
        .service(write("/signed/{token}/loupe", signed::loupe))
        .service(read("/signed/{token}/s/{set}/{file}", signed::frame))
        .service(read("/signed/{token}/p/{file}", signed::pack))
        .service(read("/signed/{token}/{file}", signed::other))
        .service(read("/girasol-spin.js", page::viewer))
        .service(read("/girasol-spin.more.js", page::viewer_more))
        .service(read("/girasol-spin.words.js", page::viewer_words))
        .service(read("/girasol-spin.classic.js", page::viewer_classic))
        .service(read("/girasol-sw.js", page::service_worker))
        .service(read("/docs", page::docs))
        .service(with_slash("/docs"))
        .service(read("/docs.js", page::docs_script))
        .service(read("/docs.css", page::docs_style))
        .configure(health)
        .service(read("/", welcome::welcome));
}

/// The address that says whether the process lives.
pub(super) fn liveness(routes: &mut web::ServiceConfig) {
    routes.service(read("/api/health/live", health::live));
}

/// The addresses that say whether the server is well.
pub(super) fn health(routes: &mut web::ServiceConfig) {
    routes
        .configure(liveness)
        .service(read("/api/health", health::health))
        .service(read("/api/health/ready", health::ready));
}

/// The demo's page, which a storefront of its own does not want.
pub(super) fn demo(routes: &mut web::ServiceConfig) {
    routes
        .service(read("/", page::demo))
        .service(read("/demo.js", page::demo_script))
        .service(read("/demo-first.js", page::demo_first))
        .service(read("/demo.css", page::demo_style));
}
