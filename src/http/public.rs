//! What visitors, their viewers and the caches in front ask for: no key, no cookie.

pub mod vitals;

pub(super) mod configure;
pub(super) mod objects;
pub(super) mod page;
pub(super) mod product;
pub(super) mod sequence;
pub(super) mod signed;
pub(super) mod status;
mod storefront;
