//! JPEG files, sound and edited: lists of segments, and compressed data behind each scan's header.
//!
//! What no encoder at hand writes (progressive scans, restart intervals, every sampling) is put together
//! here, with Huffman tables under which zeros are a flat picture and anything else is at least some picture.

use std::sync::LazyLock;

use image::{DynamicImage, ImageFormat};

use crate::random::{Edits, Rng, blob, number, one_in, pick};
use crate::{exif, icc, samples};

struct Segment {
    marker: u8,
    content: Vec<u8>,
    /// What stands between this segment and the next: compressed data after a scan's header.
    after: Vec<u8>,
    /// What the length field says where it lies.
    length: Option<u16>,
}

static ENCODED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = DynamicImage::from(samples::picture(33, 21));
    vec![
        samples::encoded(&picture.to_rgb8().into(), ImageFormat::Jpeg),
        samples::encoded(&picture.to_luma8().into(), ImageFormat::Jpeg),
        samples::jpeg(8, 8),
        samples::jpeg(1, 1),
    ]
});

pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut segments = if one_in(edits.rng(), 3) {
        let encoded = edits.rng().usize(0..ENCODED.len());
        read(&ENCODED[encoded])
    } else {
        built(edits.rng())
    };
    edits.up_to(3, |rng| edit(rng, &mut segments));
    written(&segments)
}

/// A flat picture of this size, progressive with so many scans over all of it, or baseline.
pub(crate) fn bomb(width: u16, height: u16, scans: usize, scan_bytes: usize) -> Vec<u8> {
    flat(width, height, &[0x11; 3], scans, |_component| scan_bytes)
}

/// A whole flat picture of one component or three, which are sampled so.
pub(crate) fn large(side: u16, samplings: &[u8], scans: usize) -> Vec<u8> {
    let side_of = |sampling: u8| (usize::from(sampling >> 4), usize::from(sampling & 15));
    let across = samplings.iter().map(|&sampling| side_of(sampling).0).max().unwrap_or(1);
    let down = samplings.iter().map(|&sampling| side_of(sampling).1).max().unwrap_or(1);
    let side_pixels = usize::from(side);
    // Each block's coefficients take one bit, or two where a scan has the first of them and the others.
    let bits_a_block = if scans == 0 { 2 } else { 1 };
    let blocks_of = |sampling| side_of(sampling).0 * side_of(sampling).1;
    let blocks_a_unit: usize = samplings.iter().map(|&sampling| blocks_of(sampling)).sum();
    flat(side, side, samplings, scans, |component| {
        let blocks = if let Some(component) = component {
            let (h, v) = side_of(samplings[component]);
            (side_pixels * h).div_ceil(across * 8) * (side_pixels * v).div_ceil(down * 8)
        } else {
            side_pixels.div_ceil(across * 8) * side_pixels.div_ceil(down * 8) * blocks_a_unit
        };
        (blocks * bits_a_block).div_ceil(8)
    })
}

/// `scan_bytes` are those of the scan of one component, or of all.
fn flat(
    width: u16,
    height: u16,
    samplings: &[u8],
    scans: usize,
    scan_bytes: impl Fn(Option<usize>) -> usize,
) -> Vec<u8> {
    let progressive = scans > 0;
    let components = samplings.len() as u8;
    let mut frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[components]].concat();
    frame.extend((1..=components).zip(samplings).flat_map(|(id, &sampling)| [id, sampling, 0]));
    let mut segments = vec![quantisation(0), segment(if progressive { 0xc2 } else { 0xc0 }, frame)];
    segments.extend([huffman(0x00, &FLAT), huffman(0x10, &FLAT)]);
    let first = if progressive { vec![0, 0, 0] } else { vec![0, 63, 0] };
    let all: Vec<u8> = (1..=components).flat_map(|id| [id, 0]).collect();
    let mut header = segment(0xda, [&[components][..], &all, &first].concat());
    header.after = vec![0; scan_bytes(None)];
    segments.push(header);
    for i in 1..scans {
        let component = i % samplings.len();
        let mut header = segment(0xda, vec![1, component as u8 + 1, 0, 1, 63, 0]);
        header.after = vec![0; scan_bytes(Some(component))];
        segments.push(header);
    }
    segments.push(segment(0xd9, vec![]));
    written(&segments)
}

/// One pixel, and a colour profile in as many segments as there may be.
pub(crate) fn metadata_bomb(bytes: usize) -> Vec<u8> {
    let mut segments = read(&ENCODED[3]);
    let parts = bytes.div_ceil(60_000).clamp(1, 255) as u8;
    for part in 1..=parts {
        let content = [&b"ICC_PROFILE\0"[..], &[part, parts], &vec![0; 60_000]].concat();
        segments.insert(0, segment(0xe2, content));
    }
    written(&segments)
}

/// Codes of one bit for 0 (the end of a block) and of two for 1; all others are longer.
const FLAT: [(u8, u8); 2] = [(1, 0x00), (2, 0x01)];
const VARIED: [(u8, u8); 8] =
    [(1, 0x00), (2, 0x01), (4, 0x11), (4, 0x02), (5, 0xf0), (6, 0x10), (7, 0x23), (8, 0x05)];

fn segment(marker: u8, content: Vec<u8>) -> Segment {
    Segment { marker, content, after: Vec::new(), length: None }
}

fn huffman(class_and_id: u8, codes: &[(u8, u8)]) -> Segment {
    let mut content = vec![class_and_id];
    content.extend((1..=16).map(|bits| codes.iter().filter(|code| code.0 == bits).count() as u8));
    content.extend(codes.iter().map(|code| code.1));
    segment(0xc4, content)
}

fn quantisation(id: u8) -> Segment {
    let mut content = vec![id];
    content.extend((0..64).map(|i| 8 + i));
    segment(0xdb, content)
}

fn built(rng: &mut Rng) -> Vec<Segment> {
    let mut segments = Vec::new();
    if one_in(rng, 3) {
        segments.push(metadata(rng));
    }
    let progressive = rng.bool();
    let components = pick(rng, &[1, 3, 3, 3]);
    let sampling =
        |rng: &mut Rng| pick(rng, &[0x11, 0x11, 0x21, 0x12, 0x22, 0x41, 0x14, 0x44, 0x31, 0x13, 0x42]);
    let mut frame = vec![8];
    frame.extend(rng.u16(1..=48).to_be_bytes());
    frame.extend(rng.u16(1..=48).to_be_bytes());
    frame.push(components);
    for id in 1..=components {
        let first = sampling(rng);
        frame.extend([id, if id == 1 || one_in(rng, 4) { first } else { 0x11 }, rng.u8(0..2)]);
    }
    segments.extend([quantisation(0), quantisation(1)]);
    let kinds: &[u8] = if progressive { &[0xc2, 0xc2, 0xca] } else { &[0xc0, 0xc0, 0xc1, 0xc9] };
    let lines_behind = one_in(rng, 8).then(|| [frame[1], frame[2]]);
    if lines_behind.is_some() {
        frame[1..3].fill(0);
    }
    segments.push(segment(pick(rng, kinds), frame));
    let codes = if rng.bool() { &FLAT[..] } else { &VARIED };
    segments.extend([0x00, 0x01, 0x10, 0x11].map(|table| huffman(table, codes)));
    if one_in(rng, 4) {
        segments.push(segment(0xdd, rng.u16(0..6).to_be_bytes().to_vec()));
    }
    let all: Vec<u8> = (1..=components).flat_map(|id| [id, (id - 1).min(1) * 0x11]).collect();
    if progressive {
        let bits = pick(rng, &[0, 1]);
        segments.push(scan(rng, components, &all, [0, 0, bits]));
        for _ in 0..rng.u32(0..6) {
            let id = rng.u8(1..=components);
            let from = pick(rng, &[1, 1, 6, 63]);
            let to = pick(rng, &[63, 63, 5, 1]);
            let bits = pick(rng, &[0x00, 0x02, 0x21, 0x10]);
            let tables = 0x11 * rng.u8(0..2);
            segments.push(scan(rng, 1, &[id, tables], [from, to, bits]));
        }
        if rng.bool() {
            segments.push(scan(rng, components, &all, [0, 0, 0x10]));
        }
    } else if one_in(rng, 4) {
        for id in 1..=components {
            segments.push(scan(rng, 1, &[id, 0], [0, 63, 0]));
        }
    } else {
        segments.push(scan(rng, components, &all, [0, 63, 0]));
    }
    if let Some(lines) = lines_behind {
        let first_scan = segments.iter().position(|segment| segment.marker == 0xda).map_or(0, |at| at + 1);
        segments.insert(first_scan, segment(0xdc, lines.to_vec()));
    }
    segments.push(segment(0xd9, vec![]));
    segments
}

fn scan(rng: &mut Rng, components: u8, which: &[u8], last: [u8; 3]) -> Segment {
    let mut scan = segment(0xda, [&[components], which, &last].concat());
    scan.after = compressed(rng);
    scan
}

/// Zeros, noise, or mostly zeros; with a restart marker here and there.
fn compressed(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for byte in blob(rng, 0..=200) {
        match byte {
            0xff => bytes.extend([0xff, 0x00]),
            _ => bytes.push(byte),
        }
        if one_in(rng, 64) {
            bytes.extend([0xff, rng.u8(0xd0..0xd8)]);
        }
    }
    bytes
}

fn metadata(rng: &mut Rng) -> Segment {
    match rng.u32(0..6) {
        0 | 1 => {
            let profile = icc::profile(rng);
            let parts = rng.usize(1..=3);
            let part = profile.len().div_ceil(parts).clamp(1, 60_000);
            let piece = profile.chunks(part).next().unwrap_or_default();
            let (number, of) = if one_in(rng, 4) { (rng.u8(..), rng.u8(..)) } else { (1, 1) };
            let data = if number == 1 && of == 1 { &profile[..profile.len().min(60_000)] } else { piece };
            segment(0xe2, [&b"ICC_PROFILE\0"[..], &[number, of], data].concat())
        }
        2 | 3 => segment(0xe1, [b"Exif\0\0", &exif::block(rng)[..]].concat()),
        4 => segment(0xee, [b"Adobe\0\x64\0\0\0\0", &[rng.u8(0..4)][..]].concat()),
        _ => {
            let marker = pick(rng, &[0xe0, 0xe1, 0xed, 0xee, 0xfe, 0xdc, 0xc8, 0xf0]);
            let start = pick(
                rng,
                &[&b"JFIF\0\x01\x01"[..], b"", b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"],
            );
            segment(marker, [start, &blob(rng, 0..=40)].concat())
        }
    }
}

fn edit(rng: &mut Rng, segments: &mut Vec<Segment>) {
    let at = rng.usize(0..segments.len().max(1));
    let Some(chosen) = segments.get_mut(at) else { return segments.push(metadata(rng)) };
    match rng.u32(0..18) {
        0 => drop(segments.remove(at)),
        1 => {
            let again = Segment { content: chosen.content.clone(), after: chosen.after.clone(), ..*chosen };
            let to = rng.usize(0..=segments.len());
            segments.insert(to, again);
        }
        2 => {
            let other = rng.usize(0..segments.len());
            segments.swap(at, other);
        }
        3 | 4 => segments.insert(at, metadata(rng)),
        5..=7 => frame_field(rng, segments),
        8 => chosen.length = Some(number(rng) as u16),
        9 => chosen.marker = if rng.bool() { rng.u8(0xc0..=0xcf) } else { rng.u8(..) },
        10 => segments.insert(at, segment(0xdd, rng.u16(0..9).to_be_bytes().to_vec())),
        11 => {
            let length = rng.usize(0..=chosen.content.len() + 4);
            chosen.content.resize(length, 0);
        }
        12 => {
            let shorter = rng.usize(0..=chosen.after.len());
            chosen.after.truncate(shorter);
        }
        13 => chosen.after.extend(compressed(rng)),
        14 => scribble(rng, &mut chosen.after),
        _ => scribble(rng, &mut chosen.content),
    }
}

fn frame_field(rng: &mut Rng, segments: &mut [Segment]) {
    let frame = segments.iter_mut().find(|segment| matches!(segment.marker, 0xc0..=0xc2));
    let Some(content) = frame.map(|frame| &mut frame.content).filter(|content| content.len() >= 9) else {
        return;
    };
    match rng.u32(0..4) {
        0 => content[rng.usize(1..5)] = rng.u8(..),
        1 => {
            let last = content.len() - 1;
            let field = rng.usize(6..=last);
            content[field] = pick(rng, &[0, 1, 2, 3, 4, 0x10, 0x11, 0x21, 0x22, 0x41, 0x44, 0xff]);
        }
        2 => content[5] = rng.u8(0..6),
        _ => scribble(rng, content),
    }
}

fn scribble(rng: &mut Rng, bytes: &mut [u8]) {
    for _ in 0..rng.u32(1..5) {
        let at = rng.usize(0..bytes.len().max(1));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = rng.u8(..);
        }
    }
}

/// The segments of a whole JPEG.
fn read(jpeg: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = jpeg.get(at..at + 4).and_then(|head| head.first_chunk()) {
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        let mut segment = segment(marker, jpeg[at + 4..end].to_vec());
        at = end;
        if marker == 0xda {
            segment.after = jpeg[at..jpeg.len() - 2].to_vec();
            at = jpeg.len();
        }
        segments.push(segment);
    }
    segments.push(segment(0xd9, vec![]));
    segments
}

fn written(segments: &[Segment]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    for segment in segments {
        bytes.extend([0xff, segment.marker]);
        if segment.marker != 0xd9 {
            bytes.extend(segment.length.unwrap_or(segment.content.len() as u16 + 2).to_be_bytes());
        }
        bytes.extend(&segment.content);
        bytes.extend(&segment.after);
    }
    bytes
}
