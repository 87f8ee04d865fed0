//! The deliveries of a purge, in the answer to the request that caused it.

use std::time::Duration;

use crate::{
    cdn::purge::{Purger, Rounds},
    domain::purge::Purge,
};

use super::{problem::Error, wire::purges::DeliveryState};

/// How long an answer waits for CDNs. Deliveries that take longer continue in the background.
const PATIENCE: Duration = Duration::from_secs(4);

/// Waits until each CDN was tried, for a few seconds at most. `purge` is the content of purges that were just written.
pub(super) async fn wait_until_delivered(
    purger: &Purger,
    purges: &[i64],
    purge: Option<&Purge>,
) -> Result<Vec<DeliveryState>, Error> {
    let told = purger.wait_until_delivered(purges, purge, Rounds::First, PATIENCE).await?;
    Ok(told.into_iter().map(Into::into).collect())
}
