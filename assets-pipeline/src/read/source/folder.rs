//! A folder on disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::listing::{self, Kind, Listing, MAX_COVERS, are_covers};
use super::names::{Stored, decoded};
use super::{Entry, copy_at_most};
use crate::read::limits::Limits;
use crate::read::refusal::{Excess, Refusal};

/// How many folders deep images are looked for where the given one has none but a cover.
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
    let mut search = Search { place, files_left: limits.max_files, max_files: limits.max_files };
    let found = search.images_in(path, "", MAX_DEPTH)?;
    let mut listing = Listing { entries: Vec::new(), ignored: found.ignored };
    let mut paths = Vec::new();
    for (entry, path) in found.images {
        listing.entries.push(entry);
        paths.push(path);
    }
    Ok((listing, Folder { paths }))
}

struct Search<'a> {
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

/// A folder, and how messages call it: from the given folder on, with a slash at its end.
type Subfolder = (PathBuf, String);

impl Search<'_> {
    /// The images in `folder`, or else those in the one folder under it that has some. A cover beside that one is left
    /// out.
    fn images_in(&mut self, folder: &Path, shown: &str, depth: usize) -> Result<Found, Refusal> {
        let mut found = Found::default();
        let mut subfolders: Vec<Subfolder> = Vec::new();
        for (path, name) in self.list(folder, shown)? {
            let kind = listing::kind(&name);
            if kind == Kind::Junk {
                continue;
            }
            // Artists link to frames elsewhere, so links to files are followed. Links to folders are not:
            // they may go in circles. Whatever is no file (a pipe, say) could block forever when read.
            let is_link = path.is_symlink();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() && !is_link => {
                    subfolders.push((path, format!("{shown}{name}/")));
                }
                Ok(metadata) if metadata.is_file() && kind == Kind::Image => {
                    found.images.push((Entry { name, bytes: metadata.len() }, path));
                }
                Err(source) if kind == Kind::Image => return Err(Refusal::Io { file: name, source }),
                Ok(_) | Err(_) => found.ignored.push(format!("{shown}{name}")),
            }
        }
        found.images.sort_by(|(a, _), (b, _)| listing::natural(&a.name, &b.name));
        subfolders.sort();
        if found.images.len() > MAX_COVERS || depth == 0 {
            found.ignored.extend(subfolders.into_iter().map(|(_, shown)| shown));
        } else {
            self.look_inside(subfolders, shown, depth - 1, &mut found)?;
        }
        found.ignored.sort_by(|a, b| listing::natural(a, b));
        Ok(found)
    }

    /// Takes the images of a folder inside, where there are none beside it but its cover.
    fn look_inside(
        &mut self,
        subfolders: Vec<Subfolder>,
        shown: &str,
        depth: usize,
        found: &mut Found,
    ) -> Result<(), Refusal> {
        let (mut with_images, mut inside) = (Vec::new(), Found::default());
        for (path, shown) in &subfolders {
            let of = self.images_in(path, shown, depth)?;
            inside.ignored.extend(of.ignored);
            if !of.images.is_empty() {
                with_images.push(shown.trim_end_matches('/').to_owned());
                inside.images.extend(of.images);
            }
        }
        if !found.images.is_empty() && !are_covers(found.images.len(), inside.images.len()) {
            found.ignored.extend(subfolders.into_iter().map(|(_, shown)| shown));
            return Ok(());
        }
        if with_images.len() > 1 {
            with_images.sort_by(|a, b| listing::natural(a, b));
            return Err(Refusal::SeveralFolders { place: self.place.into(), folders: with_images });
        }
        let covers = std::mem::replace(&mut found.images, inside.images);
        found.ignored.extend(covers.into_iter().map(|(cover, _)| format!("{shown}{}", cover.name)));
        found.ignored.extend(inside.ignored);
        Ok(())
    }

    /// The paths of a folder's files and folders, and their names.
    fn list(&mut self, folder: &Path, shown: &str) -> Result<Vec<(PathBuf, String)>, Refusal> {
        let place = if shown.is_empty() { self.place } else { shown.trim_end_matches('/') };
        let failed = |source: io::Error| Refusal::Io { file: place.into(), source };
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            if self.files_left == 0 {
                return Err(Refusal::TooManyFiles { place: self.place.into(), max_files: self.max_files });
            }
            self.files_left -= 1;
            paths.push(entry.map_err(failed)?.path());
        }
        let own = |path: &PathBuf| path.file_name().unwrap_or_default().to_owned();
        let names: Vec<OsString> = paths.iter().map(own).collect();
        let stored: Vec<Stored<'_>> =
            names.iter().map(|name| Stored { bytes: name.as_encoded_bytes(), is_utf8: false }).collect();
        let names = decoded(&stored);
        Ok(paths.into_iter().zip(names).collect())
    }
}
