//! What visitors, their viewers and the caches in front ask for: no key, no cookie.

use utoipa::OpenApi;

pub mod vitals;

pub(super) mod configure;
pub(super) mod health;
pub(super) mod objects;
pub(super) mod page;
pub(super) mod product;
pub(super) mod sequence;
pub(super) mod signed;
pub(super) mod status;
mod storefront;

/// The operations of this half of the API.
#[derive(OpenApi)]
#[openapi(paths(
    product::product,
    sequence::sequence,
    sequence::auto,
    sequence::manifest,
    page::openapi,
    health::health,
    health::live,
    health::ready,
))]
pub(super) struct Operations;
