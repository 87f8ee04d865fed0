//! The first backend: a folder. An object is written into a temporary file that is synced and then renamed, so that a
//! reader sees all of it or nothing.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::whole_file::{beside, folder};

use super::{Address, Cause, ObjectKey, identity};

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
        match tokio::fs::read(self.path(key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn put(&self, key: &Address, bytes: &[u8]) -> Result<(), Cause> {
        let path = self.path(key);
        if matches!(tokio::fs::read(&path).await, Ok(there) if there == bytes) {
            return Ok(());
        }
        let bytes = bytes.to_vec();
        self.write_whole(path, bytes).await
    }

    pub(super) async fn list(&self, leftover: Duration) -> Result<Vec<Address>, Cause> {
        let root = self.root.clone();
        Ok(tokio::task::spawn_blocking(move || list(&root, leftover)).await??)
    }

    pub(super) async fn remove(&self, key: &Address) -> Result<(), Cause> {
        let path = self.path(key);
        match tokio::fs::remove_file(&path).await {
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
        match tokio::fs::read_to_string(self.root.join(identity::KEY)).await {
            Ok(text) => Ok(Some(text)),
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
        Ok(self.list(Duration::MAX).await?.is_empty())
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

    /// For messages.
    pub(super) fn place(&self) -> String {
        format!("the folder {}", self.root.display())
    }

    fn path(&self, key: &Address) -> PathBuf {
        self.root.join(key.to_string())
    }
}

fn list(root: &Path, leftover: Duration) -> io::Result<Vec<Address>> {
    let (mut keys, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            // A collector has deleted the folder since its parent was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder != root => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
                continue;
            }
            let key = path.strip_prefix(root).ok().and_then(|path| path.to_str()?.parse().ok());
            let is_partial = entry.file_name().to_string_lossy().starts_with('.') && folder != root;
            let age = || entry.metadata().and_then(|metadata| metadata.modified()).ok()?.elapsed().ok();
            if let Some(key) = key {
                keys.push(key);
            } else if is_partial && age().is_some_and(|age| age >= leftover) {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
    }
    Ok(keys)
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
        assert_eq!(folder.list(Duration::from_hours(1)).await.unwrap(), [key]);
        assert!(partial.exists());
        assert_eq!(folder.list(Duration::ZERO).await.unwrap(), [key]);
        assert!(!partial.exists());
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
