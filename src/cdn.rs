//! The caches in front of Girasol: set-ups for them, purges sent to them, and what they fetch before a launch.

pub mod edge;
pub mod purge;
pub(crate) mod warm;
