//! The queue of jobs, as people see it: what each job does, and how they change its course. `lease` is the worker's
//! side of it, and `previews` says which jobs give way to others.

mod lease;
mod previews;

use serde_json::{Value, json};
use sqlx::types::Json;

use crate::{
    domain::{
        audit::{Action, Actor},
        frameset::FramesetId,
        job::{GIVES_WAY_MS, JobId, JobState},
        names::ConfigId,
        trace::TraceContext,
    },
    traces,
};

use super::{
    Db, DbError,
    audit::record,
    count,
    engine::{Bind, Tx},
    now_ms, parse, random,
};

pub(super) use lease::holds_lease;
pub use lease::{JobProgress, Leased};

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredJob {
    /// Its id.
    pub id: JobId,
    /// What it encodes.
    pub frameset: FramesetId,
    /// Waiting, running, or how it ended.
    pub state: JobState,
    /// A higher one is claimed first.
    pub priority: i32,
    /// How often a worker claimed it.
    pub attempts: u32,
    /// When it is tried next, while it is queued.
    pub run_at_ms: i64,
    /// In words: `encode preview`.
    pub stage: Option<String>,
    /// Steps done in this stage.
    pub done: i64,
    /// Steps in this stage.
    pub total: i64,
    /// Estimated time until it ends, while it runs.
    pub left_ms: Option<i64>,
    /// The version that it made.
    pub version: Option<(ConfigId, i64)>,
    /// The early version that it made before.
    pub preview: Option<(ConfigId, i64)>,
    /// Whether it is queued and previews of other sets go first: standard and hd are all that is left of it.
    pub waits_for_previews: bool,
    /// Where the request that queued it stands in a trace.
    pub trace: Option<TraceContext>,
    /// Why it failed last: slug, message, file, remedy.
    pub failure: Option<Value>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When anything of it changed last.
    pub changed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
pub(super) struct JobRow {
    id: String,
    frameset_id: String,
    state: String,
    priority: i64,
    attempts: i64,
    run_at_ms: i64,
    stage: Option<String>,
    done: i64,
    total: i64,
    left_ms: Option<i64>,
    configuration_id: Option<String>,
    version: Option<i64>,
    preview_version: Option<i64>,
    rest_since_ms: Option<i64>,
    trace: Option<String>,
    failure: Option<Json<Value>>,
    created_at_ms: i64,
    changed_at_ms: i64,
}

impl JobRow {
    pub(super) fn job(self) -> Result<StoredJob, DbError> {
        let configuration: Option<ConfigId> =
            self.configuration_id.map(|id| parse("configuration", &id)).transpose()?;
        let state: JobState = parse("state", &self.state)?;
        let gives_way = self.rest_since_ms.is_some_and(|since| since > now_ms() - GIVES_WAY_MS);
        Ok(StoredJob {
            id: parse("job", &self.id)?,
            frameset: parse("frame set", &self.frameset_id)?,
            state,
            priority: self.priority.clamp(i32::MIN.into(), i32::MAX.into()) as i32,
            attempts: count(self.attempts),
            run_at_ms: self.run_at_ms,
            stage: self.stage,
            done: self.done,
            total: self.total,
            left_ms: self.left_ms,
            version: configuration.clone().zip(self.version),
            preview: configuration.zip(self.preview_version),
            waits_for_previews: state == JobState::Queued && gives_way,
            // One that is unsound says nothing.
            trace: self.trace.as_deref().and_then(TraceContext::parse),
            failure: self.failure.map(|failure| failure.0),
            created_at_ms: self.created_at_ms,
            changed_at_ms: self.changed_at_ms,
        })
    }
}

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEvent {
    /// Grows with time.
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// `progress`, `log`, `preview`, or a state.
    pub kind: String,
    /// Details, by kind.
    pub data: Value,
}

/// A line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// For people.
    pub line: String,
}

/// Why a client's change of a job failed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeJobError {
    /// The job does not exist.
    #[error("the job does not exist")]
    NoSuchJob,
    /// The job is in a state that does not allow the change.
    #[error("the job is {}", .0.as_str())]
    State(JobState),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Adds an event to a job.
async fn add_event(tx: &mut Tx, job: &JobId, kind: &str, data: &Value) -> Result<(), DbError> {
    let now = tx.now_ms();
    tx.run("jobs.add_event", "insert into job_events (job_id, at_ms, kind, data) values ($1, $2, $3, $4)")
        .bind(job.as_str())
        .bind(now)
        .bind(kind)
        .bind(Bind::json(data))
        .execute()
        .await?;
    Ok(())
}

/// Queues a committed set, in the transaction that commits it. Its trace goes on in the job.
pub(super) async fn enqueue(tx: &mut Tx, set: &FramesetId) -> Result<(), DbError> {
    const SQL: &str =
        "insert into jobs (id, frameset_id, state, run_at_ms, created_at_ms, changed_at_ms, trace)
        values ($1, $2, 'queued', $3, $3, $3, $4)";
    let id = JobId::new(random()?);
    let now = tx.now_ms();
    let statement = tx.run("jobs.enqueue", SQL).bind(id.as_str()).bind(set.as_str()).bind(now);
    statement.bind(traces::context().map(|trace| trace.to_string())).execute().await?;
    add_event(tx, &id, "queued", &json!({})).await
}

/// Deletes the job of a set, if there is one, and its events.
pub(super) async fn delete(tx: &mut Tx, set: &FramesetId) -> Result<(), DbError> {
    const EVENTS: &str =
        "delete from job_events where job_id in (select id from jobs where frameset_id = $1)";
    tx.run("jobs.delete_events", EVENTS).bind(set.as_str()).execute().await?;
    tx.run("jobs.delete", "delete from jobs where frameset_id = $1").bind(set.as_str()).execute().await?;
    Ok(())
}

impl Db {
    /// A job.
    pub async fn job(&self, id: &JobId) -> Result<Option<StoredJob>, DbError> {
        let row: Option<JobRow> =
            self.read("jobs.get", "select * from jobs where id = $1").bind(id.as_str()).optional().await?;
        row.map(JobRow::job).transpose()
    }

    /// The job of a set.
    pub async fn job_of(&self, set: &FramesetId) -> Result<Option<StoredJob>, DbError> {
        let row: Option<JobRow> = self
            .read("jobs.of_frameset", "select * from jobs where frameset_id = $1")
            .bind(set.as_str())
            .optional()
            .await?;
        row.map(JobRow::job).transpose()
    }

    /// The jobs that changed last, at most so many.
    pub async fn jobs(&self, limit: u32) -> Result<Vec<StoredJob>, DbError> {
        let rows: Vec<JobRow> = self
            .read("jobs.list", "select * from jobs order by changed_at_ms desc, id limit $1")
            .bind(limit)
            .all()
            .await?;
        rows.into_iter().map(JobRow::job).collect()
    }

    /// What happened to a job after an event.
    pub async fn job_events(&self, id: &JobId, after: i64) -> Result<Vec<JobEvent>, DbError> {
        const SQL: &str = "select id, at_ms, kind, data from job_events
            where job_id = $1 and id > $2 order by id limit 500";
        let rows: Vec<(i64, i64, String, Json<Value>)> =
            self.read("jobs.events", SQL).bind(id.as_str()).bind(after).all().await?;
        let event = |(id, at_ms, kind, Json(data))| JobEvent { id, at_ms, kind, data };
        Ok(rows.into_iter().map(event).collect())
    }

    /// The newest lines of a job's log, at most so many, oldest first.
    pub async fn job_log(&self, id: &JobId, limit: u32) -> Result<Vec<LogLine>, DbError> {
        const SQL: &str = "select at_ms, data ->> 'line' from job_events
            where job_id = $1 and kind = 'log' order by id desc limit $2";
        let rows: Vec<(i64, Option<String>)> =
            self.read("jobs.log", SQL).bind(id.as_str()).bind(limit).all().await?;
        let line = |(at_ms, line): (i64, Option<String>)| LogLine { at_ms, line: line.unwrap_or_default() };
        Ok(rows.into_iter().rev().map(line).collect())
    }

    /// Ends a job that is not wanted any more; its worker notices when it renews the lease.
    pub async fn cancel_job(&self, id: &JobId, actor: &Actor) -> Result<(), ChangeJobError> {
        let mut tx = self.write("jobs.cancel").await?;
        match state(&mut tx, id).await? {
            None => return Err(ChangeJobError::NoSuchJob),
            Some(JobState::Cancelled) => return Ok(()),
            Some(over) if over.is_over() => return Err(ChangeJobError::State(over)),
            Some(_) => {}
        }
        cancel(&mut tx, id, NotWanted::Cancelled, actor).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Queues a job again that failed or was cancelled. What it encoded before is found again.
    pub async fn retry_job(&self, id: &JobId, actor: &Actor) -> Result<(), ChangeJobError> {
        let mut tx = self.write("jobs.retry").await?;
        match state(&mut tx, id).await? {
            None => return Err(ChangeJobError::NoSuchJob),
            Some(JobState::Queued) => return Ok(()),
            Some(state @ (JobState::Running | JobState::Ready)) => return Err(ChangeJobError::State(state)),
            Some(JobState::Failed | JobState::Cancelled) => {}
        }
        tx.run("jobs.reset_attempts", "update jobs set attempts = 0 where id = $1")
            .bind(id.as_str())
            .execute()
            .await?;
        requeue(&mut tx, id, self.now_ms(), None).await?;
        record(&mut tx, actor, Action::JobRetry, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes a job's priority.
    pub async fn prioritize_job(
        &self,
        id: &JobId,
        priority: i32,
        actor: &Actor,
    ) -> Result<(), ChangeJobError> {
        let mut tx = self.write("jobs.prioritize").await?;
        match state(&mut tx, id).await? {
            None => return Err(ChangeJobError::NoSuchJob),
            Some(over) if over.is_over() => return Err(ChangeJobError::State(over)),
            Some(_) => {}
        }
        tx.run("jobs.set_priority", "update jobs set priority = $1, changed_at_ms = $2 where id = $3")
            .bind(priority)
            .bind(self.now_ms())
            .bind(id.as_str())
            .execute()
            .await?;
        record(&mut tx, actor, Action::JobPriority, id.as_str(), &json!({ "priority": priority })).await?;
        tx.commit().await?;
        Ok(())
    }
}

pub(super) async fn state(tx: &mut Tx, id: &JobId) -> Result<Option<JobState>, DbError> {
    let state: Option<String> = tx
        .run("jobs.state", "select state from jobs where id = $1")
        .bind(id.as_str())
        .optional_scalar()
        .await?;
    state.map(|state| parse("state", &state)).transpose()
}

/// Ends a job without a version.
async fn end(tx: &mut Tx, id: &JobId, state: JobState, failure: &Value) -> Result<(), DbError> {
    const SQL: &str = "update jobs set state = $1, failure = $2, lease = null, left_ms = null,
        lease_until_ms = null, changed_at_ms = $3 where id = $4";
    let now = tx.now_ms();
    let statement = tx.run("jobs.end", SQL).bind(state.as_str()).bind(Bind::json(failure));
    statement.bind(now).bind(id.as_str()).execute().await?;
    add_event(tx, id, state.as_str(), failure).await
}

/// Why a job is not wanted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotWanted {
    /// A request says so.
    Cancelled,
    /// The spin of its configuration was taken down.
    TakenDown,
}

impl NotWanted {
    fn failure(self) -> Value {
        let (slug, message) = match self {
            Self::Cancelled => ("cancelled", "it was cancelled"),
            Self::TakenDown => ("taken-down", "the spin was taken down, and its raw frames deleted"),
        };
        json!({ "slug": slug, "message": message })
    }
}

/// Cancels a job that is not over: its worker has lost it.
pub(super) async fn cancel(tx: &mut Tx, id: &JobId, why: NotWanted, actor: &Actor) -> Result<(), DbError> {
    end(tx, id, JobState::Cancelled, &why.failure()).await?;
    record(tx, actor, Action::JobCancel, id.as_str(), &json!({})).await
}

pub(super) async fn requeue(
    tx: &mut Tx,
    id: &JobId,
    run_at_ms: i64,
    failure: Option<&Value>,
) -> Result<(), DbError> {
    const SQL: &str = "update jobs set state = 'queued', run_at_ms = $1, failure = $2, lease = null,
        left_ms = null, lease_until_ms = null, changed_at_ms = $3 where id = $4";
    let now = tx.now_ms();
    let statement = tx.run("jobs.requeue", SQL).bind(run_at_ms).bind(Bind::optional_json(failure));
    statement.bind(now).bind(id.as_str()).execute().await?;
    let wait_ms = (run_at_ms - now).max(0);
    add_event(tx, id, "queued", &json!({ "waitMs": wait_ms, "failure": failure })).await
}

#[cfg(test)]
mod tests;
