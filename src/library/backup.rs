//! Backup and restore of an embedded installation: the database, the objects that its versions need, and what artists have
//! sent; into a folder, one file or a bucket.
//!
//! Nothing is held while a backup is made. The database is copied as it is at one moment, then what that copy needs. Where
//! something of it has been deleted meanwhile, the database is copied again: what was copied before need not be copied
//! twice, so that a later pass is short. The list of what the backup has is written last: without it there is no backup.

mod archive;
mod bucket;
mod folder;
mod list;
mod sent;

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use assets_pipeline::pack::SetList;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{self, Db, DbError, backup::StagedFile},
    domain::identity::Identity,
    staging::Staging,
    store::{Address, Store, StoreError, Trouble},
};

use super::{
    collect::CollectError,
    intact::{self, AT_ONCE, Condition, Progress},
    references::list_versions,
};

pub use self::list::{BackupList, LIST};

use self::{
    archive::{Archive, ArchiveWriter},
    bucket::{Bucket, BucketWriter},
    folder::Folder,
    list::digest_of,
};

/// How often the database is copied. Where sets come and go faster than that, some of the last ones are not whole.
const MAX_PASSES: u32 = 50;
/// What the folder is called in which the database is copied, if not in the backup itself.
const SCRATCH: &str = ".backing-up-";
/// The folder of the database while a backup is being restored.
const UNFINISHED: &str = "restoring";

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

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is a server's.
    #[error("the database is on a server, which this does not back up")]
    Server,
    /// There is something in the place already.
    #[error("{place} is not empty: it has {has}")]
    NotEmpty {
        /// Which folder or bucket.
        place: String,
        /// What is in it.
        has: String,
    },
    /// There is a file of that name already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The backup in that place is another database's.
    #[error("{place} has the backup of another database, {identity}")]
    Other {
        /// Which bucket.
        place: String,
        /// That database.
        identity: Identity,
    },
    /// What is there is no backup, or one that was not finished.
    #[error("{place} is no backup that was finished")]
    NoBackup {
        /// Which folder, file or bucket.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The backup is not what it was.
    #[error("{files} files of the backup are missing or damaged, as {first}")]
    Damaged {
        /// How many.
        files: u64,
        /// One of them.
        first: String,
    },
    /// A file could not be read or written.
    #[error("{} could not be copied", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in the bucket could not be read or written.
    #[error("{file} in {place} could not be copied: {trouble}")]
    Bucket {
        /// Which bucket.
        place: String,
        /// Which one.
        file: String,
        /// What is wrong.
        trouble: Trouble,
        /// The server's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is not known what versions need.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// A database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}

/// Makes a backup while servers and workers run: in a folder that is new or empty, in a file that is new, or in a bucket,
/// where a backup of the same database is brought up to date. Without a store, objects and what artists have sent are left
/// out: both are in a bucket then. A folder for what is needed meanwhile is made in `scratch`.
pub async fn back_up(
    db: &Db,
    store: Option<&Store>,
    staging: &Staging,
    scratch: &Path,
    into: &BackupPlace,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BackupList, BackupError> {
    if let Some(store) = store {
        list_versions(db, store).await?;
    }
    let writer = Writer::begin(into, &db.make_identity().await?, store.is_some()).await?;
    let (scratch, _removed_at_the_end) = match into {
        BackupPlace::Folder(folder) => (folder.clone(), None),
        BackupPlace::File(file) => temporary(crate::whole_file::folder(file))?,
        BackupPlace::Bucket { .. } => temporary(scratch)?,
    };
    let file = scratch.join(db::FILE);
    let (mut done, mut lost, mut passes) = (HashSet::new(), HashSet::new(), 0);
    let (needs, identity) = loop {
        folder::remove_database(&scratch)?;
        if !db.copy_into(&file).await? {
            return Err(BackupError::Server);
        }
        let snapshot = Db::open(&scratch).await?;
        let mut needs = Needs::of(&snapshot).await?;
        let identity = snapshot.make_identity().await?;
        snapshot.close().await;
        let lost_before = lost;
        lost = if let Some(store) = store {
            copy_out(&needs, store, staging, &writer, &mut done, report).await?
        } else {
            needs = Needs::default();
            HashSet::new()
        };
        passes += 1;
        // What is lost twice was not deleted in between: it is missing, or damaged.
        if lost.is_subset(&lost_before) || passes == MAX_PASSES {
            break (needs, identity);
        }
    };
    let mut list = BackupList::of(identity, db.now_ms(), digest_of(&file).map_err(failed(&file))?);
    list.objects = store.map(|_| needs.objects.len() as u64);
    list.staged = needs.staged.len() as u64;
    list.faulty = lost.len() as u64;
    writer.finish(&file, &list).await?;
    if let Err(error) = db.note_backup().await {
        // The backup is whole. That it is young is not known to alerts.
        tracing::warn!(%error, "the backup could not be noted");
    }
    Ok(list)
}

/// Makes an installation of a backup in a data folder that has none. What the backup has is compared with its digests, and
/// the database comes last: no program takes half an installation for a whole one.
pub async fn restore(
    from: &BackupPlace,
    data: &Path,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BackupList, BackupError> {
    let (reader, list) = Reader::open(from).await?;
    fs::create_dir_all(data).map_err(failed(data))?;
    folder::require_empty(data, &["girasol.toml"])?;
    // The backup stays as it is: to open a database writes beside it.
    let beside = data.join(UNFINISHED);
    fs::create_dir_all(&beside).map_err(failed(&beside))?;
    let copied = beside.join(db::FILE);
    let is_there = reader.database(&list, &copied).await?;
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
    let lost = copy_in(&needs, &reader, &target, report).await?;
    if let Some(first) = lost.iter().min().filter(|_| lost.len() as u64 > list.faulty) {
        return Err(BackupError::Damaged { files: lost.len() as u64, first: first.clone() });
    }
    if list.objects.is_some() {
        target.store.set_identity(&list.identity).await?;
    }
    let restored = data.join(db::FILE);
    File::open(&copied).and_then(|file| file.sync_all()).map_err(failed(&copied))?;
    fs::rename(&copied, &restored).map_err(failed(&restored))?;
    fs::remove_dir_all(&beside).map_err(failed(&beside))?;
    Ok(list)
}

/// A folder that goes with its value.
fn temporary(within: &Path) -> Result<(PathBuf, Option<tempfile::TempDir>), BackupError> {
    let folder = tempfile::Builder::new().prefix(SCRATCH).tempdir_in(within).map_err(failed(within))?;
    Ok((folder.path().to_owned(), Some(folder)))
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
    Folder(Folder),
    Archive(ArchiveWriter),
    Bucket(BucketWriter),
}

impl Writer {
    async fn begin(into: &BackupPlace, identity: &Identity, has_objects: bool) -> Result<Self, BackupError> {
        Ok(match into {
            BackupPlace::Folder(folder) => Self::Folder(Folder::new(folder)?),
            BackupPlace::File(file) => Self::Archive(ArchiveWriter::create(file)?),
            BackupPlace::Bucket { name, prefix, objects } => {
                let bucket = Bucket::of(name, prefix, objects);
                Self::Bucket(bucket.begin(identity, has_objects).await?)
            }
        })
    }

    async fn object(&self, address: &Address, bytes: &[u8]) -> Result<(), BackupError> {
        match self {
            Self::Folder(folder) => {
                Ok(folder.store.within(address.namespace).put(&address.key, bytes).await?)
            }
            Self::Archive(archive) => archive.add(&format!("objects/{address}"), bytes),
            Self::Bucket(bucket) => bucket.object(address, bytes).await,
        }
    }

    /// Copies what an artist has sent. Answers whether it is there, and whole.
    async fn sent(&self, file: &StagedFile, source: &Path) -> Result<bool, BackupError> {
        match self {
            Self::Folder(folder) => sent::copy(file, source, &sent::place(file, &folder.staging)),
            Self::Archive(archive) => archive.sent(file, source),
            Self::Bucket(bucket) => bucket.sent(file, source).await,
        }
    }

    async fn finish(&self, database: &Path, list: &BackupList) -> Result<(), BackupError> {
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
    async fn database(&self, list: &BackupList, target: &Path) -> Result<bool, BackupError> {
        match self {
            Self::Folder(folder) => {
                fs::copy(folder.path.join(db::FILE), target).map(|_| true).map_err(failed(target))
            }
            Self::Archive(archive) => archive.copy(db::FILE, target),
            Self::Bucket(bucket) => bucket.database(list, target).await,
        }
    }

    async fn object(&self, address: &Address) -> Result<Option<Vec<u8>>, BackupError> {
        match self {
            Self::Folder(Folder { store, .. }) | Self::Bucket(Bucket { objects: store, .. }) => {
                Ok(store.within(address.namespace).get_from_backend(&address.key).await?)
            }
            Self::Archive(archive) => archive.read(&format!("objects/{address}")),
        }
    }

    /// Copies what an artist has sent. Answers whether it is there, and whole.
    async fn sent(&self, file: &StagedFile, target: &Path) -> Result<bool, BackupError> {
        match self {
            Self::Folder(folder) => sent::copy(file, &sent::place(file, &folder.staging), target),
            Self::Archive(archive) => Ok(archive.copy(&sent::name(file), target)?
                && sent::is_whole(file, target).map_err(failed(target))?),
            Self::Bucket(bucket) => Ok(bucket.copy(&sent::name(file), target).await?
                && sent::is_whole(file, target).map_err(failed(target))?),
        }
    }
}

/// Copies what is not in the backup yet. Answers what is missing or damaged, by its name.
async fn copy_out(
    needs: &Needs,
    store: &Store,
    staging: &Staging,
    to: &Writer,
    done: &mut HashSet<String>,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<HashSet<String>, BackupError> {
    let objects: Vec<Address> =
        needs.objects.iter().filter(|address| !done.contains(&address.to_string())).copied().collect();
    let steps = Steps::of(objects.len() + needs.staged.len(), report);
    let get = async |address: Address| -> Result<Option<Vec<u8>>, BackupError> {
        Ok(store.within(address.namespace).get_from_backend(&address.key).await?)
    };
    let put = async |address: Address, bytes: &[u8]| to.object(&address, bytes).await;
    let mut lost = HashSet::new();
    for (address, is_there) in copy_objects(objects, &get, &put, &steps).await? {
        let into = if is_there { &mut *done } else { &mut lost };
        into.insert(address.to_string());
    }
    for file in &needs.staged {
        let name = sent::name(file);
        // An upload grows, and is copied again.
        let is_done = matches!(file, StagedFile::Frame(..)) && done.contains(&name);
        let is_there = is_done || to.sent(file, &sent::place(file, staging)).await?;
        let into = if is_there { &mut *done } else { &mut lost };
        into.insert(name);
        steps.take();
    }
    Ok(lost)
}

/// Copies all that a backup has. Answers what is missing or damaged, by its name.
async fn copy_in(
    needs: &Needs,
    from: &Reader,
    to: &Folder,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<HashSet<String>, BackupError> {
    let steps = Steps::of(needs.objects.len() + needs.staged.len(), report);
    let get = async |address: Address| from.object(&address).await;
    let put = async |address: Address, bytes: &[u8]| -> Result<(), BackupError> {
        Ok(to.store.within(address.namespace).put(&address.key, bytes).await?)
    };
    let copied = copy_objects(needs.objects.clone(), &get, &put, &steps).await?;
    let mut lost: HashSet<String> = copied
        .into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(address, _)| address.to_string())
        .collect();
    for file in &needs.staged {
        if !from.sent(file, &sent::place(file, &to.staging)).await? {
            lost.insert(sent::name(file));
        }
        steps.take();
    }
    Ok(lost)
}

/// Copies objects, each with whether it is there and intact.
async fn copy_objects(
    objects: Vec<Address>,
    get: &impl AsyncFn(Address) -> Result<Option<Vec<u8>>, BackupError>,
    put: &impl AsyncFn(Address, &[u8]) -> Result<(), BackupError>,
    steps: &Steps<'_>,
) -> Result<Vec<(Address, bool)>, BackupError> {
    let group = async |group: Vec<Address>| -> Result<Vec<(Address, bool)>, BackupError> {
        let list = match intact::list_address(&group) {
            Some((address, set)) => get(address).await?.and_then(|bytes| SetList::read(set, bytes)),
            None => None,
        };
        let mut copied = Vec::new();
        for address in group {
            let condition = intact::condition(&address, list.as_ref(), get(address).await?);
            if let Condition::Intact(bytes) = &condition {
                put(address, bytes).await?;
            }
            copied.push((address, matches!(condition, Condition::Intact(_))));
            steps.take();
        }
        Ok(copied)
    };
    let groups: Vec<_> = intact::groups(objects).into_iter().map(group).collect();
    let copied: Vec<Vec<_>> = stream::iter(groups).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(copied.into_iter().flatten().collect())
}

/// Counts what is done.
struct Steps<'s> {
    done: AtomicU64,
    total: u64,
    report: &'s (dyn Fn(Progress) + Sync),
}

impl<'s> Steps<'s> {
    const fn of(total: usize, report: &'s (dyn Fn(Progress) + Sync)) -> Self {
        Self { done: AtomicU64::new(0), total: total as u64, report }
    }

    fn take(&self) {
        (self.report)(Progress { done: self.done.fetch_add(1, Ordering::Relaxed) + 1, total: self.total });
    }
}
