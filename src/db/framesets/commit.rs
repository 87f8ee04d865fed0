//! A set is closed, and its job queued.

use assets_pipeline::digest::Digest;
use serde_json::json;

use crate::{
    db::{Db, audit::record, engine::Tx, jobs},
    domain::{
        audit::{Action, Actor},
        frameset::FramesetId,
    },
};

use super::{FramesetError, delete_uploads, frame::require_revision, is_open, touch};

impl Db {
    /// Closes a set and queues its job. A set that is committed already stays as it is.
    pub async fn commit_frameset(&self, id: &FramesetId, actor: &Actor) -> Result<(), FramesetError> {
        let mut tx = self.write("framesets.commit").await?;
        if is_open(&mut tx, id).await? {
            commit(tx, id, actor).await?;
        }
        Ok(())
    }

    /// The same, if an open set has the frames of a revision and no others.
    pub async fn commit_revision(
        &self,
        id: &FramesetId,
        of: Digest,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("framesets.commit_revision").await?;
        if is_open(&mut tx, id).await? {
            require_revision(&mut tx, id, of).await?;
            commit(tx, id, actor).await?;
        }
        Ok(())
    }
}

/// Closes an open set and queues its job.
async fn commit(mut tx: Tx, id: &FramesetId, actor: &Actor) -> Result<(), FramesetError> {
    const FRAMES: &str = "select (select count(*) from frames where frameset_id = $1), in_bucket
        from framesets where id = $1";
    let (frames, in_bucket): (i64, bool) = tx.run("framesets.frames", FRAMES).bind(id.as_str()).one().await?;
    // Frames that wait in the bucket are fetched by the job.
    if frames == 0 && !in_bucket {
        return Err(FramesetError::Empty);
    }
    tx.run("framesets.set_committed", "update framesets set state = 'committed' where id = $1")
        .bind(id.as_str())
        .execute()
        .await?;
    delete_uploads(&mut tx, id).await?;
    touch(&mut tx, id).await?;
    jobs::enqueue(&mut tx, id).await?;
    record(&mut tx, actor, Action::FramesetCommit, id.as_str(), &json!({ "frames": frames })).await?;
    tx.commit().await?;
    Ok(())
}
