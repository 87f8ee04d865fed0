//! `[objectives]`

use crate::domain::alerts::Targets;

use super::{
    problem::Problem,
    setting::{Kind, section, whole},
};

/// Bounds of the histogram of answers that a promise may name, in milliseconds: Prometheus counts by them alone.
pub const ANSWER_BOUNDS_MS: [u32; 10] = [10, 25, 50, 100, 250, 300, 500, 1000, 2500, 5000];
/// The same of switches.
pub const SWITCH_BOUNDS_MS: [u32; 9] = [25, 50, 100, 200, 300, 500, 1000, 2500, 5000];

/// A share that has to be good. With less than the least, nothing that fails would spend the budget 14.4 times too fast; at
/// 100 there is no budget.
const PERCENT: Kind = Kind::Number { least: 94.0, most: 99.999 };

section! {
    /// What is promised, over 30 days. The rest of each share is its budget, and alerts say when that is spent too fast.
    /// `girasol monitoring rules` prints the rules for Prometheus with these targets.
    #[derive(Copy)]
    "objectives" ObjectivesConfig {
        /// Percent of manifests that are answered.
        manifests_percent: f64 = 99.9, PERCENT;
        /// Percent of frames, packs and stills that are answered.
        frames_percent: f64 = 99.9, PERCENT;
        /// Percent of both that are answered within `latency_ms`.
        latency_percent: f64 = 95.0, PERCENT;
        /// Milliseconds that an answer may take: 10, 25, 50, 100, 250, 300, 500, 1000, 2500 or 5000.
        latency_ms: u32 = 300, whole(10, 5000);
        /// Percent of views with a switch to another choice whose slowest one takes `switch_ms` at most.
        switch_percent: f64 = 95.0, PERCENT;
        /// Milliseconds that a switch may take: 25, 50, 100, 200, 300, 500, 1000, 2500 or 5000.
        switch_ms: u32 = 300, whole(25, 5000);
        /// Percent of objects and answers that are in memory when they are asked for.
        hits_percent: f64 = 95.0, PERCENT;
        /// Percent of the time in which no job waits for longer than `queue_seconds`.
        queue_percent: f64 = 95.0, PERCENT;
        /// Seconds that a job may wait.
        queue_seconds: u32 = 600, whole(1, 86_400);
    }
}

impl ObjectivesConfig {
    /// In the units of the rules.
    pub fn targets(&self) -> Targets {
        // Not by 100 at once: 99.9 is to be 0.999, to its last digit, in the rules for Prometheus.
        let share = |percent: f64| (percent * 1000.0).round() / 100_000.0;
        Targets {
            manifests: share(self.manifests_percent),
            frames: share(self.frames_percent),
            latency: share(self.latency_percent),
            latency_ms: self.latency_ms,
            switch: share(self.switch_percent),
            switch_ms: self.switch_ms,
            hits: share(self.hits_percent),
            queue: share(self.queue_percent),
            queue_seconds: self.queue_seconds,
        }
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        let is_bound = |key: &str, value: u32, bounds: &[u32]| {
            if bounds.contains(&value) {
                return Ok(());
            }
            let all: Vec<String> = bounds.iter().map(ToString::to_string).collect();
            let rule = format!("must be one of {}: Prometheus counts by these bounds", all.join(", "));
            Err(Problem::of(&format!("objectives.{key}"), &rule))
        };
        is_bound("latency_ms", self.latency_ms, &ANSWER_BOUNDS_MS)?;
        is_bound("switch_ms", self.switch_ms, &SWITCH_BOUNDS_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};

    fn load(name: &str, value: &str) -> Result<ObjectivesConfig, String> {
        let variable = (format!("GIRASOL_OBJECTIVES__{name}"), value.to_owned());
        let loaded = Config::load(&Flags::default(), [variable]);
        loaded.map(|config| config.objectives).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_rules() {
        assert_eq!(ObjectivesConfig::default().targets(), Targets::default());
    }

    #[test]
    fn a_target_leaves_a_budget_and_names_a_bound_that_is_counted() {
        assert!((load("FRAMES_PERCENT", "99.99").unwrap().targets().frames - 0.9999).abs() < 1e-12);
        assert_eq!(load("LATENCY_MS", "100").unwrap().targets().latency_ms, 100);
        for (name, bad, says) in [
            ("FRAMES_PERCENT", "100", "objectives.frames_percent"),
            ("HITS_PERCENT", "80", "from 94 to 99.999"),
            ("LATENCY_MS", "200", "must be one of 10, 25, 50, 100, 250, 300, 500, 1000, 2500, 5000"),
            ("SWITCH_MS", "250", "objectives.switch_ms"),
            ("QUEUE_SECONDS", "0", "objectives.queue_seconds"),
        ] {
            let error = load(name, bad).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
