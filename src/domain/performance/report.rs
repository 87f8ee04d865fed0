//! What was measured over some hours, put together: figures, trend, score, caches, statements, and what is left.

mod caches;
mod load;

use std::collections::BTreeMap;

use crate::domain::{alerts::Targets, histogram::Histogram};

use super::{
    score::{Measured, Score},
    series::{HOUR_MS, MINUTE_MS, Sample, Series, Tally},
    trend::{LEAST_REQUESTS, Periods, Trend},
};

pub use self::{
    caches::CacheFigures,
    load::{Capacity, Samples, StatementFigures},
};

/// Addresses that are among the slowest.
const SLOWEST: usize = 5;

/// Everything that is known of some hours.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How many hours.
    pub hours: u32,
    /// Where they begin, in milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
    /// Where they end.
    pub until_ms: i64,
    /// Servers that have measured something of their own in this time, as far as they are told apart.
    pub instances: usize,
    /// All requests.
    pub all: Figures,
    /// Those that visitors wait for.
    pub visitors: Figures,
    /// By address and by what was delivered, the most requests first.
    pub series: Vec<SeriesFigures>,
    /// The addresses with the slowest P95, among those with enough requests.
    pub slowest: Vec<(String, Figures)>,
    /// How the P95s of what visitors wait for have changed.
    pub trend: Trend,
    /// The same by address.
    pub trends: Vec<(String, Trend)>,
    /// The periods of the trends.
    pub periods: Periods,
    /// The health score.
    pub score: Score,
    /// What caches were asked.
    pub caches: Vec<CacheFigures>,
    /// Statements, those that took the most time first.
    pub statements: Vec<StatementFigures>,
    /// What is left.
    pub capacity: Vec<Capacity>,
}

/// The figures of some requests.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Requests.
    pub requests: u64,
    /// Those that failed in the server.
    pub errors: u64,
    /// Their share, from 0 to 1.
    pub error_rate: Option<f64>,
    /// Requests in a second, on average.
    pub per_second: f64,
    /// Bytes of answers.
    pub bytes: u64,
    /// The share of answers that were in memory, from 0 to 1, of those that asked it for something.
    pub hit_rate: Option<f64>,
    /// P50, P90, P95 and P99, in milliseconds.
    pub quantiles_ms: Option<[f64; 4]>,
}

impl Figures {
    fn of(tally: &Tally, seconds: f64) -> Self {
        let quantile = |share| tally.quantile_ms(share);
        let quantiles_ms = quantile(0.5).zip(quantile(0.9)).zip(quantile(0.95)).zip(quantile(0.99));
        Self {
            requests: tally.requests,
            errors: tally.errors,
            error_rate: tally.error_rate(),
            per_second: tally.requests as f64 / seconds,
            bytes: tally.bytes,
            hit_rate: tally.hit_rate(),
            quantiles_ms: quantiles_ms.map(|(((p50, p90), p95), p99)| [p50, p90, p95, p99]),
        }
    }

    /// The P95, in milliseconds.
    pub fn p95_ms(&self) -> Option<f64> {
        self.quantiles_ms.map(|[_, _, p95, _]| p95)
    }
}

/// The figures of an address and of what was delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFigures {
    /// Which.
    pub series: Series,
    /// The figures.
    pub figures: Figures,
}

/// Whether visitors wait for what is at an address.
pub fn is_of_visitors(route: &str) -> bool {
    ["/s/", "/p/", "/m/", "/still/", "/signed/", "/api/products/customizable/"]
        .iter()
        .any(|prefix| route.starts_with(prefix))
}

/// Takes in rows, and holds only what the report needs of them.
#[derive(Debug)]
pub struct Gathering {
    hours: u32,
    since_ms: i64,
    now_ms: i64,
    first_ms: i64,
    periods: Periods,
    targets: Targets,
    series: BTreeMap<Series, Tally>,
    instances: std::collections::BTreeSet<String>,
    /// Of each address, by slots; that of all visitors' addresses has no name.
    slots: BTreeMap<String, Vec<Histogram>>,
}

impl Gathering {
    /// Of the last hours; the score is judged by targets.
    pub fn of(hours: u32, now_ms: i64, targets: Targets) -> Self {
        let since_ms = now_ms - i64::from(hours) * HOUR_MS;
        Self {
            hours,
            since_ms: since_ms - since_ms.rem_euclid(MINUTE_MS),
            now_ms,
            first_ms: now_ms,
            periods: Periods::of(hours, now_ms),
            targets,
            series: BTreeMap::new(),
            instances: std::collections::BTreeSet::new(),
            slots: BTreeMap::new(),
        }
    }

    /// From when on samples are wanted, in milliseconds since 1970-01-01 UTC.
    pub const fn since_ms(&self) -> i64 {
        self.since_ms
    }

    /// From when on rows are wanted, in milliseconds since 1970-01-01 UTC.
    pub fn from_ms(&self) -> i64 {
        self.since_ms.min(self.periods.before_ms)
    }

    /// Adds what was measured in a period that began at a moment.
    pub fn add(&mut self, at_ms: i64, instance: &str, series: &Series, tally: &Tally) {
        if at_ms >= self.since_ms {
            self.first_ms = self.first_ms.min(at_ms);
            self.series.entry(series.clone()).or_default().merge(tally);
            if !instance.is_empty() && !self.instances.contains(instance) {
                self.instances.insert(instance.to_owned());
            }
        }
        if !is_of_visitors(&series.route) {
            return;
        }
        if let Some(slot) = self.periods.slot(at_ms) {
            let slots = self.periods.slots();
            for name in [series.route.as_str(), ""] {
                let of_route =
                    self.slots.entry(name.to_owned()).or_insert_with(|| vec![Histogram::default(); slots]);
                of_route[slot].merge(&tally.times);
            }
        }
    }

    /// Puts everything together. `plans` are those of statements, by name.
    pub fn report(self, samples: &[Sample], plans: &BTreeMap<String, String>) -> Report {
        // An installation that is younger than these hours has not served all of them.
        let seconds = ((self.now_ms - self.first_ms) as f64 / 1000.0).max(60.0);
        let sum = |wanted: &dyn Fn(&str) -> bool| {
            let mut sum = Tally::default();
            self.series
                .iter()
                .filter(|(series, _)| wanted(&series.route))
                .for_each(|(_, tally)| sum.merge(tally));
            sum
        };
        let all = Figures::of(&sum(&|_| true), seconds);
        let visitors = Figures::of(&sum(&is_of_visitors), seconds);
        let mut series: Vec<SeriesFigures> = self
            .series
            .iter()
            .map(|(series, tally)| SeriesFigures {
                series: series.clone(),
                figures: Figures::of(tally, seconds),
            })
            .collect();
        series.sort_by_key(|one| std::cmp::Reverse(one.figures.requests));

        let recent: Vec<&Sample> = samples.iter().filter(|sample| sample.at_ms >= self.since_ms).collect();
        let caches = caches::of(&recent);
        let capacity = load::capacity(&recent, self.since_ms, self.now_ms);
        let now = |name: &str| load::latest(&recent, name);
        let measured = Measured {
            errors: visitors.error_rate.map(|rate| 100.0 * rate),
            latency: visitors.p95_ms(),
            hit_rate: caches::hit_rate(&caches).map(|rate| 100.0 * rate),
            queue_age: now("queue-age-seconds"),
            cpu: now("cpu").map(|share| 100.0 * share),
            memory: now("memory").map(|share| 100.0 * share),
            disk: now("disk").map(|share| 100.0 * share),
        };
        let score = Score::of(&measured, &self.targets);
        let trend_of = |slots: &[Histogram]| {
            let p95 = |slots: &[Histogram]| -> Vec<f64> {
                let full = slots.iter().filter(|slot| slot.count() >= LEAST_REQUESTS);
                // A time of 0 has no ratio.
                full.filter_map(|slot| slot.quantile(0.95)).map(|micros| micros.max(1) as f64).collect()
            };
            let (before, since) = slots.split_at(self.periods.boundary());
            Trend::of(&p95(before), &p95(since))
        };
        let nothing = Trend::of(&[], &[]);
        Report {
            hours: self.hours,
            since_ms: self.since_ms,
            until_ms: self.now_ms,
            instances: self.instances.len(),
            all,
            visitors,
            slowest: slowest(&self.series, seconds),
            series,
            trend: self.slots.get("").map_or(nothing, |slots| trend_of(slots)),
            trends: self
                .slots
                .iter()
                .filter(|(route, _)| !route.is_empty())
                .map(|(route, slots)| (route.clone(), trend_of(slots)))
                .collect(),
            periods: self.periods,
            score,
            statements: load::statements(&recent, plans, seconds),
            caches,
            capacity,
        }
    }
}

fn slowest(series: &BTreeMap<Series, Tally>, seconds: f64) -> Vec<(String, Figures)> {
    let mut routes: BTreeMap<&str, Tally> = BTreeMap::new();
    for (series, tally) in series {
        routes.entry(&series.route).or_default().merge(tally);
    }
    let mut slowest: Vec<_> = routes
        .into_iter()
        .filter(|(_, tally)| tally.requests >= LEAST_REQUESTS)
        .map(|(route, tally)| (route.to_owned(), Figures::of(&tally, seconds)))
        .collect();
    slowest.sort_by(|(_, one), (_, other)| {
        other.p95_ms().partial_cmp(&one.p95_ms()).unwrap_or(std::cmp::Ordering::Equal)
    });
    slowest.truncate(SLOWEST);
    slowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::performance::{series::Sum, trend::Verdict};

    const NOW_MS: i64 = 1_764_273_600_000;

    fn series(route: &str, class: &str) -> Series {
        Series { route: route.to_owned(), class: class.to_owned() }
    }

    fn tally(requests: u64, millis: u64) -> Tally {
        let mut tally = Tally::default();
        (0..requests).for_each(|_| tally.record(false, 100, millis * 1000));
        tally
    }

    fn sample(at_ms: i64, name: &str, value: f64) -> Sample {
        Sample { at_ms, instance: "one".to_owned(), name: name.to_owned(), sum: Sum::of(value) }
    }

    /// A day in which answers took this long, after a day in which they took that long.
    fn two_days(before_ms: u64, since_ms: u64) -> Gathering {
        let mut gathering = Gathering::of(24, NOW_MS, Targets::default());
        for hour in 0..48 {
            let millis = if hour < 24 { before_ms } else { since_ms };
            let at_ms = NOW_MS - (48 - hour) * HOUR_MS;
            gathering.add(at_ms, "", &series("/s/{set}/{file}", "avif"), &tally(50, millis));
            gathering.add(at_ms, "one", &series("/api/keys", ""), &tally(1, 900));
        }
        gathering
    }

    #[test]
    fn figures_are_of_the_hours_that_are_asked_for() {
        let report = two_days(10, 20).report(&[], &BTreeMap::new());
        assert_eq!((report.all.requests, report.visitors.requests, report.instances), (24 * 51, 24 * 50, 1));
        assert_eq!(report.visitors.bytes, 24 * 50 * 100);
        assert!((report.visitors.p95_ms().unwrap() - 20.0).abs() < 1.0);
        assert!((report.visitors.per_second - 24.0 * 50.0 / 86_400.0).abs() < 1e-9);
        assert_eq!(report.series[0].series, series("/s/{set}/{file}", "avif"));
        let slowest: Vec<_> = report.slowest.iter().map(|(route, _)| route.as_str()).collect();
        assert_eq!(slowest, ["/api/keys", "/s/{set}/{file}"]);
    }

    #[test]
    fn the_trend_is_that_of_what_visitors_wait_for() {
        let report = two_days(10, 20).report(&[], &BTreeMap::new());
        assert_eq!(report.trend.verdict, Verdict::Degrading);
        assert_eq!(report.trends, [("/s/{set}/{file}".to_owned(), report.trend)]);
        assert_eq!(two_days(20, 10).report(&[], &BTreeMap::new()).trend.verdict, Verdict::Improving);
        assert_eq!(two_days(20, 20).report(&[], &BTreeMap::new()).trend.verdict, Verdict::Stable);
        let empty = Gathering::of(24, NOW_MS, Targets::default()).report(&[], &BTreeMap::new());
        assert_eq!((empty.trend.verdict, empty.score.points), (Verdict::Unknown, None));
    }

    #[test]
    fn the_score_takes_the_newest_values_and_the_hits_of_all_hours() {
        let samples = [
            sample(NOW_MS - 2 * HOUR_MS, "disk", 0.2),
            sample(NOW_MS - 60_000, "disk", 0.98),
            sample(NOW_MS - 2 * HOUR_MS, "cache memory objects hit", 50.0),
            sample(NOW_MS - 60_000, "cache memory objects miss", 50.0),
        ];
        let report = two_days(10, 10).report(&samples, &BTreeMap::new());
        let points = |name: &str| {
            report.score.parts.iter().find(|part| part.rule.name == name).unwrap().points.unwrap()
        };
        assert!(points("disk").abs() < 1e-6 && points("hit rate").abs() < 1e-6, "{:?}", report.score);
        assert!((points("latency") - 30.0).abs() < 1e-6);
    }
}
