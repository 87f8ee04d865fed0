//! What is known of each frame of a version, for plots.

use std::collections::BTreeMap;

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Family, FamilySpec, Format, TierKey},
};
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;

/// The frames of a set. As JSON, it is stored with a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetFigures {
    /// The set.
    pub set: Digest,
    /// Its format.
    pub format: Format,
    /// Tiers that draw on it.
    pub tiers: Vec<TierKey>,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// By degree, ascending.
    pub frames: Vec<FrameFigures>,
}

/// A frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrameFigures {
    /// 0 to 359.
    pub degree: u16,
    /// Its length.
    pub bytes: u32,
    /// SSIMULACRA2 against the resized original; `None` where it is not recorded.
    pub quality: Option<f64>,
}

impl SetFigures {
    /// Whether the mean quality of its frames is below the floor of the family that draws on it. Not where it is unknown.
    pub fn is_poor(&self, families: &BTreeMap<Family, FamilySpec>) -> bool {
        let scores: Vec<f64> = self.frames.iter().filter_map(|frame| frame.quality).collect();
        let floor = self.tiers.first().and_then(|tier| families.get(&tier.family()));
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        floor.is_some_and(|floor| mean < f64::from(floor.min_quality))
    }

    /// What a manifest tells: every set and its frames' lengths.
    pub fn of(manifest: &Manifest) -> Vec<Self> {
        let mut sets: Vec<Self> = Vec::new();
        for (key, tier) in &manifest.tiers {
            for (format, rendition) in &tier.formats {
                let place = sets.iter().position(|set| set.set == rendition.set).unwrap_or_else(|| {
                    let (set, size) = (rendition.set, rendition.size);
                    sets.push(Self { set, format: *format, tiers: Vec::new(), size, frames: Vec::new() });
                    sets.len() - 1
                });
                let set = &mut sets[place];
                set.tiers.push(*key);
                for pack in &rendition.packs {
                    let frames = pack.degrees.iter().zip(&pack.lengths);
                    set.frames.extend(frames.map(|(&degree, &bytes)| FrameFigures {
                        degree,
                        bytes,
                        quality: None,
                    }));
                }
            }
        }
        for set in &mut sets {
            set.frames.sort_by_key(|frame| frame.degree);
            set.frames.dedup_by_key(|frame| frame.degree);
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use assets_pipeline::plan::tiers::TierTable;

    use super::*;

    #[test]
    fn frames_below_the_floor_of_their_family_are_poor() {
        let families = TierTable::default().sizes;
        let floor = f64::from(families[&TierKey::Standard.family()].min_quality);
        let of = |qualities: &[Option<f64>]| {
            let frame = |quality: &Option<f64>| FrameFigures { degree: 0, bytes: 1, quality: *quality };
            let frames = qualities.iter().map(frame).collect();
            let (set, tiers) = (Digest::of(b"set"), vec![TierKey::Standard]);
            SetFigures { set, format: Format::Avif, tiers, size: [1, 1], frames }.is_poor(&families)
        };
        assert!(of(&[Some(floor - 2.0), Some(floor + 1.0), None]));
        assert!(!of(&[Some(floor), Some(floor)]));
        assert!(!of(&[None]) && !of(&[]), "nothing is known of them");
    }
}
