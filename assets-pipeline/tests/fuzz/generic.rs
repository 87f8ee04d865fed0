//! Damage that knows nothing of formats.

use crate::random::{Rng, blob, number, one_in, pick};

const MAGIC: [&[u8]; 20] = [
    b"\x89PNG\r\n\x1a\n",
    b"IHDR",
    b"IDAT",
    b"IEND",
    b"PLTE",
    b"\xff\xd8\xff",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\xc4",
    b"\xff\xdd\x00\x04\x00\x01",
    b"II\x2a\0\x08\0\0\0",
    b"MM\0\x2b\0\x08\0\0",
    b"RIFF",
    b"WEBPVP8 ",
    b"VP8X\x0a\0\0\0",
    b"\x9d\x01\x2a",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"acsp",
];

/// One piece of damage. `other` is a sound file to take a piece of.
pub(crate) fn damage(rng: &mut Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = place(rng, bytes.len());
    match rng.u32(0..10) {
        0 => bytes.truncate(at),
        1 => bytes.extend(blob(rng, 0..=64)),
        2 | 3 => flip(rng, bytes, at),
        4 => overwrite(bytes, at, pick(rng, &MAGIC)),
        5 => {
            let value = number(rng);
            let width = pick(rng, &[1, 2, 4, 8]);
            let little = value.to_le_bytes();
            let mut field = little[..width].to_vec();
            if rng.bool() {
                field.reverse();
            }
            overwrite(bytes, at, &field);
        }
        6 => {
            let end = (at + rng.usize(0..32)).min(bytes.len());
            bytes.drain(at..end);
        }
        7 => {
            let end = (at + rng.usize(0..64)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = place(rng, bytes.len());
            bytes.splice(to..to, piece);
        }
        8 => {
            let from = place(rng, other.len());
            let end = if one_in(rng, 3) { other.len() } else { (from + rng.usize(0..128)).min(other.len()) };
            bytes.truncate(if one_in(rng, 3) { at } else { bytes.len() });
            let at = at.min(bytes.len());
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        _ => {
            let noise = blob(rng, 1..=24);
            overwrite(bytes, at, &noise);
        }
    }
}

/// Half of the time near the beginning, where lengths and kinds stand.
fn place(rng: &mut Rng, length: usize) -> usize {
    if rng.bool() { rng.usize(0..=length.min(160)) } else { rng.usize(0..=length) }
}

fn flip(rng: &mut Rng, bytes: &mut [u8], at: usize) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = if rng.bool() { *byte ^ 1 << rng.u32(0..8) } else { rng.u8(..) };
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, with) in bytes.iter_mut().skip(at).zip(with) {
        *byte = *with;
    }
}
