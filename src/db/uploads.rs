//! Resumable uploads that have begun.

use sqlx::FromRow;

use crate::domain::{
    frameset::{Conditions, FileName, FramesetId, UploadId, UploadLimits},
    keys::KeyId,
};

use super::{
    Db, DbError, bytes,
    framesets::{FramesetError, require_open, touch},
    from_bytes, parse, random,
    staged::{Left, TooMuch, staged_bytes},
};

/// An upload and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUpload {
    /// Its id.
    pub id: UploadId,
    /// The set that its file belongs to.
    pub frameset: FramesetId,
    /// The file that it becomes.
    pub name: FileName,
    /// Its length in bytes.
    pub length: u64,
    /// Bytes that are on disk for certain.
    pub received: u64,
    /// `Upload-Metadata` as it was sent.
    pub metadata: String,
    /// Which frame it may take the place of.
    pub conditions: Conditions,
    /// Whether its file is a frame of the set.
    pub finished: bool,
    /// When bytes of it came last, in milliseconds since 1970-01-01 UTC.
    pub touched_at_ms: i64,
}

/// An upload as a client announces it.
#[derive(Debug, Clone, Copy)]
pub struct NewUpload<'a> {
    /// The set that its file belongs to.
    pub frameset: &'a FramesetId,
    /// The file that it becomes.
    pub name: &'a FileName,
    /// Its length in bytes, all of which are promised from now on.
    pub length: u64,
    /// `Upload-Metadata` as it was sent.
    pub metadata: &'a str,
    /// Which frame it may take the place of.
    pub conditions: &'a Conditions,
}

/// Why an upload did not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginUploadError {
    /// The set takes no more files.
    #[error(transparent)]
    Frameset(#[from] FramesetError),
    /// The set has this many uploads under way.
    #[error("a frame set has at most {0} uploads under way")]
    TooMany(u32),
    /// It does not fit.
    #[error("the upload does not fit: {0:?}")]
    TooMuch(TooMuch),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

#[derive(FromRow)]
struct UploadRow {
    id: String,
    frameset_id: String,
    name: String,
    length: i64,
    received: i64,
    metadata: String,
    if_match: Option<String>,
    if_none_match: Option<String>,
    finished: bool,
    touched_at_ms: i64,
}

impl UploadRow {
    fn upload(self) -> Result<StoredUpload, DbError> {
        Ok(StoredUpload {
            id: parse("upload", &self.id)?,
            frameset: parse("frame set", &self.frameset_id)?,
            name: FileName::known(self.name),
            length: bytes(self.length),
            received: bytes(self.received),
            metadata: self.metadata,
            conditions: Conditions { if_match: self.if_match, if_none_match: self.if_none_match },
            finished: self.finished,
            touched_at_ms: self.touched_at_ms,
        })
    }
}

impl Db {
    /// Begins an upload of a key's set, if there is room for all of it. What no row knows is taken off `left` already.
    pub async fn begin_upload(
        &self,
        new: NewUpload<'_>,
        key: &KeyId,
        limits: &UploadLimits,
        left: Left,
    ) -> Result<StoredUpload, BeginUploadError> {
        const SQL: &str =
            "insert into uploads (id, frameset_id, name, length, received, metadata, if_match, if_none_match, touched_at_ms)
            select $1, $2, $3, $4, 0, $5, $6, $7, $8
            where (select count(*) from uploads where frameset_id = $2 and not finished) < $9
            returning *";
        let NewUpload { frameset, name, length, metadata, conditions } = new;
        let id = UploadId::new(random()?);
        let mut tx = self.write("uploads.begin").await?;
        require_open(&mut tx, frameset).await?;
        let known = staged_bytes(&mut tx, key).await?;
        left.require(length, known, limits).map_err(BeginUploadError::TooMuch)?;
        let row: Option<UploadRow> = tx
            .run("uploads.insert", SQL)
            .bind(id.as_str())
            .bind(frameset.as_str())
            .bind(name.as_str())
            .bind(from_bytes(length))
            .bind(metadata)
            .bind(conditions.if_match.as_deref())
            .bind(conditions.if_none_match.as_deref())
            .bind(self.now_ms())
            .bind(limits.set_max_files)
            .optional()
            .await?;
        let upload = row.ok_or(BeginUploadError::TooMany(limits.set_max_files))?.upload()?;
        tx.commit().await?;
        Ok(upload)
    }

    /// An upload, whether it is finished or not.
    pub async fn upload(&self, id: &UploadId) -> Result<Option<StoredUpload>, DbError> {
        let row: Option<UploadRow> = self
            .read("uploads.get", "select * from uploads where id = $1")
            .bind(id.as_str())
            .optional()
            .await?;
        row.map(UploadRow::upload).transpose()
    }

    /// Notes how many bytes are on disk, and that the upload and its set are in use. Returns whether the upload still
    /// exists.
    pub async fn note_received(&self, upload: &StoredUpload, received: u64) -> Result<bool, DbError> {
        const SQL: &str = "update uploads set received = $1, touched_at_ms = $2 where id = $3";
        let mut tx = self.write("uploads.note_received").await?;
        let statement = tx.run("uploads.set_received", SQL).bind(from_bytes(received)).bind(self.now_ms());
        if statement.bind(upload.id.as_str()).execute().await? == 0 {
            return Ok(false);
        }
        touch(&mut tx, &upload.frameset).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that an upload's file is a frame of its set. The upload stays until it expires, for clients that missed
    /// the answer.
    pub async fn finish_upload(&self, id: &UploadId) -> Result<(), DbError> {
        let statement = self.run("uploads.finish", "update uploads set finished = true where id = $1");
        statement.bind(id.as_str()).execute().await?;
        Ok(())
    }

    /// Deletes an upload. Returns whether it existed.
    pub async fn delete_upload(&self, id: &UploadId) -> Result<bool, DbError> {
        let statement = self.run("uploads.delete", "delete from uploads where id = $1");
        Ok(statement.bind(id.as_str()).execute().await? == 1)
    }

    /// Deletes uploads that received nothing since a moment, and returns them: the caller deletes their files.
    pub async fn expire_uploads(&self, untouched_since_ms: i64) -> Result<Vec<StoredUpload>, DbError> {
        let rows: Vec<UploadRow> = self
            .run("uploads.expire", "delete from uploads where touched_at_ms < $1 returning *")
            .bind(untouched_since_ms)
            .all()
            .await?;
        rows.into_iter().map(UploadRow::upload).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::Actor;

    const LIMITS: UploadLimits = UploadLimits {
        frame_max_bytes: 100,
        archive_max_bytes: 100,
        set_max_files: 1,
        key_max_open_sets: 1,
        key_max_bytes: 200,
        disk_min_free_bytes: 0,
        expire_hours: 1,
    };

    #[tokio::test]
    async fn an_upload_is_resumed_where_it_was_and_goes_with_its_set() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let actor = Actor::command_line();
        let set = db.open_plain_frameset().await;
        let key = db.frameset(&set).await.unwrap().unwrap().key;
        let name = "001.png".parse().unwrap();
        let begin = async || {
            let conditions = &Conditions { if_match: None, if_none_match: Some("*".to_owned()) };
            let metadata = "filename MDAx";
            let new = NewUpload { frameset: &set, name: &name, length: 100, metadata, conditions };
            let left = Left { on_disk: Some(100), to_key: Some(200) };
            db.begin_upload(new, &key, &LIMITS, left).await
        };
        let upload = begin().await.unwrap();
        assert!(matches!(begin().await, Err(BeginUploadError::TooMuch(TooMuch::Disk))));
        assert!(db.note_received(&upload, 60).await.unwrap());
        db.finish_upload(&upload.id).await.unwrap();
        let other = begin().await.unwrap();
        db.note_received(&other, 100).await.unwrap();
        assert!(matches!(begin().await, Err(BeginUploadError::TooMany(1))));
        assert!(db.delete_upload(&other.id).await.unwrap());
        let resumed = db.upload(&upload.id).await.unwrap().unwrap();
        assert_eq!((resumed.received, resumed.length, resumed.finished), (60, 100, true));
        assert_eq!(resumed.conditions.if_none_match.as_deref(), Some("*"));

        assert_eq!(db.expire_uploads(0).await.unwrap(), []);
        db.discard_frameset(&set, &actor).await.unwrap();
        assert_eq!(db.upload(&upload.id).await.unwrap(), None);
        assert!(!db.note_received(&upload, 70).await.unwrap());
        assert!(matches!(begin().await, Err(BeginUploadError::Frameset(FramesetError::NoSuchFrameset))));
        assert!(!db.delete_upload(&upload.id).await.unwrap());
    }
}
