//! What each level of the cache is asked, what it loads and what it lets go, as counters: memory, copies on disk, Redis, the
//! database, the store.

use metrics::{Counter, counter};

use crate::domain::object_key::ObjectKind;

/// Where an answer comes from, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Level {
    /// This process.
    Memory,
    /// Copies of objects on this machine.
    Disk,
    /// What servers share.
    Redis,
    /// Rows.
    Database,
    /// The backend of the store.
    Store,
}

/// The counters of one level for one kind of value.
#[derive(Debug, Clone)]
pub struct Requests {
    hits: Counter,
    misses: Counter,
    failures: Counter,
}

impl Requests {
    /// `girasol_cache_requests_total`, by level, kind and outcome.
    pub fn of(level: Level, kind: &'static str) -> Self {
        let level: &'static str = level.into();
        let of = |outcome: &'static str| counter!("girasol_cache_requests_total", "level" => level, "kind" => kind, "outcome" => outcome);
        Self { hits: of("hit"), misses: of("miss"), failures: of("failure") }
    }

    /// Counts an answer: there was a value, or none.
    pub fn answered(&self, is_hit: bool) {
        if is_hit { &self.hits } else { &self.misses }.increment(1);
    }

    /// Counts a question that was not answered.
    pub fn failed(&self) {
        self.failures.increment(1);
    }

    /// Counts the result of a question.
    pub fn note<T, E>(&self, asked: &Result<Option<T>, E>) {
        match asked {
            Ok(found) => self.answered(found.is_some()),
            Err(_) => self.failed(),
        }
    }
}

/// The same for every kind of object.
#[derive(Debug, Clone)]
pub struct ObjectRequests(Vec<Requests>);

impl ObjectRequests {
    /// Of one level.
    pub fn of(level: Level) -> Self {
        Self(ObjectKind::ALL.iter().map(|kind| Requests::of(level, (*kind).into())).collect())
    }

    /// The counters of a kind.
    pub fn kind(&self, kind: ObjectKind) -> &Requests {
        &self.0[kind as usize]
    }
}

/// What comes into a level and is evicted from it, of one kind of value.
#[derive(Debug, Clone)]
pub struct Changes {
    loads: Counter,
    failures: Counter,
    evictions: Counter,
    early_evictions: Counter,
}

impl Changes {
    /// `girasol_cache_loads_total`, `girasol_cache_evictions_total` and `girasol_cache_early_evictions_total`, by level and
    /// kind.
    pub fn of(level: Level, kind: &'static str) -> Self {
        let level: &'static str = level.into();
        let loads = |outcome: &'static str| counter!("girasol_cache_loads_total", "level" => level, "kind" => kind, "outcome" => outcome);
        let evictions = counter!("girasol_cache_evictions_total", "level" => level, "kind" => kind);
        let early_evictions =
            counter!("girasol_cache_early_evictions_total", "level" => level, "kind" => kind);
        Self { loads: loads("ok"), failures: loads("failure"), evictions, early_evictions }
    }

    /// Counts a load and how it ended.
    pub fn loaded<T, E>(&self, result: &Result<T, E>) {
        if result.is_ok() { &self.loads } else { &self.failures }.increment(1);
    }

    /// Counts values that were evicted to make room.
    pub fn evicted(&self, values: u64) {
        self.evictions.increment(values);
    }

    /// Counts a value that was asked for again soon after its eviction.
    pub fn evicted_early(&self) {
        self.early_evictions.increment(1);
    }
}

/// How full a level is, of one kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// Which level.
    pub level: Level,
    /// What it holds.
    pub kind: &'static str,
    /// How many.
    pub entries: u64,
    /// Bytes of all of them, where the level is bounded by bytes.
    pub bytes: Option<u64>,
}
