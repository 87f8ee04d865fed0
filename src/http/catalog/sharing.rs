//! What servers share: manifests of live versions, products, and compressed answers. Nothing of a protected configuration.
//!
//! Each of these is asked for with a pointer or a revision in hand, which the database has just given, and its key holds
//! them. A take-down, a protection and a publishing move the product's revision, so that no request asks for what was shared
//! before.

use actix_web::web::Bytes;
use assets_pipeline::digest::Digest;

use super::{
    AnswerKey,
    cached::{Answer, LoadedManifest},
};
use crate::{
    cache::shared::{Kind, Portable, Shared},
    domain::{names::ProductId, namespace::Namespace, product::Product},
    http::{
        encoding::{Coded, Effort, Encoding},
        problem::Error,
    },
};

/// The most that a shared product or manifest may become when it is unpacked.
const MAX_UNPACKED: usize = 32 << 20;

/// The shared level, and the kinds of values that the catalog puts there.
#[derive(Debug, Clone)]
pub(super) struct Sharing {
    shared: Shared,
    manifests: Kind,
    products: Kind,
    answers: Kind,
}

impl Sharing {
    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared,
            manifests: Kind::of("manifests"),
            products: Kind::of("products"),
            answers: Kind::of("answers"),
        }
    }

    pub(super) const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The public product at a revision.
    pub(super) async fn product(
        &self,
        id: &ProductId,
        revision: i64,
        load: impl Future<Output = Result<Option<Product>, Error>>,
    ) -> Result<Option<Product>, Error> {
        self.shared.get_or_load(&self.products, &format!("{id} {revision}"), load).await
    }

    /// The manifest of a public version that was live at a revision.
    pub(super) async fn manifest(
        &self,
        digest: Digest,
        revision: i64,
        load: impl Future<Output = Result<LoadedManifest, Error>>,
    ) -> Result<LoadedManifest, Error> {
        self.shared.get_or_load(&self.manifests, &format!("{digest} {revision}"), load).await
    }

    /// A compressed answer.
    pub(super) async fn answer(
        &self,
        key: &(AnswerKey, Encoding),
        make: impl Future<Output = Result<Answer, Error>>,
    ) -> Result<Answer, Error> {
        self.shared.get_or_load(&self.answers, &name(key), make).await
    }

    /// A popular answer, compressed as small as it gets.
    pub(super) async fn replace(&self, key: &(AnswerKey, Encoding), best: &Answer) {
        self.shared.replace(&self.answers, &name(key), best).await;
    }
}

/// Debug output names each field and quotes each text, so that different keys have different names.
fn name(key: &(AnswerKey, Encoding)) -> String {
    format!("{key:?}")
}

impl AnswerKey {
    /// Whether servers may share the answer: the database has just named everything that it depends on, and any client may
    /// see it.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Sequence { namespace, .. } => *namespace == Namespace::Public,
            Self::Product { .. } => true,
            // The first is found by its digest alone, so that no pointer says that it is still public; the others are of an
            // address that clients make up.
            Self::Manifest(..) | Self::Demo { .. } | Self::Snippet { .. } => false,
        }
    }
}

impl Portable for Option<Product> {
    fn pack(&self) -> Vec<u8> {
        compress(&serde_json::to_vec(self).expect("every map of a product has texts for keys"))
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(&decompress(bytes)?).ok()
    }
}

impl Portable for LoadedManifest {
    fn pack(&self) -> Vec<u8> {
        compress(&self.json)
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        Self::parse(decompress(bytes)?).ok()
    }
}

impl Portable for Answer {
    fn pack(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.effort == Effort::Best)];
        bytes.extend_from_slice(self.coded.encoding.token().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(&self.coded.body);
        bytes
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let (effort, rest) = bytes.split_first()?;
        let effort = if *effort == 0 { Effort::Quick } else { Effort::Best };
        let end = rest.iter().position(|byte| *byte == b' ')?;
        let encoding =
            Encoding::ALL.into_iter().find(|encoding| encoding.token().as_bytes() == &rest[..end])?;
        Some(Self::of(Coded::of(Bytes::copy_from_slice(&rest[end + 1..]), encoding), effort))
    }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).expect("memory is the only thing that it needs")
}

fn decompress(bytes: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::decompress(bytes, MAX_UNPACKED).ok()
}
