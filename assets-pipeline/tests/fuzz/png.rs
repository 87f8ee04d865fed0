//! PNG files, sound and edited, with checksums that hold for most of what is edited.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::random::{Edits, Rng, blob, number, one_in, pick};
use crate::{exif, icc};

struct Chunk {
    kind: [u8; 4],
    data: Vec<u8>,
    /// What the length field says where it lies.
    length: Option<u32>,
    sound: bool,
}

struct Picture {
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    interlaced: bool,
}

pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut chunks = sound(edits.rng());
    edits.up_to(3, |rng| edit(rng, &mut chunks));
    written(&chunks)
}

/// A header of this size, and pixels that inflate to `bytes` zeros.
pub(crate) fn bomb(width: u32, height: u32, colour: u8, bytes: usize) -> Vec<u8> {
    let picture = Picture { width, height, depth: 8, colour, interlaced: false };
    written(&[header(&picture), chunk(*b"IDAT", zlib(&vec![0; bytes])), chunk(*b"IEND", vec![])])
}

/// A whole picture of nothing.
pub(crate) fn large(
    width: u32,
    height: u32,
    colour: u8,
    depth: u8,
    interlaced: bool,
    transparent: bool,
) -> Vec<u8> {
    let picture = Picture { width, height, depth, colour, interlaced };
    let rows = vec![0; passes(&picture).map(|(bytes, rows)| (bytes + 1) * rows).sum()];
    let mut chunks = vec![header(&picture), chunk(*b"PLTE", vec![7; 3 << depth.min(8)])];
    if transparent {
        chunks.push(chunk(*b"tRNS", vec![0; if colour == 2 { 6 } else { 2 }]));
    }
    chunks.extend([chunk(*b"IDAT", zlib(&rows)), chunk(*b"IEND", vec![])]);
    written(&chunks)
}

/// One pixel, and a colour profile or text that inflates to `bytes`.
pub(crate) fn metadata_bomb(kind: [u8; 4], bytes: usize) -> Vec<u8> {
    let picture = Picture { width: 1, height: 1, depth: 8, colour: 2, interlaced: false };
    let data = match &kind {
        b"iTXt" => [&b"XML:com.adobe.xmp\0\x01\0\0\0"[..], &zlib(&vec![b' '; bytes])].concat(),
        _ => [&b"name\0\0"[..], &zlib(&vec![0; bytes])].concat(),
    };
    written(&[header(&picture), chunk(kind, data), chunk(*b"IDAT", zlib(&[0; 4])), chunk(*b"IEND", vec![])])
}

fn chunk(kind: [u8; 4], data: Vec<u8>) -> Chunk {
    Chunk { kind, data, length: None, sound: true }
}

fn header(picture: &Picture) -> Chunk {
    let mut data = picture.width.to_be_bytes().to_vec();
    data.extend(picture.height.to_be_bytes());
    data.extend([picture.depth, picture.colour, 0, 0, u8::from(picture.interlaced)]);
    chunk(*b"IHDR", data)
}

fn sound(rng: &mut Rng) -> Vec<Chunk> {
    let colour = pick(rng, &[0, 2, 3, 4, 6, 6]);
    let depth = match colour {
        0 => pick(rng, &[1, 2, 4, 8, 16]),
        3 => pick(rng, &[1, 2, 4, 8]),
        _ => pick(rng, &[8, 16]),
    };
    let picture = Picture {
        width: rng.u32(1..=40),
        height: rng.u32(1..=30),
        depth,
        colour,
        interlaced: one_in(rng, 4),
    };
    let mut chunks = vec![header(&picture)];
    for _ in 0..rng.u32(0..3) {
        chunks.push(ancillary(rng));
    }
    if colour == 3 || one_in(rng, 16) {
        let entries = if one_in(rng, 4) { rng.usize(1..=256) } else { 1 << depth.min(8) };
        chunks.push(chunk(*b"PLTE", blob(rng, entries * 3..=entries * 3)));
    }
    if one_in(rng, 4) {
        let bytes = pick(rng, &[1, 2, 4, 6, 256]);
        chunks.push(chunk(*b"tRNS", blob(rng, bytes..=bytes)));
    }
    let rows = rows(rng, &picture);
    let packed = zlib(&rows);
    let pieces = rng.usize(1..=3);
    let piece = packed.len().div_ceil(pieces);
    chunks.extend(packed.chunks(piece).map(|piece| chunk(*b"IDAT", piece.to_vec())));
    if one_in(rng, 6) {
        chunks.push(ancillary(rng));
    }
    chunks.push(chunk(*b"IEND", vec![]));
    chunks
}

/// The bytes of a row, without its filter's, and the rows of each pass.
fn passes(picture: &Picture) -> impl Iterator<Item = (usize, usize)> {
    // x and y of the first pixel, and the steps to the next, of each of Adam7's passes.
    const PASSES: [[u32; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let channels = match picture.colour {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let passes: &[[u32; 4]] = if picture.interlaced { &PASSES } else { &[[0, 0, 1, 1]] };
    passes.iter().map(move |&[x, y, right, down]| {
        let width = picture.width.saturating_sub(x).div_ceil(right);
        let height = picture.height.saturating_sub(y).div_ceil(down);
        let bytes = (width as usize * channels * usize::from(picture.depth)).div_ceil(8);
        (bytes, if width == 0 { 0 } else { height as usize })
    })
}

/// The rows of all passes, each behind its filter's byte.
fn rows(rng: &mut Rng, picture: &Picture) -> Vec<u8> {
    let mut rows = Vec::new();
    for (bytes, count) in passes(picture) {
        for _ in 0..count {
            rows.push(rng.u8(0..5));
            rows.extend(blob(rng, bytes..=bytes));
        }
    }
    rows
}

fn ancillary(rng: &mut Rng) -> Chunk {
    let profile = |rng: &mut Rng| {
        let icc = icc::profile(rng);
        [&b"profile\0\0"[..], &zlib(&icc)].concat()
    };
    let (kind, data) = match rng.u32(0..18) {
        0..=3 => (*b"iCCP", profile(rng)),
        4 | 5 => (*b"eXIf", exif::block(rng)),
        6 | 7 => {
            let data = vec![rng.u8(0..20), rng.u8(0..20), u8::from(one_in(rng, 8)), 1];
            (*b"cICP", data)
        }
        8 => (*b"gAMA", (number(rng) as u32).to_be_bytes().to_vec()),
        9 => (*b"cHRM", blob(rng, 32..=32)),
        10 => (*b"sRGB", vec![rng.u8(0..6)]),
        11 => (*b"acTL", blob(rng, 8..=8)),
        12 => (*b"fcTL", blob(rng, 26..=26)),
        13 => (*b"tEXt", [b"Comment\0", &blob(rng, 0..=40)[..]].concat()),
        14 => (*b"zTXt", [b"Comment\0\0", &zlib(&blob(rng, 0..=400))[..]].concat()),
        15 => (*b"iTXt", [b"Comment\0\x01\0en\0\0", &zlib(&blob(rng, 0..=400))[..]].concat()),
        16 => (*b"bKGD", blob(rng, 1..=6)),
        _ => {
            let kind = pick(rng, &[b"pHYs", b"sBIT", b"hIST", b"tIME", b"mDCV", b"cLLI", b"sPLT", b"fdAT"]);
            (*kind, blob(rng, 0..=40))
        }
    };
    chunk(kind, data)
}

fn edit(rng: &mut Rng, chunks: &mut Vec<Chunk>) {
    let at = rng.usize(0..chunks.len().max(1));
    let Some(chosen) = chunks.get_mut(at) else { return chunks.push(ancillary(rng)) };
    match rng.u32(0..16) {
        0 => drop(chunks.remove(at)),
        1 => {
            let again = Chunk { data: chosen.data.clone(), ..*chosen };
            let to = rng.usize(0..=chunks.len());
            chunks.insert(to, again);
        }
        2 => {
            let other = rng.usize(0..chunks.len());
            chunks.swap(at, other);
        }
        3 | 4 => {
            let to = rng.usize(1..=chunks.len());
            chunks.insert(to, ancillary(rng));
        }
        5 => header_field(rng, chunks),
        6 => inflated(rng, chunks, |rng, rows| {
            let length = rng.usize(0..=rows.len() * 2);
            rows.resize(length, rng.u8(..));
        }),
        7 => inflated(rng, chunks, |rng, rows| {
            for _ in 0..rng.u32(1..20) {
                let at = rng.usize(0..rows.len().max(1));
                if let Some(byte) = rows.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }),
        8 => {
            let length = rng.usize(0..=chosen.data.len() + 8);
            chosen.data.resize(length, 0);
        }
        9 => chosen.length = Some(number(rng) as u32),
        10 => chosen.sound = false,
        11 => {
            let letter = rng.usize(0..4);
            chosen.kind[letter] ^= pick(rng, &[0x20, 1, 0x80]);
        }
        12 => {
            let idat = chunks.iter_mut().find(|chunk| chunk.kind == *b"IDAT");
            if let Some(chunk) = idat {
                scribble(rng, &mut chunk.data);
            }
        }
        _ => scribble(rng, &mut chosen.data),
    }
}

fn scribble(rng: &mut Rng, data: &mut [u8]) {
    for _ in 0..rng.u32(1..6) {
        let at = rng.usize(0..data.len().max(1));
        if let Some(byte) = data.get_mut(at) {
            *byte = rng.u8(..);
        }
    }
}

fn header_field(rng: &mut Rng, chunks: &mut [Chunk]) {
    let Some(header) = chunks.iter_mut().find(|chunk| chunk.kind == *b"IHDR" && chunk.data.len() >= 13)
    else {
        return;
    };
    match rng.u32(0..4) {
        0 => {
            let side = if rng.bool() { number(rng) as u32 } else { rng.u32(0..100) };
            let at = pick(rng, &[0, 4]);
            header.data[at..at + 4].copy_from_slice(&side.to_be_bytes());
        }
        1 => header.data[8] = pick(rng, &[0, 1, 2, 3, 4, 8, 16, 32]),
        2 => header.data[9] = rng.u8(0..8),
        _ => header.data[rng.usize(10..13)] = rng.u8(0..3),
    }
}

/// Edits the rows behind the compression, all in one IDAT afterwards.
fn inflated(rng: &mut Rng, chunks: &mut Vec<Chunk>, edit: impl Fn(&mut Rng, &mut Vec<u8>)) {
    use std::io::Read as _;
    let Some(first) = chunks.iter().position(|chunk| chunk.kind == *b"IDAT") else { return };
    let packed: Vec<u8> =
        chunks.iter().filter(|chunk| chunk.kind == *b"IDAT").flat_map(|chunk| chunk.data.clone()).collect();
    let mut rows = Vec::new();
    // What was scribbled on before gives what rows it gives.
    let _ = flate2::read::ZlibDecoder::new(packed.as_slice()).take(1 << 20).read_to_end(&mut rows);
    edit(rng, &mut rows);
    chunks[first].data = zlib(&rows);
    let mut at = 0;
    chunks.retain(|chunk| {
        at += 1;
        at - 1 <= first || chunk.kind != *b"IDAT"
    });
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn written(chunks: &[Chunk]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for chunk in chunks {
        bytes.extend(chunk.length.unwrap_or(chunk.data.len() as u32).to_be_bytes());
        let covered = [&chunk.kind[..], &chunk.data].concat();
        bytes.extend(&covered);
        bytes.extend((crc32fast::hash(&covered) ^ u32::from(!chunk.sound)).to_be_bytes());
    }
    bytes
}

/// Gives the chunks of a damaged PNG their right checksums again, as far as there are chunks.
pub(crate) fn set_right_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(&[a, b, c, d]) = png.get(at..at + 4).and_then(|length| length.first_chunk()) {
        let end = at + 8 + u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(checksum) = png.get(at + 4..end).map(crc32fast::hash) else { return };
        let Some(field) = png.get_mut(end..end + 4) else { return };
        field.copy_from_slice(&checksum.to_be_bytes());
        at = end + 4;
    }
}
