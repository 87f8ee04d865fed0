//! Frames of packs that are in memory: they are cut from them, and the store is not asked.

use std::ops::Range;

use actix_web::web::Bytes;
use assets_pipeline::{digest::Digest, pack::bare::Head};

use crate::{
    cache::Cache,
    domain::manifest::{Bare, Manifest, PackEntry},
    store::{Address, ObjectKey},
};

use super::object::Object;

/// Which packs have the frames of a set.
#[derive(Debug)]
pub(super) struct PacksOfSet {
    packs: Vec<Packed>,
    /// Of the bare packs, where there are any.
    head: Option<Head>,
}

/// The same frames in a pack or two.
#[derive(Debug)]
struct Packed {
    entry: PackEntry,
    bare: Option<Digest>,
}

impl PacksOfSet {
    /// Those of every set that a manifest names.
    pub(super) fn of(manifest: &Manifest) -> impl Iterator<Item = (Digest, Self)> {
        let renditions = || manifest.tiers.values().flat_map(|tier| tier.formats.values());
        let mut sets: Vec<Digest> = renditions().map(|rendition| rendition.set).collect();
        sets.sort_unstable();
        sets.dedup();
        sets.into_iter().map(move |set| {
            // Tiers share a set, and load the packs of each other.
            let of_set = || renditions().filter(|rendition| rendition.set == set);
            let mut packs: Vec<Packed> = of_set()
                .flat_map(|rendition| {
                    let bare = rendition.bare.iter().flat_map(|bare| &bare.packs);
                    let bare = bare.copied().map(Some).chain(std::iter::repeat(None));
                    rendition.packs.iter().zip(bare)
                })
                .map(|(entry, bare)| Packed { entry: entry.clone(), bare })
                .collect();
            packs.sort_unstable_by_key(|packed| (packed.entry.pack, packed.bare.is_none()));
            packs.dedup_by_key(|packed| packed.entry.pack);
            let head = of_set().find_map(|rendition| rendition.bare.as_ref()).and_then(Bare::head);
            (set, Self { packs, head })
        })
    }

    /// The digest of each, with and without heads.
    pub(super) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.packs.iter().flat_map(|packed| std::iter::once(packed.entry.pack).chain(packed.bare))
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let head = self.head.as_ref().map_or(0, |head| head.bytes.len());
        let packs = self.packs.iter();
        head + packs.map(|packed| size_of::<Packed>() + 6 * packed.entry.degrees.len()).sum::<usize>()
    }

    /// The frame at an address, which has this digest, if one of the packs is in memory that have it.
    pub(super) fn frame(
        &self,
        objects: &Cache<Address, Object>,
        address: &Address,
        digest: Digest,
    ) -> Option<Object> {
        let ObjectKey::Frame { degree, .. } = address.key else { return None };
        let pack = |pack: Digest| objects.get_now(&ObjectKey::Pack(pack).within(address.namespace));
        let frame = self.packs.iter().find_map(|Packed { entry, bare }| {
            if let Some(whole) = pack(entry.pack) {
                // A slice would hold the whole pack, also when it is evicted.
                return whole.body.get(part(entry, degree, 0)?).map(Bytes::copy_from_slice);
            }
            let head = self.head.as_ref()?;
            let bare = pack((*bare)?)?;
            head.join(bare.body.get(part(entry, degree, head.spared())?)?).map(Bytes::from)
        })?;
        (Digest::of(&frame) == digest).then(|| Object::of(&address.key, frame))
    }
}

/// Where a frame is in a pack, which has its frames back to back, each smaller than its file by so many bytes.
fn part(entry: &PackEntry, degree: u16, spared: usize) -> Option<Range<usize>> {
    let at = entry.degrees.iter().position(|one| *one == degree)?;
    let bare = |length: &u32| (*length as usize).checked_sub(spared);
    let from = entry.lengths.get(..at)?.iter().map(bare).sum::<Option<usize>>()?;
    Some(from..from + bare(entry.lengths.get(at)?)?)
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
        let entry = PackEntry { pack, degrees: vec![0, 180, 90], lengths: vec![3, 3, 5] };
        let packs = PacksOfSet { packs: vec![Packed { entry, bare: None }], head: None };
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

    #[tokio::test]
    async fn a_frame_is_put_together_from_a_bare_pack_that_is_in_memory() {
        let head = Head { bytes: b"h\0ad".to_vec(), holes: vec![1] };
        let bytes = Bytes::from_static(b"1one2three");
        let (bare, set) = (Digest::of(&bytes), Digest::of(b"set"));
        let entry = PackEntry { pack: Digest::of(b"whole"), degrees: vec![0, 90], lengths: vec![7, 9] };
        let packs = PacksOfSet { packs: vec![Packed { entry, bare: Some(bare) }], head: Some(head) };
        let objects = Cache::of_bytes("objects", 1 << 20, |object: &Object| object.body.len());
        let key = ObjectKey::Pack(bare);
        objects.replace(key.within(Namespace::Public), Object::of(&key, bytes)).await;
        let frame = |degree, digest| {
            let key = ObjectKey::Frame { set, degree, format: Format::Avif };
            let frame = packs.frame(&objects, &key.within(Namespace::Public), digest)?;
            Some(frame.body)
        };
        let whole = b"h2adthree";
        assert_eq!(frame(90, Digest::of(whole)).as_deref(), Some(&whole[..]));
        assert_eq!(frame(0, Digest::of(whole)), None, "it is another frame than the set has");
    }
}
