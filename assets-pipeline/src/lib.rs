//! Raw turntable frames in, spin renditions out.
//!
//! Everything here is synchronous and knows neither servers nor databases.

pub mod colour;
pub mod decode;
pub mod denoise;
pub mod digest;
pub mod doctor;
pub mod encode;
pub mod encode_cache;
mod error;
pub mod family;
pub mod flatten;
pub mod gate;
pub mod ground;
pub mod ingest;
pub mod integrity;
pub mod limits;
pub mod load_order;
pub mod measure;
pub mod naming;
pub mod pack;
pub mod picture;
pub mod placeholder;
pub mod plan;
pub mod prepare;
pub mod progress;
pub mod refusal;
pub mod renditions;
pub mod resize;
pub mod score;
pub mod settings;
pub mod solve;
pub mod source;
pub mod still;
pub mod suit;
pub mod survey;
pub mod tiers;
pub mod underfill;

pub use error::IngestError;

#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
mod samples;
