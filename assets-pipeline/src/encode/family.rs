//! Encoding one family of frames in one format under its ceilings.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use rayon::prelude::*;

use crate::{
    IngestError,
    digest::Digest,
    encode::cache::EncodeCache,
    encode::score::score,
    encode::solve::{Ceiling, Encoded, Level, PROBE, Solver, Unsolved, spread},
    encode::tune::{Tuned, tuned},
    encode::{Encoder, decode},
    pack::bare::{self, Head},
    picture::Picture,
    plan::tiers::{Family, Format, TierKey},
    prepare::Prepared,
    progress::Progress,
    settings::Settings,
};

/// Where the lowest quality does not fit, or is under the family's floor, frames are made smaller by this
/// factor until it does and is not.
const SHRINK: f64 = 0.8;
/// The fewest pixels at which the piece is still recognisable.
const SMALLEST_PX: u32 = 48;
/// Below this size, more quality no longer shows.
const SMALLEST_GOOD_PX: u32 = 200;
/// A score that cannot be told from the original: more bytes would be wasted.
const VISUALLY_LOSSLESS: f64 = 90.0;

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
    /// What was encoded before the solver began.
    known: Vec<((usize, Level), Encoded)>,
    solver: Solver,
    /// What the frames have in common and viewers load once, as far as is known.
    head: Option<Head>,
    /// Groups settled so far, in order.
    groups: Vec<Vec<usize>>,
    /// The quality that the frames would have had at the size that was asked for, where they were made
    /// smaller for its sake.
    under_floor: Option<f64>,
}

impl<'a> FamilyEncoder<'a> {
    /// Starts with nothing settled.
    pub fn new(workshop: Workshop<'a>, family: Family, encoder: Encoder) -> Result<Self, IngestError> {
        let size = workshop.prepared.size(family, encoder.format);
        let positions = workshop.prepared.plan.family(family);
        let pictures = positions
            .into_par_iter()
            .map(|position| {
                let picture = workshop.prepared.frame(position, size)?;
                let digest = picture.digest();
                Ok((position, (picture, digest)))
            })
            .collect::<Result<_, IngestError>>()?;
        let solver = new_solver(&workshop, family, encoder, None);
        Ok(Self {
            workshop,
            family,
            encoder,
            size,
            pictures,
            known: Vec::new(),
            solver,
            head: None,
            groups: Vec::new(),
            under_floor: None,
        })
    }

    /// Takes the settings that suit the turn best, told from a few frames. To be called before anything is
    /// settled.
    pub fn tune(&mut self, positions: &[usize]) -> Result<(), IngestError> {
        let Self { workshop, pictures, .. } = &*self;
        let encode = |encoder, wanted: &[(usize, Level)]| encode_all(*workshop, encoder, pictures, wanted);
        let Tuned { encoder, known } = tuned(self.encoder, positions, encode)?;
        (self.encoder, self.known) = (encoder, known);
        Ok(())
    }

    /// Who encodes.
    pub const fn encoder(&self) -> Encoder {
        self.encoder
    }

    /// Settles more positions. What was settled before stays as it is, unless the family has to be
    /// made smaller for these to fit. The first group is taken for all in what it says of quality.
    pub fn settle(&mut self, positions: &[usize]) -> Result<(), IngestError> {
        self.groups.push(positions.to_vec());
        if self.groups.len() == 1 {
            self.begin()?;
        }
        let mut open = self.groups.len() - 1..self.groups.len();
        loop {
            let Self { workshop, encoder, pictures, solver, groups, .. } = self;
            let mut encode = |wanted: &[(usize, Level)]| encode_all(*workshop, *encoder, pictures, wanted);
            let settled = groups[open.clone()].iter().try_for_each(|group| solver.settle(group, &mut encode));
            match settled {
                Ok(()) if self.groups.len() == 1 && self.is_under_floor() => self.shrink()?,
                Ok(()) if self.has_head() => return Ok(()),
                Ok(()) => {
                    self.head = None;
                    self.solver.start_again(ceilings(&self.workshop, self.family, None));
                    open = 0..self.groups.len();
                }
                Err(Unsolved::Encoder(error)) => return Err(error),
                Err(Unsolved::OverBudget) => {
                    self.shrink()?;
                    open = 0..self.groups.len();
                }
            }
        }
    }

    /// Begins to solve, with the frames that the solver asks for first: they show what all have in common, on which the ceilings
    /// depend.
    fn begin(&mut self) -> Result<(), IngestError> {
        let Self { workshop, encoder, pictures, known, groups, .. } = self;
        let level = encoder.levels().first;
        let probe = spread(&groups[0], PROBE).into_iter().map(|position| (position, level));
        let wanted: Vec<_> = probe.filter(|one| known.iter().all(|(other, _)| one != other)).collect();
        let encoded = encode_all(*workshop, *encoder, pictures, &wanted)?;
        known.extend(wanted.into_iter().zip(encoded));
        let head = bare::split_all(known.iter().map(|(_, encoded)| encoded.bytes.as_slice()));
        self.head = head.map(|(head, _)| head);
        self.solver = new_solver(workshop, self.family, *encoder, self.head.as_ref());
        self.solver.know(std::mem::take(known));
        Ok(())
    }

    /// Whether everything that is settled has a head in common, of as many bytes as the ceilings were made for.
    fn has_head(&self) -> bool {
        let Some(expected) = &self.head else { return true };
        let frames = self.groups.iter().flatten().filter_map(|position| self.solver.frame(*position));
        let common = bare::split_all(frames.map(|frame| frame.bytes.as_slice()));
        common.is_some_and(|(head, _)| head.bytes.len() == expected.bytes.len())
    }

    /// What is settled.
    pub fn finish(&self) -> Result<EncodedFamily, IngestError> {
        let settled = self.groups.iter().flatten().map(|position| {
            let Encoded { bytes, score } =
                self.solver.frame(*position).ok_or(IngestError::NotPrepared { position: *position })?;
            let frame =
                EncodedFrame { digest: Digest::of(bytes), bytes: bytes.as_slice().into(), score: *score };
            Ok((*position, frame))
        });
        let frames = settled.collect::<Result<_, IngestError>>()?;
        let remark = [self.smaller(), self.poorer()].into_iter().flatten().collect::<Vec<_>>();
        Ok(EncodedFamily {
            family: self.family,
            format: self.encoder.format,
            encoder: self.encoder,
            size: self.size,
            frames,
            remark: (!remark.is_empty()).then(|| remark.join("; ")),
        })
    }

    /// Whether the group that was settled first is poorer than the family may be, and smaller frames
    /// would help.
    fn is_under_floor(&mut self) -> bool {
        let (width, height) = self.size;
        let mean = self.mean_score(&self.groups[0]);
        let is_under =
            mean < self.floor() && f64::from(width.max(height)) * SHRINK >= f64::from(SMALLEST_GOOD_PX);
        if is_under {
            self.under_floor.get_or_insert(mean);
        }
        is_under
    }

    fn mean_score(&self, frames: &[usize]) -> f64 {
        let scores: Vec<f64> =
            frames.iter().filter_map(|frame| self.solver.frame(*frame)).map(|one| one.score).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    }

    /// The score that the family may not be below.
    fn floor(&self) -> f64 {
        self.workshop.settings.table.sizes.get(&self.family).map_or(0.0, |spec| f64::from(spec.min_quality))
    }

    /// That the frames are poorer than the family may be, where they are too small for that to be mended by fewer pixels.
    fn poorer(&self) -> Option<String> {
        let (mean, floor) = (self.mean_score(self.groups.first()?), self.floor());
        let Self { family, encoder, .. } = self;
        (mean < floor).then(|| {
            format!(
                "{family} in {} has a quality of {mean:.0}, where {floor} is the least (sizes.{family}.min_quality)",
                encoder.format
            )
        })
    }

    /// That the frames are smaller than was asked for, and why.
    fn smaller(&self) -> Option<String> {
        let Self { family, encoder, size, workshop, .. } = self;
        let (width, height) = workshop.prepared.size(*family, encoder.format);
        if *size == (width, height) {
            return None;
        }
        let why = match self.under_floor {
            Some(score) => format!("its quality would be {score:.0}"),
            None => "it does not fit into its bytes".to_owned(),
        };
        let format = encoder.format;
        Some(format!(
            "{family} in {format} has {} x {} pixels instead of {width} x {height}, where {why}",
            size.0, size.1
        ))
    }

    fn shrink(&mut self) -> Result<(), IngestError> {
        let (width, height) = self.size;
        let smaller = |side: u32| ((f64::from(side) * SHRINK).round() as u32).max(1);
        self.size = (smaller(width), smaller(height));
        if self.size.0.max(self.size.1) < SMALLEST_PX {
            return Err(IngestError::OverBudget { family: self.family, format: self.encoder.format });
        }
        // A rare case, and so the frames are made from those that were prepared.
        let Workshop { prepared, .. } = self.workshop;
        let full_size = prepared.size(self.family, self.encoder.format);
        let size = self.size;
        self.pictures.par_iter_mut().try_for_each(|(position, (picture, digest))| {
            *picture = Arc::new(crate::prepare::resize::resized(
                prepared.frame(*position, full_size)?.as_ref(),
                size,
            ));
            *digest = picture.digest();
            Ok::<(), IngestError>(())
        })?;
        self.begin()
    }
}

/// A family of frames in one format, settled and scored.
#[derive(Debug, Clone)]
pub struct EncodedFamily {
    /// Which family.
    pub family: Family,
    /// Which format.
    pub format: Format,
    /// Who encoded.
    pub encoder: Encoder,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// By position on the turn.
    pub frames: BTreeMap<usize, EncodedFrame>,
    /// What the artist may want to know.
    pub remark: Option<String>,
}

/// A solver that knows nothing yet but the ceilings.
fn new_solver(workshop: &Workshop<'_>, family: Family, encoder: Encoder, head: Option<&Head>) -> Solver {
    Solver::new(encoder.levels(), VISUALLY_LOSSLESS, ceilings(workshop, family, head))
}

/// The ceilings of a family, which leave more to frames that have a head in common.
fn ceilings(workshop: &Workshop<'_>, family: Family, head: Option<&Head>) -> Vec<Ceiling> {
    let tiers = workshop.prepared.plan.tiers.iter().filter(|(key, _)| key.family() == family);
    let ceiling = |(key, positions): (&TierKey, &Vec<usize>)| {
        let max_bytes = workshop.settings.table.tiers.get(key)?.max_bytes;
        let max_bytes = bare::whole_max_bytes(max_bytes, positions.len(), head);
        Some(Ceiling { frames: positions.clone(), max_bytes })
    };
    tiers.filter_map(ceiling).collect()
}

fn encode_all(
    workshop: Workshop<'_>,
    encoder: Encoder,
    pictures: &Pictures,
    wanted: &[(usize, Level)],
) -> Result<Vec<Encoded>, IngestError> {
    wanted
        .par_iter()
        .map(|(position, level)| {
            if workshop.progress.is_stopped() {
                return Err(IngestError::Stopped);
            }
            let (picture, digest) = &pictures[position];
            let key = encoder.key(*digest, *level);
            let bytes = if let Some(kept) = workshop.cache.load(key) {
                workshop.tally.reused.fetch_add(kept.from_before.into(), Ordering::Relaxed);
                kept.bytes
            } else {
                let began = Instant::now();
                let bytes = encoder.encode(picture, *level)?;
                workshop.progress.encoded(encoder.format, bytes.len(), began.elapsed());
                workshop.cache.save(key, &bytes);
                workshop.tally.encoded.fetch_add(1, Ordering::Relaxed);
                bytes
            };
            let format = encoder.format;
            let score = score(picture, &decode(format, &bytes)?).ok_or(IngestError::WrongSize { format })?;
            workshop.progress.step();
            Ok(Encoded { bytes, score })
        })
        .collect()
}
