//! `girasol check`.

mod mended;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use assets_pipeline::{
    IngestError,
    doctor::{Diagnosis, Finding, Severity, examine},
    read::limits::Limits,
    read::source::Source,
};
use clap::Args;
use serde_json::{Value, json};

use crate::ingest::{Failure, tracker::Tracker};

use super::{
    OUTPUT,
    failure::{Details, Explain},
    print_result,
    progress_bar::ProgressBar,
};

/// What is told of transparent frames, which are no fault.
const TRANSPARENT: &str = "
The frames are transparent. On white, which is the default, that costs nothing. Kept with --ground transparent, the same
bytes show 9 to 16 points less quality: on a page of one colour, name that colour instead.";

/// Arguments of `girasol check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol check ring-gold/
  girasol check ring-gold.zip --fix --into ring-gold-mended
  girasol check ring-gold/ --json --evidence findings/")]
pub(super) struct CheckArgs {
    /// Folder, zip or tar of raw frames: PNG, JPEG, TIFF or WebP, numbered in turn order.
    #[arg(value_name = "DIR|ARCHIVE")]
    pub(super) source: PathBuf,
    /// Mend a copy, as far as that is safe; the frames themselves stay unchanged.
    #[arg(long, help_heading = "Mending")]
    fix: bool,
    /// Folder of the mended copy, which must not exist yet [default: beside the frames, as DIR-mended].
    #[arg(long, value_name = "DIR", requires = "fix", help_heading = "Mending")]
    into: Option<PathBuf>,
    /// What was found and can be published is meant: only what an ingest refuses is an error.
    #[arg(long)]
    acknowledge: bool,
    /// Write a picture of each finding into this folder.
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    evidence: Option<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Why a check ended without a clean result.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    /// The frames have faults that an ingest refuses.
    #[error("the frames have faults that must be put right first")]
    Blocked,
    /// The frames have faults that visitors are bound to see.
    #[error("the frames have faults that visitors will see")]
    Asked,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The frames could not be read.
    #[error(transparent)]
    Frames(#[from] Failure),
    /// The mended copy's folder exists already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// A file is another one than the doctor looked at.
    #[error("{0} has changed while the frames were checked")]
    Changed(String),
    /// A file or folder could not be written.
    #[error("{} cannot be written", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

impl Explain for CheckError {
    fn details(&self) -> Details {
        match self {
            Self::Blocked => Details::of("blocked"),
            Self::Asked => Details::of("asked"),
            Self::Interrupted => Details::with("interrupted", "Nothing was written."),
            Self::Frames(failure) => failure.details(),
            Self::Exists(_) => {
                Details::with("exists", "Name another folder with --into, or move that one away.")
            }
            Self::Changed(_) => Details::with(
                "frames-changed",
                "Wait until nothing writes to the frames, and check them again.",
            ),
            Self::Unwritable { .. } => {
                Details::with("unwritable", "Name another folder with --into or --evidence.")
            }
        }
    }

    fn is_printed(&self) -> bool {
        matches!(self, Self::Blocked | Self::Asked)
    }
}

/// Examines a set, and mends a copy of it with `--fix`.
///
/// # Errors
///
/// [`CheckError::Blocked`] if an ingest would refuse the frames, or their mended copy, and [`CheckError::Asked`] if
/// visitors are bound to see what was found and it is not acknowledged; the findings are printed then.
pub(super) async fn run(args: CheckArgs) -> Result<(), CheckError> {
    let into = args.fix.then(|| args.into.clone().unwrap_or_else(|| mended::beside(&args.source)));
    // Before the work, which takes a minute.
    if let Some(into) = into.as_ref().filter(|into| into.symlink_metadata().is_ok()) {
        return Err(CheckError::Exists(into.clone()));
    }
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    let source = args.source.clone();
    let ended = bar.until_ended(move || check(&source, into.as_deref(), &tracker)).await;
    let Checked { found, mended } = ended.ok_or(CheckError::Interrupted)?.map_err(Failure::Died)??;

    let pictures = match &args.evidence {
        Some(folder) => write_evidence(folder, &found)?,
        None => vec![None; found.findings.len()],
    };
    if args.json {
        let mut answer = as_json(&found, &pictures);
        if let Some(mended) = &mended {
            answer["mended"] = json!({
                "into": mended.into.to_string_lossy(),
                "done": mended.done,
                "left": as_json(&mended.left, &vec![None; mended.left.findings.len()]),
            });
        }
        print_result(&answer.to_string());
    } else {
        print_result(&as_text(&found, &pictures));
        match &mended {
            Some(mended) => {
                print_result(&format!("\nMended in {}:", mended.into.display()));
                for done in &mended.done {
                    print_result(&format!("  {done}"));
                }
                print_result(&format!("\nThe mended copy: {}", as_text(&mended.left, &[])));
            }
            None if args.fix => {
                print_result("\nThere is nothing that can be mended safely, and no copy was made.");
            }
            None if !found.mends().is_empty() => {
                print_result("\nSome of it can be mended in a copy: add --fix.");
            }
            None => {}
        }
    }
    let last = mended.as_ref().map_or(&found, |mended| &mended.left);
    if last.blocks() {
        Err(CheckError::Blocked)
    } else if last.asks() && !args.acknowledge {
        if !args.json {
            print_result("\nPut right what visitors will see, or pass --acknowledge if it is meant.");
        }
        Err(CheckError::Asked)
    } else {
        Ok(())
    }
}

/// What was found, and what became of it.
struct Checked {
    found: Diagnosis,
    mended: Option<mended::Mended>,
}

fn check(path: &Path, into: Option<&Path>, tracker: &Tracker) -> Result<Checked, CheckError> {
    let limits = Limits::default();
    let source = Source::open(path, &limits).map_err(Failure::from)?;
    let found = examine(&source, &limits, tracker).map_err(failed)?;
    let mended = match into {
        Some(into) if !found.mends().is_empty() => {
            Some(mended::mend_into(into, source, &found, &limits, tracker)?)
        }
        _ => None,
    };
    Ok(Checked { found, mended })
}

fn failed(error: IngestError) -> CheckError {
    Failure::Ingest(error).into()
}

/// Writes the pictures, and answers where each finding's is.
fn write_evidence(folder: &Path, found: &Diagnosis) -> Result<Vec<Option<PathBuf>>, CheckError> {
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |source| CheckError::Unwritable { path, source }
    };
    fs::create_dir_all(folder).map_err(unwritable(folder))?;
    let write = |(i, finding): (usize, &Finding)| {
        let Some(picture) = &finding.evidence else { return Ok(None) };
        let path = folder.join(format!("{:02}-{}.webp", i + 1, finding.kind));
        fs::write(&path, picture).map_err(unwritable(&path))?;
        Ok(Some(path))
    };
    found.findings.iter().enumerate().map(write).collect()
}

fn as_text(found: &Diagnosis, pictures: &[Option<PathBuf>]) -> String {
    let of = |severity| found.findings.iter().filter(move |finding| finding.severity == severity).count();
    let frames = found.frames;
    let transparent = if found.transparent { TRANSPARENT } else { "" };
    if found.findings.is_empty() {
        return format!("{frames} frames, and nothing is wrong with them.{transparent}");
    }
    let mut text = format!("{frames} frames.{transparent}");
    for (severity, heading) in [
        (Severity::Blocks, "To put right first"),
        (Severity::Asks, "What visitors will see"),
        (Severity::Warns, "What visitors may notice"),
    ] {
        let count = of(severity);
        if count > 0 {
            let _ = write!(text, "\n\n{heading} ({count}):");
        }
        for (i, finding) in found.findings.iter().enumerate().filter(|(_, f)| f.severity == severity) {
            let _ = write!(text, "\n  {}: {}\n    {}", finding.kind, finding.message, finding.remedy);
            if let Some(Some(path)) = pictures.get(i) {
                let _ = write!(text, "\n    {}", path.display());
            }
        }
    }
    text
}

fn as_json(found: &Diagnosis, pictures: &[Option<PathBuf>]) -> Value {
    let finding = |(finding, picture): (&Finding, &Option<PathBuf>)| {
        json!({
            "kind": finding.kind.as_str(),
            "severity": finding.severity.as_str(),
            "frames": finding.frames,
            "message": finding.message,
            "remedy": finding.remedy,
            "mend": finding.mend.map(assets_pipeline::doctor::Mend::as_str),
            "evidence": picture.as_ref().map(|path| path.to_string_lossy()),
        })
    };
    let findings: Vec<Value> = found.findings.iter().zip(pictures).map(finding).collect();
    json!({
        "frames": found.frames,
        "blocks": found.blocks(),
        "asks": found.asks(),
        "transparent": found.transparent,
        "findings": findings,
    })
}
