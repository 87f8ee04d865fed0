//! Resumable uploads that have begun.

use assets_pipeline::digest::Digest;
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
    /// Raised by each request that takes the upload over: what an earlier one would note is refused.
    pub fence: i64,
    /// The process that noted the bytes which came last; empty where none has.
    pub writer: String,
    /// The bytes that are in the bucket, in the order of the file and without a gap; none where the store is a folder.
    pub parts: Vec<UploadPart>,
}

/// Bytes of an upload that are in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Of the request that put them: two that put the same bytes have parts of their own.
    pub fence: i64,
    /// The place of the first one in the file.
    pub first_byte: u64,
    /// How many they are.
    pub bytes: u64,
    /// BLAKE3 of them.
    pub digest: Digest,
}

impl UploadPart {
    /// The place after its last byte.
    pub fn end(&self) -> u64 {
        self.first_byte + self.bytes
    }
}

/// How far an upload is, as the request says that writes to it.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Bytes that are safe.
    pub bytes: u64,
    /// The process that has all of them on its disk.
    pub writer: &'a str,
    /// Parts that are new in the bucket. They take the place of those that begin at the first of them, or after it.
    pub parts: &'a [UploadPart],
}

/// What became of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It is written down.
    Written,
    /// Another request has taken the upload over.
    TakenOver,
    /// The upload does not exist any more.
    Gone,
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
    fence: i64,
    writer: String,
}

#[derive(FromRow)]
struct PartRow {
    fence: i64,
    first_byte: i64,
    bytes: i64,
    digest: String,
}

impl PartRow {
    fn part(self) -> Result<UploadPart, DbError> {
        let (first_byte, bytes) = (bytes(self.first_byte), bytes(self.bytes));
        Ok(UploadPart { fence: self.fence, first_byte, bytes, digest: parse("digest", &self.digest)? })
    }
}

const PARTS: &str =
    "select fence, first_byte, bytes, digest from upload_parts where upload_id = $1 order by first_byte";

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
            fence: self.fence,
            writer: self.writer,
            parts: Vec::new(),
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

    /// An upload, which belongs to the caller from now on: what others would note of it is refused.
    pub async fn take_upload(&self, id: &UploadId) -> Result<Option<StoredUpload>, DbError> {
        const SQL: &str = "update uploads set fence = fence + 1 where id = $1 returning *";
        let mut tx = self.write("uploads.take").await?;
        let row: Option<UploadRow> = tx.run("uploads.raise_fence", SQL).bind(id.as_str()).optional().await?;
        let Some(row) = row else { return Ok(None) };
        let mut upload = row.upload()?;
        let parts: Vec<PartRow> = tx.run("upload_parts.list", PARTS).bind(id.as_str()).all().await?;
        upload.parts = parts.into_iter().map(PartRow::part).collect::<Result<_, _>>()?;
        tx.commit().await?;
        Ok(Some(upload))
    }

    /// Whether the upload belongs to another request by now, or does not exist any more.
    pub async fn is_taken_over(&self, upload: &StoredUpload) -> Result<bool, DbError> {
        const SQL: &str = "select fence from uploads where id = $1";
        let fence: Option<i64> =
            self.read("uploads.fence", SQL).bind(upload.id.as_str()).optional_scalar().await?;
        Ok(fence != Some(upload.fence))
    }

    /// Notes how many bytes are safe and where, and that the upload and its set are in use.
    pub async fn note_received(
        &self,
        upload: &StoredUpload,
        Received { bytes, writer, parts }: Received<'_>,
    ) -> Result<Noted, DbError> {
        const SQL: &str = "update uploads set received = $1, touched_at_ms = $2, writer = $3
            where id = $4 and fence = $5 and not finished";
        const DROP: &str = "delete from upload_parts where upload_id = $1 and first_byte >= $2";
        const ADD: &str = "insert into upload_parts (upload_id, fence, first_byte, bytes, digest) values ($1, $2, $3, $4, $5)";
        let id = upload.id.as_str();
        let mut tx = self.write("uploads.note_received").await?;
        let noted = tx.run("uploads.set_received", SQL).bind(from_bytes(bytes)).bind(self.now_ms());
        if noted.bind(writer).bind(id).bind(upload.fence).execute().await? == 0 {
            const EXISTS: &str = "select 1 from uploads where id = $1";
            let found: Option<i32> = tx.run("uploads.exists", EXISTS).bind(id).optional_scalar().await?;
            return Ok(if found.is_some() { Noted::TakenOver } else { Noted::Gone });
        }
        if let Some(first) = parts.first() {
            let dropped = tx.run("upload_parts.replace", DROP).bind(id);
            dropped.bind(from_bytes(first.first_byte)).execute().await?;
        }
        for part in parts {
            let added = tx
                .run("upload_parts.insert", ADD)
                .bind(id)
                .bind(part.fence)
                .bind(from_bytes(part.first_byte));
            added.bind(from_bytes(part.bytes)).bind(part.digest.to_string()).execute().await?;
        }
        touch(&mut tx, &upload.frameset).await?;
        tx.commit().await?;
        Ok(Noted::Written)
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
        let received = |bytes| Received { bytes, writer: "this", parts: &[] };
        assert_eq!(db.note_received(&upload, received(60)).await.unwrap(), Noted::Written);
        finish(&db, &upload).await;
        let other = begin().await.unwrap();
        db.note_received(&other, received(100)).await.unwrap();
        assert!(matches!(begin().await, Err(BeginUploadError::TooMany(1))));
        assert!(db.delete_upload(&other.id).await.unwrap());
        let resumed = db.upload(&upload.id).await.unwrap().unwrap();
        assert_eq!((resumed.received, resumed.length, resumed.finished), (100, 100, true));
        assert_eq!(resumed.conditions.if_none_match.as_deref(), Some("*"));

        assert_eq!(db.expire_uploads(0).await.unwrap(), []);
        db.discard_frameset(&set, &actor).await.unwrap();
        assert_eq!(db.upload(&upload.id).await.unwrap(), None);
        assert_eq!(db.note_received(&upload, received(70)).await.unwrap(), Noted::Gone);
        assert!(matches!(begin().await, Err(BeginUploadError::Frameset(FramesetError::NoSuchFrameset))));
        assert!(!db.delete_upload(&upload.id).await.unwrap());
    }

    async fn finish(db: &Db, upload: &StoredUpload) -> bool {
        let mut tx = db.write("test.finish").await.unwrap();
        let is_finished = crate::db::finish::finish(&mut tx, (&upload.id, upload.fence)).await.unwrap();
        tx.commit().await.unwrap();
        is_finished
    }

    #[tokio::test]
    async fn a_request_that_was_overtaken_notes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let set = db.open_plain_frameset().await;
        let key = db.frameset(&set).await.unwrap().unwrap().key;
        let name = "001.png".parse().unwrap();
        let conditions = &Conditions::default();
        let new = NewUpload { frameset: &set, name: &name, length: 100, metadata: "", conditions };
        let left = Left { on_disk: Some(100), to_key: Some(200) };
        let first = db.begin_upload(new, &key, &LIMITS, left).await.unwrap();
        let part = |first_byte, bytes, text: &[u8]| UploadPart {
            fence: 0,
            first_byte,
            bytes,
            digest: Digest::of(text),
        };
        let small = [part(0, 30, b"a"), part(30, 10, b"b")];
        let noted = Received { bytes: 40, writer: "first", parts: &small };
        assert_eq!(db.note_received(&first, noted).await.unwrap(), Noted::Written);

        let second = db.take_upload(&first.id).await.unwrap().unwrap();
        assert_eq!((second.received, second.writer.as_str()), (40, "first"));
        assert_eq!(second.parts, small);
        assert!(db.is_taken_over(&first).await.unwrap());
        assert!(!db.is_taken_over(&second).await.unwrap());
        let late = Received { bytes: 50, writer: "first", parts: &[part(40, 10, b"late")] };
        assert_eq!(db.note_received(&first, late).await.unwrap(), Noted::TakenOver);
        // A longer part takes the place of those from its first byte on.
        let longer = [part(30, 25, b"c")];
        let noted = Received { bytes: 55, writer: "second", parts: &longer };
        assert_eq!(db.note_received(&second, noted).await.unwrap(), Noted::Written);
        let third = db.take_upload(&first.id).await.unwrap().unwrap();
        assert_eq!((third.received, third.writer.as_str()), (55, "second"));
        assert_eq!(third.parts, [small[0].clone(), longer[0].clone()]);
        assert!(!finish(&db, &second).await, "it is the third one's");
        assert!(finish(&db, &third).await);
        // What is late changes nothing of it.
        assert_eq!(db.note_received(&third, noted).await.unwrap(), Noted::TakenOver);
        let finished = db.take_upload(&first.id).await.unwrap().unwrap();
        assert_eq!((finished.received, finished.parts.len()), (100, 0));
    }
}
