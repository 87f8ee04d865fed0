//! Whether a server can answer: it checks by itself, however many clients ask.
//!
//! The store is another matter: what is cached is served without it. A server that has reached its store once stays ready while
//! the store is away, and says that it is degraded; one that has never reached it has nothing to serve.
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
    domain::{
        disk,
        health::{Board, Condition, Look, PartName},
    },
    store::{Store, StoreError},
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
    has_store_answered: AtomicBool,
    board: Board,
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
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
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

    /// What is known of all parts. Those besides database and store are looked at elsewhere.
    pub const fn board(&self) -> &Board {
        &self.board
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
        let ((database, database_took), (stored, store_took)) =
            tokio::join!(timed(db.probe()), timed(store.ping()));
        let replica = db.look_at_replica().await;
        if stored.is_ok() {
            self.has_store_answered.store(true, Ordering::Relaxed);
        }
        let may_be_away = self.has_store_answered.load(Ordering::Relaxed);
        let without_store = if may_be_away { Condition::Degraded } else { Condition::Failed };
        self.look(PartName::Database, &database, database_took, Condition::Failed);
        self.look(PartName::Store, &stored, store_took, without_store);
        self.note(database.and(if may_be_away { Ok(()) } else { stored }), replica);
    }

    /// Notes how one of the parts has answered.
    fn look(&self, name: PartName, answer: &Result<(), Cause>, took: Duration, otherwise: Condition) {
        let look = match answer {
            Ok(()) => Look::ok(),
            Err(cause) => Look::not_ok(otherwise, reason(cause.as_ref())),
        };
        let was_well = self.board.parts().get(&name).is_none_or(|part| part.look.condition == Condition::Ok);
        match answer {
            Err(cause) if was_well && otherwise == Condition::Degraded => {
                let (part, error): (&str, &dyn Error) = (name.into(), cause);
                tracing::error!(
                    part,
                    error,
                    "a part does not answer: the server goes on with what it has cached"
                );
            }
            Ok(()) if !was_well => tracing::info!(part = <&str>::from(name), "a part answers again"),
            _ => {}
        }
        self.board.note(name, look.after(took));
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

/// How an answer came out, and how long it took.
async fn timed<E>(answer: impl Future<Output = Result<(), E>>) -> (Result<(), Cause>, Duration)
where
    E: Error + Send + Sync + 'static,
{
    let began = Instant::now();
    let answer: Result<(), Cause> = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| -> Cause { Arc::new(error) }),
        Err(_elapsed) => Err(Arc::new(Unknown::Slow)),
    };
    (answer, began.elapsed())
}

/// Whether a server is not ready because it was told to stop, which no operator has to know.
pub fn is_planned(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(Unknown::Leaving))
}

/// Why a part does not answer, without names of hosts, buckets and files: clients see it.
pub fn reason(cause: &(dyn Error + Send + Sync + 'static)) -> String {
    match cause.downcast_ref::<StoreError>() {
        Some(error) => format!("the object store cannot be used: {}", error.trouble()),
        None if disk::is_full(cause) => "the disk of the database is full".to_owned(),
        None if cause.is::<Unknown>() => cause.to_string(),
        None => "the database does not answer".to_owned(),
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
    async fn a_server_that_has_reached_its_store_stays_ready_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let condition = |readiness: &Readiness| readiness.board().parts()[&PartName::Store].look.condition;
        let (early, late) = (Readiness::default(), Readiness::default());
        early.check(&db, &store).await;
        assert_eq!(condition(&early), Condition::Ok);
        std::fs::rename(folder.path().join("objects"), folder.path().join("elsewhere")).unwrap();
        for readiness in [&early, &late] {
            readiness.check(&db, &store).await;
        }
        early.current().unwrap();
        assert_eq!(condition(&early), Condition::Degraded);
        assert!(late.current().is_err(), "nothing can be cached yet");
        assert_eq!(condition(&late), Condition::Failed);
        std::fs::rename(folder.path().join("elsewhere"), folder.path().join("objects")).unwrap();
        late.check(&db, &store).await;
        late.current().unwrap();
        assert_eq!(condition(&late), Condition::Ok);
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
