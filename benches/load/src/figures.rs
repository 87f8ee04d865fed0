//! What came of a run.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::{catalog::Kind, process::Memory, visits::Whole};

/// Times in microseconds, up to the patience of a visitor.
pub(crate) type Times = Histogram<u64>;

pub(crate) fn times() -> Times {
    Times::new_with_bounds(1, 60_000_000, 3).expect("these bounds are sound")
}

/// The share of times that are this long at most, in milliseconds.
pub(crate) fn ms(times: &Times, quantile: f64) -> f64 {
    times.value_at_quantile(quantile) as f64 / 1e3
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    /// 503 or 429, of a server that has too much to do.
    Shed,
    /// Anything else.
    Failed,
}

/// What one visit has seen; times in microseconds.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) late: u64,
    pub(crate) requests: Vec<(Kind, u64, End)>,
    pub(crate) wholes: Vec<(Whole, u64)>,
    pub(crate) failures: Vec<String>,
    pub(crate) bytes: u64,
    /// Whether every request so far was answered.
    pub(crate) is_whole: bool,
}

impl Default for Notes {
    fn default() -> Self {
        let (requests, wholes, failures) = (Vec::new(), Vec::new(), Vec::new());
        Self { late: 0, requests, wholes, failures, bytes: 0, is_whole: true }
    }
}

/// What was measured of one server in one scenario.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) visits: u64,
    pub(crate) requests: u64,
    pub(crate) shed: u64,
    pub(crate) failed: u64,
    /// Why requests failed: the first few.
    pub(crate) failures: Vec<String>,
    pub(crate) bytes: u64,
    pub(crate) kinds: BTreeMap<Kind, Times>,
    pub(crate) wholes: BTreeMap<Whole, Times>,
    /// How late the generator itself began visits.
    pub(crate) late: Times,
    /// Seconds of load.
    pub(crate) seconds: f64,
    /// Seconds of processor time that the server took.
    pub(crate) cpu: f64,
    pub(crate) memory: Memory,
    /// Sets that artists have published.
    pub(crate) published: u64,
}

impl Figures {
    pub(crate) fn new() -> Self {
        Self {
            visits: 0,
            requests: 0,
            shed: 0,
            failed: 0,
            failures: Vec::new(),
            bytes: 0,
            kinds: BTreeMap::new(),
            wholes: BTreeMap::new(),
            late: times(),
            seconds: 0.0,
            cpu: 0.0,
            memory: Memory::new(),
            published: 0,
        }
    }

    /// Takes in what one visit has noted.
    pub(crate) fn take(&mut self, notes: Notes) {
        self.visits += 1;
        self.late.saturating_record(notes.late);
        self.bytes += notes.bytes;
        for (kind, micros, end) in notes.requests {
            self.requests += 1;
            match end {
                End::Answered => self.kinds.entry(kind).or_insert_with(times).saturating_record(micros),
                End::Shed => self.shed += 1,
                End::Failed => self.failed += 1,
            }
        }
        for (whole, micros) in notes.wholes {
            self.wholes.entry(whole).or_insert_with(times).saturating_record(micros);
        }
        notes.failures.into_iter().for_each(|why| self.note_failure(why));
    }

    pub(crate) fn note_failure(&mut self, why: String) {
        if self.failures.len() < 5 {
            self.failures.push(why);
        }
    }

    /// Adds what another round has measured.
    pub(crate) fn add(&mut self, other: Self) {
        self.visits += other.visits;
        self.requests += other.requests;
        self.shed += other.shed;
        self.failed += other.failed;
        other.failures.into_iter().for_each(|why| self.note_failure(why));
        self.bytes += other.bytes;
        for (kind, more) in other.kinds {
            self.kinds.entry(kind).or_insert_with(times).add(more).expect("all have the same bounds");
        }
        for (whole, more) in other.wholes {
            self.wholes.entry(whole).or_insert_with(times).add(more).expect("all have the same bounds");
        }
        self.late.add(other.late).expect("all have the same bounds");
        let before = self.memory.last().map_or(0.0, |at| at.0);
        self.memory.extend(other.memory.into_iter().map(|(at, mib)| (before + at, mib)));
        self.seconds += other.seconds;
        self.cpu += other.cpu;
        self.published += other.published;
    }

    /// Microseconds of processor time for each request.
    pub(crate) fn cpu_per_request(&self) -> f64 {
        self.cpu * 1e6 / self.requests.max(1) as f64
    }
}
