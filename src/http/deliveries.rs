//! The deliveries of a purge, in the answer to the request that caused it.

use std::time::Duration;

use serde::Serialize;

use crate::{
    cdn::purge::{Heard, Purger, Told, ToldState},
    domain::purge::Purge,
};

use super::{problem::Error, timestamp::Timestamp};

/// How long an answer waits for CDNs. Deliveries that take longer continue in the background.
const PATIENCE: Duration = Duration::from_secs(4);

/// The state of a purge at one CDN.
#[derive(Serialize)]
pub(super) struct DeliveryAnswer {
    name: String,
    kind: &'static str,
    state: &'static str,
    error: Option<String>,
    next: Option<Timestamp>,
}

impl From<Told> for DeliveryAnswer {
    fn from(told: Told) -> Self {
        let next = match told.state {
            ToldState::Pending { next_at_ms, .. } => Some(Timestamp(next_at_ms)),
            ToldState::Purged | ToldState::Failed { .. } | ToldState::Skipped => None,
        };
        let (state, error) = (told.state.as_str(), told.state.error().map(str::to_owned));
        Self { name: told.name, kind: told.kind.as_str(), state, error, next }
    }
}

/// Waits until each CDN was tried, for a few seconds at most. `purge` is the content of purges that were just written.
pub(super) async fn wait_until_delivered(
    purger: &Purger,
    purges: &[i64],
    purge: Option<&Purge>,
) -> Result<Vec<DeliveryAnswer>, Error> {
    let told = purger.settle(purges, purge, Heard::Once, PATIENCE).await?;
    Ok(told.into_iter().map(Into::into).collect())
}
