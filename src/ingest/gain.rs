//! What encoding a turn again with more effort won.

use assets_pipeline::{
    pack::renditions::Renditions,
    plan::tiers::{Format, TierKey},
};

use crate::domain::manifest::Manifest;

/// Above this score a difference between two versions is invisible, and counts as none.
const GOOD_ENOUGH: f64 = 85.0;
/// A loss in one rendition that is put up with where the others gain: less than is visible.
const TOLERATED: f64 = 0.2;

/// The mean quality of a rendition, as it is live and as it could be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Which tier.
    pub tier: TierKey,
    /// Which format.
    pub format: Format,
    /// SSIMULACRA2 of what is live.
    pub before: f64,
    /// SSIMULACRA2 of what was encoded now.
    pub after: f64,
}

impl Gain {
    /// How much better it can be seen to be.
    fn points(&self) -> f64 {
        self.after.min(GOOD_ENOUGH) - self.before.min(GOOD_ENOUGH)
    }
}

/// Compares what was encoded now with what is live, rendition by rendition; both are from the same raw
/// frames. Scores of other sizes say nothing of each other, and are left out.
pub(super) fn gains(live: &Manifest, renditions: &Renditions) -> Vec<Gain> {
    let mut gains = Vec::new();
    for (key, tier) in &renditions.tiers {
        for (format, now) in &tier.formats {
            let then = live.tiers.get(key).and_then(|tier| tier.formats.get(format));
            let Some(then) = then.filter(|then| then.size == <[u32; 2]>::from(now.size)) else { continue };
            let after = (now.quality.mean * 10.0).round() / 10.0;
            gains.push(Gain { tier: *key, format: *format, before: then.quality.mean, after });
        }
    }
    gains
}

/// Whether the new version is worth taking the place of the live one.
pub(super) fn is_better(gains: &[Gain]) -> bool {
    // Where nothing can be compared, the artist asked for other sizes.
    gains.is_empty()
        || gains.iter().map(Gain::points).sum::<f64>() > 0.0
            && gains.iter().all(|gain| gain.points() >= -TOLERATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_no_loss() {
        let gain = |before, after| Gain { tier: TierKey::Still, format: Format::Avif, before, after };
        assert!(is_better(&[gain(60.0, 61.0), gain(90.0, 86.0)]));
        assert!(!is_better(&[gain(60.0, 61.0), gain(90.0, 80.0)]));
    }

    fn check(points: &[f64], want: bool) {
        let gain = |points: &f64| Gain {
            tier: TierKey::Standard,
            format: Format::Avif,
            before: 60.0,
            after: 60.0 + points,
        };
        assert_eq!(is_better(&points.iter().map(gain).collect::<Vec<_>>()), want, "{points:?}");
    }

    #[test]
    fn better_is_more_on_the_whole_and_nowhere_seen_to_be_less() {
        check(&[1.5, 0.0], true);
        check(&[1.5, -0.1], true);
        check(&[1.5, -0.5], false);
        check(&[0.0, 0.0], false);
        check(&[-0.1], false);
        check(&[], true);
    }
}
