//! What checks found, beside the files of their set: for this server and the others.

use std::io::{self, Write as _};

use assets_pipeline::digest::Digest;
use tokio::fs;

use crate::{domain::frameset::FramesetId, whole_file};

use super::{Staging, StagingError, failed};

impl Staging {
    /// Keeps what a check of a revision of the set found, for this server and the others.
    pub async fn keep_findings(
        &self,
        set: &FramesetId,
        revision: Digest,
        found: &[u8],
    ) -> Result<(), StagingError> {
        let name = findings_name(revision);
        if let Some(shared) = &self.shared {
            return shared.keep_findings(set, &name, found).await;
        }
        let path = self.set(set).join(name);
        let found = found.to_vec();
        let written = tokio::task::spawn_blocking(move || {
            let mut file = whole_file::beside(&path)?;
            file.write_all(&found)?;
            file.persist(path).map(drop).map_err(io::Error::from)
        });
        written.await.map_err(io::Error::other).flatten().map_err(failed("keep"))
    }

    /// What a check of a revision of the set found, by this version of the program, if it was kept.
    pub async fn findings(
        &self,
        set: &FramesetId,
        revision: Digest,
    ) -> Result<Option<Vec<u8>>, StagingError> {
        let name = findings_name(revision);
        if let Some(shared) = &self.shared {
            return shared.findings(set, &name).await;
        }
        match fs::read(self.set(set).join(name)).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read")(error)),
        }
    }
}

/// Another version may find something else in the same frames.
fn findings_name(revision: Digest) -> String {
    format!("findings-{}-{revision}.json", env!("CARGO_PKG_VERSION"))
}
