//! Deleting the raw frames of committed sets that nothing needs any more.

use crate::{
    db::{Db, DbError},
    domain::frameset::FramesetId,
    staging::{Staging, StagingError},
};

/// Why raw frames could not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum RawFramesError {
    /// A file could not be deleted.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Deletes the raw frames of these sets. The sets and their jobs stay as a history.
pub async fn delete(db: &Db, staging: &Staging, sets: &[FramesetId]) -> Result<(), RawFramesError> {
    for set in sets {
        // The files first: while a set's frames are listed, a later run finds what is left of their files.
        staging.discard_set(set).await?;
        db.delete_frames(set).await?;
        tracing::info!(frameset.id = %set, "the raw frames of a set were deleted");
    }
    Ok(())
}
