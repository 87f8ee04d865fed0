//! A version's objects on their way into the store.

use std::sync::Arc;

use assets_pipeline::{digest::Digest, renditions::Renditions, tiers::TierKey};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    domain::manifest::Manifest,
    store::{ObjectKey, StillFormat, Store, StoreError},
};

use super::Failure;

/// Objects written at once: each waits for its disk.
const WRITES_AT_ONCE: usize = 16;

/// Stores every frame and pack.
pub(super) async fn store_renditions(store: &Store, renditions: &Renditions) -> Result<(), StoreError> {
    let frames = renditions.sets.iter().flat_map(|set| {
        set.frames.iter().map(|(degree, frame)| {
            (ObjectKey::Frame { set: set.digest, degree: *degree, format: set.format }, frame.bytes.clone())
        })
    });
    let packs = renditions
        .packs
        .values()
        .map(|pack| (ObjectKey::Pack(pack.digest), Arc::<[u8]>::from(pack.bytes.as_slice())));
    put_all(store, frames.chain(packs).collect()).await
}

/// Stores a manifest and the stills that are named after it.
pub(super) async fn store_manifest(
    store: &Store,
    manifest: &Manifest,
    renditions: &Renditions,
    jpeg: &[u8],
) -> Result<Digest, Failure> {
    let json = serde_json::to_vec(manifest)?;
    let digest = Digest::of(&json);
    let mut objects: Vec<(ObjectKey, Arc<[u8]>)> =
        vec![(ObjectKey::Still { manifest: digest, format: StillFormat::Jpeg }, jpeg.into())];
    let stills = renditions.tiers.get(&TierKey::Still).map(|tier| &tier.formats);
    for (format, rendition) in stills.into_iter().flatten() {
        let set = renditions.sets.iter().find(|set| set.digest == rendition.set && set.format == *format);
        if let Some(hero) = set.and_then(|set| set.frames.values().next()) {
            let key = ObjectKey::Still { manifest: digest, format: StillFormat::Tier(*format) };
            objects.push((key, hero.bytes.clone()));
        }
    }
    put_all(store, objects).await?;
    // The manifest comes last: whoever reads it finds all that it names.
    store.put(&ObjectKey::Manifest(digest), &json).await?;
    Ok(digest)
}

/// Reads a manifest back; `None` where it is missing or unreadable.
pub(super) async fn load_manifest(store: &Store, digest: Digest) -> Result<Option<Manifest>, StoreError> {
    let json = store.get(&ObjectKey::Manifest(digest)).await?;
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
}

async fn put_all(store: &Store, objects: Vec<(ObjectKey, Arc<[u8]>)>) -> Result<(), StoreError> {
    stream::iter(objects)
        .map(|(key, bytes)| async move { store.put(&key, &bytes).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}
