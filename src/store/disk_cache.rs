//! Copies of objects on local disk, in front of a remote backend: bounded by bytes, and safe to delete at any moment.
//!
//! A file is the object and a seal after it, over key and object. A file that a full disk, a power cut or a stranger
//! changed does not match its seal: the copy is deleted and the backend asked, so that nothing has to be synced. Every
//! process that shares the data folder reads; only the one that has locked the folder fills it, so that the bound holds
//! for any number of processes.

mod recency;
mod seal;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use crate::{
    cache::levels::{Changes, Fill, Level, ObjectRequests},
    whole_file::{self, beside, folder},
};

use super::{Address, ObjectKey};

use self::{
    recency::Recency,
    seal::{seal, unseal},
};

/// What the figures of copies are about.
const KIND: &str = "objects";

/// Copies in a folder, under their keys; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct DiskCache {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    max_bytes: u64,
    state: Mutex<State>,
    /// Set while nothing can be written, so that one warning is logged and not one for each object.
    is_failing: AtomicBool,
    requests: ObjectRequests,
    changes: Changes,
}

#[derive(Debug)]
struct State {
    /// How often objects were deleted. An object that was read before a deletion is not cached after it.
    removals: u64,
    filler: Filler,
}

/// Who fills the folder.
#[derive(Debug)]
enum Filler {
    /// Another process, or none yet.
    Other,
    /// This process, which is still scanning the folder.
    Starting,
    /// This process, as long as it has the lock.
    This { copies: Recency, _lock: File },
}

/// The moment before an object is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(u64);

impl DiskCache {
    /// The folder is made with the first copy.
    pub(super) fn new(root: PathBuf, max_bytes: u64) -> Self {
        let state = Mutex::new(State { removals: 0, filler: Filler::Other });
        let (requests, changes) = (ObjectRequests::of(Level::Disk), Changes::of(Level::Disk, KIND));
        let is_failing = AtomicBool::new(false);
        Self { shared: Arc::new(Shared { root, max_bytes, state, is_failing, requests, changes }) }
    }

    /// A copy, if there is a sound one.
    pub(super) async fn get(&self, key: &Address) -> Option<Vec<u8>> {
        let found = self.find(key).await;
        self.shared.requests.kind(key.key.kind()).answered(found.is_some());
        found
    }

    /// How full the folder is; `None` where another process fills it.
    pub(super) fn fill(&self) -> Option<Fill> {
        match &self.shared.state().filler {
            Filler::This { copies, .. } => {
                let (entries, bytes) = (copies.len() as u64, Some(copies.bytes()));
                Some(Fill { level: Level::Disk, kind: KIND, entries, bytes })
            }
            Filler::Other | Filler::Starting => None,
        }
    }

    async fn find(&self, key: &Address) -> Option<Vec<u8>> {
        let path = self.shared.path(key);
        let read = tokio::task::spawn_blocking(move || whole_file::read(&path));
        let mut bytes = read.await.ok()?.ok()?;
        if !unseal(key, &mut bytes) {
            tracing::warn!(%key, "a copy on disk was damaged, and is removed");
            self.evict(key).await;
            return None;
        }
        if let Filler::This { copies, .. } = &mut self.shared.state().filler {
            copies.touch(key);
        }
        Some(bytes)
    }

    /// Whether there is a copy, sound or not.
    pub(super) async fn has(&self, key: &Address) -> bool {
        tokio::fs::try_exists(self.shared.path(key)).await.unwrap_or(false)
    }

    /// Taken before the backend is asked for an object that is to be cached.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.shared.state().removals)
    }

    /// Caches a copy, unless objects were deleted since that moment. A failure is a warning and no error.
    pub(super) async fn insert(&self, key: &Address, bytes: &[u8], since: Moment) {
        let (shared, key, sealed) = (self.shared.clone(), *key, seal(key, bytes));
        let kept = tokio::task::spawn_blocking(move || shared.insert(key, &sealed, since)).await;
        let was_failing = &self.shared.is_failing;
        let kept = kept.map_err(io::Error::other).flatten();
        self.shared.changes.loaded(&kept);
        match kept {
            Ok(()) => was_failing.store(false, Ordering::Relaxed),
            Err(error) => {
                if !was_failing.swap(true, Ordering::Relaxed) {
                    let folder = self.shared.root.display();
                    tracing::warn!(%error, %folder, "objects cannot be kept on disk");
                }
            }
        }
    }

    /// Evicts a copy, so that the next read asks the backend.
    pub(super) async fn evict(&self, key: &Address) {
        if let Filler::This { copies, .. } = &mut self.shared.state().filler {
            copies.remove(key);
        }
        self.unlink(vec![*key]).await;
    }

    /// Evicts a copy whose object was deleted.
    pub(super) async fn removed(&self, key: &Address) {
        self.shared.state().removals += 1;
        self.evict(key).await;
    }

    /// Evicts all copies: objects were deleted, and it is not known which.
    pub(super) async fn evict_all(&self) {
        let gone = {
            let mut state = self.shared.state();
            state.removals += 1;
            match &mut state.filler {
                Filler::This { copies, .. } => copies.shrink_to(0),
                // The process that fills the folder evicts them itself.
                Filler::Other | Filler::Starting => Vec::new(),
            }
        };
        self.unlink(gone).await;
    }

    async fn unlink(&self, keys: Vec<Address>) {
        let shared = self.shared.clone();
        // It fails only by a panic, which leaves the copies as they were.
        let _ = tokio::task::spawn_blocking(move || shared.unlink(&keys)).await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &Address) -> PathBuf {
        self.root.join(key.to_string())
    }

    fn insert(&self, key: Address, sealed: &[u8], since: Moment) -> io::Result<()> {
        let bytes = sealed.len() as u64;
        if bytes > self.max_bytes || !self.fills()? {
            return Ok(());
        }
        let path = self.path(&key);
        write_whole(&path, sealed).or_else(|error| match error.kind() {
            // The last copy of a set was just deleted, and its folder with it.
            io::ErrorKind::NotFound => write_whole(&path, sealed),
            _ => Err(error),
        })?;
        let gone = {
            let mut state = self.state();
            let is_current = state.removals == since.0;
            match &mut state.filler {
                Filler::This { copies, .. } if is_current => {
                    copies.insert(key, bytes);
                    let gone = copies.shrink_to(self.max_bytes);
                    self.changes.evicted(gone.len() as u64);
                    gone
                }
                _ => vec![key],
            }
        };
        // A copy that was made again meanwhile is deleted too, and stays counted until it is read again.
        self.unlink(&gone);
        Ok(())
    }

    /// Whether this process fills the folder. The first time, it scans the folder.
    fn fills(&self) -> io::Result<bool> {
        {
            let mut state = self.state();
            match state.filler {
                Filler::This { .. } => return Ok(true),
                Filler::Starting => return Ok(false),
                Filler::Other => state.filler = Filler::Starting,
            }
        }
        let started = self.start();
        let mut state = self.state();
        state.filler = Filler::Other;
        if let Some((lock, copies)) = started? {
            state.filler = Filler::This { copies, _lock: lock };
        }
        Ok(matches!(state.filler, Filler::This { .. }))
    }

    fn start(&self) -> io::Result<Option<(File, Recency)>> {
        fs::create_dir_all(&self.root)?;
        let lock = File::options().create(true).truncate(false).write(true).open(self.root.join(".lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut found = scan(&self.root)?;
        found.sort_unstable();
        let mut copies = Recency::default();
        for (_, bytes, key) in found {
            copies.insert(key, bytes);
        }
        self.unlink(&copies.shrink_to(self.max_bytes));
        Ok(Some((lock, copies)))
    }

    fn unlink(&self, keys: &[Address]) {
        for key in keys {
            let path = self.path(key);
            // A copy that stays is found by the next scan; a missing one needs no deletion.
            let _ = fs::remove_file(&path);
            if let (ObjectKey::Frame { .. } | ObjectKey::SetList(_), Some(folder)) = (key.key, path.parent())
            {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Every copy by the time it was written at. Other files are deleted: they were left half written.
fn scan(root: &Path) -> io::Result<Vec<(SystemTime, u64, Address)>> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, metadata) = (entry.path(), entry.metadata()?);
            let key = || path.strip_prefix(root).ok()?.to_str()?.parse::<Address>().ok();
            if metadata.is_dir() {
                folders.push(path);
            } else if let Some(key) = key() {
                found.push((metadata.modified()?, metadata.len(), key));
            } else if folder != root {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(found)
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder(path))?;
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
