//! A folder on disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::listing::{self, Kind, Listing};
use super::{Entry, copy_at_most};
use crate::read::limits::Limits;
use crate::read::refusal::{Excess, Refusal};

/// How many folders deep images are looked for where the given one has none.
const MAX_DEPTH: usize = 4;

/// The paths of a folder's images, beside its entries.
#[derive(Debug)]
pub(super) struct Folder {
    paths: Vec<PathBuf>,
}

impl Folder {
    pub(super) fn copy(
        &self,
        index: usize,
        entry: &Entry,
        max_bytes: u64,
        into: &mut dyn Write,
    ) -> Result<u64, Refusal> {
        let failed = |source| Refusal::Io { file: entry.name.clone(), source };
        let file = File::open(&self.paths[index]).map_err(failed)?;
        let bytes = copy_at_most(file, max_bytes, into).map_err(failed)?;
        if bytes > max_bytes {
            let excess = Excess::FileBytes { bytes, max_bytes };
            return Err(Refusal::TooLarge { file: entry.name.clone(), excess });
        }
        Ok(bytes)
    }
}

pub(super) fn open(path: &Path, place: &str, limits: &Limits) -> Result<(Listing, Folder), Refusal> {
    let mut search = Search { root: path, place, files_left: limits.max_files, max_files: limits.max_files };
    let found = search.images_in(path, MAX_DEPTH)?;
    let mut listing = Listing { entries: Vec::new(), ignored: found.ignored };
    let mut paths = Vec::new();
    for (entry, path) in found.images {
        listing.entries.push(entry);
        paths.push(path);
    }
    Ok((listing, Folder { paths }))
}

struct Search<'a> {
    root: &'a Path,
    place: &'a str,
    files_left: usize,
    max_files: usize,
}

#[derive(Default)]
struct Found {
    /// In natural order.
    images: Vec<(Entry, PathBuf)>,
    ignored: Vec<String>,
}

impl Search<'_> {
    /// The images in `folder`, or else those in the one folder under it that has some.
    fn images_in(&mut self, folder: &Path, depth: usize) -> Result<Found, Refusal> {
        let mut found = Found::default();
        let mut subfolders = Vec::new();
        for path in self.list(folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let kind = listing::kind(&name);
            if kind == Kind::Junk {
                continue;
            }
            // Artists link to frames elsewhere, so links to files are followed. Links to folders are not:
            // they may go in circles. Whatever is no file (a pipe, say) could block forever when read.
            let is_link = path.is_symlink();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && !is_link => subfolders.push(path),
                Ok(metadata) if metadata.is_file() && kind == Kind::Image => {
                    found.images.push((Entry { name, bytes: metadata.len() }, path));
                }
                Err(source) if kind == Kind::Image => return Err(Refusal::Io { file: name, source }),
                Ok(_) | Err(_) => found.ignored.push(self.relative(&path)),
            }
        }
        found.images.sort_by(|(a, _), (b, _)| listing::natural(&a.name, &b.name));
        subfolders.sort();
        if !found.images.is_empty() || depth == 0 {
            found.ignored.extend(subfolders.iter().map(|path| format!("{}/", self.relative(path))));
        } else {
            self.choose(&subfolders, depth - 1, &mut found)?;
        }
        found.ignored.sort_by(|a, b| listing::natural(a, b));
        Ok(found)
    }

    fn choose(&mut self, subfolders: &[PathBuf], depth: usize, found: &mut Found) -> Result<(), Refusal> {
        let mut with_images = Vec::new();
        for path in subfolders {
            let inside = self.images_in(path, depth)?;
            found.ignored.extend(inside.ignored);
            if !inside.images.is_empty() {
                with_images.push(self.relative(path));
                found.images = inside.images;
            }
        }
        if with_images.len() > 1 {
            with_images.sort_by(|a, b| listing::natural(a, b));
            return Err(Refusal::SeveralFolders { place: self.place.into(), folders: with_images });
        }
        Ok(())
    }

    fn list(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Refusal> {
        let failed = |source: io::Error| Refusal::Io { file: self.relative(folder), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            if self.files_left == 0 {
                return Err(Refusal::TooManyFiles { place: self.place.into(), max_files: self.max_files });
            }
            self.files_left -= 1;
            paths.push(entry.map_err(|source| Refusal::Io { file: self.place.into(), source })?.path());
        }
        Ok(paths)
    }

    /// The path as messages give it: from the given folder on.
    fn relative(&self, path: &Path) -> String {
        match path.strip_prefix(self.root) {
            Ok(relative) if relative.as_os_str().is_empty() => self.place.into(),
            Ok(relative) => relative.to_string_lossy().into_owned(),
            Err(_) => path.to_string_lossy().into_owned(),
        }
    }
}
