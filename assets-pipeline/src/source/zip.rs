//! A zip file, read in place.
//!
//! All entries are checked before any is read, also those that are no frames: a zip with one hostile entry
//! deserves no trust.

mod directory;

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::read::{ZipArchiveMetadata, ZipFileEntry};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipReadOptions};

use super::listing::{self, Kind, Listing};
use super::{Entry, read_at_most};
use crate::limits::Limits;
use crate::refusal::{NameFault, Refusal};

const FILE_TYPE_MASK: u32 = 0o170_000;
const ORDINARY_FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// No disk takes a longer name of a file or folder.
const MAX_NAME_CHARS: usize = 255;
/// How many folders deep a file may lie. Frames lie in one or two; every further one costs memory.
const MAX_FOLDERS: usize = 32;

/// The packed images of a zip, beside its entries.
#[derive(Debug)]
pub(super) struct Zip {
    path: PathBuf,
    metadata: Arc<ZipArchiveMetadata>,
    /// Where each image stands in `metadata`.
    indices: Vec<usize>,
}

/// Whether a file is a zip, or at least claims to be.
pub(super) fn is_zip(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    let claims = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    claims || (read.is_ok() && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06"))
}

pub(super) fn open(path: &Path, place: &str, limits: &Limits) -> Result<(Listing, Zip), Refusal> {
    let io_failed = |source| Refusal::Io { file: place.into(), source };
    let mut file = File::open(path).map_err(io_failed)?;
    let zip_bytes = file.metadata().map_err(io_failed)?.len();
    if directory::declared_entries(&mut file).map_err(io_failed)? > limits.max_files as u64 {
        return Err(Refusal::TooManyFiles { place: place.into(), max_files: limits.max_files });
    }
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => io_failed(source),
        source => Refusal::ZipBroken { file: place.into(), source },
    })?;
    if archive.len() > limits.max_files {
        return Err(Refusal::TooManyFiles { place: place.into(), max_files: limits.max_files });
    }
    if archive.has_duplicate_names() {
        let start = archive.central_directory_start();
        let file = directory::first_duplicate(archive.into_inner(), start).map_err(io_failed)?;
        return Err(Refusal::ZipDuplicate { file: file.unwrap_or_else(|| place.into()) });
    }
    let metadata = archive.metadata();
    let files = checked(&metadata, place, zip_bytes, limits)?;
    let (listing, indices) = choose(&files, place)?;
    Ok((listing, Zip { path: path.into(), metadata, indices }))
}

impl Zip {
    pub(super) fn read(&self, index: usize, entry: &Entry) -> Result<Vec<u8>, Refusal> {
        let mut file = File::open(&self.path).map_err(|error| unpack_refusal(entry, error))?;
        let packed = self.metadata.entry(self.indices[index]);
        let bytes = packed
            .and_then(|packed| packed.with_reader(&mut file, ZipReadOptions::new()))
            .map_err(io::Error::from)
            .and_then(|reader| read_at_most(reader, entry.bytes, entry.bytes))
            .map_err(|error| unpack_refusal(entry, error))?;
        if bytes.len() as u64 != entry.bytes {
            let reason = format!("the zip holds {} of its {} bytes", bytes.len(), entry.bytes);
            return Err(Refusal::Truncated { file: entry.name.clone(), reason });
        }
        Ok(bytes)
    }
}

fn unpack_refusal(entry: &Entry, source: io::Error) -> Refusal {
    let file = entry.name.clone();
    match source.kind() {
        io::ErrorKind::UnexpectedEof => Refusal::Truncated { file, reason: "the zip ends inside it".into() },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Refusal::Unreadable { file, reason: format!("it cannot be unpacked ({source})") }
        }
        _ => Refusal::Io { file, source },
    }
}

/// A file in the zip whose name and sizes were found harmless.
struct Packed {
    index: usize,
    /// The name's parts, the last of which is the file's own name.
    parts: Vec<String>,
    bytes: u64,
    kind: Kind,
}

fn checked(
    metadata: &ZipArchiveMetadata,
    place: &str,
    zip_bytes: u64,
    limits: &Limits,
) -> Result<Vec<Packed>, Refusal> {
    let broken = |source| Refusal::ZipBroken { file: place.into(), source };
    let mut files = Vec::with_capacity(metadata.len());
    let mut seen = HashSet::new();
    let mut packed_bytes = 0_u64;
    for index in 0..metadata.len() {
        let entry = metadata.entry(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        packed_bytes = packed_bytes.saturating_add(entry.compressed_size());
        if let Some(fault) = name_fault(&name) {
            return Err(Refusal::ZipUnsafeName { file: name, fault });
        }
        harmless(&entry, &name, limits)?;
        if entry.is_dir() {
            continue;
        }
        let parts: Vec<String> =
            name.split('/').filter(|part| !matches!(*part, "" | ".")).map(ToOwned::to_owned).collect();
        if !seen.insert(parts.clone()) {
            return Err(Refusal::ZipDuplicate { file: name });
        }
        let is_junk = parts.iter().any(|part| listing::kind(part) == Kind::Junk);
        let kind = match parts.last() {
            Some(own) if !is_junk => listing::kind(own),
            _ => Kind::Junk,
        };
        let method = entry.compression();
        if kind == Kind::Image && !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Refusal::ZipMethod { file: name });
        }
        files.push(Packed { index, parts, bytes: entry.size(), kind });
    }
    if packed_bytes > zip_bytes {
        // The trick that reaches ratios of millions: many entries share the same packed bytes.
        return Err(Refusal::ZipBomb { file: place.into(), reason: "its files overlap each other".into() });
    }
    Ok(files)
}

/// What makes a name dangerous to unpack. Nothing is unpacked here, but who sends such names means harm.
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

fn harmless(entry: &ZipFileEntry<'_>, name: &str, limits: &Limits) -> Result<(), Refusal> {
    let file = || name.to_string();
    // Zips made on Windows have no file type here.
    let file_type = entry.unix_mode().unwrap_or(0) & FILE_TYPE_MASK;
    if !matches!(file_type, 0 | ORDINARY_FILE | FOLDER) {
        return Err(Refusal::ZipSymlink { file: file() });
    }
    if entry.encrypted() {
        return Err(Refusal::ZipEncrypted { file: file() });
    }
    let (packed, unpacked) = (entry.compressed_size(), entry.size());
    let honest = packed.saturating_mul(limits.max_zip_ratio);
    if unpacked > honest && unpacked > limits.zip_ratio_from_bytes {
        let reason = format!("it says that {packed} bytes unpack to {unpacked}");
        return Err(Refusal::ZipBomb { file: file(), reason });
    }
    Ok(())
}

/// Takes the images from the outermost folder that has some, as [`folder`](super::folder) does on disk.
fn choose(files: &[Packed], place: &str) -> Result<(Listing, Vec<usize>), Refusal> {
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
