//! What zips and tars have in common: names that may be hostile, and the folder among theirs that is meant.
//!
//! A name is first text, then junk or not, and only then safe or not: in the middle of a character of another encoding
//! may stand a backslash, and a Mac's icon has a control character in its name.

use std::collections::{BTreeSet, HashSet};

use super::Entry;
use super::listing::{self, Kind, Listing, are_covers, is_junk};
use super::names::composed;
use crate::read::refusal::{NameFault, Refusal};

/// No disk takes a longer name of a file or folder.
const MAX_NAME_CHARS: usize = 255;
/// How many folders deep a file may lie. Frames lie in one or two; every further one costs memory.
const MAX_FOLDERS: usize = 32;

/// A file in an archive whose name was found harmless.
pub(super) struct Packed {
    /// Where it stands in the archive.
    pub(super) index: usize,
    /// The name's parts, the last of which is the file's own name.
    parts: Vec<String>,
    bytes: u64,
    kind: Kind,
}

/// The files of an archive, none of them twice.
#[derive(Default)]
pub(super) struct Files {
    pub(super) packed: Vec<Packed>,
    seen: HashSet<Vec<String>>,
}

impl Files {
    /// Adds a file with a [harmless name](harmless_name), and says what it is to the pipeline.
    pub(super) fn add(&mut self, index: usize, name: &str, bytes: u64) -> Result<Kind, Refusal> {
        // Half of a folder's names may come from a Mac.
        let parts: Vec<String> =
            name.split(SEPARATORS).filter(|part| !matches!(*part, "" | ".")).map(composed).collect();
        if !self.seen.insert(parts.clone()) {
            return Err(Refusal::ArchiveDuplicate { file: name.into() });
        }
        let kind = parts.last().map_or(Kind::Junk, |own| listing::kind(own));
        self.packed.push(Packed { index, parts, bytes, kind });
        Ok(kind)
    }
}

/// Some programs of Windows write backslashes, against the rule (APPNOTE 6.3.10, section 4.4.17.1).
const SEPARATORS: [char; 2] = ['/', '\\'];

/// Whether an archive has a folder by this name, and not a file.
pub(super) fn is_folder(name: &str) -> bool {
    name.ends_with(SEPARATORS)
}

/// Whether an entry is one to pass over whatever else is odd about it.
pub(super) fn is_passed_over(name: &str) -> bool {
    !name.is_empty() && is_junk(name)
}

/// Refuses a name that is dangerous to unpack. Nothing is unpacked under it, but who sends such names means
/// harm.
pub(super) fn harmless_name(name: &str) -> Result<(), Refusal> {
    match name_fault(name) {
        Some(fault) => Err(Refusal::ArchiveUnsafeName { file: name.into(), fault }),
        None => Ok(()),
    }
}

fn name_fault(name: &str) -> Option<NameFault> {
    let has_drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if name.is_empty() {
        Some(NameFault::Nameless)
    } else if name.contains(char::is_control) {
        Some(NameFault::Control)
    } else if name.split(SEPARATORS).any(|part| part == "..") {
        Some(NameFault::Escapes)
    } else if name.starts_with(SEPARATORS) || has_drive {
        Some(NameFault::Absolute)
    } else if name.split(SEPARATORS).any(|part| part.chars().count() > MAX_NAME_CHARS)
        || name.split(SEPARATORS).count() > MAX_FOLDERS + 1
    {
        Some(NameFault::TooLong)
    } else {
        None
    }
}

/// Takes the images from the outermost folder that has some, as [`folder`](super::folder) does on disk. A cover beside
/// the folder with the frames is left out.
pub(super) fn choose(files: &[Packed], place: &str) -> Result<(Listing, Vec<usize>), Refusal> {
    let mut images: Vec<&Packed> = files.iter().filter(|file| file.kind == Kind::Image).collect();
    let mut listing = Listing::default();
    let path = |file: &Packed| file.parts.join("/");
    let others = files.iter().filter(|file| file.kind == Kind::Other);
    listing.ignored.extend(others.map(path));
    let mut depth = 0;
    // All images share their first `depth` folders.
    let mut chosen = loop {
        let (here, deeper): (Vec<&Packed>, Vec<&Packed>) =
            images.into_iter().partition(|image| image.parts.len() == depth + 1);
        let folders: BTreeSet<String> = deeper.iter().map(|image| image.parts[..=depth].join("/")).collect();
        if folders.is_empty() || !here.is_empty() && !are_covers(here.len(), deeper.len()) {
            listing.ignored.extend(folders.into_iter().map(|folder| format!("{folder}/")));
            break here;
        }
        if folders.len() > 1 {
            let mut folders: Vec<String> = folders.into_iter().collect();
            folders.sort_by(|a, b| listing::natural(a, b));
            return Err(Refusal::SeveralFolders { place: place.into(), folders });
        }
        listing.ignored.extend(here.into_iter().map(path));
        images = deeper;
        depth += 1;
    };
    listing.ignored.sort_by(|a, b| listing::natural(a, b));
    chosen.sort_by(|a, b| listing::natural(&a.parts[depth], &b.parts[depth]));
    listing.entries =
        chosen.iter().map(|image| Entry { name: image.parts[depth].clone(), bytes: image.bytes }).collect();
    Ok((listing, chosen.iter().map(|image| image.index).collect()))
}
