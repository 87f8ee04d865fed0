//! What became of a sequence, as one page for a person and one object for a script.
//!
//! [`gather`] runs the whole pipeline and keeps what came of it; pages and figures are pure functions of
//! that. Neither database nor store is touched.

mod charts;
mod clock;
mod comparison;
mod contact_sheet;
mod gather;
mod json;
mod page;
mod plot;
mod tables;
mod wide;
mod words;

use std::collections::BTreeMap;

use assets_pipeline::{
    digest::Digest,
    measure::MeasuredFamily,
    pack::quality::Quality,
    plan::Plan,
    plan::tiers::{Format, TierKey},
    prepare::colour::Rgb,
    prepare::ground::{Bounds, Ground},
    settings::Settings,
};

pub use self::{clock::StageCost, gather::gather, json::figures, page::page};

/// All that is told of a sequence.
#[derive(Debug)]
pub struct Report {
    /// The folder's or the zip's name, without where it lies.
    pub source: String,
    /// When it was made, in UTC, as 2026-03-01 12:00.
    pub made: String,
    /// What the frames were encoded by.
    pub settings: Settings,
    /// Which frames go where.
    pub plan: Plan,
    /// The name of the raw file at each position of the turn.
    pub files: Vec<String>,
    /// Width and height of the raw frames in pixels.
    pub source_size: (u32, u32),
    /// What is kept of them.
    pub crop: Bounds,
    /// What the piece lies on.
    pub ground: Ground,
    /// The piece's dominant colour.
    pub colour: Rgb,
    /// The published frames, by family and then by format.
    pub families: Vec<MeasuredFamily>,
    /// What it took.
    pub costs: Costs,
    /// What the artist may want to know.
    pub remarks: Vec<String>,
}

/// What a run of the pipeline took.
#[derive(Debug)]
pub struct Costs {
    /// Threads that it worked on.
    pub threads: usize,
    /// Frames encoded, those that were thrown away included.
    pub encodes: usize,
    /// The largest resident set of the process before anything was measured, in bytes.
    pub peak_bytes: u64,
    /// Time by stage, in order.
    pub stages: Vec<StageCost>,
}

/// A tier in one format, in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct TierLine {
    /// Which tier.
    pub tier: TierKey,
    /// Which format.
    pub format: Format,
    /// Frames that it shows.
    pub frames: usize,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Bytes of its frames as viewers load them.
    pub bytes: u64,
    /// Bytes of its frames as whole files.
    pub whole_bytes: u64,
    /// Bytes that they may have.
    pub max_bytes: u64,
    /// How good they are, and how even.
    pub quality: Quality,
}

impl Report {
    /// Every tier in every format, poorest tier first.
    pub fn tiers(&self) -> Vec<TierLine> {
        let line = |tier: TierKey, family: &MeasuredFamily| {
            let scores: Vec<f64> = family.of_tier(tier).map(|frame| frame.score).collect();
            let whole_bytes: u64 = family.of_tier(tier).map(|frame| frame.bytes.len() as u64).sum();
            // As the manifest has it: each frame without the head, and the head once.
            let bare_bytes = family.head.as_ref().map_or(u64::MAX, |head| {
                whole_bytes + head.bytes.len() as u64 - (scores.len() * head.spared()) as u64
            });
            TierLine {
                tier,
                format: family.format,
                frames: scores.len(),
                size: family.size,
                bytes: bare_bytes.min(whole_bytes),
                whole_bytes,
                max_bytes: self.settings.table.tiers.get(&tier).map_or(0, |spec| spec.max_bytes),
                quality: Quality::of(&scores),
            }
        };
        let of_tier = |tier: TierKey| {
            let families = self.families.iter().filter(move |family| family.family == tier.family());
            families.map(move |family| line(tier, family))
        };
        TierKey::ALL.into_iter().flat_map(of_tier).filter(|line| line.frames > 0).collect()
    }

    /// Frames published in all formats together.
    pub fn published(&self) -> usize {
        self.families.iter().map(|family| family.frames.len()).sum()
    }

    /// Who encoded, a name for each format.
    pub fn encoders(&self) -> String {
        let names: BTreeMap<Format, String> =
            self.families.iter().map(|family| (family.format, family.encoder.name())).collect();
        names.into_values().collect::<Vec<_>>().join("; ")
    }

    /// Names the settings and the encoders.
    pub fn settings_digest(&self) -> Digest {
        self.settings.digest()
    }
}

#[cfg(test)]
mod samples;
