//! Encoding one family of frames in one format under its ceilings.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;

use crate::{
    IngestError,
    digest::Digest,
    encode::{CodecError, Encoder, decode},
    encode_cache::EncodeCache,
    picture::Picture,
    prepare::Prepared,
    progress::Progress,
    score::score,
    settings::Settings,
    solve::{Ceiling, Level, Solver, Unsolved},
    tiers::{Family, Format},
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
pub struct Tally {
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
    /// Ceilings and encoders.
    pub settings: &'a Settings,
    /// Encodes of an interrupted ingest.
    pub cache: &'a dyn EncodeCache,
    /// Counted as it goes.
    pub tally: &'a Tally,
    /// Told of each encode.
    pub progress: &'a dyn Progress,
}

/// By position, with what names their pixels.
type Pictures = HashMap<usize, (Arc<Picture>, Digest)>;

/// A family of frames in one format, some of them settled.
pub struct FamilyEncoder<'a> {
    workshop: Workshop<'a>,
    family: Family,
    encoder: Encoder,
    size: (u32, u32),
    pictures: Pictures,
    solver: Solver,
    /// Groups settled so far, in order.
    groups: Vec<Vec<usize>>,
}

impl<'a> FamilyEncoder<'a> {
    /// Starts with nothing settled.
    pub fn new(workshop: Workshop<'a>, family: Family, format: Format) -> Result<Self, IngestError> {
        let size = workshop.prepared.size(family, format);
        let positions = workshop.prepared.plan.family(family);
        let pictures = positions
            .into_par_iter()
            .map(|position| {
                let picture = workshop.prepared.frame(position, size)?;
                let digest = picture.digest();
                Ok((position, (picture, digest)))
            })
            .collect::<Result<_, IngestError>>()?;
        let encoder = workshop.settings.encoder(format);
        let solver = Solver::new(encoder.levels(), ceilings(&workshop, family));
        Ok(Self { workshop, family, encoder, size, pictures, solver, groups: Vec::new() })
    }

    /// Settles more positions. What was settled before stays as it is, unless the family has to be
    /// made smaller for these to fit.
    pub fn settle(&mut self, positions: &[usize]) -> Result<(), IngestError> {
        self.groups.push(positions.to_vec());
        let mut open = self.groups.len() - 1..self.groups.len();
        loop {
            let Self { workshop, encoder, pictures, solver, groups, .. } = self;
            let mut encode = |wanted: &[(usize, Level)]| encode_all(*workshop, *encoder, pictures, wanted);
            let settled = groups[open.clone()].iter().try_for_each(|group| solver.settle(group, &mut encode));
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
                let format = self.encoder.format;
                let decoded = decode(format, bytes)?;
                let score = score(&self.pictures[&position].0, &decoded);
                let score = score.ok_or(IngestError::WrongSize { format })?;
                self.workshop.progress.step();
                Ok((position, EncodedFrame { digest: Digest::of(bytes), bytes: bytes.into(), score }))
            })
            .collect::<Result<_, IngestError>>()?;
        Ok(EncodedFamily { family: self.family, format: self.encoder.format, size: self.size, frames })
    }

    fn shrink(&mut self) -> Result<(), IngestError> {
        let (width, height) = self.size;
        let smaller = |side: u32| ((f64::from(side) * SHRINK).round() as u32).max(1);
        self.size = (smaller(width), smaller(height));
        if self.size.0.max(self.size.1) < SMALLEST_PX {
            return Err(IngestError::OverBudget { family: self.family, format: self.encoder.format });
        }
        // A rare case, and so the frames are made from those of the size before.
        self.pictures.par_iter_mut().for_each(|(_, (picture, digest))| {
            *picture = Arc::new(crate::resize::resized(picture, self.size));
            *digest = picture.digest();
        });
        self.solver = Solver::new(self.encoder.levels(), ceilings(&self.workshop, self.family));
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
            let max_bytes = workshop.settings.table.tiers.get(key)?.max_bytes;
            Some(Ceiling { frames: positions.clone(), max_bytes })
        })
        .collect()
}

fn encode_all(
    workshop: Workshop<'_>,
    encoder: Encoder,
    pictures: &Pictures,
    wanted: &[(usize, Level)],
) -> Result<Vec<Vec<u8>>, CodecError> {
    wanted
        .par_iter()
        .map(|(position, level)| {
            let (picture, digest) = &pictures[position];
            let key = encoder.key(*digest, *level);
            let bytes = if let Some(kept) = workshop.cache.load(key) {
                workshop.tally.reused.fetch_add(kept.from_before.into(), Ordering::Relaxed);
                kept.bytes
            } else {
                let bytes = encoder.encode(picture, *level)?;
                workshop.cache.save(key, &bytes);
                workshop.tally.encoded.fetch_add(1, Ordering::Relaxed);
                bytes
            };
            workshop.progress.step();
            Ok(bytes)
        })
        .collect()
}
