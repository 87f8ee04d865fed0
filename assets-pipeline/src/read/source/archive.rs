//! What zips and tars have in common: names that may be hostile, and the folder among theirs that is meant.

use std::collections::{BTreeSet, HashSet};

use super::Entry;
use super::listing::{self, Kind, Listing};
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
        let parts: Vec<String> =
            name.split('/').filter(|part| !matches!(*part, "" | ".")).map(ToOwned::to_owned).collect();
        if !self.seen.insert(parts.clone()) {
            return Err(Refusal::ArchiveDuplicate { file: name.into() });
        }
        let is_junk = parts.iter().any(|part| listing::kind(part) == Kind::Junk);
        let kind = match parts.last() {
            Some(own) if !is_junk => listing::kind(own),
            _ => Kind::Junk,
        };
        self.packed.push(Packed { index, parts, bytes, kind });
        Ok(kind)
    }
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
    } else if name.split(['/', '\\']).any(|part| part == "..") {
        Some(NameFault::Escapes)
    } else if name.starts_with(['/', '\\']) || has_drive {
        Some(NameFault::Absolute)
    } else if name.contains('\\') {
        Some(NameFault::Backslash)
    } else if name.split('/').any(|part| part.chars().count() > MAX_NAME_CHARS)
        || name.split('/').count() > MAX_FOLDERS + 1
    {
        Some(NameFault::TooLong)
    } else {
        None
    }
}

/// Takes the images from the outermost folder that has some, as [`folder`](super::folder) does on disk.
pub(super) fn choose(files: &[Packed], place: &str) -> Result<(Listing, Vec<usize>), Refusal> {
    let images: Vec<&Packed> = files.iter().filter(|file| file.kind == Kind::Image).collect();
    let mut listing = Listing::default();
    let others = files.iter().filter(|file| file.kind == Kind::Other);
    listing.ignored.extend(others.map(|file| file.parts.join("/")));
    let mut depth = 0;
    // All images share their first `depth` folders.
    while !images.is_empty() && images.iter().all(|image| image.parts.len() > depth + 1) {
        let folders: BTreeSet<&str> = images.iter().map(|image| image.parts[depth].as_str()).collect();
        if folders.len() > 1 {
            let above = &images[0].parts[..depth];
            let path =
                |folder: &str| above.iter().map(String::as_str).chain([folder]).collect::<Vec<_>>().join("/");
            let mut folders: Vec<String> = folders.into_iter().map(path).collect();
            folders.sort_by(|a, b| listing::natural(a, b));
            return Err(Refusal::SeveralFolders { place: place.into(), folders });
        }
        depth += 1;
    }
    let (mut chosen, deeper): (Vec<&Packed>, Vec<&Packed>) =
        images.into_iter().partition(|image| image.parts.len() == depth + 1);
    let left_out: BTreeSet<String> =
        deeper.iter().map(|image| format!("{}/", image.parts[..=depth].join("/"))).collect();
    listing.ignored.extend(left_out);
    listing.ignored.sort_by(|a, b| listing::natural(a, b));
    chosen.sort_by(|a, b| listing::natural(&a.parts[depth], &b.parts[depth]));
    listing.entries =
        chosen.iter().map(|image| Entry { name: image.parts[depth].clone(), bytes: image.bytes }).collect();
    Ok((listing, chosen.iter().map(|image| image.index).collect()))
}
