//! Sets and packs: how encoded frames are named and laid out for delivery.

pub mod bare;
pub mod quality;
pub mod renditions;

use std::{collections::BTreeMap, fmt::Write as _};

use crate::{digest::Digest, plan::tiers::Format};

/// What a set holds: a line a frame, by degree, with the frame's file name and digest. The digest of
/// the list names the set, so that a reader of the list detects a damaged frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetList {
    text: String,
}

impl SetList {
    /// Lists frames of one format by degree.
    pub fn new(format: Format, frames: &BTreeMap<u16, Digest>) -> Self {
        let mut text = String::with_capacity(frames.len() * 42);
        for (degree, digest) in frames {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{degree:03}.{format} {digest}");
        }
        Self { text }
    }

    /// Reads a list back, if it is the one that the set is named after.
    pub fn read(set: Digest, bytes: Vec<u8>) -> Option<Self> {
        let list = Self { text: String::from_utf8(bytes).ok()? };
        (list.digest() == set).then_some(list)
    }

    /// Names the set.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// The list as it is stored.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The digest of one frame's file.
    pub fn frame(&self, degree: u16, format: Format) -> Option<Digest> {
        let name = format!("{degree:03}.{format} ");
        self.text.lines().find_map(|line| line.strip_prefix(&name)).and_then(|digest| digest.parse().ok())
    }
}

/// Frames back to back in load order, in one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// The name of the object, over its bytes.
    pub digest: Digest,
    /// The degree of each frame, in load order.
    pub degrees: Vec<u16>,
    /// The length of each frame in bytes, in the same order.
    pub lengths: Vec<u32>,
    /// The object itself.
    pub bytes: Vec<u8>,
}

/// Lays frames out back to back, in the order given.
pub fn build_pack<'a>(frames: impl IntoIterator<Item = (u16, &'a [u8])>) -> Pack {
    let (mut degrees, mut lengths, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for (degree, frame) in frames {
        degrees.push(degree);
        lengths.push(frame.len() as u32);
        bytes.extend_from_slice(frame);
    }
    Pack { digest: Digest::of(&bytes), degrees, lengths, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_tells_its_frames_and_whether_it_is_whole() {
        let frames = BTreeMap::from([(90, Digest::of(b"b")), (0, Digest::of(b"a"))]);
        let list = SetList::new(Format::Avif, &frames);
        assert_eq!(list.frame(90, Format::Avif), Some(Digest::of(b"b")));
        assert_eq!(list.frame(90, Format::Webp), None);
        assert_eq!(list.frame(9, Format::Avif), None);
        assert_eq!(SetList::read(list.digest(), list.as_bytes().to_vec()), Some(list.clone()));
        assert_eq!(SetList::read(list.digest(), b"000.avif".to_vec()), None);
    }

    #[test]
    fn sets_of_other_frames_or_formats_have_other_names() {
        let frames = |a: &[u8], b: &[u8]| BTreeMap::from([(0, Digest::of(a)), (90, Digest::of(b))]);
        let avif = SetList::new(Format::Avif, &frames(b"a", b"b"));
        assert_ne!(avif.digest(), SetList::new(Format::Avif, &frames(b"b", b"a")).digest());
        assert_ne!(avif.digest(), SetList::new(Format::Webp, &frames(b"a", b"b")).digest());
    }

    #[test]
    fn a_pack_is_cut_again_by_its_lengths() {
        let pack = build_pack([(180, b"xyz".as_slice()), (0, b"q")]);
        assert_eq!((pack.degrees, pack.lengths, pack.bytes), (vec![180, 0], vec![3, 1], b"xyzq".to_vec()));
    }
}
