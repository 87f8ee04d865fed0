//! Launches: sales that are known beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{domain::alerts::WrittenLaunch, launches::Listed};

use super::timestamp::Timestamp;

/// Every launch, the earliest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchList {
    launches: Vec<Launch>,
}

/// A sale that is known beforehand.
#[derive(Serialize, ToSchema)]
pub(crate) struct Launch {
    /// Its number, where it was planned while servers ran; those of the settings have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<i64>,
    #[schema(examples("autumn sale"))]
    name: String,
    from: Timestamp,
    to: Timestamp,
    /// What is sold; none: everything.
    #[schema(examples(json!(["ring.solitaire"])))]
    products: Vec<String>,
    /// Addresses of caches in front, which are warmed too.
    #[schema(examples(json!(["https://cdn.shop.example"])))]
    edges: Vec<String>,
    /// Whether alerts have tighter bounds now, and work rests that can wait.
    on: bool,
}

/// A launch to plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchRequest {
    /// On one line; no other launch has it.
    #[schema(min_length = 1, max_length = 100, examples("autumn sale"))]
    name: String,
    /// RFC 3339, with the offset from UTC.
    #[schema(format = DateTime, examples("2026-11-27T06:00:00+01:00"))]
    from: String,
    /// When it ends.
    #[schema(format = DateTime, examples("2026-11-30T23:59:00+01:00"))]
    to: String,
    /// Products whose live spins are loaded into memory beforehand; the most popular ones where it is left out.
    #[serde(default)]
    #[schema(max_items = 500)]
    products: Vec<String>,
    /// Addresses of the CDN or of caches in front, as visitors have them.
    #[serde(default)]
    #[schema(max_items = 50)]
    edges: Vec<String>,
}

impl LaunchList {
    /// What is known of a moment.
    pub(crate) fn of(listed: Vec<Listed>, now_ms: i64) -> Self {
        let launch = |Listed { id, launch }: Listed| Launch {
            id,
            on: launch.is_on(now_ms),
            from: Timestamp(launch.from_ms),
            to: Timestamp(launch.until_ms),
            products: launch.products.iter().map(ToString::to_string).collect(),
            name: launch.name,
            edges: launch.edges,
        };
        Self { launches: listed.into_iter().map(launch).collect() }
    }
}

impl From<LaunchRequest> for WrittenLaunch {
    fn from(request: LaunchRequest) -> Self {
        let LaunchRequest { name, from, to, products, edges } = request;
        Self { name, from, to, products, edges }
    }
}
