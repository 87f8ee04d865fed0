//! The object store: immutable objects by key, in one of a closed set of backends.

#[cfg(test)]
#[path = "../tests/bucket_server/mod.rs"]
mod bucket_server;
mod disk_cache;
mod folder;
mod identity;
#[cfg(feature = "cloud")]
mod s3;
#[cfg(not(feature = "cloud"))]
#[path = "store/no_s3.rs"]
mod s3;
mod trouble;

use std::{error::Error, fs, io, path::Path, sync::Arc, time::Duration};

pub use crate::domain::object_key::{Address, ObjectKey};

use crate::{
    config::{StoreConfig, StoreKind},
    domain::namespace::Namespace,
};

pub use self::s3::Connection;
#[cfg(feature = "cloud")]
pub(crate) use self::s3::{
    Body as S3Body, Failure as S3Failure, Object as S3Object, Writer as S3Writer, pause as s3_pause,
};
pub use self::trouble::Trouble;
use self::{disk_cache::DiskCache, folder::Folder, s3::S3};

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// An object could not be read, written or removed.
    #[error("object {key} could not be {did}")]
    Object {
        /// Which one.
        key: Address,
        /// The operation, as a participle.
        did: &'static str,
        /// Why.
        source: Cause,
    },
    /// What says which database the store belongs to could not be read or written.
    #[error("the store's identity.txt, which names its database, could not be used")]
    Identity(#[source] Cause),
    /// The backend did not list its objects.
    #[error("the objects could not be listed")]
    List(#[source] Cause),
    /// The backend cannot be used.
    #[error("{place} cannot be used: {trouble}")]
    Unusable {
        /// The bucket, or the folder.
        place: String,
        /// What is wrong with it.
        trouble: Trouble,
        /// The backend's own words.
        source: Cause,
    },
}

/// A system call on a local disk ends within this time, also when its process is killed.
const FOLDER_TIMEOUT: Duration = Duration::from_secs(2);

/// The backend's own error.
type Cause = Box<dyn Error + Send + Sync>;

impl StoreError {
    /// What is wrong with the store.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Unusable { trouble, .. } => trouble.clone(),
            Self::Object { source, .. } | Self::Identity(source) | Self::List(source) => {
                Trouble::of(source.as_ref())
            }
        }
    }

    fn of(key: &Address, did: &'static str) -> impl FnOnce(Cause) -> Self {
        move |source| Self::Object { key: *key, did, source }
    }
}

/// The objects of one namespace; those of others are not visible. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    parts: Arc<Parts>,
    namespace: Namespace,
}

#[derive(Debug)]
struct Parts {
    backend: Backend,
    /// Copies on local disk, in front of a remote backend.
    copies: Option<DiskCache>,
}

/// Requests to S3 are boxed: their futures are large, and would be part of every caller's.
#[derive(Debug)]
enum Backend {
    Folder(Folder),
    S3(S3),
}

impl Store {
    /// The store as configured. Folders that it needs are made where they are missing.
    pub async fn open(settings: &StoreConfig, data: &Path) -> io::Result<Self> {
        match settings.kind {
            StoreKind::Folder => Self::folder(data),
            StoreKind::S3 => {
                let max_bytes = settings.disk_cache_max_bytes;
                let copies = (max_bytes > 0).then(|| DiskCache::new(data.join("cache/objects"), max_bytes));
                Ok(Self::of(Backend::S3(Box::pin(S3::open(settings)).await?), copies))
            }
        }
    }

    /// The store in `objects/` of the data folder. The folder is made where it is missing.
    pub fn folder(data: &Path) -> io::Result<Self> {
        let root = data.join("objects");
        fs::create_dir_all(&root)?;
        Ok(Self::of(Backend::Folder(Folder::new(root)), None))
    }

    fn of(backend: Backend, copies: Option<DiskCache>) -> Self {
        Self { parts: Arc::new(Parts { backend, copies }), namespace: Namespace::Public }
    }

    /// The same store as each address shows it where it is read, its own first: of a bucket with replicas there are several. No
    /// copies on local disk come between.
    pub fn endpoints(&self) -> Vec<Self> {
        match &self.parts.backend {
            Backend::Folder(_) => vec![self.clone()],
            Backend::S3(s3) => s3.endpoints().into_iter().map(|s3| Self::of(Backend::S3(s3), None)).collect(),
        }
    }

    /// The same store with the objects of another namespace.
    #[must_use]
    pub fn within(&self, namespace: Namespace) -> Self {
        Self { parts: self.parts.clone(), namespace }
    }

    /// Its namespace: the public one, unless [`Self::within`] named another.
    pub fn namespace(&self) -> Namespace {
        self.namespace
    }

    /// Reads a whole object; `None` where there is none. Where there is a copy on local disk, the backend is not asked.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(copies) = &self.parts.copies else { return self.get_from_backend(key).await };
        let address = key.within(self.namespace);
        if let Some(bytes) = copies.get(&address).await {
            return Ok(Some(bytes));
        }
        let before = copies.moment();
        let got = self.get_from_backend(key).await?;
        if let Some(bytes) = &got
            && key.may_name(bytes)
        {
            copies.insert(&address, bytes, before).await;
        }
        Ok(got)
    }

    /// Whether an object is on this machine, or would be: in the folder, or as a copy of what is in the bucket.
    pub async fn is_near(&self, address: &Address) -> bool {
        match &self.parts.copies {
            Some(copies) => copies.has(address).await,
            None => matches!(self.parts.backend, Backend::Folder(_)),
        }
    }

    /// Reads a whole object from the backend, never from a copy.
    pub async fn get_from_backend(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        let address = &key.within(self.namespace);
        let got = match &self.parts.backend {
            Backend::Folder(folder) => folder.get(address).await,
            Backend::S3(s3) => Box::pin(s3.get(address)).await,
        };
        got.map_err(StoreError::of(address, "read"))
    }

    /// Writes an object, unless the backend has it with the same bytes. A damaged one is overwritten.
    pub async fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        let address = &key.within(self.namespace);
        let put = match &self.parts.backend {
            Backend::Folder(folder) => folder.put(address, bytes).await,
            Backend::S3(s3) => Box::pin(s3.put(address, bytes)).await,
        };
        // The copy may be one of a damaged object.
        self.evict(key).await;
        put.map_err(StoreError::of(address, "written"))
    }

    /// Evicts a copy that turned out to be damaged: the next read asks the backend.
    pub async fn evict(&self, key: &ObjectKey) {
        if let Some(copies) = &self.parts.copies {
            copies.evict(&key.within(self.namespace)).await;
        }
    }

    /// Evicts all copies, since some process has deleted objects. Reads that are under way leave no copy.
    pub async fn evict_all(&self) {
        if let Some(copies) = &self.parts.copies {
            copies.evict_all().await;
        }
    }

    /// Lists every object of every namespace. Unfinished files of writers that died are deleted if they are older than
    /// `leftover`.
    pub async fn list(&self, leftover: Duration) -> Result<Vec<Address>, StoreError> {
        let listed = match &self.parts.backend {
            Backend::Folder(folder) => folder.list(leftover).await,
            Backend::S3(s3) => Box::pin(s3.list(leftover)).await,
        };
        listed.map_err(StoreError::List)
    }

    /// Deletes an object, if there is one.
    pub async fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let address = &key.within(self.namespace);
        let removed = match &self.parts.backend {
            Backend::Folder(folder) => folder.remove(address).await,
            Backend::S3(s3) => Box::pin(s3.remove(address)).await,
        };
        // After the backend, so that no read makes a copy again in between.
        if let Some(copies) = &self.parts.copies {
            copies.removed(address).await;
        }
        removed.map_err(StoreError::of(address, "removed"))
    }

    /// The longest that one request to the backend takes, with every retry. An older request has taken effect or never
    /// will.
    pub fn request_timeout(&self) -> Duration {
        match &self.parts.backend {
            Backend::Folder(_) => FOLDER_TIMEOUT,
            Backend::S3(s3) => s3.request_timeout(),
        }
    }

    /// How the bucket is reached; `None` where the backend is a folder.
    pub fn connection(&self) -> Option<&Connection> {
        match &self.parts.backend {
            Backend::Folder(_) => None,
            Backend::S3(s3) => Some(s3.connection()),
        }
    }

    /// A URL at which the bucket itself serves the object, for so long; `None` where the backend is a folder. The object
    /// may not exist.
    pub async fn presigned(&self, key: &ObjectKey, lasts: Duration) -> Result<Option<String>, StoreError> {
        match &self.parts.backend {
            Backend::Folder(_) => Ok(None),
            Backend::S3(s3) => {
                let key = key.within(self.namespace);
                let presigned = Box::pin(s3.presigned(&key, lasts)).await;
                presigned.map(Some).map_err(StoreError::of(&key, "signed for"))
            }
        }
    }

    /// Answers whether the store can be read.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let answered = match &self.parts.backend {
            Backend::Folder(folder) => folder.ping().await,
            Backend::S3(s3) => Box::pin(s3.ping()).await,
        };
        answered.map_err(|source| self.unusable(source))
    }

    /// Writes, lists and deletes once, so that what is wrong with the settings is known before any work is done.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let answered = match &self.parts.backend {
            Backend::Folder(folder) => folder.probe().await,
            Backend::S3(s3) => Box::pin(s3.probe()).await,
        };
        answered.map_err(|source| self.unusable(source))
    }

    /// The bucket or the folder, for messages.
    pub fn place(&self) -> String {
        match &self.parts.backend {
            Backend::Folder(folder) => folder.place(),
            Backend::S3(s3) => s3.place(),
        }
    }

    fn unusable(&self, source: Cause) -> StoreError {
        StoreError::Unusable { place: self.place(), trouble: Trouble::of(source.as_ref()), source }
    }
}

#[cfg(test)]
mod tests {
    use assets_pipeline::{digest::Digest, plan::tiers::Format};

    use super::*;

    /// An empty store of one kind.
    struct Fixture {
        store: Store,
        folder: tempfile::TempDir,
    }

    impl Fixture {
        fn in_a_folder() -> std::future::Ready<Option<Self>> {
            let folder = tempfile::tempdir().unwrap();
            std::future::ready(Some(Self { store: Store::folder(folder.path()).unwrap(), folder }))
        }

        async fn in_s3() -> Option<Self> {
            let s3 = s3::tests::bucket(StoreConfig::default()).await?;
            let folder = tempfile::tempdir().unwrap();
            Some(Self { store: Store::of(Backend::S3(s3), None), folder })
        }

        async fn in_s3_behind_copies() -> Option<Self> {
            let s3 = s3::tests::bucket(StoreConfig::default()).await?;
            let folder = tempfile::tempdir().unwrap();
            let copies = DiskCache::new(folder.path().join("cache/objects"), 1 << 20);
            Some(Self { store: Store::of(Backend::S3(s3), Some(copies)), folder })
        }

        /// Overwrites an object in the backend itself.
        async fn damage(&self, key: &ObjectKey, bytes: &[u8]) {
            match &self.store.parts.backend {
                Backend::Folder(_) => {
                    fs::write(self.folder.path().join("objects").join(key.to_string()), bytes).unwrap();
                }
                Backend::S3(s3) => Box::pin(s3.damage(&key.within(Namespace::Public), bytes)).await,
            }
        }
    }

    /// Every body runs in every backend.
    macro_rules! on_every_backend {
        ($($test:ident)*) => {
            on_every_backend!(in_a_folder: $($test)*);
            on_every_backend!(in_s3: $($test)*);
            on_every_backend!(in_s3_behind_copies: $($test)*);
        };
        ($backend:ident: $($test:ident)*) => {
            mod $backend {
                $(
                    #[tokio::test]
                    async fn $test() {
                        if let Some(fixture) = super::Fixture::$backend().await {
                            super::$test(&fixture).await;
                        }
                    }
                )*
            }
        };
    }

    on_every_backend! {
        a_store_has_the_name_of_its_database_and_no_list_shows_it
        an_object_reads_back_and_a_missing_one_is_none
        a_damaged_object_is_overwritten
        objects_are_listed_and_deleted
        namespaces_do_not_see_each_other
        many_writers_of_the_same_object_all_succeed
    }

    async fn an_object_reads_back_and_a_missing_one_is_none(Fixture { store, .. }: &Fixture) {
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        assert_eq!(store.get(&key).await.unwrap(), None);
        store.put(&key, b"frames").await.unwrap();
        store.put(&key, b"frames").await.unwrap();
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
        let empty = ObjectKey::SetList(Digest::of(b""));
        store.put(&empty, b"").await.unwrap();
        assert_eq!(store.get(&empty).await.unwrap().as_deref(), Some(b"".as_slice()));
        store.ping().await.unwrap();
    }

    async fn a_store_has_the_name_of_its_database_and_no_list_shows_it(Fixture { store, .. }: &Fixture) {
        assert_eq!(store.identity().await.unwrap(), None);
        for digit in ["a", "b"] {
            let identity = digit.repeat(32).parse().unwrap();
            store.set_identity(&identity).await.unwrap();
            assert_eq!(store.identity().await.unwrap(), Some(identity));
        }
        assert!(store.is_empty().await.unwrap());
        assert_eq!(store.list(Duration::ZERO).await.unwrap(), []);
        let private = store.within(Namespace::Private("0".repeat(32).parse().unwrap()));
        for store in [&private, store] {
            let key = ObjectKey::Pack(Digest::of(b"frames"));
            store.put(&key, b"frames").await.unwrap();
            assert!(!store.is_empty().await.unwrap());
            store.remove(&key).await.unwrap();
            assert!(store.is_empty().await.unwrap());
        }
    }

    async fn a_damaged_object_is_overwritten(fixture: &Fixture) {
        let store = &fixture.store;
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        store.put(&key, b"frames").await.unwrap();
        for damaged in [b"flames".as_slice(), b"fra", b""] {
            fixture.damage(&key, damaged).await;
            store.put(&key, b"frames").await.unwrap();
            assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
        }
    }

    async fn objects_are_listed_and_deleted(Fixture { store, .. }: &Fixture) {
        let digest = Digest::of(b"frames");
        let mut keys = vec![
            ObjectKey::Frame { set: digest, degree: 6, format: Format::Webp },
            ObjectKey::Pack(digest),
            ObjectKey::SetList(digest),
            ObjectKey::Manifest(digest),
            ObjectKey::Jpeg(digest),
        ];
        for key in &keys {
            assert_eq!(key.to_string().parse(), Ok(*key));
            store.put(key, b"frames").await.unwrap();
        }
        let mut listed = store.list(Duration::from_hours(1)).await.unwrap();
        listed.sort_unstable();
        keys.sort_unstable();
        assert_eq!(listed, keys.iter().map(|key| key.within(Namespace::Public)).collect::<Vec<_>>());
        for key in &keys {
            store.remove(key).await.unwrap();
            store.remove(key).await.unwrap();
            assert_eq!(store.get(key).await.unwrap(), None);
        }
        assert_eq!(store.list(Duration::ZERO).await.unwrap(), []);
    }

    async fn namespaces_do_not_see_each_other(Fixture { store, .. }: &Fixture) {
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        let namespace = |digit: &str| Namespace::Private(digit.repeat(32).parse().unwrap());
        let namespaces = [Namespace::Public, namespace("a"), namespace("b")];
        let stores = namespaces.map(|namespace| store.within(namespace));
        let [public, one, other] = &stores;
        one.put(&key, b"frames").await.unwrap();
        for empty in [public, other] {
            assert_eq!(empty.get(&key).await.unwrap(), None);
            empty.remove(&key).await.unwrap();
        }
        assert_eq!(one.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
        public.put(&key, b"frames").await.unwrap();
        let mut listed = other.list(Duration::from_hours(1)).await.unwrap();
        listed.sort_unstable();
        assert_eq!(listed, [key.within(namespaces[0]), key.within(namespaces[1])]);
        one.remove(&key).await.unwrap();
        assert_eq!(one.get(&key).await.unwrap(), None);
        assert_eq!(public.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    }

    async fn many_writers_of_the_same_object_all_succeed(Fixture { store, .. }: &Fixture) {
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        let written = futures_util::future::join_all((0..8).map(|_| store.put(&key, b"frames"))).await;
        assert!(written.iter().all(Result::is_ok), "{written:?}");
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
        assert_eq!(store.list(Duration::ZERO).await.unwrap(), [key.within(Namespace::Public)]);
    }

    #[tokio::test]
    async fn a_copy_is_read_until_it_is_evicted() {
        let Some(fixture) = Fixture::in_s3_behind_copies().await else { return };
        let store = &fixture.store;
        let frame = ObjectKey::Frame { set: Digest::of(b"set"), degree: 6, format: Format::Webp };
        store.put(&frame, b"frame").await.unwrap();
        let read = async |expected: &[u8]| {
            assert_eq!(store.get(&frame).await.unwrap().as_deref(), Some(expected));
        };
        read(b"frame").await;
        fixture.damage(&frame, b"flame").await;
        read(b"frame").await;
        assert_eq!(store.get_from_backend(&frame).await.unwrap().as_deref(), Some(b"flame".as_slice()));
        store.evict(&frame).await;
        read(b"flame").await;
        store.put(&frame, b"frame").await.unwrap();
        read(b"frame").await;
        fixture.damage(&frame, b"flame").await;
        store.evict_all().await;
        read(b"flame").await;
    }

    #[tokio::test]
    async fn an_object_that_does_not_match_its_key_is_not_copied() {
        let Some(fixture) = Fixture::in_s3_behind_copies().await else { return };
        let store = &fixture.store;
        let key = ObjectKey::Pack(Digest::of(b"frames"));
        fixture.damage(&key, b"flames").await;
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"flames".as_slice()));
        fixture.damage(&key, b"frames").await;
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(b"frames".as_slice()));
    }
}
