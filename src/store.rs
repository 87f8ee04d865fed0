//! The object store: immutable objects by key, in one of a closed set of homes.

mod folder;
mod key;

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use self::folder::Folder;
pub use self::key::{NotAKey, ObjectKey};

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An object could not be read, written or removed.
    #[error("object {key} could not be {did}")]
    Object {
        /// Which one.
        key: ObjectKey,
        /// What was wanted of it.
        did: &'static str,
        /// Why.
        source: Cause,
    },
    /// What is there cannot be told.
    #[error("the objects could not be listed")]
    List(#[source] Cause),
    /// Nothing can be had.
    #[error("the object store does not answer")]
    Silent(#[source] Cause),
}

/// What a home says of its failure.
type Cause = Box<dyn Error + Send + Sync>;

impl StoreError {
    fn of(key: &ObjectKey, did: &'static str) -> impl FnOnce(Cause) -> Self {
        move |source| Self::Object { key: *key, did, source }
    }
}

/// A hold on the store, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Held {
    _file: fs::File,
}

/// Where objects are; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    home: Home,
    /// The file that is locked by whoever holds the store.
    hold: PathBuf,
}

#[derive(Debug)]
enum Home {
    Folder(Folder),
}

impl Store {
    /// The store in `objects/` of the data folder. The folder is made where it is missing.
    pub fn folder(data: &Path) -> io::Result<Self> {
        let root = data.join("objects");
        fs::create_dir_all(&root)?;
        let hold = root.join(".lock");
        Ok(Self { parts: Arc::new(Parts { home: Home::Folder(Folder::new(root)), hold }) })
    }

    /// Reads a whole object; `None` where there is none.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        let got = match &self.parts.home {
            Home::Folder(folder) => folder.get(key).await,
        };
        got.map_err(StoreError::of(key, "read"))
    }

    /// Writes an object, or leaves the one that is there if it has the same bytes: one that was damaged
    /// is made good.
    pub async fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        let put = match &self.parts.home {
            Home::Folder(folder) => folder.put(key, bytes).await,
        };
        put.map_err(StoreError::of(key, "written"))
    }

    /// Every object. What writers that died have left unfinished is removed if it is older than `leftover`.
    pub async fn list(&self, leftover: Duration) -> Result<Vec<ObjectKey>, StoreError> {
        let listed = match &self.parts.home {
            Home::Folder(folder) => folder.list(leftover).await,
        };
        listed.map_err(StoreError::List)
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let removed = match &self.parts.home {
            Home::Folder(folder) => folder.remove(key).await,
        };
        removed.map_err(StoreError::of(key, "removed"))
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
        let path = self.parts.hold.clone();
        let held = tokio::task::spawn_blocking(move || {
            let file = fs::File::options().create(true).truncate(false).write(true).open(path)?;
            lock(&file).map(|()| Held { _file: file })
        });
        held.await.map_err(io::Error::other)?
    }

    /// Answers whether the store can be read.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let answered = match &self.parts.home {
            Home::Folder(folder) => folder.ping().await,
        };
        answered.map_err(StoreError::Silent)
    }
}

#[cfg(test)]
mod tests {
    use assets_pipeline::{digest::Digest, tiers::Format};

    use super::*;

    #[tokio::test]
    async fn an_object_reads_back_and_a_missing_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::folder(folder.path()).unwrap();
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
        let store = Store::folder(folder.path()).unwrap();
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        store.put(&key, b"frames").await.unwrap();
        std::fs::write(folder.path().join("objects").join(key.to_string()), b"flames").unwrap();
        store.put(&key, b"frames").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    }

    #[tokio::test]
    async fn what_is_there_is_listed_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::folder(folder.path()).unwrap();
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
}
