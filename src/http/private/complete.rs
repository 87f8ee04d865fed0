//! Frame sets that commit themselves: those that have as many frames as was announced.

use crate::{
    db::framesets::FramesetError,
    domain::{
        audit::Actor,
        frameset::{FramesetId, FramesetState},
    },
    http::{catalog::Catalog, problem::Error},
};

/// Commits a set that has as many frames as the client announced.
pub(super) async fn commit_if_complete(
    catalog: &Catalog,
    id: &FramesetId,
    actor: &Actor,
) -> Result<(), Error> {
    let Some(set) = catalog.db.frameset(id).await? else { return Ok(()) };
    if set.state == FramesetState::Open && set.wanted.expected.is_some_and(|expected| set.frames >= expected)
    {
        // Any other error: another request has emptied or discarded the set meanwhile.
        if let Err(FramesetError::Db(error)) = catalog.db.commit_frameset(id, actor).await {
            return Err(error.into());
        }
    }
    Ok(())
}
