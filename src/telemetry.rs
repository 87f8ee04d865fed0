//! What the running program says about itself.

pub mod logs;
pub mod metrics;
