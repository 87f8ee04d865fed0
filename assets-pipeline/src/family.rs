//! Encoding one family of frames in one format under its ceilings.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use image::RgbImage;
use rayon::prelude::*;

use crate::{
    IngestError,
    digest::Digest,
    encode::{CodecError, decode, encode, encode_key, levels},
    encode_cache::EncodeCache,
    prepare::Prepared,
    progress::Progress,
    score::ssimulacra2,
    solve::{Ceiling, Level, Solver, Unsolved},
    tiers::{Family, Format, TierTable},
};

/// Where the lowest quality does not fit, frames are made smaller by this factor until it does.
const SHRINK: f64 = 0.8;
/// Smaller than this nobody would recognise the piece.
const SMALLEST_PX: u32 = 48;

/// One published frame.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedFrame {
    /// The file.
    pub bytes: Arc<[u8]>,
    /// Names the file.
    pub digest: Digest,
    /// SSIMULACRA2 against the pixels that were encoded.
    pub score: f64,
}

/// How much work was done, and how much was found done.
#[derive(Debug, Default)]
pub struct Effort {
    /// Frames encoded.
    pub encoded: AtomicUsize,
    /// Encodes found in the cache of an interrupted ingest.
    pub reused: AtomicUsize,
}

/// What encoding needs besides pixels.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// The turn.
    pub prepared: &'a Prepared,
    /// Ceilings.
    pub table: &'a TierTable,
    /// Encodes of an interrupted ingest.
    pub cache: &'a dyn EncodeCache,
    /// Counted as it goes.
    pub effort: &'a Effort,
    /// Told of each encode.
    pub progress: &'a dyn Progress,
}

/// A family of frames in one format, some of them settled.
pub struct FamilyEncoder<'a> {
    workshop: Workshop<'a>,
    family: Family,
    format: Format,
    size: (u32, u32),
    pixels: HashMap<usize, (Arc<RgbImage>, Digest)>,
    solver: Solver,
    /// Groups settled so far, in order.
    groups: Vec<Vec<usize>>,
}

impl<'a> FamilyEncoder<'a> {
    /// Starts with nothing settled.
    pub fn new(workshop: Workshop<'a>, family: Family, format: Format) -> Result<Self, IngestError> {
        let size = workshop.prepared.size(family, format);
        let positions = workshop.prepared.plan.family(family);
        let pixels = positions
            .into_par_iter()
            .map(|position| {
                let pixels = workshop.prepared.frame(position, size)?;
                let digest = pixels_digest(&pixels);
                Ok((position, (pixels, digest)))
            })
            .collect::<Result<_, IngestError>>()?;
        let solver = Solver::new(levels(format), ceilings(&workshop, family));
        Ok(Self { workshop, family, format, size, pixels, solver, groups: Vec::new() })
    }

    /// Settles more positions. What was settled before stays as it is, unless the family has to be
    /// made smaller for these to fit.
    pub fn settle(&mut self, positions: &[usize]) -> Result<(), IngestError> {
        self.groups.push(positions.to_vec());
        let mut open = self.groups.len() - 1..self.groups.len();
        loop {
            let Self { workshop, format, pixels, solver, groups, .. } = self;
            let mut encoder = |wanted: &[(usize, Level)]| encode_all(*workshop, *format, pixels, wanted);
            let settled =
                groups[open.clone()].iter().try_for_each(|group| solver.settle(group, &mut encoder));
            match settled {
                Ok(()) => return Ok(()),
                Err(Unsolved::Encoder(error)) => return Err(error.into()),
                Err(Unsolved::OverBudget) => {
                    self.shrink()?;
                    open = 0..self.groups.len();
                }
            }
        }
    }

    /// Decodes and scores what is settled.
    pub fn finish(&self) -> Result<EncodedFamily, IngestError> {
        let settled: Vec<usize> = self.groups.iter().flatten().copied().collect();
        let frames = settled
            .into_par_iter()
            .map(|position| {
                let bytes = self.solver.frame(position).ok_or(IngestError::NotPrepared { position })?;
                let decoded = decode(self.format, bytes)?;
                let score = ssimulacra2(&self.pixels[&position].0, &decoded);
                let score = score.ok_or(IngestError::WrongSize { format: self.format })?;
                self.workshop.progress.step();
                Ok((position, EncodedFrame { digest: Digest::of(bytes), bytes: bytes.into(), score }))
            })
            .collect::<Result<_, IngestError>>()?;
        Ok(EncodedFamily { family: self.family, format: self.format, size: self.size, frames })
    }

    fn shrink(&mut self) -> Result<(), IngestError> {
        let (width, height) = self.size;
        let smaller = |side: u32| ((f64::from(side) * SHRINK).round() as u32).max(1);
        self.size = (smaller(width), smaller(height));
        if self.size.0.max(self.size.1) < SMALLEST_PX {
            return Err(IngestError::OverBudget { family: self.family, format: self.format });
        }
        // A rare case, and so the frames are made from those of the size before.
        self.pixels.par_iter_mut().for_each(|(_, (pixels, digest))| {
            *pixels = Arc::new(crate::resize::resized(pixels, self.size));
            *digest = pixels_digest(pixels);
        });
        self.solver = Solver::new(levels(self.format), ceilings(&self.workshop, self.family));
        Ok(())
    }
}

/// A family of frames in one format, settled and scored.
#[derive(Debug, Clone)]
pub struct EncodedFamily {
    /// Which family.
    pub family: Family,
    /// Which format.
    pub format: Format,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// By position on the turn.
    pub frames: BTreeMap<usize, EncodedFrame>,
}

fn ceilings(workshop: &Workshop<'_>, family: Family) -> Vec<Ceiling> {
    let tiers = workshop.prepared.plan.tiers.iter().filter(|(key, _)| key.family() == family);
    tiers
        .filter_map(|(key, positions)| {
            let max_bytes = workshop.table.tiers.get(key)?.max_bytes;
            Some(Ceiling { frames: positions.clone(), max_bytes })
        })
        .collect()
}

fn encode_all(
    workshop: Workshop<'_>,
    format: Format,
    pixels: &HashMap<usize, (Arc<RgbImage>, Digest)>,
    wanted: &[(usize, Level)],
) -> Result<Vec<Vec<u8>>, CodecError> {
    wanted
        .par_iter()
        .map(|(position, level)| {
            let (pixels, digest) = &pixels[position];
            let key = encode_key(format, *digest, *level);
            let bytes = if let Some(kept) = workshop.cache.load(key) {
                workshop.effort.reused.fetch_add(kept.from_before.into(), Ordering::Relaxed);
                kept.bytes
            } else {
                let bytes = encode(format, pixels, *level)?;
                workshop.cache.save(key, &bytes);
                workshop.effort.encoded.fetch_add(1, Ordering::Relaxed);
                bytes
            };
            workshop.progress.step();
            Ok(bytes)
        })
        .collect()
}

fn pixels_digest(pixels: &RgbImage) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&pixels.width().to_le_bytes());
    hasher.update(pixels.as_raw());
    Digest::from_hash(hasher.finalize())
}
