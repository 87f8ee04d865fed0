//! Which files of a folder or zip are the frames, which are junk, and which are neither.

use std::cmp::Ordering;

use super::Entry;
use crate::read::integrity::Format;

/// The frames of a source, and what else was there.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) entries: Vec<Entry>,
    pub(super) ignored: Vec<String>,
}

/// What a file is to the pipeline, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    /// What systems and tools leave behind: not worth a word.
    Junk,
    Other,
}

/// What a file or folder is, by the name without its folder.
pub(super) fn kind(name: &str) -> Kind {
    const JUNK: [&str; 6] = ["__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r"];
    const NOTES: [&str; 5] = [".txt", ".json", ".md", ".csv", ".log"];
    let lower = name.to_lowercase();
    if name.starts_with('.')
        || JUNK.contains(&lower.as_str())
        || NOTES.iter().any(|note| lower.ends_with(note))
    {
        Kind::Junk
    } else if Format::of_name(name).is_some() {
        Kind::Image
    } else {
        Kind::Other
    }
}

/// Natural order (2 before 10), and bytes where that finds no difference, so that it never depends on the
/// file system.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    alphanumeric_sort::compare_str(a, b).then_with(|| a.cmp(b))
}
