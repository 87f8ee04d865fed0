//! What was measured over some hours, step by step: the lines of plots.
//!
//! Whatever is measured, and however much of it, there are at most [`MOST_STEPS`] steps and [`MOST_NAMES`] names: reading the
//! rows one after the other takes a bounded amount of memory.

mod lines;

use std::collections::BTreeMap;

use crate::domain::alerts::Objective;

use super::{
    report::is_of_visitors,
    series::{HOUR_MS, MINUTE_MS, Period, Sample, Series, Sum, Tally},
    users::UserTally,
};

pub use self::lines::{Figure, PlotLine};

/// Steps of a plot, at most.
pub const MOST_STEPS: i64 = 240;
/// Names of samples, and addresses, at most. Both are words of the code, so that there are fewer.
pub const MOST_NAMES: usize = 500;
/// Lengths of a step, in minutes.
const LENGTHS: [i64; 6] = [1, 5, 10, 60, 180, 360];
/// Of so many hours there are minutes.
const BY_MINUTES: u32 = 24;
/// The fewest hours of what is kept by the hour.
const LEAST_BY_HOURS: u32 = 24;

/// The name of the sample that a process writes once, before the program.
pub const STARTED: &str = "started";
/// The name of the sample that it writes every minute, before the program.
pub const RUNS: &str = "runs";

/// Times of one length, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// When the first one begins, in milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
    /// When the last one ends, which may be shorter than the others.
    pub until_ms: i64,
    /// The length, in milliseconds.
    pub step_ms: i64,
}

impl Steps {
    /// Over the last hours, as far as all servers have written what they measured: they do so once a minute.
    pub fn of(hours: u32, now_ms: i64) -> Self {
        let until_ms = Period::Minute.begin_ms(now_ms) - MINUTE_MS;
        let is_fit = |minutes: &i64| {
            i64::from(hours) * 60 <= minutes * MOST_STEPS && (hours <= BY_MINUTES || *minutes >= 60)
        };
        let minutes = LENGTHS.into_iter().find(is_fit).unwrap_or(LENGTHS[LENGTHS.len() - 1]);
        Self::new(until_ms - i64::from(hours) * HOUR_MS, until_ms, minutes * MINUTE_MS)
    }

    /// The same for what is kept by the hour.
    fn by_hours(hours: u32, now_ms: i64) -> Self {
        let Self { step_ms, .. } = Self::of(hours, now_ms);
        let since_ms = now_ms - i64::from(hours.max(LEAST_BY_HOURS)) * HOUR_MS;
        Self::new(since_ms, now_ms, step_ms.max(HOUR_MS))
    }

    const fn new(since_ms: i64, until_ms: i64, step_ms: i64) -> Self {
        Self { since_ms: since_ms - since_ms.rem_euclid(step_ms), until_ms, step_ms }
    }

    /// How many they are.
    pub const fn count(&self) -> usize {
        let length = self.until_ms - self.since_ms;
        (length / self.step_ms + (length % self.step_ms > 0) as i64) as usize
    }

    /// The one that a moment lies in.
    fn at(&self, at_ms: i64) -> Option<usize> {
        let is_within = self.since_ms <= at_ms && at_ms < self.until_ms;
        is_within.then(|| ((at_ms - self.since_ms) / self.step_ms) as usize)
    }

    /// How long a step is, in seconds.
    fn seconds(&self, step: usize) -> f64 {
        let begins = self.since_ms + step as i64 * self.step_ms;
        self.step_ms.min(self.until_ms - begins).max(1) as f64 / 1000.0
    }
}

/// Processes that started with one program at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// When, to the minute or to the hour, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Its version, and its commit where that is known.
    pub program: String,
    /// How many.
    pub processes: u64,
    /// Whether another program ran before.
    pub is_deployment: bool,
}

/// Takes in what was measured, and holds what lines need of it.
#[derive(Debug)]
pub struct History {
    steps: Steps,
    hours: Steps,
    /// Of manifests and frames.
    answers: Vec<Tally>,
    /// Bytes of all answers.
    sent: Vec<u64>,
    /// Of each address, those that visitors wait for with their times.
    routes: BTreeMap<String, Vec<Tally>>,
    /// Steps in which a server measured anything.
    alive: Vec<bool>,
    samples: BTreeMap<String, Vec<Sum>>,
    starts: BTreeMap<i64, BTreeMap<String, u64>>,
    views: Vec<UserTally>,
}

impl History {
    /// Of the last hours.
    pub fn of(hours: u32, now_ms: i64) -> Self {
        let (steps, hours) = (Steps::of(hours, now_ms), Steps::by_hours(hours, now_ms));
        Self {
            steps,
            hours,
            answers: vec![Tally::default(); steps.count()],
            sent: vec![0; steps.count()],
            routes: BTreeMap::new(),
            alive: vec![false; steps.count()],
            samples: BTreeMap::new(),
            starts: BTreeMap::new(),
            views: vec![UserTally::default(); hours.count()],
        }
    }

    /// From when on requests and samples are wanted, in milliseconds since 1970-01-01 UTC.
    pub const fn since_ms(&self) -> i64 {
        self.steps.since_ms
    }

    /// From when on views are wanted.
    pub const fn views_since_ms(&self) -> i64 {
        self.hours.since_ms
    }

    /// Until when the lines go.
    pub const fn until_ms(&self) -> i64 {
        self.steps.until_ms
    }

    /// Adds requests of a period that began at a moment.
    pub fn add_requests(&mut self, at_ms: i64, series: &Series, tally: &Tally) {
        let Some(step) = self.steps.at(at_ms) else { return };
        self.alive[step] = true;
        self.sent[step] = self.sent[step].saturating_add(tally.bytes);
        if matches!(Objective::of_route(&series.route), Some(Objective::Manifests | Objective::Frames)) {
            self.answers[step].merge(tally);
        }
        if !self.routes.contains_key(&series.route) && self.routes.len() >= MOST_NAMES {
            return;
        }
        let count = self.steps.count();
        let route = self.routes.entry(series.route.clone()).or_insert_with(|| vec![Tally::default(); count]);
        if is_of_visitors(&series.route) {
            route[step].merge(tally);
        } else {
            route[step].requests = route[step].requests.saturating_add(tally.requests);
        }
    }

    /// Adds what a server measured of itself.
    pub fn add_sample(&mut self, sample: &Sample) {
        let Some(step) = self.steps.at(sample.at_ms) else { return };
        self.alive[step] = true;
        if let Some((STARTED, program)) = sample.name.split_once(' ') {
            let starts = self.starts.entry(sample.at_ms).or_default();
            *starts.entry(program.to_owned()).or_default() += sample.sum.values;
            return;
        }
        if !self.samples.contains_key(&sample.name) && self.samples.len() >= MOST_NAMES {
            return;
        }
        let count = self.steps.count();
        let values = self.samples.entry(sample.name.clone()).or_insert_with(|| vec![Sum::default(); count]);
        values[step].merge(sample.sum);
    }

    /// Adds views of an hour.
    pub fn add_views(&mut self, hour_ms: i64, tally: &UserTally) {
        if let Some(hour) = self.hours.at(hour_ms) {
            self.views[hour].merge(tally);
        }
    }

    /// When processes started, the earliest first.
    pub fn starts(&self) -> Vec<Start> {
        let each = self.starts.iter().flat_map(|(at_ms, programs)| {
            programs.iter().map(move |(program, processes)| Start {
                at_ms: *at_ms,
                program: program.clone(),
                processes: *processes,
                is_deployment: self.ran_before(*at_ms).is_some_and(|ran| !ran.contains(&program.as_str())),
            })
        });
        each.collect()
    }

    /// The programs of the last step with any before a moment; `None` without one.
    fn ran_before(&self, at_ms: i64) -> Option<Vec<&str>> {
        let before = self.steps.at(at_ms)?;
        let running =
            || self.samples.iter().filter_map(|(name, sums)| Some((name.strip_prefix(RUNS)?, sums)));
        let last = (0..before).rev().find(|step| running().any(|(_, sums)| sums[*step].values > 0))?;
        Some(running().filter(|(_, sums)| sums[last].values > 0).map(|(name, _)| name.trim_start()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_764_273_600_000;

    #[test]
    fn steps_are_few_and_end_where_all_servers_have_written() {
        let lengths = [1, 4, 6, 20, 24, 25, 168, 240, 720].map(|hours| {
            let steps = Steps::of(hours, NOW_MS);
            assert!(steps.count() as i64 <= MOST_STEPS + 1, "{hours}: {steps:?}");
            assert_eq!(steps.until_ms, NOW_MS - MINUTE_MS);
            assert!(steps.since_ms <= steps.until_ms - i64::from(hours) * HOUR_MS, "{hours}");
            steps.step_ms / MINUTE_MS
        });
        assert_eq!(lengths, [1, 1, 5, 5, 10, 60, 60, 60, 180]);
        let steps = Steps::of(6, NOW_MS);
        assert_eq!((steps.at(steps.since_ms), steps.at(steps.since_ms - 1)), (Some(0), None));
        assert_eq!((steps.at(steps.until_ms - 1), steps.at(steps.until_ms)), (Some(steps.count() - 1), None));
        // The last step has gone on for four minutes of its five.
        assert!((steps.seconds(steps.count() - 1) - 240.0).abs() < 1e-9);
        assert!((steps.seconds(0) - 300.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_kept_by_the_hour_has_a_day_at_least() {
        let hours = Steps::by_hours(1, NOW_MS + 5 * MINUTE_MS);
        assert_eq!((hours.step_ms, hours.count()), (HOUR_MS, 25));
        assert_eq!(Steps::by_hours(720, NOW_MS).step_ms, 3 * HOUR_MS);
    }

    #[test]
    fn a_start_is_a_deployment_where_another_program_ran_before() {
        let mut history = History::of(1, NOW_MS);
        let mut sample = |minute: i64, name: &str| {
            let at_ms = NOW_MS - HOUR_MS + minute * MINUTE_MS;
            let (instance, name) = (String::new(), name.to_owned());
            history.add_sample(&Sample { at_ms, instance, name, sum: Sum::of(1.0) });
        };
        for minute in 3..40 {
            let program = if (10..20).contains(&minute) { "runs 2 (b)" } else { "runs 1 (a)" };
            // Nothing ran in between.
            if !(8..10).contains(&minute) {
                sample(minute, program);
            }
        }
        for (minute, program) in [(3, "1 (a)"), (5, "1 (a)"), (10, "2 (b)"), (10, "2 (b)"), (20, "1 (a)")] {
            sample(minute, &format!("started {program}"));
        }
        let starts: Vec<_> = history
            .starts()
            .into_iter()
            .map(|start| {
                let minute = (start.at_ms - NOW_MS + HOUR_MS) / MINUTE_MS;
                (minute, start.program, start.processes, start.is_deployment)
            })
            .collect();
        let of = |minute, program: &str, processes, is_deployment| {
            (minute, program.to_owned(), processes, is_deployment)
        };
        assert_eq!(
            starts,
            [
                of(3, "1 (a)", 1, false),
                of(5, "1 (a)", 1, false),
                of(10, "2 (b)", 2, true),
                of(20, "1 (a)", 1, true)
            ]
        );
    }
}
