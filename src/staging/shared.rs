//! What all servers and workers share of the staging area, where the store is a bucket. The folder of each is scratch then.
//!
//! `staged/SET/files/DIGEST` is a whole file, `staged/SET/uploads/UPLOAD/FIRST-DIGEST-FENCE` a part of a resumable upload, and
//! `staged/SET/encodes/DIGEST` some encodes of its job, `staged/SET/findings-…` what a check found. Artists get no access to this place, other than to `incoming/`.
//!
//! Parts of an upload are objects and not parts of an S3 upload: those cannot be read before their upload is complete, have to
//! have 5 MiB, and are at most 10,000. See `docs/decisions/uploads-in-the-store.md`.

use std::{io, path::Path};

use assets_pipeline::digest::Digest;

use crate::{
    db::{framesets::StoredFrame, uploads::UploadPart},
    domain::frameset::{FramesetId, UploadId},
    store::Connection,
};

use super::{
    InboxError, StagingError,
    area::{self, Area, Contents, Listed},
};

/// The most batches of encodes that a job finds again; one has several.
const MAX_BATCHES: usize = 10_000;

/// The place in the bucket; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    area: Area,
}

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    did: &'static str,
) -> impl Fn(E) -> StagingError {
    move |failure| super::failed(did)(io::Error::other(failure))
}

/// What a set's object could not be read for; an object that is gone is a file that does not exist, and one of another length
/// is damaged.
pub(super) fn unread(error: InboxError) -> StagingError {
    let kind = match &error {
        InboxError::Gone => io::ErrorKind::NotFound,
        InboxError::Bucket { source, .. } if area::is_of_another_length(source.as_ref()) => {
            io::ErrorKind::InvalidData
        }
        InboxError::Bucket { .. } => io::ErrorKind::Other,
    };
    super::failed("fetch")(io::Error::new(kind, error))
}

impl Shared {
    pub(super) fn of(connection: &Connection) -> Self {
        Self { area: Area::of(connection, connection.staged_prefix()) }
    }

    /// Keeps a whole file.
    pub(super) async fn keep(
        &self,
        set: &FramesetId,
        digest: Digest,
        file: &Path,
        bytes: u64,
    ) -> Result<(), StagingError> {
        self.area.put_file(&file_name(set, digest), file, bytes).await.map_err(failed("keep"))
    }

    /// Begins to read a whole file.
    pub(super) fn read(&self, set: &FramesetId, frame: &StoredFrame) -> Contents {
        self.area.read(&file_name(set, frame.digest), frame.bytes, None)
    }

    /// Keeps a part of an upload.
    pub(super) async fn keep_part(
        &self,
        set: &FramesetId,
        upload: &UploadId,
        part: &UploadPart,
        bytes: &[u8],
    ) -> Result<(), StagingError> {
        self.area.put(&part_name(set, upload, part), bytes).await.map_err(failed("keep"))
    }

    /// Begins to read a part of an upload.
    pub(super) fn read_part(&self, set: &FramesetId, upload: &UploadId, part: &UploadPart) -> Contents {
        self.area.read(&part_name(set, upload, part), part.bytes, None)
    }

    /// Removes a part of an upload.
    pub(super) async fn remove_part(
        &self,
        set: &FramesetId,
        upload: &UploadId,
        part: &UploadPart,
    ) -> Result<(), StagingError> {
        self.area.remove(&part_name(set, upload, part)).await.map_err(failed("remove"))
    }

    /// Removes all parts of an upload.
    pub(super) async fn remove_parts(&self, set: &FramesetId, upload: &UploadId) -> Result<(), StagingError> {
        self.area.clear(&format!("{set}/uploads/{upload}/")).await.map_err(failed("remove"))
    }

    /// Keeps encodes of a set's job.
    pub(super) async fn keep_encodes(&self, set: &FramesetId, batch: &[u8]) -> Result<(), StagingError> {
        let name = format!("{}{}", encodes(set), Digest::of(batch));
        self.area.put(&name, batch).await.map_err(failed("keep"))
    }

    /// The encodes of a set's job: each batch with its name, which is the digest of its bytes.
    pub(super) async fn batches(&self, set: &FramesetId) -> Result<Vec<(String, Contents)>, StagingError> {
        let place = encodes(set);
        let listed = self.area.list(&place, MAX_BATCHES).await.map_err(failed("list"))?;
        let contents = |Listed { name, bytes, .. }| {
            let contents = self.area.read(&format!("{place}{name}"), bytes, None);
            (name, contents)
        };
        Ok(listed.into_iter().map(contents).collect())
    }

    /// Removes the parts of all uploads of a set.
    pub(super) async fn remove_uploads(&self, set: &FramesetId) -> Result<(), StagingError> {
        self.area.clear(&format!("{set}/uploads/")).await.map_err(failed("remove"))
    }

    /// Removes the encodes of a set's job.
    pub(super) async fn remove_encodes(&self, set: &FramesetId) -> Result<(), StagingError> {
        self.area.clear(&encodes(set)).await.map_err(failed("remove"))
    }

    /// Keeps what a check of the set found.
    pub(super) async fn keep_findings(
        &self,
        set: &FramesetId,
        name: &str,
        found: &[u8],
    ) -> Result<(), StagingError> {
        self.area.put(&format!("{set}/{name}"), found).await.map_err(failed("keep"))
    }

    /// What a check of the set found, if it was kept.
    pub(super) async fn findings(
        &self,
        set: &FramesetId,
        name: &str,
    ) -> Result<Option<Vec<u8>>, StagingError> {
        self.area.get(&format!("{set}/{name}")).await.map_err(failed("fetch"))
    }

    /// Removes all of a set.
    pub(super) async fn discard_set(&self, set: &FramesetId) -> Result<(), StagingError> {
        self.area.clear(&format!("{set}/")).await.map_err(failed("remove"))
    }

    /// The sets that have something here.
    pub(super) async fn sets(&self) -> Result<Vec<FramesetId>, StagingError> {
        self.area.sets().await.map_err(failed("list"))
    }
}

fn file_name(set: &FramesetId, digest: Digest) -> String {
    format!("{set}/files/{digest}")
}

fn part_name(set: &FramesetId, upload: &UploadId, part: &UploadPart) -> String {
    format!("{set}/uploads/{upload}/{}-{}-{}", part.first_byte, part.digest, part.fence)
}

fn encodes(set: &FramesetId) -> String {
    format!("{set}/encodes/")
}
