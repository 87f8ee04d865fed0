//! Zip files, sound and edited: each entry has a record before its bytes and one in the directory, and either
//! may lie.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::random::{Edits, Rng, blob, number, one_in, pick};
use crate::samples;

#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    packed: Vec<u8>,
    /// What stands before the bytes, and what stands in the directory.
    local: Record,
    central: Record,
    attributes: u32,
    made_by: u16,
    /// Where the bytes are said to begin where that is a lie.
    offset: Option<u32>,
}

#[derive(Clone)]
struct Record {
    flags: u16,
    method: u16,
    crc: u32,
    packed_bytes: u32,
    bytes: u32,
    extra: Vec<u8>,
    name_bytes: Option<u16>,
    comment: Vec<u8>,
}

struct File {
    before: Vec<u8>,
    entries: Vec<Entry>,
    count: Option<u16>,
    directory_bytes: Option<u32>,
    directory_at: Option<u32>,
    zip64: Option<Zip64>,
    comment: Vec<u8>,
}

struct Zip64 {
    count: u64,
    directory_bytes: Option<u64>,
    directory_at: Option<u64>,
    locator: Option<u64>,
}

pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut file = sound(edits.rng());
    edits.up_to(4, |rng| edit(rng, &mut file));
    written(&file)
}

/// Two frames, the second of which inflates to `bytes` zeros and says that it has `said`.
pub(crate) fn bomb(bytes: usize, said: u32) -> Vec<u8> {
    let mut second = entry(b"ring_2.png".to_vec(), &vec![0; bytes], 8);
    second.local.bytes = said;
    second.central.bytes = said;
    let entries = vec![entry(b"ring_1.png".to_vec(), &samples::png(8, 6), 8), second];
    written(&File { entries, ..empty() })
}

fn empty() -> File {
    File {
        before: vec![],
        entries: vec![],
        count: None,
        directory_bytes: None,
        directory_at: None,
        zip64: None,
        comment: vec![],
    }
}

fn entry(name: Vec<u8>, bytes: &[u8], method: u16) -> Entry {
    let packed = match method {
        8 => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    };
    let record = Record {
        flags: 0,
        method,
        crc: crc32fast::hash(bytes),
        packed_bytes: packed.len() as u32,
        bytes: bytes.len() as u32,
        extra: vec![],
        name_bytes: None,
        comment: vec![],
    };
    Entry {
        name,
        packed,
        local: record.clone(),
        central: record,
        attributes: 0,
        made_by: 0x031e,
        offset: None,
    }
}

fn sound(rng: &mut Rng) -> File {
    let folder = pick(rng, &[&b""[..], b"ring/", b"a/b/", b"./"]);
    let extension = pick(rng, &["png", "jpg", "tif", "webp"]);
    let (width, height) = (rng.u32(1..12), rng.u32(1..12));
    let frame = match extension {
        "png" => samples::png(width, height),
        "jpg" => samples::jpeg(width, height),
        "tif" => samples::tiff(width, height),
        _ => samples::webp(width, height),
    };
    let mut entries: Vec<Entry> = (1..=rng.u32(1..8))
        .map(|number| {
            let name = [folder, format!("ring_{number:03}.{extension}").as_bytes()].concat();
            entry(name, &frame, pick(rng, &[8, 8, 0]))
        })
        .collect();
    if one_in(rng, 3) {
        entries.insert(0, entry([folder, b"notes.txt"].concat(), b"turn it", 8));
    }
    if one_in(rng, 3) && !folder.is_empty() {
        entries.insert(0, entry(folder.to_vec(), b"", 0));
    }
    File { entries, ..empty() }
}

fn name(rng: &mut Rng) -> Vec<u8> {
    let names: [&[u8]; 26] = [
        b"../ring_1.png",
        b"ring/../../ring_1.png",
        b"/etc/passwd",
        b"C:\\ring_1.png",
        b"C:ring_1.png",
        b"a\\b.png",
        b"\\\\server\\share\\1.png",
        b"",
        b".",
        b"/",
        b"./",
        b"..",
        b"ring_1.png/",
        b"ring_1.png/ring_2.png",
        b"nul\0.png",
        b"bell\x07.png",
        b"line\nbreak.png",
        b"\xff\xfe\xfd.png",
        "gpj.\u{202e}exe.png".as_bytes(),
        "line\u{2028}separator.png".as_bytes(),
        "\u{0}\u{85}.png".as_bytes(),
        b"ring_99999999999999999999.png",
        b"ring_000000000000000.png",
        b"ring_002.PNG",
        b"__MACOSX/._1.png",
        b"inner.zip",
    ];
    match rng.u32(0..12) {
        0 | 1 => blob(rng, 0..=40),
        2 => {
            let piece = pick(rng, &[&b"a/"[..], b"1_", b"../", b"0", b"\xc3\xa9"]);
            [&piece.repeat(pick(rng, &[10, 32, 33, 255, 256, 4_000])), &b"ring_1.png"[..]].concat()
        }
        _ => pick(rng, &names).to_vec(),
    }
}

fn edit(rng: &mut Rng, file: &mut File) {
    let at = rng.usize(0..file.entries.len().max(1));
    let Some(chosen) = file.entries.get_mut(at) else { return };
    match rng.u32(0..28) {
        0..=2 => chosen.name = name(rng),
        3 => {
            let again = chosen.clone();
            file.entries.push(again);
        }
        4 => chosen.name = [name(rng), chosen.name.clone()].concat(),
        5 => {
            let inner = written(&sound(rng));
            file.entries.push(entry(pick(rng, &[&b"inner.zip"[..], b"ring_9.png"]).to_vec(), &inner, 8));
        }
        6 => chosen.local.bytes = number(rng) as u32,
        7 => chosen.central.bytes = number(rng) as u32,
        8 => {
            let said = if rng.bool() { rng.u32(0..300) } else { number(rng) as u32 };
            chosen.local.bytes = said;
            chosen.central.bytes = said;
        }
        9 => {
            let said = if rng.bool() { rng.u32(0..300) } else { number(rng) as u32 };
            chosen.local.packed_bytes = said;
            chosen.central.packed_bytes = said;
        }
        10 => chosen.central.packed_bytes = number(rng) as u32,
        11 => {
            let flags = 1 << rng.u32(0..16);
            chosen.central.flags ^= flags;
            if rng.bool() {
                chosen.local.flags ^= flags;
            }
        }
        12 => {
            let method = pick(rng, &[0, 1, 6, 8, 9, 12, 14, 93, 95, 98, 99]);
            chosen.central.method = method;
            if rng.bool() {
                chosen.local.method = method;
            }
        }
        13 => {
            for _ in 0..rng.u32(1..6) {
                let at = rng.usize(0..chosen.packed.len().max(1));
                if let Some(byte) = chosen.packed.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }
        14 => {
            let said = chosen.central.bytes;
            *chosen = entry(chosen.name.clone(), &vec![0; rng.usize(0..300_000)], 8);
            if rng.bool() {
                chosen.central.bytes = said;
            }
        }
        15 => {
            chosen.attributes = pick(rng, &[0o120_777_u32, 0o040_755, 0o010_644, 0o100_644, 0o060_000, 0])
                << 16
                | rng.u32(0..64);
            chosen.made_by = if one_in(rng, 3) { number(rng) as u16 } else { chosen.made_by };
        }
        16 => {
            let extra = extra(rng);
            chosen.central.extra.extend(&extra);
            if rng.bool() {
                chosen.local.extra.extend(extra);
            }
        }
        17 => {
            // A size in the extra field, for which the usual field is full.
            let extra = [&[1, 0, 16, 0][..], &number(rng).to_le_bytes(), &number(rng).to_le_bytes()].concat();
            chosen.central.extra = extra;
            chosen.central.bytes = u32::MAX;
            chosen.central.packed_bytes = u32::MAX;
        }
        18 => chosen.offset = Some(if rng.bool() { 0 } else { number(rng) as u32 }),
        19 => chosen.central.name_bytes = Some(number(rng) as u16),
        20 => chosen.local.name_bytes = Some(number(rng) as u16),
        21 => chosen.local.crc ^= 1,
        22 => chosen.central.crc ^= 1,
        23 => file.count = Some(number(rng) as u16),
        24 => file.directory_bytes = Some(number(rng) as u32),
        25 => file.directory_at = Some(number(rng) as u32),
        26 => {
            let count = if rng.bool() { number(rng) } else { file.entries.len() as u64 };
            let lie = |rng: &mut Rng| rng.bool().then(|| number(rng));
            file.zip64 =
                Some(Zip64 { count, directory_bytes: lie(rng), directory_at: lie(rng), locator: lie(rng) });
            file.count = Some(u16::MAX);
        }
        _ => match rng.u32(0..3) {
            0 => file.before = blob(rng, 0..=40),
            1 => file.comment = blob(rng, 0..=40),
            _ => chosen.central.comment = blob(rng, 0..=20),
        },
    }
}

fn extra(rng: &mut Rng) -> Vec<u8> {
    let kind = pick(rng, &[0x0001_u16, 0x5455, 0x7075, 0x7875, 0x9901, 0x6375, 0x000a, 0xd935]);
    let content = blob(rng, 0..=32);
    let said = if one_in(rng, 3) { number(rng) as u16 } else { content.len() as u16 };
    [&kind.to_le_bytes()[..], &said.to_le_bytes(), &content].concat()
}

fn fields(record: &Record, name: &[u8]) -> Vec<u8> {
    let name_bytes = record.name_bytes.unwrap_or(name.len() as u16);
    let mut bytes = [record.flags, record.method, 0, 0x21].map(u16::to_le_bytes).concat();
    bytes.extend([record.crc, record.packed_bytes, record.bytes].map(u32::to_le_bytes).concat());
    bytes.extend([name_bytes, record.extra.len() as u16].map(u16::to_le_bytes).concat());
    bytes
}

fn written(file: &File) -> Vec<u8> {
    let mut bytes = file.before.clone();
    let mut directory = Vec::new();
    for entry in &file.entries {
        let at = bytes.len() as u32;
        bytes.extend([b"PK\x03\x04", &20_u16.to_le_bytes()[..], &fields(&entry.local, &entry.name)].concat());
        bytes.extend([&entry.name, &entry.local.extra, &entry.packed].map(Vec::as_slice).concat());
        directory.extend(b"PK\x01\x02");
        directory.extend([entry.made_by, 20].map(u16::to_le_bytes).concat());
        directory.extend(fields(&entry.central, &entry.name));
        directory.extend([entry.central.comment.len() as u16, 0, 0].map(u16::to_le_bytes).concat());
        directory.extend([entry.attributes, entry.offset.unwrap_or(at)].map(u32::to_le_bytes).concat());
        directory
            .extend([&entry.name, &entry.central.extra, &entry.central.comment].map(Vec::as_slice).concat());
    }
    let directory_at = bytes.len() as u64;
    bytes.extend(&directory);
    if let Some(zip64) = &file.zip64 {
        let end_at = bytes.len() as u64;
        bytes.extend([b"PK\x06\x06", &44_u64.to_le_bytes()[..], &[45, 0, 45, 0]].concat());
        bytes.extend([0; 8]);
        let directory_bytes = zip64.directory_bytes.unwrap_or(directory.len() as u64);
        let at = zip64.directory_at.unwrap_or(directory_at);
        bytes.extend([zip64.count, zip64.count, directory_bytes, at].map(u64::to_le_bytes).concat());
        let locator = zip64.locator.unwrap_or(end_at).to_le_bytes();
        bytes.extend([b"PK\x06\x07", &[0; 4][..], &locator, &1_u32.to_le_bytes()].concat());
    }
    let count = file.count.unwrap_or(file.entries.len() as u16);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].map(u16::to_le_bytes).concat());
    let directory_bytes = file.directory_bytes.unwrap_or(directory.len() as u32);
    bytes.extend(
        [directory_bytes, file.directory_at.unwrap_or(directory_at as u32)].map(u32::to_le_bytes).concat(),
    );
    bytes.extend((file.comment.len() as u16).to_le_bytes());
    bytes.extend(&file.comment);
    bytes
}
