//! How long to wait after a failure: jobs, purges, reads of a store and background tasks wait alike.
//!
//! It is a function of the number of failures, because most waits begin in one process and end in another: the database
//! has the attempts and the next time, and there is no future to wrap, as crates for retries have it.

/// A wait that doubles with each failure, up to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure, in milliseconds.
    pub first_ms: i64,
    /// The longest wait, in milliseconds.
    pub most_ms: i64,
}

impl Backoff {
    /// Milliseconds to wait after so many failures in a row.
    pub const fn wait_ms(self, failures: u32) -> i64 {
        let doublings = if failures == 0 { 0 } else { failures - 1 };
        let doublings = if doublings > 30 { 30 } else { doublings };
        let wait = self.first_ms.saturating_mul(1 << doublings);
        if wait < self.most_ms { wait } else { self.most_ms }
    }

    /// The same, a quarter more or less. `chance` is a random byte: what failed together is not tried again together.
    pub fn spread_ms(self, failures: u32, chance: u8) -> i64 {
        let wait = self.wait_ms(failures);
        (wait * 3 / 4 + wait / 2 * i64::from(chance) / 255).min(self.most_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Backoff = Backoff { first_ms: 1_000, most_ms: 3_600_000 };

    #[test]
    fn waits_double_up_to_the_limit() {
        assert_eq!(
            [0, 1, 2, 3, 4].map(|failures| HOUR.wait_ms(failures)),
            [1_000, 1_000, 2_000, 4_000, 8_000]
        );
        assert_eq!(HOUR.wait_ms(u32::MAX), HOUR.most_ms);
    }

    #[test]
    fn a_spread_wait_is_a_quarter_more_or_less() {
        assert_eq!((HOUR.spread_ms(1, 0), HOUR.spread_ms(1, 255)), (750, 1250));
        assert_eq!(HOUR.spread_ms(u32::MAX, 255), HOUR.most_ms);
        assert!(HOUR.spread_ms(0, 0) > 0);
    }
}
