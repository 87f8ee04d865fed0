//! Taking a configuration's spin down: its versions, its objects and its raw frames are deleted at once, and its jobs that
//! are not over are cancelled.

use crate::{
    db::{Db, DbError, configuration_sets::RawFrames, take_down::StoredSpin},
    domain::{audit::Actor, names::ConfigId},
    staging::{InboxError, Staging, StagingError},
    store::Store,
};

use super::{
    collect::{CollectError, Deleted, delete_at_once},
    raw_frames::{self, RawFramesError},
};

/// Why a take-down failed.
#[derive(Debug, thiserror::Error)]
pub enum TakeDownError {
    /// There is nothing to take down.
    #[error("{0} has no version and no raw frames")]
    NothingStored(ConfigId),
    /// Visitors do not see the spin any more, but its objects are still stored. The next collection deletes them.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Visitors do not see the spin any more, but its raw frames are still stored. The next expiry deletes them.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The same, of those in the bucket.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RawFramesError> for TakeDownError {
    fn from(error: RawFramesError) -> Self {
        match error {
            RawFramesError::Staging(error) => Self::Staging(error),
            RawFramesError::Inbox(error) => Self::Inbox(error),
            RawFramesError::Db(error) => Self::Db(error),
        }
    }
}

/// What a take-down deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extent {
    /// Versions and their objects.
    pub spin: StoredSpin,
    /// Raw frames, and jobs that are cancelled.
    pub raw: RawFrames,
}

impl Extent {
    fn is_empty(&self) -> bool {
        self.spin.versions.is_empty() && self.raw.sets == 0 && self.raw.under_way == 0
    }
}

/// What a take-down of a configuration would delete.
pub async fn extent(db: &Db, id: &ConfigId) -> Result<Extent, TakeDownError> {
    let extent = Extent { spin: db.stored_spin(id).await?, raw: db.raw_frames_of(id).await? };
    if extent.is_empty() { Err(TakeDownError::NothingStored(id.clone())) } else { Ok(extent) }
}

/// Takes a configuration's spin down, with every version and every job of it, and deletes what no other configuration's
/// version needs. Answers the purges that this wrote.
pub async fn take_down(
    db: &Db,
    store: &Store,
    staging: &Staging,
    id: &ConfigId,
    actor: &Actor,
) -> Result<Vec<i64>, TakeDownError> {
    let taken_down = db.take_down(id, actor).await?;
    let sets = db.framesets_of(id).await?;
    if taken_down.is_none() && sets.is_empty() {
        return Err(TakeDownError::NothingStored(id.clone()));
    }
    let deleted = delete_at_once(db, store, id).await;
    // Also where the objects could not be deleted.
    raw_frames::delete(db, staging, &sets).await?;
    let Deleted { objects, purges } = deleted?;
    tracing::info!(configuration = %id, objects, "a spin was taken down and its objects deleted");
    Ok(taken_down.into_iter().flatten().chain(purges).collect())
}
