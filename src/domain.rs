//! What Girasol speaks of, without HTTP, SQL or files.

pub mod manifest;
pub mod names;
pub mod product;
