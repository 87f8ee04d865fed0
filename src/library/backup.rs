//! Backup and restore of an embedded installation: the database, the objects that its versions need, and what artists have
//! sent.
//!
//! Nothing is held while a backup is made. The database is copied as it is at one moment, then what that copy needs. Where
//! something of it has been deleted meanwhile, the database is copied again: what was copied before need not be copied
//! twice, so that a later pass is short. The list of what the backup has is written last: without it a folder is no backup.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use crate::{
    db::{self, Db, DbError, backup::StagedFile},
    domain::identity::Identity,
    staging::Staging,
    store::{Address, Store, StoreError},
};

use super::{
    collect::CollectError,
    intact::{self, AT_ONCE, Condition, Progress},
    references::list_versions,
};

/// The name of the list in a backup.
pub const LIST: &str = "backup.json";
/// The list's own version.
const FORMAT: u32 = 1;
/// How often the database is copied. Where sets come and go faster than that, some of the last ones are not whole.
const MAX_PASSES: u32 = 50;
/// The folder of the database while a backup is being restored.
const UNFINISHED: &str = "restoring";

/// What a backup has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupList {
    format: u32,
    /// The program that made it.
    pub program: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The name of the database.
    #[serde(with = "as_text")]
    pub identity: Identity,
    /// Of the database's file, in hex.
    pub database: String,
    /// Objects; none where they are in a bucket.
    pub objects: Option<u64>,
    /// Files that artists have sent.
    pub staged: u64,
    /// Objects and files that were missing or damaged where they were copied from.
    pub faulty: u64,
}

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is a server's.
    #[error("the database is on a server, which this does not back up")]
    Server,
    /// There is something in the place already.
    #[error("{} is not empty: it has {has}", path.display())]
    NotEmpty {
        /// Which folder.
        path: PathBuf,
        /// What is in it.
        has: String,
    },
    /// The folder is no backup, or one that was not finished.
    #[error("{} is no backup that was finished: {LIST} is missing or cannot be read", path.display())]
    NoBackup {
        /// Which folder.
        path: PathBuf,
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

/// Makes a backup in a new or empty folder, while servers and workers run. Without a store the objects are left out.
pub async fn back_up(
    db: &Db,
    store: Option<&Store>,
    staging: &Staging,
    into: &Path,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BackupList, BackupError> {
    fs::create_dir_all(into).map_err(failed(into))?;
    require_empty(into, &[])?;
    if let Some(store) = store {
        list_versions(db, store).await?;
    }
    let file = into.join(db::FILE);
    let place = Place { store, staging };
    let to = Opened::at(into)?;
    let (mut done, mut lost, mut passes) = (HashSet::new(), HashSet::new(), 0);
    let (needs, identity) = loop {
        remove_database(into)?;
        if !db.copy_into(&file).await? {
            return Err(BackupError::Server);
        }
        let snapshot = Db::open(into).await?;
        let (needs, identity) =
            (Needs::of(&snapshot, store.is_some()).await?, snapshot.make_identity().await?);
        snapshot.close().await;
        let lost_before = lost;
        lost = copy(&needs, place, to.place(), &mut done, report).await?;
        passes += 1;
        // What is lost twice was not deleted in between: it is missing, or damaged.
        if lost.is_subset(&lost_before) || passes == MAX_PASSES {
            break (needs, identity);
        }
    };
    if store.is_some() {
        to.store.set_identity(&identity).await?;
    }
    let list = BackupList {
        format: FORMAT,
        program: db::program(),
        at_ms: db.now_ms(),
        identity,
        database: digest_of(&file).map_err(failed(&file))?,
        objects: store.map(|_| needs.objects.len() as u64),
        staged: needs.staged.len() as u64,
        faulty: lost.len() as u64,
    };
    write_list(into, &list).map_err(failed(&into.join(LIST)))?;
    Ok(list)
}

/// Makes an installation of a backup in a data folder that has none. What the backup has is compared with its digests, and
/// the database comes last: no program takes half an installation for a whole one.
pub async fn restore(
    from: &Path,
    data: &Path,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<BackupList, BackupError> {
    let list = read_list(from).map_err(|source| BackupError::NoBackup { path: from.to_owned(), source })?;
    fs::create_dir_all(data).map_err(failed(data))?;
    require_empty(data, &["girasol.toml"])?;
    let file = from.join(db::FILE);
    if digest_of(&file).map_err(failed(&file))? != list.database {
        return Err(BackupError::Damaged { files: 1, first: db::FILE.to_owned() });
    }
    // The backup stays as it is: to open a database writes beside it.
    let beside = data.join(UNFINISHED);
    fs::create_dir_all(&beside).map_err(failed(&beside))?;
    let copied = beside.join(db::FILE);
    fs::copy(&file, &copied).map_err(failed(&copied))?;
    let snapshot = Db::open(&beside).await?;
    let needs = Needs::of(&snapshot, list.objects.is_some()).await?;
    snapshot.close().await;

    let (source, target) = (Opened::at(from)?, Opened::at(data)?);
    let lost = copy(&needs, source.place(), target.place(), &mut HashSet::new(), report).await?;
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

/// Where objects and files are copied from or to.
#[derive(Debug, Clone, Copy)]
struct Place<'p> {
    store: Option<&'p Store>,
    staging: &'p Staging,
}

/// A place in a folder.
struct Opened {
    store: Store,
    staging: Staging,
}

impl Opened {
    fn at(folder: &Path) -> Result<Self, BackupError> {
        let store = Store::folder(folder).map_err(failed(folder))?;
        Ok(Self { store, staging: Staging::open(folder, None).map_err(failed(folder))? })
    }

    const fn place(&self) -> Place<'_> {
        Place { store: Some(&self.store), staging: &self.staging }
    }
}

/// What a database needs beside itself.
struct Needs {
    objects: Vec<Address>,
    staged: Vec<StagedFile>,
}

impl Needs {
    async fn of(db: &Db, has_objects: bool) -> Result<Self, DbError> {
        let objects = if has_objects { db.live_objects().await? } else { Vec::new() };
        Ok(Self { objects, staged: db.staged_files().await? })
    }
}

fn path_of(file: &StagedFile, staging: &Staging) -> PathBuf {
    match file {
        StagedFile::Frame(set, digest) => staging.file(set, *digest),
        StagedFile::Upload(set, upload, _) => staging.part(set, upload.as_str()),
    }
}

fn name_of(file: &StagedFile) -> String {
    match file {
        StagedFile::Frame(set, digest) => format!("incoming/{set}/files/{digest}"),
        StagedFile::Upload(set, upload, _) => format!("incoming/{set}/parts/{upload}"),
    }
}

/// Copies what is not done yet. Answers what is missing or damaged, by its name.
async fn copy(
    needs: &Needs,
    from: Place<'_>,
    to: Place<'_>,
    done: &mut HashSet<String>,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<HashSet<String>, BackupError> {
    let objects: Vec<Address> =
        needs.objects.iter().filter(|address| !done.contains(&address.to_string())).copied().collect();
    let counted = AtomicU64::new(0);
    let total = (objects.len() + needs.staged.len()) as u64;
    let step = || report(Progress { done: counted.fetch_add(1, Ordering::Relaxed) + 1, total });

    let mut lost = HashSet::new();
    if let (Some(source), Some(target)) = (from.store, to.store) {
        let group = async |group: Vec<Address>| -> Result<Vec<(String, bool)>, StoreError> {
            let list = intact::list_of(source, &group).await?;
            let mut copied = Vec::new();
            for address in group {
                let condition = intact::read(source, &address, list.as_ref()).await?;
                if let Condition::Intact(bytes) = &condition {
                    target.within(address.namespace).put(&address.key, bytes).await?;
                }
                copied.push((address.to_string(), matches!(condition, Condition::Intact(_))));
                step();
            }
            Ok(copied)
        };
        let groups: Vec<_> = intact::groups(objects).into_iter().map(group).collect();
        let copied: Vec<_> = stream::iter(groups).buffer_unordered(AT_ONCE).try_collect().await?;
        for (name, is_there) in copied.into_iter().flatten() {
            if is_there {
                done.insert(name)
            } else {
                lost.insert(name)
            };
        }
    }
    for file in &needs.staged {
        let (source, target) = (path_of(file, from.staging), path_of(file, to.staging));
        let is_there = match file {
            StagedFile::Frame(..) if done.contains(&name_of(file)) => Ok(true),
            StagedFile::Frame(_, digest) => copy_frame(&source, &target, *digest),
            // It grows, and is copied again.
            StagedFile::Upload(_, _, received) => copy_upload(&source, &target, *received),
        };
        if is_there.map_err(failed(&target))? {
            done.insert(name_of(file))
        } else {
            lost.insert(name_of(file))
        };
        step();
    }
    Ok(lost)
}

/// Copies a whole file of a set. Answers whether it is there, with the bytes that it is named after.
fn copy_frame(source: &Path, target: &Path, digest: Digest) -> io::Result<bool> {
    let Some(mut file) = open(source)? else { return Ok(false) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if Digest::of(&bytes) != digest {
        return Ok(false);
    }
    write(target, &mut &bytes[..]).map(|_| true)
}

/// Copies what has been received of an upload. Answers whether it is there.
fn copy_upload(source: &Path, target: &Path, received: u64) -> io::Result<bool> {
    let Some(file) = open(source)? else { return Ok(false) };
    Ok(write(target, &mut file.take(received))? == received)
}

fn open(file: &Path) -> io::Result<Option<File>> {
    match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Writes a file that is on disk when this returns, and answers how many bytes it has.
fn write(target: &Path, bytes: &mut dyn io::Read) -> io::Result<u64> {
    fs::create_dir_all(target.parent().unwrap_or(Path::new(".")))?;
    let mut file = File::create(target)?;
    let written = io::copy(bytes, &mut file)?;
    file.sync_all()?;
    Ok(written)
}

/// Refuses a folder that has more in it than these names.
fn require_empty(folder: &Path, besides: &[&str]) -> Result<(), BackupError> {
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let name = entry.map_err(failed(folder))?.file_name();
        if !besides.iter().any(|beside| name == *beside) {
            let has = name.to_string_lossy().into_owned();
            return Err(BackupError::NotEmpty { path: folder.to_owned(), has });
        }
    }
    Ok(())
}

/// Removes the copy of the pass before, with what SQLite keeps beside it.
fn remove_database(folder: &Path) -> Result<(), BackupError> {
    for end in ["", "-wal", "-shm"] {
        let file = folder.join(format!("{}{end}", db::FILE));
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&file)(error)),
            _ => {}
        }
    }
    Ok(())
}

fn digest_of(file: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn read_list(folder: &Path) -> io::Result<BackupList> {
    let list: BackupList = serde_json::from_slice(&fs::read(folder.join(LIST))?)?;
    if list.format != FORMAT {
        return Err(io::Error::other(format!("it has the format {}, and {FORMAT} is known", list.format)));
    }
    Ok(list)
}

/// Writes the list after all else is on disk, and whole.
fn write_list(folder: &Path, list: &BackupList) -> io::Result<()> {
    File::open(folder.join(db::FILE))?.sync_all()?;
    let (unfinished, path) = (folder.join(format!(".{LIST}")), folder.join(LIST));
    let mut file = File::create(&unfinished)?;
    file.write_all(&serde_json::to_vec_pretty(list)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, &path)?;
    File::open(folder)?.sync_all()
}

/// An identity as its text.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::domain::identity::Identity;

    pub(super) fn serialize<S: Serializer>(identity: &Identity, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(identity.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Identity, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::framesets::StoredFrame,
        domain::{audit::Actor, frameset::NewFrameset, keys::Role},
        library::raw_frames,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_deleted_while_a_backup_is_made_is_not_in_it_and_no_fault() {
        // A server is not backed up.
        if crate::db::testing::is_scaled() {
            return;
        }
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let db = Db::open(folder.path()).await.unwrap();
        let staging = Staging::open(folder.path(), None).unwrap();
        let actor = Actor::command_line();
        let key = db.create_key(Role::Artist, "", &actor).await.unwrap();
        let mut sets = Vec::new();
        for _ in 0..2 {
            let set = db.open_frameset(&NewFrameset::of_plain_ring(), key.id(), 9, &actor).await.unwrap();
            let mut file = staging.begin(&set).await.unwrap();
            file.append(b"frame").await.unwrap();
            let whole = file.whole().await.unwrap();
            file.keep(&staging, &set, &whole).await.unwrap();
            let frame = StoredFrame { name: "1.png".parse().unwrap(), bytes: 5, digest: whole.digest };
            db.add_frames(&set, &[frame], 9, &actor).await.unwrap();
            sets.push(set);
        }
        // The later one is deleted when the earlier one has been copied.
        sets.sort();
        let delete = |Progress { done, .. }| {
            if done == 1 && staging.file(&sets[1], Digest::of(b"frame")).exists() {
                tokio::task::block_in_place(|| {
                    let deleted = raw_frames::discard(&db, &staging, &sets[1], &actor);
                    assert!(tokio::runtime::Handle::current().block_on(deleted).unwrap());
                });
            }
        };
        let backup = elsewhere.path().join("backup");
        let list = back_up(&db, None, &staging, &backup, &delete).await.unwrap();
        assert_eq!((list.staged, list.faulty, list.objects), (1, 0, None));

        fs::remove_file(staging.file(&sets[0], Digest::of(b"frame"))).unwrap();
        let list = back_up(&db, None, &staging, &elsewhere.path().join("lost"), &|_| {}).await.unwrap();
        assert_eq!((list.staged, list.faulty), (1, 1), "what is missing before is counted");

        let data = elsewhere.path().join("data");
        restore(&backup, &data, &|_| {}).await.unwrap();
        let restored = Staging::open(&data, None).unwrap();
        assert_eq!(fs::read(restored.file(&sets[0], Digest::of(b"frame"))).unwrap(), b"frame");
        assert!(!restored.file(&sets[1], Digest::of(b"frame")).exists() && !data.join(UNFINISHED).exists());
        assert_eq!(Db::open(&data).await.unwrap().frames(&sets[0]).await.unwrap().len(), 1);
    }
}
