//! The object store: immutable objects by key, in a folder.
//!
//! A key is the path of the object's public URL, so that a CDN may read the store itself. Objects are
//! written once: into a temporary file that is synced and then renamed, so that a reader sees all of
//! an object or none of it.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use assets_pipeline::{digest::Digest, tiers::Format};
use tokio::io::AsyncWriteExt as _;

/// Names an object. Path and media type follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKey {
    /// One frame of a set.
    Frame {
        /// The set's digest.
        set: Digest,
        /// 0 to 359.
        degree: u16,
        /// The set's format.
        format: Format,
    },
    /// A pack, by its digest.
    Pack(Digest),
    /// The list of a set's frames, by the set's digest, which is the list's own.
    SetList(Digest),
    /// A version's manifest, by its digest.
    Manifest(Digest),
    /// A hero frame as a JPEG, by its digest.
    Jpeg(Digest),
}

impl ObjectKey {
    /// The media type that the object is served with.
    pub const fn media_type(&self) -> &'static str {
        match self {
            Self::Frame { format, .. } => format.media_type(),
            Self::Pack(_) => "application/octet-stream",
            Self::SetList(_) => "text/plain",
            Self::Manifest(_) => "application/json",
            Self::Jpeg(_) => "image/jpeg",
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame { set, degree, format } => write!(f, "s/{set}/{degree:03}.{format}"),
            Self::Pack(digest) => write!(f, "p/{digest}.pack"),
            Self::Manifest(digest) => write!(f, "m/{digest}.json"),
            Self::SetList(set) => write!(f, "s/{set}/frames.txt"),
            Self::Jpeg(digest) => write!(f, "still/{digest}.jpg"),
        }
    }
}

/// The text is no object's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no object has this key")]
pub struct NotAKey;

impl FromStr for ObjectKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let key = || {
            let (kind, rest) = text.split_once('/')?;
            match kind {
                "p" => Some(Self::Pack(rest.strip_suffix(".pack")?.parse().ok()?)),
                "m" => Some(Self::Manifest(rest.strip_suffix(".json")?.parse().ok()?)),
                "still" => Some(Self::Jpeg(rest.strip_suffix(".jpg")?.parse().ok()?)),
                "s" => {
                    let (set, file) = rest.split_once('/')?;
                    let set = set.parse().ok()?;
                    if file == "frames.txt" {
                        return Some(Self::SetList(set));
                    }
                    let (degree, format) = file.split_once('.')?;
                    Some(Self::Frame { set, degree: degree.parse().ok()?, format: format.parse().ok()? })
                }
                _ => None,
            }
        };
        // What is written otherwise than it would be is another file.
        key().filter(|key| key.to_string() == text).ok_or(NotAKey)
    }
}

/// An object could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("object {key} could not be {did}")]
pub struct StoreError {
    key: String,
    did: &'static str,
    source: io::Error,
}

/// A hold on the store, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Held {
    _file: fs::File,
}

/// A folder of objects; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store in `objects/` of the data folder. The folder is made where it is missing.
    pub fn open(data: &Path) -> io::Result<Self> {
        let root = data.join("objects");
        std::fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// Reads a whole object; `None` where there is none.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        match tokio::fs::read(self.path(key)).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError { key: key.to_string(), did: "read", source }),
        }
    }

    /// Writes an object, or leaves the one that is there if it has the same bytes: one that was damaged
    /// is made good.
    pub async fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key);
        if matches!(tokio::fs::read(&path).await, Ok(there) if there == bytes) {
            return Ok(());
        }
        write_whole(&path, bytes).await.map_err(|source| StoreError {
            key: key.to_string(),
            did: "written",
            source,
        })
    }

    /// Every object. What writers that died have left unfinished is removed if it is older than `leftover`.
    pub async fn list(&self, leftover: Duration) -> Result<Vec<ObjectKey>, StoreError> {
        let root = self.root.clone();
        let listed = tokio::task::spawn_blocking(move || list(&root, leftover)).await;
        listed.map_err(io::Error::other).flatten().map_err(|source| StoreError {
            key: "list".to_owned(),
            did: "read",
            source,
        })
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let path = self.path(key);
        match tokio::fs::remove_file(&path).await {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError { key: key.to_string(), did: "removed", source })
            }
            _ => {
                // The last file of a set takes the set's folder along.
                if let (ObjectKey::Frame { .. } | ObjectKey::SetList(_), Some(folder)) = (key, path.parent())
                {
                    let _ = tokio::fs::remove_dir(folder).await;
                }
                Ok(())
            }
        }
    }

    /// Held while objects are written and until the row is there that needs them: nothing is removed meanwhile.
    pub async fn writing(&self) -> io::Result<Held> {
        self.hold(fs::File::lock_shared).await
    }

    /// Held while objects are removed: nobody writes meanwhile, or relies on what was written before.
    pub async fn removing(&self) -> io::Result<Held> {
        self.hold(fs::File::lock).await
    }

    async fn hold(&self, lock: fn(&fs::File) -> io::Result<()>) -> io::Result<Held> {
        let path = self.root.join(".lock");
        let held = tokio::task::spawn_blocking(move || {
            let file = fs::File::options().create(true).truncate(false).write(true).open(path)?;
            lock(&file).map(|()| Held { _file: file })
        });
        held.await.map_err(io::Error::other)?
    }

    /// Answers whether the store can be read.
    pub async fn ping(&self) -> io::Result<()> {
        tokio::fs::metadata(&self.root).await.map(drop)
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.to_string())
    }
}

fn list(root: &Path, leftover: Duration) -> io::Result<Vec<ObjectKey>> {
    let (mut keys, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
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
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(keys)
}

async fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if tokio::fs::metadata(folder).await.is_err() {
        tokio::fs::create_dir_all(folder).await?;
        // The folder's own entry has to last as long as what it holds.
        let above = folder.parent().unwrap_or(Path::new("."));
        tokio::fs::File::open(above).await?.sync_all().await?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Two processes may write the same object at once, so each has a name of its own.
    let unique = UNIQUE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let temporary = folder.join(format!(".{name}.{}-{unique}", std::process::id()));
    let written = async {
        let mut file = tokio::fs::File::create(&temporary).await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        tokio::fs::rename(&temporary, path).await?;
        tokio::fs::File::open(folder).await?.sync_all().await
    }
    .await;
    if written.is_err() {
        // The first error is the one to tell; a leftover has a name that no key has.
        let _ = tokio::fs::remove_file(&temporary).await;
    }
    written
}

static UNIQUE: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_object_reads_back_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        assert_eq!(store.get(&key).await.unwrap(), None);
        store.put(&key, b"frames").await.unwrap();
        store.put(&key, b"frames").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
        let left: Vec<_> = std::fs::read_dir(folder.path().join("objects/p")).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file is left");
    }

    #[tokio::test]
    async fn a_damaged_object_is_made_good() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        store.put(&key, b"frames").await.unwrap();
        std::fs::write(folder.path().join("objects").join(key.to_string()), b"flames").unwrap();
        store.put(&key, b"frames").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    }

    #[tokio::test]
    async fn what_is_there_is_listed_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let digest = Digest::of(b"frames");
        let keys = [
            ObjectKey::Pack(digest),
            ObjectKey::SetList(digest),
            ObjectKey::Manifest(digest),
            ObjectKey::Jpeg(digest),
            ObjectKey::Frame { set: digest, degree: 6, format: Format::Webp },
        ];
        for key in &keys {
            assert_eq!(key.to_string().parse(), Ok(*key));
            store.put(key, b"frames").await.unwrap();
        }
        let held = store.writing().await.unwrap();
        drop(store.writing().await.unwrap());
        drop(held);
        let _alone = store.removing().await.unwrap();
        let partial = folder.path().join("objects/p/.half.pack.1-2");
        std::fs::write(&partial, b"fra").unwrap();
        let mut listed = store.list(Duration::from_hours(1)).await.unwrap();
        listed.sort_unstable();
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        assert_eq!(listed, expected);
        assert!(partial.exists());
        for key in &keys {
            store.remove(key).await.unwrap();
            store.remove(key).await.unwrap();
        }
        assert_eq!(store.list(Duration::ZERO).await.unwrap(), []);
        assert!(!partial.exists());
        assert!(!folder.path().join("objects/s").join(digest.to_string()).exists());
    }

    #[test]
    fn keys_are_the_paths_of_urls() {
        let set = Digest::of(b"");
        for other in ["s/x/000.avif", "p/..pack", "m/", "still", "q/1", &format!("s/{set}/6.avif")] {
            assert_eq!(other.parse::<ObjectKey>(), Err(NotAKey), "{other}");
        }
        let frame = ObjectKey::Frame { set, degree: 6, format: Format::Avif };
        assert_eq!(frame.to_string(), format!("s/{set}/006.avif"));
        assert_eq!(ObjectKey::Jpeg(set).to_string(), format!("still/{set}.jpg"));
    }
}
