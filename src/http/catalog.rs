//! Where answers come from: memory first, then the database and the store.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::web::Bytes;
use assets_pipeline::{digest::Digest, pack::SetList};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    cache::Cache,
    config::DeliveryConfig,
    db::{Db, versions::Pointer},
    domain::{
        manifest::Manifest,
        names::{Choices, ConfigId, ProductId},
        namespace::Namespace,
        negotiate::{Available, DeliveryClass},
        policy::Policy,
        product::Product,
        signed::{Grant, SigningKey},
    },
    store::{Address, ObjectKey, Store},
};

use super::{encoding::Precompressed, problem::Error};

/// How long a server may answer from a pointer that another process has moved.
const POINTER_KEPT: Duration = Duration::from_secs(1);
/// Pointers held at most: enough for every busy configuration, and bounded for whoever makes ids up.
const MAX_POINTERS: u64 = 20_000;

/// How much memory answers may take.
#[derive(Debug, Clone, Copy)]
pub struct CacheBytes {
    /// Frames, packs and stills.
    pub objects: u64,
    /// Manifests, products and compressed answers.
    pub answers: u64,
}

/// Everything that handlers ask for.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) db: Db,
    pub(crate) store: Store,
    pub(crate) policy: Policy,
    /// A load that was under way when pointers were forgotten ends under a number that nobody asks for.
    epoch: AtomicU64,
    pointers: Cache<(u64, ConfigId), Standing>,
    revisions: Cache<(u64, ProductId), Option<i64>>,
    pub(crate) delivery: DeliveryConfig,
    signing: Cache<(), Vec<SigningKey>>,
    products: Cache<(ProductId, i64), Option<Product>>,
    /// How many spins are kept warm.
    pub(super) warm: u32,
    pub(super) max: CacheBytes,
    kept: RwLock<Arc<Kept>>,
}

/// What is kept of objects.
#[derive(Debug)]
struct Kept {
    manifests: Cache<(Namespace, Digest), LoadedManifest>,
    lists: Cache<(Namespace, Digest), SetList>,
    objects: Cache<Address, Object>,
    answers: Cache<AnswerKey, Precompressed>,
}

impl Kept {
    fn new(max: CacheBytes) -> Self {
        Self {
            manifests: Cache::of_bytes(max.answers / 4, |loaded: &LoadedManifest| 4 * loaded.json.len()),
            lists: Cache::of_bytes(max.answers / 4, |list: &SetList| list.as_bytes().len()),
            objects: Cache::of_bytes(max.objects, |object: &Object| object.body.len()),
            answers: Cache::of_bytes(max.answers / 4, Precompressed::bytes),
        }
    }
}

/// What there is of a configuration.
#[derive(Debug, Clone, Copy)]
enum Standing {
    /// A version is live.
    Live(Pointer),
    /// One was, and was taken down.
    TakenDown,
    /// Whatever there is, only signed addresses show it.
    Protected(Protected),
    /// None ever was.
    Nothing,
}

/// What there is of a protected configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protected {
    /// Where it lies.
    pub(crate) namespace: Namespace,
    /// The live version.
    pub(crate) live: Option<Pointer>,
}

/// What an answer was made from and for. Whatever can change it stands here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AnswerKey {
    /// A negotiated manifest.
    Sequence { configuration: ConfigId, digest: Digest, revision: i64, class: DeliveryClass },
    /// A version's manifest.
    Manifest(Namespace, Digest),
    /// The demo's page, at an address of this server.
    Demo { revision: Option<i64>, base: String },
    /// A product.
    Product { id: ProductId, revision: i64, context: Choices },
}

/// An immutable object with what its headers say.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its bytes.
    pub(crate) body: Bytes,
    /// Quoted.
    pub(crate) etag: String,
    /// The value of `Repr-Digest` (RFC 9530, section 3).
    pub(crate) repr_digest: String,
}

/// A version's manifest, as stored and as read.
#[derive(Debug)]
pub(crate) struct LoadedManifest {
    /// The bytes that its digest is over.
    pub(crate) json: Vec<u8>,
    /// What they say.
    pub(crate) manifest: Manifest,
    /// What there is to choose from.
    pub(crate) available: Available,
}

impl Catalog {
    /// A catalog with empty caches.
    pub fn new(db: Db, store: Store, policy: Policy, max: CacheBytes) -> Self {
        Self {
            db,
            store,
            policy,
            epoch: AtomicU64::new(0),
            delivery: DeliveryConfig::default(),
            pointers: Cache::of_moments(MAX_POINTERS, POINTER_KEPT),
            revisions: Cache::of_moments(MAX_POINTERS, POINTER_KEPT),
            signing: Cache::of_moments(1, POINTER_KEPT),
            // Parsed, a product or a manifest takes a few times what its JSON does.
            products: Cache::of_bytes(max.answers / 4, |product: &Option<Product>| {
                product.as_ref().map_or(0, |product| 1000 + 500 * product.spins.len())
            }),
            warm: 0,
            max,
            kept: RwLock::new(Arc::new(Kept::new(max))),
        }
    }

    /// The same, but that so many of the most popular spins are loaded before anybody asks.
    #[must_use]
    pub fn warming(self, warm: u32) -> Self {
        Self { warm, ..self }
    }

    /// The same, but that visitors have objects from where these settings say.
    #[must_use]
    pub fn delivering(self, delivery: DeliveryConfig) -> Self {
        Self { delivery, ..self }
    }

    /// Lets go of every object that is kept. A load under way ends in what nobody looks at any more.
    pub fn evict_objects(&self) {
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Kept::new(self.max));
    }

    /// Lets go of every pointer, since one has moved.
    pub fn evict_pointers(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn kept(&self) -> Arc<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How it stands with a configuration, or stood a second ago.
    async fn standing(&self, id: &ConfigId) -> Result<Standing, Error> {
        let load = async {
            // The pointer's own namespace first: a configuration may move between two looks at it.
            let live = self.db.pointer(id).await?;
            let namespace = match live {
                Some(pointer) => pointer.namespace,
                None => self.db.namespace(id).await?.unwrap_or(Namespace::Public),
            };
            Ok::<_, Error>(match live {
                _ if namespace.is_private() => Standing::Protected(Protected { namespace, live }),
                Some(pointer) => Standing::Live(pointer),
                None if self.db.is_taken_down(id).await? => Standing::TakenDown,
                None => Standing::Nothing,
            })
        };
        Ok(*self.pointers.get_or_load((self.epoch(), id.clone()), load).await?)
    }

    /// What there is of a configuration, if it is protected.
    pub(crate) async fn protected(&self, id: &ConfigId) -> Result<Option<Protected>, Error> {
        match self.standing(id).await? {
            Standing::Protected(protected) => Ok(Some(protected)),
            Standing::Live(_) | Standing::TakenDown | Standing::Nothing => Ok(None),
        }
    }

    /// Reads a token; `None` where nobody who may do so has signed it.
    pub(crate) async fn grant(&self, token: &str) -> Result<Option<Grant>, Error> {
        Ok(Grant::read(token, &self.signing_keys().await?))
    }

    /// What addresses are signed with.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, Error> {
        let keys = self.db.signing_keys().await?;
        // There is one: it is made where there was none.
        keys.into_iter().next().map(|stored| stored.key).ok_or(Error::NoSuchKey)
    }

    /// As they are, or were a second ago.
    async fn signing_keys(&self) -> Result<Arc<Vec<SigningKey>>, Error> {
        let load = async {
            let keys = self.db.signing_keys().await?;
            Ok::<_, Error>(keys.into_iter().map(|stored| stored.key).collect())
        };
        self.signing.get_or_load((), load).await
    }

    /// Where the public live pointer of a configuration stands, or stood a second ago.
    pub(crate) async fn pointer(&self, id: &ConfigId) -> Result<Pointer, Error> {
        match self.standing(id).await? {
            Standing::Live(pointer) => Ok(pointer),
            Standing::Protected(_) => Err(Error::Protected),
            Standing::TakenDown => Err(Error::TakenDown(id.clone())),
            Standing::Nothing => Err(Error::NoSpin(id.clone())),
        }
    }

    /// The product as the public sees it, or saw it a second ago.
    pub(crate) async fn product(&self, id: &ProductId) -> Result<Arc<Option<Product>>, Error> {
        let load = async { Ok::<_, Error>(self.db.product_revision(id).await?) };
        match *self.revisions.get_or_load((self.epoch(), id.clone()), load).await? {
            Some(revision) => self.product_at(id, revision).await,
            None => Ok(Arc::new(None)),
        }
    }

    /// The product at a revision that a pointer named, or a later one.
    pub(crate) async fn product_at(
        &self,
        id: &ProductId,
        revision: i64,
    ) -> Result<Arc<Option<Product>>, Error> {
        let load = async { Ok::<_, Error>(self.db.load_public_product(id).await?) };
        self.products.get_or_load((id.clone(), revision), load).await
    }

    /// A version's manifest, by its digest.
    pub(crate) async fn manifest(
        &self,
        namespace: Namespace,
        digest: Digest,
    ) -> Result<Arc<LoadedManifest>, Error> {
        let load = self.load_manifest(ObjectKey::Manifest(digest).within(namespace));
        self.kept().manifests.get_or_load((namespace, digest), load).await
    }

    /// The manifest of a live version, which has to exist.
    pub(crate) async fn live_manifest(
        &self,
        namespace: Namespace,
        digest: Digest,
    ) -> Result<Arc<LoadedManifest>, Error> {
        self.manifest(namespace, digest).await.map_err(|error| match error {
            Error::NoSuchFile => Error::ObjectMissing(ObjectKey::Manifest(digest).within(namespace)),
            other => other,
        })
    }

    async fn load_manifest(&self, place: Address) -> Result<LoadedManifest, Error> {
        let json = self.read(place).await?;
        let manifest: Manifest = serde_json::from_slice(&json)
            .map_err(|error| Error::ManifestUnreadable(place, Arc::new(error)))?;
        let available = Available::from(&manifest);
        Ok(LoadedManifest { json, manifest, available })
    }

    /// A frame, a pack or a still.
    pub(crate) async fn object(&self, place: Address) -> Result<Arc<Object>, Error> {
        let load = async {
            let body = Bytes::from(self.read(place).await?);
            let etag = format!("\"{}\"", Digest::of(&body));
            let repr_digest = format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(&body)));
            Ok(Object { body, etag, repr_digest })
        };
        self.kept().objects.get_or_load(place, load).await
    }

    /// An answer that is compressed once and kept.
    pub(crate) async fn answer(
        &self,
        key: AnswerKey,
        json: impl Future<Output = Result<Vec<u8>, Error>>,
    ) -> Result<Arc<Precompressed>, Error> {
        let load = async {
            let json = json.await?;
            let built = tokio::task::spawn_blocking(|| Precompressed::build(json)).await;
            built.map_err(std::io::Error::other).flatten().map_err(|error| Error::Compress(Arc::new(error)))
        };
        self.kept().answers.get_or_load(key, load).await
    }

    /// Reads an object that is what its key says; a damaged one is never served.
    async fn read(&self, place: Address) -> Result<Vec<u8>, Error> {
        let (digest, missing) = match place.key {
            ObjectKey::Frame { set, degree, format } => {
                let load = async {
                    let list = ObjectKey::SetList(set).within(place.namespace);
                    let bytes = self.read_whole(list, set).await?.ok_or(Error::NoSuchFile)?;
                    SetList::read(set, bytes).ok_or(Error::ObjectDamaged(list))
                };
                let list = self.kept().lists.get_or_load((place.namespace, set), load).await?;
                // The set has the frame, so that its file has to be there.
                (list.frame(degree, format).ok_or(Error::NoSuchFile)?, Error::ObjectMissing(place))
            }
            ObjectKey::Pack(digest)
            | ObjectKey::SetList(digest)
            | ObjectKey::Manifest(digest)
            | ObjectKey::Jpeg(digest) => (digest, Error::NoSuchFile),
        };
        self.read_whole(place, digest).await?.ok_or(missing)
    }

    /// Where a copy is damaged, its home may have the whole object, and is asked once more.
    async fn read_whole(&self, place: Address, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
        let store = self.store.within(place.namespace);
        for _ in 0..2 {
            match store.get(&place.key).await? {
                Some(bytes) if Digest::of(&bytes) != digest => store.evict(&place.key).await,
                settled => return Ok(settled),
            }
        }
        Err(Error::ObjectDamaged(place))
    }
}
