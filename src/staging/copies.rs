//! Copies in this folder of what is in the bucket: brought where something needs them, and dropped when nothing does.

use std::{io, time::Duration};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::fs;

use crate::{db::framesets::StoredFrame, domain::frameset::FramesetId};

use super::{
    Staging, StagingError, absent, entries, failed,
    shared::{Shared, unread},
};

/// Files of a set that are brought from the bucket at once.
const BROUGHT_AT_ONCE: usize = 8;

impl Staging {
    /// Brings whole files that other servers took into this folder.
    pub async fn bring(&self, set: &FramesetId, frames: &[StoredFrame]) -> Result<(), StagingError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let mut brought = Vec::new();
        for frame in frames {
            if !fs::try_exists(self.file(set, frame.digest)).await.map_err(failed("find"))? {
                brought.push(self.bring_one(shared, set, frame));
            }
        }
        stream::iter(brought).buffer_unordered(BROUGHT_AT_ONCE).try_collect().await
    }

    async fn bring_one(
        &self,
        shared: &Shared,
        set: &FramesetId,
        frame: &StoredFrame,
    ) -> Result<(), StagingError> {
        let mut file = self.begin(set).await?;
        let mut contents = shared.read(set, frame);
        while let Some(chunk) = contents.next().await.map_err(unread)? {
            file.append(chunk.as_ref()).await?;
        }
        if file.whole().await?.digest != frame.digest {
            let damaged = io::Error::new(io::ErrorKind::InvalidData, "a frame in the bucket is damaged");
            return Err(failed("fetch")(damaged));
        }
        file.link(self, set, frame.digest).await
    }

    /// Puts a whole file of this folder where other servers find it.
    pub(super) async fn share(
        &self,
        set: &FramesetId,
        digest: Digest,
        bytes: u64,
    ) -> Result<(), StagingError> {
        match &self.shared {
            Some(shared) => shared.keep(set, digest, &self.file(set, digest), bytes).await,
            None => Ok(()),
        }
    }

    /// Removes what uploads and jobs of a committed set have left in the bucket.
    pub async fn drop_leftovers(&self, set: &FramesetId) -> Result<(), StagingError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        shared.remove_uploads(set).await?;
        shared.remove_encodes(set).await
    }

    /// Removes the copies that this folder has of a set whose files are in the bucket. Whatever needs one brings it again.
    pub async fn drop_copies(&self, set: &FramesetId) -> Result<(), StagingError> {
        if self.is_shared() { absent(fs::remove_dir_all(self.files(set)).await) } else { Ok(()) }
    }

    /// Removes the copies of sets to which none came for so long.
    pub async fn drop_old_copies(&self, age: Duration) -> Result<(), StagingError> {
        for name in entries(&self.root).await? {
            let Ok(set) = name.parse() else { continue };
            let modified = fs::metadata(self.files(&set)).await.and_then(|files| files.modified());
            if modified.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed >= age)) {
                self.drop_copies(&set).await?;
            }
        }
        Ok(())
    }
}
