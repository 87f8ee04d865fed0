//! Sets and packs: how encoded frames are named and laid out for delivery.

use std::fmt::Write as _;

use crate::digest::Digest;

/// Names a set of encoded frames: over its list of (degree, frame digest), by degree.
pub fn set_digest(frames: &[(u16, Digest)]) -> Digest {
    let mut sorted = frames.to_vec();
    sorted.sort_unstable_by_key(|(degree, _)| *degree);
    let mut list = String::with_capacity(sorted.len() * 37);
    for (degree, digest) in sorted {
        // Writing to a string cannot fail.
        let _ = writeln!(list, "{degree:03} {digest}");
    }
    Digest::of(list.as_bytes())
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
    fn a_set_is_named_alike_in_whatever_order_its_frames_are_listed() {
        let (a, b) = ((0, Digest::of(b"a")), (90, Digest::of(b"b")));
        assert_eq!(set_digest(&[a, b]), set_digest(&[b, a]));
        assert_ne!(set_digest(&[a, b]), set_digest(&[(0, b.1), (90, a.1)]));
    }

    #[test]
    fn a_pack_is_cut_again_by_its_lengths() {
        let pack = build_pack([(180, b"xyz".as_slice()), (0, b"q")]);
        assert_eq!((pack.degrees, pack.lengths, pack.bytes), (vec![180, 0], vec![3, 1], b"xyzq".to_vec()));
    }
}
