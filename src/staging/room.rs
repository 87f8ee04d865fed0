//! Room on the disk for files that are on their way.
//!
//! Bytes are promised before they come: by a `Content-Length`, by the length of a resumable upload, by the contents of an
//! archive. All promises have to fit on the disk together, beside what has to stay free, and each key's into its quota.
//! Promises of resumable uploads are rows of the database, which every process sees. The others end with their request
//! and are counted in memory; other processes notice them as bytes on the disk, since free space is looked at again
//! while a file comes.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as Turn, MutexGuard as TurnGuard};

use crate::{
    db::{
        Db, DbError,
        staged::{Left, TooMuch},
    },
    domain::{frameset::UploadLimits, keys::KeyId},
};

use super::{StagingError, failed};

/// Why bytes are not taken.
#[derive(Debug, thiserror::Error)]
pub enum NoRoom {
    /// They would not leave enough of the disk free.
    #[error("the disk has no room for them")]
    Disk,
    /// The key would have more than this many bytes in the staging.
    #[error("a key may have at most {0} bytes in frame sets that are not encoded")]
    Quota(u64),
    /// The disk cannot be measured.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<TooMuch> for NoRoom {
    fn from(too_much: TooMuch) -> Self {
        match too_much {
            TooMuch::Disk => Self::Disk,
            TooMuch::Quota(bytes) => Self::Quota(bytes),
        }
    }
}

/// What bytes have to fit into.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The promises of resumable uploads, and what each key has.
    pub db: &'a Db,
    /// The key that opened the frame set.
    pub key: &'a KeyId,
    /// How much it may have, and what has to stay free.
    pub limits: &'a UploadLimits,
}

/// The room of a folder; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Room {
    folder: PathBuf,
    measure: fn(&Path) -> io::Result<u64>,
    promises: Arc<Mutex<Promises>>,
    /// Held from a look at the room until what it allows is promised.
    turn: Arc<Turn<()>>,
}

/// Promises of this process's requests.
#[derive(Debug, Default)]
struct Promises {
    /// Bytes that are not on the disk yet.
    awaited: u64,
    /// Bytes by key, on the disk or not, which the database does not know yet.
    by_key: HashMap<KeyId, u64>,
}

/// Bytes that are promised, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    room: Room,
    key: KeyId,
    bytes: u64,
    written: u64,
}

impl Room {
    pub(super) fn of(folder: PathBuf) -> Self {
        Self { folder, measure: free_bytes, promises: Arc::default(), turn: Arc::default() }
    }

    /// The same with another measure of free space.
    #[cfg(test)]
    pub(super) fn measured_by(self, measure: fn(&Path) -> io::Result<u64>) -> Self {
        Self { measure, ..self }
    }

    fn promises(&self) -> MutexGuard<'_, Promises> {
        self.promises.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are free on the disk.
    pub(super) async fn free_bytes(&self) -> Result<u64, StagingError> {
        let (measure, folder) = (self.measure, self.folder.clone());
        let free = tokio::task::spawn_blocking(move || measure(&folder)).await;
        free.map_err(io::Error::other).flatten().map_err(failed("measure"))
    }

    /// Refuses to go on where the disk has less free than it has to have.
    pub(super) async fn require_free(&self, limits: &UploadLimits) -> Result<(), NoRoom> {
        if self.free_bytes().await? < limits.disk_min_free_bytes { Err(NoRoom::Disk) } else { Ok(()) }
    }

    /// Promises bytes, where they fit.
    pub(super) async fn reserve(&self, account: Account<'_>, bytes: u64) -> Result<Reservation, NoRoom> {
        let mut reservation =
            Reservation { room: self.clone(), key: account.key.clone(), bytes: 0, written: 0 };
        reservation.grow(account, bytes).await?;
        Ok(reservation)
    }

    /// What can be promised now.
    pub(super) async fn offer(&self, account: Account<'_>) -> Result<Offer<'_>, StagingError> {
        let turn = self.turn.lock().await;
        let free = self.free_bytes().await?;
        let promises = self.promises();
        let own = promises.by_key.get(account.key).copied().unwrap_or(0);
        let UploadLimits { disk_min_free_bytes, key_max_bytes, .. } = account.limits;
        let left = Left {
            on_disk: free.checked_sub(disk_min_free_bytes + promises.awaited),
            to_key: key_max_bytes.checked_sub(own),
        };
        Ok(Offer { left, _turn: turn })
    }
}

/// What can be promised. While it is held, nothing else of this process is promised.
#[derive(Debug)]
pub struct Offer<'a> {
    /// The bytes, less what this process has promised.
    pub left: Left,
    _turn: TurnGuard<'a, ()>,
}

impl Reservation {
    /// Promises further bytes, where they fit.
    async fn grow(&mut self, account: Account<'_>, bytes: u64) -> Result<(), NoRoom> {
        let room = self.room.clone();
        let offer = room.offer(account).await?;
        offer.left.require(bytes, account.db.staged_bytes(account.key).await?, account.limits)?;
        let mut promises = room.promises();
        promises.awaited += bytes;
        *promises.by_key.entry(self.key.clone()).or_default() += bytes;
        self.bytes += bytes;
        Ok(())
    }

    /// Makes sure that there is room for further bytes, before they are written. Bytes beyond what was promised are
    /// promised `ahead` at a time, as long as so many fit.
    pub async fn require(&mut self, account: Account<'_>, bytes: u64, ahead: u64) -> Result<(), NoRoom> {
        let missing = (self.written + bytes).saturating_sub(self.bytes);
        if missing == 0 {
            return Ok(());
        }
        match self.grow(account, missing.max(ahead)).await {
            Err(NoRoom::Disk | NoRoom::Quota(_)) if ahead > missing => self.grow(account, missing).await,
            grown => grown,
        }
    }

    /// Gives back bytes of a file that the database knows from now on.
    pub fn settle(&mut self, bytes: u64) {
        let bytes = bytes.min(self.written);
        self.bytes -= bytes;
        self.written -= bytes;
        if let Some(of_key) = self.room.promises().by_key.get_mut(&self.key) {
            *of_key -= bytes;
        }
    }

    /// Notes that bytes are on the disk.
    pub fn wrote(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes - self.written);
        self.written += bytes;
        self.room.promises().awaited -= bytes;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut promises = self.room.promises();
        promises.awaited -= self.bytes - self.written;
        if let Some(bytes) = promises.by_key.get_mut(&self.key) {
            *bytes -= self.bytes;
            if *bytes == 0 {
                promises.by_key.remove(&self.key);
            }
        }
    }
}

fn free_bytes(folder: &Path) -> io::Result<u64> {
    // Scratch may be wiped at any time.
    std::fs::create_dir_all(folder)?;
    let free = rustix::fs::statvfs(folder)?;
    Ok(free.f_bavail.saturating_mul(free.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::uploads::{BeginUploadError, NewUpload, Received, StoredUpload},
        domain::{
            audit::Actor,
            frameset::{Conditions, FramesetId, NewFrameset},
            keys::Role,
        },
    };

    /// A disk with as many bytes free as a file beside it says.
    struct Fixture {
        folder: tempfile::TempDir,
        db: Db,
        room: Room,
        key: KeyId,
        set: FramesetId,
        limits: UploadLimits,
    }

    fn written_free(folder: &Path) -> io::Result<u64> {
        std::fs::read_to_string(folder.join("free"))?.parse().map_err(io::Error::other)
    }

    impl Fixture {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).await.unwrap();
            let actor = Actor::command_line();
            let key = db.create_key(Role::Artist, "", &actor).await.unwrap().id().clone();
            let wanted = NewFrameset::of_plain_ring();
            let set = db.open_frameset(&wanted, &key, 1, &actor).await.unwrap();
            let room = Room::of(folder.path().to_owned()).measured_by(written_free);
            let limits = UploadLimits {
                frame_max_bytes: 1000,
                archive_max_bytes: 1000,
                set_max_files: 9,
                key_max_open_sets: 1,
                key_max_bytes: 500,
                disk_min_free_bytes: 100,
                expire_hours: 1,
            };
            let fixture = Self { folder, db, room, key, set, limits };
            fixture.set_free(1000);
            fixture
        }

        fn set_free(&self, bytes: u64) {
            std::fs::write(self.folder.path().join("free"), bytes.to_string()).unwrap();
        }

        fn account(&self) -> Account<'_> {
            Account { db: &self.db, key: &self.key, limits: &self.limits }
        }

        async fn reserve(&self, bytes: u64) -> Result<Reservation, NoRoom> {
            self.room.reserve(self.account(), bytes).await
        }

        async fn begin_upload(&self, length: u64) -> Result<StoredUpload, BeginUploadError> {
            let name = "001.png".parse().unwrap();
            let conditions = &Conditions::default();
            let new = NewUpload { frameset: &self.set, name: &name, length, metadata: "", conditions };
            let offer = self.room.offer(self.account()).await.unwrap();
            self.db.begin_upload(new, &self.key, &self.limits, offer.left).await
        }
    }

    #[tokio::test]
    async fn all_that_is_promised_fits_on_the_disk_together() {
        let fixture = Fixture::new().await;
        // 100 of these stay free.
        fixture.set_free(400);
        let mut first = fixture.reserve(100).await.unwrap();
        let upload = fixture.begin_upload(150).await.unwrap();
        assert!(matches!(fixture.reserve(51).await, Err(NoRoom::Disk)));
        assert!(matches!(fixture.begin_upload(51).await, Err(BeginUploadError::TooMuch(TooMuch::Disk))));
        let second = fixture.reserve(50).await.unwrap();
        assert!(matches!(fixture.reserve(1).await, Err(NoRoom::Disk)));

        // Bytes that have come are counted by the disk, and by nothing else.
        first.wrote(60);
        fixture.set_free(340);
        assert!(matches!(fixture.reserve(1).await, Err(NoRoom::Disk)));
        drop(second);
        fixture.reserve(50).await.unwrap();
        drop(first);
        // What is left: 340, less 100, less 150 of the upload.
        fixture.reserve(90).await.unwrap();
        let received = Received { bytes: 150, writer: "this", parts: &[] };
        fixture.db.note_received(&upload, received).await.unwrap();
        fixture.set_free(190);
        fixture.reserve(90).await.unwrap();
        assert!(matches!(fixture.reserve(91).await, Err(NoRoom::Disk)));
        assert_eq!(fixture.room.promises().awaited, 0);
    }

    #[tokio::test]
    async fn the_same_room_is_promised_once_however_many_ask_at_once() {
        let fixture = Fixture::new().await;
        fixture.set_free(400);
        let asked = futures_util::future::join_all((0..9).map(|_| fixture.reserve(100))).await;
        assert_eq!(asked.iter().filter(|reserved| reserved.is_ok()).count(), 3);
        drop(asked);
        let asked = futures_util::future::join_all((0..9).map(|_| fixture.begin_upload(100))).await;
        assert_eq!(asked.iter().filter(|begun| begun.is_ok()).count(), 3);
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_promised_ahead_of_its_bytes() {
        let fixture = Fixture::new().await;
        fixture.set_free(400);
        let mut body = fixture.reserve(0).await.unwrap();
        for chunk in 0..3 {
            body.require(fixture.account(), 60, 100).await.unwrap();
            body.wrote(60);
            fixture.set_free(400 - 60 * (chunk + 1));
        }
        assert_eq!(body.bytes, 200);
        assert!(matches!(fixture.reserve(101).await, Err(NoRoom::Disk)));
        // The disk fills up otherwise, and the next bytes beyond what was promised are refused.
        fixture.set_free(130);
        body.require(fixture.account(), 20, 100).await.unwrap();
        body.wrote(20);
        assert!(matches!(body.require(fixture.account(), 31, 100).await, Err(NoRoom::Disk)));
        body.require(fixture.account(), 30, 100).await.unwrap();
        fixture.room.require_free(&fixture.limits).await.unwrap();
        fixture.set_free(99);
        assert!(matches!(fixture.room.require_free(&fixture.limits).await, Err(NoRoom::Disk)));
    }

    #[tokio::test]
    async fn a_key_has_its_quota_and_no_more() {
        let fixture = Fixture::new().await;
        let mut first = fixture.reserve(200).await.unwrap();
        first.wrote(200);
        fixture.begin_upload(200).await.unwrap();
        assert!(matches!(fixture.reserve(101).await, Err(NoRoom::Quota(500))));
        let over = fixture.begin_upload(101).await;
        assert!(matches!(over, Err(BeginUploadError::TooMuch(TooMuch::Quota(500)))));
        let file = assets_pipeline::digest::Digest::of(b"frame");
        fixture.db.stage_files(&fixture.set, &[(file, 200)]).await.unwrap();
        first.settle(200);
        fixture.reserve(100).await.unwrap();
        assert!(matches!(fixture.reserve(101).await, Err(NoRoom::Quota(500))));
        drop(first);
        assert!(fixture.room.promises().by_key.is_empty());
    }
}
