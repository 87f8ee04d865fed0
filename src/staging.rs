//! Frames that artists have sent and that are not encoded yet.
//!
//! `incoming/SET/parts/` holds files on their way, and `incoming/SET/files/` complete ones, named by their content, so
//! that no file is ever overwritten. The database says which file is which frame.
//!
//! # From the first file to the job
//!
//! `POST /api/framesets` opens a frame set. Its frames arrive by `PUT …/frames/{name}` or by tus, in any order and in
//! parallel. A body is written to a part in chunks, synced, hashed, and linked into the set under the name of its
//! content; then its row gives it a name. A process that dies in between leaves a part that no reader sees and that is
//! deleted with its set. Resumable uploads record every 8 MiB how much is safely on disk and continue from there; a new
//! connection takes the upload over from an old one that may be dead. A zip or tar is read in place and written out
//! beside the set, and its files become frames in one transaction when every one of them was read. `commit` closes the
//! set, or the last announced frame does; the transaction that closes it queues its job.
//!
//! With S3, frames can be put into the bucket under `incoming/SET/`, by signed addresses or by credentials for that
//! folder ([`fetch`] brings them here as the job's first stage). The server records that a client got access, so that a
//! set without a frame can be committed. Whatever dies leaves files in the set, in the bucket, or in both; the next
//! attempt takes what is in the bucket, so there is nothing to resume. The expiry task deletes raw frames by the
//! rule of `uploads.keep_raw`, and every file that no set needs ([`sets`](Staging::sets) lists them).

mod archive;
#[cfg(feature = "cloud")]
mod area;
#[cfg(not(feature = "cloud"))]
#[path = "staging/no_area.rs"]
mod area;
mod copies;
mod encodes;
pub mod fetch;
mod findings;
#[cfg(feature = "cloud")]
mod inbox;
#[cfg(not(feature = "cloud"))]
#[path = "staging/no_inbox.rs"]
mod inbox;
mod laid_out;
mod resumable;
mod room;
mod shared;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use assets_pipeline::digest::Digest;
use sha2::{Digest as _, Sha256};
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, SeekFrom},
    sync::Semaphore,
};

use crate::{
    db::framesets::StoredFrame,
    domain::frameset::{FramesetId, UploadLimits},
    store::{Connection, Trouble},
};

pub use self::{
    archive::{UnpackError, Unpacked},
    area::{Area, Contents},
    encodes::{Encode, SharedEncodes},
    inbox::{Inbox, Presigned, Scoped, Waiting},
    laid_out::LaidOut,
    resumable::Secured,
    room::{Account, NoRoom, Offer, Reservation},
};

use self::{room::Room, shared::Shared};

/// A file of the staging area could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the staging could not {did} a file")]
pub struct StagingError {
    did: &'static str,
    source: io::Error,
}

impl StagingError {
    /// Whether the bucket failed in a way that may pass.
    pub fn is_away(&self) -> bool {
        let Some(cause) = self.source.get_ref() else { return false };
        match cause.downcast_ref::<InboxError>() {
            Some(error) => error.is_away(),
            None => Trouble::of_bucket(cause).is_some_and(|trouble| !trouble.is_lasting()),
        }
    }

    /// Whether bytes that were there are gone, or are others.
    pub fn is_loss(&self) -> bool {
        use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        matches!(self.source.kind(), UnexpectedEof | NotFound | InvalidData)
    }
}

impl InboxError {
    /// Whether the bucket failed in a way that may pass.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Gone => false,
            Self::Bucket { source, .. } => {
                Trouble::of_bucket(source.as_ref()).is_some_and(|trouble| !trouble.is_lasting())
            }
        }
    }
}

fn failed(did: &'static str) -> impl Fn(io::Error) -> StagingError {
    move |source| StagingError { did, source }
}

/// The files that artists put into the bucket themselves could not be used.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// A file that waited in the bucket was deleted.
    #[error("what was put into the bucket is gone")]
    Gone,
    /// The bucket failed.
    #[error("what is put into the bucket could not be {did}")]
    Bucket {
        /// The operation, as a participle.
        did: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// How often the removal of a folder is tried while uploads make files in it.
const REMOVAL_TRIES: u32 = 8;
/// Bytes that are read at once.
const CHUNK: usize = 128 * 1024;

/// The folder of uploads; cheap to clone.
#[derive(Debug, Clone)]
pub struct Staging {
    root: PathBuf,
    /// Where sets are laid out.
    work: PathBuf,
    room: Room,
    unpacking: Arc<Semaphore>,
    inbox: Option<Inbox>,
    shared: Option<Shared>,
    /// Names this process, among all that ever have the folder.
    process: Arc<str>,
}

/// A file that is being written. It belongs to its set once it is [kept](Incoming::keep).
#[derive(Debug)]
pub struct Incoming {
    file: File,
    part: Part,
    written: u64,
}

/// The path of a file that is being written.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    /// Whether it is removed when it is dropped: no later request continues it.
    is_single: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        // A part that stays is deleted with its set.
        if self.is_single {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its length.
    pub bytes: u64,
    /// BLAKE3, as everywhere in Girasol.
    pub digest: Digest,
    /// SHA-256, which clients can check.
    pub sha256: [u8; 32],
}

impl Staging {
    /// The staging area in `incoming/` of the data folder, and in the bucket if there is one. The folder is created if it
    /// does not exist.
    pub fn open(data: &Path, bucket: Option<&Connection>) -> io::Result<Self> {
        let root = data.join("incoming");
        std::fs::create_dir_all(&root)?;
        let (room, unpacking) = (Room::of(root.clone()), Arc::new(Semaphore::new(1)));
        let (inbox, shared) = (bucket.map(Inbox::of), bucket.map(Shared::of));
        let process = format!("{:016x}", getrandom::u64().map_err(io::Error::other)?).into();
        Ok(Self { root, work: data.join("work"), room, unpacking, inbox, shared, process })
    }

    /// What this process is called where it says that it has an upload's bytes.
    pub fn process(&self) -> &str {
        &self.process
    }

    /// Whether other servers see what comes here, so that the folder is scratch.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The place in the bucket for artists' frames; `None` where the store is a folder.
    pub fn inbox(&self) -> Option<&Inbox> {
        self.inbox.as_ref()
    }

    /// Where a set's whole file of this content is, once it was [brought](Self::bring).
    pub fn file(&self, set: &FramesetId, digest: Digest) -> PathBuf {
        self.files(set).join(digest.to_string())
    }

    /// The bytes of a set's frame.
    pub async fn load(&self, set: &FramesetId, frame: &StoredFrame) -> Result<Vec<u8>, StagingError> {
        self.bring(set, std::slice::from_ref(frame)).await?;
        fs::read(self.file(set, frame.digest)).await.map_err(failed("read"))
    }

    fn files(&self, set: &FramesetId) -> PathBuf {
        self.set(set).join("files")
    }

    fn set(&self, set: &FramesetId) -> PathBuf {
        self.root.join(set.as_str())
    }

    /// Where a file of a set is while it is being written.
    pub(crate) fn part(&self, set: &FramesetId, name: &str) -> PathBuf {
        self.set(set).join("parts").join(name)
    }

    /// Reserves room for bytes that are about to come.
    pub async fn reserve(&self, account: Account<'_>, bytes: u64) -> Result<Reservation, NoRoom> {
        self.room.reserve(account, bytes).await
    }

    /// What can be promised now.
    pub async fn offer(&self, account: Account<'_>) -> Result<Offer<'_>, StagingError> {
        self.room.offer(account).await
    }

    /// Refuses to go on where the disk has less free than it has to have.
    pub async fn require_free(&self, limits: &UploadLimits) -> Result<(), NoRoom> {
        self.room.require_free(limits).await
    }

    /// A name that no other file of this folder has, or had.
    fn unique_name(&self) -> String {
        static UNIQUE: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}", self.process, UNIQUE.fetch_add(1, Ordering::Relaxed))
    }

    /// Begins a file of a set that is sent in one request. Dropped, it leaves nothing.
    pub async fn begin(&self, set: &FramesetId) -> Result<Incoming, StagingError> {
        let name = self.unique_name();
        Incoming::open(Part { path: self.part(set, &name), is_single: true }).await
    }

    /// The sets that have files here or in the bucket, or that are laid out.
    pub async fn sets(&self) -> Result<Vec<FramesetId>, StagingError> {
        let staged = entries(&self.root).await?;
        let mut sets = self.laid_out_sets().await?;
        if let Some(shared) = &self.shared {
            sets.extend(shared.sets().await?);
        }
        sets.extend(staged.iter().filter_map(|name| name.parse().ok()));
        sets.sort_unstable();
        sets.dedup();
        Ok(sets)
    }

    /// Removes all of a set, also where it is laid out.
    ///
    /// A file that arrives meanwhile may stay: the request that brings it deletes the set's files again when it finds
    /// that the set is gone.
    pub async fn discard_set(&self, set: &FramesetId) -> Result<(), StagingError> {
        for _ in 0..REMOVAL_TRIES {
            match fs::remove_dir_all(self.set(set)).await {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                removed => {
                    absent(removed)?;
                    break;
                }
            }
        }
        self.discard_laid_out(set).await?;
        match &self.shared {
            Some(shared) => shared.discard_set(set).await,
            None => Ok(()),
        }
    }
}

/// The names in a folder; none where it does not exist.
async fn entries(folder: &Path) -> Result<Vec<String>, StagingError> {
    let mut names = Vec::new();
    let mut entries = match fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        entries => entries.map_err(failed("list"))?,
    };
    while let Some(entry) = entries.next_entry().await.map_err(failed("list"))? {
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

/// A file that does not exist counts as removed.
fn absent(removed: io::Result<()>) -> Result<(), StagingError> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove")(error)),
        _ => Ok(()),
    }
}

impl Incoming {
    /// Opens the file of a part, which is made where there is none. What is in it stays.
    async fn open(part: Part) -> Result<Self, StagingError> {
        if let Some(folder) = part.path.parent() {
            fs::create_dir_all(folder).await.map_err(failed("make room for"))?;
        }
        let mut options = File::options();
        let opened = options.create(true).truncate(false).read(true).write(true).open(&part.path).await;
        let mut file = opened.map_err(failed("open"))?;
        let written = file.seek(SeekFrom::End(0)).await.map_err(failed("open"))?;
        Ok(Self { file, part, written })
    }

    /// Bytes so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Adds bytes at the end.
    pub async fn append(&mut self, bytes: &[u8]) -> Result<(), StagingError> {
        self.file.write_all(bytes).await.map_err(failed("write"))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Returns when every byte is on disk.
    pub async fn sync(&mut self) -> Result<(), StagingError> {
        self.file.flush().await.map_err(failed("write"))?;
        self.file.sync_data().await.map_err(failed("write"))
    }

    /// Cuts the file to a length.
    pub async fn cut(&mut self, length: u64) -> Result<(), StagingError> {
        self.file.flush().await.map_err(failed("cut"))?;
        self.file.set_len(length).await.map_err(failed("cut"))?;
        self.file.seek(SeekFrom::End(0)).await.map_err(failed("cut"))?;
        self.written = length;
        Ok(())
    }

    /// Reads what stands from a length on, a chunk at a time.
    pub async fn read_from(&mut self, length: u64, mut see: impl FnMut(&[u8])) -> Result<(), StagingError> {
        self.file.flush().await.map_err(failed("read"))?;
        self.file.seek(SeekFrom::Start(length)).await.map_err(failed("read"))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.file.read(&mut chunk).await.map_err(failed("read"))? {
                0 => return Ok(()),
                read => see(&chunk[..read]),
            }
        }
    }

    /// Its last bytes, at most so many.
    pub async fn tail(&mut self, bytes: usize) -> Result<Vec<u8>, StagingError> {
        let mut tail = Vec::new();
        self.read_from(self.written.saturating_sub(bytes as u64), |chunk| tail.extend_from_slice(chunk))
            .await?;
        Ok(tail)
    }

    /// Reads it all once more, and says what it is.
    pub async fn whole(&mut self) -> Result<Whole, StagingError> {
        self.sync().await?;
        let (mut blake3, mut sha256, mut bytes) = (blake3::Hasher::new(), Sha256::new(), 0);
        self.read_from(0, |chunk| {
            bytes += chunk.len() as u64;
            blake3.update(chunk);
            sha256.update(chunk);
        })
        .await?;
        Ok(Whole { bytes, digest: Digest::from_hash(blake3.finalize()), sha256: sha256.finalize().into() })
    }

    /// Makes it one of the set's files, here and for other servers. The part stays until it is
    /// [`discard`](Self::discard)ed, so that a process that dies in between can do both again.
    pub async fn keep(&self, staging: &Staging, set: &FramesetId, whole: &Whole) -> Result<(), StagingError> {
        self.link(staging, set, whole.digest).await?;
        staging.share(set, whole.digest, whole.bytes).await
    }

    /// Puts it among the set's files. A part that a later request may go on with is copied: a file never changes.
    async fn link(&self, staging: &Staging, set: &FramesetId, digest: Digest) -> Result<(), StagingError> {
        let (part, folder) = (self.part.path.clone(), staging.files(set));
        let (file, unnamed) = (folder.join(digest.to_string()), folder.join(staging.unique_name()));
        let is_single = self.part.is_single;
        let placed = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder)?;
            if is_single {
                std::fs::hard_link(&part, &unnamed)?;
            } else {
                std::fs::copy(&part, &unnamed)?;
                std::fs::File::open(&unnamed)?.sync_data()?;
            }
            // In the place of what may be there, however it came there.
            std::fs::rename(&unnamed, &file)?;
            // Where both are links to one file, neither goes.
            let _ = std::fs::remove_file(&unnamed);
            std::fs::File::open(&folder)?.sync_all()
        });
        placed.await.map_err(io::Error::other).flatten().map_err(failed("keep"))
    }

    /// Removes it.
    pub async fn discard(self) -> Result<(), StagingError> {
        absent(fs::remove_file(&self.part.path).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staging() -> (tempfile::TempDir, Staging, FramesetId) {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        (folder, staging, FramesetId::new([7; 16]))
    }

    #[tokio::test]
    async fn a_file_is_there_when_it_is_whole_and_not_before() {
        let (_folder, staging, set) = staging();
        let mut file = staging.begin(&set).await.unwrap();
        file.append(b"fra").await.unwrap();
        file.append(b"me").await.unwrap();
        assert!(!staging.files(&set).exists());
        let whole = file.whole().await.unwrap();
        assert_eq!((whole.bytes, whole.digest), (5, Digest::of(b"frame")));
        assert_eq!(whole.sha256, <[u8; 32]>::from(Sha256::digest(b"frame")));
        for _ in 0..2 {
            file.keep(&staging, &set, &whole).await.unwrap();
        }
        file.discard().await.unwrap();
        assert_eq!(std::fs::read(staging.file(&set, whole.digest)).unwrap(), b"frame");
        staging.discard_set(&set).await.unwrap();
        staging.discard_set(&set).await.unwrap();
        let parts = staging.set(&set).join("parts");
        let unfinished = staging.begin(&set).await.unwrap();
        assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 1);
        drop(unfinished);
        assert_eq!(std::fs::read_dir(&parts).unwrap().count(), 0, "a cut request leaves no part");
    }

    #[tokio::test]
    async fn what_a_killed_request_has_left_is_no_beginning_of_another_file() {
        let (folder, killed, set) = staging();
        let mut file = killed.begin(&set).await.unwrap();
        file.append(b"left").await.unwrap();
        file.sync().await.unwrap();
        std::mem::forget(file);
        // The next process of this folder may have the same process id.
        let next = Staging::open(folder.path(), None).unwrap();
        let mut file = next.begin(&set).await.unwrap();
        file.append(b"frame").await.unwrap();
        assert_eq!(file.whole().await.unwrap().digest, Digest::of(b"frame"));
    }
}
