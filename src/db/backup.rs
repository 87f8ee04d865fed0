//! A copy of an embedded database as it is at one moment, and what it needs beside the store.

use std::path::Path;

use assets_pipeline::digest::Digest;

use crate::domain::frameset::{FramesetId, UploadId};

use super::{Db, DbError, bytes, parse};

/// A file in the staging area that a database names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagedFile {
    /// A frame of a set, by its content.
    Frame(FramesetId, Digest),
    /// A resumable upload that is not finished, and how many of its bytes are on disk for certain.
    Upload(FramesetId, UploadId, u64),
}

impl Db {
    /// Writes the database as it is at this moment into a new file, while it is read and written. Answers whether there is
    /// a file to copy: a server has its own programs for that.
    pub async fn copy_into(&self, file: &Path) -> Result<bool, DbError> {
        self.pools.copy_into("backup.vacuum", file).await
    }

    /// The files in the staging area that this database names.
    pub async fn staged_files(&self) -> Result<Vec<StagedFile>, DbError> {
        let frames: Vec<(String, String)> = self
            .read(
                "frames.files",
                "select distinct frameset_id, digest from frames order by frameset_id, digest",
            )
            .all()
            .await?;
        let uploads: Vec<(String, String, i64)> = self
            .read(
                "uploads.files",
                "select frameset_id, id, received from uploads where not finished and received > 0 order by id",
            )
            .all()
            .await?;
        let frames = frames
            .iter()
            .map(|(set, digest)| Ok(StagedFile::Frame(parse("frame set", set)?, parse("digest", digest)?)));
        let uploads = uploads.iter().map(|(set, id, received)| {
            Ok(StagedFile::Upload(parse("frame set", set)?, parse("upload", id)?, bytes(*received)))
        });
        frames.chain(uploads).collect()
    }
}
