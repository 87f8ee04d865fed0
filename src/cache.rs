//! Memory in front of the database and the store: bounded, and with one load at a time for each key, however many
//! requests wait for it.
//!
//! No entry is ever invalidated: a load in flight would bring the old value back. Keys carry a digest or a revision
//! instead; only pointers go stale, and they expire after a moment.

pub mod levels;
mod recent;
pub mod shared;

use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use moka::{future::CacheBuilder, notification::RemovalCause};

use crate::traces;

use self::{
    levels::{Changes, Fill, Level, Requests},
    recent::Recent,
};

/// A cache of values that are cheap to share.
pub struct Cache<K, V> {
    name: &'static str,
    requests: Requests,
    changes: Changes,
    is_weighed: bool,
    evicted: Arc<Recent>,
    entries: moka::future::Cache<K, Arc<V>>,
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Holds values of at most `max_bytes` together; `bytes` weighs one value.
    pub fn of_bytes(
        name: &'static str,
        max_bytes: u64,
        bytes: impl Fn(&V) -> usize + Send + Sync + 'static,
    ) -> Self {
        // Roughly the map's own bytes for an entry.
        const OVERHEAD: usize = 256;
        let weigh =
            move |_key: &K, value: &Arc<V>| u32::try_from(bytes(value) + OVERHEAD).unwrap_or(u32::MAX);
        Self::build(name, true, moka::future::Cache::builder().max_capacity(max_bytes).weigher(weigh))
    }

    /// Holds at most `max_entries` values, each for `time_to_live` at most.
    pub fn of_entries(name: &'static str, max_entries: u64, time_to_live: Duration) -> Self {
        let bounded = moka::future::Cache::builder().max_capacity(max_entries).time_to_live(time_to_live);
        Self::build(name, false, bounded)
    }

    fn build(
        name: &'static str,
        is_weighed: bool,
        bounded: CacheBuilder<K, Arc<V>, moka::future::Cache<K, Arc<V>>>,
    ) -> Self {
        let changes = Changes::of(Level::Memory, name);
        let (evictions, evicted) = (changes.clone(), Arc::new(Recent::default()));
        let noted = evicted.clone();
        let entries = bounded.eviction_listener(move |key, _value, cause| {
            if cause == RemovalCause::Size {
                evictions.evicted(1);
                noted.note(&*key);
            }
        });
        Self {
            name,
            requests: Requests::of(Level::Memory, name),
            changes,
            is_weighed,
            evicted,
            entries: entries.build(),
        }
    }

    /// How full it is, but for evictions that are due.
    pub fn fill(&self) -> Fill {
        let bytes = self.is_weighed.then(|| self.entries.weighted_size());
        Fill { level: Level::Memory, kind: self.name, entries: self.entries.entry_count(), bytes }
    }

    /// The cached value, if there is one.
    pub async fn get(&self, key: &K) -> Option<Arc<V>> {
        let found = self.entries.get(key).await;
        self.requests.answered(found.is_some());
        traces::asked_memory(found.is_some());
        if found.is_none() && self.evicted.take(key) {
            self.changes.evicted_early();
        }
        found
    }

    /// The cached value, if there is one and it can be had without waiting. Where there is none, nothing is counted: the caller
    /// asks again.
    pub fn get_now(&self, key: &K) -> Option<Arc<V>> {
        let found = self.entries.get(key).now_or_never().flatten();
        if found.is_some() {
            self.requests.answered(true);
            traces::asked_memory(true);
        }
        found
    }

    /// Whether there is a value, which is not counted as a request for it.
    pub fn has(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Evicts what has expired and what is over the bound, and answers how many bytes that were, where values have a weight.
    pub async fn trim(&self) -> u64 {
        let before = self.entries.weighted_size();
        self.entries.run_pending_tasks().await;
        if self.is_weighed { before.saturating_sub(self.entries.weighted_size()) } else { 0 }
    }

    /// Bytes of all values together, once evictions that are due are done.
    #[cfg(test)]
    pub async fn weight(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.weighted_size()
    }

    /// Replaces a value by a better one that means the same.
    pub async fn replace(&self, key: K, value: V) {
        self.entries.insert(key, Arc::new(value)).await;
    }

    /// Removes a value. A load that is under way may still store its own.
    pub async fn evict(&self, key: &K) {
        self.entries.invalidate(key).await;
    }

    /// The cached value, or the loaded one. Concurrent calls for the same key wait for the same load and share its
    /// error; errors are not cached.
    pub async fn get_or_load<E>(&self, key: K, load: impl Future<Output = Result<V, E>>) -> Result<Arc<V>, E>
    where
        E: Clone + Send + Sync + 'static,
    {
        match self.get(&key).await {
            Some(value) => Ok(value),
            None => self.load(key, load).await,
        }
    }

    /// The same for a value that was just not there.
    pub async fn load<E>(&self, key: K, load: impl Future<Output = Result<V, E>>) -> Result<Arc<V>, E>
    where
        E: Clone + Send + Sync + 'static,
    {
        // Boxed, because loads nest, and each would be part of its caller's future.
        let shared = Box::pin(async {
            let loaded = load.await;
            self.changes.loaded(&loaded);
            loaded.map(Arc::new)
        });
        self.entries.try_get_with(key, shared).await.map_err(Arc::unwrap_or_clone)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use metrics_util::{
        CompositeKey,
        debugging::{DebugValue, DebuggingRecorder},
    };

    use super::*;

    #[tokio::test]
    async fn a_thousand_that_ask_at_once_load_once() {
        let cache = Cache::of_bytes("test", 1_000_000, Vec::len);
        let loads = AtomicU32::new(0);
        let load = || async {
            loads.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok::<_, ()>(vec![7_u8; 10])
        };
        let asked =
            futures_util::future::join_all((0..1000).map(|_| cache.get_or_load("frame", load()))).await;
        assert!(asked.iter().all(|value| value.as_deref() == Ok(&vec![7; 10])));
        assert_eq!(loads.into_inner(), 1);
    }

    #[tokio::test]
    async fn an_error_is_told_and_not_kept() {
        let cache = Cache::<_, Vec<u8>>::of_bytes("test", 1_000_000, Vec::len);
        let failed = cache.get_or_load("frame", async { Err("broken") }).await;
        assert_eq!(failed, Err("broken"));
        assert!(cache.get_or_load("frame", async { Ok::<_, &str>(vec![1]) }).await.is_ok());
    }

    #[tokio::test]
    async fn more_than_the_bound_is_let_go() {
        let cache = Cache::of_bytes("test", 10_000, Vec::len);
        for key in 0..100 {
            cache.get_or_load(key, async { Ok::<_, ()>(vec![0_u8; 1000]) }).await.unwrap();
        }
        assert!(cache.weight().await <= 10_000);
    }

    #[tokio::test]
    async fn values_that_are_asked_for_again_were_evicted_too_early() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let cache = metrics::with_local_recorder(&recorder, || Cache::of_bytes("test", 10_000, Vec::len));
        let fill = async || {
            for key in 0..100 {
                cache.get_or_load(key, async { Ok::<_, ()>(vec![0_u8; 1000]) }).await.unwrap();
            }
            cache.weight().await;
        };
        let early = || {
            let counted = snapshotter.snapshot().into_vec();
            let of_name = |(key, ..): &&(CompositeKey, _, _, _)| {
                key.key().name() == "girasol_cache_early_evictions_total"
            };
            match counted.iter().find(of_name) {
                Some((.., DebugValue::Counter(count))) => *count,
                other => panic!("{other:?}"),
            }
        };
        fill().await;
        assert_eq!(early(), 0);
        fill().await;
        assert!(early() > 50);
    }
}
