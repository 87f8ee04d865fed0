//! The read model: pointers, products, manifests, objects and answers, from memory or else from the database and the
//! store.

mod admission;
mod ahead;
mod answers;
mod arrivals;
mod cached;
mod levels;
mod load;
mod object;
mod packed;
mod sharing;
mod visibility;

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use assets_pipeline::digest::Digest;
use futures_util::future::LocalBoxFuture;
use tokio::runtime::Handle;

use crate::{
    cache::{Cache, shared::Shared},
    config::DeliveryConfig,
    db::{Db, ingests::IngestProgress, loupes::Requested, versions::Pointer},
    domain::{
        loupe::Rules as LoupeRules,
        names::{ConfigId, ProductId},
        namespace::Namespace,
        policy::Policy,
        product::Product,
        signed::{Grant, SigningKey},
    },
    library::loupe::{self, Offer},
    store::{Address, ObjectKey, Store},
};

use self::{
    admission::Admission,
    ahead::Ahead,
    answers::Turns,
    cached::Cached,
    levels::Asked,
    sharing::Sharing,
    visibility::{LastKnown, Visibility, or_last_known},
};
use super::{measure::Negotiations, problem::Error};

pub use self::admission::Bounds;
pub(in crate::http) use self::arrivals::{Coming, Fetched};
pub(in crate::http) use self::cached::{Answer, Live};
pub(crate) use self::cached::{AnswerKey, LoadedManifest};
pub(crate) use self::object::Object;
pub(crate) use self::visibility::Protected;

/// How long a server may answer from a pointer that another process has moved.
const POINTER_TTL: Duration = Duration::from_secs(1);
/// How often a configuration may move while one answer is made of it.
const MOST_MOVES: u32 = 4;
/// Cached pointers at most: enough for every busy configuration, and a bound for requests with made-up ids.
const MAX_POINTERS: u64 = 20_000;

/// How much memory answers may take.
#[derive(Debug, Clone, Copy)]
pub struct CacheBytes {
    /// Frames, packs and stills.
    pub objects: u64,
    /// Manifests, products and compressed answers.
    pub answers: u64,
}

/// Everything that the public handlers read.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) db: Db,
    /// The same for what visitors wait for.
    serving: Db,
    pub(crate) store: Store,
    pub(crate) policy: Policy,
    pub(super) negotiations: Negotiations,
    asked: Asked,
    /// Part of the keys of pointers and revisions. A load that is under way during an eviction ends under an old epoch,
    /// which no request reads.
    epoch: AtomicU64,
    pointers: Cache<(u64, ConfigId), Visibility>,
    revisions: Cache<(u64, ProductId), Option<i64>>,
    last_known: LastKnown,
    pub(crate) delivery: DeliveryConfig,
    /// Which loupes are made; `None` where none is.
    loupes: Option<LoupeRules>,
    signing: Cache<(), Vec<SigningKey>>,
    products: Cache<(ProductId, i64), Option<Product>>,
    /// How many of the most popular spins are loaded beforehand.
    pub(super) warm: u32,
    pub(super) max: CacheBytes,
    cached: RwLock<Arc<Cached>>,
    /// The level that servers share, if there is one.
    sharing: Option<Sharing>,
    pub(super) turns: Turns,
    pub(super) admission: Admission,
    ahead: Ahead,
    /// Where objects are read: the threads of visitors end before others have been sent all that they asked for.
    reading: Option<Handle>,
}

/// The error about an object that has to exist.
fn missing(error: Error, address: Address) -> Error {
    match error {
        Error::NoSuchFile => Error::ObjectMissing(address),
        other => other,
    }
}

impl Catalog {
    /// A catalog with empty caches.
    pub fn new(db: Db, store: Store, policy: Policy, max: CacheBytes) -> Self {
        Self {
            serving: db.for_serving(),
            db,
            store,
            negotiations: Negotiations::of(&policy),
            asked: Asked::default(),
            policy,
            epoch: AtomicU64::new(0),
            delivery: DeliveryConfig::default(),
            loupes: None,
            pointers: Cache::of_entries("pointers", MAX_POINTERS, POINTER_TTL),
            revisions: Cache::of_entries("revisions", MAX_POINTERS, POINTER_TTL),
            last_known: LastKnown::for_at_most(Duration::ZERO),
            signing: Cache::of_entries("signing keys", 1, POINTER_TTL),
            // In memory a parsed product takes a few times the bytes of its JSON.
            products: Cache::of_bytes("products", max.answers / 4, |product: &Option<Product>| {
                product.as_ref().map_or(0, |product| 1000 + 500 * product.spins.len())
            }),
            warm: 0,
            max,
            cached: RwLock::new(Arc::new(Cached::new(max))),
            sharing: None,
            turns: Turns::default(),
            admission: Admission::unbounded(),
            ahead: Ahead::of(usize::MAX),
            reading: Handle::try_current().ok(),
        }
    }

    /// The same catalog, which loads this many of the most popular spins beforehand.
    #[must_use]
    pub fn warming(self, warm: u32) -> Self {
        Self { warm, ..self }
    }

    /// The same catalog, which goes on for so long with what it knew while the database cannot be asked.
    #[must_use]
    pub fn knowing_for(self, at_most: Duration) -> Self {
        Self { last_known: LastKnown::for_at_most(at_most), ..self }
    }

    /// The same catalog, which shares what it makes with other servers.
    #[must_use]
    pub fn sharing(self, shared: Option<Shared>) -> Self {
        Self { sharing: shared.map(Sharing::new), ..self }
    }

    /// The same catalog, with so many loads under way at once.
    #[must_use]
    pub fn admitting(self, bounds: Bounds) -> Self {
        Self { admission: Admission::of(bounds), ahead: Ahead::of(bounds.objects), ..self }
    }

    /// The same catalog, with these settings for the delivery of objects.
    #[must_use]
    pub fn delivering(self, delivery: DeliveryConfig) -> Self {
        Self { delivery, ..self }
    }

    /// The same catalog, where visitors may ask for loupes by these rules.
    #[must_use]
    pub fn magnifying(self, rules: LoupeRules) -> Self {
        Self { loupes: Some(rules), ..self }
    }

    /// Evicts every object. A load under way ends in the old caches, which no request reads.
    pub fn evict_objects(&self) {
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Cached::new(self.max));
    }

    /// Evicts every pointer, since one has moved.
    pub fn evict_pointers(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// The cache that servers share, if there is one.
    pub fn shared(&self) -> Option<&Shared> {
        self.sharing.as_ref().map(Sharing::shared)
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    fn cached(&self) -> Arc<Cached> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether clients can see a configuration, at most a second old unless the database is away.
    async fn visibility(&self, id: &ConfigId) -> Result<Visibility, Error> {
        or_last_known(self.visibility_now(id).await, &self.last_known.pointers, id).await
    }

    /// Whether clients can see a configuration, at most a second old.
    async fn visibility_now(&self, id: &ConfigId) -> Result<Visibility, Error> {
        let load = async {
            let _turn = self.admission.database.enter().await?;
            // The pointer's own namespace first: a configuration may move between the two reads.
            let live = self.serving.pointer(id).await;
            self.asked.pointers.note(&live);
            let live = live?;
            let namespace = match live {
                Some(pointer) => pointer.namespace,
                None => self.serving.namespace(id).await?.unwrap_or(Namespace::Public),
            };
            let visibility = match live {
                _ if namespace.is_private() => Visibility::Protected(Protected { namespace, live }),
                Some(pointer) => Visibility::Live(pointer),
                None if self.serving.is_taken_down(id).await? => Visibility::TakenDown,
                None => Visibility::Absent,
            };
            self.last_known.note_visibility(id, visibility).await;
            Ok::<_, Error>(visibility)
        };
        self.pointers.get_or_load((self.epoch(), id.clone()), load).await.map(|now| *now)
    }

    /// The configuration, if it is protected.
    pub(crate) async fn protected(&self, id: &ConfigId) -> Result<Option<Protected>, Error> {
        match self.visibility(id).await? {
            Visibility::Protected(protected) => Ok(Some(protected)),
            Visibility::Live(_) | Visibility::TakenDown | Visibility::Absent => Ok(None),
        }
    }

    /// Reads a token; `None` if no key of this installation signed it.
    pub(crate) async fn grant(&self, token: &str) -> Result<Option<Grant>, Error> {
        Ok(Grant::read(token, &self.signing_keys().await?))
    }

    /// The key that signs addresses.
    pub(crate) async fn signing_key(&self) -> Result<SigningKey, Error> {
        let keys = self.db.signing_keys().await?;
        // The first read creates a key if the database has none.
        keys.into_iter().next().map(|stored| stored.key).ok_or(Error::NoSuchKey)
    }

    /// The keys, at most a second old.
    async fn signing_keys(&self) -> Result<Arc<Vec<SigningKey>>, Error> {
        let load = async {
            let _turn = self.admission.database.enter().await?;
            let keys = self.serving.signing_keys().await.map(Some);
            self.asked.signing_keys.note(&keys);
            let keys = keys?.unwrap_or_default();
            Ok::<_, Error>(keys.into_iter().map(|stored| stored.key).collect())
        };
        self.signing.get_or_load((), load).await
    }

    /// The public live pointer of a configuration, at most a second old unless the database is away.
    pub(crate) async fn pointer(&self, id: &ConfigId) -> Result<Pointer, Error> {
        self.visibility(id).await?.public_pointer(id)
    }

    /// Evicts what is cached of a configuration's visibility, which is read anew from what is true now.
    pub(crate) async fn evict_pointer(&self, id: &ConfigId) {
        self.serving.doubt_replica();
        self.pointers.evict(&(self.epoch(), id.clone())).await;
    }

    /// An answer that was made before, if its pointer is known to be the same and the answer is in memory.
    pub(in crate::http) fn still_live(&self, live: &Live) -> Option<Arc<Answer>> {
        let now = self.pointers.get_now(&(self.epoch(), live.configuration.clone()))?;
        if !matches!(*now, Visibility::Live(pointer) if pointer == live.pointer) {
            return None;
        }
        let answer = self.cached().answers.get_now(&live.key)?;
        (!answer.is_due()).then_some(answer)
    }

    /// Answers for the public live version. Where one of its objects is missing, the configuration may have been protected,
    /// taken down or published anew since its pointer was read: the pointer is then read again, and decides. That may happen
    /// more than once while an answer is made. While the database is away the absence is not sure, and the server is busy.
    pub(crate) async fn of_live<T>(
        &self,
        id: &ConfigId,
        answer: impl AsyncFn(Pointer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut pointer = self.pointer(id).await?;
        for _ in 0..MOST_MOVES {
            match answer(pointer).await {
                Err(error) if error.is_absence() => {
                    self.evict_pointer(id).await;
                    let now = self.visibility_now(id).await?.public_pointer(id)?;
                    if now == pointer {
                        return Err(error);
                    }
                    pointer = now;
                }
                ended => return ended,
            }
        }
        answer(pointer).await
    }

    /// The public product, at most a second old unless the database is away.
    pub(crate) async fn product(&self, id: &ProductId) -> Result<Arc<Option<Product>>, Error> {
        match or_last_known(self.revision_now(id).await, &self.last_known.revisions, id).await? {
            Some(revision) => self.product_at(id, revision).await,
            None => Ok(Arc::new(None)),
        }
    }

    /// The revision of a product, at most a second old; `None` if there is no such product.
    async fn revision_now(&self, id: &ProductId) -> Result<Option<i64>, Error> {
        let load = async {
            let _turn = self.admission.database.enter().await?;
            let revision = self.serving.product_revision(id).await;
            self.asked.revisions.note(&revision);
            let revision = revision?;
            self.last_known.note_revision(id, revision).await;
            Ok::<_, Error>(revision)
        };
        self.revisions.get_or_load((self.epoch(), id.clone()), load).await.map(|now| *now)
    }

    /// The answer to a request for what a product does not offer. While the database is away the product is what it was last,
    /// and may offer it by now: the server is busy then.
    pub(crate) async fn refusal(&self, id: &ProductId, refusal: Error) -> Error {
        self.revision_now(id).await.err().unwrap_or(refusal)
    }

    /// The product at a revision that a pointer named, or a later one.
    pub(crate) async fn product_at(
        &self,
        id: &ProductId,
        revision: i64,
    ) -> Result<Arc<Option<Product>>, Error> {
        let load = async {
            let _turn = self.admission.database.enter().await?;
            let product = self.serving.load_public_product(id).await;
            self.asked.products.note(&product);
            Ok::<_, Error>(product?)
        };
        // Boxed, because loads nest.
        let load: LocalBoxFuture<'_, _> = match &self.sharing {
            Some(sharing) => Box::pin(sharing.product(id, revision, load)),
            None => Box::pin(load),
        };
        self.products.get_or_load((id.clone(), revision), load).await
    }

    /// The loupe of a version, or whether a visitor may ask for it.
    pub(crate) async fn loupe(&self, id: &ConfigId, version: i64) -> Result<Offer, Error> {
        let _turn = self.admission.database.enter().await?;
        Ok(loupe::offer(&self.serving, self.loupes.as_ref(), id, version).await?)
    }

    /// Queues the loupe of a live version for a visitor.
    pub(crate) async fn ask_for_loupe(&self, id: &ConfigId) -> Result<Requested, Error> {
        let Some(rules) = &self.loupes else { return Ok(Requested::Known) };
        let _turn = self.admission.database.enter().await?;
        Ok(loupe::ask(&self.db, rules, id).await?)
    }

    /// How far the ingest of a configuration is, if there is one.
    pub(crate) async fn ingest_progress(&self, id: &ConfigId) -> Result<Option<IngestProgress>, Error> {
        let _turn = self.admission.database.enter().await?;
        Ok(self.db.ingest_progress(id).await?)
    }

    /// A version's manifest, by its digest.
    pub(crate) async fn manifest(
        &self,
        namespace: Namespace,
        digest: Digest,
    ) -> Result<Arc<LoadedManifest>, Error> {
        let load = async {
            let loaded = self.load_manifest(ObjectKey::Manifest(digest).within(namespace)).await?;
            self.cached().note_packs(namespace, &loaded.manifest).await;
            Ok(loaded)
        };
        self.cached().manifests.get_or_load((namespace, digest), load).await
    }

    /// The manifest of a live version, which has to exist.
    pub(crate) async fn live_manifest(
        &self,
        namespace: Namespace,
        digest: Digest,
    ) -> Result<Arc<LoadedManifest>, Error> {
        let address = ObjectKey::Manifest(digest).within(namespace);
        self.manifest(namespace, digest).await.map_err(|error| missing(error, address))
    }

    /// The same for a public version that was live at a revision of its product: servers may share it.
    pub(crate) async fn shared_manifest(
        &self,
        digest: Digest,
        revision: i64,
    ) -> Result<Arc<LoadedManifest>, Error> {
        let Some(sharing) = &self.sharing else { return self.live_manifest(Namespace::Public, digest).await };
        let cached = self.cached();
        if let Some(loaded) = cached.manifests.get(&(Namespace::Public, digest)).await {
            return Ok(loaded);
        }
        let address = ObjectKey::Manifest(digest).within(Namespace::Public);
        let load = Box::pin(async {
            // What is on this machine is nearer than what another server has made.
            let loaded = if self.store.is_near(&address).await {
                self.load_manifest(address).await?
            } else {
                sharing.manifest(digest, revision, self.load_manifest(address)).await?
            };
            self.cached().note_packs(Namespace::Public, &loaded.manifest).await;
            Ok(loaded)
        });
        let loaded = cached.shared_manifests.get_or_load((digest, revision), load).await;
        loaded.map_err(|error| missing(error, address))
    }

    async fn load_manifest(&self, address: Address) -> Result<LoadedManifest, Error> {
        let json = self.read(address).await?;
        LoadedManifest::parse(json).map_err(|error| Error::ManifestUnreadable(address, Arc::new(error)))
    }
}
