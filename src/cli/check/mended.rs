//! A mended copy of a set.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use assets_pipeline::{
    doctor::{Diagnosis, Edit, Mend, examine, mend, replaced},
    read::limits::Limits,
    read::source::Source,
};

use super::{CheckError, failed};
use crate::ingest::{Failure, tracker::Tracker};

/// A mended copy.
#[derive(Debug)]
pub(super) struct Mended {
    /// Where it is.
    pub(super) into: PathBuf,
    /// What was done, a sentence each.
    pub(super) done: Vec<String>,
    /// What is left to find in it.
    pub(super) left: Diagnosis,
}

/// `ring` and `ring.zip` are mended in `ring-mended`.
pub(super) fn beside(source: &Path) -> PathBuf {
    // "." and ".." have no name of their own.
    let source = source.canonicalize().unwrap_or_else(|_error| source.to_owned());
    let name = if source.is_dir() { source.file_name() } else { source.file_stem() };
    let mut name: OsString = name.unwrap_or_default().to_owned();
    name.push("-mended");
    source.with_file_name(name)
}

/// Makes a copy and mends it, mend after mend, since one may show what another one hid. The copy appears in its
/// place when it is whole. It is made of the files that were checked: one that is another by now ends the mend.
pub(super) fn mend_into(
    into: &Path,
    mut source: Source,
    found: &Diagnosis,
    limits: &Limits,
    tracker: &Tracker,
) -> Result<Mended, CheckError> {
    let mut done = Vec::new();
    let mut left = found.clone();
    let mut copies = Copies { into, made: Vec::new() };
    let mut next = left.mends().first().copied();
    let mut tried: Vec<Mend> = Vec::new();
    while let Some(kind) = next {
        tried.push(kind);
        let edits = mend(&source, &left, kind, limits).map_err(Failure::from)?;
        if !edits.is_empty() {
            done.extend(edits.iter().map(sentence));
            let copy = copies.make(&source, &left, &edits, limits)?;
            source = Source::open(&copy, limits).map_err(Failure::from)?;
            left = examine(&source, limits, tracker).map_err(failed)?;
        }
        next = left.mends().into_iter().find(|mend| !tried.contains(mend));
    }
    copies.keep_last()?;
    Ok(Mended { into: into.to_owned(), done, left })
}

fn sentence(edit: &Edit) -> String {
    match edit {
        Edit::LeaveOut { name } => format!("{name} was left out."),
        Edit::Rename { from, to } => format!("{from} is {to} now."),
        Edit::Replace { name, new_name, .. } if name == new_name => {
            format!("{name} has the exposure of its neighbours now.")
        }
        Edit::Replace { name, new_name, .. } => {
            format!("{name} has the exposure of its neighbours now, as {new_name}.")
        }
    }
}

/// Copies of a set, each mended further than the one before. All but the last one are removed.
struct Copies<'a> {
    into: &'a Path,
    made: Vec<PathBuf>,
}

impl Copies<'_> {
    /// Copies all frames as the edits have them.
    fn make(
        &mut self,
        source: &Source,
        checked: &Diagnosis,
        edits: &[Edit],
        limits: &Limits,
    ) -> Result<PathBuf, CheckError> {
        let by_name: HashMap<&str, &Edit> = edits
            .iter()
            .map(|edit| match edit {
                Edit::LeaveOut { name } | Edit::Replace { name, .. } => (name.as_str(), edit),
                Edit::Rename { from, .. } => (from.as_str(), edit),
            })
            .collect();
        let mut name = self.into.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{}.part", std::process::id(), self.made.len()));
        let folder = self.into.with_file_name(name);
        let unwritable = |source| CheckError::Unwritable { path: self.into.to_owned(), source };
        fs::create_dir(&folder).map_err(unwritable)?;
        self.made.push(folder.clone());
        for (index, entry) in source.entries().iter().enumerate() {
            let read = source.read(index).map_err(Failure::from)?;
            if checked.files.get(index) != Some(&Some(blake3::hash(&read))) {
                return Err(CheckError::Changed(entry.name.clone()));
            }
            let (name, bytes) = match by_name.get(entry.name.as_str()) {
                Some(Edit::LeaveOut { .. }) => continue,
                Some(Edit::Rename { to, .. }) => (to, read),
                Some(Edit::Replace { name, new_name, stops, .. }) => {
                    (new_name, replaced(name, &read, *stops, limits).map_err(Failure::from)?)
                }
                None => (&entry.name, read),
            };
            // No existing file is overwritten, not even by the copy itself.
            let mut file = fs::File::create_new(folder.join(name))
                .map_err(|source| CheckError::Unwritable { path: self.into.join(name), source })?;
            file.write_all(&bytes)
                .map_err(|source| CheckError::Unwritable { path: self.into.join(name), source })?;
        }
        Ok(folder)
    }

    fn keep_last(&mut self) -> Result<(), CheckError> {
        let Some(last) = self.made.pop() else { return Ok(()) };
        let moved = match self.into.symlink_metadata() {
            Ok(_) => Err(CheckError::Exists(self.into.to_owned())),
            // Another one may have come to the same place meanwhile; a folder with frames is not replaced.
            Err(_) => fs::rename(&last, self.into).map_err(|source| match source.kind() {
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
                    CheckError::Exists(self.into.to_owned())
                }
                _ => CheckError::Unwritable { path: self.into.to_owned(), source },
            }),
        };
        if moved.is_err() {
            self.made.push(last);
        }
        moved
    }
}

impl Drop for Copies<'_> {
    fn drop(&mut self) {
        for folder in &self.made {
            // A copy that cannot be removed does no harm.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
