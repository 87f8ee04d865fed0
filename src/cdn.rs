//! The caches in front of Girasol: set-ups for them, and purges sent to them.

pub mod edge;
pub mod purge;
