//! Raw turntable frames in, spin renditions out.
//!
//! Everything here is synchronous and knows neither servers nor databases.

pub mod ingest;

pub mod loupe;

pub mod plan;

pub mod read;

pub mod prepare;

pub mod encode;

pub mod pack;

pub mod doctor;
pub mod measure;

pub mod digest;
pub mod gate;
pub mod memory;
pub mod picture;
pub mod progress;
pub mod settings;

mod error;

pub use error::IngestError;

#[cfg(test)]
#[path = "../tests/samples/mod.rs"]
mod samples;
