//! How even turns of many counts are, encoded as an ingest does it. `make bench-even` runs it and writes benches/even.md.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use assets_pipeline::{
    encode::solve::STEP, pack::quality::Quality, plan::tiers::Format, plan::tiers::TierKey,
    read::decode::decode, read::limits::Limits,
};
use rayon::prelude::*;

use crate::{
    Result,
    contenders::files,
    girasol,
    photograph::{SLATE, SWEEP, Studio, photograph},
    tell,
};

/// Raw frames of the turns: what photographers and renderers take most, and two that no other divides.
const COUNTS: [usize; 10] = [24, 26, 36, 48, 60, 72, 90, 120, 180, 360];

/// A turn of 360 frames that the others are taken from.
struct Piece {
    name: &'static str,
    studio: Option<&'static Studio>,
    /// The largest spread that is wanted.
    spread: f64,
}

const PIECES: [Piece; 3] = [
    Piece { name: "ring, rendered", studio: None, spread: 1.0 },
    Piece { name: "ring on a grey sweep, photographed", studio: Some(&SWEEP), spread: 2.0 },
    Piece { name: "ring on slate, photographed", studio: Some(&SLATE), spread: 2.0 },
];

/// A tier of one turn in one format.
struct Line {
    turn: usize,
    tier: TierKey,
    format: Format,
    frames: usize,
    /// What viewers load, on which the ceiling lies.
    bytes: u64,
    max_bytes: u64,
    quality: Quality,
}

/// What came of one piece.
struct Measured<'a> {
    piece: &'a Piece,
    lines: Vec<Line>,
    /// Encodes of a published frame, by count.
    encodes: Vec<(usize, f64)>,
}

/// Encodes all turns and writes the page; with words, only pieces whose name has one of them in it, and no page.
pub(crate) fn measure(words: &[String]) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let work = root.join("target/bench-even");
    let words: Vec<&String> = words.iter().filter(|word| *word != "--bench").collect();
    let mut all = Vec::new();
    for piece in
        PIECES.iter().filter(|piece| words.is_empty() || words.iter().any(|word| piece.name.contains(*word)))
    {
        let raw = raw_frames(piece, &root.join("fixtures/ring-yellow-gold"), &work)?;
        let mut measured = Measured { piece, lines: Vec::new(), encodes: Vec::new() };
        for turn in COUNTS {
            tell(&format!("{}: {turn} frames", piece.name));
            let folder = work.join("turn");
            thinned(&raw, turn, &folder)?;
            encode(&folder, turn, &mut measured)?;
            fs::remove_dir_all(&folder)?;
        }
        all.push(measured);
    }
    let page = render(&all);
    tell(&page);
    if words.is_empty() {
        fs::write(root.join("benches/even.md"), page)?;
    }
    Ok(())
}

/// The files of the whole turn, in order; photographs are made once.
fn raw_frames(piece: &Piece, rendered: &Path, work: &Path) -> Result<Vec<PathBuf>> {
    let raw = files(rendered, "webp")?;
    let Some(studio) = piece.studio else { return Ok(raw) };
    let folder = work.join(piece.name.replace(|c: char| !c.is_alphanumeric(), "-"));
    fs::create_dir_all(&folder)?;
    let count = raw.len();
    raw.par_iter()
        .enumerate()
        .map(|(index, file)| {
            let to = folder.join(format!("{index:03}.jpg"));
            if !to.exists() {
                let piece = decode("piece", &fs::read(file)?, &Limits::default())?.image;
                fs::write(&to, photograph(&piece, studio, index as f32 / count as f32, index as u64)?)?;
            }
            Ok(to)
        })
        .collect()
}

/// Fills a folder with as many of the frames, at even angles or as near to them as there are frames.
fn thinned(raw: &[PathBuf], count: usize, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for index in 0..count {
        let from = &raw[(2 * index * raw.len() + count) / (2 * count)];
        let name = Path::new(&format!("{index:03}")).with_extension(from.extension().unwrap_or_default());
        fs::copy(from, folder.join(name))?;
    }
    Ok(())
}

fn encode(folder: &Path, turn: usize, measured: &mut Measured<'_>) -> Result<()> {
    let (renditions, encodes) = girasol::prepare(folder, false)?.ingest()?;
    for (tier, of_tier) in renditions.tiers.iter().filter(|(tier, _)| **tier != TierKey::Still) {
        for (format, rendition) in &of_tier.formats {
            measured.lines.push(Line {
                turn,
                tier: *tier,
                format: *format,
                frames: of_tier.positions.len(),
                bytes: rendition.bare.as_ref().map_or(rendition.bytes, |bare| bare.bytes),
                max_bytes: of_tier.max_bytes,
                quality: rendition.quality,
            });
        }
    }
    let published: usize = renditions.sets.iter().map(|set| set.frames.len()).sum();
    measured.encodes.push((turn, encodes as f64 / published as f64));
    Ok(())
}

fn render(all: &[Measured<'_>]) -> String {
    let mut page = String::from(include_str!("even.md"));
    for measured in all {
        let Measured { piece, lines, encodes } = measured;
        let held = |line: &&Line| line.quality.spread < piece.spread && line.quality.step <= STEP;
        let _ = writeln!(
            page,
            "\n## {}\n\nA spread under {:.1} and no step over {STEP:.1}: {} of {} tiers.\n",
            piece.name,
            piece.spread,
            lines.iter().filter(held).count(),
            lines.len(),
        );
        let of_frames: Vec<String> =
            encodes.iter().map(|(turn, count)| format!("{turn}: {count:.2}")).collect();
        let _ = writeln!(
            page,
            "Encodes of a published frame, both formats together: {}.\n",
            of_frames.join(", ")
        );
        page.push_str("| raw frames | tier | format | frames | bytes | of ceiling | mean | min | spread | largest step | |\n");
        let _ = writeln!(page, "|--:|---|---|{}---|", "--:|".repeat(7));
        for line in lines {
            let Quality { mean, min, spread, step } = line.quality;
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {} | {:.0} % | {mean:.1} | {min:.1} | {spread:.2} | {step:.2} | {} |",
                line.turn,
                line.tier,
                line.format,
                line.frames,
                line.bytes,
                100.0 * line.bytes as f64 / line.max_bytes as f64,
                if held(&line) { "" } else { "**not held**" },
            );
        }
    }
    page
}
