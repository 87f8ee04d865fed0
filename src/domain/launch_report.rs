//! What is known of a launch that is over: what was asked and answered, and what visitors had, beside the same hours of earlier
//! weeks.

use std::fmt::Write as _;

use super::{
    alerts::{Launch, Ratio},
    histogram::Histogram,
    performance::{
        series::{HOUR_MS, Period},
        users::UserTally,
    },
};

const WEEK_MS: i64 = 7 * 24 * HOUR_MS;
/// Earlier weeks that a launch is compared with, at most: as long as views are kept.
const MOST_WEEKS: usize = 4;
/// Alerts that a report names, at most; it counts all of them.
pub const MOST_ALERTS: usize = 100;

/// A report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LaunchReport {
    /// The launch's name.
    pub name: String,
    /// From when on it was, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// Requests for manifests.
    pub manifests: Answered,
    /// Requests for frames and packs.
    pub frames: Answered,
    /// How long they took; `None` where there were none.
    pub times: Option<Times>,
    /// What visitors had during it.
    pub during: Visitors,
    /// What they had in the same hours of earlier weeks, the last one first.
    pub before: Vec<Week>,
    /// How many alerts fired.
    pub fired: u64,
    /// The first of them.
    pub alerts: Vec<Fired>,
}

/// Requests of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    /// All of them.
    pub all: u64,
    /// Those that failed.
    pub failed: u64,
}

/// How long answers took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// Half of them took at most this.
    pub p50_ms: f64,
    /// Of 100, 95.
    pub p95_ms: f64,
    /// Of 100, 99.
    pub p99_ms: f64,
}

/// What visitors' browsers measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visitors {
    /// Views.
    pub views: u64,
    /// Failures that visitors were shown.
    pub errors: u64,
    /// Until the first frame.
    pub frame: Option<Within>,
    /// Until the piece could be turned.
    pub spin: Option<Within>,
    /// From a choice to its paint.
    pub switch: Option<Within>,
}

/// Within which time half of the visitors had something, and 95 of 100, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// Half of them.
    pub p50_ms: u64,
    /// 95 of 100.
    pub p95_ms: u64,
}

/// What visitors had some weeks earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// How many weeks.
    pub weeks: u32,
    /// What they had.
    pub visitors: Visitors,
}

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// When.
    pub at_ms: i64,
    /// The name of its rule.
    pub rule: String,
    /// What it was about.
    pub subject: String,
}

/// Views of a launch and of earlier weeks, while they are counted. Views are kept by the hour; weeks differ less than days.
#[derive(Debug)]
pub struct Views {
    from_ms: i64,
    until_ms: i64,
    /// The time from one that is compared to the next one: so many weeks that they do not overlap.
    apart_ms: i64,
    /// That of the launch, and of those before it.
    tallies: Vec<UserTally>,
}

impl Views {
    /// None are counted yet.
    pub fn of(launch: &Launch) -> Self {
        let (from_ms, until_ms) = (Period::Hour.begin_ms(launch.from_ms), launch.until_ms);
        let weeks = (until_ms - from_ms + WEEK_MS - 1).div_euclid(WEEK_MS);
        Self {
            from_ms,
            until_ms,
            apart_ms: weeks * WEEK_MS,
            tallies: vec![UserTally::default(); 1 + MOST_WEEKS],
        }
    }

    /// From which hour on views count.
    pub fn since_ms(&self) -> i64 {
        self.from_ms - self.apart_ms * MOST_WEEKS as i64
    }

    /// Whether the views of an hour count.
    pub fn counts(&self, hour_ms: i64) -> bool {
        (0..self.tallies.len()).any(|before| self.is_in(before, hour_ms))
    }

    /// Whether an hour is one of the launch, or so many times before it.
    fn is_in(&self, before: usize, hour_ms: i64) -> bool {
        let earlier_ms = self.apart_ms * before as i64;
        self.from_ms - earlier_ms <= hour_ms && hour_ms < self.until_ms - earlier_ms
    }

    /// Counts what was measured in an hour.
    pub fn add(&mut self, hour_ms: i64, tally: &UserTally) {
        for before in 0..self.tallies.len() {
            if self.is_in(before, hour_ms) {
                self.tallies[before].merge(tally);
            }
        }
    }

    /// What visitors had during the launch, and in each earlier week of which anything is known.
    pub fn visitors(&self) -> (Visitors, Vec<Week>) {
        let mut all = self.tallies.iter().map(Visitors::of);
        let during = all.next().unwrap_or_default();
        let weeks = u32::try_from(self.apart_ms / WEEK_MS).unwrap_or(u32::MAX);
        let before = (1_u32..).zip(all).filter(|(_, visitors)| visitors.views > 0);
        (during, before.map(|(at, visitors)| Week { weeks: weeks.saturating_mul(at), visitors }).collect())
    }
}

impl Visitors {
    fn of(tally: &UserTally) -> Self {
        let UserTally { views, errors, frame, spin, switch, .. } = tally;
        let [frame, spin, switch] = [frame, spin, switch].map(Within::of);
        Self { views: *views, errors: *errors, frame, spin, switch }
    }

    fn errors_of_100(&self) -> f64 {
        100.0 * self.errors as f64 / self.views.max(1) as f64
    }
}

impl Within {
    fn of(times: &Histogram) -> Option<Self> {
        let (p50_ms, p95_ms) = times.quantile(0.5).zip(times.quantile(0.95))?;
        Some(Self { p50_ms, p95_ms })
    }
}

impl Answered {
    /// As a ratio of failures.
    pub fn of(Ratio { bad, all }: Ratio) -> Self {
        Self { all: all as u64, failed: bad as u64 }
    }
}

impl Times {
    /// Of microseconds; `None` without any.
    pub fn of(times: &Histogram) -> Option<Self> {
        let ms = |share| times.quantile(share).map(|micros| micros as f64 / 1000.0);
        let [Some(p50_ms), Some(p95_ms), Some(p99_ms)] = [0.5, 0.95, 0.99].map(ms) else { return None };
        Some(Self { p50_ms, p95_ms, p99_ms })
    }
}

impl LaunchReport {
    /// In sentences, for people. `timestamp` writes a moment.
    pub fn text(&self, timestamp: impl Fn(i64) -> String) -> String {
        let mut text = String::new();
        for (what, Answered { all, failed }) in
            [("manifests", self.manifests), ("frames and packs", self.frames)]
        {
            let percent = 100.0 * failed as f64 / all.max(1) as f64;
            let _ = writeln!(text, "{all} {what}, of which {failed} failed ({percent:.2} %).");
        }
        if let Some(Times { p50_ms, p95_ms, p99_ms }) = self.times {
            let _ = writeln!(
                text,
                "Half of them took at most {p50_ms:.1} ms, 95 % {p95_ms:.1} ms, 99 % {p99_ms:.1} ms."
            );
        }
        self.write_visitors(&mut text);
        if self.fired == 0 {
            text.push_str("No alert fired.");
        } else {
            let _ = writeln!(text, "Alerts that fired: {}.", self.fired);
            for Fired { at_ms, rule, subject } in &self.alerts {
                let _ = writeln!(text, "{} {rule} {subject}", timestamp(*at_ms));
            }
        }
        text.trim_end().to_owned()
    }

    /// Beside the last week of which anything is known.
    fn write_visitors(&self, text: &mut String) {
        let during = &self.during;
        if during.views == 0 {
            text.push_str("No browser has reported a view.\n");
            return;
        }
        let before = self.before.first();
        let earlier = match before {
            Some(Week { weeks: 1, visitors }) => {
                format!("in the same hours a week before, {}", visitors.views)
            }
            Some(Week { weeks, visitors }) => {
                format!("in the same hours {weeks} weeks before, {}", visitors.views)
            }
            None => "in the same hours of earlier weeks, none".to_owned(),
        };
        let _ = writeln!(text, "{} views; {earlier}.", during.views);
        let before = before.map(|week| &week.visitors);
        let words = |Within { p50_ms, p95_ms }: Within| format!("{p50_ms} ms, 95 % {p95_ms} ms");
        for (what, within) in [
            ("First frame", (|visitors: &Visitors| visitors.frame) as fn(&Visitors) -> Option<Within>),
            ("First spin", |visitors| visitors.spin),
            ("From a choice to its paint", |visitors| visitors.switch),
        ] {
            let Some(measured) = within(during).map(words) else { continue };
            let before = before.and_then(within).map(words);
            let before = before.map(|before| format!("; before, half within {before}")).unwrap_or_default();
            let _ = writeln!(text, "{what}: half within {measured}{before}.");
        }
        let before =
            before.map(|before| format!("; before, {:.2}", before.errors_of_100())).unwrap_or_default();
        let failed = during.errors_of_100();
        let _ = writeln!(
            text,
            "Failures that visitors were shown: {} ({failed:.2} per 100 views{before}).",
            during.errors
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(from_ms: i64, until_ms: i64) -> Launch {
        Launch { name: "sale".to_owned(), from_ms, until_ms, products: vec![], edges: vec![] }
    }

    fn tally(views: u64, frame_ms: u64) -> UserTally {
        let mut tally = UserTally { views, errors: 1, ..UserTally::default() };
        (0..views).for_each(|_| tally.frame.record(frame_ms));
        tally
    }

    #[test]
    fn a_report_says_what_was_asked_and_what_went_wrong() {
        let mut times = Histogram::default();
        (1..=100).for_each(|ms| times.record(ms * 1000));
        let report = LaunchReport {
            manifests: Answered { all: 400, failed: 1 },
            times: Times::of(&times),
            fired: 1,
            alerts: vec![Fired { at_ms: 7, rule: "purge-old".to_owned(), subject: "edge".to_owned() }],
            ..LaunchReport::default()
        };
        let text = report.text(|at_ms| format!("at {at_ms}"));
        assert!(text.starts_with("400 manifests, of which 1 failed (0.25 %).\n0 frames"), "{text}");
        assert!(text.contains("Half of them took at most 50."), "{text}");
        assert!(text.ends_with("Alerts that fired: 1.\nat 7 purge-old edge"), "{text}");
        let nothing = LaunchReport::default().text(|_| String::new());
        assert!(nothing.ends_with("No browser has reported a view.\nNo alert fired."), "{nothing}");
    }

    #[test]
    fn views_are_compared_with_the_same_hours_of_earlier_weeks() {
        let from_ms = 3_000 * HOUR_MS;
        let mut views = Views::of(&launch(from_ms + 60_000, from_ms + 2 * HOUR_MS + 60_000));
        assert_eq!(views.since_ms(), from_ms - 4 * WEEK_MS);
        views.add(from_ms + HOUR_MS, &tally(50, 20));
        // The hours around it, and those of the day before, do not count.
        views.add(from_ms - HOUR_MS, &tally(900, 9));
        views.add(from_ms + 3 * HOUR_MS, &tally(900, 9));
        views.add(from_ms - 24 * HOUR_MS, &tally(900, 9));
        views.add(from_ms - WEEK_MS, &tally(10, 30));
        views.add(from_ms - 3 * WEEK_MS, &tally(4, 31));
        let (during, before) = views.visitors();
        let counted: Vec<_> = before.iter().map(|week| (week.weeks, week.visitors.views)).collect();
        assert_eq!((during.views, counted), (50, vec![(1, 10), (3, 4)]));
        let report = LaunchReport { during, before, ..LaunchReport::default() };
        let mut text = String::new();
        report.write_visitors(&mut text);
        assert_eq!(
            text,
            "50 views; in the same hours a week before, 10.\n\
             First frame: half within 20 ms, 95 % 20 ms; before, half within 30 ms, 95 % 30 ms.\n\
             Failures that visitors were shown: 1 (2.00 per 100 views; before, 10.00).\n"
        );
    }

    #[test]
    fn a_long_launch_is_compared_with_weeks_before_it_began() {
        let from_ms = 9_000 * HOUR_MS;
        let mut views = Views::of(&launch(from_ms, from_ms + WEEK_MS + 1));
        views.add(from_ms - WEEK_MS, &tally(5, 9));
        views.add(from_ms - 2 * WEEK_MS, &tally(7, 9));
        let (during, before) = views.visitors();
        // The hour of a week before is one of the two weeks before.
        assert_eq!((during.views, before.len(), before[0].weeks, before[0].visitors.views), (0, 1, 2, 12));
        // As long as time goes.
        assert!(Views::of(&launch(-62_000_000_000_000, 253_000_000_000_000)).since_ms() < 0);
    }
}
