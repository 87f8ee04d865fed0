//! Checks of frame sets that run: which process looks, other processes see.

use assets_pipeline::digest::Digest;

use crate::domain::frameset::FramesetId;

use super::{Db, DbError, bytes, from_bytes, parse};

/// A check that runs, has ended, or whose process is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningCheck {
    /// Of the frames that are looked at.
    pub revision: Digest,
    /// Frames that were looked at.
    pub done: u64,
    /// All of them.
    pub total: u64,
    /// When its process last said so, in milliseconds since 1970-01-01 UTC.
    pub touched_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct CheckRow {
    revision: String,
    done: i64,
    total: i64,
    touched_at_ms: i64,
}

impl Db {
    /// The newest check of a set.
    pub async fn running_check(&self, set: &FramesetId) -> Result<Option<RunningCheck>, DbError> {
        const SQL: &str =
            "select revision, done, total, touched_at_ms from frameset_checks where frameset_id = $1";
        let row: Option<CheckRow> = self.read("checks.get", SQL).bind(set.as_str()).optional().await?;
        row.map(|CheckRow { revision, done, total, touched_at_ms }| {
            let revision = parse("revision", &revision)?;
            Ok(RunningCheck { revision, done: bytes(done), total: bytes(total), touched_at_ms })
        })
        .transpose()
    }

    /// Begins a check of so many frames, unless one of the same revision runs whose process has said so within
    /// `fresh_ms`. Answers whether it begins.
    pub async fn begin_check(
        &self,
        set: &FramesetId,
        revision: Digest,
        total: u64,
        fresh_ms: i64,
    ) -> Result<bool, DbError> {
        const SQL: &str = "insert into frameset_checks (frameset_id, revision, done, total, touched_at_ms)
            select $1, $2, 0, $3, $4 where exists (select 1 from framesets where id = $1)
            on conflict (frameset_id) do update
            set revision = excluded.revision, done = 0, total = excluded.total, touched_at_ms = excluded.touched_at_ms
            where frameset_checks.revision <> excluded.revision or frameset_checks.touched_at_ms < $5";
        let mut tx = self.write("checks.begin").await?;
        let now_ms = tx.now_ms();
        let begun = tx.run("checks.insert", SQL).bind(set.as_str()).bind(revision.to_string());
        let begun = begun.bind(from_bytes(total)).bind(now_ms).bind(now_ms - fresh_ms).execute().await?;
        tx.commit().await?;
        Ok(begun == 1)
    }

    /// Notes how far a check is.
    pub async fn note_check(
        &self,
        set: &FramesetId,
        revision: Digest,
        done: u64,
        total: u64,
    ) -> Result<(), DbError> {
        const SQL: &str = "update frameset_checks set done = $3, total = $4, touched_at_ms = $5
            where frameset_id = $1 and revision = $2";
        let mut tx = self.write("checks.note").await?;
        let now_ms = tx.now_ms();
        let noted = tx.run("checks.update", SQL).bind(set.as_str()).bind(revision.to_string());
        noted.bind(from_bytes(done)).bind(from_bytes(total)).bind(now_ms).execute().await?;
        tx.commit().await
    }

    /// Notes that a check runs no more. That there was one stays known.
    pub async fn end_check(&self, set: &FramesetId, revision: Digest) -> Result<(), DbError> {
        const SQL: &str =
            "update frameset_checks set touched_at_ms = 0 where frameset_id = $1 and revision = $2";
        let ended = self.run("checks.end", SQL).bind(set.as_str()).bind(revision.to_string());
        ended.execute().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_process_checks_a_revision_and_another_one_when_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let set = db.open_plain_frameset().await;
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        assert!(db.begin_check(&set, one, 12, 60_000).await.unwrap());
        assert!(!db.begin_check(&set, one, 12, 60_000).await.unwrap());
        db.note_check(&set, one, 5, 12).await.unwrap();
        let running = db.running_check(&set).await.unwrap().unwrap();
        assert_eq!((running.revision, running.done, running.total), (one, 5, 12));
        // Its process has not been heard of for too long.
        assert!(db.begin_check(&set, one, 12, -60_000).await.unwrap());
        // Other frames are another check, and what is late of the one before changes nothing.
        assert!(db.begin_check(&set, two, 13, 60_000).await.unwrap());
        db.note_check(&set, one, 12, 12).await.unwrap();
        db.end_check(&set, one).await.unwrap();
        assert_eq!(db.running_check(&set).await.unwrap().unwrap().done, 0);
        db.end_check(&set, two).await.unwrap();
        assert_eq!(db.running_check(&set).await.unwrap().unwrap().touched_at_ms, 0);
        assert!(db.begin_check(&set, two, 13, 60_000).await.unwrap(), "what it found was lost");
        let gone = FramesetId::new([1; 16]);
        assert!(!db.begin_check(&gone, one, 12, 60_000).await.unwrap());
    }
}
