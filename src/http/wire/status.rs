//! The progress of a spin, as far as it is public.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::names::ConfigId;

/// The progress of a spin, as far as it is public.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    pub(crate) config_id: ConfigId,
    pub(crate) status: Status,
    #[schema(examples("encode preview"))]
    pub(crate) stage: Option<String>,
    /// Steps done in this stage.
    pub(crate) done: Option<i64>,
    /// Steps in this stage.
    pub(crate) total: Option<i64>,
}

/// Whether a configuration has a spin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ready,
    Processing,
    Unavailable,
}

impl Progress {
    /// Whether the status changes no more by itself.
    pub(crate) fn is_over(&self) -> bool {
        self.status != Status::Processing
    }
}
