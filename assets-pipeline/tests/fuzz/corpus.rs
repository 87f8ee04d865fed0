//! The inputs that are kept, under names that say why.
//!
//! `caught-...` makes a codec panic, which the decode front turns into a refusal. `damaged-...` and `whole-...`
//! bring the codecs to one of their answers each. The others did what must not be, once.

use std::fs;
use std::path::{Path, PathBuf};

use assets_pipeline::read::limits::Limits;

use crate::case::{Case, small};

/// So many inputs of one cause are kept.
const KEPT: usize = 2;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Every input that is kept, under each of the limits, with its file's name.
pub(crate) fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for name in names() {
        let bytes = fs::read(folder().join(&name)).unwrap();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let as_name = if extension == "bin" { "r1".to_string() } else { format!("r1.{extension}") };
        for limits in [Limits::default(), small()] {
            cases
                .push((name.clone(), Case { name: as_name.clone(), bytes: bytes.clone(), limits, edits: 0 }));
        }
    }
    cases
}

/// Keeps an input of this cause, if there are not enough yet; says under which name.
pub(crate) fn keep(cause: &str, number: u64, case: &Case) -> Option<String> {
    let dashed: String = cause.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
    let cause = words.join("-").to_lowercase();
    let cause: String = cause.chars().take(100).collect();
    let same = |name: &String| {
        name.strip_prefix(&cause).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| {
            rest.split('.').next().is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    if names().iter().filter(|name| same(name)).count() >= KEPT {
        return None;
    }
    let name = format!("{cause}-{number}.{}", case.extension().to_ascii_lowercase());
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join(&name), &case.bytes).unwrap();
    Some(name)
}

fn names() -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder()) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
