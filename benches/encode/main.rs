//! Encoders side by side: the same frames, the same budgets. `make bench-encode` runs it and writes
//! benches/encode.md; `make bench-even` writes benches/even.md.

mod contenders;
mod even;
mod girasol;
mod material;
mod measure;
mod photograph;
mod report;

use std::{env, error::Error, fs, io::Write as _, path::Path, path::PathBuf};

use assets_pipeline::plan::tiers::{Format, TierKey};

use contenders::{Cell, Outcome};
use material::Material;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// What is compared: the two tiers that nearly all bytes go to.
const TIERS: [TierKey; 2] = [TierKey::Standard, TierKey::Hd];

/// Frames that a turn is thinned to with `--quick`.
const QUICK_FRAMES: usize = 6;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("compare") => compare(&arguments[1..]),
        Some("even") => even::measure(&arguments[1..]),
        Some(contenders::CHILD) => girasol::contend(&arguments[1..]),
        // `cargo bench` starts every benchmark; this one takes long, and needs tools that others do not.
        _ => Ok(()),
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Wanted {
    /// A few frames a turn, to see that everything works; nothing is written.
    quick: bool,
    /// Only materials whose name has this in it; nothing is written.
    only: Option<String>,
    /// Further turns: what to call them, and where they lie.
    also: Vec<(String, PathBuf)>,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut wanted = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match (argument.as_str(), argument.split_once('=')) {
                // Cargo's own word to every benchmark.
                ("--bench", _) => {}
                ("--quick", _) => wanted.quick = true,
                ("--only", _) => wanted.only = Some(arguments.next().ok_or("--only MATERIAL")?.clone()),
                ("--also", _) => {
                    let also = arguments.next().and_then(|also| also.split_once('='));
                    let (name, folder) = also.ok_or("--also NAME=FOLDER")?;
                    wanted.also.push((name.to_owned(), folder.into()));
                }
                _ => return Err(format!("{argument} is none of --quick, --only, --also").into()),
            }
        }
        Ok(wanted)
    }
}

fn compare(arguments: &[String]) -> Result<()> {
    let wanted = Wanted::parse(arguments)?;
    // First, since it says at once which tool is missing.
    let versions = contenders::versions()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Left there afterwards, to look at.
    let work = root.join("target/bench-encode");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let frames = wanted.quick.then_some(QUICK_FRAMES);
    let (mut outcomes, mut failures) = (Vec::new(), Vec::new());
    for material in Material::all(&wanted.also) {
        if wanted.only.as_ref().is_some_and(|only| !material.name.contains(only)) {
            continue;
        }
        tell(&format!("{}: preparing", material.name));
        let folder = work.join(material.slug());
        outcomes.extend(compare_on(&material, &folder, frames, &mut failures)?);
    }
    let report = report::render(&outcomes, &versions);
    write!(std::io::stdout(), "{report}")?;
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    if !wanted.quick && wanted.only.is_none() {
        fs::write(root.join("benches/encode.md"), report)?;
    }
    Ok(())
}

/// Every contender on one turn.
fn compare_on(
    material: &Material,
    folder: &Path,
    frames: Option<usize>,
    failures: &mut Vec<String>,
) -> Result<Vec<Outcome>> {
    let prepared = girasol::prepare(&material.frames(&folder.join("raw"), frames)?, frames.is_some())?;
    let mut outcomes = Vec::new();
    for format in Format::ALL {
        for tier in TIERS {
            let cell = Cell::lay_out(folder, &material.name, &prepared, tier, format)?;
            for contender in contenders::of(format) {
                tell(&format!("{}, {tier}, {format}: {}", material.name, contender.name));
                match cell.run(&contender) {
                    Ok(outcome) => outcomes.push(outcome),
                    // The others' results of half an hour are worth keeping.
                    Err(error) => failures.push(format!("{}: {error}", contender.name)),
                }
            }
        }
    }
    Ok(outcomes)
}

/// Prints progress on stderr.
fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}
