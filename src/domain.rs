//! What Girasol speaks of, without HTTP, SQL or files.

pub mod audit;
pub mod backoff;
pub mod disk;
pub mod figures;
pub mod frameset;
pub mod hints;
pub mod hotspot;
pub mod identity;
pub mod import;
pub mod input;
pub mod job;
pub mod keys;
pub mod manifest;
pub mod names;
pub mod namespace;
pub mod negotiate;
pub mod object_key;
pub mod policy;
pub mod product;
pub mod proxies;
pub mod purge;
pub mod retention;
pub mod signed;
pub mod spelling;
pub mod vitals;
