//! Launches: times of a sale that are known beforehand.

use crate::domain::names::ProductId;

/// A sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its name.
    pub name: String,
    /// From when on, in milliseconds since 1970-01-01 UTC.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// What is sold; empty: everything.
    pub products: Vec<ProductId>,
    /// Addresses of caches in front, which are warmed too.
    pub edges: Vec<String>,
}

/// How long before a launch its rules hold, and its caches are warmed.
pub const BEFORE_MS: i64 = 30 * 60_000;
/// How long before a launch its caches are warmed, each time: while there is time still, and just before.
const PREPARE_MS: [i64; 2] = [BEFORE_MS, 5 * 60_000];

impl Launch {
    /// Whether rules are tight at a moment, and work rests that can wait: from half an hour before the launch to its end.
    pub const fn is_on(&self, now_ms: i64) -> bool {
        self.from_ms - BEFORE_MS <= now_ms && now_ms < self.until_ms
    }

    /// Until when work rests at a moment that can wait.
    pub fn rests_until_ms(&self, now_ms: i64) -> Option<i64> {
        self.is_on(now_ms).then_some(self.until_ms)
    }

    /// Whether it is prepared in a time: twice before it begins.
    pub fn is_prepared_between(&self, after_ms: i64, until_ms: i64) -> bool {
        let moments = PREPARE_MS.map(|before_ms| self.from_ms - before_ms);
        moments.into_iter().any(|at_ms| after_ms < at_ms && at_ms <= until_ms)
    }

    /// Whether it is over.
    pub const fn is_over(&self, now_ms: i64) -> bool {
        self.until_ms <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_begins_half_an_hour_early_and_ends_in_time() {
        let hour = 3_600_000;
        let launch = Launch {
            name: "sale".to_owned(),
            from_ms: hour,
            until_ms: 2 * hour,
            products: vec![],
            edges: vec![],
        };
        let on = [0, hour / 2, hour, 2 * hour - 1, 2 * hour].map(|now| launch.is_on(now));
        assert_eq!(on, [false, true, true, true, false]);
        assert!(launch.is_over(2 * hour) && !launch.is_over(hour));
        let minutes = [29, 30, 54, 55, 56].map(|minute| minute * 60_000);
        let prepared = minutes.map(|now| launch.is_prepared_between(now - 60_000, now));
        assert_eq!(prepared, [false, true, false, true, false]);
    }
}
