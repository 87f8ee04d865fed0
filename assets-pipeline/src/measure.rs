//! What became of the frames, measured once everything is encoded: what a report shows.

pub mod curve;
pub mod flicker;

use std::sync::Arc;

use rayon::prelude::*;

use crate::{
    IngestError,
    digest::Digest,
    encode::Encoder,
    pack::bare::{Head, whole_max_bytes},
    pack::renditions::{Rendition, Renditions, Set},
    picture::Picture,
    plan::Plan,
    plan::tiers::{Family, Format, TierKey},
    prepare::Prepared,
    prepare::resize::resized,
    progress::{Progress, Stage},
    settings::Settings,
};

use self::{
    curve::{Curve, FORETOLD_POINTS, SPREAD, measure_curve, spread},
    flicker::{Step, measure_steps},
};

/// A family in one format as it is published, and what was measured of it.
#[derive(Debug, Clone)]
pub struct MeasuredFamily {
    /// Which family.
    pub family: Family,
    /// Which format.
    pub format: Format,
    /// Who encoded.
    pub encoder: Encoder,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// The set that holds the frames.
    pub set: Digest,
    /// The tier of the family that has most frames.
    pub fullest: TierKey,
    /// Every frame of the set in turn order; at least one.
    pub frames: Vec<MeasuredFrame>,
    /// Which of `frames` has the lowest score.
    pub worst: usize,
    /// The pixels that the worst frame was made from, as a lossless WebP file.
    pub worst_source: Vec<u8>,
    /// What its frames have in common and viewers load once.
    pub head: Option<Arc<Head>>,
    /// From each frame of the fullest tier to the next one, and from the last to the first; empty for a
    /// single frame.
    pub steps: Vec<Step>,
    /// What more and fewer bytes would give; `None` for a single frame.
    pub curve: Option<Curve>,
}

/// One published frame.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredFrame {
    /// Where on the turn it is.
    pub position: usize,
    /// The file.
    pub bytes: Arc<[u8]>,
    /// SSIMULACRA2 against the pixels that were encoded.
    pub score: f64,
    /// The tiers that show it, poorest first.
    pub tiers: Vec<TierKey>,
}

impl MeasuredFamily {
    /// The frames that a tier shows, in turn order.
    pub fn of_tier(&self, tier: TierKey) -> impl Iterator<Item = &MeasuredFrame> {
        self.frames.iter().filter(move |frame| frame.tiers.contains(&tier))
    }
}

/// Threads that the pipeline works on.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Measures all of a version, by family and then by format.
pub fn measure(
    prepared: &Prepared,
    renditions: &Renditions,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Vec<MeasuredFamily>, IngestError> {
    let families = Family::ALL
        .into_iter()
        .flat_map(|family| settings.table.formats.iter().map(move |format| (family, *format)));
    let found: Vec<Published<'_>> = families
        .filter_map(|(family, format)| Published::find(prepared, renditions, family, format))
        .collect();
    let spins = found.iter().filter(|published| published.positions.len() > 1);
    let steps = spins.map(|published| published.positions.len() + SPREAD * FORETOLD_POINTS).sum();
    progress.begin(Stage::Measure, steps);
    found.into_par_iter().map(|published| published.measure(progress)).collect()
}

/// A family in one format, found among the renditions.
struct Published<'a> {
    prepared: &'a Prepared,
    family: Family,
    format: Format,
    encoder: Encoder,
    set: &'a Set,
    rendition: &'a Rendition,
    fullest: TierKey,
    max_bytes: u64,
    /// Those of the fullest tier.
    positions: &'a [usize],
}

impl<'a> Published<'a> {
    fn find(
        prepared: &'a Prepared,
        renditions: &'a Renditions,
        family: Family,
        format: Format,
    ) -> Option<Self> {
        let (fullest, tier, rendition) = renditions
            .tiers
            .iter()
            .filter(|(key, _)| key.family() == family)
            .filter_map(|(key, tier)| Some((*key, tier, tier.formats.get(&format)?)))
            .max_by_key(|(_, tier, _)| tier.positions.len())?;
        let set = renditions.sets.iter().find(|set| set.digest == rendition.set)?;
        let (max_bytes, positions) = (tier.max_bytes, tier.positions.as_slice());
        let encoder = *renditions.encoders.get(&format)?;
        Some(Self { prepared, family, format, encoder, set, rendition, fullest, max_bytes, positions })
    }

    fn measure(&self, progress: &dyn Progress) -> Result<MeasuredFamily, IngestError> {
        let frames = frames(&self.prepared.plan, self.family, self.set);
        let by_score = |a: &usize, b: &usize| frames[*a].score.total_cmp(&frames[*b].score);
        let nothing = IngestError::NotPrepared { position: self.prepared.plan.hero };
        let worst = (0..frames.len()).min_by(by_score).ok_or(nothing)?;
        let source = self.source(frames[worst].position)?;
        let worst_source = lossless(&source);
        let turns = self.positions.len() > 1;
        let steps = if turns { self.steps(&frames, progress)? } else { Vec::new() };
        let curve = if turns { Some(self.curve(&frames, progress)?) } else { None };
        Ok(MeasuredFamily {
            family: self.family,
            format: self.format,
            encoder: self.encoder,
            size: self.rendition.size,
            set: self.set.digest,
            fullest: self.fullest,
            head: self.head().cloned(),
            worst,
            worst_source,
            steps,
            curve,
            frames,
        })
    }

    fn steps(&self, frames: &[MeasuredFrame], progress: &dyn Progress) -> Result<Vec<Step>, IngestError> {
        let shown: Vec<&MeasuredFrame> =
            frames.iter().filter(|frame| frame.tiers.contains(&self.fullest)).collect();
        let ground = self.prepared.ground.colour();
        measure_steps(self.format, &shown, ground, &|position| self.source(position), progress)
    }

    fn curve(&self, frames: &[MeasuredFrame], progress: &dyn Progress) -> Result<Curve, IngestError> {
        let positions = spread(self.positions, SPREAD);
        let sources =
            positions.iter().map(|position| self.source(*position)).collect::<Result<Vec<_>, _>>()?;
        let own: Vec<&MeasuredFrame> =
            frames.iter().filter(|frame| frame.tiers.contains(&self.fullest)).collect();
        let count = own.len() as f64;
        let max_bytes = whole_max_bytes(self.max_bytes, own.len(), self.head().map(|head| &**head));
        let budget = max_bytes as f64 / count;
        Ok(Curve {
            points: measure_curve(self.encoder, &sources, budget, progress)?,
            positions,
            working_bytes: own.iter().map(|frame| frame.bytes.len() as f64).sum::<f64>() / count,
            working_score: own.iter().map(|frame| frame.score).sum::<f64>() / count,
            budget,
        })
    }

    fn head(&self) -> Option<&Arc<Head>> {
        self.rendition.bare.as_ref().map(|bare| &bare.head)
    }

    /// The pixels that a frame was made from.
    fn source(&self, position: usize) -> Result<Arc<Picture>, IngestError> {
        let planned = self.prepared.size(self.family, self.format);
        let pixels = self.prepared.frame(position, planned)?;
        // A family that did not fit was made smaller in steps; one step gives nearly the same.
        let same = planned == self.rendition.size;
        Ok(if same { pixels } else { Arc::new(resized(&pixels, self.rendition.size)) })
    }
}

/// A WebP file from which the very pixels come back.
fn lossless(picture: &Picture) -> Vec<u8> {
    let (width, height) = picture.size();
    let Some(alpha) = &picture.alpha else {
        return webp::Encoder::from_rgb(&picture.colour, width, height).encode_lossless().to_vec();
    };
    let pixels = picture.colour.pixels().zip(alpha.pixels());
    let rgba: Vec<u8> = pixels.flat_map(|(colour, alpha)| [colour.0.as_slice(), &alpha.0].concat()).collect();
    webp::Encoder::from_rgba(&rgba, width, height).encode_lossless().to_vec()
}

fn frames(plan: &Plan, family: Family, set: &Set) -> Vec<MeasuredFrame> {
    let frame = |position: usize| {
        let encoded = set.frames.get(&plan.degree(position))?;
        let shows = |positions: &Vec<usize>| positions.binary_search(&position).is_ok();
        let tiers = plan.tiers.iter().filter(|(key, positions)| key.family() == family && shows(positions));
        let tiers = tiers.map(|(key, _)| *key).collect();
        Some(MeasuredFrame { position, bytes: encoded.bytes.clone(), score: encoded.score, tiers })
    };
    plan.family(family).into_iter().filter_map(frame).collect()
}
