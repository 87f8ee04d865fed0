//! Frame sets: opened, changed, listed and deleted. `frame` holds their frames, `commit` ends them.

mod commit;
mod frame;

use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    frameset::{Frameset, FramesetId, FramesetState, NewFrameset, TurnSettings},
    keys::KeyId,
    names::Choices,
};

use super::{
    Db, DbError,
    audit::record,
    bytes, count,
    engine::{Bind, Tx},
    jobs, parse, random,
    staged::unstage,
};

pub use frame::{StoredFrame, revision};
pub(super) use frame::{delete_frames, insert_all};

/// Why a set did not open or change.
#[derive(Debug, thiserror::Error)]
pub enum FramesetError {
    /// The set does not exist.
    #[error("the frame set does not exist")]
    NoSuchFrameset,
    /// The set is committed, and a committed set does not change.
    #[error("the frame set is committed")]
    Committed,
    /// The set would exceed this limit of files.
    #[error("a frame set may have at most {0} files")]
    TooManyFiles(u32),
    /// The set has no frame to commit.
    #[error("the frame set has no frame")]
    Empty,
    /// The frames of the set, or the lease of its job, have changed meanwhile.
    #[error("the frame set has changed meanwhile")]
    Changed,
    /// The frame is not the one that the caller knows by its name.
    #[error("the frame is another one now")]
    AnotherFrame,
    /// Another request goes on with the upload, or has ended it.
    #[error("another request goes on with the upload")]
    TakenOver,
    /// The key has reached this limit of open sets.
    #[error("a key may have at most {0} open frame sets")]
    TooManyOpen(u32),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

#[derive(sqlx::FromRow)]
struct FramesetRow {
    id: String,
    product_id: String,
    choices: Json<Choices>,
    settings: Json<TurnSettings>,
    expected: Option<i64>,
    protected: bool,
    state: String,
    key_id: String,
    created_at_ms: i64,
    in_bucket: bool,
    frames: i64,
    bytes: i64,
}

impl FramesetRow {
    fn frameset(self) -> Result<Frameset, DbError> {
        Ok(Frameset {
            id: parse("frame set", &self.id)?,
            wanted: NewFrameset {
                product: parse("product", &self.product_id)?,
                choices: self.choices.0,
                settings: self.settings.0,
                expected: self.expected.map(count),
                protected: self.protected,
            },
            state: parse("state", &self.state)?,
            key: parse("key", &self.key_id)?,
            created_at_ms: self.created_at_ms,
            frames: count(self.frames),
            bytes: bytes(self.bytes),
            in_bucket: self.in_bucket,
        })
    }
}

async fn state(tx: &mut Tx, id: &FramesetId) -> Result<Option<FramesetState>, DbError> {
    let state: Option<String> = tx
        .run("framesets.state", "select state from framesets where id = $1")
        .bind(id.as_str())
        .optional_scalar()
        .await?;
    state.map(|state| parse("state", &state)).transpose()
}

/// Whether a set is open, and not committed.
async fn is_open(tx: &mut Tx, id: &FramesetId) -> Result<bool, FramesetError> {
    match state(tx, id).await? {
        None => Err(FramesetError::NoSuchFrameset),
        Some(state) => Ok(state == FramesetState::Open),
    }
}

/// Refuses changes of a set that is not open.
pub(super) async fn require_open(tx: &mut Tx, id: &FramesetId) -> Result<(), FramesetError> {
    if is_open(tx, id).await? { Ok(()) } else { Err(FramesetError::Committed) }
}

/// Notes that the set is in use, so that it does not expire.
pub(super) async fn touch(tx: &mut Tx, id: &FramesetId) -> Result<(), DbError> {
    let now = tx.now_ms();
    tx.run("framesets.touch", "update framesets set touched_at_ms = $1 where id = $2")
        .bind(now)
        .bind(id.as_str())
        .execute()
        .await?;
    Ok(())
}

async fn delete_uploads(tx: &mut Tx, id: &FramesetId) -> Result<(), DbError> {
    tx.run("uploads.delete_all", "delete from uploads where frameset_id = $1")
        .bind(id.as_str())
        .execute()
        .await?;
    Ok(())
}

/// Deletes a set, with its job if it has one.
pub(super) async fn delete(tx: &mut Tx, id: &FramesetId) -> Result<(), DbError> {
    jobs::delete(tx, id).await?;
    delete_uploads(tx, id).await?;
    delete_frames(tx, id).await?;
    unstage(tx, id).await?;
    tx.run("framesets.delete", "delete from framesets where id = $1").bind(id.as_str()).execute().await?;
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
    ) -> Result<FramesetId, FramesetError> {
        const OPEN: &str = "select count(*) from framesets where key_id = $1 and state = 'open'";
        const INSERT: &str = "insert into framesets
            (id, product_id, choices, settings, expected, state, key_id, created_at_ms, touched_at_ms, protected)
            values ($1, $2, $3, $4, $5, 'open', $6, $7, $7, $8)";
        let id = FramesetId::new(random()?);
        let mut tx = self.write("framesets.open").await?;
        let open: i64 = tx.run("framesets.count_open", OPEN).bind(key.as_str()).scalar().await?;
        if open >= max_open.into() {
            return Err(FramesetError::TooManyOpen(max_open));
        }
        tx.run("framesets.insert", INSERT)
            .bind(id.as_str())
            .bind(wanted.product.to_string())
            .bind(Bind::json(&wanted.choices))
            .bind(Bind::json(&wanted.settings))
            .bind(wanted.expected)
            .bind(key.as_str())
            .bind(self.now_ms())
            .bind(wanted.protected)
            .execute()
            .await?;
        let detail = json!({ "product": wanted.product.to_string(), "choices": wanted.choices });
        record(&mut tx, actor, Action::FramesetOpen, id.as_str(), &detail).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A frame set.
    pub async fn frameset(&self, id: &FramesetId) -> Result<Option<Frameset>, DbError> {
        const SQL: &str = "select s.*, (select count(*) from frames f where f.frameset_id = s.id) as frames,
            (select cast(coalesce(sum(f.bytes), 0) as bigint) from frames f where f.frameset_id = s.id) as bytes
            from framesets s where s.id = $1";
        let row: Option<FramesetRow> = self.read("framesets.get", SQL).bind(id.as_str()).optional().await?;
        row.map(FramesetRow::frameset).transpose()
    }

    /// The sets that were touched last, at most so many.
    pub async fn framesets(&self, limit: u32) -> Result<Vec<Frameset>, DbError> {
        // Frames are counted for those that are listed, and for no others.
        const SQL: &str = "select s.*, (select count(*) from frames f where f.frameset_id = s.id) as frames,
            (select cast(coalesce(sum(f.bytes), 0) as bigint) from frames f where f.frameset_id = s.id) as bytes
            from (select * from framesets order by touched_at_ms desc, id limit $1) s
            order by s.touched_at_ms desc, s.id";
        let rows: Vec<FramesetRow> = self.read("framesets.list", SQL).bind(limit).all().await?;
        rows.into_iter().map(FramesetRow::frameset).collect()
    }

    /// The open sets that have as many frames as the client announced.
    pub async fn complete_framesets(&self) -> Result<Vec<FramesetId>, DbError> {
        const SQL: &str = "select id from framesets s where state = 'open' and expected <=
            (select count(*) from frames f where f.frameset_id = s.id) order by touched_at_ms";
        let ids: Vec<String> = self.read("framesets.complete", SQL).scalars().await?;
        ids.iter().map(|id| parse("frame set", id)).collect()
    }

    /// Changes the settings of the turn, if they are still those `before`.
    pub async fn change_settings(
        &self,
        id: &FramesetId,
        before: &TurnSettings,
        settings: &TurnSettings,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        const NOW: &str = "select settings from framesets where id = $1";
        let mut tx = self.write("framesets.change").await?;
        require_open(&mut tx, id).await?;
        let now: Json<TurnSettings> = tx.run("framesets.settings", NOW).bind(id.as_str()).scalar().await?;
        if now.0 != *before {
            return Err(FramesetError::Changed);
        }
        tx.run("framesets.set_settings", "update framesets set settings = $1 where id = $2")
            .bind(Bind::json(settings))
            .bind(id.as_str())
            .execute()
            .await?;
        touch(&mut tx, id).await?;
        record(&mut tx, actor, Action::FramesetChange, id.as_str(), &json!({ "settings": settings })).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a set with its frames, uploads and job; the caller deletes its files after this. A worker that has the job
    /// loses it. Returns whether there was such a set.
    pub async fn discard_frameset(&self, id: &FramesetId, actor: &Actor) -> Result<bool, DbError> {
        let mut tx = self.write("framesets.discard").await?;
        let Some(state) = state(&mut tx, id).await? else { return Ok(false) };
        delete(&mut tx, id).await?;
        let detail = json!({ "state": state.as_str() });
        record(&mut tx, actor, Action::FramesetDiscard, id.as_str(), &detail).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes open sets that were touched last before a moment, and returns them: the caller deletes their files.
    pub async fn expire_framesets(&self, untouched_since_ms: i64) -> Result<Vec<FramesetId>, DbError> {
        const SQL: &str = "select id from framesets where state = 'open' and touched_at_ms < $1";
        let mut tx = self.write("framesets.expire").await?;
        let ids: Vec<String> = tx.run("framesets.expired", SQL).bind(untouched_since_ms).scalars().await?;
        let ids: Vec<FramesetId> = ids.iter().map(|id| parse("frame set", id)).collect::<Result<_, _>>()?;
        for id in &ids {
            delete(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }
}

#[cfg(test)]
impl Db {
    /// An open set of a ring without options, by an artist with a key of its own.
    pub(crate) async fn open_plain_frameset(&self) -> FramesetId {
        let actor = Actor::command_line();
        let key = self.create_key(crate::domain::keys::Role::Artist, "", &actor).await.unwrap();
        let wanted = NewFrameset::of_plain_ring();
        self.open_frameset(&wanted, key.id(), 1, &actor).await.unwrap()
    }

    /// Adds the one frame of a set, and commits it.
    pub(crate) async fn commit_with_frame(&self, id: &FramesetId) {
        let actor = Actor::command_line();
        let digest = assets_pipeline::digest::Digest::of(b"frame");
        let frame = StoredFrame { name: "1.png".parse().unwrap(), bytes: 5, digest };
        self.add_frames(id, &[frame], 10, &actor).await.unwrap();
        self.commit_frameset(id, &actor).await.unwrap();
    }
}

#[cfg(test)]
mod tests;
