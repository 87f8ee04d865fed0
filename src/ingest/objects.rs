//! A version's objects, before they are stored and after.

use std::sync::Arc;

use assets_pipeline::{digest::Digest, pack::SetList, pack::renditions::Renditions, prepare::Prepared};

use crate::{
    db::versions::StoredVersion,
    domain::{manifest::Manifest, names::ConfigId, namespace::Namespace},
    library::store_version::VersionObjects,
    store::{ObjectKey, Store, StoreError},
};

use super::manifest;

/// A version's objects in memory.
pub(super) fn build(
    configuration: &ConfigId,
    version: i64,
    namespace: Namespace,
    prepared: &Prepared,
    renditions: &Renditions,
) -> Result<VersionObjects, serde_json::Error> {
    let manifest = manifest::build_manifest(configuration, version, namespace, prepared, renditions);
    let figures = manifest::build_figures(&manifest, renditions);
    VersionObjects::new(manifest, &prepared.jpeg, figures, of_renditions(renditions))
}

/// Every frame, pack and list.
fn of_renditions(renditions: &Renditions) -> Vec<(ObjectKey, Arc<[u8]>)> {
    let frames = renditions.sets.iter().flat_map(|set| {
        let key = |degree| ObjectKey::Frame { set: set.digest, degree, format: set.format };
        set.frames.iter().map(move |(degree, frame)| (key(*degree), frame.bytes.clone()))
    });
    let packs = renditions.packs.values();
    let packs = packs.map(|pack| (ObjectKey::Pack(pack.digest), Arc::from(pack.bytes.as_slice())));
    let lists = renditions.sets.iter();
    let lists = lists.map(|set| (ObjectKey::SetList(set.digest), Arc::from(set.list.as_bytes())));
    frames.chain(packs).chain(lists).collect()
}

/// Reads a stored version back from the backend; `None` where any of its objects is missing, damaged or
/// unreadable.
pub(super) async fn load_whole(
    store: &Store,
    version: &StoredVersion,
) -> Result<Option<Manifest>, StoreError> {
    let store = &store.within(version.namespace);
    let read = async |key: ObjectKey, digest: Digest| {
        let found = store.look(&key).await?;
        Ok::<_, StoreError>(found.bytes().filter(|bytes| Digest::of(bytes) == digest))
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
            let whole = rendition.packs.iter().map(|entry| &entry.pack);
            for &pack in whole.chain(rendition.bare.iter().flat_map(|bare| &bare.packs)) {
                if read(ObjectKey::Pack(pack), pack).await?.is_none() {
                    return Ok(None);
                }
            }
        }
    }
    Ok(Some(manifest))
}
