//! One number for how well visitors are served, and the parts that it is made of.

use crate::domain::alerts::Targets;

/// What a part measures, in its own unit, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// The unit of what is measured.
    pub unit: &'static str,
    /// Points of the score that it decides.
    pub weight: f64,
    /// With this value, or a better one, all points are given.
    pub good: f64,
    /// With this value, or a worse one, none are.
    pub bad: f64,
}

/// Every part, in the order in which visitors feel it. What the objectives promise is good; ten times their budget of
/// errors, twice their time and three times their wait are bad. Their bound of time is the critical one: five sixths of it
/// are good.
pub fn rules(targets: &Targets) -> [Rule; 7] {
    let rule = |name, unit, weight, good, bad| Rule { name, unit, weight, good, bad };
    let allowed = 100.0 * (1.0 - targets.manifests.min(targets.frames));
    let (latency, wait) = (f64::from(targets.latency_ms), f64::from(targets.queue_seconds));
    [
        rule("errors", "%", 30.0, tidy(allowed), tidy(10.0 * allowed)),
        rule("latency", "ms", 30.0, tidy(latency * 5.0 / 6.0), 2.0 * latency),
        rule("hit rate", "%", 15.0, tidy(100.0 * targets.hits), 50.0),
        rule("queue age", "s", 10.0, wait / 10.0, 3.0 * wait),
        rule("cpu", "%", 5.0, 70.0, 100.0),
        rule("memory", "%", 5.0, 80.0, 100.0),
        rule("disk", "%", 5.0, 80.0, 98.0),
    ]
}

/// Without the last digits of a product, for people.
fn tidy(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// What the rules are given: each value as its rule names it, or nothing where none was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Requests that failed, in per cent.
    pub errors: Option<f64>,
    /// The P95 of the addresses that visitors wait for, in milliseconds.
    pub latency: Option<f64>,
    /// Answers of manifests and files from memory, in per cent.
    pub hit_rate: Option<f64>,
    /// How long the oldest job waits, in seconds.
    pub queue_age: Option<f64>,
    /// Of the machine's cores, in per cent.
    pub cpu: Option<f64>,
    /// Of the memory that there is, in per cent.
    pub memory: Option<f64>,
    /// Of the disk, in per cent.
    pub disk: Option<f64>,
}

/// A part of the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How it is judged.
    pub rule: Rule,
    /// `None` where nothing was measured: the other parts decide then.
    pub measured: Option<f64>,
    /// Points that it gives, of `rule.weight`.
    pub points: Option<f64>,
}

/// The score.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// 0 to 100; `None` where nothing was measured.
    pub points: Option<f64>,
    /// What it is made of.
    pub parts: Vec<Part>,
}

impl Rule {
    /// The share of the points that a value is given, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        ((self.bad - value) / (self.bad - self.good)).clamp(0.0, 1.0)
    }
}

impl Score {
    /// Judges what was measured by what is promised. Parts that were not measured count for nothing.
    pub fn of(measured: &Measured, targets: &Targets) -> Self {
        let Measured { errors, latency, hit_rate, queue_age, cpu, memory, disk } = *measured;
        let values = [errors, latency, hit_rate, queue_age, cpu, memory, disk];
        let part = |(rule, measured): (Rule, Option<f64>)| {
            let points = measured.map(|value| rule.weight * rule.share(value));
            Part { rule, measured, points }
        };
        let parts: Vec<Part> = rules(targets).into_iter().zip(values).map(part).collect();
        let judged = || parts.iter().filter_map(|part| Some((part.points?, part.rule.weight)));
        let weight: f64 = judged().map(|(_, weight)| weight).sum();
        let points: f64 = judged().map(|(points, _)| points).sum();
        Self { points: (weight > 0.0).then(|| 100.0 * points / weight), parts }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: Measured = Measured {
        errors: Some(0.0),
        latency: Some(4.0),
        hit_rate: Some(99.0),
        queue_age: Some(0.0),
        cpu: Some(20.0),
        memory: Some(50.0),
        disk: Some(30.0),
    };

    fn points(measured: &Measured) -> f64 {
        Score::of(measured, &Targets::default()).points.unwrap()
    }

    #[test]
    fn the_weights_are_a_hundred() {
        let all: f64 = rules(&Targets::default()).iter().map(|rule| rule.weight).sum();
        assert!((all - 100.0).abs() < 1e-9);
    }

    #[test]
    fn all_is_well_or_nothing_is_or_nothing_is_known() {
        assert!((points(&GOOD) - 100.0).abs() < 1e-9);
        let bad = Measured {
            errors: Some(5.0),
            latency: Some(2_000.0),
            hit_rate: Some(10.0),
            queue_age: Some(9_999.0),
            cpu: Some(100.0),
            memory: Some(100.0),
            disk: Some(99.0),
        };
        assert!(points(&bad).abs() < 1e-9);
        assert_eq!(Score::of(&Measured::default(), &Targets::default()).points, None);
    }

    #[test]
    fn a_part_that_was_not_measured_leaves_the_others_to_decide() {
        let only = Measured { errors: Some(0.55), ..Measured::default() };
        assert!((points(&only) - 50.0).abs() < 1e-6);
        let errors = Measured { errors: Some(0.55), ..GOOD };
        assert!((points(&errors) - 85.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_promised_decides_what_is_good() {
        let bounds = |targets: Targets| rules(&targets).map(|rule| (rule.good, rule.bad));
        let [errors, latency, hits, queue, ..] = bounds(Targets::default());
        assert_eq!(
            (errors, latency, hits, queue),
            ((0.1, 1.0), (250.0, 600.0), (95.0, 50.0), (60.0, 1800.0))
        );
        let strict = Targets { latency_ms: 100, frames: 0.98, hits: 0.99, ..Targets::default() };
        let [errors, latency, hits, ..] = bounds(strict);
        assert_eq!((errors, latency, hits), ((2.0, 20.0), (83.3333, 200.0), (99.0, 50.0)));
    }

    proptest! {
        #[test]
        fn worse_never_gives_more(latency in 0.0..2e3_f64, more in 0.0..2e3_f64, hits in 0.0..100.0_f64) {
            let one = Measured { latency: Some(latency), hit_rate: Some(hits), ..GOOD };
            let slower = Measured { latency: Some(latency + more), ..one };
            prop_assert!(points(&slower) <= points(&one) + 1e-9);
            prop_assert!((0.0..=100.0 + 1e-9).contains(&points(&one)));
        }
    }
}
