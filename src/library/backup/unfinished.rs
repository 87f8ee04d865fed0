//! What a folder has while something is written into it: a file that says what that is, and that is locked by the process
//! that writes. Where the process has died, a later one goes on.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{BackupError, failed};

/// What is being written into a folder by this process.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    _locked: File,
}

/// A folder, and names that say what is in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) folder: &'a Path,
    /// The file that says what is being written, after the folder.
    pub(super) marker: &'a str,
    /// The file that comes last.
    pub(super) last: &'a str,
    /// What may be there before.
    pub(super) besides: &'a [&'a str],
}

impl Unfinished {
    /// Begins to write into a folder that has nothing in it, or goes on where the same was begun.
    pub(super) fn begin(place: Place<'_>, what: &str) -> Result<Self, BackupError> {
        let Place { folder, marker, last, besides } = place;
        let name = || folder.display().to_string();
        let path = folder.join(marker);
        if folder.join(last).try_exists().map_err(failed(folder))? {
            return Err(BackupError::NotEmpty { place: name(), has: last.to_owned() });
        }
        let is_begun = path.try_exists().map_err(failed(&path))?;
        if !is_begun {
            require_empty(folder, besides)?;
            let within = path.parent().unwrap_or(folder);
            fs::create_dir_all(within).map_err(failed(within))?;
        }
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy { place: name() }),
            Err(TryLockError::Error(error)) => return Err(failed(&path)(error)),
        }
        let mut begun = String::new();
        file.read_to_string(&mut begun).map_err(failed(&path))?;
        if begun.is_empty() {
            file.write_all(what.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&path))?;
        } else if begun != what {
            return Err(BackupError::Unfinished { place: name(), what: begun });
        }
        Ok(Self { path, _locked: file })
    }

    /// It is written.
    pub(super) fn end(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

/// Refuses a folder that has more in it than these names.
fn require_empty(folder: &Path, besides: &[&str]) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let name = entry.map_err(failed(folder))?.file_name();
        if !besides.iter().any(|beside| name == *beside) {
            let has = name.to_string_lossy().into_owned();
            return Err(BackupError::NotEmpty { place: folder.display().to_string(), has });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_has_begun_is_gone_on_with_once_it_has_died() {
        let folder = tempfile::tempdir().unwrap();
        let place =
            Place { folder: folder.path(), marker: "new/marker", last: "last", besides: &["girasol.toml"] };
        let begin = |what: &str| Unfinished::begin(place, what);
        fs::write(folder.path().join("girasol.toml"), "").unwrap();
        let first = begin("one").unwrap();
        assert!(matches!(begin("one"), Err(BackupError::Busy { .. })));
        fs::write(folder.path().join("half"), "").unwrap();
        drop(first);
        let other = begin("other").unwrap_err();
        assert!(matches!(&other, BackupError::Unfinished { what, .. } if what == "one"), "{other}");
        let again = begin("one").unwrap();
        fs::write(folder.path().join("last"), "").unwrap();
        drop(again);
        assert!(matches!(begin("one"), Err(BackupError::NotEmpty { has, .. }) if has == "last"));
        fs::remove_file(folder.path().join("last")).unwrap();
        begin("one").unwrap().end().unwrap();
        assert!(matches!(begin("one"), Err(BackupError::NotEmpty { .. })));
    }
}
