//! From the bucket to the staging area: the files that artists have uploaded to a frame set's prefix themselves.
//!
//! All names and lengths are checked before any file is read. Then each file arrives as it would by a request of its own:
//! first its bytes on disk, then its row, and only then it is removed from the bucket. A process that dies in between
//! leaves each file in the set, in the bucket, or in both; the next fetch continues with those in the bucket.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use assets_pipeline::read::{refusal::Refusal, source::is_junk};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        framesets::{FramesetError, StoredFrame},
        jobs::Leased,
    },
    domain::{
        audit::Actor,
        frameset::{BadFileName, FileName, FramesetId, UploadLimits},
        keys::KeyId,
    },
    staging::{
        Account, Inbox, InboxError, Incoming, NoRoom, Reservation, Staging, StagingError, UnpackError,
        Unpacked, Waiting,
    },
};

/// Files that are read at once.
const READS_AT_ONCE: usize = 4;

/// Why files in the bucket did not become files of the set.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// A file has a name that no frame can have.
    #[error("{name:?} in the bucket: {why}")]
    Name {
        /// As it stands in the bucket.
        name: String,
        /// What is wrong with it.
        why: BadFileName,
    },
    /// A file is larger than files may be.
    #[error("{name} in the bucket has {bytes} bytes, and may have {max_bytes}")]
    TooLarge {
        /// Which one.
        name: FileName,
        /// Its length.
        bytes: u64,
        /// What it may have.
        max_bytes: u64,
    },
    /// The set would have more files than it may.
    #[error("a frame set has at most {0} files")]
    TooManyFiles(u32),
    /// A file cannot be used.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// The files do not fit.
    #[error("the files in the bucket do not fit")]
    NoRoom(#[from] NoRoom),
    /// The set takes no files, or not from this worker.
    #[error("the frame set takes no files from here any more")]
    Closed(#[source] FramesetError),
    /// The fetch was stopped.
    #[error("the fetch was stopped")]
    Stopped,
    /// The bucket failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The disk failed.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl FetchError {
    /// Whether it is the artist's to mend, as a refusal of the file is.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Name { .. }
            | Self::TooLarge { .. }
            | Self::TooManyFiles(_)
            | Self::Unpack(UnpackError::Name { .. }) => true,
            Self::Unpack(UnpackError::Refused(refusal)) => !matches!(refusal, Refusal::Io { .. }),
            Self::Unpack(UnpackError::NoRoom(_) | UnpackError::Staging(_) | UnpackError::Db(_))
            | Self::NoRoom(_)
            | Self::Closed(_)
            | Self::Stopped
            | Self::Inbox(_)
            | Self::Staging(_)
            | Self::Db(_) => false,
        }
    }
}

/// Who adds the files to the set.
#[derive(Debug, Clone, Copy)]
pub enum Requester<'a> {
    /// An artist, while the set is open.
    Artist(&'a Actor),
    /// The job of a committed set.
    Job(&'a Leased, &'a Actor),
}

/// What a fetch reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct Parameters<'a> {
    /// Where the files are.
    pub inbox: &'a Inbox,
    /// Where they are put.
    pub staging: &'a Staging,
    /// Where they are listed.
    pub db: &'a Db,
    /// The key that opened the set.
    pub key: &'a KeyId,
    /// How many files a set may have, and how large.
    pub limits: &'a UploadLimits,
}

impl<'a> Parameters<'a> {
    fn account(self) -> Account<'a> {
        Account { db: self.db, key: self.key, limits: self.limits }
    }
}

/// How far a fetch is.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicUsize,
    done: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Files that were fetched, and all files.
    pub fn counts(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Ends the fetch at its next chunk.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), FetchError> {
        if self.is_stopped.load(Ordering::Relaxed) { Err(FetchError::Stopped) } else { Ok(()) }
    }
}

/// Fetches the files of a set. Begins no further file after `until`; answers how many are left then.
pub async fn fetch(
    parameters: Parameters<'_>,
    set: &FramesetId,
    requester: Requester<'_>,
    progress: &Progress,
    until: Option<Instant>,
) -> Result<usize, FetchError> {
    let files = list_allowed(parameters, set).await?;
    let bytes = files.iter().map(|(_, waiting)| waiting.bytes).sum();
    let room = &Mutex::new(parameters.staging.reserve(parameters.account(), bytes).await?);
    progress.total.store(files.len(), Ordering::Relaxed);
    let mut fetched = stream::iter(files)
        .take_while(|_| std::future::ready(until.is_none_or(|until| Instant::now() < until)))
        .map(|(name, waiting)| async move {
            progress.check()?;
            fetch_one(parameters, set, requester, progress, room, &name, &waiting).await
        })
        .buffer_unordered(READS_AT_ONCE);
    while fetched.try_next().await?.is_some() {
        progress.done.fetch_add(1, Ordering::Relaxed);
    }
    let (done, total) = progress.counts();
    Ok(total - done)
}

/// The files in the bucket, if the set may have all of them.
async fn list_allowed(
    parameters: Parameters<'_>,
    set: &FramesetId,
) -> Result<Vec<(FileName, Waiting)>, FetchError> {
    let Parameters { inbox, limits, .. } = parameters;
    let max_files = limits.set_max_files as usize;
    let waiting = inbox.waiting(set, 2 * max_files).await?;
    // Empty objects stand for folders.
    let wanted = waiting.into_iter().filter(|Waiting { name, .. }| !is_junk(name) && !name.ends_with('/'));
    let mut files = Vec::new();
    for waiting in wanted {
        let name: FileName =
            waiting.name.parse().map_err(|why| FetchError::Name { name: waiting.name.clone(), why })?;
        let (bytes, max_bytes) = (waiting.bytes, limits.max_bytes(&name));
        if bytes > max_bytes {
            return Err(FetchError::TooLarge { name, bytes, max_bytes });
        }
        files.push((name, waiting));
    }
    if files.len() > max_files {
        return Err(FetchError::TooManyFiles(limits.set_max_files));
    }
    Ok(files)
}

async fn fetch_one(
    parameters: Parameters<'_>,
    set: &FramesetId,
    requester: Requester<'_>,
    progress: &Progress,
    room: &Mutex<Reservation>,
    name: &FileName,
    waiting: &Waiting,
) -> Result<(), FetchError> {
    let Parameters { inbox, staging, limits, .. } = parameters;
    staging.require_free(limits).await?;
    let mut file = staging.begin(set).await?;
    let added = async {
        let mut contents = inbox.read(set, waiting);
        while let Some(chunk) = contents.next().await? {
            progress.check()?;
            let chunk: &[u8] = chunk.as_ref();
            file.append(chunk).await?;
            room.lock().unwrap_or_else(PoisonError::into_inner).wrote(chunk.len() as u64);
        }
        add(parameters, set, requester, name, &mut file).await
    };
    let added = added.await;
    file.discard().await?;
    match added {
        // Another process fetched it, or the artist removed it.
        Err(FetchError::Inbox(InboxError::Gone)) => return Ok(()),
        added => added?,
    }
    room.lock().unwrap_or_else(PoisonError::into_inner).settle(waiting.bytes);
    inbox.remove(set, waiting).await?;
    Ok(())
}

async fn add(
    parameters: Parameters<'_>,
    set: &FramesetId,
    requester: Requester<'_>,
    name: &FileName,
    file: &mut Incoming,
) -> Result<(), FetchError> {
    let Parameters { staging, db, limits, .. } = parameters;
    let accepted = staging.accept(parameters.account(), set, name, file).await?;
    let frame = |Unpacked { name, bytes, digest }| StoredFrame { name, bytes, digest };
    let frames: Vec<_> = accepted.into_iter().map(frame).collect();
    let max_files = limits.set_max_files;
    let added = match requester {
        Requester::Artist(actor) => db.add_frames(set, &frames, max_files, actor).await,
        Requester::Job(leased, actor) => db.add_fetched(leased, &frames, max_files, actor).await,
    };
    Ok(added?)
}

impl From<FramesetError> for FetchError {
    fn from(error: FramesetError) -> Self {
        match error {
            FramesetError::TooManyFiles(max_files) => Self::TooManyFiles(max_files),
            FramesetError::Db(error) => Self::Db(error),
            other => Self::Closed(other),
        }
    }
}
