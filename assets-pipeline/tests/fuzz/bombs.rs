//! Small files of large claims, and files of large pictures, held against the limits that artists meet.

use crate::random::{Rng, pick};
use crate::{jpeg, png, tiff, webp, zips};

pub(crate) fn file(rng: &mut Rng) -> (&'static str, Vec<u8>) {
    let side = pick(rng, &[1_000_u32, 3_000, 5_000, 8_000, 12_000, 16_384, 20_000, 65_535]);
    let other = pick(rng, &[1_u32, 64, 1_000, 3_000, 6_000, 16_384]);
    let bytes = pick(rng, &[0, 1_000, 1 << 20, 16 << 20, 64 << 20]);
    if rng.bool() {
        return large(rng);
    }
    match rng.u32(0..14) {
        0 => ("r1.png", png::bomb(side, other, pick(rng, &[0, 2, 4, 6]), bytes)),
        1 => {
            let kind = pick(rng, &[*b"iCCP", *b"iCCP", *b"zTXt", *b"iTXt"]);
            ("r1.png", png::metadata_bomb(kind, bytes))
        }
        2 => ("r1.jpg", jpeg::bomb(side as u16, other as u16, 0, bytes.min(1 << 20))),
        3 => ("r1.jpg", jpeg::bomb(side as u16, other as u16, pick(rng, &[1, 10, 99, 200]), 100)),
        4 => ("r1.tif", tiff::bomb(side.into(), other.into(), None, bytes)),
        5 => {
            let tile = pick(rng, &[16, 4_096, 16_384, 65_536, 1 << 24, u64::from(u32::MAX)]);
            ("r1.tif", tiff::bomb(side.min(5_000).into(), other.into(), Some(tile), bytes))
        }
        6 => ("r1.tif", tiff::bomb(16, 16, Some(pick(rng, &[16_384, 65_536, 1 << 20])), bytes)),
        7 => ("r1.webp", webp::bomb(side.min(16_383), other.min(16_383))),
        8 => ("r1.webp", webp::lossy_bomb(side.min(16_383), other.min(16_383))),
        9 => ("r1.tif", tiff::metadata_bomb(bytes.min(16 << 20))),
        10 => ("r1.jpg", jpeg::metadata_bomb(bytes)),
        11 => ("r1.webp", webp::metadata_bomb(bytes)),
        _ => ("ring.zip", zips::bomb(bytes, pick(rng, &[bytes as u32, 10, 8 << 20, 300 << 20, u32::MAX]))),
    }
}

/// Pictures so large that what is allocated for each pixel outweighs everything else.
fn large(rng: &mut Rng) -> (&'static str, Vec<u8>) {
    const SIDE: u32 = 2_500;
    match rng.u32(0..5) {
        0 | 1 => {
            let (colour, depth) = pick(
                rng,
                &[(0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (3, 1), (4, 16), (6, 8), (6, 16)],
            );
            let transparent = matches!(colour, 0 | 2 | 3) && rng.bool();
            ("r1.png", png::large(SIDE, SIDE, colour, depth, rng.bool(), transparent))
        }
        2 => {
            let extra = pick(rng, &[None, Some(0), Some(1), Some(2)]);
            let (bits, compression) = (pick(rng, &[8, 16]), pick(rng, &[1, 5, 8, 32_773]));
            ("r1.tif", tiff::large(SIDE.into(), bits, extra, compression))
        }
        3 => {
            let mut samplings = vec![0x11; pick(rng, &[1, 3, 3])];
            for sampling in &mut samplings {
                *sampling = pick(rng, &[0x11, 0x11, 0x21, 0x12, 0x22, 0x41, 0x14, 0x44]);
            }
            ("r1.jpg", jpeg::large(SIDE as u16, &samplings, pick(rng, &[0, 1, 4])))
        }
        _ => {
            if rng.bool() {
                ("r1.webp", webp::bomb(SIDE, SIDE))
            } else {
                ("r1.webp", webp::lossy_bomb(SIDE, SIDE))
            }
        }
    }
}
