//! Lists of file names: turns, turns with mistakes in them, and names of all kinds.

use crate::random::{Edits, Rng, blob, number, one_in, pick};

/// One name a line, as a case's bytes.
pub(crate) fn file(edits: &mut Edits<'_>) -> Vec<u8> {
    let mut names = sound(edits.rng());
    edits.up_to(4, |rng| edit(rng, &mut names));
    names.join("\n").into_bytes()
}

fn sound(rng: &mut Rng) -> Vec<String> {
    let start = if one_in(rng, 6) { number(rng) } else { rng.u64(0..4) };
    let step = pick(rng, &[1, 1, 1, 2, 5, 6, 10, 15, 30, 45, 90, 120]);
    let count = pick(rng, &[2, 3, 4, 8, 12, 24, 36, 37, 60, 72]);
    let digits = pick(rng, &[0, 1, 2, 3, 4, 8, 15, 16]);
    let decimals = if one_in(rng, 5) { rng.usize(1..6) } else { 0 };
    let (before, after) =
        pick(rng, &[("ring_", ".png"), ("", ".jpg"), ("r 1 ", ""), ("IMG_12_", "_v3.tif"), ("é中", ".x")]);
    (0..count)
        .map(|i| {
            let value = start.wrapping_add(i * step);
            let fraction = if decimals == 0 { String::new() } else { format!(".{:0decimals$}", i * 5 % 10) };
            format!("{before}{value:0digits$}{fraction}{after}")
        })
        .collect()
}

fn edit(rng: &mut Rng, names: &mut Vec<String>) {
    let at = rng.usize(0..names.len().max(1));
    let Some(name) = names.get_mut(at) else { return };
    match rng.u32(0..10) {
        9 => names.iter_mut().for_each(|name| name.insert_str(0, &"1_".repeat(60))),
        0 => drop(names.remove(at)),
        1 => *name = format!("{name}{}", number(rng)),
        2 => *name = format!("{}{name}", number(rng)),
        3 => *name = String::from_utf8_lossy(&blob(rng, 0..=20)).replace('\n', " "),
        4 => {
            let again = name.clone();
            names.push(again);
        }
        5 => *name = name.to_uppercase(),
        6 => {
            let text = number(rng).to_string();
            *name = format!("ring_{text}.{}.png", rng.u32(..));
        }
        7 => {
            let odd = [
                "ring_.png",
                ".png",
                "1",
                "",
                "٣.png",
                "0.0000.png",
                "İ1.png",
                "ring_1.5e3.png",
                "1.2.3.4.png",
            ];
            *name = pick(rng, &odd).into();
        }
        _ => {
            let letter = pick(rng, &['0', '9', '.', '_', 'é', '\u{202e}', '\u{2028}', '\u{7}']);
            let places: Vec<usize> = name.char_indices().map(|(at, _)| at).chain([name.len()]).collect();
            name.insert(pick(rng, &places), letter);
        }
    }
}
