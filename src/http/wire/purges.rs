//! Purges of CDNs and their deliveries.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    cdn::purge::{Outcome, OutcomeState},
    db::purges::Delivery,
    domain::names::{ConfigId, ProductId},
};

use super::timestamp::Timestamp;

/// A purge: by tags, a configuration, a product, or several of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurgeRequest {
    #[serde(default)]
    #[schema(max_items = 256)]
    pub(crate) tags: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ConfigId>, nullable = false)]
    pub(crate) configuration: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<ProductId>, nullable = false)]
    pub(crate) product: Option<String>,
    /// Whether CDNs that can may serve the stale copy while they load a new one.
    #[serde(default)]
    pub(crate) soft: bool,
}

/// Refuses null, which may be a mistake in a script.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// The state of a purge at each CDN.
#[derive(Serialize, ToSchema)]
pub(crate) struct Purged {
    pub(crate) purged: Vec<DeliveryState>,
}

/// The state of a purge at one CDN.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryState {
    /// Its name in the settings.
    name: String,
    #[schema(value_type = CdnKind)]
    kind: &'static str,
    state: PurgeState,
    /// Why it is not purged.
    error: Option<String>,
    /// When the purge is sent again.
    next: Option<Timestamp>,
}

/// A kind of CDN. It is the schema of a word of the settings.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum CdnKind {
    /// Varnish.
    Varnish,
    /// nginx.
    Nginx,
    /// Fastly.
    Fastly,
    /// Cloudflare.
    Cloudflare,
    /// CloudFront.
    Cloudfront,
    /// Akamai.
    Akamai,
    /// Any server that takes the purge as JSON.
    Webhook,
}

/// The state of a purge.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PurgeState {
    /// The CDN acknowledged it.
    Purged,
    /// The CDN did not acknowledge it; the server sends it again.
    Pending,
    /// The server no longer sends it.
    Failed,
    /// The CDN purges by address only, and the purge has only tags.
    Skipped,
}

impl From<Outcome> for DeliveryState {
    fn from(told: Outcome) -> Self {
        let error = told.state.error().map(str::to_owned);
        let (state, next) = match told.state {
            OutcomeState::Pending { next_at_ms, .. } => (PurgeState::Pending, Some(Timestamp(next_at_ms))),
            OutcomeState::Purged => (PurgeState::Purged, None),
            OutcomeState::Failed { .. } => (PurgeState::Failed, None),
            OutcomeState::Skipped => (PurgeState::Skipped, None),
        };
        Self { name: told.name, kind: told.kind.as_str(), state, error, next }
    }
}

/// The CDNs, and the deliveries that they have not acknowledged.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deliveries {
    pub(crate) caches: Vec<Cdn>,
    /// The newest first.
    pub(crate) deliveries: Vec<OpenDelivery>,
}

/// A CDN in the settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cdn {
    pub(crate) name: String,
    #[schema(value_type = CdnKind)]
    pub(crate) kind: &'static str,
}

/// A purge that a CDN has not acknowledged.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenDelivery {
    id: i64,
    /// The CDN.
    name: String,
    /// What is purged.
    subject: String,
    soft: bool,
    state: OpenState,
    /// Failed attempts.
    attempts: u32,
    created: Timestamp,
    /// When the purge is sent again.
    next: Option<Timestamp>,
    error: Option<String>,
}

/// The state of an open delivery.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OpenState {
    /// The server sends it again.
    Pending,
    /// The server no longer sends it.
    Failed,
}

impl From<Delivery> for OpenDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, subject, target, soft, failed, attempts, next_at_ms, error, at_ms, .. } = delivery;
        let (state, next) = if failed {
            (OpenState::Failed, None)
        } else {
            (OpenState::Pending, Some(Timestamp(next_at_ms)))
        };
        Self { id, name: target, subject, soft, state, attempts, created: Timestamp(at_ms), next, error }
    }
}
