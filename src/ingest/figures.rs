//! Figures of what ingests make: encodes, and the bytes and quality of renditions.

use std::sync::atomic::Ordering;

use assets_pipeline::encode::family::Tally;
use metrics::{counter, histogram};

use crate::domain::manifest::Manifest;

/// Counts the encodes of an ingest that has ended, well or not.
pub(super) fn encoded(tally: &Tally) {
    for (outcome, encodes) in [("made", &tally.encoded), ("reused", &tally.reused)] {
        let encodes = encodes.load(Ordering::Relaxed) as u64;
        counter!("girasol_encodes_total", "outcome" => outcome).increment(encodes);
    }
}

/// Measures the renditions of a version that was made.
pub(super) fn made(manifest: &Manifest) {
    for (tier, offer) in &manifest.tiers {
        for (format, rendition) in &offer.formats {
            let labels = [("tier", tier.as_str()), ("format", format.as_str())];
            histogram!("girasol_rendition_bytes", &labels).record(rendition.loaded_bytes() as f64);
            for (statistic, score) in [("mean", rendition.quality.mean), ("min", rendition.quality.min)] {
                let [tier, format] = labels;
                let labels = [tier, format, ("statistic", statistic)];
                histogram!("girasol_rendition_quality_score", &labels).record(score);
            }
        }
    }
}
