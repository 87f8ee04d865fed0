//! From choices to a configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::names::ConfigId,
    http::{sequence_url, status_url},
};

use super::{names, product::Spin};

/// Choices; the product's defaults fill the gaps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configure {
    #[serde(default)]
    #[schema(value_type = names::Choices)]
    pub(crate) choices: BTreeMap<String, String>,
}

/// The configuration has a spin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    config_id: ConfigId,
    status: ReadyStatus,
    /// The manifest's address.
    #[schema(format = "uri-reference")]
    sequence: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ReadyStatus {
    Ready,
}

/// The configuration has no spin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum NoSpinYet {
    Processing(Processing),
    Unavailable(Unavailable),
}

/// The server encodes a spin of the configuration.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Processing {
    config_id: ConfigId,
    status: ProcessingStatus,
    /// The address of the progress.
    #[schema(format = "uri-reference")]
    status_url: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ProcessingStatus {
    Processing,
}

/// The configuration has no spin, and no job makes one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unavailable {
    config_id: ConfigId,
    status: UnavailableStatus,
    /// The spin that differs in the fewest choices, if the product has any.
    #[schema(required)]
    nearest: Option<Spin>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum UnavailableStatus {
    Unavailable,
}

impl Ready {
    /// A configuration with a live spin.
    pub(crate) fn new(config_id: ConfigId) -> Self {
        let sequence = sequence_url(&config_id);
        Self { config_id, status: ReadyStatus::Ready, sequence }
    }
}

impl NoSpinYet {
    /// A configuration with a job under way.
    pub(crate) fn processing(config_id: ConfigId) -> Self {
        let status_url = status_url(&config_id);
        Self::Processing(Processing { config_id, status: ProcessingStatus::Processing, status_url })
    }

    /// A configuration without one.
    pub(crate) fn unavailable(config_id: ConfigId, nearest: Option<Spin>) -> Self {
        Self::Unavailable(Unavailable { config_id, status: UnavailableStatus::Unavailable, nearest })
    }
}
