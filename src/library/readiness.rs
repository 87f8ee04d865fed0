//! Whether a server can answer: it checks by itself, however many clients ask.
//!
//! A check commits a row, since a full disk or a database that takes no writes shows in nothing else, and it reads the
//! database's file anew, since open connections answer from memory when the file is gone.

use std::{
    error::Error,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    db::{Db, ReplicaState},
    store::Store,
};

/// How often a server checks.
pub const EVERY: Duration = Duration::from_secs(5);
/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How old an outcome may be: later, the checks themselves have stopped.
const MAX_AGE: Duration = Duration::from_mins(1);

/// What the last check found.
#[derive(Debug, Default)]
pub struct Readiness {
    checked: RwLock<Option<Checked>>,
    is_leaving: AtomicBool,
}

#[derive(Debug)]
struct Checked {
    at: Instant,
    outcome: Result<(), Cause>,
    replica: Option<ReplicaState>,
}

/// Why a server cannot answer.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Why nothing is known.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error("no check has ended for a minute")]
    Stale,
    #[error("the server is about to stop")]
    Leaving,
    #[error("the database and the store did not answer within {} seconds", PATIENCE.as_secs())]
    Slow,
}

impl Readiness {
    /// What the last check found.
    pub fn current(&self) -> Result<(), Cause> {
        if self.is_leaving.load(Ordering::Relaxed) {
            return Err(Arc::new(Unknown::Leaving));
        }
        self.last()
    }

    /// From now on the server says that it is not ready, so that no new clients are sent to it. It answers all the same.
    pub fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }

    /// What the database's replica was found to be; `None` where there is none. The server is ready without it.
    pub fn replica(&self) -> Option<ReplicaState> {
        self.checked.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.replica
    }

    fn last(&self) -> Result<(), Cause> {
        match &*self.checked.read().unwrap_or_else(PoisonError::into_inner) {
            Some(Checked { at, outcome, .. }) if at.elapsed() < MAX_AGE => outcome.clone(),
            _ => Err(Arc::new(Unknown::Stale)),
        }
    }

    /// Checks the database and the store, and looks at the database's replica.
    pub async fn check(&self, db: &Db, store: &Store) {
        let answers = async {
            db.probe().await.map_err(|error| -> Cause { Arc::new(error) })?;
            store.ping().await.map_err(|error| -> Cause { Arc::new(error) })
        };
        let outcome = tokio::time::timeout(PATIENCE, answers).await;
        let replica = db.look_at_replica().await;
        self.note(outcome.unwrap_or_else(|_elapsed| Err(Arc::new(Unknown::Slow))), replica);
    }

    fn note(&self, outcome: Result<(), Cause>, replica: Option<ReplicaState>) {
        let checked = Checked { at: Instant::now(), outcome, replica };
        let before = self.checked.write().unwrap_or_else(PoisonError::into_inner).replace(checked);
        let was_ready = before.is_none_or(|before| before.outcome.is_ok());
        match (was_ready, self.last()) {
            (true, Err(cause)) => {
                let error: &dyn Error = &cause;
                tracing::error!(error, "the server is not ready");
            }
            (false, Ok(())) => tracing::info!("the server is ready again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_is_ready_while_its_database_takes_writes() {
        // It exchanges the file.
        if crate::db::testing::is_scaled() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let readiness = Readiness::default();
        assert!(readiness.current().is_err(), "nothing is known before the first check");
        for _ in 0..2 {
            readiness.check(&db, &store).await;
            readiness.current().unwrap();
        }
        // Every connection still has the old file open.
        std::fs::write(folder.path().join("new"), b"").unwrap();
        std::fs::rename(folder.path().join("new"), folder.path().join("girasol.db")).unwrap();
        readiness.check(&db, &store).await;
        assert!(readiness.current().is_err());
    }

    #[tokio::test]
    async fn a_server_whose_database_takes_no_writes_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let readiness = Readiness::default();
        db.close().await;
        readiness.check(&db, &store).await;
        assert!(readiness.current().is_err());
    }
}
