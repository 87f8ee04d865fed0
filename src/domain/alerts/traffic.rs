//! What was counted by the minute, as rules and objectives see it.

use std::collections::BTreeMap;

use crate::domain::histogram::Histogram;

use super::{
    measure::{Measure, Snapshot},
    objective::{OBJECTIVES, Objective, Pace, Ratio, Targets},
};

const MINUTE_MS: i64 = 60_000;
/// The longest window, in minutes.
const KEPT: i64 = 360;
/// Windows of the plain rules, in minutes.
const PLAIN: i64 = 5;
const HITS: i64 = 15;

/// What was counted in a minute, by all servers together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Minute {
    /// Manifests: those that failed, of all.
    pub manifests: Ratio,
    /// The same of frames, packs and stills.
    pub frames: Ratio,
    /// Times of both, in microseconds.
    pub times: Histogram,
    /// Questions to the memory that it had no answer for, of all.
    pub missed: Ratio,
    /// Switches that took too long, of all.
    pub switches: Ratio,
    /// Looks at the queue that found a job waiting for too long, of all.
    pub queue: Ratio,
}

impl Minute {
    /// Adds requests of an address by its pattern.
    pub fn add_requests(&mut self, route: &str, requests: u64, errors: u64, times: &Histogram) {
        let ratio = Ratio { bad: errors as f64, all: requests as f64 };
        match Objective::of_route(route) {
            Some(Objective::Manifests) => self.manifests.merge(ratio),
            Some(Objective::Frames) => self.frames.merge(ratio),
            _ => return,
        }
        self.times.merge(times);
    }

    /// Adds how long the first job has waited, in seconds.
    pub fn add_queue_age(&mut self, oldest_seconds: f64, targets: &Targets) {
        let is_late = oldest_seconds > f64::from(targets.queue_seconds);
        self.queue.merge(Ratio { bad: if is_late { 1.0 } else { 0.0 }, all: 1.0 });
    }

    fn merge(&mut self, other: &Self) {
        self.manifests.merge(other.manifests);
        self.frames.merge(other.frames);
        self.times.merge(&other.times);
        self.missed.merge(other.missed);
        self.switches.merge(other.switches);
        self.queue.merge(other.queue);
    }

    fn ratio(&self, objective: Objective, targets: &Targets) -> Ratio {
        match objective {
            Objective::Manifests => self.manifests,
            Objective::Frames => self.frames,
            Objective::Latency => {
                let all = self.times.count();
                let slow = all - self.times.at_most(u64::from(targets.latency_ms) * 1000);
                Ratio { bad: slow as f64, all: all as f64 }
            }
            Objective::Switch => self.switches,
            Objective::Hits => self.missed,
            Objective::Queue => self.queue,
        }
    }
}

/// The last six hours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Traffic {
    minutes: BTreeMap<i64, Minute>,
}

impl Traffic {
    /// When the minute began that a moment lies in.
    pub const fn minute_of(at_ms: i64) -> i64 {
        at_ms - at_ms.rem_euclid(MINUTE_MS)
    }

    /// The first minute that counts still.
    pub const fn since_ms(now_ms: i64) -> i64 {
        Self::minute_of(now_ms) - (KEPT - 1) * MINUTE_MS
    }

    /// Puts what is known by now of the minutes from a moment on in the place of what was known before.
    pub fn replace(&mut self, since_ms: i64, minutes: BTreeMap<i64, Minute>, now_ms: i64) {
        self.minutes.split_off(&Self::minute_of(since_ms));
        self.minutes.extend(minutes);
        self.minutes = self.minutes.split_off(&Self::since_ms(now_ms));
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// The last minutes together, with the one under way.
    fn last(&self, now_ms: i64, minutes: i64) -> Minute {
        let mut together = Minute::default();
        let since_ms = Self::minute_of(now_ms) - (minutes - 1) * MINUTE_MS;
        self.minutes.range(since_ms..).for_each(|(_, minute)| together.merge(minute));
        together
    }

    /// Writes down what rules and objectives are about.
    pub fn measure(&self, now_ms: i64, targets: &Targets, snapshot: &mut Snapshot) {
        let (plain, missed) = (self.last(now_ms, PLAIN), self.last(now_ms, HITS).missed);
        let p95 =
            plain.times.quantile(0.95).filter(|_| plain.times.count() as f64 >= Measure::Latency.least());
        snapshot.set_some(Measure::Latency, "", p95.map(|micros| micros as f64 / 1000.0));
        let mut answered = plain.manifests;
        answered.merge(plain.frames);
        let percent = |measure: Measure, ratio: Ratio| {
            (ratio.all > 0.0 && ratio.all >= measure.least()).then(|| 100.0 * ratio.bad / ratio.all)
        };
        snapshot.set_some(Measure::Errors, "", percent(Measure::Errors, answered));
        let missed = percent(Measure::HitRate, missed);
        snapshot.set_some(Measure::HitRate, "", missed.map(|missed| 100.0 - missed));
        for pace in [Pace::Fast, Pace::Slow] {
            let windows = pace.windows().map(|minutes| self.last(now_ms, minutes.into()));
            for objective in OBJECTIVES {
                let ratios = [&windows[0], &windows[1]].map(|window| window.ratio(objective, targets));
                snapshot.set_some(Measure::Burn(objective, pace), "", targets.burn(objective, ratios));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(requests: u64, errors: u64, micros: u64) -> Minute {
        let mut times = Histogram::default();
        (0..requests).for_each(|_| times.record(micros));
        let mut minute = Minute::default();
        minute.add_requests("/s/{set}/{file}", requests, errors, &times);
        minute.add_requests("/studio", 1_000_000, 1_000_000, &times);
        minute
    }

    fn value(snapshot: &Snapshot, measure: Measure) -> Option<f64> {
        snapshot.of(measure).next().map(|(_, value)| value)
    }

    #[test]
    fn what_was_not_counted_is_not_measured() {
        let mut snapshot = Snapshot::default();
        Traffic::default().measure(0, &Targets::default(), &mut snapshot);
        assert_eq!(snapshot, Snapshot::default());
    }

    #[test]
    fn plain_rules_see_the_last_minutes_and_objectives_hours() {
        let now_ms = 1_000 * MINUTE_MS + 30_000;
        let mut traffic = Traffic::default();
        let past = (0..360).map(|ago| (Traffic::minute_of(now_ms) - ago * MINUTE_MS, minute(10, 0, 1_000)));
        traffic.replace(0, past.collect(), now_ms);
        // Five minutes in which half fails, and is slow.
        let bad = (0..5).map(|ago| (Traffic::minute_of(now_ms) - ago * MINUTE_MS, minute(10, 5, 400_000)));
        let bad: BTreeMap<i64, Minute> = bad.collect();
        traffic.replace(*bad.first_key_value().unwrap().0, bad, now_ms);
        let mut snapshot = Snapshot::default();
        traffic.measure(now_ms, &Targets::default(), &mut snapshot);
        assert_eq!(value(&snapshot, Measure::Errors), Some(50.0));
        assert!(value(&snapshot, Measure::Latency).unwrap() > 380.0);
        // 25 of 600 in an hour, of a budget of one in a thousand.
        let fast = value(&snapshot, Measure::Burn(Objective::Frames, Pace::Fast)).unwrap();
        assert!((fast - 25.0 / 600.0 / 0.001).abs() < 0.01, "{fast}");
        let slow = value(&snapshot, Measure::Burn(Objective::Frames, Pace::Slow)).unwrap();
        assert!((slow - 25.0 / 3600.0 / 0.001).abs() < 0.01, "{slow}");
        assert_eq!(value(&snapshot, Measure::Burn(Objective::Manifests, Pace::Fast)), None);
        assert_eq!(traffic.minutes.len(), 360);
        // It is over six minutes later.
        let later_ms = now_ms + 6 * MINUTE_MS;
        let good = [(Traffic::minute_of(later_ms), minute(10, 0, 1_000))].into();
        traffic.replace(later_ms, good, later_ms);
        let mut snapshot = Snapshot::default();
        traffic.measure(later_ms, &Targets::default(), &mut snapshot);
        assert_eq!(value(&snapshot, Measure::Errors), Some(0.0));
        assert_eq!(value(&snapshot, Measure::Burn(Objective::Frames, Pace::Fast)), Some(0.0));
    }

    #[test]
    fn a_job_that_waits_for_long_spends_the_budget_of_the_queue() {
        let now_ms = 1_000 * MINUTE_MS;
        let mut traffic = Traffic::default();
        let waiting = |_| {
            let mut minute = Minute::default();
            minute.add_queue_age(700.0, &Targets::default());
            minute
        };
        let past = (0..60).map(|ago| (now_ms - ago * MINUTE_MS, waiting(ago))).collect();
        traffic.replace(0, past, now_ms);
        let mut snapshot = Snapshot::default();
        traffic.measure(now_ms, &Targets::default(), &mut snapshot);
        let burn = value(&snapshot, Measure::Burn(Objective::Queue, Pace::Fast)).unwrap();
        assert!((burn - 20.0).abs() < 1e-9, "{burn}");
    }

    #[test]
    fn a_promise_of_less_time_is_broken_earlier() {
        let now_ms = 1_000 * MINUTE_MS;
        let mut traffic = Traffic::default();
        let past = (0..60).map(|ago| (now_ms - ago * MINUTE_MS, minute(10, 0, 200_000))).collect();
        traffic.replace(0, past, now_ms);
        let burn = |latency_ms| {
            let mut snapshot = Snapshot::default();
            traffic.measure(now_ms, &Targets { latency_ms, ..Targets::default() }, &mut snapshot);
            value(&snapshot, Measure::Burn(Objective::Latency, Pace::Fast)).unwrap()
        };
        assert!(burn(300).abs() < 1e-9 && (burn(100) - 20.0).abs() < 1e-9);
    }
}
