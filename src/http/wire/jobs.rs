//! Jobs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    db::jobs::{LogLine, StoredJob},
    domain::{job, names::ConfigId},
};

use super::{names, timestamp::Timestamp};

/// Jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Jobs {
    /// The job that changed last comes first.
    pub(crate) jobs: Vec<Job>,
}

/// A job: it makes a version from a committed frame set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Job {
    #[schema(value_type = names::Id)]
    id: String,
    #[schema(value_type = names::Id)]
    frameset: String,
    state: JobState,
    /// What goes before the job while it is queued, although its time has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_for: Option<WaitsFor>,
    /// Jobs with a higher priority run first.
    #[schema(minimum = -100, maximum = 100)]
    priority: i32,
    attempts: u32,
    #[schema(examples("encode preview"))]
    stage: Option<String>,
    /// Completed steps of the stage.
    done: i64,
    /// All steps of the stage.
    total: i64,
    /// An estimate of the time that is left, in milliseconds, while the job runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_ms: Option<i64>,
    /// The configuration that the version belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    configuration: Option<ConfigId>,
    /// The version that the job made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<i64>,
    /// While the job makes standard and hd.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    preview: Option<EarlyVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = JobFailure)]
    failure: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_attempt: Option<Timestamp>,
    queued: Timestamp,
    changed: Timestamp,
    /// The address of the stream of its events.
    #[schema(format = "uri-reference")]
    events: String,
    /// The last lines of the log, the oldest first. Lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_items = 100)]
    pub(crate) log: Option<Vec<LogEntry>>,
}

/// The state of a job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobState {
    /// It waits for a worker.
    Queued,
    /// A worker encodes it.
    Running,
    /// The version is complete.
    Ready,
    /// It failed and is not retried by itself.
    Failed,
    /// A client cancelled it.
    Cancelled,
}

impl From<job::JobState> for JobState {
    fn from(state: job::JobState) -> Self {
        match state {
            job::JobState::Queued => Self::Queued,
            job::JobState::Running => Self::Running,
            job::JobState::Ready => Self::Ready,
            job::JobState::Failed => Self::Failed,
            job::JobState::Cancelled => Self::Cancelled,
        }
    }
}

/// A version with still and preview alone, which can be looked at and published. If it is, the whole version follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct EarlyVersion {
    configuration: ConfigId,
    version: i64,
}

/// What goes before a job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WaitsFor {
    /// Previews of other sets: standard and hd are all that is left of the job.
    Previews,
}

/// Why a job failed last. It is stored as it is sent.
#[derive(ToSchema)]
pub(crate) struct JobFailure {
    slug: String,
    message: String,
    #[schema(required = false)]
    file: Option<String>,
    #[schema(required = false)]
    remedy: Option<String>,
}

/// A line of a job's log.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogEntry {
    at: Timestamp,
    line: String,
}

impl From<LogLine> for LogEntry {
    fn from(LogLine { at_ms, line }: LogLine) -> Self {
        Self { at: Timestamp(at_ms), line }
    }
}

impl From<StoredJob> for Job {
    fn from(job: StoredJob) -> Self {
        let events = format!("/api/jobs/{}/events", job.id);
        let waits =
            job.state == job::JobState::Queued && (job.attempts > 0 || job.run_at_ms > job.changed_at_ms);
        let preview = job.preview.filter(|_| job.version.is_none());
        let (configuration, version) = job.version.unzip();
        Self {
            id: job.id.to_string(),
            frameset: job.frameset.to_string(),
            state: job.state.into(),
            waits_for: job.waits_for_previews.then_some(WaitsFor::Previews),
            priority: job.priority,
            attempts: job.attempts,
            stage: job.stage,
            done: job.done,
            total: job.total,
            left_ms: job.left_ms,
            configuration,
            version,
            preview: preview.map(|(configuration, version)| EarlyVersion { configuration, version }),
            failure: job.failure,
            next_attempt: waits.then_some(Timestamp(job.run_at_ms)),
            queued: Timestamp(job.created_at_ms),
            changed: Timestamp(job.changed_at_ms),
            events,
            log: None,
        }
    }
}

/// A priority to set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPriority {
    #[schema(minimum = -100, maximum = 100)]
    pub(crate) priority: i32,
}
