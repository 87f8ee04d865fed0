//! What is left of something that grows, and when it ends at its present growth.

use super::statistics::student;

/// Values that a line needs.
const LEAST_VALUES: usize = 6;

/// A straight line through values over time, by least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// What the line has at the last value's time.
    pub now: f64,
    /// How much it grows in an hour.
    pub per_hour: f64,
    /// The interval of that, at 95 %.
    pub interval: [f64; 2],
}

/// When a limit is reached, in hours from now. `None` stands for never.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    /// At the present growth.
    pub hours: Option<f64>,
    /// At the fastest growth that the values allow.
    pub earliest_hours: Option<f64>,
    /// At the slowest.
    pub latest_hours: Option<f64>,
}

impl Growth {
    /// The line through points of hours and values; `None` where there are too few, or all of one time.
    pub fn through(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < LEAST_VALUES {
            return None;
        }
        let count = points.len() as f64;
        let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        if spread <= f64::EPSILON {
            return None;
        }
        let slope = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / spread;
        let at = |x: f64| mean_y + slope * (x - mean_x);
        let freedom = count - 2.0;
        let residual: f64 = points.iter().map(|(x, y)| (y - at(*x)).powi(2)).sum::<f64>() / freedom;
        let margin = student(freedom) * (residual / spread).sqrt();
        let last = points.iter().map(|(x, _)| *x).fold(f64::MIN, f64::max);
        Some(Self { now: at(last), per_hour: slope, interval: [slope - margin, slope + margin] })
    }

    /// When the line reaches a limit above it.
    pub fn until(&self, limit: f64) -> End {
        let left = (limit - self.now).max(0.0);
        let hours = |slope: f64| (slope > 0.0).then(|| left / slope);
        End {
            hours: hours(self.per_hour),
            earliest_hours: hours(self.interval[1]),
            latest_hours: hours(self.interval[0]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two units an hour from 10 on, and noise of this size.
    fn values(noise: f64) -> Vec<(f64, f64)> {
        let noise = |i: u32| noise * (f64::from(i * 37 % 11) / 5.0 - 1.0);
        (0..24).map(|i| (f64::from(i), 10.0 + 2.0 * f64::from(i) + noise(i))).collect()
    }

    #[test]
    fn what_grows_evenly_ends_at_one_time() {
        let growth = Growth::through(&values(0.0)).unwrap();
        assert!((growth.per_hour - 2.0).abs() < 1e-9 && (growth.now - 56.0).abs() < 1e-9);
        let End { hours, earliest_hours, latest_hours } = growth.until(100.0);
        for hours in [hours, earliest_hours, latest_hours] {
            assert!((hours.unwrap() - 22.0).abs() < 1e-6);
        }
        assert_eq!(growth.until(0.0).hours, Some(0.0), "it is over the limit already");
    }

    #[test]
    fn noise_widens_the_interval() {
        let End { hours, earliest_hours, latest_hours } =
            Growth::through(&values(20.0)).unwrap().until(100.0);
        let [earliest, hours, latest] = [earliest_hours, hours, latest_hours].map(Option::unwrap);
        assert!(earliest < hours && hours < latest && latest - earliest > 2.0, "{earliest} {hours} {latest}");
    }

    #[test]
    fn what_does_not_grow_never_ends() {
        let flat: Vec<_> = (0..24).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let end = Growth::through(&flat).unwrap().until(100.0);
        assert_eq!(end.latest_hours, None);
        assert!(end.earliest_hours.unwrap() > 100.0, "{end:?}");
        let falling: Vec<_> = (0..24).map(|i| (f64::from(i), -f64::from(i))).collect();
        assert_eq!(Growth::through(&falling).unwrap().until(1.0).earliest_hours, None);
    }

    #[test]
    fn few_values_or_one_moment_have_no_line() {
        assert_eq!(Growth::through(&values(0.0)[..5]), None);
        assert_eq!(Growth::through(&[(1.0, 2.0); 9]), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_slope(
            ys in prop::collection::vec(-1e3..1e3_f64, 6..40),
        ) {
            let points: Vec<_> = ys.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let growth = Growth::through(&points).unwrap();
            prop_assert!(growth.interval[0] <= growth.per_hour && growth.per_hour <= growth.interval[1]);
        }
    }
}
