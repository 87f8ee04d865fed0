//! The loupe: frames that lie exactly over those of hd, at the raw frames' own size. They are for a look at one of them, so
//! that they have a quality to reach and no ceiling of bytes.
//!
//! A frame is decoded, encoded in every format and let go before its thread takes the next one: a turn of such pictures would
//! not fit into memory.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Instant};

use rayon::prelude::*;

use crate::{
    IngestError,
    encode::{
        Effort, Encoder,
        cache::EncodeCache,
        decode,
        family::{EncodedFrame, Tally},
        score::score,
        solve::{Encoded, Level, Levels, spread},
    },
    gate::WORKING,
    pack::{SetList, renditions::Set},
    picture::Picture,
    plan::tiers::Format,
    prepare::{
        flattened,
        ground::{Bounds, Ground, edge},
        resize::{CutOut, fitted},
    },
    progress::{Progress, Stage},
    read::{decode::decode as decode_raw, limits::Limits, source::Source, survey::Survey},
    settings::Settings,
};

/// Pixels on the longer side, at the most.
pub const MAX_PX: u32 = 2_400;
/// What every frame reaches at the least, in SSIMULACRA2.
pub const MIN_SCORE: f64 = 85.0;
/// More than this above the least is looked for at a lower level.
const CLOSE: f64 = 1.0;
/// Encodes of a frame, at the most, once one of them is good enough.
const TRIES: usize = 4;
/// Frames that tell how the others are encoded.
const PROBE: usize = 3;
/// How many times as many pixels as hd it has on a side to be worth its bytes.
const LEAST_GAIN: f64 = 1.15;

/// What a loupe lies over.
#[derive(Debug, Clone, PartialEq)]
pub struct Under {
    /// What is kept of the raw frames.
    pub crop: Bounds,
    /// What the piece lies on.
    pub ground: Ground,
    /// Positions on the turn, and the whole degree of each.
    pub degrees: BTreeMap<usize, u16>,
    /// Pixels that its frames have on the longer side.
    pub px: u32,
}

impl Under {
    /// Width and height of the loupe's frames in pixels; `None` where they would show hardly more.
    pub fn size(&self) -> Option<(u32, u32)> {
        let size = fitted(self.crop, MAX_PX);
        let gain = f64::from(size.0.max(size.1)) / f64::from(self.px.max(1));
        (gain >= LEAST_GAIN).then_some(size)
    }
}

/// The frames of a loupe.
#[derive(Debug, Clone)]
pub struct Loupe {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// One for each format in which every frame is good enough; at least one.
    pub sets: Vec<Set>,
}

/// What making a loupe needs besides raw frames.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// How the turn was prepared, and the formats.
    pub settings: &'a Settings,
    /// What is read at the most.
    pub limits: &'a Limits,
    /// Encodes of an interrupted attempt.
    pub cache: &'a dyn EncodeCache,
    /// Counted as it goes.
    pub tally: &'a Tally,
    /// Told of each encode.
    pub progress: &'a dyn Progress,
}

/// Makes the loupe over frames of a turn. `None` where the raw frames show hardly more than what it lies over, or no format is
/// good enough at any level.
///
/// # Errors
///
/// [`IngestError`] where a raw frame cannot be read, an encoder fails, or the caller stops it.
pub fn make(
    source: &Source,
    survey: &Survey,
    under: &Under,
    workshop: Workshop<'_>,
) -> Result<Option<Loupe>, IngestError> {
    let Some(size) = under.size() else { return Ok(None) };
    let frames = Frames { source, survey, under, size, workshop };
    let positions: Vec<usize> = under.degrees.keys().copied().collect();
    let probes = spread(&positions, PROBE);
    let formats = &workshop.settings.table.formats;
    workshop.progress.begin(Stage::EncodeRest, (positions.len() + probes.len()) * formats.len());
    let plans: Vec<Plan> = frames.plan(&probes)?;
    // By format, as far as every frame of it is good enough.
    let made: Vec<(u16, Vec<Option<EncodedFrame>>)> = under
        .degrees
        .par_iter()
        .map(|(position, degree)| {
            let picture = frames.picture(*position)?;
            let of_format = |plan: &Plan| frames.encode(&picture, plan.encoder, plan.level);
            let encoded = plans.iter().map(of_format).collect::<Result<Vec<_>, IngestError>>()?;
            Ok((*degree, encoded.into_iter().map(|found| found.map(|(_, frame)| frame)).collect()))
        })
        .collect::<Result<_, IngestError>>()?;
    let sets: Vec<Set> =
        plans.iter().enumerate().filter_map(|(nth, plan)| set(plan.encoder.format, &made, nth)).collect();
    Ok((!sets.is_empty()).then_some(Loupe { size, sets }))
}

/// The set of a format; `None` where a frame is not good enough.
fn set(format: Format, made: &[(u16, Vec<Option<EncodedFrame>>)], nth: usize) -> Option<Set> {
    let frames: Option<BTreeMap<u16, EncodedFrame>> =
        made.iter().map(|(degree, encoded)| Some((*degree, encoded[nth].clone()?))).collect();
    let frames = frames?;
    let digests = frames.iter().map(|(degree, frame)| (*degree, frame.digest)).collect();
    let list = SetList::new(format, &digests);
    Some(Set { digest: list.digest(), list, format, frames })
}

/// How a format is encoded.
#[derive(Debug, Clone, Copy)]
struct Plan {
    encoder: Encoder,
    /// Where the search begins.
    level: Level,
}

/// Raw frames on their way to being encoded.
struct Frames<'a> {
    source: &'a Source,
    survey: &'a Survey,
    under: &'a Under,
    size: (u32, u32),
    workshop: Workshop<'a>,
}

impl Frames<'_> {
    /// A raw frame as the frames of the tiers are made, at the loupe's size.
    fn picture(&self, position: usize) -> Result<Picture, IngestError> {
        let Self { source, survey, under, size, workshop } = self;
        let Workshop { settings, limits, progress, .. } = workshop;
        if progress.is_stopped() {
            return Err(IngestError::Stopped);
        }
        let frame = &survey.frames[settings.raw_frame(position, survey.frames.len())];
        let cut_out_bytes = CutOut::bytes(frame.header.size(), MAX_PX, settings.denoise);
        let _room = WORKING.enter(frame.header.decode_bytes().max(cut_out_bytes));
        let bytes = source.read(frame.entry)?;
        let image = decode_raw(&frame.name, &bytes, limits)?.image;
        let edge = edge(&image);
        let image = flattened(image, edge, under.ground);
        Ok(CutOut::new(image, under.crop, under.ground, settings.denoise).resized(*size))
    }

    /// How the formats are encoded, told from a few frames: with the material that takes the fewest bytes for the quality,
    /// beginning at the level that most of them need.
    fn plan(&self, probes: &[usize]) -> Result<Vec<Plan>, IngestError> {
        let settings = self.workshop.settings;
        let encoder = |format: &Format| Encoder { effort: Effort::Default, ..settings.encoder(*format) };
        let encoders: Vec<Encoder> = settings.table.formats.iter().map(encoder).collect();
        // By probe, format and material: level and bytes.
        let tried: Vec<Vec<Vec<(Level, usize)>>> = probes
            .par_iter()
            .map(|position| {
                let picture = self.picture(*position)?;
                let of_encoder = |encoder: &Encoder| {
                    let of_material = |material: &_| {
                        let encoder = Encoder { material: *material, ..*encoder };
                        let Levels { first, highest, .. } = encoder.levels();
                        let found = self.encode(&picture, encoder, first.midpoint(highest))?;
                        Ok(found.map_or((highest, usize::MAX), |(level, frame)| (level, frame.bytes.len())))
                    };
                    encoder.materials().iter().map(of_material).collect::<Result<Vec<_>, IngestError>>()
                };
                encoders.iter().map(of_encoder).collect::<Result<_, IngestError>>()
            })
            .collect::<Result<_, IngestError>>()?;
        let plan = |(nth, encoder): (usize, &Encoder)| {
            let bytes = |material: usize| {
                tried.iter().fold(0_usize, |sum, probe| sum.saturating_add(probe[nth][material].1))
            };
            let best = (0..encoder.materials().len()).min_by_key(|material| bytes(*material)).unwrap_or(0);
            let mut levels: Vec<Level> = tried.iter().map(|probe| probe[nth][best].0).collect();
            levels.sort_unstable();
            let material = encoder.materials()[best];
            Plan { encoder: Encoder { material, ..*encoder }, level: levels[levels.len() / 2] }
        };
        Ok(encoders.iter().enumerate().map(plan).collect())
    }

    /// The frame at the lowest level that is good enough, as far as a few tries tell; `None` where no level is.
    fn encode(
        &self,
        picture: &Picture,
        encoder: Encoder,
        first: Level,
    ) -> Result<Option<(Level, EncodedFrame)>, IngestError> {
        let pixels = picture.digest();
        let Workshop { cache, tally, progress, .. } = self.workshop;
        let found = least(encoder.levels(), first, |level| {
            if progress.is_stopped() {
                return Err(IngestError::Stopped);
            }
            let key = encoder.key(pixels, level);
            let bytes = if let Some(kept) = cache.load(key) {
                tally.reused.fetch_add(kept.from_before.into(), Ordering::Relaxed);
                kept.bytes
            } else {
                let began = Instant::now();
                let bytes = encoder.encode(picture, level)?;
                progress.encoded(encoder.format, bytes.len(), began.elapsed());
                cache.save(key, &bytes);
                tally.encoded.fetch_add(1, Ordering::Relaxed);
                bytes
            };
            let format = encoder.format;
            let score = score(picture, &decode(format, &bytes)?).ok_or(IngestError::WrongSize { format })?;
            Ok(Encoded { bytes, score })
        })?;
        progress.step();
        Ok(found.map(|(level, Encoded { bytes, score })| {
            (level, EncodedFrame { digest: crate::digest::Digest::of(&bytes), bytes: bytes.into(), score })
        }))
    }
}

/// The lowest level whose encode reaches [`MIN_SCORE`], as far as it can be told within [`TRIES`]; `None` where none does.
fn least<E>(
    levels: Levels,
    first: Level,
    mut encode: impl FnMut(Level) -> Result<Encoded, E>,
) -> Result<Option<(Level, Encoded)>, E> {
    let mut good: Option<(Level, Encoded)> = None;
    // The best of what is too poor, with its score.
    let mut poor: Option<(Level, f64)> = None;
    let mut stride = 1.0;
    let mut level = first.clamp(levels.lowest, levels.highest);
    for tried in 1.. {
        let encoded = encode(level)?;
        let score = encoded.score;
        if score >= MIN_SCORE {
            good = Some((level, encoded));
            if score < MIN_SCORE + CLOSE {
                break;
            }
        } else {
            poor = Some((level, score));
        }
        // Levels that are not known yet, between what is too poor and what is good.
        let from = poor.map_or(levels.lowest, |(poor, _)| poor + 1);
        let to = good.as_ref().map_or(levels.highest, |(good, _)| good.saturating_sub(1));
        if from > to || (good.is_some() && tried >= TRIES) {
            break;
        }
        let next = match (poor, &good) {
            (Some((below, poor)), Some((above, good))) => {
                let share = (MIN_SCORE - poor) / (good.score - poor);
                f64::from(below) + (share * f64::from(above - below)).ceil()
            }
            // What is foretold can be too little; each further step is longer.
            (Some((below, poor)), None) => {
                let next = f64::from(below) + (stride * (MIN_SCORE - poor) / levels.slopes.score).ceil();
                stride *= 2.0;
                next
            }
            (None, _) => f64::from(level) - ((score - MIN_SCORE) / levels.slopes.score).floor(),
        };
        // Beyond either end, the conversion ends at what a level can be.
        level = (next as Level).clamp(from, to);
    }
    Ok(good)
}

#[cfg(test)]
mod tests;
