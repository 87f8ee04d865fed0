//! Deleting raw frames: of committed sets that nothing needs any more, of a set that an artist deletes, and files that a
//! process left behind which died.
//!
//! The rows are deleted first, so that frames that are named are on disk. Files whose rows are deleted are found by
//! [`delete_unneeded`], whatever died in between.

use crate::{
    db::{Db, DbError},
    domain::{audit::Actor, frameset::FramesetId},
    staging::{InboxError, Staging, StagingError},
};

/// Why raw frames could not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum RawFramesError {
    /// A file could not be deleted.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The bucket failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Deletes the raw frames of these sets, also those that wait in the bucket; but not of a set whose job is not over. The
/// sets and their jobs stay as a history.
pub async fn delete(db: &Db, staging: &Staging, sets: &[FramesetId]) -> Result<(), RawFramesError> {
    for set in sets {
        if db.delete_frames(set).await? {
            delete_files(staging, set).await?;
            tracing::info!(frameset.id = %set, "the raw frames of a set were deleted");
        }
    }
    Ok(())
}

/// Deletes a frame set with its frames and its job, which is cancelled where it is not over. A version that was made from
/// the frames stays. Answers whether there was such a set.
pub async fn discard(
    db: &Db,
    staging: &Staging,
    set: &FramesetId,
    actor: &Actor,
) -> Result<bool, RawFramesError> {
    if !db.discard_frameset(set, actor).await? {
        return Ok(false);
    }
    delete_files(staging, set).await?;
    Ok(true)
}

/// Deletes the files of sets that are deleted, or whose frames are: a process may have died before it did so.
pub async fn delete_unneeded(db: &Db, staging: &Staging) -> Result<(), RawFramesError> {
    for set in staging.sets().await? {
        if !db.needs_files(&set).await? {
            staging.discard_set(&set).await?;
            tracing::info!(frameset.id = %set, "files that no frame set needs were deleted");
        }
    }
    Ok(())
}

/// Deletes what requests that were under way have brought of a set that was deleted meanwhile. Answers whether it was.
pub async fn delete_latecomers(db: &Db, staging: &Staging, set: &FramesetId) -> Result<bool, RawFramesError> {
    if db.frameset(set).await?.is_some() {
        return Ok(false);
    }
    staging.discard_set(set).await?;
    Ok(true)
}

async fn delete_files(staging: &Staging, set: &FramesetId) -> Result<(), RawFramesError> {
    staging.discard_set(set).await?;
    if let Some(inbox) = staging.inbox() {
        inbox.clear(set).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::framesets::StoredFrame,
        domain::{frameset::NewFrameset, keys::Role},
    };

    #[tokio::test]
    async fn files_are_deleted_also_where_a_process_has_died_after_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        let actor = Actor::command_line();
        let key = db.create_key(Role::Artist, "", &actor).await.unwrap();
        let wanted = NewFrameset::of_plain_ring();
        let mut sets = Vec::new();
        for _ in 0..2 {
            let set = db.open_frameset(&wanted, key.id(), 9, &actor).await.unwrap();
            let mut file = staging.begin(&set).await.unwrap();
            file.append(b"frame").await.unwrap();
            let whole = file.whole().await.unwrap();
            file.keep(&staging, &set, &whole).await.unwrap();
            let frame = StoredFrame { name: "1.png".parse().unwrap(), bytes: 5, digest: whole.digest };
            let turn = staging.lay_out(&set, &[frame]).await.unwrap();
            sets.push((set, turn));
        }
        let [(kept, kept_turn), (dead, dead_turn)] = &sets[..] else { unreachable!() };
        assert!(db.discard_frameset(dead, &actor).await.unwrap());
        delete_unneeded(&db, &staging).await.unwrap();
        assert_eq!(staging.sets().await.unwrap(), std::slice::from_ref(kept));
        assert!(kept_turn.path().exists() && !dead_turn.path().exists());
    }
}
