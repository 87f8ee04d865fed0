//! `girasol report`.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde_json::json;
use time::{OffsetDateTime, macros::format_description};

use crate::{
    config::Config,
    ingest::{Failure, tracker::Tracker},
    report::{figures, gather, page},
    whole_file::{beside, folder},
};

use super::{
    OUTPUT,
    failure::{Details, Explain},
    print_result,
    progress_bar::ProgressBar,
    settings::SettingsArgs,
};

/// Arguments of `girasol report`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol report ring-gold/
  girasol report ring-gold.zip --effort max --out gold.html --json")]
pub(super) struct ReportArgs {
    /// Folder, zip or tar of raw frames: PNG, JPEG, TIFF or WebP, numbered in turn order.
    #[arg(value_name = "DIR|ARCHIVE")]
    pub(super) source: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
    /// File to write.
    #[arg(long, help_heading = OUTPUT, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// Print the figures as JSON as well.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReportError {
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The frames could not be encoded.
    #[error(transparent)]
    Frames(#[from] Failure),
    /// The page could not be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// The page.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
}

impl Explain for ReportError {
    fn details(&self) -> Details {
        match self {
            Self::Interrupted => Details::with("interrupted", "Nothing was written."),
            Self::Frames(failure) => failure.details(),
            Self::Unwritable { .. } => Details::with("unwritable", "Name another file with --out."),
        }
    }
}

/// Encodes as an ingest does, but touches neither database nor store.
pub(super) async fn run(config: &Config, args: ReportArgs) -> Result<(), ReportError> {
    let ReportArgs { source, settings, out, json } = args;
    // Before the work, which takes minutes.
    check_place(&out)?;
    let settings = settings.over(config);
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    let ended = bar.until_ended(move || gather(&source, settings, now(), tracker.as_ref())).await;
    let ended = ended.ok_or(ReportError::Interrupted)?.map_err(Failure::Died)?;
    let report = ended.map_err(Failure::Ingest)?;

    let html = page(&report);
    write_whole(&out, html.as_bytes())
        .map_err(|source| ReportError::Unwritable { path: out.clone(), source })?;
    if json {
        let mut figures = figures(&report);
        figures["file"] = json!(out.to_string_lossy());
        figures["file_bytes"] = json!(html.len());
        print_result(&figures.to_string());
    } else {
        print_result(&format!(
            "{} reports on {} frames; it has {:.1} MB.",
            out.display(),
            report.plan.turn,
            html.len() as f64 / 1e6
        ));
    }
    Ok(())
}

fn now() -> String {
    // The format names no component that a date could lack.
    OffsetDateTime::now_utc()
        .format(format_description!("[year]-[month]-[day] [hour]:[minute]"))
        .unwrap_or_default()
}

/// Refuses a place where no file can be put.
fn check_place(path: &Path) -> Result<(), ReportError> {
    let refuse = |source| ReportError::Unwritable { path: path.to_owned(), source };
    if path.is_dir() {
        return Err(refuse(io::ErrorKind::IsADirectory.into()));
    }
    let folder = fs::metadata(folder(path)).map_err(refuse)?;
    if folder.is_dir() { Ok(()) } else { Err(refuse(io::ErrorKind::NotADirectory.into())) }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        // A folder cannot be replaced by a file.
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_whole(&folder.path().join("taken"), b"new").is_err());
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["report.html", "taken"]);
    }

    #[test]
    fn a_place_that_cannot_hold_a_file_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_place(folder.path()).is_err());
        assert!(check_place(&folder.path().join("nowhere/report.html")).is_err());
        assert!(check_place(&folder.path().join("report.html")).is_ok());
        assert!(check_place(Path::new("report.html")).is_ok());
    }
}
