//! What the catalog caches: the keys, the values, and the shares of memory.

use actix_web::web::Bytes;
use assets_pipeline::{digest::Digest, pack::SetList};

use super::{CacheBytes, answers::Answer};
use crate::{
    cache::Cache,
    domain::{
        manifest::Manifest,
        names::{Choices, ConfigId, ProductId},
        namespace::Namespace,
        negotiate::{Available, DeliveryClass},
    },
    http::encoding::Encoding,
    store::Address,
};

/// Caches of objects, and of answers that are made from objects. An eviction replaces all of them at once.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) manifests: Cache<(Namespace, Digest), LoadedManifest>,
    pub(super) set_lists: Cache<(Namespace, Digest), SetList>,
    pub(super) objects: Cache<Address, Object>,
    pub(super) answers: Cache<(AnswerKey, Encoding), Answer>,
}

impl Cached {
    pub(super) fn new(max: CacheBytes) -> Self {
        Self {
            manifests: Cache::of_bytes("manifests", max.answers / 4, |loaded: &LoadedManifest| {
                4 * loaded.json.len()
            }),
            set_lists: Cache::of_bytes("set lists", max.answers / 4, |list: &SetList| list.as_bytes().len()),
            objects: Cache::of_bytes("objects", max.objects, |object: &Object| object.body.len()),
            answers: Cache::of_bytes("answers", max.answers / 4, Answer::bytes),
        }
    }
}

/// Everything that an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AnswerKey {
    /// A negotiated manifest.
    Sequence { configuration: ConfigId, digest: Digest, revision: i64, class: DeliveryClass },
    /// A version's manifest.
    Manifest(Namespace, Digest),
    /// The demo's page, by the address of this server that the client used.
    Demo { revision: Option<i64>, base: String },
    /// A product.
    Product { id: ProductId, revision: i64, context: Choices },
}

/// An immutable object with the values of its headers.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its bytes.
    pub(crate) body: Bytes,
    /// Quoted.
    pub(crate) etag: String,
    /// The value of `Repr-Digest` (RFC 9530, section 3).
    pub(crate) repr_digest: String,
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
