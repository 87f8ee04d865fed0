//! Health.

use std::{collections::BTreeMap, time::SystemTime};

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::ReplicaState,
    domain::health::{self, Condition, PartName, TaskState},
};

use super::timestamp::Timestamp;

/// Whether the server can answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `degraded` where a part is not well and visitors are served: an operator has to look. A server that is not ready
    /// answers with a problem.
    pub(crate) status: Serving,
    /// The server's version.
    #[schema(examples("0.1.0"))]
    pub(crate) version: &'static str,
    /// What the last check found of the database's replica, where `database.replica_url` names one: `ready`, `behind`,
    /// `away`, `foreign` where it is none of this database's, or `unknown`. Visitors are served in each case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ready"))]
    pub(crate) replica: Option<&'static str>,
}

/// How well a server is that answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Serving {
    /// All is well.
    Ok,
    /// The store is away, and what is cached is served.
    Degraded,
}

impl Health {
    /// This server is well.
    pub(crate) fn ok() -> Self {
        Self { status: Serving::Ok, version: env!("CARGO_PKG_VERSION"), replica: None }
    }

    /// The same, with what is known of store and replica.
    pub(crate) fn of(store: Option<Condition>, replica: Option<ReplicaState>) -> Self {
        let status = match store {
            Some(Condition::Degraded | Condition::Failed) => Serving::Degraded,
            Some(Condition::Ok) | None => Serving::Ok,
        };
        Self { status, replica: replica.map(Into::into), ..Self::ok() }
    }
}

/// How well the server and its parts are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HealthReport {
    /// As that of the worst part; `failed` if the server is not ready.
    pub(crate) status: HealthStatus,
    /// The server's version.
    #[schema(examples("0.1.0"))]
    pub(crate) version: &'static str,
    /// As in the answer of `/api/health/ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ready"))]
    pub(crate) replica: Option<&'static str>,
    /// What the last look at each part found: `database`, `store`, `redis` where one is configured, `objects`, `queue`, `disk`, `memory`,
    /// `background`. A part that has not been looked at yet is missing.
    pub(crate) parts: BTreeMap<&'static str, Part>,
    /// The tasks beside requests, by name.
    pub(crate) tasks: BTreeMap<&'static str, Task>,
    /// What the operator should know of the server, which answers all the same: sentences for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) notices: Vec<&'static str>,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    /// It works.
    Ok,
    /// Visitors are served, and an operator has to look.
    Degraded,
    /// Without it the server answers nothing new.
    Failed,
}

impl From<Condition> for HealthStatus {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Ok => Self::Ok,
            Condition::Degraded => Self::Degraded,
            Condition::Failed => Self::Failed,
        }
    }
}

/// One part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    /// What the last look found.
    pub(crate) status: HealthStatus,
    /// Why it is not well.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("the object store cannot be used: no answer comes"))]
    pub(crate) problem: Option<String>,
    /// How long it took to answer the last look, in milliseconds, where it is a part that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples(0.8))]
    pub(crate) latency_ms: Option<f64>,
    /// When a look found it well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_success: Option<Timestamp>,
    /// When a look found it not well, and why, also if it is well by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<LastError>,
    /// Numbers of the part, whose names carry the unit: `free_bytes`, `oldest_seconds`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) figures: BTreeMap<&'static str, f64>,
}

/// What was wrong last.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastError {
    /// When it was seen.
    pub(crate) at: Timestamp,
    /// What was wrong.
    pub(crate) problem: String,
}

/// A task beside requests.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Task {
    /// When it last did its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_success: Option<Timestamp>,
    /// How often it was started again after it ended.
    pub(crate) restarts: u32,
    /// Whether it should have done its work again by now.
    pub(crate) is_overdue: bool,
}

fn moment(at: SystemTime) -> Timestamp {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis() as i64)
}

impl HealthReport {
    /// Of what is known.
    pub(crate) fn of(
        is_ready: bool,
        parts: BTreeMap<PartName, health::Part>,
        tasks: Vec<TaskState>,
        replica: Option<ReplicaState>,
        notices: Vec<&'static str>,
    ) -> Self {
        let status = if is_ready { health::together(&parts).into() } else { HealthStatus::Failed };
        let task = |task: TaskState| {
            let TaskState { name, last_success, restarts, is_overdue } = task;
            (name, Task { last_success: last_success.map(moment), restarts, is_overdue })
        };
        Self {
            status,
            version: env!("CARGO_PKG_VERSION"),
            replica: replica.map(Into::into),
            parts: parts.into_iter().map(|(name, part)| (name.into(), part.into())).collect(),
            tasks: tasks.into_iter().map(task).collect(),
            notices,
        }
    }
}

impl From<health::Part> for Part {
    fn from(part: health::Part) -> Self {
        let health::Part { look, last_success, last_error } = part;
        let milliseconds = |took: std::time::Duration| (took.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            status: look.condition.into(),
            problem: look.problem,
            latency_ms: look.took.map(milliseconds),
            last_success: last_success.map(moment),
            last_error: last_error.map(|(at, problem)| LastError { at: moment(at), problem }),
            figures: look.figures.into_iter().collect(),
        }
    }
}
