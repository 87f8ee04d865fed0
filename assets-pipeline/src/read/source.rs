//! Where frames come from: a folder, or a zip or tar that is read in place.

mod archive;
mod folder;
mod listing;
mod names;
mod tar;
mod zip;

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::read::limits::Limits;
use crate::read::refusal::{Excess, Refusal};
use listing::Listing;
pub use listing::is_junk;
pub use names::composed;

/// A folder or archive of frames. Threads may read from it at the same time.
#[derive(Debug)]
pub struct Source {
    place: String,
    entries: Vec<Entry>,
    ignored: Vec<String>,
    store: Store,
    max_file_bytes: u64,
}

/// An image file of a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name without its folder, as text whose accents are [composed].
    pub name: String,
    /// Its size in bytes, unpacked.
    pub bytes: u64,
}

#[derive(Debug)]
enum Store {
    Folder(folder::Folder),
    Zip(zip::Zip),
    Tar(tar::Tar),
}

impl Source {
    /// Opens a folder, a zip or a tar and checks what can be checked without reading its files.
    ///
    /// Images are taken from the folder itself; where it has none, or only a cover, from the one folder inside it
    /// that has some.
    ///
    /// # Errors
    ///
    /// Refuses what is neither, what has no images, images in several folders, or more of anything than the
    /// limits allow; a folder in which two names look the same; and an archive that has unsafe names, links, passwords,
    /// duplicates or impossible sizes, in whichever entry that is not [junk](is_junk).
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, Refusal> {
        Self::open_as(path, &place(path), limits)
    }

    /// The same, where the artist knows the folder or archive by another name than the path's.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_as(path: &Path, place: &str, limits: &Limits) -> Result<Self, Refusal> {
        let place = place.to_owned();
        let metadata = fs::metadata(path).map_err(|source| Refusal::Io { file: place.clone(), source })?;
        let (listing, store) = if metadata.is_dir() {
            let (listing, folder) = folder::open(path, &place, limits)?;
            (listing, Store::Folder(folder))
        } else if metadata.is_file() && zip::is_zip(path, &place) {
            let (listing, zip) = zip::open(path, &place, limits)?;
            (listing, Store::Zip(zip))
        } else if metadata.is_file() && tar::is_tar(path, &place) {
            let (listing, tar) = tar::open(path, &place, limits)?;
            (listing, Store::Tar(tar))
        } else {
            return Err(Refusal::NotASource { file: place });
        };
        let Listing { entries, ignored } = listing;
        if entries.is_empty() {
            return Err(Refusal::Empty { place, others: ignored });
        }
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(Refusal::NameTwice { file: pair[0].name.clone() });
        }
        let (frames, max_frames) = (entries.len(), limits.max_frames);
        if frames > max_frames {
            return Err(Refusal::TooManyFrames { place, frames, max_frames });
        }
        sizes_within(&place, &entries, limits)?;
        Ok(Self { place, entries, ignored, store, max_file_bytes: limits.max_file_bytes })
    }

    /// The name of the folder or archive.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The image files, in natural order of their names; never empty.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Files and folders that are neither images nor junk, and are left out.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// The content of the file at `index` in [`entries`](Self::entries).
    ///
    /// # Errors
    ///
    /// Refuses a file that cannot be read, that has grown beyond the limits since, or whose packed form is
    /// damaged or longer than its archive says.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, Refusal> {
        let entry = &self.entries[index];
        let mut bytes = Vec::new();
        let expected = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
        let room = bytes.try_reserve_exact(expected).map_err(io::Error::from);
        room.map_err(|source| Refusal::Io { file: entry.name.clone(), source })?;
        self.copy(index, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the content of the file at `index` in [`entries`](Self::entries), a chunk at a time, and gives its
    /// length. What was written before an error is to be thrown away.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read). That `into` takes no more looks like a file that cannot be read: `into` knows.
    pub fn copy(&self, index: usize, into: &mut dyn Write) -> Result<u64, Refusal> {
        let entry = &self.entries[index];
        match &self.store {
            Store::Folder(folder) => folder.copy(index, entry, self.max_file_bytes, into),
            Store::Zip(zip) => zip.copy(index, entry, into),
            Store::Tar(tar) => tar.copy(index, entry, into),
        }
    }
}

/// Whether a name has an extension, in whichever case.
fn claims(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|has| has.eq_ignore_ascii_case(extension))
}

/// How a path is called in messages: by its last part, since the rest is the artist's own machine.
fn place(path: &Path) -> String {
    let named = path.file_name().map_or_else(|| path.as_os_str().to_owned(), ToOwned::to_owned);
    named.to_string_lossy().into_owned()
}

fn sizes_within(place: &str, entries: &[Entry], limits: &Limits) -> Result<(), Refusal> {
    if let Some(entry) = entries.iter().find(|entry| entry.bytes > limits.max_file_bytes) {
        let excess = Excess::FileBytes { bytes: entry.bytes, max_bytes: limits.max_file_bytes };
        return Err(Refusal::TooLarge { file: entry.name.clone(), excess });
    }
    let bytes = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.bytes));
    if bytes > limits.max_total_bytes {
        let excess = Excess::TotalBytes { bytes, max_bytes: limits.max_total_bytes };
        return Err(Refusal::TooLarge { file: place.into(), excess });
    }
    Ok(())
}

/// Copies to the end, but at most one byte more than `max_bytes`.
fn copy_at_most(reader: impl Read, max_bytes: u64, into: &mut dyn Write) -> io::Result<u64> {
    io::copy(&mut reader.take(max_bytes.saturating_add(1)), into)
}

#[cfg(test)]
mod tests;
