//! One ingest of a configuration at a time, across processes.

use std::{fs, io, path::Path, time::Duration};

use assets_pipeline::digest::Digest;

use crate::domain::names::ConfigId;

/// Held while an ingest runs; the operating system lets go of it however the process ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: fs::File,
}

impl Lock {
    /// Takes the configuration's lock; `None` where another process holds it.
    pub(super) fn take(work: &Path, configuration: &ConfigId) -> io::Result<Option<Self>> {
        fs::create_dir_all(work)?;
        // A configuration's id can be longer than a file's name may be.
        let name = format!("{}.lock", Digest::of(configuration.as_str().as_bytes()));
        let file = fs::File::options().create(true).truncate(false).write(true).open(work.join(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Encodes of a frame set that no ingest has continued for so long are deleted.
const ABANDONED_AFTER: Duration = Duration::from_hours(7 * 24);

/// Removes what ingests that were never finished have left in the work folder, but for `keep`.
pub(super) fn sweep(work: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(work) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let age =
            entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if path.is_dir() && path != keep && age.is_some_and(|age| age > ABANDONED_AFTER) {
            // What cannot be removed now is tried again at the next ingest.
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_locked_once_and_again_after_it_is_free() {
        let work = tempfile::tempdir().unwrap();
        let ring = "ring.solitaire.metal-platinum".parse().unwrap();
        let held = Lock::take(work.path(), &ring).unwrap();
        assert!(held.is_some());
        assert!(Lock::take(work.path(), &ring).unwrap().is_none());
        assert!(Lock::take(work.path(), &"ring.halo".parse().unwrap()).unwrap().is_some());
        drop(held);
        assert!(Lock::take(work.path(), &ring).unwrap().is_some());
    }
}
