//! Bad input, one kind a test: each is refused with its slug, by the name of the file, and with a remedy.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what is wrong by failing")]

mod folders;
mod mutations;
#[path = "../samples/mod.rs"]
mod samples;
mod zips;

use std::fs;
use std::path::Path;

use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::refusal::Refusal;
use assets_pipeline::read::source::Source;
use assets_pipeline::read::survey::{Survey, survey};
use tempfile::TempDir;

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn frames(count: u32) -> Vec<(String, Vec<u8>)> {
    (1..=count).map(|n| (format!("ring_{n:04}.png"), samples::png(8, 6))).collect()
}

fn folder_of(frames: &[(String, Vec<u8>)]) -> TempDir {
    let frames: Vec<(&str, Vec<u8>)> =
        frames.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    folder(&frames)
}

fn surveyed(path: &Path) -> Result<Survey, Refusal> {
    let limits = Limits::default();
    survey(&Source::open(path, &limits)?, &limits, None)
}

/// The refusal has this slug, names this file both in its message and to machines, and says what to do.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Refusal>, slug: &str, file: Option<&str>) {
    let refusal = result.unwrap_err();
    let message = refusal.to_string();
    assert_eq!(refusal.slug(), slug, "{message}");
    assert_eq!(refusal.file(), file, "{message}");
    assert!(message.contains(file.unwrap_or_default()), "{message}");
    assert!(refusal.remedy().ends_with('.'), "{}", refusal.remedy());
}

#[track_caller]
fn assert_folder_refused(files: &[(String, Vec<u8>)], slug: &str, file: Option<&str>) {
    assert_refused(surveyed(folder_of(files).path()), slug, file);
}
