//! WebP files, sound and edited: RIFF chunks of lossy and lossless pictures, alpha, profiles and animations.

use std::sync::LazyLock;

use image::{DynamicImage, ImageFormat};

use crate::random::{Edits, Rng, blob, number, one_in, pick};
use crate::{exif, icc, samples};

#[derive(Clone)]
struct Chunk {
    kind: [u8; 4],
    data: Vec<u8>,
    /// What the length field says where it lies.
    length: Option<u32>,
}

struct File {
    chunks: Vec<Chunk>,
    /// What the size of all is said to be where that is a lie.
    size: Option<u32>,
}

static ENCODED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for (width, height) in [(1, 1), (17, 16), (33, 21)] {
        let picture = samples::picture(width, height);
        let rgb = DynamicImage::from(picture.clone()).into_rgb8();
        files.push(samples::encoded(&rgb.clone().into(), ImageFormat::WebP));
        files.push(samples::webp(width, height));
        for quality in [5.0, 60.0, 100.0] {
            files.push(::webp::Encoder::from_rgba(picture.as_raw(), width, height).encode(quality).to_vec());
            files.push(::webp::Encoder::from_rgb(rgb.as_raw(), width, height).encode(quality).to_vec());
        }
        files.push(::webp::Encoder::from_rgba(picture.as_raw(), width, height).encode_lossless().to_vec());
        // Few colours, which lossless files keep in a palette.
        let few = image::RgbaImage::from_fn(width, height, |x, y| {
            image::Rgba([(x / 4 * 60) as u8, 9, (y % 2) as u8, 255])
        });
        files.push(::webp::Encoder::from_rgba(few.as_raw(), width, height).encode_lossless().to_vec());
    }
    files
});

pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut file = sound(edits.rng());
    edits.up_to(3, |rng| edit(rng, &mut file));
    written(&file)
}

/// A lossless picture of one colour: whatever its size, it takes a few bytes.
pub(crate) fn bomb(width: u32, height: u32) -> Vec<u8> {
    written(&File { chunks: vec![lossless(width, height)], size: None })
}

/// A lossy picture of this size with a plane of alpha that is one colour, and next to no data for either.
pub(crate) fn lossy_bomb(width: u32, height: u32) -> Vec<u8> {
    let mut picture = ENCODED
        .iter()
        .map(|file| read(file))
        .find_map(|chunks| chunks.into_iter().find(|chunk| chunk.kind == *b"VP8 " && chunk.data.len() > 10));
    let sides = [(width as u16).to_le_bytes(), (height as u16).to_le_bytes()].concat();
    if let Some(chunk) = &mut picture {
        chunk.data[6..10].copy_from_slice(&sides);
    }
    // Lossless compression without its header of five bytes.
    let alpha = [&[1], &lossless(width, height).data[5..]].concat();
    let mut chunks = vec![extended(0x10, width, height), chunk(*b"ALPH", alpha)];
    chunks.extend(picture);
    written(&File { chunks, size: None })
}

/// One pixel, and a colour profile of so many bytes.
pub(crate) fn metadata_bomb(bytes: usize) -> Vec<u8> {
    let chunks = vec![extended(0x20, 1, 1), chunk(*b"ICCP", vec![0; bytes]), lossless(1, 1)];
    written(&File { chunks, size: None })
}

fn lossless(width: u32, height: u32) -> Chunk {
    let sides = (width - 1) | (height - 1) << 14;
    // No transform, no cache, no meta codes; five codes of one symbol, which take no bits at all.
    let codes = 0b000_1000_1000_1000_1000_1000_u32;
    chunk(*b"VP8L", [&[0x2f][..], &sides.to_le_bytes(), &codes.to_le_bytes()].concat())
}

fn chunk(kind: [u8; 4], data: Vec<u8>) -> Chunk {
    Chunk { kind, data, length: None }
}

fn extended(flags: u8, width: u32, height: u32) -> Chunk {
    let side = |side: u32| side.wrapping_sub(1).to_le_bytes();
    chunk(*b"VP8X", [&[flags, 0, 0, 0][..], &side(width)[..3], &side(height)[..3]].concat())
}

fn sound(rng: &mut Rng) -> File {
    let mut chunks = read(&ENCODED[rng.usize(0..ENCODED.len())]);
    if rng.bool() {
        let (width, height) = size(&chunks);
        chunks.retain(|chunk| chunk.kind != *b"VP8X");
        chunks.insert(0, extended(rng.u8(..) & 0x3c, width, height));
        for _ in 0..rng.u32(0..3) {
            let at = rng.usize(1..=chunks.len());
            chunks.insert(at, metadata(rng));
        }
    }
    File { chunks, size: None }
}

/// What the picture's own header says.
fn size(chunks: &[Chunk]) -> (u32, u32) {
    let field =
        |data: &[u8], at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
    for Chunk { kind, data, .. } in chunks {
        match kind {
            b"VP8L" => {
                let bits = field(data, 1);
                return ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
            }
            b"VP8 " => {
                let sides = field(data, 6);
                return (sides & 0x3fff, sides >> 16 & 0x3fff);
            }
            _ => {}
        }
    }
    (1, 1)
}

fn metadata(rng: &mut Rng) -> Chunk {
    match rng.u32(0..9) {
        0..=2 => chunk(*b"ICCP", icc::profile(rng)),
        3 | 4 => {
            let prefix = if rng.bool() { &b"Exif\0\0"[..] } else { b"" };
            chunk(*b"EXIF", [prefix, &exif::block(rng)].concat())
        }
        5 => chunk(*b"ALPH", [vec![rng.u8(0..64)], blob(rng, 0..=800)].concat()),
        6 => chunk(*b"ANIM", blob(rng, 6..=6)),
        7 => {
            let mut frame = blob(rng, 16..=16);
            frame.extend(written_chunks(&read(&ENCODED[rng.usize(0..ENCODED.len())])));
            chunk(*b"ANMF", frame)
        }
        _ => chunk(pick(rng, &[*b"XMP ", *b"XXXX", *b"VP8 ", *b"VP8L", *b"VP8X"]), blob(rng, 0..=40)),
    }
}

fn edit(rng: &mut Rng, file: &mut File) {
    let chunks = &mut file.chunks;
    let at = rng.usize(0..chunks.len().max(1));
    let Some(chosen) = chunks.get_mut(at) else { return chunks.push(metadata(rng)) };
    match rng.u32(0..16) {
        0 => drop(chunks.remove(at)),
        1 => {
            let again = chosen.clone();
            let to = rng.usize(0..=chunks.len());
            chunks.insert(to, again);
        }
        2 => {
            let other = rng.usize(0..chunks.len());
            chunks.swap(at, other);
        }
        3 => chunks.insert(at, metadata(rng)),
        4 => file.size = Some(number(rng) as u32),
        5 => chosen.length = Some(number(rng) as u32),
        6 => {
            let (flags, width, height) = (rng.u8(..), rng.u32(0..80), rng.u32(0..80));
            chunks.insert(0, extended(flags, width, height));
        }
        7 => {
            let length = rng.usize(0..=chosen.data.len());
            chosen.data.truncate(length);
        }
        8 => {
            let other = read(&ENCODED[rng.usize(0..ENCODED.len())]);
            let to = rng.usize(0..=chunks.len());
            chunks.splice(to..to, other);
        }
        // The first bytes have the size, the partitions, the transforms and the codes.
        9..=12 => scribble(rng, &mut chosen.data, 40),
        13 if one_in(rng, 2) => {
            if let Some(sides) = chosen.data.get_mut(6..10) {
                sides.copy_from_slice(&(number(rng) as u32).to_le_bytes());
            }
        }
        _ => scribble(rng, &mut chosen.data, usize::MAX),
    }
}

fn scribble(rng: &mut Rng, data: &mut [u8], within: usize) {
    for _ in 0..rng.u32(1..6) {
        let at = rng.usize(0..data.len().clamp(1, within));
        if let Some(byte) = data.get_mut(at) {
            *byte = if rng.bool() { *byte ^ 1 << rng.u32(0..8) } else { rng.u8(..) };
        }
    }
}

/// The chunks of a whole WebP.
fn read(webp: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut at = 12;
    while let Some(head) = webp.get(at..at + 8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        chunks.push(chunk([head[0], head[1], head[2], head[3]], webp[at + 8..at + 8 + length].to_vec()));
        at += 8 + length + length % 2;
    }
    chunks
}

fn written_chunks(chunks: &[Chunk]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks {
        bytes.extend(chunk.kind);
        bytes.extend(chunk.length.unwrap_or(chunk.data.len() as u32).to_le_bytes());
        bytes.extend(&chunk.data);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    bytes
}

fn written(file: &File) -> Vec<u8> {
    let chunks = written_chunks(&file.chunks);
    let size = file.size.unwrap_or(chunks.len() as u32 + 4);
    [b"RIFF", &size.to_le_bytes()[..], b"WEBP", &chunks].concat()
}
