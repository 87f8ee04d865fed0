//! Distributions of whole numbers: microseconds, bytes, thousandths.
//!
//! Buckets are log-linear: exact up to 31, then 16 in each power of two, so that a quantile is within 1/32 of a value that
//! was recorded. Histograms of servers, minutes and hours are added up without loss. As text, one is its buckets that are
//! not empty: `17:2,40:1`, which every database keeps as it is.

use std::{fmt, str::FromStr};

/// Buckets in a power of two, as a power of two.
const BITS: u32 = 4;
const STEPS: usize = 1 << BITS;
/// Larger values count as this one: 2^40, as microseconds twelve days.
const MOST: u64 = 1 << 40;
/// The bucket of [`MOST`], which is the last.
const LAST: usize = bucket_of(MOST);

/// How often each value came, by buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Up to the last bucket that is not empty.
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.add(bucket_of(value.min(MOST)), 1);
    }

    fn add(&mut self, bucket: usize, count: u64) {
        if count == 0 {
            return;
        }
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(count);
    }

    /// Adds all values of another one.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in other.buckets() {
            self.add(bucket, count);
        }
    }

    /// Values together.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |all, count| all.saturating_add(*count))
    }

    /// Whether no value came.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The value that this share of the values does not exceed, from 0 to 1, by the middle of its bucket (nearest rank);
    /// `None` without values.
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let count = self.count();
        let rank = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0_u64;
        self.buckets().find_map(|(bucket, count)| {
            seen = seen.saturating_add(count);
            (seen >= rank).then(|| middle(bucket))
        })
    }

    /// How many values are at most this one, as far as buckets tell.
    pub fn at_most(&self, value: u64) -> u64 {
        let last = bucket_of(value.min(MOST));
        self.buckets().take_while(|(bucket, _)| *bucket <= last).map(|(_, count)| count).sum()
    }

    fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }
}

const fn bucket_of(value: u64) -> usize {
    if value < 2 * STEPS as u64 {
        return value as usize;
    }
    let shift = value.ilog2() - BITS;
    shift as usize * STEPS + (value >> shift) as usize
}

/// The middle of the values that a bucket stands for.
const fn middle(bucket: usize) -> u64 {
    if bucket < 2 * STEPS {
        return bucket as u64;
    }
    let shift = bucket / STEPS - 1;
    let least = ((bucket % STEPS + STEPS) as u64) << shift;
    least + ((1 << shift) - 1) / 2
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (bucket, count)) in self.buckets().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            write!(f, "{comma}{bucket}:{count}")?;
        }
        Ok(())
    }
}

/// The text is no histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a histogram is written as its buckets and their counts: 17:2,40:1")]
pub struct NoHistogram;

impl FromStr for Histogram {
    type Err = NoHistogram;

    fn from_str(text: &str) -> Result<Self, NoHistogram> {
        let mut read = Self::default();
        for pair in text.split(',').filter(|pair| !pair.is_empty()) {
            let (bucket, count) = pair.split_once(':').ok_or(NoHistogram)?;
            let bucket: usize = bucket.parse().map_err(|_no_number| NoHistogram)?;
            if bucket > LAST {
                return Err(NoHistogram);
            }
            read.add(bucket, count.parse().map_err(|_no_number| NoHistogram)?);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    #[test]
    fn small_values_are_exact_and_nothing_has_no_quantile() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        let histogram = of(&[1, 2, 3, 4, 30]);
        let quantiles = [0.0, 0.2, 0.21, 0.5, 0.8, 0.81, 1.0].map(|share| histogram.quantile(share).unwrap());
        assert_eq!(quantiles, [1, 1, 2, 3, 4, 30, 30]);
        assert_eq!((histogram.at_most(3), histogram.at_most(100)), (3, 5));
    }

    #[test]
    fn values_beyond_the_last_bucket_count_in_it() {
        let histogram = of(&[u64::MAX, MOST]);
        assert_eq!(histogram.to_string(), format!("{LAST}:2"));
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["1", "1:", ":1", "1:x", "-1:1", "1:1;2:2", "999999:1", "18446744073709551616:1"] {
            assert_eq!(bad.parse::<Histogram>(), Err(NoHistogram), "{bad}");
        }
        assert_eq!("".parse(), Ok(Histogram::default()));
    }

    proptest! {
        #[test]
        fn a_quantile_is_near_the_value_of_its_rank(
            mut values in prop::collection::vec(0_u64..1 << 36, 1..200),
            share in 0.0..=1.0,
        ) {
            let found = of(&values).quantile(share).unwrap() as f64;
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1] as f64;
            prop_assert!((found - exact).abs() <= exact / 32.0, "{found} for {exact}");
        }

        #[test]
        fn parts_add_up_to_the_whole_in_any_order(
            parts in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..20), 0..6)
        ) {
            let whole = of(&parts.concat());
            let mut forward = Histogram::default();
            for part in &parts {
                forward.merge(&of(part));
            }
            let mut backward = Histogram::default();
            for part in parts.iter().rev() {
                backward.merge(&of(part));
            }
            prop_assert_eq!(&forward, &whole);
            prop_assert_eq!(&backward, &whole);
            prop_assert_eq!(whole.to_string().parse(), Ok(whole));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in ".*") {
            let _ = text.parse::<Histogram>();
        }
    }
}
