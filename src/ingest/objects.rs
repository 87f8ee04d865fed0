//! A version's objects on their way into the store.

use std::sync::Arc;

use assets_pipeline::{digest::Digest, pack::SetList, renditions::Renditions};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::versions::StoredVersion,
    domain::manifest::Manifest,
    store::{ObjectKey, Store, StoreError},
};

use super::Failure;

/// Objects written at once: each waits for its disk.
const WRITES_AT_ONCE: usize = 16;

/// Stores every frame, pack and list of a set.
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
    let lists =
        renditions.sets.iter().map(|set| (ObjectKey::SetList(set.digest), Arc::from(set.list.as_bytes())));
    put_all(store, frames.chain(packs).chain(lists).collect()).await
}

/// Stores the JPEG and then the manifest, and names both.
pub(super) async fn store_manifest(
    store: &Store,
    manifest: &Manifest,
    jpeg: &[u8],
) -> Result<(Digest, Digest), Failure> {
    let jpeg_digest = Digest::of(jpeg);
    store.put(&ObjectKey::Jpeg(jpeg_digest), jpeg).await?;
    let json = serde_json::to_vec(manifest)?;
    let digest = Digest::of(&json);
    // The manifest comes last: whoever reads it finds all that it names.
    store.put(&ObjectKey::Manifest(digest), &json).await?;
    Ok((digest, jpeg_digest))
}

/// Reads a stored version back, from where it is at home; `None` where any of its objects is missing or damaged.
pub(super) async fn load_whole(
    store: &Store,
    version: &StoredVersion,
) -> Result<Option<Manifest>, StoreError> {
    let store = &store.within(version.namespace);
    let read = async |key: ObjectKey, digest: Digest| {
        let bytes = store.get_from_backend(&key).await?;
        Ok::<_, StoreError>(bytes.filter(|bytes| Digest::of(bytes) == digest))
    };
    let json = read(ObjectKey::Manifest(version.digest), version.digest).await?;
    let Some(manifest) = json.and_then(|json| serde_json::from_slice::<Manifest>(&json).ok()) else {
        return Ok(None);
    };
    if read(ObjectKey::Jpeg(version.jpeg), version.jpeg).await?.is_none() {
        return Ok(None);
    }
    for tier in manifest.tiers.values() {
        for (format, rendition) in &tier.formats {
            let list = read(ObjectKey::SetList(rendition.set), rendition.set).await?;
            let Some(list) = list.and_then(|bytes| SetList::read(rendition.set, bytes)) else {
                return Ok(None);
            };
            for &degree in &tier.degrees {
                let key = ObjectKey::Frame { set: rendition.set, degree, format: *format };
                let Some(digest) = list.frame(degree, *format) else { return Ok(None) };
                if read(key, digest).await?.is_none() {
                    return Ok(None);
                }
            }
            for pack in &rendition.packs {
                if read(ObjectKey::Pack(pack.pack), pack.pack).await?.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(manifest))
}

async fn put_all(store: &Store, objects: Vec<(ObjectKey, Arc<[u8]>)>) -> Result<(), StoreError> {
    stream::iter(objects)
        .map(|(key, bytes)| async move { store.put(&key, &bytes).await })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}
