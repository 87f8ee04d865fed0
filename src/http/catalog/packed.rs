//! Frames of packs that are in memory: they are cut from them, and the store is not asked.

use std::ops::Range;

use actix_web::web::Bytes;
use assets_pipeline::digest::Digest;

use crate::{
    cache::Cache,
    domain::manifest::{Manifest, PackEntry},
    store::{Address, ObjectKey},
};

use super::object::Object;

/// Which packs have the frames of a set.
#[derive(Debug)]
pub(super) struct PacksOfSet(Vec<PackEntry>);

impl PacksOfSet {
    /// Those of every set that a manifest names.
    pub(super) fn of(manifest: &Manifest) -> impl Iterator<Item = (Digest, Self)> {
        let renditions = || manifest.tiers.values().flat_map(|tier| tier.formats.values());
        let mut sets: Vec<Digest> = renditions().map(|rendition| rendition.set).collect();
        sets.sort_unstable();
        sets.dedup();
        sets.into_iter().map(move |set| {
            // Tiers share a set, and load the packs of each other.
            let mut packs: Vec<PackEntry> = renditions()
                .filter(|rendition| rendition.set == set)
                .flat_map(|rendition| rendition.packs.clone())
                .collect();
            packs.sort_unstable_by_key(|entry| entry.pack);
            packs.dedup_by_key(|entry| entry.pack);
            (set, Self(packs))
        })
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|entry| size_of::<PackEntry>() + 6 * entry.degrees.len()).sum()
    }

    /// The frame at an address, which has this digest, if one of the packs is in memory that have it.
    pub(super) fn frame(
        &self,
        objects: &Cache<Address, Object>,
        address: &Address,
        digest: Digest,
    ) -> Option<Object> {
        let ObjectKey::Frame { degree, .. } = address.key else { return None };
        let frame = self.0.iter().find_map(|entry| {
            let part = part(entry, degree)?;
            let pack = objects.get_now(&ObjectKey::Pack(entry.pack).within(address.namespace))?;
            // A slice would hold the whole pack, also when it is evicted.
            pack.body.get(part).map(Bytes::copy_from_slice)
        })?;
        (Digest::of(&frame) == digest).then(|| Object::of(&address.key, frame))
    }
}

/// Where a frame is in a pack, which has its frames back to back.
fn part(entry: &PackEntry, degree: u16) -> Option<Range<usize>> {
    let at = entry.degrees.iter().position(|one| *one == degree)?;
    let length = *entry.lengths.get(at)? as usize;
    let from: usize = entry.lengths[..at].iter().map(|length| *length as usize).sum();
    Some(from..from + length)
}

#[cfg(test)]
mod tests {
    use assets_pipeline::plan::tiers::Format;

    use super::*;
    use crate::domain::namespace::Namespace;

    #[tokio::test]
    async fn a_frame_is_cut_from_a_pack_that_is_in_memory_and_is_the_right_one() {
        let bytes = Bytes::from_static(b"onetwothree");
        let (pack, set) = (Digest::of(&bytes), Digest::of(b"set"));
        let packs = PacksOfSet(vec![PackEntry { pack, degrees: vec![0, 180, 90], lengths: vec![3, 3, 5] }]);
        let objects = Cache::of_bytes("objects", 1 << 20, |object: &Object| object.body.len());
        let frame = |degree, digest| {
            let key = ObjectKey::Frame { set, degree, format: Format::Avif };
            let frame = packs.frame(&objects, &key.within(Namespace::Public), digest)?;
            Some(frame.body)
        };
        let digest = Digest::of(b"two");
        assert_eq!(frame(180, digest), None, "the pack is not in memory");
        let key = ObjectKey::Pack(pack);
        objects.replace(key.within(Namespace::Public), Object::of(&key, bytes)).await;
        assert_eq!(frame(180, digest).as_deref(), Some(&b"two"[..]));
        assert_eq!(frame(90, Digest::of(b"three")).as_deref(), Some(&b"three"[..]));
        assert_eq!(frame(0, digest), None, "it is another frame than the set has");
        assert_eq!(frame(45, digest), None);
    }
}
