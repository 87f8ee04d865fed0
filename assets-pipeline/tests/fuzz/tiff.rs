//! TIFF files, sound and edited: plain and big, of both byte orders, in strips and tiles, packed in the ways
//! that are taken and in some that are not.

use crate::icc;
use crate::png::zlib;
use crate::random::{Edits, Rng, blob, number, one_in, pick};

struct Entry {
    tag: u16,
    kind: u16,
    values: Vec<u64>,
    /// What the count says where it lies.
    count: Option<u64>,
    /// Where the values are said to be where that is a lie.
    offset: Option<u64>,
}

struct File {
    little: bool,
    big: bool,
    entries: Vec<Entry>,
    /// The strips or tiles.
    pieces: Vec<Vec<u8>>,
    first: Option<u64>,
    next: u64,
}

const BYTE: u16 = 1;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const LONG8: u16 = 16;

pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut file = sound(edits.rng());
    edits.up_to(3, |rng| edit(rng, &mut file));
    written(&file)
}

/// An RGB picture of this size in one strip or tile that inflates to `bytes`.
pub(crate) fn bomb(width: u64, height: u64, tile: Option<u64>, bytes: usize) -> Vec<u8> {
    let mut entries = vec![
        entry(256, LONG, vec![width]),
        entry(257, LONG, vec![height]),
        entry(258, SHORT, vec![8, 8, 8]),
        entry(259, SHORT, vec![8]),
        entry(262, SHORT, vec![2]),
        entry(277, SHORT, vec![3]),
    ];
    match tile {
        Some(side) => entries.extend([entry(322, LONG, vec![side]), entry(323, LONG, vec![side])]),
        None => entries.push(entry(278, LONG, vec![height])),
    }
    let pieces = vec![zlib(&vec![0; bytes])];
    let mut file = File { little: true, big: false, entries, pieces, first: None, next: 0 };
    point_to_pieces(&mut file, tile.is_some());
    written(&file)
}

/// A whole picture of nothing, of three or four samples, with `extra` for the fourth.
pub(crate) fn large(side: u64, bits: u64, extra: Option<u64>, compression: u64) -> Vec<u8> {
    let samples = if extra.is_some() { 4 } else { 3 };
    let mut entries = vec![
        entry(256, LONG, vec![side]),
        entry(257, LONG, vec![side]),
        entry(258, SHORT, vec![bits; samples]),
        entry(259, SHORT, vec![compression]),
        entry(262, SHORT, vec![2]),
        entry(277, SHORT, vec![samples as u64]),
        entry(278, LONG, vec![side]),
    ];
    entries.extend(extra.map(|extra| entry(338, SHORT, vec![extra])));
    let pieces = vec![packed(compression, &vec![0; (side * side * bits / 8) as usize * samples])];
    let mut file = File { little: true, big: false, entries, pieces, first: None, next: 0 };
    point_to_pieces(&mut file, false);
    written(&file)
}

/// A few pixels, and a colour profile of so many bytes.
pub(crate) fn metadata_bomb(bytes: usize) -> Vec<u8> {
    let mut file =
        File { little: true, big: false, entries: vec![], pieces: vec![vec![0; 12]], first: None, next: 0 };
    file.entries = vec![
        entry(256, LONG, vec![2]),
        entry(257, LONG, vec![2]),
        entry(258, SHORT, vec![8, 8, 8]),
        entry(262, SHORT, vec![2]),
        entry(277, SHORT, vec![3]),
        entry(34_675, 7, vec![0; bytes]),
    ];
    point_to_pieces(&mut file, false);
    written(&file)
}

fn entry(tag: u16, kind: u16, values: Vec<u64>) -> Entry {
    Entry { tag, kind, values, count: None, offset: None }
}

fn sound(rng: &mut Rng) -> File {
    let (width, height) = (rng.u64(1..=40), rng.u64(1..=30));
    let (photometric, samples) =
        pick(rng, &[(2, 3), (2, 3), (2, 4), (2, 4), (2, 5), (1, 1), (0, 1), (1, 2), (3, 1), (3, 2), (5, 4)]);
    let bits = match photometric {
        3 if samples == 1 => pick(rng, &[1, 2, 4, 8]),
        3 => 8,
        _ if samples > 1 => pick(rng, &[8, 8, 16]),
        _ => pick(rng, &[1, 2, 4, 8, 16]),
    };
    let bits = if one_in(rng, 20) { pick(rng, &[2, 12, 24, 32, 64]) } else { bits };
    let planar = one_in(rng, 8);
    let compression = pick(rng, &[1, 1, 5, 8, 32_946, 32_773, 5, 8]);
    let predictor = if one_in(rng, 4) { pick(rng, &[1, 2, 2, 3]) } else { 1 };
    let mut entries = vec![
        entry(256, SHORT, vec![width]),
        entry(257, LONG, vec![height]),
        entry(258, SHORT, vec![bits; samples as usize]),
        entry(259, SHORT, vec![compression]),
        entry(262, SHORT, vec![photometric]),
        entry(277, SHORT, vec![samples]),
    ];
    let (across, down, rows) = if one_in(rng, 3) {
        let (tile_width, tile_height) = (pick(rng, &[16, 32, 48]), pick(rng, &[16, 32]));
        entries.extend([entry(322, SHORT, vec![tile_width]), entry(323, SHORT, vec![tile_height])]);
        (width.div_ceil(tile_width), height.div_ceil(tile_height), (tile_width, tile_height))
    } else {
        let rows = rng.u64(1..=height);
        entries.push(entry(278, SHORT, vec![rows]));
        (1, height.div_ceil(rows), (width, rows))
    };
    let tiled = entries.iter().any(|entry| entry.tag == 322);
    let planes = if planar { samples } else { 1 };
    let samples_a_piece = if planar { 1 } else { samples };
    let mut pieces = Vec::new();
    for plane_piece in 0..across * down * planes {
        let last = !tiled && (plane_piece + 1) % down == 0;
        let piece_rows = if last { height - (down - 1) * rows.1 } else { rows.1 };
        let bytes = (rows.0 * samples_a_piece * bits).div_ceil(8) * piece_rows;
        let raw = blob(rng, bytes as usize..=bytes as usize);
        pieces.push(packed(compression, &raw));
    }
    if planar {
        entries.push(entry(284, SHORT, vec![2]));
    }
    if predictor != 1 {
        entries.push(entry(317, SHORT, vec![predictor]));
    }
    if photometric == 3 {
        let levels = 3 << bits.min(8);
        let largest = pick(rng, &[0xff, 0xffff]);
        entries.push(entry(320, SHORT, (0..levels).map(|_| rng.u64(0..=largest)).collect()));
    }
    if one_in(rng, 6) {
        entries.push(entry(266, SHORT, vec![rng.u64(1..4)]));
    }
    if matches!(samples, 2 | 4 | 5) || one_in(rng, 16) {
        entries.push(entry(338, SHORT, vec![rng.u64(0..4); rng.usize(1..3)]));
    }
    if one_in(rng, 4) {
        entries.push(entry(274, SHORT, vec![rng.u64(0..10)]));
    }
    if one_in(rng, 4) {
        let profile = icc::profile(rng);
        entries.push(entry(34_675, 7, profile.iter().map(|&byte| byte.into()).collect()));
    }
    if one_in(rng, 8) {
        entries.push(entry(339, SHORT, vec![pick(rng, &[1, 1, 2, 3, 4]); samples as usize]));
    }
    let mut file = File { little: rng.bool(), big: one_in(rng, 4), entries, pieces, first: None, next: 0 };
    point_to_pieces(&mut file, tiled);
    file
}

fn packed(compression: u64, raw: &[u8]) -> Vec<u8> {
    match compression {
        5 if raw.len().is_multiple_of(3) => {
            weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8).encode(raw).unwrap()
        }
        5 => lzw(raw),
        8 | 32_946 => zlib(raw),
        // PackBits: runs of up to 128 bytes as they are.
        32_773 => raw.chunks(128).flat_map(|run| [&[run.len() as u8 - 1], run].concat()).collect(),
        _ => raw.to_vec(),
    }
}

/// LZW without compression: codes of nine bits, and a fresh table before they would need ten.
fn lzw(raw: &[u8]) -> Vec<u8> {
    const CLEAR: u32 = 256;
    const END: u32 = 257;
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    let mut put = |code: u32, bytes: &mut Vec<u8>| {
        held = held << 9 | code;
        bits += 9;
        while bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
        held &= (1 << bits) - 1;
    };
    for run in raw.chunks(200) {
        put(CLEAR, &mut bytes);
        for &byte in run {
            put(byte.into(), &mut bytes);
        }
    }
    put(END, &mut bytes);
    // The rest of the last code.
    put(0, &mut bytes);
    bytes
}

/// The offsets are known only when all else is laid out, so they are written as indices of pieces first.
fn point_to_pieces(file: &mut File, tiled: bool) {
    let (offsets, counts) = if tiled { (324, 325) } else { (273, 279) };
    let kind = if file.big { LONG8 } else { LONG };
    let lengths = file.pieces.iter().map(|piece| piece.len() as u64).collect();
    file.entries.push(entry(offsets, kind, (0..file.pieces.len() as u64).collect()));
    file.entries.push(entry(counts, kind, lengths));
    file.entries.sort_by_key(|entry| entry.tag);
}

fn edit(rng: &mut Rng, file: &mut File) {
    let at = rng.usize(0..file.entries.len().max(1));
    let Some(chosen) = file.entries.get_mut(at) else { return };
    match rng.u32(0..18) {
        0 => drop(file.entries.remove(at)),
        1 => {
            let mut again = entry(chosen.tag, chosen.kind, chosen.values.clone());
            if let Some(value) = again.values.first_mut() {
                *value = number(rng) & 0xffff;
            }
            file.entries.insert(at, again);
        }
        2 => chosen.kind = rng.u16(0..20),
        3 => chosen.count = Some(number(rng)),
        4 => chosen.offset = Some(number(rng)),
        5 => {
            let other = rng.usize(0..file.entries.len());
            file.entries.swap(at, other);
        }
        6 => file.next = pick(rng, &[8, 16, 1, 1 << 20]),
        7 => file.first = Some(number(rng)),
        8 => file.big = !file.big,
        9 => {
            let tag = pick(
                rng,
                &[254, 259, 262, 266, 274, 277, 284, 292, 317, 320, 330, 338, 339, 347, 513, 0x8769],
            );
            let kind = pick(rng, &[BYTE, SHORT, LONG, LONG8]);
            let count = rng.usize(0..4);
            file.entries.push(entry(tag, kind, (0..count).map(|_| rng.u64(0..9)).collect()));
        }
        10 => {
            let piece = rng.usize(0..file.pieces.len().max(1));
            if let Some(piece) = file.pieces.get_mut(piece) {
                for _ in 0..rng.u32(1..8) {
                    let at = rng.usize(0..piece.len().max(1));
                    if let Some(byte) = piece.get_mut(at) {
                        *byte = rng.u8(..);
                    }
                }
            }
        }
        11 => {
            let piece = rng.usize(0..file.pieces.len().max(1));
            if let Some(piece) = file.pieces.get_mut(piece) {
                *piece = zlib(&blob(rng, 0..=4000));
            }
        }
        12 => {
            let length = rng.usize(0..=chosen.values.len() + 3);
            chosen.values.resize(length, 1);
        }
        _ => {
            let value = if rng.bool() { rng.u64(0..40) } else { number(rng) };
            let index = rng.usize(0..chosen.values.len().max(1));
            if let Some(place) = chosen.values.get_mut(index) {
                *place = value;
            }
        }
    }
}

fn written(file: &File) -> Vec<u8> {
    let (entry_bytes, inline, head, after) = if file.big { (20, 8, 16, 8) } else { (12, 4, 8, 4) };
    let count_bytes = if file.big { 8 } else { 2 };
    let values_at = head + count_bytes + file.entries.len() * entry_bytes + after;
    let values_bytes: usize = file.entries.iter().map(value_bytes).filter(|&bytes| bytes > inline).sum();
    let mut piece_offsets = Vec::new();
    let mut at = values_at + values_bytes;
    for piece in &file.pieces {
        piece_offsets.push(at as u64);
        at += piece.len();
    }
    let number = |value: u64, width: usize| {
        let little = value.to_le_bytes();
        let mut bytes = little[..width].to_vec();
        if !file.little {
            bytes.reverse();
        }
        bytes
    };
    let word = |value: u64| number(value, if file.big { 8 } else { 4 });
    let mut bytes = if file.little { b"II".to_vec() } else { b"MM".to_vec() };
    bytes.extend(number(if file.big { 43 } else { 42 }, 2));
    if file.big {
        bytes.extend([number(8, 2), number(0, 2)].concat());
    }
    bytes.extend(word(file.first.unwrap_or(head as u64)));
    bytes.extend(number(file.entries.len() as u64, count_bytes));
    let mut values = Vec::new();
    for entry in &file.entries {
        let points = matches!(entry.tag, 273 | 324);
        let width = kind_bytes(entry.kind);
        let content: Vec<u8> = entry
            .values
            .iter()
            .flat_map(|&value| {
                let offset = piece_offsets.get(value as usize).filter(|_| points);
                number(offset.copied().unwrap_or(value), width)
            })
            .collect();
        bytes.extend(number(entry.tag.into(), 2));
        bytes.extend(number(entry.kind.into(), 2));
        bytes.extend(word(entry.count.unwrap_or(entry.values.len() as u64)));
        let mut field =
            if content.len() > inline { word((values_at + values.len()) as u64) } else { content.clone() };
        field.resize(inline, 0);
        if let Some(offset) = entry.offset {
            field = word(offset);
        }
        bytes.extend(field);
        if content.len() > inline {
            values.extend(content);
        }
    }
    bytes.extend(word(file.next));
    bytes.extend(values);
    for piece in &file.pieces {
        bytes.extend(piece);
    }
    bytes
}

fn value_bytes(entry: &Entry) -> usize {
    entry.values.len() * kind_bytes(entry.kind)
}

fn kind_bytes(kind: u16) -> usize {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 1,
    }
}
