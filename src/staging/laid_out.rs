//! The frames of a set as a folder: links under their names, for what reads folders.
//!
//! Each use has a folder of its own, `work/turn-SET-…`, however many processes look at a set at once: a worker that has
//! lost its lease may work on for a while. A folder is removed when it is dropped, and one of a process that died is found.

use std::{fs, io, path::PathBuf};

use crate::{
    db::framesets::StoredFrame,
    domain::frameset::FramesetId,
    held_folder::{HeldFolder, remove_abandoned},
};

use super::{Staging, StagingError, absent, entries};

const FRAMES: &str = "frames";

/// A set's frames under their names, until it is dropped.
#[derive(Debug)]
pub struct LaidOut(HeldFolder);

impl LaidOut {
    /// The folder of the frames.
    pub fn path(&self) -> PathBuf {
        self.0.path().join(FRAMES)
    }
}

impl Staging {
    /// Makes a folder of a set's frames under their names, as links.
    pub async fn lay_out(&self, set: &FramesetId, frames: &[StoredFrame]) -> io::Result<LaidOut> {
        match self.link_out(set, frames).await {
            // Another process of this folder has just dropped copies that it took for old.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_shared() => {
                self.link_out(set, frames).await
            }
            laid_out => laid_out,
        }
    }

    async fn link_out(&self, set: &FramesetId, frames: &[StoredFrame]) -> io::Result<LaidOut> {
        self.bring(set, frames).await.map_err(|error| error.source)?;
        let files: Vec<_> =
            frames.iter().map(|frame| (self.file(set, frame.digest), frame.name.clone())).collect();
        let (work, prefix) = (self.work.clone(), format!("turn-{set}-"));
        let laid_out = tokio::task::spawn_blocking(move || {
            fs::create_dir_all(&work)?;
            let laid_out = LaidOut(HeldFolder::within(&work, &prefix)?);
            let folder = laid_out.path();
            fs::create_dir(&folder)?;
            for (file, name) in files {
                fs::hard_link(file, folder.join(name.as_str()))?;
            }
            Ok(laid_out)
        });
        laid_out.await.map_err(io::Error::other)?
    }

    /// The sets that are laid out.
    pub(super) async fn laid_out_sets(&self) -> Result<Vec<FramesetId>, StagingError> {
        Ok(entries(&self.work).await?.iter().filter_map(|name| set_of(name)).collect())
    }

    /// Removes the folders in which a set is laid out: links would keep its files on disk.
    pub(super) async fn discard_laid_out(&self, set: &FramesetId) -> Result<(), StagingError> {
        for name in entries(&self.work).await? {
            if set_of(&name).as_ref() == Some(set) {
                absent(tokio::fs::remove_dir_all(self.work.join(name)).await)?;
            }
        }
        Ok(())
    }

    /// Removes the folders that processes which died have left.
    pub async fn discard_abandoned(&self) -> Result<(), StagingError> {
        for name in entries(&self.work).await? {
            if set_of(&name).is_some() {
                let folder = self.work.join(name);
                let removed = tokio::task::spawn_blocking(move || remove_abandoned(&folder));
                absent(removed.await.map_err(io::Error::other).flatten())?;
            }
        }
        Ok(())
    }
}

/// The set that a folder of the work folder shows. Other folders there belong to no set.
fn set_of(name: &str) -> Option<FramesetId> {
    name.strip_prefix("turn-")?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set with a frame.
    async fn set() -> (tempfile::TempDir, Staging, FramesetId, StoredFrame) {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        let set = FramesetId::new([7; 16]);
        let mut file = staging.begin(&set).await.unwrap();
        file.append(b"frame").await.unwrap();
        let whole = file.whole().await.unwrap();
        file.keep(&staging, &set, &whole).await.unwrap();
        let frame = StoredFrame { name: "1.png".parse().unwrap(), bytes: 5, digest: whole.digest };
        (folder, staging, set, frame)
    }

    fn folders(staging: &Staging) -> usize {
        fs::read_dir(&staging.work).unwrap().count()
    }

    #[tokio::test]
    async fn two_that_look_at_a_set_share_no_folder() {
        let (_data, staging, set, frame) = set().await;
        let frames = [frame];
        let lost = staging.lay_out(&set, &frames).await.unwrap();
        let again = staging.lay_out(&set, &frames).await.unwrap();
        assert_ne!(lost.path(), again.path());
        // What the first one does at its end does not concern the second one.
        fs::remove_file(lost.path().join("1.png")).unwrap();
        drop(lost);
        assert_eq!(fs::read(again.path().join("1.png")).unwrap(), b"frame");
        assert_eq!(folders(&staging), 1);
        drop(again);
        assert_eq!(folders(&staging), 0);
    }

    #[tokio::test]
    async fn what_a_process_that_died_has_laid_out_is_removed_and_nothing_else() {
        let (_data, staging, set, frame) = set().await;
        let frames = [frame];
        let used = staging.lay_out(&set, &frames).await.unwrap();
        let LaidOut(held) = staging.lay_out(&set, &frames).await.unwrap();
        staging.discard_abandoned().await.unwrap();
        assert_eq!(folders(&staging), 2);
        let dead = held.die();
        staging.discard_abandoned().await.unwrap();
        assert!(!dead.exists() && used.path().join("1.png").exists());
    }

    #[tokio::test]
    async fn a_frame_whose_file_is_gone_leaves_no_folder() {
        let (_data, staging, set, frame) = set().await;
        fs::remove_file(staging.file(&set, frame.digest)).unwrap();
        let error = staging.lay_out(&set, &[frame]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(folders(&staging), 0);
    }
}
