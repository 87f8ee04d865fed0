//! The frames that a command reads: what is said where nothing is at their path, before the command makes anything.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::domain::plain::plain;

use super::{
    failure::{Details, Explain},
    words::listed,
};

/// The path leads to nothing that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be read: {}", path.display(), plain(source))]
pub(super) struct NoSource {
    path: PathBuf,
    source: io::Error,
}

impl Explain for NoSource {
    fn details(&self) -> Details {
        let file = Some(self.path.display().to_string());
        Details { file, ..Details::with("no-source", remedy(&self.path, &self.source)) }
    }
}

/// Refuses a path that leads to nothing.
pub(super) fn require(path: &Path) -> Result<(), NoSource> {
    match fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(NoSource { path: path.to_owned(), source }),
    }
}

fn remedy(path: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::NotFound {
        return "Check who may read it.".to_owned();
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let shown =
        folder.map_or_else(|| "The working directory".to_owned(), |folder| folder.display().to_string());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        let working = std::env::current_dir().unwrap_or_default();
        return format!("There is no folder {shown} either, seen from {}.", working.display());
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    if names.is_empty() { format!("{shown} is empty.") } else { format!("{shown} has {}.", listed(&names)) }
}
