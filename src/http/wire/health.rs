//! Health.

use serde::Serialize;
use utoipa::ToSchema;

use crate::db::ReplicaState;

/// Whether the server can answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a server that is not ready answers with a problem.
    pub(crate) status: HealthStatus,
    /// The server's version.
    #[schema(examples("0.1.0"))]
    pub(crate) version: &'static str,
    /// What the last check found of the database's replica, where `database.replica_url` names one: `ready`, `behind`,
    /// `away`, `foreign` where it is none of this database's, or `unknown`. Visitors are served in each case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("ready"))]
    pub(crate) replica: Option<&'static str>,
}

/// The one status.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    /// The server answers.
    Ok,
}

impl Health {
    /// This server is well.
    pub(crate) fn ok() -> Self {
        Self { status: HealthStatus::Ok, version: env!("CARGO_PKG_VERSION"), replica: None }
    }

    /// The same, with what is known of the database's replica.
    pub(crate) fn beside(replica: Option<ReplicaState>) -> Self {
        Self { replica: replica.map(Into::into), ..Self::ok() }
    }
}
