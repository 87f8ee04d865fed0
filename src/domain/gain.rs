//! What encoding a turn again with more effort won.

use assets_pipeline::plan::tiers::{Format, TierKey};
use serde::{Deserialize, Serialize};

/// Above this score a difference between two versions is invisible, and counts as none.
const GOOD_ENOUGH: f64 = 85.0;
/// A loss in one rendition that is put up with where the others gain: less than is visible.
const TOLERATED: f64 = 0.2;

/// The mean quality of a rendition, as it is live and as it could be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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

/// What was won, in points: the mean over the renditions. `None` where nothing was compared.
pub fn mean_points(gains: &[Gain]) -> Option<f64> {
    let points: f64 = gains.iter().map(|gain| gain.after - gain.before).sum();
    (!gains.is_empty()).then(|| points / gains.len() as f64)
}

/// Whether the new version is worth taking the place of the live one, as its artist has asked for it.
pub fn is_better(gains: &[Gain]) -> bool {
    // Where nothing can be compared, the artist asked for other sizes.
    gains.is_empty()
        || gains.iter().map(Gain::points).sum::<f64>() > 0.0
            && gains.iter().all(|gain| gain.points() >= -TOLERATED)
}

/// Whether the new version takes the place of the live one without an artist's word: no rendition may be seen to lose, and
/// every tier gains over its formats, unless nothing can be seen to be better in it.
pub fn is_better_in_every_tier(gains: &[Gain]) -> bool {
    let gains_in = |tier| {
        let of_tier = || gains.iter().filter(move |gain| gain.tier == tier);
        of_tier().map(Gain::points).sum::<f64>() > 0.0 || of_tier().all(|gain| gain.before >= GOOD_ENOUGH)
    };
    let is_any = gains.iter().map(Gain::points).sum::<f64>() > 0.0;
    is_any && gains.iter().all(|gain| gain.points() >= -TOLERATED && gains_in(gain.tier))
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

    #[test]
    fn what_was_won_is_a_mean() {
        let gain = |before, after| Gain { tier: TierKey::Hd, format: Format::Avif, before, after };
        assert_eq!(mean_points(&[gain(60.0, 62.0), gain(90.0, 91.0)]), Some(1.5));
        assert_eq!(mean_points(&[]), None);
    }

    #[test]
    fn better_by_itself_is_better_in_every_tier() {
        use Format::{Avif, Webp};
        use TierKey::{Hd, Standard, Still};
        let gain = |tier, format, before, after| Gain { tier, format, before, after };
        let check = |gains: &[Gain], want| assert_eq!(is_better_in_every_tier(gains), want, "{gains:?}");
        check(&[gain(Standard, Avif, 60.0, 62.0), gain(Hd, Avif, 78.0, 78.5)], true);
        // On the whole it is better, but not in hd.
        check(&[gain(Standard, Avif, 60.0, 62.0), gain(Hd, Avif, 78.0, 78.0)], false);
        check(&[gain(Standard, Avif, 60.0, 62.0), gain(Hd, Avif, 78.0, 77.9)], false);
        // One format of a tier may stay as it is, and none may be seen to lose.
        check(&[gain(Standard, Avif, 60.0, 62.0), gain(Standard, Webp, 55.0, 54.9)], true);
        check(&[gain(Standard, Avif, 60.0, 62.0), gain(Standard, Webp, 55.0, 54.5)], false);
        // Better than can be seen is as good as before.
        check(&[gain(Still, Avif, 91.0, 90.0), gain(Hd, Avif, 78.0, 79.0)], true);
        check(&[gain(Still, Avif, 91.0, 92.0)], false);
        check(&[], false);
    }
}
