//! What the catalog caches: the keys, the values, and the shares of memory.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use assets_pipeline::{digest::Digest, pack::SetList};

use super::{CacheBytes, arrivals::Arrivals, object::Object, packed::PacksOfSet};
use crate::{
    cache::{Cache, levels::Fill},
    db::versions::Pointer,
    domain::{
        manifest::Manifest,
        names::{Choices, ConfigId, ProductId},
        namespace::Namespace,
        negotiate::{Available, DeliveryClass},
    },
    http::encoding::{Coded, Effort, Encoding},
    store::{Address, ObjectKey},
};

/// Requests after which an answer is worth the best compression.
pub(super) const POPULAR_AFTER: u32 = 16;
/// What a key takes in memory, at most about.
const KEY_BYTES: usize = 2048;

/// Caches of objects, and of answers that are made from objects. An eviction replaces all of them at once.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) manifests: Cache<(Namespace, Digest), LoadedManifest>,
    /// Of public live versions, by digest and the product's revision. What a request brings in with a pointer that has moved
    /// meanwhile stands under a key that no other request has.
    pub(super) shared_manifests: Cache<(Digest, i64), LoadedManifest>,
    pub(super) set_lists: Cache<(Namespace, Digest), SetList>,
    /// Where the frames of sets are besides, by the manifests that were read.
    pub(super) packs_of_sets: Cache<(Namespace, Digest), PacksOfSet>,
    /// Packs that these manifests name.
    named_packs: Cache<(Namespace, Digest), ()>,
    pub(super) objects: Cache<Address, Object>,
    /// What is on its way to `objects`.
    pub(super) arrivals: Arc<Arrivals>,
    pub(super) answers: Cache<(AnswerKey, Encoding), Answer>,
}

impl Cached {
    pub(super) fn new(max: CacheBytes) -> Self {
        let bytes = |loaded: &LoadedManifest| 4 * loaded.json.len();
        Self {
            manifests: Cache::of_bytes("manifests", max.answers / 8, bytes),
            shared_manifests: Cache::of_bytes("shared manifests", max.answers / 8, bytes),
            set_lists: Cache::of_bytes("set lists", max.answers / 16 * 3, |list: &SetList| {
                list.as_bytes().len()
            }),
            packs_of_sets: Cache::of_bytes("packs of sets", max.answers / 32, PacksOfSet::bytes),
            named_packs: Cache::of_bytes("named packs", max.answers / 32, |()| 0),
            objects: Cache::of_bytes("objects", max.objects, |object: &Object| object.body.len()),
            arrivals: Arc::default(),
            answers: Cache::of_bytes("answers", max.answers / 4, Answer::bytes),
        }
    }

    /// Notes which packs have the frames that a manifest names.
    pub(super) async fn note_packs(&self, namespace: Namespace, manifest: &Manifest) {
        for (set, packs) in PacksOfSet::of(manifest) {
            for pack in packs.digests() {
                self.named_packs.replace((namespace, pack), ()).await;
            }
            self.packs_of_sets.replace((namespace, set), packs).await;
        }
    }

    /// Whether a manifest that was read says that a pack, or the set of a frame, exists.
    pub(super) fn is_named(&self, address: &Address) -> bool {
        match address.key {
            ObjectKey::Frame { set, .. } => {
                let set = (address.namespace, set);
                self.set_lists.has(&set) || self.packs_of_sets.has(&set)
            }
            ObjectKey::Pack(pack) => self.named_packs.has(&(address.namespace, pack)),
            ObjectKey::SetList(_) | ObjectKey::Manifest(_) | ObjectKey::Jpeg(_) => false,
        }
    }

    /// The frame at an address, which has this digest, if it is in a pack that is in memory.
    pub(super) fn frame_of_a_pack(&self, address: &Address, digest: Digest) -> Option<Object> {
        let ObjectKey::Frame { set, .. } = address.key else { return None };
        let packs = self.packs_of_sets.get_now(&(address.namespace, set))?;
        packs.frame(&self.objects, address, digest)
    }

    /// How full each of them is.
    pub(super) fn fill(&self) -> [Fill; 7] {
        let Self {
            manifests,
            shared_manifests,
            set_lists,
            packs_of_sets,
            named_packs,
            objects,
            answers,
            arrivals: _,
        } = self;
        [
            manifests.fill(),
            shared_manifests.fill(),
            set_lists.fill(),
            packs_of_sets.fill(),
            named_packs.fill(),
            objects.fill(),
            answers.fill(),
        ]
    }

    /// Evicts what is over a bound, and answers how many bytes that were.
    pub(super) async fn trim(&self) -> u64 {
        let Self {
            manifests,
            shared_manifests,
            set_lists,
            packs_of_sets,
            named_packs,
            objects,
            answers,
            arrivals: _,
        } = self;
        let of_manifests = manifests.trim().await + shared_manifests.trim().await;
        of_manifests
            + set_lists.trim().await
            + packs_of_sets.trim().await
            + named_packs.trim().await
            + objects.trim().await
            + answers.trim().await
    }
}

/// Everything that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AnswerKey {
    /// A negotiated manifest.
    Sequence {
        configuration: ConfigId,
        namespace: Namespace,
        digest: Digest,
        revision: i64,
        class: DeliveryClass,
    },
    /// A version's manifest.
    Manifest(Namespace, Digest),
    /// The demo's page, by the address of this server that the client used.
    Demo { revision: Option<i64>, base: String },
    /// The lines that put a spin on a page, by the address of this server that the client used.
    Snippet { digest: Digest, revision: i64, base: String },
    /// A product.
    Product { id: ProductId, revision: i64, context: Choices },
}

/// An answer that was made of what was live.
#[derive(Debug)]
pub(in crate::http) struct Live {
    pub(super) configuration: ConfigId,
    pub(super) pointer: Pointer,
    pub(super) class: DeliveryClass,
    pub(super) key: (AnswerKey, Encoding),
}

impl Live {
    /// The negotiated manifest of a class, in a coding.
    pub(in crate::http) fn sequence(
        configuration: &ConfigId,
        pointer: Pointer,
        class: &DeliveryClass,
        encoding: Encoding,
    ) -> Self {
        let Pointer { namespace, digest, revision, .. } = pointer;
        let (configuration, class) = (configuration.clone(), class.clone());
        let key = AnswerKey::Sequence {
            configuration: configuration.clone(),
            namespace,
            digest,
            revision,
            class: class.clone(),
        };
        Self { configuration, pointer, class, key: (key, encoding) }
    }

    pub(in crate::http) fn class(&self) -> &DeliveryClass {
        &self.class
    }

    pub(in crate::http) fn key(&self) -> &AnswerKey {
        &self.key.0
    }
}

/// A version's manifest, stored and parsed.
#[derive(Debug)]
pub(crate) struct LoadedManifest {
    /// The bytes of its digest.
    pub(crate) json: Vec<u8>,
    /// The parsed bytes.
    pub(crate) manifest: Manifest,
    /// The tiers and formats to choose from.
    pub(crate) available: Available,
}

impl LoadedManifest {
    /// Parses a stored manifest.
    pub(super) fn parse(json: Vec<u8>) -> Result<Self, serde_json::Error> {
        let manifest: Manifest = serde_json::from_slice(&json)?;
        let available = Available::from(&manifest);
        Ok(Self { json, manifest, available })
    }
}

/// An answer in one coding.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) coded: Coded,
    pub(super) effort: Effort,
    /// Requests that it has answered.
    requests: AtomicU32,
}

impl Answer {
    pub(super) fn of(coded: Coded, effort: Effort) -> Self {
        Self { coded, effort, requests: AtomicU32::new(0) }
    }

    /// Bytes held.
    fn bytes(&self) -> usize {
        KEY_BYTES + self.coded.body.len() + self.coded.etag.len()
    }

    /// Counts a request. Answers whether better compression is worth it by now.
    pub(super) fn is_due(&self) -> bool {
        self.effort == Effort::Quick
            && self.coded.encoding != Encoding::Identity
            && self.requests.fetch_add(1, Ordering::Relaxed) + 1 >= POPULAR_AFTER
    }
}
