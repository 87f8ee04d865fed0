//! What encoding a turn again with more effort won.

use assets_pipeline::{pack::renditions::Renditions, plan::Plan};

use crate::domain::{gain::Gain, manifest::Manifest};

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

/// Whether the tiers that are live have as many frames as a plan foresees.
pub(super) fn is_of_plan(live: &Manifest, plan: &Plan) -> bool {
    let frames = |tier| plan.tiers.get(tier).map(Vec::len);
    live.tiers.iter().all(|(tier, live)| frames(tier) == Some(live.frames))
}

/// Whether every rendition can be compared: they are the same ones, in the same sizes.
pub(super) fn is_comparable(live: &Manifest, renditions: &Renditions, gains: &[Gain]) -> bool {
    let before: usize = live.tiers.values().map(|tier| tier.formats.len()).sum();
    let now: usize = renditions.tiers.values().map(|tier| tier.formats.len()).sum();
    gains.len() == before && gains.len() == now
}
