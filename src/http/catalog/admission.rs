//! Admission: loads that are under way at once, and what becomes of those that would wait too long.
//!
//! An answer from memory asks no one and is never refused. Whatever has to be loaded waits for its turn, for as long as an
//! answer may take; beyond that the server answers 503 at once, so that those that it does answer come in time. What costs
//! most goes first: the database and manifests in the store have fewer turns and less patience than frames. A load takes its
//! turn for one read alone, so that none waits for another while it has one.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::{Counter, counter};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::http::problem::Error;

/// Frames are refused last: their loads wait this many times as long.
const PATIENCE_FOR_OBJECTS: u32 = 4;
/// How often the log says that loads are refused.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// How many loads may be under way at once, and how long one waits for its turn.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Reads of the database.
    pub database: usize,
    /// Reads of manifests in the store.
    pub store: usize,
    /// Reads of frames, packs and stills in the store.
    pub objects: usize,
    /// How long a load waits; that of a frame four times as long.
    pub patience: Duration,
}

/// The turns of each kind of load.
#[derive(Debug)]
pub(in crate::http) struct Admission {
    pub(in crate::http) database: Gate,
    pub(in crate::http) store: Gate,
    pub(in crate::http) objects: Gate,
    /// How long an answer waits to be compressed.
    pub(in crate::http) patience: Duration,
}

/// Turns of one kind.
#[derive(Debug)]
pub(in crate::http) struct Gate {
    kind: &'static str,
    turns: Semaphore,
    patience: Duration,
    shed: Counter,
    said: Mutex<Option<Instant>>,
}

impl Admission {
    pub(in crate::http) fn of(bounds: Bounds) -> Self {
        let Bounds { database, store, objects, patience } = bounds;
        Self {
            database: Gate::new("database", database, patience),
            store: Gate::new("store", store, patience),
            objects: Gate::new("objects", objects, patience * PATIENCE_FOR_OBJECTS),
            patience: patience * PATIENCE_FOR_OBJECTS,
        }
    }

    /// Loads are under way in any number.
    pub(in crate::http) fn unbounded() -> Self {
        let most = Semaphore::MAX_PERMITS;
        Self::of(Bounds { database: most, store: most, objects: most, patience: Duration::from_hours(1) })
    }
}

impl Gate {
    fn new(kind: &'static str, at_once: usize, patience: Duration) -> Self {
        Self {
            kind,
            turns: Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)),
            patience,
            shed: counter!("girasol_shed_loads_total", "kind" => kind),
            said: Mutex::default(),
        }
    }

    /// Waits for a turn, which lasts as long as the value.
    pub(in crate::http) async fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        if let Ok(turn) = self.turns.try_acquire() {
            return Ok(turn);
        }
        if let Ok(Ok(turn)) = timeout(self.patience, self.turns.acquire()).await {
            return Ok(turn);
        }
        self.shed.increment(1);
        if self.is_to_be_said() {
            tracing::warn!(
                kind = self.kind,
                "more has to be loaded than the server can in time: what waits too long is refused with 503"
            );
        }
        Err(Error::Overloaded)
    }

    fn is_to_be_said(&self) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = said.is_none_or(|at| at.elapsed() >= SAY_EVERY);
        if is_due {
            *said = Some(Instant::now());
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        db::Db,
        domain::{names::ProductId, policy::Policy},
        http::catalog::{CacheBytes, Catalog},
        store::Store,
    };

    use super::*;

    #[tokio::test]
    async fn a_load_waits_for_its_turn_and_not_for_ever() {
        let gate = |patience| Gate::new("database", 2, patience);
        let hasty = gate(Duration::from_millis(1));
        let _held = (hasty.enter().await.unwrap(), hasty.enter().await.unwrap());
        assert!(matches!(hasty.enter().await, Err(Error::Overloaded)));
        let patient = gate(Duration::from_hours(1));
        let (one, _two) = (patient.enter().await.unwrap(), patient.enter().await.unwrap());
        let (waiting, ()) = tokio::join!(patient.enter(), async { drop(one) });
        assert!(waiting.is_ok());
    }

    #[tokio::test]
    async fn what_is_in_memory_is_answered_while_nothing_can_be_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let store = Store::folder(folder.path()).unwrap();
        let bounds = Bounds { database: 1, store: 1, objects: 1, patience: Duration::from_millis(1) };
        let max = CacheBytes { objects: 1 << 20, answers: 1 << 20 };
        let catalog = Catalog::new(db, store, Policy::default(), max)
            .knowing_for(Duration::from_hours(1))
            .admitting(bounds);
        let [known, unknown]: [ProductId; 2] = ["ring.solitaire", "ring.other"].map(|id| id.parse().unwrap());
        catalog.db.ensure_product(&known, &[]).await.unwrap();
        assert!(catalog.product(&known).await.is_ok());
        let turn = catalog.admission.database.enter().await.unwrap();
        assert!(catalog.product(&known).await.is_ok());
        assert!(matches!(catalog.product(&unknown).await, Err(Error::Overloaded)));
        // What has to be asked anew is answered as it was last.
        catalog.evict_pointers();
        assert!(catalog.product(&known).await.is_ok());
        drop(turn);
        assert!(catalog.product(&unknown).await.is_ok(), "a refusal is not kept");
    }

    #[test]
    fn frames_are_refused_last() {
        let patience = Duration::from_millis(100);
        let admission = Admission::of(Bounds { database: 1, store: 1, objects: 1, patience });
        let Admission { database, store, objects, .. } = admission;
        assert_eq!([database.patience, store.patience, objects.patience], [patience, patience, 4 * patience]);
    }
}
