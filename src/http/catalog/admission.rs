//! Admission: loads that are under way at once, and what becomes of those that would wait too long.
//!
//! An answer from memory asks no one and is never refused. Whatever has to be loaded waits for its turn, for as long as an
//! answer may take; beyond that the server answers 503 at once, so that those that it does answer come in time. What costs
//! most goes first: the database and manifests in the store have fewer turns and less patience than frames. A load takes its
//! turn for one read alone, so that none waits for another while it has one.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::http::gate::Gate;

/// Frames are refused last: their loads wait this many times as long.
const PATIENCE_FOR_OBJECTS: u32 = 4;

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

#[cfg(test)]
mod tests {
    use crate::{
        db::Db,
        domain::{names::ProductId, policy::Policy},
        http::{
            catalog::{CacheBytes, Catalog},
            problem::Error,
        },
        store::Store,
    };

    use super::*;

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
        let patiences = [database, store, objects].map(|gate| gate.patience());
        assert_eq!(patiences, [patience, patience, 4 * patience]);
    }
}
