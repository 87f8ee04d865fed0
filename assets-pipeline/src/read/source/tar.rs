//! A tar file, read in place (POSIX.1-2017, pax, "ustar Interchange Format"; GNU's long names as well).
//!
//! Its headers are looked through once, before anything is read: a tar has no directory.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tar::{Archive, EntryType, PaxExtensions};

use super::archive::{Files, choose, harmless_name, is_folder, is_passed_over};
use super::listing::Listing;
use super::names::{Stored, decoded};
use super::{Entry, claims};
use crate::read::limits::Limits;
use crate::read::refusal::Refusal;

/// Everything in a tar is a whole number of blocks.
const BLOCK_BYTES: u64 = 512;
/// What stands before an entry to say more of it, such as a long name, is a few hundred bytes. The library would
/// read as much as it says into memory.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;

/// Where the images of a tar begin, beside its entries.
#[derive(Debug)]
pub(super) struct Tar {
    path: PathBuf,
    offsets: Vec<u64>,
}

/// Whether a file is a tar, or at least claims to be.
pub(super) fn is_tar(path: &Path, name: &str) -> bool {
    let mut header = [0; BLOCK_BYTES as usize];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    claims(name, "tar") || (read.is_ok() && header[257..262] == *b"ustar")
}

pub(super) fn open(path: &Path, place: &str, limits: &Limits) -> Result<(Listing, Tar), Refusal> {
    let io_failed = |source| Refusal::Io { file: place.into(), source };
    let file = File::open(path).map_err(io_failed)?;
    let tar_bytes = file.metadata().map_err(io_failed)?.len();
    let broken = |source: io::Error| Refusal::TarBroken { file: place.into(), source };
    let mut archive = Archive::new(BufReader::new(file));
    let (mut members, mut ends_at) = (Vec::new(), 0);
    let mut said = Said::default();
    // Raw: what the library makes of extensions is not bounded.
    for (count, entry) in archive.entries_with_seek().map_err(broken)?.raw(true).enumerate() {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(source) => {
                // An entry that is cut short says more than what stands in the place of the next one.
                checked(&members, tar_bytes)?;
                return Err(broken(source));
            }
        };
        if count >= limits.max_files {
            return Err(Refusal::TooManyFiles { place: place.into(), max_files: limits.max_files });
        }
        let (offset, bytes) = (entry.raw_file_position(), entry.size());
        ends_at = offset.saturating_add(bytes).div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES);
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader) {
            said.more(kind, &read_extension(&mut entry, bytes).map_err(broken)?).map_err(broken)?;
            continue;
        }
        let (name, is_utf8) = std::mem::take(&mut said).name(&entry.path_bytes());
        members.push(Member { name, is_utf8, kind, offset, bytes });
    }
    let (files, offsets) = checked(&members, tar_bytes)?;
    ends_with_an_empty_block(path, ends_at)
        .map_err(io_failed)?
        .then_some(())
        .ok_or_else(|| Refusal::Truncated { file: place.into(), reason: "it has no end".into() })?;
    let (listing, chosen) = choose(&files.packed, place)?;
    let offsets = chosen.into_iter().map(|index| offsets[index]).collect();
    Ok((listing, Tar { path: path.into(), offsets }))
}

/// An entry of a tar, before it is looked at.
struct Member {
    name: Vec<u8>,
    is_utf8: bool,
    kind: EntryType,
    offset: u64,
    bytes: u64,
}

/// The files, and where each begins.
fn checked(members: &[Member], tar_bytes: u64) -> Result<(Files, Vec<u64>), Refusal> {
    let stored: Vec<Stored<'_>> =
        members.iter().map(|member| Stored { bytes: &member.name, is_utf8: member.is_utf8 }).collect();
    let (mut files, mut offsets) = (Files::default(), Vec::new());
    for (&Member { kind, offset, bytes, .. }, name) in members.iter().zip(decoded(&stored)) {
        if is_passed_over(&name) || kind == EntryType::XGlobalHeader {
            continue;
        }
        harmless_name(&name)?;
        match kind {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Directory => continue,
            _ => return Err(Refusal::ArchiveLink { file: name }),
        }
        // The oldest tars tell a folder by its name alone.
        if is_folder(&name) {
            continue;
        }
        if offset.saturating_add(bytes) > tar_bytes {
            return Err(Refusal::Truncated { file: name, reason: "the tar ends inside it".into() });
        }
        files.add(offsets.len(), &name, bytes)?;
        offsets.push(offset);
    }
    Ok((files, offsets))
}

impl Tar {
    pub(super) fn copy(&self, index: usize, entry: &Entry, into: &mut dyn Write) -> Result<u64, Refusal> {
        let failed = |source| Refusal::Io { file: entry.name.clone(), source };
        let mut file = File::open(&self.path).map_err(failed)?;
        file.seek(SeekFrom::Start(self.offsets[index])).map_err(failed)?;
        let bytes = io::copy(&mut file.take(entry.bytes), into).map_err(failed)?;
        if bytes != entry.bytes {
            let reason = format!("the tar holds {bytes} of its {} bytes", entry.bytes);
            return Err(Refusal::Truncated { file: entry.name.clone(), reason });
        }
        Ok(bytes)
    }
}

/// What extensions say of the entry that follows them.
#[derive(Default)]
struct Said {
    /// And whether it is UTF-8 for certain.
    name: Option<(Vec<u8>, bool)>,
}

impl Said {
    fn more(&mut self, kind: EntryType, bytes: &[u8]) -> io::Result<()> {
        if kind == EntryType::GNULongName {
            let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
            self.name = Some((name.to_vec(), false));
        } else if kind == EntryType::XHeader {
            for field in PaxExtensions::new(bytes) {
                let field = field?;
                match field.key_bytes() {
                    b"path" => self.name = Some((field.value_bytes().to_vec(), true)),
                    // The header has room for 8 GiB, which no frame has.
                    b"size" => return Err(io::Error::other("an entry's length stands outside its header")),
                    key if key.starts_with(b"GNU.sparse") => {
                        return Err(io::Error::other("an entry is sparse"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn name(self, header: &[u8]) -> (Vec<u8>, bool) {
        self.name.unwrap_or_else(|| (header.to_vec(), false))
    }
}

fn read_extension(entry: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    if bytes > MAX_EXTENSION_BYTES {
        return Err(io::Error::other("a name is longer than any disk takes"));
    }
    let mut extension = Vec::new();
    entry.take(bytes).read_to_end(&mut extension)?;
    Ok(extension)
}

/// A tar that was cut between two entries has no other sign of it.
fn ends_with_an_empty_block(path: &Path, at: u64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut block = [0xff; BLOCK_BYTES as usize];
    match file.read_exact(&mut block) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
        Ok(()) => Ok(block.iter().all(|byte| *byte == 0)),
    }
}

#[cfg(test)]
mod tests;
