//! Bytes in the staging area: what a key has there, and what resumable uploads still promise.

use assets_pipeline::digest::Digest;

use crate::domain::{
    frameset::{FramesetId, UploadLimits},
    keys::KeyId,
};

use super::{Db, DbError, bytes, engine::Tx, from_bytes};

/// Bytes in the staging area that the database knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StagedBytes {
    /// Promised by resumable uploads of every key, and not on the disk yet.
    pub awaited: u64,
    /// Of one key: files in sets that are not encoded, and resumable uploads with all that they promise.
    pub of_key: u64,
}

/// Bytes that can be promised, before what the database knows is taken off; `None` where it is less than none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// On the disk.
    pub on_disk: Option<u64>,
    /// To the key.
    pub to_key: Option<u64>,
}

/// What bytes do not fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooMuch {
    /// What has to stay free on the disk would not.
    Disk,
    /// The key would have more than these bytes.
    Quota(u64),
}

impl Left {
    /// Whether bytes fit beside what the database knows.
    pub fn require(self, bytes: u64, known: StagedBytes, limits: &UploadLimits) -> Result<(), TooMuch> {
        let fits = |left: Option<u64>, known: u64| {
            left.and_then(|left| left.checked_sub(known)).is_some_and(|left| bytes <= left)
        };
        if !fits(self.on_disk, known.awaited) {
            return Err(TooMuch::Disk);
        }
        if fits(self.to_key, known.of_key) { Ok(()) } else { Err(TooMuch::Quota(limits.key_max_bytes)) }
    }
}

/// Sets whose job is over are encoded; their raw frames stay by another rule.
const STAGED: &str = "select
    (select cast(coalesce(sum(length - received), 0) as bigint) from uploads where not finished),
    (select cast(coalesce(sum(f.bytes), 0) as bigint) from staged_files f
     where f.frameset_id in (select s.id from framesets s where s.key_id = $1
        and not exists (select 1 from jobs j where j.frameset_id = s.id and j.state = 'ready')))
    + (select cast(coalesce(sum(u.length), 0) as bigint) from uploads u
       join framesets s on s.id = u.frameset_id where s.key_id = $1 and not u.finished)";

fn staged((awaited, of_key): (i64, i64)) -> StagedBytes {
    StagedBytes { awaited: bytes(awaited), of_key: bytes(of_key) }
}

/// What is known of a key within a transaction.
pub(super) async fn staged_bytes(tx: &mut Tx, key: &KeyId) -> Result<StagedBytes, DbError> {
    Ok(staged(tx.run("staged.bytes", STAGED).bind(key.as_str()).one().await?))
}

/// Notes a file of a set, which counts until all of the set's files are deleted: a frame that is replaced or removed
/// leaves its file.
pub(super) async fn stage(
    tx: &mut Tx,
    set: &FramesetId,
    digest: Digest,
    file_bytes: u64,
) -> Result<(), DbError> {
    const SQL: &str = "insert into staged_files (frameset_id, digest, bytes)
        select $1, $2, $3 where exists (select 1 from framesets where id = $1)
        on conflict (frameset_id, digest) do nothing";
    let statement = tx.run("staged.insert", SQL).bind(set.as_str()).bind(digest.to_string());
    statement.bind(from_bytes(file_bytes)).execute().await?;
    Ok(())
}

/// Notes that a set has no files any more.
pub(super) async fn unstage(tx: &mut Tx, set: &FramesetId) -> Result<(), DbError> {
    tx.run("staged.delete", "delete from staged_files where frameset_id = $1")
        .bind(set.as_str())
        .execute()
        .await?;
    Ok(())
}

impl Db {
    /// What is known of a key.
    pub async fn staged_bytes(&self, key: &KeyId) -> Result<StagedBytes, DbError> {
        Ok(staged(self.read("staged.bytes_now", STAGED).bind(key.as_str()).one().await?))
    }

    /// Notes files of a set before they are put there, so that none is there uncounted.
    pub async fn stage_files(&self, set: &FramesetId, files: &[(Digest, u64)]) -> Result<(), DbError> {
        let mut tx = self.write("staged.add").await?;
        for (digest, file_bytes) in files {
            stage(&mut tx, set, *digest, *file_bytes).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::{
            framesets::StoredFrame,
            uploads::{NewUpload, Received},
        },
        domain::{
            audit::Actor,
            frameset::{Conditions, NewFrameset},
            keys::Role,
        },
    };

    const LIMITS: UploadLimits = UploadLimits {
        frame_max_bytes: 1000,
        archive_max_bytes: 1000,
        set_max_files: 2,
        key_max_open_sets: 9,
        key_max_bytes: 1000,
        disk_min_free_bytes: 0,
        expire_hours: 1,
    };

    #[test]
    fn bytes_fit_beside_all_that_is_promised() {
        let left = |on_disk, to_key| Left { on_disk, to_key };
        let known = StagedBytes { awaited: 30, of_key: 20 };
        let check = |left: Left, fits| assert_eq!(left.require(10, known, &LIMITS), fits, "{left:?}");
        check(left(Some(40), Some(30)), Ok(()));
        check(left(Some(39), Some(30)), Err(TooMuch::Disk));
        check(left(None, None), Err(TooMuch::Disk));
        check(left(Some(40), Some(29)), Err(TooMuch::Quota(1000)));
        check(left(Some(40), None), Err(TooMuch::Quota(1000)));
        check(left(Some(u64::MAX), Some(u64::MAX)), Ok(()));
    }

    #[tokio::test]
    async fn files_count_until_their_set_is_encoded_or_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let actor = Actor::command_line();
        let key = db.create_key(Role::Artist, "", &actor).await.unwrap();
        let other = db.create_key(Role::Artist, "", &actor).await.unwrap();
        let wanted = NewFrameset::of_plain_ring();
        let set = db.open_frameset(&wanted, key.id(), 9, &actor).await.unwrap();
        let of_key = async || db.staged_bytes(key.id()).await.unwrap().of_key;
        let frame = |content: &[u8]| StoredFrame {
            name: "001.png".parse().unwrap(),
            bytes: 100,
            digest: Digest::of(content),
        };

        // A frame that is replaced, and one that is removed, leave their files.
        for content in [b"a", b"b", b"a"] {
            db.add_frames(&set, &[frame(content)], 9, &actor).await.unwrap();
        }
        db.remove_frame(&set, &frame(b"a").name, |_| true, &actor).await.unwrap();
        assert_eq!(of_key().await, 200);
        db.stage_files(&set, &[(Digest::of(b"b"), 100), (Digest::of(b"c"), 50)]).await.unwrap();
        assert_eq!(of_key().await, 250);

        let left = Left { on_disk: Some(u64::MAX), to_key: Some(1000) };
        let name = "002.png".parse().unwrap();
        let new = NewUpload {
            frameset: &set,
            name: &name,
            length: 700,
            metadata: "",
            conditions: &Conditions::default(),
        };
        let upload = db.begin_upload(new, key.id(), &LIMITS, left).await.unwrap();
        let received = Received { bytes: 60, writer: "this", parts: &[] };
        db.note_received(&upload, received).await.unwrap();
        let known = db.staged_bytes(key.id()).await.unwrap();
        assert_eq!(known, StagedBytes { awaited: 640, of_key: 950 });
        assert_eq!(db.staged_bytes(other.id()).await.unwrap(), StagedBytes { awaited: 640, of_key: 0 });
        let mut tx = db.write("test.finish").await.unwrap();
        assert!(crate::db::finish::finish(&mut tx, (&upload.id, upload.fence)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(db.staged_bytes(key.id()).await.unwrap(), StagedBytes { awaited: 0, of_key: 250 });

        db.add_frames(&set, &[frame(b"a")], 9, &actor).await.unwrap();
        db.commit_frameset(&set, &actor).await.unwrap();
        assert_eq!(of_key().await, 250);
        let leased = db.claim_job(60_000).await.unwrap().unwrap();
        let id = "ring.solitaire".parse().unwrap();
        db.finish_job(&leased, &id, 1).await.unwrap();
        assert_eq!(of_key().await, 0);

        let set = db.open_frameset(&wanted, key.id(), 9, &actor).await.unwrap();
        db.add_frames(&set, &[frame(b"a")], 9, &actor).await.unwrap();
        assert_eq!(of_key().await, 100);
        db.discard_frameset(&set, &actor).await.unwrap();
        assert_eq!(of_key().await, 0);
        // A set that is gone meanwhile takes no file.
        db.stage_files(&set, &[(Digest::of(b"b"), 100)]).await.unwrap();
        assert_eq!(of_key().await, 0);
    }
}
