//! Which files of a source are the frames, which are junk, and which are neither.

use std::cmp::Ordering;

use super::Entry;
use crate::read::integrity::Format;

/// Beside a folder of frames more pictures than this are no covers.
pub(super) const MAX_COVERS: usize = 4;
/// How many times as many frames a folder has as there are covers beside it.
const FRAMES_A_COVER: usize = 4;

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
    // An icon's name ends with a carriage return, for which file servers write a private character.
    const JUNK: [&str; 11] = [
        "__macosx",
        "icon\r",
        "icon\u{f00d}",
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "system volume information",
        "@eadir",
        "#recycle",
    ];
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

/// Whether a path is one that systems and tools leave behind: hidden files, icons, thumbnails, notes, and whatever
/// lies in folders of theirs. A path that leads out of its folder is none: no system writes it.
pub fn is_junk(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")).peekable();
    let leads_out = path.starts_with(['/', '\\']) || parts.clone().any(|part| part == "..");
    parts.peek().is_none() || !leads_out && parts.any(|part| kind(part) == Kind::Junk)
}

/// Whether pictures beside the one folder with frames are its cover, and no frames.
pub(super) fn are_covers(beside: usize, inside: usize) -> bool {
    beside <= MAX_COVERS && beside * FRAMES_A_COVER <= inside
}

/// Natural order (2 before 10), and bytes where that finds no difference, so that it never depends on the
/// file system.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    alphanumeric_sort::compare_str(a, b).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systems_leave_behind_is_junk_wherever_it_lies() {
        for junk in [
            ".DS_Store",
            "turn/.DS_Store",
            "__MACOSX/._001.png",
            "Thumbs.db",
            "DESKTOP.INI",
            "ring/Icon\r",
            "ring\\Thumbs.db",
            "@eaDir/001.png/SYNOPHOTO_THUMB.jpg",
            "notes.txt",
            ".",
            "",
        ] {
            assert!(is_junk(junk), "{junk:?}");
        }
        for wanted in
            ["001.png", "turn/001.png", "thumbs.db.png", "ring.zip", "../.bashrc", "/.profile", "turn/"]
        {
            assert!(!is_junk(wanted), "{wanted:?}");
        }
    }
}
