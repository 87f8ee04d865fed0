//! A backup in a folder, which has the names of a data folder.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{db, staging::Staging, store::Store, whole_file};

use super::{
    BackupError, failed,
    list::{BackupList, LIST},
};

/// Objects and what artists have sent, in a folder.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) store: Store,
    pub(super) staging: Staging,
}

impl Folder {
    pub(super) fn at(path: &Path) -> Result<Self, BackupError> {
        let store = Store::folder(path).map_err(failed(path))?;
        let staging = Staging::open(path, None).map_err(failed(path))?;
        Ok(Self { path: path.to_owned(), store, staging })
    }

    /// The same in a folder that is empty, or not there yet.
    pub(super) fn new(path: &Path) -> Result<Self, BackupError> {
        fs::create_dir_all(path).map_err(failed(path))?;
        require_empty(path, &[])?;
        Self::at(path)
    }

    /// Writes the list after all else is on disk, and whole. The database is there already.
    pub(super) async fn finish(&self, list: &BackupList) -> Result<(), BackupError> {
        if list.objects.is_some() {
            self.store.set_identity(&list.identity).await?;
        }
        let path = self.path.join(LIST);
        self.write(list).map_err(failed(&path))
    }

    fn write(&self, list: &BackupList) -> io::Result<()> {
        File::open(self.path.join(db::FILE))?.sync_all()?;
        let (unfinished, path) = (self.path.join(format!(".{LIST}")), self.path.join(LIST));
        let mut file = File::create(&unfinished)?;
        file.write_all(&list.write()?)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(&self.path)?.sync_all()
    }
}

pub(super) fn read_list(folder: &Path) -> Result<BackupList, BackupError> {
    let read = whole_file::read(&folder.join(LIST)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if folder.is_dir() => io::Error::other(format!("it has no {LIST}")),
        _ => error,
    });
    let read = read.and_then(|bytes| BackupList::read(&bytes));
    read.map_err(|source| BackupError::NoBackup { place: folder.display().to_string(), source })
}

/// Refuses a folder that has more in it than these names.
pub(super) fn require_empty(folder: &Path, besides: &[&str]) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let name = entry.map_err(failed(folder))?.file_name();
        if !besides.iter().any(|beside| name == *beside) {
            let has = name.to_string_lossy().into_owned();
            return Err(BackupError::NotEmpty { place: folder.display().to_string(), has });
        }
    }
    Ok(())
}

/// Removes the copy of the pass before, with what SQLite keeps beside it.
pub(super) fn remove_database(folder: &Path) -> Result<(), BackupError> {
    for end in ["", "-wal", "-shm"] {
        let file = folder.join(format!("{}{end}", db::FILE));
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&file)(error)),
            _ => {}
        }
    }
    Ok(())
}
