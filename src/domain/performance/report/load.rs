//! What the database is asked, and what is left of the machine.

use std::collections::BTreeMap;

use crate::domain::performance::{
    advice::{Advice, advise},
    capacity::{End, Growth},
    series::{HOUR_MS, MINUTE_MS, Sample, Sum},
};

/// Statements that are told.
const STATEMENTS: usize = 15;
/// Points of a line of growth, at most: a point is the mean of what was measured around it.
const POINTS: i64 = 48;
/// How old the newest value may be.
const NEW_MS: i64 = 5 * MINUTE_MS;

/// What can end, by the name of its samples: the limit, and a word for it.
const LIMITS: [(&str, f64); 4] = [("cpu", 1.0), ("memory", 1.0), ("disk", 1.0), ("queue-age-seconds", 600.0)];

/// Takes in samples, and holds what a report needs of them: counters as one sum of all servers and of all time, and what can
/// end as a sum for each period.
#[derive(Debug, Default)]
pub struct Samples(BTreeMap<(String, Option<i64>), (i64, Sum)>);

impl Samples {
    /// Adds a sample.
    pub fn add(&mut self, sample: Sample) {
        let Sample { at_ms, name, sum, .. } = sample;
        let is_gauge = LIMITS.iter().any(|(known, _)| *known == name);
        let (last_ms, all) = self.0.entry((name, is_gauge.then_some(at_ms))).or_default();
        *last_ms = at_ms.max(*last_ms);
        all.merge(sum);
    }

    /// The sums, each at the time of its last sample, as samples of all servers together.
    pub fn sums(self) -> Vec<Sample> {
        let sample = |((name, _), (at_ms, sum))| Sample { at_ms, instance: String::new(), name, sum };
        self.0.into_iter().map(sample).collect()
    }
}

/// How much of something is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Capacity {
    /// `cpu`, `memory`, `disk`: shares from 0 to 1; `queue-age-seconds`.
    pub name: &'static str,
    /// The newest value.
    pub used: f64,
    /// Where it ends.
    pub limit: f64,
    /// How it grows, and when it ends; `None` where too little was measured.
    pub growth: Option<(Growth, End)>,
}

/// The figures of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementFigures {
    /// Its name.
    pub name: String,
    /// How often it was asked.
    pub calls: f64,
    /// How long it took in all, in seconds.
    pub seconds: f64,
    /// How the database runs it, if it was slow.
    pub plan: Option<String>,
    /// What would help.
    pub advice: Vec<Advice>,
}

impl StatementFigures {
    /// How long it takes, in milliseconds.
    pub fn mean_ms(&self) -> f64 {
        1000.0 * self.seconds / self.calls.max(1.0)
    }
}

/// Statements, those that took the most time first, and all that have a plan.
pub(super) fn statements(
    samples: &[&Sample],
    plans: &BTreeMap<String, String>,
    seconds: f64,
) -> Vec<StatementFigures> {
    let mut found: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for Sample { name, sum, .. } in samples {
        match name.split_once(' ') {
            Some(("sql-calls", statement)) => found.entry(statement).or_default().0 += sum.total,
            Some(("sql-seconds", statement)) => found.entry(statement).or_default().1 += sum.total,
            _ => {}
        }
    }
    let mut figures: Vec<StatementFigures> = found
        .into_iter()
        .map(|(name, (calls, took))| {
            let plan = plans.get(name).filter(|plan| !plan.is_empty()).cloned();
            let advice = advise(plan.as_deref().unwrap_or_default(), calls / seconds);
            StatementFigures { name: name.to_owned(), calls, seconds: took, plan, advice }
        })
        .collect();
    figures.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    let mut rank = 0;
    figures.retain(|one| {
        rank += 1;
        rank <= STATEMENTS || one.plan.is_some()
    });
    figures
}

/// The mean of the newest values of all servers.
pub(super) fn latest(samples: &[&Sample], name: &str) -> Option<f64> {
    let of_name = || samples.iter().filter(|sample| sample.name == name);
    let last_ms = of_name().map(|sample| sample.at_ms).max()?;
    mean(of_name().filter(|sample| sample.at_ms > last_ms - NEW_MS))
}

fn mean<'a>(samples: impl Iterator<Item = &'a &'a Sample>) -> Option<f64> {
    let mut sum = Sum::default();
    samples.for_each(|sample| sum.merge(sample.sum));
    sum.mean()
}

/// What is left of what can end.
pub(super) fn capacity(samples: &[&Sample], since_ms: i64, until_ms: i64) -> Vec<Capacity> {
    let step_ms = ((until_ms - since_ms) / POINTS).max(MINUTE_MS);
    let of = |(name, limit): (&'static str, f64)| {
        let used = latest(samples, name)?;
        let mut points: BTreeMap<i64, Sum> = BTreeMap::new();
        for sample in samples.iter().filter(|sample| sample.name == name) {
            points.entry((sample.at_ms - since_ms) / step_ms).or_default().merge(sample.sum);
        }
        let hours = |step: i64| (step * step_ms) as f64 / HOUR_MS as f64;
        let points: Vec<(f64, f64)> =
            points.into_iter().filter_map(|(step, sum)| Some((hours(step), sum.mean()?))).collect();
        let growth = Growth::through(&points).map(|growth| (growth, growth.until(limit)));
        Some(Capacity { name, used, limit, growth })
    };
    LIMITS.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: i64, name: &str, value: f64) -> Sample {
        Sample { at_ms, instance: String::new(), name: name.to_owned(), sum: Sum::of(value) }
    }

    #[test]
    fn counters_are_one_sum_and_what_can_end_has_one_for_each_period() {
        let mut samples = Samples::default();
        for (at_ms, name, value) in
            [(1, "disk", 0.2), (1, "disk", 0.4), (2, "disk", 0.5), (1, "sql-calls a", 2.0)]
        {
            samples.add(sample(at_ms, name, value));
        }
        samples.add(sample(5, "sql-calls a", 3.0));
        let sum = |at_ms, name: &str, total, values| Sample {
            sum: Sum { total, values },
            ..sample(at_ms, name, 0.0)
        };
        let expected = [sum(1, "disk", 0.2 + 0.4, 2), sum(2, "disk", 0.5, 1), sum(5, "sql-calls a", 5.0, 2)];
        assert_eq!(samples.sums(), expected);
    }

    #[test]
    fn a_disk_that_fills_ends_in_time() {
        let day: Vec<Sample> = (0..1440)
            .map(|minute| sample(minute * MINUTE_MS, "disk", 0.5 + 0.2 * minute as f64 / 1440.0))
            .collect();
        let day: Vec<&Sample> = day.iter().collect();
        let capacity = capacity(&day, 0, 1440 * MINUTE_MS);
        let [Capacity { name: "disk", used, growth: Some((growth, end)), .. }] = &capacity[..] else {
            panic!("{capacity:?}")
        };
        assert!((used - 0.7).abs() < 0.01 && (growth.per_hour * 24.0 - 0.2).abs() < 1e-6);
        assert!((end.hours.unwrap() / 24.0 - 1.5).abs() < 0.05, "{end:?}");
    }

    #[test]
    fn statements_that_took_the_most_time_come_first_and_slow_ones_have_their_plans() {
        let mut samples: Vec<Sample> = (0..20)
            .flat_map(|number| {
                let name = |word: &str| format!("{word} jobs.s{number:02}");
                [sample(0, &name("sql-calls"), 10.0), sample(0, &name("sql-seconds"), f64::from(number))]
            })
            .collect();
        samples.push(sample(0, "sql-calls jobs.slow", 1.0));
        samples.push(sample(0, "sql-seconds jobs.slow", 0.5));
        let plans = [("jobs.slow".to_owned(), "SCAN jobs".to_owned())].into();
        let found = statements(&samples.iter().collect::<Vec<_>>(), &plans, 60.0);
        assert_eq!((found.len(), found[0].name.as_str()), (STATEMENTS + 1, "jobs.s19"));
        assert!((found[0].mean_ms() - 1900.0).abs() < 1e-6);
        let slow = found.last().unwrap();
        assert_eq!((slow.name.as_str(), slow.advice.len()), ("jobs.slow", 1));
    }
}
