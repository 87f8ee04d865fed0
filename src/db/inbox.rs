//! Frames that artists put into the bucket themselves.

use serde_json::Value;

use crate::domain::{
    audit::{Action, Actor},
    frameset::FramesetId,
};

use super::{
    Db, DbError,
    audit::record,
    framesets::{FramesetError, StoredFrame, insert_all, require_open, touch},
    jobs::{Leased, holds_lease},
};

impl Db {
    /// Notes that frames of an open set may wait in the bucket from now on, since a client has their address.
    pub async fn open_bucket(
        &self,
        id: &FramesetId,
        action: Action,
        detail: &Value,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("framesets.open_bucket").await?;
        require_open(&mut tx, id).await?;
        tx.run("framesets.set_in_bucket", "update framesets set in_bucket = true where id = $1")
            .bind(id.as_str())
            .execute()
            .await?;
        touch(&mut tx, id).await?;
        record(&mut tx, actor, action, id.as_str(), detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whether what waits in the bucket for a set may still be fetched: the set is open, or its job has work to do, or
    /// the job failed after that moment, so that it may be mended and retried.
    pub async fn awaits_files(&self, id: &FramesetId, failed_since_ms: i64) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from framesets s left join jobs j on j.frameset_id = s.id
            where s.id = $1 and (s.state = 'open' or j.state in ('queued', 'running')
                                 or (j.state = 'failed' and j.changed_at_ms >= $2)))";
        self.read("framesets.awaits_files", SQL).bind(id.as_str()).bind(failed_since_ms).scalar().await
    }

    /// Records frames that a worker has fetched for the set of its job, which is committed: all of them or none.
    pub async fn add_fetched(
        &self,
        leased: &Leased,
        frames: &[StoredFrame],
        max_files: u32,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("frames.add_fetched").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Err(FramesetError::Changed);
        }
        let id = &leased.job.frameset;
        if !insert_all(&mut tx, id, frames, max_files, actor).await? {
            return Err(FramesetError::TooManyFiles(max_files));
        }
        tx.commit().await?;
        Ok(())
    }
}
