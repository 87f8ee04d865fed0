//! Backup and restore of an embedded installation: the database, the objects that its versions need, and what artists have
//! sent; into a folder, one file or a bucket.
//!
//! Nothing is held while a backup is made. The database is copied as it is at one moment, then what that copy needs. Where
//! something of it has been deleted meanwhile, the database is copied again: what was copied before need not be copied
//! twice, so that a later pass is short. The list of what the backup has is written last: without it there is no backup.

mod allowance;
mod archive;
mod bucket;
mod copied;
mod failure;
mod folder;
mod list;
mod place;
mod sent;
mod source;
mod unfinished;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    db::{self, Db, DbError, backup::StagedFile},
    domain::{identity::Identity, plain::plain},
    held_folder::{HeldFolder, remove_all_abandoned},
    staging::{Area, Staging},
    store::{Address, Found, Store},
};

use super::{intact::Progress, references::list_versions, verify::Fault};

pub use self::{
    failure::BackupError,
    list::{BackupList, FaultyFile, LIST},
    source::ObjectSource,
};

use self::{
    allowance::Allowance,
    archive::{Archive, ArchiveWriter},
    bucket::{Bucket, BucketWriter},
    copied::{Copied, copy_in, copy_out},
    failure::failed,
    folder::{Folder, FolderWriter},
    list::digest_of,
    place::require_outside,
    unfinished::{Place, Unfinished},
};

/// How often the database is copied. Where sets come and go faster than that, some of the last ones are not whole.
const MAX_PASSES: u32 = 50;
/// How the folder's name begins in which the database is copied, if not in the backup itself.
const SCRATCH: &str = ".backing-up-";
/// When an upload in parts counts as left by a program that died.
const LEFT: Duration = Duration::from_hours(24);
/// The folder of the database while a backup is being restored.
const RESTORING: &str = "restoring";
/// What says there which backup it is, after the data folder.
const OF_BACKUP: &str = "restoring/backup.txt";

/// Where a backup is.
#[derive(Debug)]
pub enum BackupPlace {
    /// In a folder.
    Folder(PathBuf),
    /// In a tar file, which unpacked is such a folder.
    File(PathBuf),
    /// In a bucket.
    Bucket {
        /// For messages, as `s3://spins/monday`.
        name: String,
        /// What stands before the names of what is in it: nothing, or words with a slash at the end.
        prefix: String,
        /// The store in `objects/` after that prefix.
        objects: Store,
    },
}

/// Where an installation keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectsIn {
    /// In the data folder.
    Folder,
    /// In a bucket.
    Bucket,
}

/// Makes a backup while servers and workers run: in a folder that is new or empty, or has what was begun of such a backup; in
/// a file that is new; or in a bucket, where a backup of the same database is brought up to date. Without a store, objects
/// and what artists have sent are left out: both are in a bucket then. Dropped before it ends, it leaves nothing beside the
/// file, or in the data folder.
pub async fn back_up(
    db: &Db,
    store: Option<&Store>,
    staging: &Staging,
    data: &Path,
    into: &BackupPlace,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BackupList, BackupError> {
    if let Some(store) = store {
        list_versions(db, store).await?;
    }
    let held = match into {
        BackupPlace::Folder(folder) => require_outside(folder, data).map(|()| None)?,
        BackupPlace::File(file) => {
            require_outside(file, data)?;
            Some(hold(archive::place_of(file)?)?)
        }
        BackupPlace::Bucket { .. } => Some(hold(data)?),
    };
    let scratch = match (into, &held) {
        (BackupPlace::Folder(folder), _) => folder.as_path(),
        (_, Some(held)) => held.path(),
        (_, None) => data,
    };
    let writer = Writer::begin(into, scratch, &db.make_identity().await?, store.is_some()).await?;
    let file = scratch.join(db::FILE);
    let (mut copied, mut lost, mut passes) = (Copied::default(), BTreeMap::new(), 0);
    let (needs, identity) = loop {
        folder::remove_database(scratch)?;
        if !db.copy_into(&file).await? {
            return Err(BackupError::Server);
        }
        let snapshot = Db::open(scratch).await?;
        let mut needs = Needs::of(&snapshot).await?;
        let identity = snapshot.make_identity().await?;
        snapshot.close().await;
        let lost_before = lost;
        lost = if let Some(store) = store {
            copy_out(&needs, store, staging, &writer, &mut copied, report).await?
        } else {
            needs = Needs::default();
            BTreeMap::new()
        };
        passes += 1;
        // What is lost twice was not deleted in between: it is missing, or damaged.
        if lost.keys().all(|name| lost_before.contains_key(name)) || passes == MAX_PASSES {
            break (needs, identity);
        }
    };
    let mut list = BackupList::of(identity, db.now_ms(), digest_of(&file).map_err(failed(&file))?);
    list.objects = store.map(|_| needs.objects.len() as u64);
    list.staged = needs.staged.len() as u64;
    list.note(lost);
    let bytes = fs::metadata(&file).map_err(failed(&file))?.len();
    list.bytes = Some(copied.bytes() + bytes);
    writer.finish(&file, &list).await?;
    if let Err(error) = db.note_backup().await {
        // The backup is whole. That it is young is not known to alerts.
        tracing::warn!(%error, "the backup could not be noted");
    }
    Ok(list)
}

/// What a backup has given back.
#[derive(Debug)]
pub struct Restored {
    /// What the backup has.
    pub list: BackupList,
    /// What its database needs and it does not have: it was faulty when the backup was made.
    pub faults: Vec<FaultyFile>,
}

/// Makes an installation of a backup in a data folder that has none, or what was begun of it, for one that keeps its objects
/// there. What the backup has is compared with its digests, and the database comes last: no program takes half an
/// installation for a whole one.
pub async fn restore(
    from: &BackupPlace,
    data: &Path,
    objects_in: ObjectsIn,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Restored, BackupError> {
    let (reader, list) = Reader::open(from).await?;
    match (list.objects, objects_in) {
        (None, ObjectsIn::Folder) => return Err(BackupError::NoBucket),
        (Some(_), ObjectsIn::Bucket) => return Err(BackupError::InFolder),
        (Some(_), ObjectsIn::Folder) | (None, ObjectsIn::Bucket) => {}
    }
    fs::create_dir_all(data).map_err(failed(data))?;
    let place =
        Place { folder: data, marker: OF_BACKUP, last: db::FILE, besides: &["girasol.toml", RESTORING] };
    let _unfinished = Unfinished::begin(place, &format!("{} {}", list.identity, list.database))?;
    // The backup stays as it is: to open a database writes beside it.
    let beside = data.join(RESTORING);
    folder::remove_database(&beside)?;
    let copied = beside.join(db::FILE);
    let allowance = Allowance::of(&list);
    let is_there = reader.database(&copied, &allowance).await?;
    if !is_there || digest_of(&copied).map_err(failed(&copied))? != list.database {
        fs::remove_dir_all(&beside).map_err(failed(&beside))?;
        return Err(BackupError::Damaged { files: 1, first: db::FILE.to_owned() });
    }
    let snapshot = Db::open(&beside).await?;
    let mut needs = Needs::of(&snapshot).await?;
    snapshot.close().await;
    if list.objects.is_none() {
        needs.objects.clear();
    }
    if list.staged == 0 {
        needs.staged.clear();
    }

    let target = Folder::at(data)?;
    let lost = copy_in(&needs, (&reader, &allowance), &target, report).await?;
    let faults = FaultyFile::all(lost);
    let unexpected = list.unexpected(&faults);
    if let Some(first) = unexpected.first() {
        return Err(BackupError::Damaged { files: unexpected.len() as u64, first: first.to_string() });
    }
    if list.objects.is_some() {
        target.store.set_identity(&list.identity).await?;
    }
    let restored = data.join(db::FILE);
    File::open(&copied).and_then(|file| file.sync_all()).map_err(failed(&copied))?;
    fs::rename(&copied, &restored).map_err(failed(&restored))?;
    fs::remove_dir_all(&beside).map_err(failed(&beside))?;
    Ok(Restored { list, faults })
}

/// A folder in this place for what is needed meanwhile. What processes have left there that died is removed.
fn hold(place: &Path) -> Result<HeldFolder, BackupError> {
    if let Err(error) = remove_all_abandoned(place, SCRATCH) {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, place = %place.display(), "what a backup that was killed has left is there still");
    }
    HeldFolder::within(place, SCRATCH).map_err(failed(place))
}

/// What a database needs beside itself.
#[derive(Default)]
struct Needs {
    objects: Vec<Address>,
    staged: Vec<StagedFile>,
}

impl Needs {
    async fn of(db: &Db) -> Result<Self, DbError> {
        Ok(Self { objects: db.live_objects().await?, staged: db.staged_files().await? })
    }
}

/// A backup that is being made.
enum Writer {
    Folder(FolderWriter),
    Archive(ArchiveWriter),
    Bucket(BucketWriter),
}

impl Writer {
    async fn begin(
        into: &BackupPlace,
        scratch: &Path,
        identity: &Identity,
        has_objects: bool,
    ) -> Result<Self, BackupError> {
        Ok(match into {
            BackupPlace::Folder(folder) => Self::Folder(FolderWriter::begin(folder, identity)?),
            BackupPlace::File(file) => Self::Archive(ArchiveWriter::create(file, scratch)?),
            BackupPlace::Bucket { name, prefix, objects } => {
                let bucket = Bucket::of(name, prefix, objects).begin(identity, has_objects).await?;
                end_left_uploads(prefix, objects).await;
                Self::Bucket(bucket)
            }
        })
    }

    async fn object(&self, address: &Address, bytes: &[u8]) -> Result<(), BackupError> {
        match self {
            Self::Folder(FolderWriter { folder, .. }) => {
                Ok(folder.store.within(address.namespace).put(&address.key, bytes).await?)
            }
            Self::Archive(archive) => archive.add(&format!("objects/{address}"), bytes),
            Self::Bucket(bucket) => bucket.object(address, bytes).await,
        }
    }

    /// Copies what an artist has sent. Answers whether it is there, and whole.
    async fn sent(&self, file: &StagedFile, source: &Path) -> Result<bool, BackupError> {
        match self {
            Self::Folder(FolderWriter { folder, .. }) => {
                sent::copy(file, source, &sent::place(file, &folder.staging))
            }
            Self::Archive(archive) => archive.sent(file, source),
            Self::Bucket(bucket) => bucket.sent(file, source).await,
        }
    }

    async fn finish(self, database: &Path, list: &BackupList) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => folder.finish(list).await,
            Self::Archive(archive) => archive.finish(database, list),
            Self::Bucket(bucket) => bucket.finish(database, list).await,
        }
    }
}

/// A backup that is read.
enum Reader {
    Folder(Folder),
    Archive(Archive),
    Bucket(Bucket),
}

impl Reader {
    async fn open(from: &BackupPlace) -> Result<(Self, BackupList), BackupError> {
        match from {
            BackupPlace::Folder(path) => {
                let list = folder::read_list(path)?;
                Ok((Self::Folder(Folder::at(path)?), list))
            }
            BackupPlace::File(file) => {
                let (archive, list) = Archive::open(file)?;
                Ok((Self::Archive(archive), list))
            }
            BackupPlace::Bucket { name, prefix, objects } => {
                let (bucket, list) = Bucket::of(name, prefix, objects).open().await?;
                Ok((Self::Bucket(bucket), list))
            }
        }
    }

    /// Copies the database. Answers whether it is there.
    async fn database(&self, target: &Path, allowance: &Allowance) -> Result<bool, BackupError> {
        let bytes = match self {
            Self::Folder(folder) => length_of(&folder.path.join(db::FILE)),
            Self::Archive(archive) => archive.length(db::FILE),
            Self::Bucket(bucket) => bucket.database_length(),
        };
        let Some(bytes) = bytes else { return Ok(false) };
        allowance.take(db::FILE, bytes)?;
        match self {
            Self::Folder(folder) => {
                fs::copy(folder.path.join(db::FILE), target).map(|_| true).map_err(failed(target))
            }
            Self::Archive(archive) => archive.copy(db::FILE, target),
            Self::Bucket(bucket) => bucket.database(target).await,
        }
    }

    async fn object(&self, address: &Address) -> Result<Found, BackupError> {
        match self {
            Self::Folder(Folder { store, .. }) | Self::Bucket(Bucket { objects: store, .. }) => {
                Ok(store.within(address.namespace).look(&address.key).await?)
            }
            Self::Archive(archive) => {
                Ok(archive.read(&format!("objects/{address}"))?.map_or(Found::Nothing, Found::Bytes))
            }
        }
    }

    /// Copies what an artist has sent. Answers what is wrong with it, if something is.
    async fn sent(
        &self,
        file: &StagedFile,
        target: &Path,
        allowance: &Allowance,
    ) -> Result<Option<Fault>, BackupError> {
        let name = sent::name(file);
        let bytes = match self {
            Self::Folder(folder) => length_of(&sent::place(file, &folder.staging)),
            Self::Archive(archive) => archive.length(&name),
            Self::Bucket(bucket) => bucket.length(&name),
        };
        allowance.take(&name, bytes.unwrap_or_default())?;
        let is_there = match self {
            Self::Folder(folder) => {
                let source = sent::place(file, &folder.staging);
                return fault_of(sent::copy(file, &source, target), &source);
            }
            Self::Archive(archive) => archive.copy(&name, target)?,
            Self::Bucket(bucket) => bucket.copy(&name, target).await?,
        };
        if !is_there {
            return Ok(Some(Fault::Missing));
        }
        Ok((!sent::is_whole(file, target).map_err(failed(target))?).then_some(Fault::Damaged))
    }
}

/// Ends what a backup that was killed has begun to send in parts, which costs room and is in no list.
#[cfg_attr(not(feature = "cloud"), expect(unused_variables, reason = "there is no bucket"))]
async fn end_left_uploads(prefix: &str, objects: &Store) {
    let Some(connection) = objects.connection() else { return };
    // The prefix may be the bucket's own, where others have files too.
    for place in ["girasol-", "incoming/", "objects/"] {
        if let Err(error) = Area::of(connection, prefix.to_owned()).abort_left(place, LEFT).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "uploads to the bucket that were never finished could not be removed");
        }
    }
}

/// How long a file is, if there is one.
fn length_of(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

/// What is wrong with a file that was to be copied, by whether it was.
fn fault_of(copied: Result<bool, BackupError>, source: &Path) -> Result<Option<Fault>, BackupError> {
    match copied {
        Ok(true) => Ok(None),
        Ok(false) if source.exists() => Ok(Some(Fault::Damaged)),
        Ok(false) => Ok(Some(Fault::Missing)),
        Err(BackupError::Unread { source, .. }) => Ok(Some(Fault::Unreadable(plain(&source)))),
        Err(error) => Err(error),
    }
}
