//! The first backend: a folder. An object is written into a temporary file that is synced and then renamed, so that a
//! reader sees all of it or nothing.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    domain::plain::plain,
    whole_file::{self, beside, folder},
};

use super::{Address, Cause, Listed, ObjectKey, identity};

/// How often a write is tried whose folder is deleted under it.
const WRITE_TRIES: u32 = 8;

/// Objects in a folder, under their keys.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// Whether the folder has once had its name. From then on a folder without it is another one: the place where a disk
    /// was mounted, for one.
    was_named: AtomicBool,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, was_named: AtomicBool::new(false) }
    }

    pub(super) async fn get(&self, key: &Address) -> Result<Option<Vec<u8>>, Cause> {
        match read(self.path(key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn put(&self, key: &Address, bytes: &[u8]) -> Result<(), Cause> {
        let path = self.path(key);
        if matches!(read(path.clone()).await, Ok(there) if there == bytes) {
            return Ok(());
        }
        let bytes = bytes.to_vec();
        self.write_whole(path, bytes).await
    }

    pub(super) async fn list(&self, leftover: Duration) -> Result<Listed, Cause> {
        let root = self.root.clone();
        Ok(tokio::task::spawn_blocking(move || list(&root, leftover)).await??)
    }

    pub(super) async fn remove(&self, key: &Address) -> Result<(), Cause> {
        let path = self.path(key);
        let removed = match tokio::fs::remove_file(&path).await {
            // A folder in its place, which goes if it is empty.
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => tokio::fs::remove_dir(&path).await,
            removed => removed,
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => {
                // The last file of a set takes the set's folder along.
                let is_of_set = matches!(key.key, ObjectKey::Frame { .. } | ObjectKey::SetList(_));
                // The last file of a private namespace takes all of the namespace's folders along.
                let levels = if key.namespace.is_private() { usize::MAX } else { usize::from(is_of_set) };
                for folder in path.ancestors().skip(1).take(levels).take_while(|folder| *folder != self.root)
                {
                    if tokio::fs::remove_dir(folder).await.is_err() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    pub(super) async fn identity(&self) -> Result<Option<String>, Cause> {
        match read(self.root.join(identity::KEY)).await {
            Ok(text) => Ok(Some(String::from_utf8(text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn set_identity(&self, text: &str) -> Result<(), Cause> {
        self.write_whole(self.root.join(identity::KEY), text.as_bytes().to_vec()).await?;
        self.was_named.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(super) async fn is_empty(&self) -> Result<bool, Cause> {
        // No partial file is old enough to be deleted.
        let Listed { objects, unread } = self.list(Duration::MAX).await?;
        match unread.into_iter().next() {
            Some(error) if objects.is_empty() => Err(error.into()),
            _ => Ok(objects.is_empty()),
        }
    }

    pub(super) async fn ping(&self) -> Result<(), Cause> {
        tokio::fs::metadata(&self.root).await?;
        if self.was_named.load(Ordering::Relaxed) && !self.is_named().await? {
            let why = format!("{} is gone from the folder: another one is in its place", identity::KEY);
            return Err(io::Error::new(io::ErrorKind::NotFound, why).into());
        }
        Ok(())
    }

    /// Writes a file and deletes it.
    pub(super) async fn probe(&self) -> Result<(), Cause> {
        let path = self.root.join(format!(".probe-{}", std::process::id()));
        tokio::fs::write(&path, b"probe").await?;
        tokio::fs::remove_file(&path).await?;
        self.was_named.store(self.is_named().await?, Ordering::Relaxed);
        Ok(())
    }

    async fn is_named(&self) -> io::Result<bool> {
        tokio::fs::try_exists(self.root.join(identity::KEY)).await
    }

    async fn write_whole(&self, path: PathBuf, bytes: Vec<u8>) -> Result<(), Cause> {
        let root = self.root.clone();
        Ok(tokio::task::spawn_blocking(move || write_whole(&root, &path, &bytes)).await??)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let real = |folder: &Self| fs::canonicalize(&folder.root);
        matches!((real(self), real(other)), (Ok(one), Ok(other)) if one == other)
    }

    /// For messages.
    pub(super) fn place(&self) -> String {
        format!("the folder {}", self.root.display())
    }

    fn path(&self, key: &Address) -> PathBuf {
        self.root.join(key.to_string())
    }
}

/// Reads a whole file on a thread that may wait for the disk.
async fn read(path: PathBuf) -> io::Result<Vec<u8>> {
    tokio::task::spawn_blocking(move || whole_file::read(&path)).await.map_err(io::Error::other)?
}

fn list(root: &Path, leftover: Duration) -> io::Result<Listed> {
    let mut listed = Listed { objects: Vec::new(), unread: Vec::new() };
    list_folder(root, root, leftover, &mut listed)?;
    Ok(listed)
}

/// Lists a folder and those in it. One of those that cannot be read is noted.
fn list_folder(root: &Path, folder: &Path, leftover: Duration, listed: &mut Listed) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            match list_folder(root, &path, leftover, listed) {
                // A collector has deleted the folder since its parent was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => listed.unread.push(at(&path, &error)),
                Ok(()) => {}
            }
            continue;
        }
        let key = path.strip_prefix(root).ok().and_then(|path| path.to_str()?.parse().ok());
        let is_partial = entry.file_name().to_string_lossy().starts_with('.') && folder != root;
        let age = || entry.metadata().and_then(|metadata| metadata.modified()).ok()?.elapsed().ok();
        if let Some(key) = key {
            listed.objects.push(key);
        } else if is_partial && age().is_some_and(|age| age >= leftover) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    listed.unread.push(at(&path, &error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// An error that says where it was.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {}", path.display(), plain(error)))
}

/// A folder that a collector deletes at the same moment, since it has just become empty, is made again.
fn write_whole(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    for _ in 1..WRITE_TRIES {
        match try_write_whole(root, path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            written => return written,
        }
    }
    try_write_whole(root, path, bytes)
}

fn try_write_whole(root: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder(path);
    if fs::metadata(folder).is_err() {
        create_below(root, folder)?;
        // The folder's own entry has to survive a power cut as well.
        sync(folder.parent().unwrap_or(Path::new(".")))?;
    }
    // Two processes may write the same object at once: each has a file of its own.
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // A folder in its place is no object, and goes if it is empty.
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_dir()) {
        fs::remove_dir(path)?;
    }
    file.persist(path)?;
    sync(folder)
}

/// Makes the folders between the root and this one. The root itself is not made: where it is gone, so is the disk that it
/// was on, and what is written in its place is lost when the disk comes back.
fn create_below(root: &Path, folder: &Path) -> io::Result<()> {
    let mut missing: Vec<_> = folder.ancestors().take_while(|folder| *folder != root).collect();
    while let Some(folder) = missing.pop() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use assets_pipeline::{digest::Digest, plan::tiers::Format};

    use super::*;
    use crate::domain::namespace::Namespace;

    #[tokio::test]
    async fn a_root_that_is_gone_is_not_made_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("objects"));
        let key = ObjectKey::SetList(Digest::of(b"set")).within(Namespace::Public);
        fs::create_dir(root.path().join("objects")).unwrap();
        folder.set_identity("name").await.unwrap();
        folder.put(&key, b"list").await.unwrap();
        folder.ping().await.unwrap();
        fs::remove_dir_all(root.path().join("objects")).unwrap();
        assert!(folder.put(&key, b"list").await.is_err());
        assert!(folder.set_identity("name").await.is_err());
        assert!(folder.ping().await.is_err());
        // An empty folder, as where a disk was mounted, is not the store either.
        fs::create_dir(root.path().join("objects")).unwrap();
        assert!(folder.ping().await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_write_beside_the_last_deletion_of_a_set_is_not_lost() {
        let root = tempfile::tempdir().unwrap();
        let folder = std::sync::Arc::new(Folder::new(root.path().to_owned()));
        let set = Digest::of(b"set");
        let frame =
            move |degree| ObjectKey::Frame { set, degree, format: Format::Webp }.within(Namespace::Public);
        for _ in 0..200 {
            folder.put(&frame(0), b"first").await.unwrap();
            let removal = tokio::spawn({
                let folder = folder.clone();
                async move { folder.remove(&frame(0)).await.unwrap() }
            });
            folder.put(&frame(10), b"second").await.unwrap();
            removal.await.unwrap();
            assert_eq!(folder.get(&frame(10)).await.unwrap().as_deref(), Some(&b"second"[..]));
            folder.remove(&frame(10)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_unfinished_file_is_deleted_when_it_is_old() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let key = ObjectKey::Pack(Digest::of(b"frames")).within(Namespace::Public);
        folder.put(&key, b"frames").await.unwrap();
        assert_eq!(fs::read_dir(root.path().join("p")).unwrap().count(), 1, "no temporary file is left");
        let partial = root.path().join("p/.tmpA1b2C3");
        fs::write(&partial, b"fra").unwrap();
        assert_eq!(folder.list(Duration::from_hours(1)).await.unwrap().objects, [key]);
        assert!(partial.exists());
        assert_eq!(folder.list(Duration::ZERO).await.unwrap().objects, [key]);
        assert!(!partial.exists());
    }

    #[tokio::test]
    async fn what_is_in_the_place_of_an_object_makes_room_for_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let key = ObjectKey::Pack(Digest::of(b"frames")).within(Namespace::Public);
        folder.put(&key, b"frames").await.unwrap();
        let path = root.path().join(key.to_string());
        let pipe = |path: &Path| rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR).unwrap();
        let nowhere = |path: &Path| std::os::unix::fs::symlink("nowhere", path).unwrap();
        for place in [&pipe as &dyn Fn(&Path), &nowhere, &|path| fs::create_dir(path).unwrap()] {
            fs::remove_file(&path).unwrap();
            place(&path);
            assert_ne!(folder.get(&key).await.ok().flatten().as_deref(), Some(&b"frames"[..]));
            folder.put(&key, b"frames").await.unwrap();
            assert_eq!(folder.get(&key).await.unwrap().as_deref(), Some(&b"frames"[..]));
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        folder.remove(&key).await.unwrap();
        assert!(!path.exists());
        // What is in a folder stays.
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), b"").unwrap();
        assert!(folder.put(&key, b"frames").await.is_err() && folder.remove(&key).await.is_err());
        assert_eq!(fs::read_dir(root.path().join("p")).unwrap().count(), 1, "no temporary file is left");
    }

    #[tokio::test]
    async fn the_last_file_of_a_set_takes_its_folder_along() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().to_owned());
        let set = Digest::of(b"frames");
        let keys = [ObjectKey::SetList(set), ObjectKey::Frame { set, degree: 6, format: Format::Webp }];
        let keys = keys.map(|key| key.within(Namespace::Public));
        for key in &keys {
            folder.put(key, b"frames").await.unwrap();
        }
        for key in &keys {
            assert!(root.path().join("s").join(set.to_string()).exists());
            folder.remove(key).await.unwrap();
        }
        assert!(!root.path().join("s").join(set.to_string()).exists());

        let namespace = Namespace::Private("00112233445566778899aabbccddeeff".parse().unwrap());
        let keys = keys.map(|key| key.key.within(namespace));
        for key in &keys {
            folder.put(key, b"frames").await.unwrap();
        }
        for key in &keys {
            assert!(root.path().join("private").exists());
            folder.remove(key).await.unwrap();
        }
        assert!(!root.path().join("private").exists());
        assert!(root.path().exists());
    }
}
