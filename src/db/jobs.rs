//! The queue. A worker leases a job, renews the lease with its progress, and ends it; whatever it does after
//! its lease has gone to somebody else changes nothing.

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::domain::{
    audit::{Action, Actor},
    frameset::FramesetId,
    job::{ATTEMPTS, JobId, JobState, wait_ms},
    keys::hex,
    names::ConfigId,
};

use super::{Db, DbError, audit::record, now_ms, random, read};

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// Its id.
    pub id: JobId,
    /// What it encodes.
    pub frameset: FramesetId,
    /// What became of it.
    pub state: JobState,
    /// Higher goes first.
    pub priority: i32,
    /// How often a worker took it.
    pub attempts: u32,
    /// When it is tried next, while it is queued.
    pub run_at_ms: i64,
    /// In words: `encode preview`.
    pub stage: Option<String>,
    /// Steps done in this stage.
    pub done: i64,
    /// Steps in this stage.
    pub total: i64,
    /// How long it will still take, about, while it runs.
    pub left_ms: Option<i64>,
    /// The version that it made.
    pub version: Option<(ConfigId, i64)>,
    /// Why it failed last: slug, message, file, remedy.
    pub failure: Option<Value>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When anything of it changed last.
    pub changed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct JobRow {
    id: String,
    frameset_id: String,
    state: String,
    priority: i32,
    attempts: u32,
    run_at_ms: i64,
    stage: Option<String>,
    done: i64,
    total: i64,
    left_ms: Option<i64>,
    configuration_id: Option<String>,
    version: Option<i64>,
    failure: Option<String>,
    created_at_ms: i64,
    changed_at_ms: i64,
}

impl JobRow {
    fn job(self) -> Result<StoredJob, DbError> {
        let configuration: Option<ConfigId> =
            self.configuration_id.map(|id| read("configuration", &id)).transpose()?;
        let failure = self.failure.map(|text| {
            serde_json::from_str(&text).map_err(|_bad| DbError::Unreadable { what: "failure", value: text })
        });
        Ok(StoredJob {
            id: read("job", &self.id)?,
            frameset: read("frame set", &self.frameset_id)?,
            state: read("state", &self.state)?,
            priority: self.priority,
            attempts: self.attempts,
            run_at_ms: self.run_at_ms,
            stage: self.stage,
            done: self.done,
            total: self.total,
            left_ms: self.left_ms,
            version: configuration.zip(self.version),
            failure: failure.transpose()?,
            created_at_ms: self.created_at_ms,
            changed_at_ms: self.changed_at_ms,
        })
    }
}

/// A job that this worker has.
#[derive(Debug, Clone, PartialEq)]
pub struct Leased {
    /// The job.
    pub job: StoredJob,
    lease: String,
    lease_ms: i64,
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
    /// How long all of it will still take, about, once that can be said.
    pub left_ms: Option<i64>,
}

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// Grows by time.
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// `progress`, `log`, or a state.
    pub kind: String,
    /// What about it.
    pub data: Value,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// For whoever watches.
    pub line: String,
}

/// What came of asking something of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is as was asked.
    Done,
    /// There is no such job.
    NoSuchJob,
    /// It is in a state in which that makes no sense.
    Not(JobState),
}

/// Adds an event to a job's row of them.
async fn tell(tx: &mut SqliteConnection, job: &str, kind: &str, data: &Value) -> Result<(), DbError> {
    sqlx::query("insert into job_events (job_id, at_ms, kind, data) values ($1, $2, $3, $4)")
        .bind(job)
        .bind(now_ms())
        .bind(kind)
        .bind(data.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// Queues a committed set, in the transaction that commits it.
pub(super) async fn enqueue(tx: &mut SqliteConnection, set: &FramesetId) -> Result<(), DbError> {
    let (id, now) = (JobId::new(random()?), now_ms());
    sqlx::query(
        "insert into jobs (id, frameset_id, state, run_at_ms, created_at_ms, changed_at_ms)
         values ($1, $2, 'queued', $3, $3, $3)",
    )
    .bind(id.as_str())
    .bind(set.as_str())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    tell(tx, id.as_str(), "queued", &json!({})).await
}

impl Db {
    /// A job.
    pub async fn job(&self, id: &JobId) -> Result<Option<StoredJob>, DbError> {
        let row: Option<JobRow> = sqlx::query_as("select * from jobs where id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(JobRow::job).transpose()
    }

    /// The job of a set.
    pub async fn job_of(&self, set: &FramesetId) -> Result<Option<StoredJob>, DbError> {
        let row: Option<JobRow> = sqlx::query_as("select * from jobs where frameset_id = $1")
            .bind(set.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(JobRow::job).transpose()
    }

    /// The jobs that changed last, at most so many.
    pub async fn jobs(&self, limit: u32) -> Result<Vec<StoredJob>, DbError> {
        let rows: Vec<JobRow> = sqlx::query_as("select * from jobs order by changed_at_ms desc, id limit $1")
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(JobRow::job).collect()
    }

    /// What happened to a job after an event.
    pub async fn job_events(&self, id: &JobId, after: i64) -> Result<Vec<JobEvent>, DbError> {
        let rows: Vec<(i64, i64, String, String)> = sqlx::query_as(
            "select id, at_ms, kind, data from job_events where job_id = $1 and id > $2 order by id limit 500",
        )
        .bind(id.as_str())
        .bind(after)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, at_ms, kind, data)| {
                let Ok(data) = serde_json::from_str(&data) else {
                    return Err(DbError::Unreadable { what: "data", value: data });
                };
                Ok(JobEvent { id, at_ms, kind, data })
            })
            .collect()
    }

    /// The newest lines of a job's log, at most so many, oldest first.
    pub async fn job_log(&self, id: &JobId, limit: u32) -> Result<Vec<LogLine>, DbError> {
        let mut rows: Vec<(i64, Option<String>)> = sqlx::query_as(
            "select at_ms, json_extract(data, '$.line') from job_events
             where job_id = $1 and kind = 'log' order by id desc limit $2",
        )
        .bind(id.as_str())
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.reverse();
        Ok(rows.into_iter().map(|(at_ms, line)| LogLine { at_ms, line: line.unwrap_or_default() }).collect())
    }

    /// Takes the job whose turn it is, for as long as a lease lasts that is not renewed: one that waits, or one
    /// whose worker died. One that killed its workers too often is given up on the way.
    pub async fn claim_job(&self, lease_ms: i64) -> Result<Option<Leased>, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let now = now_ms();
        let lease = hex(&random::<16>()?);
        let row: Option<JobRow> = sqlx::query_as(
            "update jobs set state = 'running', lease = $1, lease_until_ms = $2, attempts = attempts + 1,
             stage = null, done = 0, total = 0, left_ms = null, changed_at_ms = $3
             where id = (select id from jobs where (state = 'queued' and run_at_ms <= $3)
                         or (state = 'running' and lease_until_ms < $3)
                         order by priority desc, run_at_ms, id limit 1)
             returning *",
        )
        .bind(&lease)
        .bind(now + lease_ms)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(job) = row.map(JobRow::job).transpose()? else { return Ok(None) };
        if job.attempts > ATTEMPTS {
            let failure = json!({ "slug": "worker-died", "message": "every worker that tried it died" });
            close(&mut tx, &job.id, JobState::Failed, &failure).await?;
            tx.commit().await?;
            return Ok(None);
        }
        tell(&mut tx, job.id.as_str(), "running", &json!({ "attempt": job.attempts })).await?;
        tx.commit().await?;
        Ok(Some(Leased { job, lease, lease_ms }))
    }

    /// Renews the lease and notes progress. Answers whether the job is still this worker's.
    pub async fn renew_job(&self, leased: &Leased, progress: &JobProgress) -> Result<bool, DbError> {
        let JobProgress { stage, done, total, left_ms } = progress;
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let now = now_ms();
        let before: Option<(Option<String>, i64, i64)> = sqlx::query_as(
            "select stage, done, total from jobs where id = $1 and lease = $2 and state = 'running'",
        )
        .bind(leased.job.id.as_str())
        .bind(&leased.lease)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(before) = before else { return Ok(false) };
        sqlx::query(
            "update jobs set lease_until_ms = $1, stage = $2, done = $3, total = $4, left_ms = $5,
             changed_at_ms = $6 where id = $7",
        )
        .bind(now + leased.lease_ms)
        .bind(stage)
        .bind(done)
        .bind(total)
        .bind(left_ms)
        .bind(now)
        .bind(leased.job.id.as_str())
        .execute(&mut *tx)
        .await?;
        if before != (Some((*stage).to_owned()), *done, *total) {
            let data = json!({ "stage": stage, "done": done, "total": total, "leftMs": left_ms });
            tell(&mut tx, leased.job.id.as_str(), "progress", &data).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes a line for whoever watches.
    pub async fn log_job(&self, leased: &Leased, line: &str) -> Result<(), DbError> {
        let mut connection = self.pool.acquire().await?;
        tell(&mut connection, leased.job.id.as_str(), "log", &json!({ "line": line })).await
    }

    /// Ends a job well. Answers whether it was still this worker's.
    pub async fn finish_job(
        &self,
        leased: &Leased,
        configuration: &ConfigId,
        version: i64,
    ) -> Result<bool, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if !owned(&mut tx, leased).await? {
            return Ok(false);
        }
        sqlx::query(
            "update jobs set state = 'ready', configuration_id = $1, version = $2, failure = null, lease = null,
             left_ms = null, lease_until_ms = null, changed_at_ms = $3 where id = $4",
        )
        .bind(configuration.as_str())
        .bind(version)
        .bind(now_ms())
        .bind(leased.job.id.as_str())
        .execute(&mut *tx)
        .await?;
        let data = json!({ "configuration": configuration, "version": version });
        tell(&mut tx, leased.job.id.as_str(), "ready", &data).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an attempt badly: the job is tried again later, unless that is useless or it was the last one.
    pub async fn fail_job(&self, leased: &Leased, failure: &Value, is_final: bool) -> Result<bool, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if !owned(&mut tx, leased).await? {
            return Ok(false);
        }
        let (id, attempts) = (&leased.job.id, leased.job.attempts);
        if is_final || attempts >= ATTEMPTS {
            close(&mut tx, id, JobState::Failed, failure).await?;
        } else {
            let run_at_ms = now_ms() + wait_ms(attempts);
            requeue(&mut tx, id, run_at_ms, Some(failure)).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a job back that could not be begun; the attempt does not count.
    pub async fn yield_job(&self, leased: &Leased, wait_ms: i64) -> Result<(), DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if owned(&mut tx, leased).await? {
            sqlx::query("update jobs set attempts = attempts - 1 where id = $1")
                .bind(leased.job.id.as_str())
                .execute(&mut *tx)
                .await?;
            requeue(&mut tx, &leased.job.id, now_ms() + wait_ms, None).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Ends a job that is not wanted any more; its worker notices when it renews the lease.
    pub async fn cancel_job(&self, id: &JobId, actor: &Actor) -> Result<Asked, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        match state(&mut tx, id).await? {
            None => return Ok(Asked::NoSuchJob),
            Some(JobState::Cancelled) => return Ok(Asked::Done),
            Some(over) if over.is_over() => return Ok(Asked::Not(over)),
            Some(_) => {}
        }
        let failure = json!({ "slug": "cancelled", "message": "it was cancelled" });
        close(&mut tx, id, JobState::Cancelled, &failure).await?;
        record(&mut tx, actor, Action::JobCancel, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Asked::Done)
    }

    /// Queues a job anew that failed or was cancelled. What it encoded before is found again.
    pub async fn retry_job(&self, id: &JobId, actor: &Actor) -> Result<Asked, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        match state(&mut tx, id).await? {
            None => return Ok(Asked::NoSuchJob),
            Some(JobState::Queued) => return Ok(Asked::Done),
            Some(state @ (JobState::Running | JobState::Ready)) => return Ok(Asked::Not(state)),
            Some(JobState::Failed | JobState::Cancelled) => {}
        }
        sqlx::query("update jobs set attempts = 0 where id = $1").bind(id.as_str()).execute(&mut *tx).await?;
        requeue(&mut tx, id, now_ms(), None).await?;
        record(&mut tx, actor, Action::JobRetry, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Asked::Done)
    }

    /// Lets a job go before others, or after them.
    pub async fn prioritize_job(&self, id: &JobId, priority: i32, actor: &Actor) -> Result<Asked, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        match state(&mut tx, id).await? {
            None => return Ok(Asked::NoSuchJob),
            Some(over) if over.is_over() => return Ok(Asked::Not(over)),
            Some(_) => {}
        }
        sqlx::query("update jobs set priority = $1, changed_at_ms = $2 where id = $3")
            .bind(priority)
            .bind(now_ms())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        record(&mut tx, actor, Action::JobPriority, id.as_str(), &json!({ "priority": priority })).await?;
        tx.commit().await?;
        Ok(Asked::Done)
    }
}

async fn state(tx: &mut SqliteConnection, id: &JobId) -> Result<Option<JobState>, DbError> {
    let state: Option<String> = sqlx::query_scalar("select state from jobs where id = $1")
        .bind(id.as_str())
        .fetch_optional(tx)
        .await?;
    state.map(|state| read("state", &state)).transpose()
}

pub(super) async fn owned(tx: &mut SqliteConnection, leased: &Leased) -> Result<bool, DbError> {
    let owned: i64 =
        sqlx::query_scalar("select count(*) from jobs where id = $1 and lease = $2 and state = 'running'")
            .bind(leased.job.id.as_str())
            .bind(&leased.lease)
            .fetch_one(tx)
            .await?;
    Ok(owned == 1)
}

async fn close(
    tx: &mut SqliteConnection,
    id: &JobId,
    state: JobState,
    failure: &Value,
) -> Result<(), DbError> {
    sqlx::query(
        "update jobs set state = $1, failure = $2, lease = null, left_ms = null, lease_until_ms = null, changed_at_ms = $3
         where id = $4",
    )
    .bind(state.as_str())
    .bind(failure.to_string())
    .bind(now_ms())
    .bind(id.as_str())
    .execute(&mut *tx)
    .await?;
    tell(tx, id.as_str(), state.as_str(), failure).await
}

async fn requeue(
    tx: &mut SqliteConnection,
    id: &JobId,
    run_at_ms: i64,
    failure: Option<&Value>,
) -> Result<(), DbError> {
    sqlx::query(
        "update jobs set state = 'queued', run_at_ms = $1, failure = $2, lease = null, left_ms = null, lease_until_ms = null,
         changed_at_ms = $3 where id = $4",
    )
    .bind(run_at_ms)
    .bind(failure.map(Value::to_string))
    .bind(now_ms())
    .bind(id.as_str())
    .execute(&mut *tx)
    .await?;
    let wait_ms = (run_at_ms - now_ms()).max(0);
    tell(tx, id.as_str(), "queued", &json!({ "waitMs": wait_ms, "failure": failure })).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::framesets::{Opened, StoredFrame},
        domain::{
            frameset::{NewFrameset, TurnSettings},
            keys::Role,
        },
    };

    const LEASE_MS: i64 = 15_000;

    fn at(done: i64) -> JobProgress {
        JobProgress { stage: "prepare", done, total: 9, left_ms: Some(1000) }
    }

    struct Queue {
        _folder: tempfile::TempDir,
        db: Db,
        actor: Actor,
    }

    impl Queue {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).await.unwrap();
            Self { _folder: folder, db, actor: Actor::command_line() }
        }

        async fn add(&self) -> JobId {
            let key = self.db.create_key(Role::Artist, "", &self.actor).await.unwrap();
            let wanted = NewFrameset {
                product: "ring.solitaire".parse().unwrap(),
                choices: [].into(),
                settings: TurnSettings::default(),
                expected: None,
                protected: false,
            };
            let opened = self.db.open_frameset(&wanted, key.id(), 1, &self.actor).await.unwrap();
            let Opened::Open(set) = opened else { panic!("one is allowed") };
            let digest = assets_pipeline::digest::Digest::of(b"frame");
            let frame = StoredFrame { name: "1.png".parse().unwrap(), bytes: 5, digest };
            self.db.add_frames(&set, &[frame], 10, &self.actor).await.unwrap();
            for _ in 0..2 {
                self.db.commit_frameset(&set, &self.actor).await.unwrap();
            }
            self.db.job_of(&set).await.unwrap().unwrap().id
        }

        async fn state(&self, id: &JobId) -> JobState {
            self.db.job(id).await.unwrap().unwrap().state
        }

        /// The job's lease runs out, or its wait is over.
        async fn time_passes(&self) {
            sqlx::query("update jobs set lease_until_ms = 0, run_at_ms = 0")
                .execute(&self.db.pool)
                .await
                .unwrap();
        }
    }

    #[tokio::test]
    async fn a_job_is_one_workers_until_it_is_done() {
        let queue = Queue::new().await;
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
        let id = queue.add().await;
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        assert_eq!((&leased.job.id, leased.job.attempts), (&id, 1));
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
        for _ in 0..2 {
            assert!(queue.db.renew_job(&leased, &at(3)).await.unwrap());
        }
        let ring = "ring.solitaire".parse().unwrap();
        assert!(queue.db.finish_job(&leased, &ring, 7).await.unwrap());
        assert!(!queue.db.finish_job(&leased, &ring, 8).await.unwrap());
        assert!(!queue.db.renew_job(&leased, &at(4)).await.unwrap());
        let job = queue.db.job(&id).await.unwrap().unwrap();
        assert_eq!((job.state, job.version), (JobState::Ready, Some((ring, 7))));
        let events = queue.db.job_events(&id, 0).await.unwrap();
        let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["queued", "running", "progress", "ready"]);
        assert_eq!(queue.db.job_events(&id, events[2].id).await.unwrap(), events[3..]);
    }

    #[tokio::test]
    async fn an_expired_lease_is_claimed_again_and_its_holder_changes_nothing_any_more() {
        let queue = Queue::new().await;
        let id = queue.add().await;
        let dead = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        queue.time_passes().await;
        let alive = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        assert_eq!(alive.job.attempts, 2);
        assert!(!queue.db.renew_job(&dead, &at(1)).await.unwrap());
        assert!(!queue.db.fail_job(&dead, &json!({}), true).await.unwrap());
        assert!(!queue.db.finish_job(&dead, &"ring.solitaire".parse().unwrap(), 1).await.unwrap());
        assert_eq!(queue.state(&id).await, JobState::Running);
        assert!(queue.db.renew_job(&alive, &at(1)).await.unwrap());
    }

    #[tokio::test]
    async fn a_job_backs_off_and_is_given_up_after_its_last_attempt() {
        let queue = Queue::new().await;
        let id = queue.add().await;
        for attempt in 1..=ATTEMPTS {
            let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
            assert_eq!(leased.job.attempts, attempt);
            assert!(queue.db.fail_job(&leased, &json!({ "slug": "store" }), false).await.unwrap());
            assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None, "it waits, or is over");
            queue.time_passes().await;
        }
        let job = queue.db.job(&id).await.unwrap().unwrap();
        assert_eq!((job.state, &job.failure.unwrap()["slug"]), (JobState::Failed, &json!("store")));
        assert_eq!(queue.db.retry_job(&id, &queue.actor).await.unwrap(), Asked::Done);
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.attempts, 1);
    }

    #[tokio::test]
    async fn a_job_that_kills_its_workers_is_given_up() {
        let queue = Queue::new().await;
        let id = queue.add().await;
        for _ in 0..ATTEMPTS {
            assert!(queue.db.claim_job(LEASE_MS).await.unwrap().is_some());
            queue.time_passes().await;
        }
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap(), None);
        assert_eq!(queue.state(&id).await, JobState::Failed);
    }

    #[tokio::test]
    async fn what_cannot_succeed_is_not_tried_again_and_what_could_not_begin_costs_nothing() {
        let queue = Queue::new().await;
        let id = queue.add().await;
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        queue.db.yield_job(&leased, 0).await.unwrap();
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        assert_eq!(leased.job.attempts, 1);
        assert!(queue.db.fail_job(&leased, &json!({}), true).await.unwrap());
        assert_eq!(queue.state(&id).await, JobState::Failed);
    }

    #[tokio::test]
    async fn a_cancelled_job_is_taken_from_its_worker_and_the_urgent_go_first() {
        let queue = Queue::new().await;
        let (first, urgent) = (queue.add().await, queue.add().await);
        assert_eq!(queue.db.prioritize_job(&urgent, 5, &queue.actor).await.unwrap(), Asked::Done);
        let leased = queue.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        assert_eq!(leased.job.id, urgent);
        for _ in 0..2 {
            assert_eq!(queue.db.cancel_job(&urgent, &queue.actor).await.unwrap(), Asked::Done);
        }
        assert!(!queue.db.renew_job(&leased, &at(1)).await.unwrap());
        let again = queue.db.prioritize_job(&urgent, 1, &queue.actor).await.unwrap();
        assert_eq!(again, Asked::Not(JobState::Cancelled));
        assert_eq!(queue.db.retry_job(&urgent, &queue.actor).await.unwrap(), Asked::Done);
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.id, urgent);
        assert_eq!(queue.db.claim_job(LEASE_MS).await.unwrap().unwrap().job.id, first);
        let unknown = JobId::new([0; 16]);
        assert_eq!(queue.db.cancel_job(&unknown, &queue.actor).await.unwrap(), Asked::NoSuchJob);
    }
}
