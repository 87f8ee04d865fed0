//! EXIF blocks.

use crate::random::{Rng, blob, number, one_in, pick};

// Where the directories of the colour space and of the index lie.
const SPACE_AT: u16 = 8 + 2 + 3 * 12 + 4;
const INDEX_AT: u16 = SPACE_AT + 2 + 2 * 12 + 4;

/// A block with an orientation and a colour space in it, or something like it.
pub(crate) fn block(rng: &mut Rng) -> Vec<u8> {
    let little = rng.bool();
    let word = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let long = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
    let mut bytes = if little { b"II\x2a\0".to_vec() } else { b"MM\0\x2a".to_vec() };
    let offset = if one_in(rng, 8) { number(rng) as u32 } else { 8 };
    bytes.extend(long(offset));
    // Of the directory, of the one with the colour space and of the one with the index below that: tag, type and value.
    let space = pick(rng, &[1, 2, 0xffff]);
    let directories: [&[(u16, u16, u16)]; 3] = [
        &[(0x010f, 3, 0), (0x0112, 3, rng.u16(0..10)), (0x8769, 4, SPACE_AT)],
        &[(0xa001, 3, space), (0xa005, 4, INDEX_AT)],
        &[(1, 2, 0)],
    ];
    for entries in directories {
        bytes.extend(word(if one_in(rng, 8) { number(rng) as u16 } else { entries.len() as u16 }));
        for &(tag, kind, value) in entries {
            bytes.extend(word(if one_in(rng, 16) { 0x8769 } else { tag }));
            bytes.extend(word(if one_in(rng, 16) { rng.u16(0..20) } else { kind }));
            let count = if kind == 2 { 4 } else { 1 };
            bytes.extend(long(if one_in(rng, 16) { number(rng) as u32 } else { count }));
            let value = if one_in(rng, 16) { number(rng) as u16 } else { value };
            match kind {
                2 => bytes.extend([b'R', b'0', b'3', 0]),
                4 => bytes.extend(long(value.into())),
                _ => bytes.extend([word(value), [0, 0]].concat()),
            }
        }
        bytes.extend([0; 4]);
    }
    if one_in(rng, 6) {
        bytes.truncate(rng.usize(0..=bytes.len()));
    }
    if one_in(rng, 12) {
        return blob(rng, 0..=60);
    }
    bytes
}
