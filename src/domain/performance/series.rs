//! What is counted of requests, and over which periods.

use crate::domain::histogram::Histogram;

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How long minutes are kept before they are added up to hours. Two hours more than a day, so that the last 24 hours are
/// whole minutes at any moment.
pub const KEEP_MINUTES_MS: i64 = 26 * HOUR_MS;
/// How long hours are kept: 30 days.
pub const KEEP_HOURS_MS: i64 = 720 * HOUR_MS;

/// The period of which something was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// What is new.
    Minute,
    /// What minutes are added up to.
    Hour,
}

impl Period {
    /// Its length in milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
        }
    }

    /// When the period began that a moment lies in.
    pub const fn begin_ms(self, at_ms: i64) -> i64 {
        at_ms - at_ms.rem_euclid(self.ms())
    }
}

/// What requests have in common that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// The address as a pattern, as `/s/{set}/{file}`.
    pub route: String,
    /// What was delivered, as `standard/avif` or `webp`; empty where nothing was chosen.
    pub class: String,
}

/// Whether all that an answer asked the memory of its server for was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromMemory {
    /// It was.
    Hit,
    /// Something was fetched or made.
    Miss,
}

impl FromMemory {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// What was counted of a series.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests.
    pub requests: u64,
    /// Of them, those that failed in the server: status 500 and above.
    pub errors: u64,
    /// Bytes of the answers' bodies, without streams.
    pub bytes: u64,
    /// Answers that were in memory.
    pub hits: u64,
    /// Answers for which something was fetched or made. Refusals, and what asks the memory for nothing, are neither.
    pub misses: u64,
    /// From the request's head to the answer's, in microseconds.
    pub times: Histogram,
}

impl Tally {
    /// Counts an answer.
    pub fn record(&mut self, is_error: bool, bytes: u64, micros: u64) {
        self.requests = self.requests.saturating_add(1);
        self.errors = self.errors.saturating_add(u64::from(is_error));
        self.bytes = self.bytes.saturating_add(bytes);
        self.times.record(micros);
    }

    /// Counts where an answer came from.
    pub const fn note_memory(&mut self, from: FromMemory) {
        let count = match from {
            FromMemory::Hit => &mut self.hits,
            FromMemory::Miss => &mut self.misses,
        };
        *count = count.saturating_add(1);
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.hits = self.hits.saturating_add(other.hits);
        self.misses = self.misses.saturating_add(other.misses);
        self.times.merge(&other.times);
    }

    /// The share of requests that failed, from 0 to 1; `None` without requests.
    pub fn error_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| self.errors as f64 / self.requests as f64)
    }

    /// The share of answers that were in memory, from 0 to 1; `None` where none asked it for anything.
    pub fn hit_rate(&self) -> Option<f64> {
        let asked = self.hits.saturating_add(self.misses);
        (asked > 0).then(|| self.hits as f64 / asked as f64)
    }

    /// The time that this share of the answers does not exceed, in milliseconds; `None` without requests.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        self.times.quantile(share).map(|micros| micros as f64 / 1000.0)
    }
}

/// What was measured of a server over a period: a sum and how many values it has. Counters are read as the sum, gauges as
/// the mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// All values together.
    pub total: f64,
    /// How many they are.
    pub values: u64,
}

impl Sum {
    /// One value.
    pub const fn of(value: f64) -> Self {
        Self { total: value, values: 1 }
    }

    /// Adds other values.
    pub fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.values = self.values.saturating_add(other.values);
    }

    /// The mean; `None` without values.
    pub fn mean(self) -> Option<f64> {
        (self.values > 0).then(|| self.total / self.values as f64)
    }
}

/// A value that servers measured of themselves in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When the period began, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The server; empty where servers are added up.
    pub instance: String,
    /// What was measured.
    pub name: String,
    /// Its values.
    pub sum: Sum,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_adds_up() {
        let mut tally = Tally::default();
        assert_eq!((tally.error_rate(), tally.quantile_ms(0.5)), (None, None));
        assert_eq!(tally.hit_rate(), None);
        tally.record(false, 10, 1_000);
        tally.note_memory(FromMemory::Hit);
        let mut other = Tally::default();
        other.record(true, 5, 3_000);
        other.note_memory(FromMemory::Miss);
        tally.merge(&other);
        assert_eq!((tally.requests, tally.errors, tally.bytes), (2, 1, 15));
        assert_eq!((tally.error_rate(), tally.hit_rate()), (Some(0.5), Some(0.5)));
        assert!((tally.quantile_ms(0.99).unwrap() - 3.0).abs() < 0.1);
    }

    #[test]
    fn periods_begin_at_their_whole_number() {
        assert_eq!(Period::Minute.begin_ms(125_000), 120_000);
        assert_eq!(Period::Hour.begin_ms(HOUR_MS - 1), 0);
        assert_eq!(Period::Hour.begin_ms(-1), -HOUR_MS);
    }
}
