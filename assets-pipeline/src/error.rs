//! What can stop an ingest.

use crate::{
    encode::CodecError,
    plan::tiers::{Family, Format},
    read::refusal::Refusal,
};

/// Why no renditions came of a set of frames.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The artist's frames cannot be used.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Every frame is nothing but ground.
    #[error("no frame shows anything but its ground")]
    NothingToSee,
    /// Transparency was asked for, and the frames have none.
    #[error("the frames are opaque, so their ground cannot be transparent")]
    Opaque,
    /// The frames do not fit into the ceiling at any size.
    #[error("{family} does not fit into its bytes in {format} at any size")]
    OverBudget {
        /// Which frames.
        family: Family,
        /// Which format.
        format: Format,
    },
    /// An encoder or decoder failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The caller cancelled it through its [`Progress`](crate::progress::Progress).
    #[error("the ingest was stopped")]
    Stopped,
    /// The JPEG encoder failed.
    #[error("the JPEG still could not be encoded")]
    Jpeg(#[source] image::ImageError),
    /// What was published decodes to another size than was encoded.
    #[error("{format} frames decode to another size than was encoded")]
    WrongSize {
        /// Which format.
        format: Format,
    },
    /// A position was asked for that no tier shows: a fault in Girasol.
    #[error("position {position} was not prepared")]
    NotPrepared {
        /// Which one.
        position: usize,
    },
}
