//! Frame sets, their frames, and resumable uploads that have begun.

use assets_pipeline::digest::Digest;
use serde_json::json;
use sqlx::{SqliteConnection, types::Json};

use crate::domain::{
    audit::{Action, Actor},
    frameset::{FileName, Frameset, FramesetId, FramesetState, NewFrameset, TurnSettings},
    keys::KeyId,
    names::{Choices, ConfigId},
};

use super::{Db, DbError, audit::record, jobs, now_ms, random, read};

/// A frame that has arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFrame {
    /// Its file's name.
    pub name: FileName,
    /// Its length.
    pub bytes: u64,
    /// Of the file.
    pub digest: Digest,
}

/// What came of opening a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It takes frames.
    Open(FramesetId),
    /// The key has as many open ones as it may.
    TooMany,
}

/// What came of changing a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is as was asked.
    Done,
    /// There is no such set.
    NoSuchSet,
    /// It is committed, and stays as it is.
    Committed,
    /// It would have more files than it may.
    TooManyFiles,
    /// It has no frame that could be committed.
    Empty,
    /// Its frames are others by now.
    Overtaken,
}

#[derive(sqlx::FromRow)]
struct FramesetRow {
    id: String,
    product_id: String,
    choices: Json<Choices>,
    settings: Json<TurnSettings>,
    expected: Option<u32>,
    protected: bool,
    state: String,
    key_id: String,
    created_at_ms: i64,
    in_bucket: bool,
    frames: u32,
    bytes: i64,
}

impl FramesetRow {
    fn frameset(self) -> Result<Frameset, DbError> {
        Ok(Frameset {
            id: read("frame set", &self.id)?,
            wanted: NewFrameset {
                product: read("product", &self.product_id)?,
                choices: self.choices.0,
                settings: self.settings.0,
                expected: self.expected,
                protected: self.protected,
            },
            state: read("state", &self.state)?,
            key: read("key", &self.key_id)?,
            created_at_ms: self.created_at_ms,
            frames: self.frames,
            bytes: self.bytes.try_into().unwrap_or(0),
            in_bucket: self.in_bucket,
        })
    }
}

const FRAMESETS: &str =
    "select s.id, s.product_id, s.choices, s.settings, s.expected, s.protected, s.state, s.key_id,
     s.created_at_ms, s.in_bucket, count(f.name) as frames, coalesce(sum(f.bytes), 0) as bytes
     from framesets s left join frames f on f.frameset_id = s.id";

async fn state(tx: &mut SqliteConnection, id: &FramesetId) -> Result<Option<FramesetState>, DbError> {
    let state: Option<String> = sqlx::query_scalar("select state from framesets where id = $1")
        .bind(id.as_str())
        .fetch_optional(tx)
        .await?;
    state.map(|state| read("state", &state)).transpose()
}

/// Why a set takes no changes; `None` where it does.
pub(super) async fn closed(tx: &mut SqliteConnection, id: &FramesetId) -> Result<Option<Changed>, DbError> {
    Ok(match state(tx, id).await? {
        None => Some(Changed::NoSuchSet),
        Some(FramesetState::Committed) => Some(Changed::Committed),
        Some(FramesetState::Open) => None,
    })
}

pub(super) async fn touch(tx: &mut SqliteConnection, id: &FramesetId) -> Result<(), DbError> {
    sqlx::query("update framesets set touched_at_ms = $1 where id = $2")
        .bind(now_ms())
        .bind(id.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

/// Frames whose files are in place, in the stead of earlier ones of these names, and their line of the trail.
/// Answers whether the set has no more files than it may.
pub(super) async fn insert_all(
    tx: &mut SqliteConnection,
    id: &FramesetId,
    frames: &[StoredFrame],
    max_files: u32,
    actor: &Actor,
) -> Result<bool, DbError> {
    for frame in frames {
        insert(tx, id, frame).await?;
    }
    let files: u32 = sqlx::query_scalar("select count(*) from frames where frameset_id = $1")
        .bind(id.as_str())
        .fetch_one(&mut *tx)
        .await?;
    touch(tx, id).await?;
    let bytes: u64 = frames.iter().map(|frame| frame.bytes).sum();
    let first = frames.first().map(|frame| frame.name.as_str());
    let detail = json!({ "first": first, "frames": frames.len(), "bytes": bytes });
    record(tx, actor, Action::FrameAdd, id.as_str(), &detail).await?;
    Ok(files <= max_files)
}

async fn insert(tx: &mut SqliteConnection, id: &FramesetId, frame: &StoredFrame) -> Result<(), DbError> {
    sqlx::query(
        "insert into frames (frameset_id, name, bytes, digest) values ($1, $2, $3, $4)
         on conflict (frameset_id, name) do update set bytes = excluded.bytes, digest = excluded.digest",
    )
    .bind(id.as_str())
    .bind(frame.name.as_str())
    .bind(i64::try_from(frame.bytes).unwrap_or(i64::MAX))
    .bind(frame.digest.to_string())
    .execute(tx)
    .await?;
    Ok(())
}

impl Db {
    /// Opens a frame set for a key, unless it has `max_open` of them.
    pub async fn open_frameset(
        &self,
        wanted: &NewFrameset,
        key: &KeyId,
        max_open: u32,
        actor: &Actor,
    ) -> Result<Opened, DbError> {
        let id = FramesetId::new(random()?);
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let open: u32 =
            sqlx::query_scalar("select count(*) from framesets where key_id = $1 and state = 'open'")
                .bind(key.as_str())
                .fetch_one(&mut *tx)
                .await?;
        if open >= max_open {
            return Ok(Opened::TooMany);
        }
        sqlx::query(
            "insert into framesets
             (id, product_id, choices, settings, expected, state, key_id, created_at_ms, touched_at_ms, protected)
             values ($1, $2, $3, $4, $5, 'open', $6, $7, $7, $8)",
        )
        .bind(id.as_str())
        .bind(wanted.product.to_string())
        .bind(Json(&wanted.choices))
        .bind(Json(&wanted.settings))
        .bind(wanted.expected)
        .bind(key.as_str())
        .bind(now_ms())
        .bind(wanted.protected)
        .execute(&mut *tx)
        .await?;
        let detail = json!({ "product": wanted.product.to_string(), "choices": wanted.choices });
        record(&mut tx, actor, Action::FramesetOpen, id.as_str(), &detail).await?;
        tx.commit().await?;
        Ok(Opened::Open(id))
    }

    /// A frame set.
    pub async fn frameset(&self, id: &FramesetId) -> Result<Option<Frameset>, DbError> {
        let sql = format!("{FRAMESETS} where s.id = $1 group by s.id");
        let row: Option<FramesetRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(&self.pool).await?;
        row.map(FramesetRow::frameset).transpose()
    }

    /// The sets that were touched last, at most so many.
    pub async fn framesets(&self, limit: u32) -> Result<Vec<Frameset>, DbError> {
        let sql = format!("{FRAMESETS} group by s.id order by s.touched_at_ms desc, s.id limit $1");
        let rows: Vec<FramesetRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(limit).fetch_all(&self.pool).await?;
        rows.into_iter().map(FramesetRow::frameset).collect()
    }

    /// The set's frames by name.
    pub async fn frames(&self, id: &FramesetId) -> Result<Vec<StoredFrame>, DbError> {
        let rows: Vec<(String, i64, String)> =
            sqlx::query_as("select name, bytes, digest from frames where frameset_id = $1 order by name")
                .bind(id.as_str())
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter()
            .map(|(name, bytes, digest)| {
                let (name, digest) = (read("name", &name)?, read("digest", &digest)?);
                Ok(StoredFrame { name, bytes: bytes.try_into().unwrap_or(0), digest })
            })
            .collect()
    }

    /// Changes what is said of the turn.
    pub async fn change_settings(
        &self,
        id: &FramesetId,
        settings: &TurnSettings,
        actor: &Actor,
    ) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if let Some(closed) = closed(&mut tx, id).await? {
            return Ok(closed);
        }
        sqlx::query("update framesets set settings = $1 where id = $2")
            .bind(Json(settings))
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, id).await?;
        record(&mut tx, actor, Action::FramesetChange, id.as_str(), &json!({ "settings": settings })).await?;
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// Records frames whose files are in place, in the stead of earlier ones of these names. All of them
    /// or none.
    pub async fn add_frames(
        &self,
        id: &FramesetId,
        frames: &[StoredFrame],
        max_files: u32,
        actor: &Actor,
    ) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if let Some(closed) = closed(&mut tx, id).await? {
            return Ok(closed);
        }
        if !insert_all(&mut tx, id, frames, max_files, actor).await? {
            return Ok(Changed::TooManyFiles);
        }
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// Records other frames in the stead of all of them, as a mend has made them, if they are still those `before`.
    pub async fn replace_frames(
        &self,
        id: &FramesetId,
        before: &[StoredFrame],
        after: &[StoredFrame],
        mend: &str,
        actor: &Actor,
    ) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if let Some(closed) = closed(&mut tx, id).await? {
            return Ok(closed);
        }
        let names: Vec<(String, String)> =
            sqlx::query_as("select name, digest from frames where frameset_id = $1 order by name")
                .bind(id.as_str())
                .fetch_all(&mut *tx)
                .await?;
        let as_before = before.iter().map(|frame| (frame.name.to_string(), frame.digest.to_string()));
        if !as_before.eq(names) {
            return Ok(Changed::Overtaken);
        }
        sqlx::query("delete from frames where frameset_id = $1").bind(id.as_str()).execute(&mut *tx).await?;
        for frame in after {
            insert(&mut tx, id, frame).await?;
        }
        touch(&mut tx, id).await?;
        let detail = json!({ "mend": mend, "before": before.len(), "after": after.len() });
        record(&mut tx, actor, Action::FramesetMend, id.as_str(), &detail).await?;
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// Forgets a frame, if there is one of this name.
    pub async fn remove_frame(
        &self,
        id: &FramesetId,
        name: &FileName,
        actor: &Actor,
    ) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if let Some(closed) = closed(&mut tx, id).await? {
            return Ok(closed);
        }
        let removed = sqlx::query("delete from frames where frameset_id = $1 and name = $2")
            .bind(id.as_str())
            .bind(name.as_str())
            .execute(&mut *tx)
            .await?;
        touch(&mut tx, id).await?;
        if removed.rows_affected() > 0 {
            let detail = json!({ "name": name.as_str() });
            record(&mut tx, actor, Action::FrameRemove, id.as_str(), &detail).await?;
        }
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// Closes a set. To do so twice is to do so once.
    pub async fn commit_frameset(&self, id: &FramesetId, actor: &Actor) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        match state(&mut tx, id).await? {
            None => return Ok(Changed::NoSuchSet),
            Some(FramesetState::Committed) => return Ok(Changed::Done),
            Some(FramesetState::Open) => {}
        }
        let (frames, in_bucket): (u32, bool) = sqlx::query_as(
            "select (select count(*) from frames where frameset_id = $1), in_bucket from framesets where id = $1",
        )
        .bind(id.as_str())
        .fetch_one(&mut *tx)
        .await?;
        // What waits in the bucket its job will see.
        if frames == 0 && !in_bucket {
            return Ok(Changed::Empty);
        }
        sqlx::query("update framesets set state = 'committed' where id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        sqlx::query("delete from uploads where frameset_id = $1").bind(id.as_str()).execute(&mut *tx).await?;
        touch(&mut tx, id).await?;
        jobs::enqueue(&mut tx, id).await?;
        record(&mut tx, actor, Action::FramesetCommit, id.as_str(), &json!({ "frames": frames })).await?;
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// Forgets an open set with its frames and uploads; its files are removed after this.
    pub async fn discard_frameset(&self, id: &FramesetId, actor: &Actor) -> Result<Changed, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        if let Some(closed) = closed(&mut tx, id).await? {
            return Ok(closed);
        }
        forget(&mut tx, id).await?;
        record(&mut tx, actor, Action::FramesetDiscard, id.as_str(), &json!({})).await?;
        tx.commit().await?;
        Ok(Changed::Done)
    }

    /// The committed frame sets of a configuration that still have frames and that no worker has or will have.
    pub async fn framesets_of(&self, id: &ConfigId) -> Result<Vec<FramesetId>, DbError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "select s.id from framesets s join jobs j on j.frameset_id = s.id
             left join configurations c on c.id = $1
             where j.state in ('ready', 'failed', 'cancelled')
             and (j.configuration_id = $1
                  or (j.configuration_id is null and s.product_id = c.product_id and s.choices = c.choices))
             and exists (select 1 from frames f where f.frameset_id = s.id) order by s.id",
        )
        .bind(id.as_str())
        .fetch_all(&self.pool)
        .await?;
        ids.iter().map(|id| read("frame set", id)).collect()
    }

    /// Deletes the frames of a set, whose files are deleted already. The set and its job stay as its history.
    pub async fn delete_frames(&self, id: &FramesetId) -> Result<(), DbError> {
        sqlx::query("delete from frames where frameset_id = $1")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets open sets that nobody has touched since, and names them: their files can go.
    pub async fn expire_framesets(&self, untouched_since_ms: i64) -> Result<Vec<FramesetId>, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let ids: Vec<String> =
            sqlx::query_scalar("select id from framesets where state = 'open' and touched_at_ms < $1")
                .bind(untouched_since_ms)
                .fetch_all(&mut *tx)
                .await?;
        let ids: Vec<FramesetId> = ids.iter().map(|id| read("frame set", id)).collect::<Result<_, _>>()?;
        for id in &ids {
            forget(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }
}

async fn forget(tx: &mut SqliteConnection, id: &FramesetId) -> Result<(), DbError> {
    for sql in [
        "delete from uploads where frameset_id = $1",
        "delete from frames where frameset_id = $1",
        "delete from framesets where id = $1",
    ] {
        sqlx::query(sql).bind(id.as_str()).execute(&mut *tx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Role;

    async fn with_key() -> (tempfile::TempDir, Db, KeyId) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let key = db.create_key(Role::Artist, "Ada", &Actor::command_line()).await.unwrap();
        (folder, db, key.id().clone())
    }

    fn wanted() -> NewFrameset {
        NewFrameset {
            product: "ring.solitaire".parse().unwrap(),
            choices: [("metal".parse().unwrap(), "platinum".parse().unwrap())].into(),
            settings: TurnSettings { hero: 30.0, ..TurnSettings::default() },
            expected: Some(36),
            protected: false,
        }
    }

    async fn open(db: &Db, key: &KeyId) -> FramesetId {
        match db.open_frameset(&wanted(), key, 20, &Actor::command_line()).await.unwrap() {
            Opened::Open(id) => id,
            Opened::TooMany => panic!("twenty are allowed"),
        }
    }

    fn frame(name: &str, bytes: u64) -> StoredFrame {
        StoredFrame { name: name.parse().unwrap(), bytes, digest: Digest::of(name.as_bytes()) }
    }

    #[tokio::test]
    async fn a_set_takes_frames_until_it_is_committed() {
        let (_folder, db, key) = with_key().await;
        let (id, actor) = (open(&db, &key).await, Actor::command_line());
        assert_eq!(db.commit_frameset(&id, &actor).await.unwrap(), Changed::Empty);
        let frames = [frame("b.png", 7), frame("a.png", 5)];
        assert_eq!(db.add_frames(&id, &frames, 3, &actor).await.unwrap(), Changed::Done);
        assert_eq!(db.add_frames(&id, &[frame("a.png", 6)], 3, &actor).await.unwrap(), Changed::Done);
        let more = [frame("c.png", 1), frame("d.png", 1)];
        assert_eq!(db.add_frames(&id, &more, 3, &actor).await.unwrap(), Changed::TooManyFiles);
        let set = db.frameset(&id).await.unwrap().unwrap();
        assert_eq!((set.frames, set.bytes, set.state), (2, 13, FramesetState::Open));
        assert_eq!(set.wanted, wanted());
        assert_eq!(db.frames(&id).await.unwrap(), [frame("a.png", 6), frame("b.png", 7)]);

        let settings = TurnSettings { clockwise: true, ..TurnSettings::default() };
        assert_eq!(db.change_settings(&id, &settings, &actor).await.unwrap(), Changed::Done);
        for _ in 0..2 {
            assert_eq!(db.commit_frameset(&id, &actor).await.unwrap(), Changed::Done);
        }
        assert_eq!(db.add_frames(&id, &more, 30, &actor).await.unwrap(), Changed::Committed);
        assert_eq!(
            db.remove_frame(&id, &"a.png".parse().unwrap(), &actor).await.unwrap(),
            Changed::Committed
        );
        assert_eq!(db.change_settings(&id, &settings, &actor).await.unwrap(), Changed::Committed);
        assert_eq!(db.discard_frameset(&id, &actor).await.unwrap(), Changed::Committed);
        assert_eq!(db.expire_framesets(i64::MAX).await.unwrap(), []);
        assert_eq!(db.framesets(10).await.unwrap()[0].wanted.settings, settings);
    }

    #[tokio::test]
    async fn a_key_has_so_many_open_sets_and_no_more() {
        let (_folder, db, key) = with_key().await;
        let actor = Actor::command_line();
        let first = open(&db, &key).await;
        assert_eq!(db.open_frameset(&wanted(), &key, 1, &actor).await.unwrap(), Opened::TooMany);
        assert_eq!(db.discard_frameset(&first, &actor).await.unwrap(), Changed::Done);
        assert_eq!(db.discard_frameset(&first, &actor).await.unwrap(), Changed::NoSuchSet);
        open(&db, &key).await;
    }

    #[tokio::test]
    async fn sets_that_nobody_touches_expire() {
        let (_folder, db, key) = with_key().await;
        let id = open(&db, &key).await;
        db.add_frames(&id, &[frame("a.png", 5)], 3, &Actor::command_line()).await.unwrap();
        assert_eq!(db.expire_framesets(0).await.unwrap(), []);
        assert_eq!(db.expire_framesets(i64::MAX).await.unwrap(), std::slice::from_ref(&id));
        assert_eq!(db.frameset(&id).await.unwrap(), None);
    }
}
