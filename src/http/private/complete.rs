//! Frame sets that commit themselves: those that have as many frames as was announced.

use std::time::Duration;

use crate::{
    checks::Checks,
    domain::{audit::Actor, frameset::FramesetId},
    http::problem::Error,
};

/// How long a request waits for a check before it answers: shorter than the timeouts of common proxies.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Commits a set that has as many frames as the client announced, unless the check of them asks something.
pub(super) async fn commit_if_complete(checks: &Checks, id: &FramesetId, actor: &Actor) -> Result<(), Error> {
    Ok(checks.commit_if_complete(id, PATIENCE, actor).await?)
}
