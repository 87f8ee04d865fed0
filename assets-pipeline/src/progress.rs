//! How the pipeline reports its progress, and how a caller cancels it.

use std::time::Duration;

use crate::plan::tiers::Format;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading and checking every frame.
    Check,
    /// Decoding every frame, to check that it can be.
    Decode,
    /// Decoding, cutting out and resizing.
    Prepare,
    /// Encoding what goes live first.
    EncodePreview,
    /// Encoding everything else.
    EncodeRest,
    /// Writing objects.
    Store,
    /// Measuring what was published, for a report.
    Measure,
}

impl Stage {
    /// The stage in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Decode => "decode",
            Self::Prepare => "prepare",
            Self::EncodePreview => "encode preview",
            Self::EncodeRest => "encode standard and hd",
            Self::Store => "store",
            Self::Measure => "measure",
        }
    }
}

/// Hears of progress, from many threads at once.
pub trait Progress: Sync {
    /// A stage begins that takes about `total` steps.
    fn begin(&self, stage: Stage, total: usize);
    /// One step is done.
    fn step(&self);
    /// An encode was made just now: one frame, of so many bytes, which took so long.
    fn encoded(&self, _format: Format, _bytes: usize, _took: Duration) {}
    /// Whether the caller cancels: the ingest ends before its next step.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Discards all reports.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: Stage, _total: usize) {}
    fn step(&self) {}
}
