//! A zip file, read in place.
//!
//! All entries are checked before any is read, also those that are no frames: a zip with one hostile entry
//! deserves no trust. What systems leave behind is neither looked at nor read.

mod directory;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::read::{ZipArchiveMetadata, ZipFileEntry};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipReadOptions};

use directory::End;

use super::archive::{Files, Packed, choose, harmless_name, is_folder, is_passed_over};
use super::listing::{Kind, Listing};
use super::names::{Stored, decoded};
use super::{Entry, claims, copy_at_most};
use crate::read::limits::Limits;
use crate::read::refusal::Refusal;

const FILE_TYPE_MASK: u32 = 0o170_000;
const ORDINARY_FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
/// The bit of an entry's flags that says that its name is UTF-8 (APPNOTE 6.3.10, section 4.4.4). The library sets it as
/// well where an extra field has the name in UTF-8, which it takes then (section 4.6.9).
const UTF8: u16 = 1 << 11;

/// The packed images of a zip, beside its entries.
#[derive(Debug)]
pub(super) struct Zip {
    path: PathBuf,
    metadata: Arc<ZipArchiveMetadata>,
    /// Where each image stands in `metadata`.
    indices: Vec<usize>,
}

/// Whether a file is a zip, or at least claims to be.
pub(super) fn is_zip(path: &Path, name: &str) -> bool {
    claims(name, "zip") || File::open(path).and_then(|mut file| begins_as_zip(&mut file)).unwrap_or(false)
}

fn begins_as_zip(file: &mut File) -> io::Result<bool> {
    let mut magic = [0; 4];
    match file.read_exact(&mut magic) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06")),
    }
}

pub(super) fn open(path: &Path, place: &str, limits: &Limits) -> Result<(Listing, Zip), Refusal> {
    let io_failed = |source| Refusal::Io { file: place.into(), source };
    let broken = |why: &'static str| {
        let source = ZipError::InvalidArchive(why.into());
        Refusal::ZipBroken { file: place.into(), source }
    };
    let mut file = File::open(path).map_err(io_failed)?;
    let zip_bytes = file.metadata().map_err(io_failed)?.len();
    if !begins_as_zip(&mut file).map_err(io_failed)? {
        // A zip reader would find the zip at the end of whatever it is.
        return Err(broken("it does not begin as a zip"));
    }
    match directory::end(&mut file).map_err(io_failed)? {
        End::Missing => return Err(broken("it is cut short")),
        End::Two => return Err(broken("its comment holds the end of another zip")),
        End::Entries(entries) if entries > limits.max_files as u64 => {
            return Err(Refusal::TooManyFiles { place: place.into(), max_files: limits.max_files });
        }
        End::Entries(_) => {}
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
        return Err(Refusal::ArchiveDuplicate { file: file.unwrap_or_else(|| place.into()) });
    }
    let metadata = archive.metadata();
    let files = checked(&metadata, place, zip_bytes, limits)?;
    let (listing, indices) = choose(&files, place)?;
    Ok((listing, Zip { path: path.into(), metadata, indices }))
}

impl Zip {
    pub(super) fn copy(&self, index: usize, entry: &Entry, into: &mut dyn Write) -> Result<u64, Refusal> {
        let mut file = File::open(&self.path).map_err(|error| unpack_refusal(entry, error))?;
        let packed = self.metadata.entry(self.indices[index]);
        let bytes = packed
            .and_then(|packed| packed.with_reader(&mut file, ZipReadOptions::new()))
            .map_err(io::Error::from)
            .and_then(|reader| copy_at_most(reader, entry.bytes, into))
            .map_err(|error| unpack_refusal(entry, error))?;
        if bytes != entry.bytes {
            let reason = format!("the zip holds {bytes} of its {} bytes", entry.bytes);
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

fn checked(
    metadata: &ZipArchiveMetadata,
    place: &str,
    zip_bytes: u64,
    limits: &Limits,
) -> Result<Vec<Packed>, Refusal> {
    let broken = |source| Refusal::ZipBroken { file: place.into(), source };
    let entries: Vec<ZipFileEntry<'_>> =
        (0..metadata.len()).map(|index| metadata.entry(index)).collect::<Result<_, _>>().map_err(broken)?;
    let stored: Vec<Stored<'_>> = entries
        .iter()
        .map(|entry| Stored { bytes: entry.name_raw(), is_utf8: entry.flags().as_u16() & UTF8 != 0 })
        .collect();
    let packed_bytes = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.compressed_size()));
    let mut files = Files::default();
    for (index, (entry, name)) in entries.iter().zip(decoded(&stored)).enumerate() {
        if is_passed_over(&name) {
            continue;
        }
        harmless_name(&name)?;
        harmless(entry, &name, limits)?;
        if is_folder(&name) {
            continue;
        }
        let kind = files.add(index, &name, entry.size())?;
        let method = entry.compression();
        if kind == Kind::Image && !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(Refusal::ZipMethod { file: name });
        }
    }
    if packed_bytes > zip_bytes {
        // The trick that reaches ratios of millions: many entries share the same packed bytes.
        return Err(Refusal::ZipBomb { file: place.into(), reason: "its files overlap each other".into() });
    }
    Ok(files.packed)
}

fn harmless(entry: &ZipFileEntry<'_>, name: &str, limits: &Limits) -> Result<(), Refusal> {
    let file = || name.to_string();
    // Zips made on Windows have no file type here.
    let file_type = entry.unix_mode().unwrap_or(0) & FILE_TYPE_MASK;
    if !matches!(file_type, 0 | ORDINARY_FILE | FOLDER) {
        return Err(Refusal::ArchiveLink { file: file() });
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
