//! The object store: immutable objects by key, in one of a closed set of backends.

#[cfg(test)]
#[path = "../tests/bucket_server/mod.rs"]
mod bucket_server;
mod disk_cache;
mod facts;
mod figures;
mod folder;
mod identity;
mod incoming;
#[cfg(feature = "cloud")]
mod s3;
#[cfg(not(feature = "cloud"))]
#[path = "store/no_s3.rs"]
mod s3;
mod trouble;

use std::{
    error::Error,
    fs, io,
    path::Path,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt as _;

pub use crate::domain::object_key::{Address, ObjectKey};

use crate::{
    cache::levels::{Fill, Level, ObjectRequests},
    config::{StoreConfig, StoreKind},
    domain::{namespace::Namespace, plain::plain},
    traces::{self, Kind, Part, Span},
};

pub use self::s3::Connection;
#[cfg(feature = "cloud")]
pub(crate) use self::s3::{
    Body as S3Body, Failure as S3Failure, Object as S3Object, Writer as S3Writer, pause as s3_pause,
};
pub use self::trouble::Trouble;
use self::{
    disk_cache::DiskCache,
    figures::{Figures, Operation},
    folder::Folder,
    s3::S3,
};
pub use self::{
    facts::Facts,
    incoming::{Incoming, Opened},
};

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

    /// Why, if it is about one object alone: others can be read and written.
    pub fn of_object(&self) -> Option<String> {
        match self {
            Self::Object { source, .. } if Trouble::is_of_object(source.as_ref()) => {
                Some(plain(source.as_ref()))
            }
            _ => None,
        }
    }

    fn of(key: &Address, did: &'static str) -> impl FnOnce(Cause) -> Self {
        move |source| Self::Object { key: *key, did, source }
    }
}

/// What is under the name of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Its bytes, as they are.
    Bytes(Vec<u8>),
    /// Nothing.
    Nothing,
    /// Something that cannot be read, while others can, and why.
    Unreadable(String),
}

impl Found {
    /// The bytes, if there are some.
    pub fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Nothing | Self::Unreadable(_) => None,
        }
    }
}

/// The objects of a store, as far as they could be listed.
#[derive(Debug)]
pub struct Listed {
    /// Those that were found, in no order.
    pub objects: Vec<Address>,
    /// Folders that could not be read, each with the reason.
    pub unread: Vec<io::Error>,
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
    figures: Figures,
    /// What the backend is asked where no level before it has an object.
    asked: ObjectRequests,
}

/// Requests to S3 are boxed: their futures are large, and would be part of every caller's. Of reads, which nest most, the type
/// is hidden too.
#[derive(Debug)]
enum Backend {
    Folder(Folder),
    /// Shared with the objects that are on their way from it.
    S3(Arc<S3>),
}

impl Backend {
    fn name(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::S3(_) => "s3",
        }
    }
}

impl Store {
    /// The store as configured. Folders that it needs are made where they are missing.
    pub async fn open(settings: &StoreConfig, data: &Path) -> io::Result<Self> {
        match settings.kind {
            StoreKind::Folder => Self::folder(data),
            StoreKind::S3 => {
                let max_bytes = settings.disk_cache_max_bytes;
                let copies = (max_bytes > 0).then(|| DiskCache::new(data.join("cache/objects"), max_bytes));
                let s3 = Box::pin(S3::open(settings)).await?;
                Ok(Self::of(Backend::S3(Arc::new(s3)), copies))
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
        let figures = Figures::of(backend.name());
        let asked = ObjectRequests::of(Level::Store);
        Self { parts: Arc::new(Parts { backend, copies, figures, asked }), namespace: Namespace::Public }
    }

    /// The same store as each address shows it where it is read, its own first: of a bucket with replicas there are several. No
    /// copies on local disk come between.
    pub fn endpoints(&self) -> Vec<Self> {
        match &self.parts.backend {
            Backend::Folder(_) => vec![self.clone()],
            Backend::S3(s3) => {
                let alone = |s3| Self::of(Backend::S3(Arc::new(s3)), None);
                s3.endpoints().into_iter().map(alone).collect()
            }
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
        let Some(copies) = &self.parts.copies else { return self.get_for_cache(key).await };
        let address = key.within(self.namespace);
        let began = Instant::now();
        let copy = copies.get(&address).await;
        traces::note(Part::Cache, "disk cache get", began, |span| {
            span.text("girasol.cache.outcome", if copy.is_some() { "hit" } else { "miss" });
        });
        if copy.is_some() {
            return Ok(copy);
        }
        let before = copies.moment();
        let got = self.get_for_cache(key).await?;
        if let Some(bytes) = &got
            && key.may_name(bytes)
        {
            copies.insert(&address, bytes, before).await;
        }
        Ok(got)
    }

    async fn get_for_cache(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self.get_from_backend(key).await;
        self.parts.asked.kind(key.kind()).note(&got);
        got
    }

    /// How full the folder of copies is, as far as this process fills it.
    pub fn copies_fill(&self) -> Option<Fill> {
        self.parts.copies.as_ref()?.fill()
    }

    /// Whether this machine has a copy of an object in the bucket.
    pub async fn has_copy(&self, address: &Address) -> bool {
        match &self.parts.copies {
            Some(copies) => copies.has(address).await,
            None => false,
        }
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
        let (began, mut span) = (Instant::now(), self.span("store get", key));
        let got = match &self.parts.backend {
            Backend::Folder(folder) => span.ask(Part::Store, pin!(folder.get(address))).await,
            Backend::S3(s3) => span.ask(Part::Store, s3.get(address).boxed()).await,
        };
        match &got {
            Ok(got) => span.number("girasol.object.bytes", got.as_ref().map_or(0, Vec::len)),
            Err(_) => span.fail(),
        }
        self.parts.figures.got(got.as_ref().map(|bytes| bytes.as_ref().map(Vec::len)), began);
        got.map_err(StoreError::of(address, "read"))
    }

    /// The span of an operation on an object. Keys of private namespaces are secret, and so it names the kind alone.
    fn span(&self, name: &'static str, key: &ObjectKey) -> Span {
        let mut span = Span::child(name, Kind::Client);
        span.text("girasol.store.backend", self.parts.backend.name());
        let kind: &str = key.kind().into();
        span.text("girasol.object.kind", kind);
        span
    }

    /// The same, where one object that cannot be read is no reason to read no other.
    pub async fn look(&self, key: &ObjectKey) -> Result<Found, StoreError> {
        match self.get_from_backend(key).await {
            Ok(Some(bytes)) => Ok(Found::Bytes(bytes)),
            Ok(None) => Ok(Found::Nothing),
            Err(error) => error.of_object().map(Found::Unreadable).ok_or(error),
        }
    }

    /// Writes an object, unless the backend has it with the same bytes. A damaged one is overwritten.
    pub async fn put(&self, key: &ObjectKey, bytes: &[u8]) -> Result<(), StoreError> {
        let address = &key.within(self.namespace);
        let (began, mut span) = (Instant::now(), self.span("store put", key));
        let put = match &self.parts.backend {
            Backend::Folder(folder) => span.ask(Part::Store, pin!(folder.put(address, bytes))).await,
            Backend::S3(s3) => span.ask(Part::Store, Box::pin(s3.put(address, bytes))).await,
        };
        span.number("girasol.object.bytes", bytes.len());
        if put.is_err() {
            span.fail();
        }
        self.parts.figures.put(&put, bytes.len(), began);
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
        let Listed { objects, unread } = self.list_readable(leftover).await?;
        match unread.into_iter().next() {
            Some(error) => Err(StoreError::List(error.into())),
            None => Ok(objects),
        }
    }

    /// The same for what can be listed: folders that cannot be read are passed over.
    pub async fn list_readable(&self, leftover: Duration) -> Result<Listed, StoreError> {
        let began = Instant::now();
        let listed = match &self.parts.backend {
            Backend::Folder(folder) => folder.list(leftover).await,
            Backend::S3(s3) => {
                let listed = Box::pin(s3.list(leftover)).await;
                listed.map(|objects| Listed { objects, unread: Vec::new() })
            }
        };
        self.parts.figures.did(Operation::List, &listed, began);
        listed.map_err(StoreError::List)
    }

    /// Deletes an object, if there is one.
    pub async fn remove(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let address = &key.within(self.namespace);
        let (began, mut span) = (Instant::now(), self.span("store remove", key));
        let removed = match &self.parts.backend {
            Backend::Folder(folder) => span.ask(Part::Store, pin!(folder.remove(address))).await,
            Backend::S3(s3) => span.ask(Part::Store, Box::pin(s3.remove(address))).await,
        };
        if removed.is_err() {
            span.fail();
        }
        self.parts.figures.did(Operation::Remove, &removed, began);
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
        let began = Instant::now();
        let answered = match &self.parts.backend {
            Backend::Folder(folder) => folder.ping().await,
            Backend::S3(s3) => Box::pin(s3.ping()).await,
        };
        self.parts.figures.did(Operation::Ping, &answered, began);
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

    /// Whether both are one place: the same folder, however it is named, or the same prefix of a bucket.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.parts.backend, &other.parts.backend) {
            (Backend::Folder(one), Backend::Folder(other)) => one.is_same(other),
            (Backend::S3(one), Backend::S3(other)) => one.is_same(other),
            (Backend::Folder(_), Backend::S3(_)) | (Backend::S3(_), Backend::Folder(_)) => false,
        }
    }

    fn unusable(&self, source: Cause) -> StoreError {
        StoreError::Unusable { place: self.place(), trouble: Trouble::of(source.as_ref()), source }
    }
}

#[cfg(test)]
mod tests;
