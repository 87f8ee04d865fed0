//! Health.

use serde::Serialize;
use utoipa::ToSchema;

/// Whether the server can answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`: a server that is not ready answers with a problem.
    pub(crate) status: HealthStatus,
    /// The server's version.
    #[schema(examples("0.1.0"))]
    pub(crate) version: &'static str,
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
        Self { status: HealthStatus::Ok, version: env!("CARGO_PKG_VERSION") }
    }
}
