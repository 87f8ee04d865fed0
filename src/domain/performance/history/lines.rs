//! The lines of each plot, in the unit of the plot.

use std::collections::BTreeMap;

use crate::domain::histogram::Histogram;

use super::{History, RUNS, Steps, Sum, Tally, UserTally, is_of_visitors};

/// Lines of a plot, at most; what comes beyond is one line together, or left out.
const MOST_LINES: usize = 8;
/// The line of what comes beyond.
const OTHERS: &str = "others";
const MILLIS: f64 = 1_000.0;

/// What the service can draw of what it keeps itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Figure {
    /// Requests in a second, by address.
    Requests,
    /// P50, P95 and P99 of manifests and frames, in milliseconds.
    Latency,
    /// P95 of what visitors wait for, by address, in seconds.
    LatencyByAddress,
    /// The share of manifests and frames that failed, in per cent.
    Errors,
    /// Delivery classes that were selected in a second.
    Classes,
    /// Bytes of answers in a second.
    Sent,
    /// Hits of each level of the cache, in per cent.
    HitRates,
    /// Answers that were in memory, of what visitors wait for, by address, in per cent.
    HitRatesByAddress,
    /// Values that made room for others in a second, by level and kind.
    Evictions,
    /// Jobs that wait, and jobs that run.
    Queue,
    /// How long the job has waited that was due first, in seconds.
    QueueAge,
    /// Encodes in a second, made or reused.
    Encodes,
    /// CPU time of all processes; 100 per cent is one core.
    Cpu,
    /// Memory of the machines that is used, on average, in per cent.
    Memory,
    /// What is free of the disks, on average, in per cent.
    DiskFree,
    /// Processes by the program that they run.
    Programs,
    /// Views in a second.
    Views,
    /// Until browsers painted the first frame, in seconds.
    FirstFrame,
    /// Until a whole turn was there, in seconds.
    WholeTurn,
    /// From a choice to its paint, in seconds.
    Switches,
    /// The share of the frames of turning pieces that were at the wanted angle, in per cent.
    Wanted,
}

/// A line: a value for each step, or none where nothing was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotLine {
    /// Its name.
    pub name: String,
    /// By steps.
    pub values: Vec<Option<f64>>,
}

impl PlotLine {
    fn new(name: impl Into<String>, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self { name: name.into(), values: values.into_iter().collect() }
    }

    fn total(&self) -> f64 {
        self.values.iter().flatten().sum()
    }
}

impl History {
    /// The lines of a figure, and their steps. Lines without any value are left out.
    pub fn lines(&self, figure: Figure) -> (Steps, Vec<PlotLine>) {
        let mut lines = self.of_figure(figure);
        lines.retain(|line| line.values.iter().any(Option::is_some));
        let steps = match figure {
            Figure::Views | Figure::FirstFrame | Figure::WholeTurn | Figure::Switches | Figure::Wanted => {
                self.hours
            }
            _ => self.steps,
        };
        (steps, lines)
    }

    fn of_figure(&self, figure: Figure) -> Vec<PlotLine> {
        match figure {
            Figure::Requests => most(self.routes.iter().map(|(route, tallies)| {
                let rate = |(step, tally): (usize, &Tally)| self.rate(step, tally.requests as f64);
                PlotLine::new(route, tallies.iter().enumerate().map(rate))
            })),
            Figure::Latency => [("P50", 0.5), ("P95", 0.95), ("P99", 0.99)]
                .into_iter()
                .map(|(name, share)| {
                    PlotLine::new(name, self.answers.iter().map(|tally| tally.quantile_ms(share)))
                })
                .collect(),
            Figure::LatencyByAddress => {
                self.by_address(|tally| tally.quantile_ms(0.95).map(|millis| millis / MILLIS))
            }
            Figure::Errors => {
                let share = |tally: &Tally| tally.error_rate().map(|rate| 100.0 * rate);
                vec![PlotLine::new("errors", self.answers.iter().map(share))]
            }
            Figure::Classes => most(self.rates("classes")),
            Figure::Sent => {
                let rate = |(step, bytes): (usize, &u64)| self.rate(step, *bytes as f64);
                vec![PlotLine::new("answers", self.sent.iter().enumerate().map(rate))]
            }
            Figure::HitRates => self.hit_rates(),
            Figure::HitRatesByAddress => self.by_address(|tally| tally.hit_rate().map(|rate| 100.0 * rate)),
            Figure::Evictions => most(self.rates("evictions")),
            Figure::Queue => [("queued", "queue-waiting"), ("running", "queue-running")]
                .into_iter()
                .map(|(name, sample)| self.means(name, sample, |value| value))
                .collect(),
            Figure::QueueAge => vec![self.means("age", "queue-age-seconds", |value| value)],
            Figure::Encodes => self.rates("encodes").collect(),
            Figure::Cpu => {
                let percent = |(step, sum): (usize, &Sum)| self.rate(step, 100.0 * sum.total);
                let sums = self.samples.get("cpu-seconds").into_iter();
                sums.map(|sums| PlotLine::new("all processes", sums.iter().enumerate().map(percent)))
                    .collect()
            }
            Figure::Memory => vec![self.means("servers, on average", "memory", |share| 100.0 * share)],
            Figure::DiskFree => {
                vec![self.means("servers, on average", "disk", |share| 100.0 - 100.0 * share)]
            }
            Figure::Programs => self
                .named(RUNS)
                .map(|(program, sums)| {
                    // A process says once a minute what it runs.
                    let running = |(step, sum): (usize, &Sum)| {
                        (sum.values > 0).then(|| sum.total * 60.0 / self.steps.seconds(step))
                    };
                    PlotLine::new(program, sums.iter().enumerate().map(running))
                })
                .collect(),
            Figure::Views => {
                let rate = |(hour, tally): (usize, &UserTally)| {
                    (tally.views > 0).then(|| tally.views as f64 / self.hours.seconds(hour))
                };
                vec![PlotLine::new("views", self.views.iter().enumerate().map(rate))]
            }
            Figure::FirstFrame => self.of_views(|tally| &tally.frame),
            Figure::WholeTurn => self.of_views(|tally| &tally.full),
            Figure::Switches => self.of_views(|tally| &tally.switch),
            Figure::Wanted => {
                let share = |tally: &UserTally| tally.wanted_share().map(|share| 100.0 * share);
                vec![PlotLine::new("at the wanted angle", self.views.iter().map(share))]
            }
        }
    }

    /// What there was in a second; nothing where no server measured.
    fn rate(&self, step: usize, amount: f64) -> Option<f64> {
        self.alive[step].then(|| amount / self.steps.seconds(step))
    }

    /// Samples whose name begins with a word, by the rest of the name.
    fn named(&self, word: &str) -> impl Iterator<Item = (&str, &[Sum])> {
        self.samples.iter().filter_map(move |(name, sums)| {
            let (first, rest) = name.split_once(' ')?;
            (first == word).then_some((rest, sums.as_slice()))
        })
    }

    fn rates(&self, word: &str) -> impl Iterator<Item = PlotLine> {
        self.named(word).map(|(name, sums)| {
            let rate = |(step, sum): (usize, &Sum)| self.rate(step, sum.total);
            PlotLine::new(name, sums.iter().enumerate().map(rate))
        })
    }

    fn means(&self, name: &str, sample: &str, shown: fn(f64) -> f64) -> PlotLine {
        let sums = self.samples.get(sample).map(Vec::as_slice).unwrap_or_default();
        PlotLine::new(name, sums.iter().map(|sum| sum.mean().map(shown)))
    }

    /// A value of the addresses that visitors wait for most.
    fn by_address(&self, value: impl Fn(&Tally) -> Option<f64>) -> Vec<PlotLine> {
        let mut routes: Vec<_> = self.routes.iter().filter(|(route, _)| is_of_visitors(route)).collect();
        let requests = |tallies: &[Tally]| tallies.iter().map(|tally| tally.requests).sum::<u64>();
        routes.sort_by_key(|(_, tallies)| std::cmp::Reverse(requests(tallies)));
        routes.truncate(MOST_LINES);
        routes.into_iter().map(|(route, tallies)| PlotLine::new(route, tallies.iter().map(&value))).collect()
    }

    fn hit_rates(&self) -> Vec<PlotLine> {
        let count = self.steps.count();
        let mut levels: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
        for (name, sums) in self.named("cache") {
            let mut words = name.split(' ');
            let (Some(level), _, Some(outcome)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let of_level = levels.entry(level).or_insert_with(|| vec![(0.0, 0.0); count]);
            for ((hits, all), sum) in of_level.iter_mut().zip(sums) {
                *hits += if outcome == "hit" { sum.total } else { 0.0 };
                *all += sum.total;
            }
        }
        let share = |(hits, all): (f64, f64)| (all > 0.0).then(|| 100.0 * hits / all);
        levels
            .into_iter()
            .map(|(level, of_level)| PlotLine::new(level, of_level.into_iter().map(share)))
            .collect()
    }

    fn of_views(&self, histogram: fn(&UserTally) -> &Histogram) -> Vec<PlotLine> {
        let line = |(name, share): (&str, f64)| {
            let quantile =
                |tally: &UserTally| histogram(tally).quantile(share).map(|millis| millis as f64 / MILLIS);
            PlotLine::new(name, self.views.iter().map(quantile))
        };
        [("P50", 0.5), ("P75", 0.75), ("P95", 0.95)].into_iter().map(line).collect()
    }
}

/// The lines with the most of it, and all others as one.
fn most(lines: impl Iterator<Item = PlotLine>) -> Vec<PlotLine> {
    let mut lines: Vec<_> = lines.collect();
    lines.sort_by(|one, other| other.total().total_cmp(&one.total()));
    if lines.len() > MOST_LINES {
        let mut others = PlotLine::new(OTHERS, vec![None; lines[0].values.len()]);
        for line in lines.drain(MOST_LINES - 1..) {
            for (sum, value) in others.values.iter_mut().zip(line.values) {
                *sum = sum.map_or(value, |sum| Some(sum + value.unwrap_or_default()));
            }
        }
        lines.push(others);
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::domain::performance::series::{FromMemory, MINUTE_MS, Sample, Series};

    use super::*;

    const NOW_MS: i64 = 1_764_273_600_000;
    /// In the first step of the last hour.
    const AT_MS: i64 = NOW_MS - 61 * MINUTE_MS;

    fn requests(history: &mut History, minute: i64, route: &str, millis: &[u64]) {
        let mut tally = Tally::default();
        for millis in millis {
            tally.record(*millis > 900, 600, millis * 1000);
            tally.note_memory(if *millis > 900 { FromMemory::Miss } else { FromMemory::Hit });
        }
        let series = Series { route: route.to_owned(), class: String::new() };
        history.add_requests(AT_MS + minute * MINUTE_MS, &series, &tally);
    }

    fn sample(history: &mut History, minute: i64, name: &str, value: f64) {
        let at_ms = AT_MS + minute * MINUTE_MS;
        history.add_sample(&Sample {
            at_ms,
            instance: "a".to_owned(),
            name: name.to_owned(),
            sum: Sum::of(value),
        });
    }

    fn line<'a>(lines: &'a [PlotLine], name: &str) -> &'a [Option<f64>] {
        let found = lines.iter().find(|line| line.name == name);
        &found.unwrap_or_else(|| panic!("{name}: {lines:?}")).values[..3]
    }

    #[test]
    fn an_installation_that_measured_nothing_has_no_lines() {
        let history = History::of(24, NOW_MS);
        for figure in <Figure as strum::VariantArray>::VARIANTS {
            assert_eq!(history.lines(*figure).1, [], "{figure:?}");
        }
    }

    #[test]
    fn requests_are_rates_and_times_by_their_steps() {
        let mut history = History::of(1, NOW_MS);
        requests(&mut history, 0, "/s/{set}/{file}", &[10; 60]);
        requests(&mut history, 1, "/s/{set}/{file}", &[950, 950]);
        requests(&mut history, 1, "/api/keys", &[2000]);
        sample(&mut history, 2, "cpu", 0.5);
        let lines = |figure| history.lines(figure).1;
        assert_eq!(
            line(&lines(Figure::Requests), "/s/{set}/{file}"),
            [Some(1.0), Some(2.0 / 60.0), Some(0.0)]
        );
        assert_eq!(line(&lines(Figure::Requests), "/api/keys"), [Some(0.0), Some(1.0 / 60.0), Some(0.0)]);
        let p95 = lines(Figure::Latency);
        let [Some(fast), Some(slow), None] = line(&p95, "P95") else { panic!("{p95:?}") };
        assert!((fast - 10.0).abs() < 0.4 && (slow - 950.0).abs() < 30.0, "{fast} {slow}");
        // Operators are no visitors.
        assert_eq!(line(&lines(Figure::Errors), "errors"), [Some(0.0), Some(100.0), None]);
        assert_eq!(lines(Figure::LatencyByAddress).len(), 1);
        let hits = lines(Figure::HitRatesByAddress);
        assert_eq!(line(&hits, "/s/{set}/{file}"), [Some(100.0), Some(0.0), None]);
        assert_eq!(hits.len(), 1);
        assert_eq!(line(&lines(Figure::Sent), "answers"), [Some(600.0), Some(30.0), Some(0.0)]);
        assert_eq!(history.lines(Figure::Requests).1[0].values[3], None);
    }

    #[test]
    fn samples_are_rates_shares_or_means() {
        let mut history = History::of(1, NOW_MS);
        for (name, value) in [
            ("cache memory objects hit", 30.0),
            ("cache memory answers hit", 15.0),
            ("cache memory objects miss", 5.0),
            ("cache store objects hit", 5.0),
            ("classes standard avif", 120.0),
            ("encodes made", 6.0),
            ("cpu-seconds", 90.0),
            ("disk", 0.25),
            ("queue-waiting", 4.0),
            ("runs 1.0.0 (a)", 1.0),
        ] {
            sample(&mut history, 0, name, value);
        }
        sample(&mut history, 0, "queue-waiting", 2.0);
        sample(&mut history, 0, "runs 1.0.0 (a)", 1.0);
        let first = |figure, name| line(&history.lines(figure).1, name)[0].unwrap();
        let expected = [
            (Figure::HitRates, "memory", 90.0),
            (Figure::HitRates, "store", 100.0),
            (Figure::Classes, "standard avif", 2.0),
            (Figure::Encodes, "made", 0.1),
            (Figure::Cpu, "all processes", 150.0),
            (Figure::DiskFree, "servers, on average", 75.0),
            (Figure::Queue, "queued", 3.0),
            (Figure::Programs, "1.0.0 (a)", 2.0),
        ];
        for (figure, name, value) in expected {
            assert!((first(figure, name) - value).abs() < 1e-9, "{figure:?} {name}: {}", first(figure, name));
        }
    }

    #[test]
    fn views_are_by_the_hour() {
        let mut history = History::of(1, NOW_MS);
        let mut tally = UserTally { views: 7200, turned: 10, wanted: 9, ..UserTally::default() };
        tally.frame.record(30);
        history.add_views(NOW_MS - 2 * super::super::HOUR_MS, &tally);
        let value = |figure| {
            let (steps, lines) = history.lines(figure);
            assert_eq!(steps, history.hours);
            lines[0].values.iter().copied().find(Option::is_some).unwrap()
        };
        let values = [Figure::Views, Figure::FirstFrame, Figure::Wanted].map(value);
        assert_eq!(values, [Some(2.0), Some(0.03), Some(90.0)]);
    }

    #[test]
    fn lines_beyond_the_most_are_one() {
        let mut history = History::of(1, NOW_MS);
        for route in 0..12 {
            requests(&mut history, 0, &format!("/s/{route}"), &vec![1; 60 * (route + 1)]);
        }
        let (_, lines) = history.lines(Figure::Requests);
        assert_eq!((lines.len(), lines[0].name.as_str(), lines[7].name.as_str()), (8, "/s/11", OTHERS));
        assert_eq!(line(&lines, OTHERS), [Some(15.0), None, None]);
        assert_eq!(history.lines(Figure::LatencyByAddress).1.len(), MOST_LINES);
    }
}
