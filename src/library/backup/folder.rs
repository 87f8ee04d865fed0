//! A backup in a folder, which has the names of a data folder.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{db, domain::identity::Identity, staging::Staging, store::Store, whole_file};

use super::{
    BackupError, failed,
    list::{BackupList, LIST},
    unfinished::{Place, Unfinished},
};

/// What says that a backup is not finished, and of which database it is.
const UNFINISHED: &str = "unfinished.txt";

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
}

/// A backup that is being made in a folder.
pub(super) struct FolderWriter {
    pub(super) folder: Folder,
    unfinished: Unfinished,
}

impl FolderWriter {
    /// Begins in a folder that is empty or not there yet, or goes on where a backup of the same database was begun.
    pub(super) fn begin(path: &Path, identity: &Identity) -> Result<Self, BackupError> {
        fs::create_dir_all(path).map_err(failed(path))?;
        let place = Place { folder: path, marker: UNFINISHED, last: LIST, besides: &[] };
        let unfinished = Unfinished::begin(place, identity.as_str())?;
        Ok(Self { folder: Folder::at(path)?, unfinished })
    }

    /// Writes the list after all else is on disk, and whole. The database is there already.
    pub(super) async fn finish(self, list: &BackupList) -> Result<(), BackupError> {
        let Self { folder, unfinished } = self;
        if list.objects.is_some() {
            folder.store.set_identity(&list.identity).await?;
        }
        let path = folder.path.join(LIST);
        folder.write(list).and_then(|()| unfinished.end()).map_err(failed(&path))
    }
}

impl Folder {
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
