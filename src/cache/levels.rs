//! What each level of the cache is asked, as counters: memory, copies on disk, Redis, the database, the store.

use metrics::{Counter, counter};

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
