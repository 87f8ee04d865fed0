//! Manifests as they are stored.

use assets_pipeline::digest::Digest;

use crate::{
    domain::manifest::Manifest,
    store::{ObjectKey, Store, StoreError},
};

/// The manifest of a version, as the backend has it; `None` where it is missing, damaged or unreadable.
pub async fn load(store: &Store, digest: Digest) -> Result<Option<Manifest>, StoreError> {
    let json = store.look(&ObjectKey::Manifest(digest)).await?;
    let json = json.bytes().filter(|json| Digest::of(json) == digest);
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
}
