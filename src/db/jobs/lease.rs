//! The worker's side of the queue. A worker claims a job for the time of a lease, renews the lease with its progress,
//! and ends the job. Once the lease has passed to another worker, nothing that the first one writes has an effect.

use serde_json::{Value, json};

use crate::{
    db::{Db, DbError, engine::Tx, random},
    domain::{
        job::{ATTEMPTS, GIVES_WAY_MS, JobState, wait_ms},
        keys::hex,
        names::ConfigId,
    },
};

use super::{JobRow, StoredJob, add_event, end, requeue};

/// A job that this worker has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    /// The job.
    pub job: StoredJob,
    pub(super) lease: String,
    pub(super) lease_ms: i64,
}

/// How far a worker is with a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobProgress {
    /// In words: `encode preview`.
    pub stage: &'static str,
    /// Steps done in this stage.
    pub done: i64,
    /// Steps in this stage.
    pub total: i64,
    /// Estimated time until the job ends, once there is an estimate.
    pub left_ms: Option<i64>,
}

impl Db {
    /// Claims the job whose turn it is for `lease_ms`: a queued one, or a running one whose lease has expired, since
    /// its worker died. Of jobs of one priority, those go first that have no preview yet; of these that artist is next whose
    /// last turn is longest ago, and then that product. A job that has ended its workers too often fails in place of being
    /// claimed.
    pub async fn claim_job(&self, lease_ms: i64) -> Result<Option<Leased>, DbError> {
        const DUE: &str = "select exists (select 1 from jobs where (state = 'queued' and run_at_ms <= $1)
            or (state = 'running' and lease_until_ms < $1))";
        // Most of the time no job is due, and finding that out takes no write lock.
        if !self.read("jobs.is_due", DUE).bind(self.now_ms()).scalar::<bool>().await? {
            return Ok(None);
        }
        let mut tx = self.write("jobs.claim").await?;
        let claimed = claim(&mut tx, lease_ms).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Renews the lease and notes progress. Returns whether the worker still has the lease.
    pub async fn renew_job(&self, leased: &Leased, progress: &JobProgress) -> Result<bool, DbError> {
        const BEFORE: &str = "select stage, done, total from jobs
            where id = $1 and lease = $2 and state = 'running'";
        const RENEW: &str = "update jobs set lease_until_ms = $1, stage = $2, done = $3, total = $4,
            left_ms = $5, changed_at_ms = $6 where id = $7";
        let JobProgress { stage, done, total, left_ms } = *progress;
        let mut tx = self.write("jobs.renew").await?;
        let statement = tx.run("jobs.progress", BEFORE).bind(leased.job.id.as_str()).bind(&leased.lease);
        let before: Option<(Option<String>, i64, i64)> = statement.optional().await?;
        let Some(before) = before else { return Ok(false) };
        let now = self.now_ms();
        tx.run("jobs.set_progress", RENEW)
            .bind(now + leased.lease_ms)
            .bind(stage)
            .bind(done)
            .bind(total)
            .bind(left_ms)
            .bind(now)
            .bind(leased.job.id.as_str())
            .execute()
            .await?;
        if before != (Some(stage.to_owned()), done, total) {
            let data = json!({ "stage": stage, "done": done, "total": total, "leftMs": left_ms });
            add_event(&mut tx, &leased.job.id, "progress", &data).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds a line to the job's log. Returns whether the worker still has the lease; otherwise nothing is added.
    pub async fn log_job(&self, leased: &Leased, line: &str) -> Result<bool, DbError> {
        let mut tx = self.write("jobs.append_log").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Ok(false);
        }
        add_event(&mut tx, &leased.job.id, "log", &json!({ "line": line })).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends a job with the version that it made. Returns whether the worker still had the lease.
    pub async fn finish_job(
        &self,
        leased: &Leased,
        configuration: &ConfigId,
        version: i64,
    ) -> Result<bool, DbError> {
        const SQL: &str = "update jobs set state = 'ready', configuration_id = $1, version = $2,
            source = (select source from versions where configuration_id = $1 and version = $2),
            failure = null, lease = null, left_ms = null, lease_until_ms = null, changed_at_ms = $3 where id = $4";
        let mut tx = self.write("jobs.finish").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Ok(false);
        }
        let statement = tx.run("jobs.set_ready", SQL).bind(configuration.as_str()).bind(version);
        statement.bind(self.now_ms()).bind(leased.job.id.as_str()).execute().await?;
        let data = json!({ "configuration": configuration, "version": version });
        add_event(&mut tx, &leased.job.id, "ready", &data).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an attempt with a failure. The job is queued again, unless the failure is final or this was the last
    /// attempt. Returns whether the worker still had the lease.
    pub async fn fail_job(&self, leased: &Leased, failure: &Value, is_final: bool) -> Result<bool, DbError> {
        let mut tx = self.write("jobs.fail").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Ok(false);
        }
        let (id, attempts) = (&leased.job.id, leased.job.attempts);
        if is_final || attempts >= ATTEMPTS {
            end(&mut tx, id, JobState::Failed, failure).await?;
        } else {
            let run_at_ms = self.now_ms() + wait_ms(attempts);
            requeue(&mut tx, id, run_at_ms, Some(failure)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Returns a job to the queue that could not begin; the attempt does not count.
    pub async fn yield_job(&self, leased: &Leased, wait_ms: i64) -> Result<(), DbError> {
        let mut tx = self.write("jobs.yield").await?;
        if holds_lease(&mut tx, leased).await? {
            uncount(&mut tx, leased).await?;
            requeue(&mut tx, &leased.job.id, self.now_ms() + wait_ms, None).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The attempt did not count.
pub(super) async fn uncount(tx: &mut Tx, leased: &Leased) -> Result<(), DbError> {
    const SQL: &str = "update jobs set attempts = attempts - 1 where id = $1";
    tx.run("jobs.uncount_attempt", SQL).bind(leased.job.id.as_str()).execute().await?;
    Ok(())
}

/// Claims the job whose turn it is, if one is due.
pub(super) async fn claim(tx: &mut Tx, lease_ms: i64) -> Result<Option<Leased>, DbError> {
    const LEASE: &str = "update jobs set state = 'running', lease = $1, lease_until_ms = $2,
        attempts = attempts + 1, stage = null, done = 0, total = 0, left_ms = null, changed_at_ms = $3
        where id = (select j.id from jobs j join framesets f on f.id = j.frameset_id
            left join job_turns artist on artist.whose = 'key:' || f.key_id
            left join job_turns product on product.whose = 'product:' || f.product_id
            where (j.state = 'queued' and j.run_at_ms <= $3) or (j.state = 'running' and j.lease_until_ms < $3)
            order by j.priority desc, case when j.rest_since_ms > $4 then 1 else 0 end,
                     coalesce(artist.turn, 0), coalesce(product.turn, 0), j.run_at_ms, j.id limit 1)
        returning *";
    const TURN: &str = "insert into job_turns (whose, turn)
        select whose, (select coalesce(max(turn), 0) + 1 from job_turns) from (
            select 'key:' || key_id as whose from framesets where id = $1
            union all select 'product:' || product_id from framesets where id = $1) of_job
        where true on conflict (whose) do update set turn = excluded.turn";
    let now = tx.now_ms();
    let lease = hex(&random::<16>()?);
    let statement = tx.run("jobs.lease", LEASE).bind(&lease).bind(now + lease_ms).bind(now);
    let row: Option<JobRow> = statement.bind(now - GIVES_WAY_MS).optional().await?;
    let Some(job) = row.map(JobRow::job).transpose()? else { return Ok(None) };
    if job.attempts > ATTEMPTS {
        let failure = json!({ "slug": "worker-died", "message": "every worker that tried it died" });
        end(tx, &job.id, JobState::Failed, &failure).await?;
        return Ok(None);
    }
    tx.run("jobs.note_turn", TURN).bind(job.frameset.as_str()).execute().await?;
    add_event(tx, &job.id, "running", &json!({ "attempt": job.attempts })).await?;
    Ok(Some(Leased { job, lease, lease_ms }))
}

/// Whether the job is still this worker's.
pub(in crate::db) async fn holds_lease(tx: &mut Tx, leased: &Leased) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select 1 from jobs where id = $1 and lease = $2 and state = 'running')";
    tx.run("jobs.holds_lease", SQL).bind(leased.job.id.as_str()).bind(&leased.lease).scalar().await
}
