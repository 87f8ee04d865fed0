//! Taking a configuration's spin down: its versions, its objects and its raw frames are deleted at once.

use crate::{
    db::{Db, DbError},
    domain::{audit::Actor, names::ConfigId},
    staging::{Staging, StagingError},
    store::Store,
};

use super::{
    collect::{CollectError, delete_at_once},
    raw_frames::{self, RawFramesError},
};

/// Why a take-down failed.
#[derive(Debug, thiserror::Error)]
pub enum TakeDownError {
    /// There is nothing to take down.
    #[error("nothing of {0} is live")]
    NothingLive(ConfigId),
    /// Visitors do not see the spin any more, but its objects are still stored. The next collection deletes them.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// Visitors do not see the spin any more, but its raw frames are still stored.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RawFramesError> for TakeDownError {
    fn from(error: RawFramesError) -> Self {
        match error {
            RawFramesError::Staging(error) => Self::Staging(error),
            RawFramesError::Db(error) => Self::Db(error),
        }
    }
}

/// Takes a configuration's spin down, with every version of it, and deletes what no other configuration's version
/// needs. Answers the purges that this wrote.
pub async fn take_down(
    db: &Db,
    store: &Store,
    staging: &Staging,
    id: &ConfigId,
    actor: &Actor,
) -> Result<Vec<i64>, TakeDownError> {
    let taken_down = db.take_down(id, actor).await?;
    let mut purges = taken_down.ok_or_else(|| TakeDownError::NothingLive(id.clone()))?;
    let deleted = delete_at_once(db, store, id).await;
    // Also where the objects could not be deleted.
    raw_frames::delete(db, staging, &db.framesets_of(id).await?).await?;
    let deleted = deleted?;
    tracing::info!(configuration = %id, objects = deleted.objects, "a spin was taken down and its objects deleted");
    purges.extend(deleted.purges);
    Ok(purges)
}
