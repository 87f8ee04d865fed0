//! EXIF blocks.

use crate::random::{Rng, blob, number, one_in};

/// A block with an orientation in it, or something like it.
pub(crate) fn block(rng: &mut Rng) -> Vec<u8> {
    let little = rng.bool();
    let word = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let long = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let mut bytes = if little { b"II\x2a\0".to_vec() } else { b"MM\0\x2a".to_vec() };
    let offset = if one_in(rng, 8) { number(rng) as u32 } else { 8 };
    bytes.extend(long(offset));
    bytes.extend(word(if one_in(rng, 8) { number(rng) as u16 } else { 2 }));
    for tag in [0x010f, 0x0112] {
        bytes.extend(word(if one_in(rng, 8) { 0x0112 } else { tag }));
        bytes.extend(word(if one_in(rng, 8) { rng.u16(0..20) } else { 3 }));
        bytes.extend(long(if one_in(rng, 8) { number(rng) as u32 } else { 1 }));
        bytes.extend(word(rng.u16(0..10)));
        bytes.extend([0, 0]);
    }
    bytes.extend([0; 4]);
    if one_in(rng, 6) {
        bytes.truncate(rng.usize(0..=bytes.len()));
    }
    if one_in(rng, 12) {
        return blob(rng, 0..=60);
    }
    bytes
}
