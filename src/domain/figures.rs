//! What is known of each frame of a version, for plots.

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
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
