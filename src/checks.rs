//! The doctor over frame sets in the staging area: one check at a time, of a set as it is now.
//!
//! A check is of one revision, the names and contents of the frames, so that a frame that comes makes another one. What
//! it found stays in memory for a while, and with the set's files as long as those. While a server looks, the others follow
//! it by the database. A mend is made from one revision and takes the place of that one alone.

mod commit;
mod follow;

use std::{
    collections::{HashSet, VecDeque},
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use assets_pipeline::{
    IngestError,
    digest::Digest,
    doctor::{Diagnosis, Edit, Mend, examine, mend, replaced},
    progress::{Progress, Stage},
    read::limits::Limits,
    read::refusal::Refusal,
    read::source::Source,
};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinError,
};

pub use self::commit::CommitError;

use crate::{
    db::{
        Db, DbError,
        framesets::{FramesetError, StoredFrame, revision},
    },
    domain::{
        audit::Actor,
        frameset::{BadFileName, FileName, FramesetId, UploadLimits},
    },
    staging::{Account, NoRoom, Reservation, Staging, StagingError},
};

/// Checks in memory, with their pictures.
const MAX_CHECKS: usize = 24;
/// How soon a waiting caller looks at a check again that sends no news.
const RECHECK: Duration = Duration::from_millis(50);

/// Why there is no check, or no mend.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A frame's file could not be read or written.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The frames could not be laid out.
    #[error("the frames could not be laid out")]
    Layout(#[source] io::Error),
    /// The frames cannot be mended as they are.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A mended frame would have a name that no frame can have.
    #[error("a mended frame cannot be called {name:?}: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: BadFileName,
    },
    /// Two mended frames would have one name.
    #[error("two mended frames would be called {0}")]
    NameTwice(FileName),
    /// Nothing was found that this would mend.
    #[error("there is nothing to mend like this")]
    NothingToMend,
    /// There is no room for the mended frames.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The set does not change.
    #[error(transparent)]
    Frameset(#[from] FramesetError),
}

/// The oldest first.
type Known = VecDeque<(FramesetId, Arc<Check>)>;

/// All checks of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Checks {
    db: Db,
    staging: Staging,
    limits: UploadLimits,
    known: Arc<Mutex<Known>>,
    one_at_a_time: Arc<Semaphore>,
    one_commit_at_a_time: Arc<Semaphore>,
}

/// A check, under way or done.
#[derive(Debug)]
pub struct Check {
    revision: Digest,
    done: AtomicUsize,
    total: AtomicUsize,
    stopped: AtomicBool,
    found: OnceLock<Found>,
    news: Notify,
}

/// What came of a check.
#[derive(Debug)]
pub enum Found {
    /// The set has no frame.
    Nothing,
    /// The frames were looked at.
    Diagnosis(Diagnosis),
    /// There is nothing to look at.
    Refused(Refusal),
    /// Something failed here.
    Failed,
}

impl Check {
    fn of(frames: &[StoredFrame]) -> Self {
        let (total, found) = (AtomicUsize::new(frames.len()), OnceLock::new());
        if frames.is_empty() {
            let _ = found.set(Found::Nothing);
        }
        let (done, stopped, news) = Default::default();
        Self { revision: revision(frames), done, total, stopped, found, news }
    }

    /// The revision of the set that is checked.
    pub fn revision(&self) -> Digest {
        self.revision
    }

    /// Frames looked at, and all of them.
    pub fn progress(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Waits until more frames were looked at than when this was called, or the check is done.
    ///
    /// At most for a moment: a step between the caller's look and this call wakes no one.
    pub async fn progressed(&self) {
        let _ = tokio::time::timeout(RECHECK, self.news.notified()).await;
    }

    /// What was found; `None` while it is under way.
    pub fn found(&self) -> Option<&Found> {
        self.found.get()
    }
}

impl Progress for Check {
    fn begin(&self, _stage: Stage, total: usize) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.news.notify_waiters();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl Checks {
    /// Of frame sets in this staging area; mended frames fit into `limits`.
    pub fn new(db: Db, staging: Staging, limits: UploadLimits) -> Self {
        let [one_at_a_time, one_commit_at_a_time] = [(); 2].map(|()| Arc::new(Semaphore::new(1)));
        Self { db, staging, limits, known: Arc::default(), one_at_a_time, one_commit_at_a_time }
    }

    /// The check of a set's frames as they are, begun where there is none yet.
    pub async fn ask(&self, set: &FramesetId) -> Result<Arc<Check>, CheckError> {
        let frames = self.db.frames(set).await?;
        self.ask_of(set, frames).await
    }

    /// The check of these frames. Once it is answered, every server knows that there is one.
    async fn ask_of(&self, set: &FramesetId, frames: Vec<StoredFrame>) -> Result<Arc<Check>, CheckError> {
        let check = Arc::new(Check::of(&frames));
        if frames.is_empty() {
            return Ok(check);
        }
        if let Some(known) = self.remember(set, &check) {
            return Ok(known);
        }
        let entered = match self.enter(set, &check).await {
            Ok(entered) => entered,
            Err(error) => {
                self.forget(&check);
                let _ = check.found.set(Found::Failed);
                check.news.notify_waiters();
                return Err(error);
            }
        };
        let (checks, set, begun) = (self.clone(), set.clone(), check.clone());
        tokio::spawn(async move {
            let found = checks.find(&set, frames, &begun, entered).await.unwrap_or_else(|error| {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, frameset.id = %set, "a frame set could not be checked");
                Found::Failed
            });
            if matches!(found, Found::Failed) {
                checks.forget(&begun);
            }
            let _ = begun.found.set(found);
            begun.news.notify_waiters();
        });
        Ok(check)
    }

    /// The check of the same revision that is in memory already. Otherwise this one is from now on, and the oldest may go.
    fn remember(&self, set: &FramesetId, check: &Arc<Check>) -> Option<Arc<Check>> {
        let mut known = self.remembered();
        let same = |(of, known): &&(FramesetId, Arc<Check>)| of == set && known.revision == check.revision;
        if let Some((_, known)) = known.iter().find(same) {
            return Some(known.clone());
        }
        known.push_back((set.clone(), check.clone()));
        if known.len() > MAX_CHECKS
            && let Some((_, oldest)) = known.pop_front()
        {
            oldest.stopped.store(true, Ordering::Relaxed);
        }
        None
    }

    /// The next request tries it again.
    fn forget(&self, check: &Arc<Check>) {
        self.remembered().retain(|(_, known)| !Arc::ptr_eq(known, check));
    }

    fn remembered(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the check of a set as it is.
    pub async fn wait(&self, set: &FramesetId) -> Result<Arc<Check>, CheckError> {
        Ok(ended(self.ask(set).await?).await)
    }

    /// Mends what the check of a revision has found, in the set itself: its frames are others then.
    ///
    /// # Errors
    ///
    /// [`FramesetError::Changed`] where the set has another revision by now, or before the mend is done.
    pub async fn mend(
        &self,
        set: &FramesetId,
        of: Digest,
        wanted: Mend,
        actor: &Actor,
    ) -> Result<(), CheckError> {
        let frames = self.db.frames(set).await?;
        if revision(&frames) != of {
            return Err(FramesetError::Changed.into());
        }
        let check = ended(self.ask_of(set, frames.clone()).await?).await;
        let folder = self.staging.lay_out(set, &frames).await.map_err(CheckError::Layout)?;
        let path = folder.path();
        let edits = blocking(move || {
            let Some(Found::Diagnosis(diagnosis)) = check.found() else { return Ok(Vec::new()) };
            let limits = Limits::default();
            mend(&Source::open(&path, &limits)?, diagnosis, wanted, &limits)
        })
        .await?;
        drop(folder);
        if edits.is_empty() {
            return Err(CheckError::NothingToMend);
        }
        let mended = self.edited(set, &frames, edits).await?;
        let mut names = HashSet::new();
        if let Some(twice) = mended.iter().find(|frame| !names.insert(&frame.name)) {
            return Err(CheckError::NameTwice(twice.name.clone()));
        }
        Ok(self.db.replace_frames(set, &frames, &mended, wanted.as_str(), actor).await?)
    }

    async fn edited(
        &self,
        set: &FramesetId,
        frames: &[StoredFrame],
        edits: Vec<Edit>,
    ) -> Result<Vec<StoredFrame>, CheckError> {
        let named = |name: String| name.parse().map_err(|why| CheckError::Name { name, why });
        let _room = self.reserve(set, &edits).await?;
        let mut mended = Vec::with_capacity(frames.len());
        let (mut gone, mut renamed, mut brightened) = (Vec::new(), Vec::new(), Vec::new());
        for edit in edits {
            match edit {
                Edit::LeaveOut { name } => gone.push(name),
                Edit::Rename { from, to } => renamed.push((from, to)),
                Edit::Replace { name, new_name, stops, .. } => brightened.push((name, new_name, stops)),
            }
        }
        for frame in frames {
            let name = frame.name.as_str();
            if gone.iter().any(|gone| gone == name) {
                continue;
            }
            let mut frame = frame.clone();
            if let Some((_, to)) = renamed.iter().find(|(from, _)| from == name) {
                frame.name = named(to.clone())?;
            } else if let Some((_, new_name, stops)) = brightened.iter().find(|(old, ..)| old == name) {
                // One at a time is in memory.
                let (name, stops, before) = (name.to_owned(), *stops, self.staging.load(set, &frame).await?);
                let bytes = blocking(move || replaced(&name, &before, stops, &Limits::default())).await?;
                let mut file = self.staging.begin(set).await?;
                file.append(&bytes).await?;
                drop(bytes);
                let whole = file.whole().await?;
                self.db.stage_files(set, &[(whole.digest, whole.bytes)]).await?;
                file.keep(&self.staging, set, &whole).await?;
                file.discard().await?;
                frame =
                    StoredFrame { name: named(new_name.clone())?, bytes: whole.bytes, digest: whole.digest };
            }
            mended.push(frame);
        }
        Ok(mended)
    }

    /// Reserves room for what the edits write, as an upload does: the key that opened the set pays for it. Edits that write
    /// nothing need none, so that frames can be left out whatever is full.
    async fn reserve(&self, set: &FramesetId, edits: &[Edit]) -> Result<Option<Reservation>, CheckError> {
        let written = |edit: &Edit| match edit {
            Edit::Replace { max_bytes, .. } => *max_bytes,
            Edit::LeaveOut { .. } | Edit::Rename { .. } => 0,
        };
        let bytes = edits.iter().map(written).sum();
        if bytes == 0 {
            return Ok(None);
        }
        let key = self.db.frameset(set).await?.ok_or(FramesetError::NoSuchFrameset)?.key;
        let account = Account { db: &self.db, key: &key, limits: &self.limits };
        Ok(Some(self.staging.reserve(account, bytes).await?))
    }

    async fn look(
        &self,
        set: &FramesetId,
        frames: Vec<StoredFrame>,
        check: &Arc<Check>,
    ) -> Result<Found, CheckError> {
        // It takes every core.
        let _turn = self.one_at_a_time.acquire().await;
        let folder = self.staging.lay_out(set, &frames).await.map_err(CheckError::Layout)?;
        let check = check.clone();
        let found = tokio::task::spawn_blocking(move || {
            let limits = Limits::default();
            let source = Source::open(&folder.path(), &limits)?;
            examine(&source, &limits, check.as_ref())
        });
        Ok(match found.await {
            Ok(Ok(diagnosis)) => Found::Diagnosis(diagnosis),
            Ok(Err(IngestError::Refused(refusal))) if !matches!(refusal, Refusal::Io { .. }) => {
                Found::Refused(refusal)
            }
            Ok(Err(IngestError::Stopped)) => Found::Failed,
            Ok(Err(error)) => return Err(CheckError::Layout(io::Error::other(error))),
            Err(error) => return Err(died(error)),
        })
    }
}

/// Runs work that takes long on a thread of its own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, CheckError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(died)??)
}

/// Of a task that panicked, or was dropped as the process ended.
fn died(error: JoinError) -> CheckError {
    CheckError::Layout(io::Error::other(error))
}

async fn ended(check: Arc<Check>) -> Arc<Check> {
    while check.found().is_none() {
        check.progressed().await;
    }
    check
}

#[cfg(test)]
mod tests;
