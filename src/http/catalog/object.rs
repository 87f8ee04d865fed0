//! Objects in memory.

use actix_web::{http::header::HeaderValue, web::Bytes};
use assets_pipeline::digest::Digest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    http::{encoding::Encoding, representation::Representation},
    store::{Address, ObjectKey},
};

/// An immutable object with the values of its headers.
#[derive(Debug)]
pub(crate) struct Object {
    /// Its bytes.
    pub(crate) body: Bytes,
    /// Quoted.
    pub(in crate::http) etag: HeaderValue,
    /// The value of `Repr-Digest` (RFC 9530, section 3).
    pub(in crate::http) repr_digest: HeaderValue,
    /// The tag that purges it, where it is served at an address of its own.
    pub(in crate::http) tag: HeaderValue,
}

impl Object {
    /// The object with these bytes and this key.
    pub(in crate::http) fn of(key: &ObjectKey, body: Bytes) -> Self {
        let sha256 = Sha256::digest(&body).into();
        Self::known(key, Digest::of(&body), &sha256, body)
    }

    /// The object with this key and bytes that have these digests.
    pub(super) fn known(key: &ObjectKey, digest: Digest, sha256: &[u8; 32], body: Bytes) -> Self {
        Self {
            etag: visible(format!("\"{digest}\"")),
            repr_digest: repr_digest(sha256),
            tag: visible(key.cache_tag()),
            body,
        }
    }

    /// The answer that it is.
    pub(in crate::http) fn represent(&self, place: &Address) -> Representation<'_> {
        Representation {
            media_type: place.key.media_type(),
            length: self.body.len(),
            etag: self.etag.to_str().unwrap_or_default(),
            encoding: Encoding::Identity,
            digest: self.repr_digest.to_str().ok(),
        }
    }
}

/// The value of `Repr-Digest` (RFC 9530, section 3).
pub(super) fn repr_digest(sha256: &[u8; 32]) -> HeaderValue {
    visible(format!("sha-256=:{}:", BASE64_STANDARD.encode(sha256)))
}

/// A header's value of digits and letters.
pub(super) fn visible(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
