//! Colour profiles (ICC.1:2022): sound ones, tables of all kinds that a profile may have, and lies in both.

use std::sync::LazyLock;

use moxcms::ColorProfile;

use crate::random::{Rng, blob, number, one_in, pick};

static SOUND: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    [
        ColorProfile::new_srgb(),
        ColorProfile::new_display_p3(),
        ColorProfile::new_adobe_rgb(),
        ColorProfile::new_gray_with_gamma(2.2),
        ColorProfile::new_gray_with_gamma(1.0),
    ]
    .iter()
    .map(|profile| profile.encode().unwrap())
    .collect()
});

const HEADER_BYTES: usize = 128;

pub(crate) fn profile(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = match rng.u32(0..4) {
        0 => SOUND[rng.usize(0..SOUND.len())].clone(),
        _ => built(rng),
    };
    for _ in 0..rng.u32(0..4) {
        edit(rng, &mut bytes);
    }
    bytes
}

fn edit(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let at = match rng.u32(0..4) {
        0 => rng.usize(0..HEADER_BYTES),
        1 => rng.usize(HEADER_BYTES..HEADER_BYTES + 80),
        _ => rng.usize(0..bytes.len().max(1)),
    };
    match rng.u32(0..6) {
        0 => {
            let length = rng.usize(0..=bytes.len());
            bytes.truncate(length);
        }
        1 => {
            let at = at & !3;
            if let Some(field) = bytes.get_mut(at..at + 4) {
                field.copy_from_slice(&(number(rng) as u32).to_be_bytes());
            }
        }
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.u8(..);
            }
        }
    }
}

/// A profile of tags that may or may not go together.
fn built(rng: &mut Rng) -> Vec<u8> {
    let space = pick(rng, &[b"RGB ", b"RGB ", b"RGB ", b"GRAY", b"CMYK", b"Lab ", b"3CLR"]);
    let connection = pick(rng, &[b"XYZ ", b"XYZ ", b"Lab "]);
    let class = pick(rng, &[b"mntr", b"mntr", b"scnr", b"prtr", b"spac", b"link", b"abst", b"nmcl"]);
    let mut tags: Vec<([u8; 4], Vec<u8>)> = vec![(*b"wtpt", xyz(rng)), (*b"desc", description(rng))];
    for kind in [b"rXYZ", b"gXYZ", b"bXYZ"] {
        tags.push((*kind, xyz(rng)));
    }
    for kind in [b"rTRC", b"gTRC", b"bTRC", b"kTRC"] {
        tags.push((*kind, curve(rng)));
    }
    if rng.bool() {
        let kind = pick(rng, &[b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2", b"D2B0", b"gamt"]);
        let table = table(rng);
        tags.push((*kind, table.clone()));
        if rng.bool() {
            tags.push((pick(rng, &[*b"B2A0", *b"B2A1", *b"A2B1"]), table));
        }
    }
    if one_in(rng, 4) {
        tags.push((*b"chad", [&b"sf32\0\0\0\0"[..], &fixed(rng, 9)].concat()));
    }
    if one_in(rng, 4) {
        tags.push((
            *b"cicp",
            [&b"cicp\0\0\0\0"[..], &[rng.u8(0..24), rng.u8(0..24), rng.u8(0..3), 1]].concat(),
        ));
    }
    if one_in(rng, 8) {
        tags.remove(rng.usize(0..tags.len()));
    }
    assembled(rng, *space, *connection, *class, &tags)
}

fn assembled(
    rng: &mut Rng,
    space: [u8; 4],
    connection: [u8; 4],
    class: [u8; 4],
    tags: &[([u8; 4], Vec<u8>)],
) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[8] = pick(rng, &[2, 4, 4, 5]);
    bytes[12..16].copy_from_slice(&class);
    bytes[16..20].copy_from_slice(&space);
    bytes[20..24].copy_from_slice(&connection);
    bytes[36..40].copy_from_slice(b"acsp");
    bytes[67] = rng.u8(0..4);
    bytes[68..80].copy_from_slice(&[0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d]);
    bytes.extend((tags.len() as u32).to_be_bytes());
    let mut at = HEADER_BYTES + 4 + tags.len() * 12;
    for (kind, data) in tags {
        bytes.extend(kind);
        bytes.extend((at as u32).to_be_bytes());
        bytes.extend((data.len() as u32).to_be_bytes());
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in tags {
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Numbers of 16 bits before and after the point, mostly between 0 and 1.
fn fixed(rng: &mut Rng, count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|_| {
            let small = rng.u32(0..0x1_0000);
            if one_in(rng, 16) { number(rng) as u32 } else { small }.to_be_bytes()
        })
        .collect()
}

fn xyz(rng: &mut Rng) -> Vec<u8> {
    [&b"XYZ \0\0\0\0"[..], &fixed(rng, 3)].concat()
}

fn description(rng: &mut Rng) -> Vec<u8> {
    let text = pick(rng, &[&b"A profile"[..], b"", b"bell\x07 and \x1b[2J", b"\xff\xfe"]);
    match rng.u32(0..3) {
        0 => {
            let wide: Vec<u8> = text.iter().flat_map(|&byte| [pick(rng, &[0, 0, 0x20]), byte]).collect();
            let length = if one_in(rng, 6) { number(rng) as u32 } else { wide.len() as u32 };
            let records = if one_in(rng, 6) { number(rng) as u32 } else { 1 };
            let head = [records.to_be_bytes(), 12_u32.to_be_bytes(), *b"enUS", length.to_be_bytes()].concat();
            [&b"mluc\0\0\0\0"[..], &head, &28_u32.to_be_bytes(), &wide].concat()
        }
        1 => {
            let length = if one_in(rng, 6) { number(rng) as u32 } else { text.len() as u32 + 1 };
            [&b"desc\0\0\0\0"[..], &length.to_be_bytes(), text, &[0; 80]].concat()
        }
        _ => [&b"text\0\0\0\0"[..], text, &[0]].concat(),
    }
}

fn curve(rng: &mut Rng) -> Vec<u8> {
    if rng.bool() {
        let kind = if one_in(rng, 8) { rng.u16(..) } else { rng.u16(0..5) };
        let count = [1, 3, 4, 5, 7].get(usize::from(kind)).copied().unwrap_or(7);
        let count = if one_in(rng, 8) { rng.usize(0..10) } else { count };
        return [&b"para\0\0\0\0"[..], &kind.to_be_bytes(), &[0; 2], &fixed(rng, count)].concat();
    }
    let count = pick(rng, &[0, 1, 2, 3, 256, 1024]);
    let said = if one_in(rng, 6) { number(rng) as u32 } else { count as u32 };
    [&b"curv\0\0\0\0"[..], &said.to_be_bytes(), &blob(rng, count * 2..=count * 2)].concat()
}

/// A table from one colour space to another, with curves before and after it.
fn table(rng: &mut Rng) -> Vec<u8> {
    let inputs = pick(rng, &[3, 3, 3, 1, 4, 0, 15]);
    let outputs = pick(rng, &[3, 3, 3, 1, 4, 0, 16]);
    let grid = pick(rng, &[2, 2, 3, 4, 5, 1, 0]);
    let said_grid = if one_in(rng, 8) { pick(rng, &[0, 1, 17, 33, 255]) } else { grid };
    let nodes = usize::from(grid).pow(u32::from(inputs).min(4)) * usize::from(outputs);
    let nodes = if one_in(rng, 10) { nodes / 2 } else { nodes };
    match rng.u32(0..4) {
        0 => {
            let mut bytes = [b"mft1\0\0\0\0", &[inputs, outputs, said_grid, 0][..], &fixed(rng, 9)].concat();
            let count = 256 * usize::from(inputs + outputs) + nodes;
            bytes.extend(blob(rng, count..=count));
            bytes
        }
        1 => {
            let (before, after) =
                (pick(rng, &[2_u16, 2, 256, 0, 1, 4096]), pick(rng, &[2_u16, 2, 0, 1, 4096]));
            let mut bytes = [b"mft2\0\0\0\0", &[inputs, outputs, said_grid, 0][..], &fixed(rng, 9)].concat();
            bytes.extend([before.to_be_bytes(), after.to_be_bytes()].concat());
            let count =
                usize::from(before) * usize::from(inputs) + usize::from(after) * usize::from(outputs) + nodes;
            bytes.extend(blob(rng, count * 2..=count * 2));
            bytes
        }
        _ => staged(rng, inputs, outputs, said_grid, nodes),
    }
}

/// `lutAToBType` or `lutBToAType`: five stages, each at an offset of its own.
fn staged(rng: &mut Rng, inputs: u8, outputs: u8, grid: u8, nodes: usize) -> Vec<u8> {
    let mut stages: Vec<Vec<u8>> = Vec::new();
    let curves = |rng: &mut Rng, count: u8| {
        let mut bytes = Vec::new();
        for _ in 0..count {
            bytes.extend(curve(rng));
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    };
    stages.push(curves(rng, outputs.min(4)));
    stages.push(fixed(rng, 12));
    stages.push(curves(rng, outputs.min(4)));
    let width = pick(rng, &[1, 2, 2, 3]);
    let mut colours = vec![0; 16];
    colours[..usize::from(inputs).min(16)].fill(grid);
    colours.extend([width, 0, 0, 0]);
    let count = nodes * usize::from(width);
    colours.extend(blob(rng, count..=count));
    stages.push(colours);
    stages.push(curves(rng, inputs.min(4)));
    let kind = pick(rng, &[b"mAB ", b"mAB ", b"mBA "]);
    let mut bytes = [&kind[..], &[0; 4], &[inputs, outputs, 0, 0]].concat();
    let mut at = 32;
    for stage in &stages {
        let here = if one_in(rng, 16) { number(rng) as u32 } else { at };
        bytes.extend(if one_in(rng, 6) { 0 } else { here }.to_be_bytes());
        at += stage.len().next_multiple_of(4) as u32;
    }
    for stage in stages {
        bytes.extend(stage);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
