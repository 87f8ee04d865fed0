//! What is deleted after a time: job events, removals, frame sets and their raw frames.

use crate::domain::frameset::FramesetId;

use super::{Db, DbError, engine::Session as _, parse};

impl Db {
    /// Deletes the events from before a moment of jobs that are over. Returns how many.
    pub async fn prune_job_events(&self, before_ms: i64) -> Result<u64, DbError> {
        const SQL: &str = "delete from job_events where at_ms < $1
            and job_id in (select id from jobs where state in ('ready', 'failed', 'cancelled'))";
        self.run("jobs.prune_events", SQL).bind(before_ms).execute().await
    }

    /// Deletes removals from before a moment, but never the newest one, whose number servers compare. Returns how many.
    pub async fn prune_removals(&self, before_ms: i64) -> Result<u64, DbError> {
        const SQL: &str = "delete from removals where at_ms < $1 and id < (select max(id) from removals)";
        self.run("removals.prune", SQL).bind(before_ms).execute().await
    }

    /// The committed sets that still have raw frames, and whose job is over since before a moment.
    pub async fn ended_framesets(&self, before_ms: i64) -> Result<Vec<FramesetId>, DbError> {
        const SQL: &str = "select s.id from framesets s join jobs j on j.frameset_id = s.id
            where s.state = 'committed' and j.state in ('ready', 'failed', 'cancelled') and j.changed_at_ms < $1
            and exists (select 1 from frames f where f.frameset_id = s.id) order by s.id";
        let ids: Vec<String> = self.read("framesets.ended", SQL).bind(before_ms).scalars().await?;
        ids.iter().map(|id| parse("frame set", id)).collect()
    }

    /// Of these, the sets of which no version is left that is live, waits to be published or can be rolled back to.
    pub async fn unrecoverable_framesets(&self, before_ms: i64) -> Result<Vec<FramesetId>, DbError> {
        // Jobs from before their source was noted keep their frames while the configuration has any version.
        const SQL: &str = "select s.id from framesets s join jobs j on j.frameset_id = s.id
            where s.state = 'committed' and j.state in ('ready', 'failed', 'cancelled') and j.changed_at_ms < $1
            and exists (select 1 from frames f where f.frameset_id = s.id)
            and not exists (select 1 from versions v where v.configuration_id = j.configuration_id
                            and v.remove_at_ms is null and (j.source is null or v.source = j.source))
            order by s.id";
        let ids: Vec<String> = self.read("framesets.unrecoverable", SQL).bind(before_ms).scalars().await?;
        ids.iter().map(|id| parse("frame set", id)).collect()
    }

    /// Deletes committed sets without raw frames whose job is over since before a moment, with the job and its events.
    /// Returns how many.
    pub async fn prune_framesets(&self, before_ms: i64) -> Result<u64, DbError> {
        const IDS: &str = "select s.id from framesets s join jobs j on j.frameset_id = s.id
            where s.state = 'committed' and j.state in ('ready', 'failed', 'cancelled') and j.changed_at_ms < $1
            and not exists (select 1 from frames f where f.frameset_id = s.id)
            and not exists (select 1 from versions v where v.configuration_id = j.configuration_id
                            and v.remove_at_ms is null and (j.source is null or v.source = j.source))";
        const EVENTS: &str =
            "delete from job_events where job_id in (select id from jobs where frameset_id = $1)";
        let mut tx = self.write("framesets.prune").await?;
        let ids: Vec<String> = tx.run("framesets.to_prune", IDS).bind(before_ms).scalars().await?;
        for id in &ids {
            tx.run("framesets.prune_events", EVENTS).bind(id).execute().await?;
            tx.run("framesets.prune_job", "delete from jobs where frameset_id = $1")
                .bind(id)
                .execute()
                .await?;
            tx.run("framesets.prune_uploads", "delete from uploads where frameset_id = $1")
                .bind(id)
                .execute()
                .await?;
            tx.run("framesets.prune_one", "delete from framesets where id = $1").bind(id).execute().await?;
        }
        tx.commit().await?;
        Ok(ids.len() as u64)
    }
}
