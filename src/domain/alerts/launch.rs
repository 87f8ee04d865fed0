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
}

/// How long before a launch its caches are warmed, and its rules hold.
const BEFORE_MS: i64 = 30 * 60_000;

impl Launch {
    /// Whether rules are tight at a moment, and work rests that can wait: from half an hour before the launch to its end.
    pub const fn is_on(&self, now_ms: i64) -> bool {
        self.from_ms - BEFORE_MS <= now_ms && now_ms < self.until_ms
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
        let launch =
            Launch { name: "sale".to_owned(), from_ms: hour, until_ms: 2 * hour, products: Vec::new() };
        let on = [0, hour / 2, hour, 2 * hour - 1, 2 * hour].map(|now| launch.is_on(now));
        assert_eq!(on, [false, true, true, true, false]);
        assert!(launch.is_over(2 * hour) && !launch.is_over(hour));
    }
}
