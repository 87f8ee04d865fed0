//! What artists have sent and a backup has: whole frames, and uploads as far as they have come.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use assets_pipeline::digest::Digest;

use crate::{db::backup::StagedFile, staging::Staging, store::Trouble, whole_file};

use super::{BackupError, failed};

/// Where it is in a data folder.
pub(super) fn place(file: &StagedFile, staging: &Staging) -> PathBuf {
    match file {
        StagedFile::Frame(set, digest) => staging.file(set, *digest),
        StagedFile::Upload(set, upload, _) => staging.part(set, upload.as_str()),
    }
}

/// What it is called in a backup.
pub(super) fn name(file: &StagedFile) -> String {
    match file {
        StagedFile::Frame(set, digest) => format!("incoming/{set}/files/{digest}"),
        StagedFile::Upload(set, upload, _) => format!("incoming/{set}/parts/{upload}"),
    }
}

/// What is to be copied of it.
pub(super) enum Found {
    /// A frame, which is what its name says.
    Whole(Vec<u8>),
    /// An upload, and how many bytes of it count.
    Begun(File, u64),
}

/// Opens it; `None` where it is missing, damaged or too short. One that cannot be read, while others can, is
/// [`BackupError::Unread`].
pub(super) fn open(file: &StagedFile, source: &Path) -> Result<Option<Found>, BackupError> {
    let found = || {
        let mut opened = match whole_file::open(source) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file {
            StagedFile::Frame(_, digest) => {
                let mut bytes = Vec::new();
                opened.read_to_end(&mut bytes)?;
                Ok((Digest::of(&bytes) == *digest).then_some(Found::Whole(bytes)))
            }
            StagedFile::Upload(_, _, received) => {
                let is_there = opened.metadata()?.len() >= *received;
                Ok(is_there.then_some(Found::Begun(opened, *received)))
            }
        }
    };
    found().map_err(|error| {
        if Trouble::is_of_object(&error) {
            return BackupError::Unread { path: source.to_owned(), source: error };
        }
        failed(source)(error)
    })
}

/// Copies it from folder to folder. Answers whether it is there, and whole.
pub(super) fn copy(file: &StagedFile, source: &Path, target: &Path) -> Result<bool, BackupError> {
    let written = match open(file, source)? {
        None => return Ok(false),
        Some(Found::Whole(bytes)) => write(target, &mut &bytes[..]).map(|_| true),
        Some(Found::Begun(opened, received)) => {
            write(target, &mut opened.take(received)).map(|written| written == received)
        }
    };
    written.map_err(failed(target))
}

/// Whether a copy is what it has to be. One that is not is removed; of an upload, what is too much is cut off.
pub(super) fn is_whole(file: &StagedFile, target: &Path) -> io::Result<bool> {
    let is_whole = match file {
        StagedFile::Frame(_, digest) => {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(File::open(target)?)?;
            Digest::from_hash(hasher.finalize()) == *digest
        }
        StagedFile::Upload(_, _, received) => {
            let copied = File::options().write(true).open(target)?;
            let is_there = copied.metadata()?.len() >= *received;
            if is_there {
                copied.set_len(*received)?;
                copied.sync_all()?;
            }
            is_there
        }
    };
    if !is_whole {
        fs::remove_file(target)?;
    }
    Ok(is_whole)
}

/// Makes the folder of a file, and the file.
pub(super) fn create(target: &Path) -> io::Result<File> {
    fs::create_dir_all(whole_file::folder(target))?;
    File::create(target)
}

/// Writes a file that is on disk when this returns, and answers how many bytes it has.
pub(super) fn write(target: &Path, bytes: &mut dyn io::Read) -> io::Result<u64> {
    let mut file = create(target)?;
    let written = io::copy(bytes, &mut file)?;
    file.sync_all()?;
    Ok(written)
}
