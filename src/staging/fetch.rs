//! From the bucket to the staging area: the files that artists have put into a frame set's place themselves.
//!
//! All that waits is judged by its names and lengths before any of it is read. Then each file comes as it would by a
//! request of its own: its bytes to the disk, its row, and only then it leaves the bucket. Whoever dies in between
//! leaves files that are in the set or in the bucket, or in both, and the next one goes on with those in the bucket.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Instant,
};

use assets_pipeline::refusal::Refusal;
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
    },
    staging::{Incoming, Staging, StagingError, UnpackError, Unpacked},
    store::{Inbox, StoreError, Waiting},
};

/// Files that are read at once.
const READS_AT_ONCE: usize = 4;

/// Why what waits in the bucket is not in the set.
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
    /// It would not leave enough of the disk free.
    #[error("there is no room for what waits in the bucket")]
    DiskFull,
    /// The set takes no files, or not from this worker.
    #[error("the frame set takes no files from here any more")]
    Closed(#[source] FramesetError),
    /// Whoever wanted it does not want it any more.
    #[error("the fetching was stopped")]
    Stopped,
    /// The bucket failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
            Self::Unpack(UnpackError::DiskFull | UnpackError::Staging(_))
            | Self::DiskFull
            | Self::Closed(_)
            | Self::Stopped
            | Self::Store(_)
            | Self::Staging(_)
            | Self::Db(_) => false,
        }
    }
}

/// On whose word files become a set's.
#[derive(Debug, Clone, Copy)]
pub enum Word<'a> {
    /// Somebody asks, while the set is open.
    Artist(&'a Actor),
    /// The set is committed, and this is its job.
    Job(&'a Leased, &'a Actor),
}

/// What fetching works with.
#[derive(Debug, Clone, Copy)]
pub struct Ways<'a> {
    /// Where files wait.
    pub inbox: &'a Inbox,
    /// Where they go.
    pub staging: &'a Staging,
    /// Where it is written down.
    pub db: &'a Db,
    /// What a set may have.
    pub limits: &'a UploadLimits,
}

/// How far it is, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    total: AtomicUsize,
    done: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Files that are here, and that there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Lets it end at the next bytes that come.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), FetchError> {
        if self.is_stopped.load(Ordering::Relaxed) { Err(FetchError::Stopped) } else { Ok(()) }
    }
}

/// Fetches what waits for a set. Begins no further file after `until`; answers how many are left then.
pub async fn fetch(
    ways: Ways<'_>,
    set: &FramesetId,
    word: Word<'_>,
    progress: &Progress,
    until: Option<Instant>,
) -> Result<usize, FetchError> {
    let files = judge(ways, set).await?;
    progress.total.store(files.len(), Ordering::Relaxed);
    let mut fetched = stream::iter(files)
        .take_while(|_| std::future::ready(until.is_none_or(|until| Instant::now() < until)))
        .map(|(name, waiting)| async move {
            progress.check()?;
            fetch_one(ways, set, word, progress, &name, &waiting).await
        })
        .buffer_unordered(READS_AT_ONCE);
    while fetched.try_next().await?.is_some() {
        progress.done.fetch_add(1, Ordering::Relaxed);
    }
    let (done, total) = progress.counts();
    Ok(total - done)
}

/// What waits, if all of it may come.
async fn judge(ways: Ways<'_>, set: &FramesetId) -> Result<Vec<(FileName, Waiting)>, FetchError> {
    let Ways { inbox, staging, limits, .. } = ways;
    let max_files = limits.set_max_files as usize;
    let waiting = inbox.waiting(set, 2 * max_files).await?;
    let wanted = waiting.into_iter().filter(|waiting| !is_litter(&waiting.name));
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
    let bytes: u64 = files.iter().map(|(_, waiting)| waiting.bytes).sum();
    if staging.free_bytes()?.saturating_sub(bytes) < limits.disk_min_free_bytes {
        return Err(FetchError::DiskFull);
    }
    Ok(files)
}

/// What file managers leave behind, and the empty objects that stand for folders.
fn is_litter(name: &str) -> bool {
    const LITTER: [&str; 3] = ["thumbs.db", "ehthumbs.db", "desktop.ini"];
    let own = name.rsplit('/').next().unwrap_or_default();
    own.is_empty() || own.starts_with('.') || LITTER.iter().any(|litter| own.eq_ignore_ascii_case(litter))
}

async fn fetch_one(
    ways: Ways<'_>,
    set: &FramesetId,
    word: Word<'_>,
    progress: &Progress,
    name: &FileName,
    waiting: &Waiting,
) -> Result<(), FetchError> {
    let Ways { inbox, staging, .. } = ways;
    let mut file = staging.begin(set).await?;
    let added = async {
        let mut contents = inbox.read(set, waiting);
        while let Some(chunk) = contents.next().await? {
            progress.check()?;
            file.append(chunk.as_ref()).await?;
        }
        add(ways, set, word, name, &mut file).await
    };
    let added = added.await;
    file.discard().await?;
    match added {
        // Whoever else fetches was faster, or the artist took it back.
        Err(FetchError::Store(StoreError::Gone)) => return Ok(()),
        added => added?,
    }
    inbox.remove(set, waiting).await?;
    Ok(())
}

async fn add(
    ways: Ways<'_>,
    set: &FramesetId,
    word: Word<'_>,
    name: &FileName,
    file: &mut Incoming,
) -> Result<(), FetchError> {
    let Ways { staging, db, limits, .. } = ways;
    let accepted = staging.accept(set, name, file, limits).await?;
    let frame = |Unpacked { name, bytes, digest }| StoredFrame { name, bytes, digest };
    let frames: Vec<_> = accepted.into_iter().map(frame).collect();
    let max_files = limits.set_max_files;
    let added = match word {
        Word::Artist(actor) => db.add_frames(set, &frames, max_files, actor).await,
        Word::Job(leased, actor) => db.add_fetched(leased, &frames, max_files, actor).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_file_managers_leave_is_no_frame() {
        for litter in
            [".DS_Store", "turn/.DS_Store", "__MACOSX/._001.png", "Thumbs.db", "DESKTOP.INI", "turn/", ""]
        {
            assert!(is_litter(litter), "{litter}");
        }
        for wanted in ["001.png", "turn/001.png", "thumbs.db.png", "ring.zip"] {
            assert!(!is_litter(wanted), "{wanted}");
        }
    }
}
