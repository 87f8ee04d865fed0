//! Raw turntable frames in, spin renditions out.
//!
//! Everything here is synchronous and knows neither servers nor databases.

pub mod digest;
pub mod load_order;
pub mod pack;
pub mod plan;
pub mod tiers;
