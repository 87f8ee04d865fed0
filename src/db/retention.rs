//! What is deleted after a time or with a take-down: job events, removals, frame sets and their raw frames.

use crate::domain::frameset::FramesetId;

use super::{
    Db, DbError,
    framesets::{delete, delete_frames},
    parse,
    staged::unstage,
};

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

    /// Deletes the frames of a set, unless a job is about to encode them. The set and its job stay as its history.
    /// Returns whether the set has no frames now; the caller deletes their files after this.
    pub async fn delete_frames(&self, id: &FramesetId) -> Result<bool, DbError> {
        const IS_WANTED: &str = "select exists (select 1 from jobs
            where frameset_id = $1 and state in ('queued', 'running'))";
        let mut tx = self.write("frames.discard").await?;
        if tx.run("jobs.wants_frames", IS_WANTED).bind(id.as_str()).scalar().await? {
            return Ok(false);
        }
        delete_frames(&mut tx, id).await?;
        unstage(&mut tx, id).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether the files of a set are needed, or may be: the set is open, its job is not over, or it has frames.
    pub async fn needs_files(&self, id: &FramesetId) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from framesets s left join jobs j on j.frameset_id = s.id
            where s.id = $1 and (s.state = 'open' or j.state in ('queued', 'running')
                                 or exists (select 1 from frames f where f.frameset_id = s.id)))";
        self.read("framesets.need_files", SQL).bind(id.as_str()).scalar().await
    }

    /// Deletes committed sets without raw frames whose job is over since before a moment, with the job and its events.
    /// Returns how many.
    pub async fn prune_framesets(&self, before_ms: i64) -> Result<u64, DbError> {
        const IDS: &str = "select s.id from framesets s join jobs j on j.frameset_id = s.id
            where s.state = 'committed' and j.state in ('ready', 'failed', 'cancelled') and j.changed_at_ms < $1
            and not exists (select 1 from frames f where f.frameset_id = s.id)
            and not exists (select 1 from versions v where v.configuration_id = j.configuration_id
                            and v.remove_at_ms is null and (j.source is null or v.source = j.source))";
        let mut tx = self.write("framesets.prune").await?;
        let ids: Vec<String> = tx.run("framesets.to_prune", IDS).bind(before_ms).scalars().await?;
        for id in &ids {
            delete(&mut tx, &parse("frame set", id)?).await?;
        }
        tx.commit().await?;
        Ok(ids.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::configuration_sets::RawFrames,
        domain::{audit::Actor, job::JobId, names::ConfigId},
    };

    const LATER: i64 = i64::MAX;

    struct Ended {
        _folder: tempfile::TempDir,
        db: Db,
        set: FramesetId,
        job: JobId,
        ring: ConfigId,
    }

    impl Ended {
        /// A set whose job has made version 1.
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).await.unwrap();
            let ring: ConfigId = "ring.solitaire".parse().unwrap();
            let product = ring.product();
            db.ensure_product(&product, &[]).await.unwrap();
            db.ensure_configuration(&product, &ring, &[].into()).await.unwrap();
            let set = db.open_plain_frameset().await;
            db.commit_with_frame(&set).await;
            let ended = Self { _folder: folder, db, job: JobId::new([0; 16]), set, ring };
            ended.add_version(1, "frames").await;
            let leased = ended.db.claim_job(60_000).await.unwrap().unwrap();
            assert_eq!(ended.db.ended_framesets(LATER).await.unwrap(), [], "its job runs");
            assert!(ended.db.finish_job(&leased, &ended.ring, 1).await.unwrap());
            Self { job: leased.job.id, ..ended }
        }

        async fn add_version(&self, version: i64, source: &str) {
            let sql = "insert into versions
                (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms)
                values ($1, $2, 'full', $3, '', $4, '', 0)";
            let statement = self.db.run("test", sql).bind(self.ring.as_str()).bind(version);
            statement.bind(version.to_string()).bind(source).execute().await.unwrap();
        }

        async fn retire(&self, version: i64) {
            let sql = "update versions set remove_at_ms = 0 where version = $1";
            self.db.run("test", sql).bind(version).execute().await.unwrap();
        }

        async fn unrecoverable(&self) -> Vec<FramesetId> {
            self.db.unrecoverable_framesets(LATER).await.unwrap()
        }
    }

    #[tokio::test]
    async fn raw_frames_stay_while_a_version_from_them_can_be_live_again() {
        let ended = Ended::new().await;
        let set = std::slice::from_ref(&ended.set);
        assert_eq!(ended.db.ended_framesets(LATER).await.unwrap(), set);
        assert_eq!(ended.db.ended_framesets(0).await.unwrap(), []);
        assert_eq!(ended.unrecoverable().await, []);
        // The version gets another number, as when its configuration is protected.
        ended.add_version(2, "frames").await;
        ended.add_version(3, "other frames").await;
        ended.retire(1).await;
        assert_eq!(ended.unrecoverable().await, []);
        ended.retire(2).await;
        assert_eq!(ended.unrecoverable().await, set);
        assert_eq!(ended.db.prune_framesets(LATER).await.unwrap(), 0, "it has frames");
        assert!(ended.db.needs_files(&ended.set).await.unwrap());
        assert!(ended.db.delete_frames(&ended.set).await.unwrap());
        assert!(!ended.db.needs_files(&ended.set).await.unwrap());
        assert_eq!(ended.unrecoverable().await, []);
        assert_eq!(ended.db.prune_framesets(0).await.unwrap(), 0);
        assert!(ended.db.job(&ended.job).await.unwrap().is_some());
        assert_eq!(ended.db.prune_framesets(LATER).await.unwrap(), 1);
        assert_eq!(ended.db.job(&ended.job).await.unwrap(), None);
        assert_eq!(ended.db.frameset(&ended.set).await.unwrap(), None);
    }

    #[tokio::test]
    async fn frames_that_a_job_is_about_to_encode_are_not_deleted() {
        let ended = Ended::new().await;
        let raw = ended.db.raw_frames_of(&ended.ring).await.unwrap();
        assert_eq!(raw, RawFrames { sets: 1, frames: 1, bytes: 5, under_way: 0 });
        let sql = "update jobs set state = 'queued'";
        ended.db.run("test", sql).execute().await.unwrap();
        assert!(!ended.db.delete_frames(&ended.set).await.unwrap());
        assert_eq!(ended.db.frames(&ended.set).await.unwrap().len(), 1);
        let raw = ended.db.raw_frames_of(&ended.ring).await.unwrap();
        assert_eq!(raw, RawFrames { sets: 1, frames: 1, bytes: 5, under_way: 1 });
        assert_eq!(ended.db.framesets_of(&ended.ring).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_committed_set_is_deleted_with_its_job() {
        let ended = Ended::new().await;
        let actor = Actor::command_line();
        assert!(ended.db.discard_frameset(&ended.set, &actor).await.unwrap());
        assert_eq!(ended.db.frameset(&ended.set).await.unwrap(), None);
        assert_eq!(ended.db.job(&ended.job).await.unwrap(), None);
        assert!(!ended.db.needs_files(&ended.set).await.unwrap());
        assert!(!ended.db.discard_frameset(&ended.set, &actor).await.unwrap(), "it is gone");
    }

    #[tokio::test]
    async fn events_of_a_job_that_is_not_over_stay() {
        let ended = Ended::new().await;
        assert_eq!(ended.db.prune_job_events(0).await.unwrap(), 0);
        let sql = "update jobs set state = 'queued'";
        ended.db.run("test", sql).execute().await.unwrap();
        assert_eq!(ended.db.prune_job_events(LATER).await.unwrap(), 0);
        let sql = "update jobs set state = 'ready'";
        ended.db.run("test", sql).execute().await.unwrap();
        assert_eq!(ended.db.prune_job_events(LATER).await.unwrap(), 3);
        assert_eq!(ended.db.job_events(&ended.job, 0).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_newest_removal_stays() {
        let ended = Ended::new().await;
        assert_eq!(ended.db.prune_removals(LATER).await.unwrap(), 0);
        for at_ms in 1..=3_i32 {
            let sql = "insert into removals (at_ms) values ($1)";
            ended.db.run("test", sql).bind(at_ms).execute().await.unwrap();
        }
        let last = ended.db.last_removal().await.unwrap();
        assert_eq!(ended.db.prune_removals(LATER).await.unwrap(), 2);
        assert_eq!(ended.db.last_removal().await.unwrap(), last);
    }
}
