//! All that the comparison knows of the pipeline: its preparation, and Girasol as a contender.

use std::{fs, path::Path, sync::Arc, sync::atomic::Ordering};

use assets_pipeline::{
    encode::cache::NoCache,
    encode::family::Tally,
    encode::score::score,
    encode::solve::{Ceiling, Encoded, Level, Solver},
    encode::tune::{Tuned, tuned},
    encode::{Effort, Encoder, Engine, Material, decode},
    ingest::Spin,
    pack::renditions::Renditions,
    picture::Picture,
    plan::tiers::{Format, TierKey},
    prepare::{Prepared, prepare as prepare_turn},
    progress::Silent,
    read::limits::Limits,
    read::source::Source,
    read::survey::survey,
    settings::Settings,
};
use image::RgbImage;
use rayon::prelude::*;

use crate::Result;

/// Where a contender of this program says how many encodes it took.
pub(crate) const ENCODES: &str = "encodes";

/// A turn as Girasol prepares it by default.
pub(crate) struct Turn {
    prepared: Prepared,
    settings: Settings,
    thinned: bool,
}

/// Surveys a folder and prepares every tier's pixels: what all contenders get. A turn that was thinned gets
/// only its share of the ceilings.
pub(crate) fn prepare(folder: &Path, thinned: bool) -> Result<Turn> {
    let (settings, limits) = (Settings::default(), Limits::default());
    let source = Source::open(folder, &limits)?;
    let survey = survey(&source, &limits, None)?;
    let prepared = prepare_turn(&source, &survey, &settings, &limits, &Silent)?;
    Ok(Turn { prepared, settings, thinned })
}

impl Turn {
    /// The frames of a tier in a format, in turn order.
    pub(crate) fn frames(&self, tier: TierKey, format: Format) -> Result<Vec<Arc<Picture>>> {
        let size = self.prepared.size(tier.family(), format);
        let positions = &self.prepared.plan.tiers[&tier];
        positions.iter().map(|position| Ok(self.prepared.frame(*position, size)?)).collect()
    }

    /// Encodes the turn as an ingest does, and counts the encodes.
    pub(crate) fn ingest(&self) -> Result<(Renditions, usize)> {
        let tally = Tally::default();
        let mut spin = Spin::new(&self.prepared, &self.settings, &NoCache, &tally, &Silent)?;
        spin.encode_preview()?;
        let renditions = spin.encode_rest()?;
        Ok((renditions, tally.encoded.load(Ordering::Relaxed)))
    }

    /// The tier's ceiling.
    pub(crate) fn max_bytes(&self, tier: TierKey) -> u64 {
        let spec = &self.settings.table.tiers[&tier];
        let frames = self.prepared.plan.tiers[&tier].len() as u64;
        if self.thinned { spec.max_bytes * frames / u64::from(spec.frames) } else { spec.max_bytes }
    }
}

/// Girasol's variants: a name for the report, and the words for [`contend`].
pub(crate) fn variants(format: Format) -> Vec<(&'static str, [&'static str; 3])> {
    let words = |engine: Engine, effort: Effort| [format.as_str(), engine.as_str(), effort.as_str()];
    let mut variants = vec![("Girasol", words(Engine::default(), Effort::Default))];
    if format == Format::Avif {
        variants.push(("Girasol, max effort", words(Engine::default(), Effort::Max)));
        if Engine::default() != Engine::Rav1e {
            variants.push(("Girasol with rav1e", words(Engine::Rav1e, Effort::Default)));
        }
    }
    variants
}

/// What encodes in a variant, and with which settings.
pub(crate) fn describe(words: [&str; 3]) -> Result<String> {
    Ok(encoder(words)?.name())
}

fn encoder([format, engine, effort]: [&str; 3]) -> Result<Encoder> {
    Ok(Encoder {
        format: format.parse()?,
        engine: engine.parse()?,
        effort: effort.parse()?,
        material: Material::Plain,
    })
}

/// Girasol in a process of its own, so that its CPU time is counted as the others' is.
///
/// Takes a folder of PNG files, a ceiling in bytes, the folder to write to, and the words of a variant.
pub(crate) fn contend(arguments: &[String]) -> Result<()> {
    let [frames, max_bytes, out, format, engine, effort, ..] = arguments else {
        return Err("FRAMES MAX_BYTES OUT FORMAT ENGINE EFFORT".into());
    };
    let encoder = encoder([format, engine, effort])?;
    let files = crate::contenders::files(Path::new(frames), "png")?;
    let pictures: Vec<Picture> = files
        .par_iter()
        .map(|file| Ok(RgbImage::from(image::open(file)?.into_rgb8()).into()))
        .collect::<Result<_>>()?;
    let (encoded, encodes) = encode_within(&pictures, max_bytes.parse()?, encoder)?;
    let published = Path::new(out).join("published");
    fs::create_dir_all(&published)?;
    for (file, bytes) in files.iter().zip(encoded) {
        let name = file.with_extension(format);
        fs::write(published.join(name.file_name().unwrap_or_default()), bytes)?;
    }
    fs::write(Path::new(out).join(ENCODES), encodes.to_string())?;
    Ok(())
}

/// Encodes a turn under one ceiling, as an ingest does, and counts the encodes. No quality is enough here, and
/// none too little: all is at one size and takes all bytes that it may.
fn encode_within(pictures: &[Picture], max_bytes: u64, encoder: Encoder) -> Result<(Vec<Vec<u8>>, usize)> {
    let all: Vec<usize> = (0..pictures.len()).collect();
    let ceiling = Ceiling { frames: all.clone(), max_bytes };
    let mut solver = Solver::new(encoder.levels(), f64::INFINITY, vec![ceiling]);
    let tried = std::sync::atomic::AtomicUsize::new(0);
    let encode_all = |encoder: Encoder, wanted: &[(usize, Level)]| -> Result<Vec<Encoded>> {
        let encode = |(frame, level): &(usize, Level)| {
            let bytes = encoder.encode(&pictures[*frame], *level)?;
            let decoded = decode(encoder.format, &bytes)?;
            let score = score(&pictures[*frame], &decoded).ok_or("a frame has another size than before")?;
            Ok(Encoded { bytes, score })
        };
        tried.fetch_add(wanted.len(), std::sync::atomic::Ordering::Relaxed);
        wanted.par_iter().map(encode).collect()
    };
    let Tuned { encoder, known } = tuned(encoder, &all, encode_all)?;
    solver.know(known);
    solver
        .settle(&all, &mut |wanted: &[(usize, Level)]| encode_all(encoder, wanted))
        .map_err(|unsolved| unsolved.to_string())?;
    let frames = all.iter().filter_map(|frame| Some(solver.frame(*frame)?.bytes.clone())).collect();
    Ok((frames, tried.into_inner()))
}
