//! Which requests are recorded.

use std::{cell::Cell, fmt, num::NonZeroU32};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::domain::trace::TraceContext;

thread_local! {
    /// Requests of this thread that are left out before the next one is taken, once that is drawn.
    static LEFT_OUT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Takes a share of requests, and those that a trusted proxy has taken already; never more of both than so many a second.
pub struct Sampler {
    ratio: f64,
    bound: DefaultDirectRateLimiter,
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampler").field("ratio", &self.ratio).finish_non_exhaustive()
    }
}

impl Sampler {
    /// `ratio` is from 0 to 1.
    pub fn new(ratio: f64, most_per_second: NonZeroU32) -> Self {
        Self { ratio, bound: RateLimiter::direct(Quota::per_second(most_per_second)) }
    }

    /// Whether a request is recorded. `proxied` is what a trusted proxy says of it: it decides, for one trace would have holes
    /// otherwise. What other clients say decides nothing, so that none of them can have all of its requests recorded.
    pub fn takes(&self, proxied: Option<TraceContext>) -> bool {
        let wants = proxied.map_or_else(|| by_chance(self.ratio), |context| context.is_sampled);
        wants && self.bound.check().is_ok()
    }
}

/// True for a share of all calls. Chance is asked once for each that it is true for: how many are left out before the next one
/// has a geometric distribution.
fn by_chance(ratio: f64) -> bool {
    if ratio <= 0.0 || ratio >= 1.0 {
        return ratio >= 1.0;
    }
    LEFT_OUT.with(|left_out| match left_out.get().unwrap_or_else(|| draw(ratio)) {
        0 => {
            left_out.set(None);
            true
        }
        left => {
            left_out.set(Some(left - 1));
            false
        }
    })
}

fn draw(ratio: f64) -> u64 {
    let chance = (f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) + 1.0) / (f64::from(u32::MAX) + 1.0);
    (chance.ln() / (-ratio).ln_1p()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: NonZeroU32 = NonZeroU32::MAX;

    const fn context(is_sampled: bool) -> TraceContext {
        TraceContext { trace: 1, span: 1, is_sampled }
    }

    #[test]
    fn a_share_of_requests_is_taken() {
        let taken = |ratio: f64| {
            let sampler = Sampler::new(ratio, ENDLESS);
            (0..100_000).filter(|_| sampler.takes(None)).count()
        };
        assert_eq!(taken(0.0), 0);
        assert_eq!(taken(1.0), 100_000);
        // Seven standard deviations.
        for (ratio, few, many) in [(0.01, 780, 1220), (0.5, 48_900, 51_100)] {
            let taken = taken(ratio);
            assert!((few..=many).contains(&taken), "{taken} at {ratio}");
        }
    }

    #[test]
    fn a_trusted_proxy_decides() {
        assert!(Sampler::new(0.0, ENDLESS).takes(Some(context(true))));
        assert!(!Sampler::new(1.0, ENDLESS).takes(Some(context(false))));
    }

    #[test]
    fn no_more_than_so_many_are_taken_in_a_moment() {
        let sampler = Sampler::new(1.0, NonZeroU32::new(5).unwrap());
        let taken = (0..1000).filter(|turn| sampler.takes((turn % 2 == 0).then_some(context(true)))).count();
        assert!((5..20).contains(&taken), "{taken}");
    }
}
