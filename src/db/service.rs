//! Figures of the service: what waits in the queue, in the outbox of purges, and of artists.

use std::collections::BTreeMap;

use super::{Db, DbError, scrub::ScrubFigures};

/// What is true of the service at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFigures {
    /// Jobs that no worker has, whenever they are due.
    pub queued: i64,
    /// Jobs that a worker has.
    pub running: i64,
    /// How long the job has waited that was due first of those that are queued, in milliseconds; 0 without one.
    pub oldest_job_ms: i64,
    /// The most attempts of a job that is queued or running.
    pub job_attempts: i64,
    /// Frame sets that are not committed.
    pub open_framesets: i64,
    /// Uploads that have not arrived whole.
    pub unfinished_uploads: i64,
    /// The slow reading of the store.
    pub scrub: ScrubFigures,
    /// Deliveries of purges, by the name of the cache.
    pub purges: BTreeMap<String, PurgeFigures>,
}

/// Deliveries of purges to one cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PurgeFigures {
    /// Those that are sent, or sent again.
    pub pending: i64,
    /// Those that were given up.
    pub failed: i64,
    /// How long ago the oldest was written that is pending and was never acknowledged, in milliseconds; 0 without one.
    pub oldest_ms: i64,
    /// The most failed attempts of one that is pending.
    pub attempts: i64,
}

#[derive(sqlx::FromRow)]
struct JobsRow {
    state: String,
    jobs: i64,
    first_due_ms: i64,
    attempts: i64,
}

#[derive(sqlx::FromRow)]
struct PurgesRow {
    target: String,
    state: String,
    deliveries: i64,
    oldest_at_ms: Option<i64>,
    attempts: i64,
}

impl Db {
    /// Reads the figures of the service.
    pub async fn service_figures(&self) -> Result<ServiceFigures, DbError> {
        const JOBS: &str =
            "select state, count(*) as jobs, min(run_at_ms) as first_due_ms, max(attempts) as attempts
            from jobs where state in ('queued', 'running') group by state";
        const PURGES: &str = "select d.target, d.state, count(*) as deliveries,
            min(case when d.round = 0 then p.at_ms end) as oldest_at_ms, max(d.attempts) as attempts
            from purge_deliveries d join purges p on p.id = d.purge_id
            where d.state in ('pending', 'failed') group by d.target, d.state";
        const FRAMESETS: &str = "select count(*) from framesets where state = 'open'";
        const UPLOADS: &str = "select count(*) from uploads where not finished";

        let mut tx = self.snapshot("service.figures").await?;
        let jobs: Vec<JobsRow> = tx.run("service.jobs", JOBS).all().await?;
        let purges: Vec<PurgesRow> = tx.run("service.purges", PURGES).all().await?;
        let open_framesets = tx.run("service.open_framesets", FRAMESETS).scalar().await?;
        let unfinished_uploads = tx.run("service.unfinished_uploads", UPLOADS).scalar().await?;
        let now = tx.now_ms();

        drop(tx);
        let scrub = self.scrub_figures().await?;

        let mut figures =
            ServiceFigures { open_framesets, unfinished_uploads, scrub, ..ServiceFigures::default() };
        for JobsRow { state, jobs, first_due_ms, attempts } in jobs {
            figures.job_attempts = figures.job_attempts.max(attempts);
            if state == "queued" {
                figures.queued = jobs;
                figures.oldest_job_ms = (now - first_due_ms).max(0);
            } else {
                figures.running = jobs;
            }
        }
        for PurgesRow { target, state, deliveries, oldest_at_ms, attempts } in purges {
            let of_cache = figures.purges.entry(target).or_default();
            if state == "failed" {
                of_cache.failed = deliveries;
            } else {
                of_cache.pending = deliveries;
                of_cache.oldest_ms = oldest_at_ms.map_or(0, |at_ms| (now - at_ms).max(0));
                of_cache.attempts = attempts;
            }
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{audit::Actor, names::ConfigId, purge::Purge};

    use super::*;

    #[tokio::test]
    async fn purges_that_a_cache_has_not_acknowledged_are_counted_by_cache() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        assert_eq!(db.service_figures().await.unwrap(), ServiceFigures::default());
        let id: ConfigId = "ring.solitaire.metal-platinum".parse().unwrap();
        let purge = Purge::configuration(&id);
        db.purge_by_hand("ring", &purge, false, &Actor::command_line()).await.unwrap();
        db.create_deliveries(&["one".to_owned(), "two".to_owned()], false).await.unwrap();
        let figures = db.service_figures().await.unwrap();
        assert_eq!(figures.purges.keys().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!((figures.purges["one"].pending, figures.purges["one"].failed), (1, 0));
        let batch = db.claim_purges("one", 60_000).await.unwrap().unwrap();
        db.acknowledge_purges(&batch, db.now_ms() + 60_000).await.unwrap();
        let figures = db.service_figures().await.unwrap();
        assert_eq!(figures.purges.keys().collect::<Vec<_>>(), ["two"]);
        assert!(figures.purges["two"].oldest_ms >= 0);
    }
}
