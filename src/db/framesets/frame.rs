//! The frames of a set: which are there, which arrive and go, and the revision that names them all.

use assets_pipeline::digest::Digest;
use serde_json::json;

use crate::{
    db::{
        Db, DbError,
        audit::record,
        bytes,
        engine::Tx,
        finish::{Fenced, finish},
        from_bytes, parse,
        staged::stage,
    },
    domain::{
        audit::{Action, Actor},
        frameset::{FileName, FramesetId},
    },
};

use super::{FramesetError, require_open, touch};

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

/// Names the frames of a set as they are, with their contents: an edit is made from these, and from no others.
pub fn revision(frames: &[StoredFrame]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for frame in frames {
        // Names have no control characters.
        hasher.update(format!("{}\0{}\0", frame.name, frame.digest).as_bytes());
    }
    Digest::from_hash(hasher.finalize())
}

impl Db {
    /// The set's frames by name.
    pub async fn frames(&self, id: &FramesetId) -> Result<Vec<StoredFrame>, DbError> {
        stored_frames(self.read("frames.list", FRAMES).bind(id.as_str()).all().await?)
    }

    /// Records frames whose files are in place: all of them or none. Earlier frames of the same names are replaced.
    pub async fn add_frames(
        &self,
        id: &FramesetId,
        frames: &[StoredFrame],
        max_files: u32,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("frames.add").await?;
        require_open(&mut tx, id).await?;
        insert_within(tx, id, frames, max_files, actor).await
    }

    /// The same, if what the set has by a name `is_meant` to be replaced: the digest of a frame, or none. The upload that
    /// brought them ends with it, if no other request has taken it over.
    pub async fn add_frames_if(
        &self,
        id: &FramesetId,
        frames: &[StoredFrame],
        (name, is_meant): (&FileName, impl FnOnce(Option<Digest>) -> bool),
        upload: Option<Fenced<'_>>,
        max_files: u32,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("frames.add_if").await?;
        require_open(&mut tx, id).await?;
        if let Some(upload) = upload
            && !finish(&mut tx, upload).await?
        {
            return Err(FramesetError::TakenOver);
        }
        if !is_meant(digest_of(&mut tx, id, name).await?) {
            return Err(FramesetError::AnotherFrame);
        }
        insert_within(tx, id, frames, max_files, actor).await
    }

    /// The digest of a frame, if the set has one of this name.
    pub async fn frame(&self, id: &FramesetId, name: &FileName) -> Result<Option<Digest>, DbError> {
        let statement = self.read("frames.get", DIGEST).bind(id.as_str()).bind(name.as_str());
        let digest: Option<String> = statement.optional_scalar().await?;
        digest.map(|digest| parse("digest", &digest)).transpose()
    }

    /// Replaces all frames by those that a mend has made, if the set still has those `before`.
    pub async fn replace_frames(
        &self,
        id: &FramesetId,
        before: &[StoredFrame],
        after: &[StoredFrame],
        mend: &str,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("frames.replace").await?;
        require_open(&mut tx, id).await?;
        require_revision(&mut tx, id, revision(before)).await?;
        delete_frames(&mut tx, id).await?;
        for frame in after {
            insert(&mut tx, id, frame).await?;
        }
        touch(&mut tx, id).await?;
        let detail = json!({ "mend": mend, "before": before.len(), "after": after.len() });
        record(&mut tx, actor, Action::FramesetMend, id.as_str(), &detail).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a frame, if there is one of this name and its content `is_meant`.
    pub async fn remove_frame(
        &self,
        id: &FramesetId,
        name: &FileName,
        is_meant: impl FnOnce(Option<Digest>) -> bool,
        actor: &Actor,
    ) -> Result<(), FramesetError> {
        let mut tx = self.write("frames.remove").await?;
        require_open(&mut tx, id).await?;
        if !is_meant(digest_of(&mut tx, id, name).await?) {
            return Err(FramesetError::AnotherFrame);
        }
        let removed = tx
            .run("frames.delete", "delete from frames where frameset_id = $1 and name = $2")
            .bind(id.as_str())
            .bind(name.as_str())
            .execute()
            .await?;
        touch(&mut tx, id).await?;
        if removed > 0 {
            let detail = json!({ "name": name.as_str() });
            record(&mut tx, actor, Action::FrameRemove, id.as_str(), &detail).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The frames of a set by name.
const FRAMES: &str = "select name, bytes, digest from frames where frameset_id = $1 order by name";

/// The frames that [`FRAMES`] gives.
fn stored_frames(rows: Vec<(String, i64, String)>) -> Result<Vec<StoredFrame>, DbError> {
    let frame = |(name, stored, digest): (String, i64, String)| {
        let digest = parse("digest", &digest)?;
        Ok(StoredFrame { name: FileName::known(name), bytes: bytes(stored), digest })
    };
    rows.into_iter().map(frame).collect()
}

/// Records frames whose files are in place, and adds a line to the trail; earlier frames of the same names are
/// replaced. Returns whether the set is within its limit of files.
pub(in crate::db) async fn insert_all(
    tx: &mut Tx,
    id: &FramesetId,
    frames: &[StoredFrame],
    max_files: u32,
    actor: &Actor,
) -> Result<bool, DbError> {
    for frame in frames {
        insert(tx, id, frame).await?;
    }
    let files: i64 = tx
        .run("frames.count", "select count(*) from frames where frameset_id = $1")
        .bind(id.as_str())
        .scalar()
        .await?;
    touch(tx, id).await?;
    let bytes: u64 = frames.iter().map(|frame| frame.bytes).sum();
    let first = frames.first().map(|frame| frame.name.as_str());
    let detail = json!({ "first": first, "frames": frames.len(), "bytes": bytes });
    record(tx, actor, Action::FrameAdd, id.as_str(), &detail).await?;
    Ok(files <= max_files.into())
}

async fn insert(tx: &mut Tx, id: &FramesetId, frame: &StoredFrame) -> Result<(), DbError> {
    const SQL: &str = "insert into frames (frameset_id, name, bytes, digest) values ($1, $2, $3, $4)
        on conflict (frameset_id, name) do update set bytes = excluded.bytes, digest = excluded.digest";
    let statement = tx.run("frames.insert", SQL).bind(id.as_str()).bind(frame.name.as_str());
    statement.bind(from_bytes(frame.bytes)).bind(frame.digest.to_string()).execute().await?;
    stage(tx, id, frame.digest, frame.bytes).await
}

/// Inserts and commits, unless the set would have too many files.
async fn insert_within(
    mut tx: Tx,
    id: &FramesetId,
    frames: &[StoredFrame],
    max_files: u32,
    actor: &Actor,
) -> Result<(), FramesetError> {
    if !insert_all(&mut tx, id, frames, max_files, actor).await? {
        return Err(FramesetError::TooManyFiles(max_files));
    }
    tx.commit().await?;
    Ok(())
}

/// Refuses what was decided of other frames than those that the set has.
pub(super) async fn require_revision(tx: &mut Tx, id: &FramesetId, of: Digest) -> Result<(), FramesetError> {
    let now = stored_frames(tx.run("frames.of_revision", FRAMES).bind(id.as_str()).all().await?)?;
    if revision(&now) == of { Ok(()) } else { Err(FramesetError::Changed) }
}

const DIGEST: &str = "select digest from frames where frameset_id = $1 and name = $2";

/// The digest of a frame, if the set has one of this name.
async fn digest_of(tx: &mut Tx, id: &FramesetId, name: &FileName) -> Result<Option<Digest>, DbError> {
    let statement = tx.run("frames.digest", DIGEST).bind(id.as_str()).bind(name.as_str());
    let digest: Option<String> = statement.optional_scalar().await?;
    digest.map(|digest| parse("digest", &digest)).transpose()
}

/// Deletes all frames of a set.
pub(in crate::db) async fn delete_frames(tx: &mut Tx, id: &FramesetId) -> Result<(), DbError> {
    tx.run("frames.delete_all", "delete from frames where frameset_id = $1")
        .bind(id.as_str())
        .execute()
        .await?;
    Ok(())
}
