//! Resumable uploads that have begun.

use sqlx::FromRow;

use crate::domain::frameset::{FileName, FramesetId, UploadId};

use super::{Db, DbError, now_ms, random, read};

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
    /// Whether its file is a frame of the set.
    pub finished: bool,
    /// When bytes of it came last, in milliseconds since 1970-01-01 UTC.
    pub touched_at_ms: i64,
}

#[derive(FromRow)]
struct UploadRow {
    id: String,
    frameset_id: String,
    name: String,
    length: i64,
    received: i64,
    metadata: String,
    finished: bool,
    touched_at_ms: i64,
}

impl UploadRow {
    fn upload(self) -> Result<StoredUpload, DbError> {
        Ok(StoredUpload {
            id: read("upload", &self.id)?,
            frameset: read("frame set", &self.frameset_id)?,
            name: read("name", &self.name)?,
            length: self.length.try_into().unwrap_or(0),
            received: self.received.try_into().unwrap_or(0),
            metadata: self.metadata,
            finished: self.finished,
            touched_at_ms: self.touched_at_ms,
        })
    }
}

impl Db {
    /// Begins an upload; `None` where the set has `max_uploads` under way, or is not open.
    pub async fn begin_upload(
        &self,
        frameset: &FramesetId,
        name: &FileName,
        length: u64,
        metadata: &str,
        max_uploads: u32,
    ) -> Result<Option<StoredUpload>, DbError> {
        let id = UploadId::new(random()?);
        let row: Option<UploadRow> = sqlx::query_as(
            "insert into uploads (id, frameset_id, name, length, received, metadata, touched_at_ms)
             select $1, $2, $3, $4, 0, $5, $6
             where exists (select 1 from framesets where id = $2 and state = 'open')
             and (select count(*) from uploads where frameset_id = $2 and not finished) < $7
             returning *",
        )
        .bind(id.as_str())
        .bind(frameset.as_str())
        .bind(name.as_str())
        .bind(i64::try_from(length).unwrap_or(i64::MAX))
        .bind(metadata)
        .bind(now_ms())
        .bind(max_uploads)
        .fetch_optional(&self.pool)
        .await?;
        row.map(UploadRow::upload).transpose()
    }

    /// An upload that is not done.
    pub async fn upload(&self, id: &UploadId) -> Result<Option<StoredUpload>, DbError> {
        let row: Option<UploadRow> = sqlx::query_as("select * from uploads where id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(UploadRow::upload).transpose()
    }

    /// Notes how many bytes are on disk, and that somebody sends. Answers whether the upload still is.
    pub async fn note_received(&self, upload: &StoredUpload, received: u64) -> Result<bool, DbError> {
        let now = now_ms();
        let noted = sqlx::query("update uploads set received = $1, touched_at_ms = $2 where id = $3")
            .bind(i64::try_from(received).unwrap_or(i64::MAX))
            .bind(now)
            .bind(upload.id.as_str())
            .execute(&self.pool)
            .await?
            .rows_affected();
        sqlx::query("update framesets set touched_at_ms = $1 where id = $2")
            .bind(now)
            .bind(upload.frameset.as_str())
            .execute(&self.pool)
            .await?;
        Ok(noted == 1)
    }

    /// Notes that an upload's file is a frame of its set. The upload is kept for clients that did not hear of
    /// it, until it expires.
    pub async fn finish_upload(&self, id: &UploadId) -> Result<(), DbError> {
        sqlx::query("update uploads set finished = 1 where id = $1")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets an upload. Answers whether there was one.
    pub async fn forget_upload(&self, id: &UploadId) -> Result<bool, DbError> {
        let gone = sqlx::query("delete from uploads where id = $1").bind(id.as_str()).execute(&self.pool);
        Ok(gone.await?.rows_affected() == 1)
    }

    /// Forgets uploads that nobody has sent to since, and gives them: their files can go.
    pub async fn expire_uploads(&self, untouched_since_ms: i64) -> Result<Vec<StoredUpload>, DbError> {
        let rows: Vec<UploadRow> = sqlx::query_as("delete from uploads where touched_at_ms < $1 returning *")
            .bind(untouched_since_ms)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(UploadRow::upload).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::framesets::{Changed, Opened},
        domain::{
            audit::Actor,
            frameset::{NewFrameset, TurnSettings},
            keys::Role,
        },
    };

    #[tokio::test]
    async fn an_upload_is_resumed_where_it_was_and_goes_with_its_set() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let actor = Actor::command_line();
        let key = db.create_key(Role::Artist, "", &actor).await.unwrap();
        let wanted = NewFrameset {
            product: "ring.solitaire".parse().unwrap(),
            choices: [].into(),
            settings: TurnSettings::default(),
            expected: None,
            protected: false,
        };
        let Opened::Open(set) = db.open_frameset(&wanted, key.id(), 1, &actor).await.unwrap() else {
            panic!("one is allowed")
        };
        let name = "001.png".parse().unwrap();
        let upload = db.begin_upload(&set, &name, 100, "filename MDAx", 1).await.unwrap().unwrap();
        assert_eq!(db.begin_upload(&set, &name, 100, "", 1).await.unwrap(), None);
        assert!(db.note_received(&upload, 60).await.unwrap());
        db.finish_upload(&upload.id).await.unwrap();
        let other = db.begin_upload(&set, &name, 100, "", 1).await.unwrap().unwrap();
        assert!(db.forget_upload(&other.id).await.unwrap());
        let resumed = db.upload(&upload.id).await.unwrap().unwrap();
        assert_eq!((resumed.received, resumed.length, resumed.finished), (60, 100, true));

        assert_eq!(db.expire_uploads(0).await.unwrap(), []);
        assert_eq!(db.discard_frameset(&set, &actor).await.unwrap(), Changed::Done);
        assert_eq!(db.upload(&upload.id).await.unwrap(), None);
        assert!(!db.note_received(&upload, 70).await.unwrap());
        assert_eq!(db.begin_upload(&set, &name, 100, "", 1).await.unwrap(), None);
        assert!(!db.forget_upload(&upload.id).await.unwrap());
    }
}
