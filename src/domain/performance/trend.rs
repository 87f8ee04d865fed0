//! Whether answers become slower: P95s of one period against those of the period before it.
//!
//! The test is that of Mann and Whitney, which asks only how the values of one period lie among those of the other: one
//! slow hour decides nothing. The size of the change is the median of all ratios of a value to one of before (Hodges and
//! Lehmann), with the interval that belongs to the same test.

use super::{
    series::{HOUR_MS, MINUTE_MS},
    statistics::{Z, median, normal_at_most},
};

/// Values of each period that a verdict needs.
const LEAST_VALUES: usize = 5;
/// Requests in a slot whose P95 counts.
pub const LEAST_REQUESTS: u64 = 20;
/// A change by less than this share is none, however sure it is.
const NOTABLE: f64 = 1.1;
/// A change that chance brings about more often than this is none.
const SURE: f64 = 0.05;
/// The longest period with another one of its length before it.
const WITH_BEFORE_HOURS: u32 = 360;

/// Two periods and the slots that each is cut into. Times are in milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Where the first period begins.
    pub before_ms: i64,
    /// Where it ends and the second one begins.
    pub since_ms: i64,
    /// Where the second one ends.
    pub until_ms: i64,
    /// The length of a slot.
    pub slot_ms: i64,
}

impl Periods {
    /// The last hours against as many before them; or, where no more are kept, their second half against the first.
    /// Slots begin at multiples of their length, so the periods begin and end with one.
    pub fn of(hours: u32, now_ms: i64) -> Self {
        let compared = if hours > WITH_BEFORE_HOURS { hours / 2 } else { hours };
        let slot_ms = if hours <= 12 {
            (i64::from(compared) * HOUR_MS / 24 / MINUTE_MS).max(1) * MINUTE_MS
        } else {
            i64::from(compared.div_ceil(48)) * HOUR_MS
        };
        let until_ms = now_ms - now_ms.rem_euclid(slot_ms) + slot_ms;
        let length_ms = (i64::from(compared) * HOUR_MS / slot_ms).max(1) * slot_ms;
        Self { before_ms: until_ms - 2 * length_ms, since_ms: until_ms - length_ms, until_ms, slot_ms }
    }

    /// The slot that a moment lies in, by its number; `None` outside of the periods.
    pub fn slot(&self, at_ms: i64) -> Option<usize> {
        let is_inside = (self.before_ms..self.until_ms).contains(&at_ms);
        is_inside.then(|| ((at_ms - self.before_ms) / self.slot_ms) as usize)
    }

    /// The first slot of the second period.
    pub fn boundary(&self) -> usize {
        ((self.since_ms - self.before_ms) / self.slot_ms) as usize
    }

    /// Slots of both.
    pub fn slots(&self) -> usize {
        ((self.until_ms - self.before_ms) / self.slot_ms) as usize
    }
}

/// Where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Verdict {
    /// Answers are faster than before.
    Improving,
    /// There is no change that is large and sure enough.
    Stable,
    /// Answers are slower than before.
    Degrading,
    /// There are not enough values.
    Unknown,
}

/// How two periods compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The typical ratio of a value to one of before: 1.2 is 20 % more.
    pub ratio: f64,
    /// The interval of the ratio, at 95 %.
    pub interval: [f64; 2],
    /// How often chance alone would bring about such a difference (two-sided).
    pub p: f64,
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The verdict.
    pub verdict: Verdict,
    /// Values of each period, the earlier one first.
    pub values: [usize; 2],
    /// `None` where there are not enough values.
    pub evidence: Option<Evidence>,
}

impl Trend {
    /// Compares values above 0, of which more is worse, with those of before.
    pub fn of(before: &[f64], since: &[f64]) -> Self {
        let values = [before.len(), since.len()];
        if values.iter().any(|count| *count < LEAST_VALUES) {
            return Self { verdict: Verdict::Unknown, values, evidence: None };
        }
        let evidence = compare(before, since);
        let is_sure = evidence.p < SURE;
        let verdict = match evidence.ratio {
            ratio if is_sure && ratio >= NOTABLE => Verdict::Degrading,
            ratio if is_sure && ratio <= NOTABLE.recip() => Verdict::Improving,
            _ => Verdict::Stable,
        };
        Self { verdict, values, evidence: Some(evidence) }
    }
}

fn compare(before: &[f64], since: &[f64]) -> Evidence {
    let mut ratios: Vec<f64> =
        since.iter().flat_map(|later| before.iter().map(move |earlier| later / earlier)).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    let (m, n) = (before.len() as f64, since.len() as f64);
    let pairs = m * n;
    // How many pairs rise; equal values count half.
    let rises: f64 = ratios
        .iter()
        .map(|ratio| {
            if *ratio > 1.0 {
                1.0
            } else if *ratio < 1.0 {
                0.0
            } else {
                0.5
            }
        })
        .sum();
    let spread = (pairs / 12.0 * (m + n + 1.0 - ties(before, since) / ((m + n) * (m + n - 1.0)))).sqrt();
    // The correction for continuity: counts come in whole numbers.
    let distance = ((rises - pairs / 2.0).abs() - 0.5).max(0.0);
    let p = if spread > 0.0 { 2.0 * normal_at_most(-distance / spread) } else { 1.0 };
    let margin = Z * (pairs * (m + n + 1.0) / 12.0).sqrt();
    let low = (pairs / 2.0 - margin - 1.0).floor().max(0.0) as usize;
    let interval = [ratios[low], ratios[ratios.len() - 1 - low]];
    Evidence { ratio: median(&ratios), interval, p: p.min(1.0) }
}

/// The sum of t³ - t over all groups of t equal values.
fn ties(before: &[f64], since: &[f64]) -> f64 {
    let mut all = [before, since].concat();
    all.sort_unstable_by(f64::total_cmp);
    let groups = all.chunk_by(|one, other| one.total_cmp(other).is_eq());
    groups.map(|group| (group.len() as f64).powi(3) - group.len() as f64).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(middle: f64) -> Vec<f64> {
        (0..20).map(|i| middle * (0.9 + 0.01 * f64::from(i * 7 % 20))).collect()
    }

    #[test]
    fn a_large_and_sure_change_is_told() {
        let slower = Trend::of(&around(100.0), &around(130.0));
        assert_eq!(slower.verdict, Verdict::Degrading);
        let Evidence { ratio, interval: [low, high], p } = slower.evidence.unwrap();
        assert!((1.25..1.35).contains(&ratio) && low < ratio && ratio < high && low > 1.1, "{slower:?}");
        assert!(p < 1e-6, "{p}");
        assert_eq!(Trend::of(&around(130.0), &around(100.0)).verdict, Verdict::Improving);
    }

    #[test]
    fn a_sure_change_that_is_small_is_none_and_a_large_one_that_is_chance_too() {
        let small = Trend::of(&around(100.0), &around(107.0));
        assert_eq!(small.verdict, Verdict::Stable);
        assert!(small.evidence.unwrap().p < 0.01, "{small:?}");
        let chance = Trend::of(&[80.0, 90.0, 100.0, 110.0, 200.0], &[75.0, 140.0, 150.0, 95.0, 210.0]);
        assert_eq!(chance.verdict, Verdict::Stable, "{chance:?}");
        let one_slow_hour = [around(100.0), vec![5000.0]].concat();
        assert_eq!(Trend::of(&around(100.0), &one_slow_hour).verdict, Verdict::Stable);
    }

    #[test]
    fn few_or_equal_values_tell_nothing() {
        assert_eq!(Trend::of(&[1.0; 4], &[9.0; 50]).verdict, Verdict::Unknown);
        let equal = Trend::of(&[1.0; 9], &[1.0; 9]);
        assert_eq!((equal.verdict, equal.evidence.unwrap().p), (Verdict::Stable, 1.0));
    }

    #[test]
    fn the_chance_is_that_of_the_tables() {
        // Of 8 and 8 values without ties, U = 13 is at the bound of 5 % (two-sided); here it is 12.
        let before = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 12.0, 15.0];
        let since = [7.0, 8.0, 9.0, 10.0, 11.0, 13.0, 14.0, 16.0];
        let p = Trend::of(&before, &since).evidence.unwrap().p;
        assert!((0.03..0.07).contains(&p), "{p}");
    }

    #[test]
    fn periods_have_whole_slots() {
        for hours in 1..=720 {
            for now_ms in [1_764_274_000_000, 1_764_273_600_000] {
                let periods = Periods::of(hours, now_ms);
                let Periods { before_ms, since_ms, until_ms, slot_ms } = periods;
                assert_eq!((since_ms - before_ms, before_ms % slot_ms), (until_ms - since_ms, 0), "{hours}");
                assert!(now_ms < until_ms && until_ms <= now_ms + slot_ms, "{hours}");
                assert!((1..=60).contains(&periods.boundary()), "{hours}: {}", periods.boundary());
                assert!(hours <= 12 || slot_ms % HOUR_MS == 0, "hours are no shorter any more");
                assert_eq!(periods.slots(), 2 * periods.boundary());
                assert_eq!(periods.slot(before_ms), Some(0));
                assert_eq!(periods.slot(until_ms - 1), Some(periods.slots() - 1));
                assert_eq!((periods.slot(before_ms - 1), periods.slot(until_ms)), (None, None));
            }
        }
    }

    proptest! {
        #[test]
        fn the_opposite_question_has_the_opposite_answer(
            before in prop::collection::vec(1.0..1e4_f64, 5..30),
            since in prop::collection::vec(1.0..1e4_f64, 5..30),
        ) {
            let (there, back) = (Trend::of(&before, &since), Trend::of(&since, &before));
            let (one, other) = (there.evidence.unwrap(), back.evidence.unwrap());
            prop_assert!((one.p - other.p).abs() < 1e-9);
            prop_assert!(one.interval[0] <= one.ratio && one.ratio <= one.interval[1]);
            let opposite = match there.verdict {
                Verdict::Improving => Verdict::Degrading,
                Verdict::Degrading => Verdict::Improving,
                same @ (Verdict::Stable | Verdict::Unknown) => same,
            };
            // The median of an even number of ratios is not that of their reciprocals to the last bit.
            let is_close = [one.ratio, one.ratio.recip()].iter().any(|ratio| (ratio - NOTABLE).abs() < 0.1);
            prop_assert!(is_close || back.verdict == opposite);
        }
    }
}
