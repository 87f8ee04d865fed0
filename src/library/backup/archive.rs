//! A backup in one tar file. Names are those of a backup in a folder; one that stands twice counts where it stands last.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use crate::{
    db::{self, backup::StagedFile},
    whole_file,
};

use super::{
    BackupError, failed,
    list::{BackupList, LIST},
    sent::{self, Found},
};

/// Bytes that are gathered for a write.
const BUFFER: usize = 1 << 20;

/// More than any object of Girasol's has: one is read into memory.
const MOST_OBJECT_BYTES: u64 = 256 << 20;
/// More than any list has.
const MOST_LIST_BYTES: u64 = 1 << 20;

/// A file that is being written, in a folder beside its place.
pub(super) struct ArchiveWriter {
    path: PathBuf,
    /// Until it is finished.
    tar: Mutex<Option<Builder<BufWriter<NamedTempFile>>>>,
}

/// The folder of a file that is to be made, and does not exist yet.
pub(super) fn place_of(path: &Path) -> Result<&Path, BackupError> {
    if path.try_exists().map_err(failed(path))? {
        return Err(BackupError::Exists(path.to_owned()));
    }
    let folder = whole_file::folder(path);
    fs::create_dir_all(folder).map_err(failed(folder))?;
    Ok(folder)
}

impl ArchiveWriter {
    pub(super) fn create(path: &Path, scratch: &Path) -> Result<Self, BackupError> {
        let file = whole_file::beside(&scratch.join("backup.tar")).map_err(failed(path))?;
        let tar = Builder::new(BufWriter::with_capacity(BUFFER, file));
        Ok(Self { path: path.to_owned(), tar: Mutex::new(Some(tar)) })
    }

    /// Adds a file of these bytes.
    pub(super) fn add(&self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.append(name, bytes.len() as u64, bytes)
    }

    /// Adds what an artist has sent. Answers whether it is there, and whole.
    pub(super) fn sent(&self, file: &StagedFile, source: &Path) -> Result<bool, BackupError> {
        match sent::open(file, source)? {
            None => return Ok(false),
            Some(Found::Whole(bytes)) => self.add(&sent::name(file), &bytes)?,
            Some(Found::Begun(opened, received)) => self.append(&sent::name(file), received, opened)?,
        }
        Ok(true)
    }

    /// Adds the database and then the list, and moves the file to its place once it is on disk.
    pub(super) fn finish(&self, database: &Path, list: &BackupList) -> Result<(), BackupError> {
        if list.objects.is_some() {
            self.add("objects/identity.txt", format!("{}\n", list.identity).as_bytes())?;
        }
        let file = File::open(database).map_err(failed(database))?;
        let bytes = file.metadata().map_err(failed(database))?.len();
        self.append(db::FILE, bytes, file)?;
        self.add(LIST, &list.write().map_err(failed(&self.path))?)?;
        self.close().map_err(|error| match error.kind() {
            // Another process was quicker.
            io::ErrorKind::AlreadyExists => BackupError::Exists(self.path.clone()),
            _ => failed(&self.path)(error),
        })
    }

    fn close(&self) -> io::Result<()> {
        let tar = self.tar.lock().unwrap_or_else(PoisonError::into_inner).take();
        let tar = tar.ok_or_else(|| io::Error::other("the file is finished already"))?;
        let mut writer = tar.into_inner()?;
        writer.flush()?;
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&self.path)?;
        File::open(whole_file::folder(&self.path))?.sync_all()
    }

    fn append(&self, name: &str, bytes: u64, data: impl io::Read) -> Result<(), BackupError> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_size(bytes);
        let mut counted = Counted { data: data.take(bytes), read: 0 };
        let mut tar = self.tar.lock().unwrap_or_else(PoisonError::into_inner);
        let appended = match tar.as_mut() {
            Some(tar) => tar.append_data(&mut header, name, &mut counted),
            None => Err(io::Error::other("the file is finished already")),
        };
        let appended = appended.and_then(|()| {
            // The header has told more than has come.
            (counted.read == bytes).then_some(()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        });
        appended.map_err(failed(&self.path))
    }
}

/// Counts what is read.
struct Counted<R> {
    data: R,
    read: u64,
}

impl<R: io::Read> io::Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// A file that is read: where in it each name's bytes begin, and how many they are.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    places: HashMap<String, (u64, u64)>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<(Self, BackupList), BackupError> {
        let opened = || {
            let archive = Self { path: path.to_owned(), places: places(path)? };
            let list = archive.bytes(LIST, MOST_LIST_BYTES)?;
            let list =
                list.ok_or_else(|| io::Error::other(format!("it has no {LIST}, or is cut off before it")))?;
            let list = BackupList::read(&list)?;
            Ok((archive, list))
        };
        opened().map_err(|source| BackupError::NoBackup { place: path.display().to_string(), source })
    }

    /// The bytes of an object, if it is there and no longer than objects are.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, BackupError> {
        self.bytes(name, MOST_OBJECT_BYTES).map_err(failed(&self.path))
    }

    /// How many bytes a name has, if it is there.
    pub(super) fn length(&self, name: &str) -> Option<u64> {
        self.places.get(name).map(|(_from, bytes)| *bytes)
    }

    /// Writes the bytes of a name into a file. Answers whether they are there.
    pub(super) fn copy(&self, name: &str, target: &Path) -> Result<bool, BackupError> {
        let Some(mut bytes) = self.at(name).map_err(failed(&self.path))? else { return Ok(false) };
        sent::write(target, &mut bytes).map(|_| true).map_err(failed(target))
    }

    fn bytes(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(mut there) = self.at(name)?.filter(|there| there.limit() <= most) else { return Ok(None) };
        let mut bytes = Vec::new();
        there.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn at(&self, name: &str) -> io::Result<Option<io::Take<File>>> {
        let Some((from, bytes)) = self.places.get(name) else { return Ok(None) };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(*from))?;
        Ok(Some(file.take(*bytes)))
    }
}

/// Reads the headers of a file, and passes over what is between. Headers of the kind that tells of the next one, such as a
/// name that is longer than any here, count as files without a meaning: nothing is read into memory that they say.
fn places(path: &Path) -> io::Result<HashMap<String, (u64, u64)>> {
    let file = File::open(path)?;
    let all = file.metadata()?.len();
    let mut tar = tar::Archive::new(file);
    let (mut places, mut last) = (HashMap::new(), None::<String>);
    for entry in tar.entries_with_seek()?.raw(true) {
        let entry = entry.map_err(|_why| match &last {
            Some(last) => io::Error::other(format!("it is damaged or cut off after {last}")),
            None => io::Error::other("it is no tar file"),
        })?;
        let name = entry.path()?.to_string_lossy().into_owned();
        let (from, bytes) = (entry.raw_file_position(), entry.size());
        if from.saturating_add(bytes) > all {
            return Err(io::Error::other(format!("it is cut off within {name}")));
        }
        if entry.header().entry_type().is_file() {
            places.insert(name.clone(), (from, bytes));
        }
        last = Some(name);
    }
    Ok(places)
}
