//! Folders that a process has for itself while it needs them. Each has a lock in it, which the system lets go of however the
//! process ends, so that folders of processes that died are known.

use std::{
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use tempfile::{Builder, TempDir};

const LOCK: &str = "lock";

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct HeldFolder {
    /// Removed before its lock is free.
    folder: TempDir,
    _lock: File,
}

impl HeldFolder {
    /// Makes a folder whose name begins with the prefix, for this user alone.
    pub(crate) fn within(place: &Path, prefix: &str) -> io::Result<Self> {
        let folder =
            Builder::new().prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(place)?;
        // The lock has its name only once it is held: a folder with a free one is abandoned.
        let unnamed = folder.path().join("unnamed");
        let lock = File::create_new(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, folder.path().join(LOCK))?;
        Ok(Self { folder, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves it as a process that dies.
    #[cfg(test)]
    pub(crate) fn die(self) -> std::path::PathBuf {
        self.folder.keep()
    }
}

/// Removes a folder whose lock no process holds. One without a lock has just been begun, or goes with its set.
pub(crate) fn remove_abandoned(folder: &Path) -> io::Result<()> {
    let lock = File::options().write(true).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => fs::remove_dir_all(folder),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes the folders in a place whose names begin with the prefix, and whose processes have died.
pub(crate) fn remove_all_abandoned(place: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(prefix)) {
            continue;
        }
        match remove_abandoned(&place.join(name)) {
            // Another process removes it, or has just begun it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_has_left_that_died_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let begin = |prefix| HeldFolder::within(place.path(), prefix).unwrap();
        let (held, dead, other) = (begin(".own-"), begin(".own-").die(), begin(".other-").die());
        let begun = place.path().join(".own-begun");
        fs::create_dir(&begun).unwrap();
        fs::write(dead.join("girasol.db"), "secrets").unwrap();
        remove_all_abandoned(place.path(), ".own-").unwrap();
        assert!(held.path().exists() && begun.exists() && other.exists() && !dead.exists());
        assert_eq!(fs::metadata(held.path()).unwrap().permissions().mode() & 0o777, 0o700);
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
}
