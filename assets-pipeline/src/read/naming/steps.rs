//! Whether numbers make an even turn, and what is missing where they do not.

use std::collections::BTreeMap;

use super::pattern::Numbers;
use super::{Numbering, Turn};
use crate::read::refusal::{MissingRun, Refusal};

/// Turns that people render. One frame more or less than one of these is worth a remark.
const COMMON_TURNS: [usize; 9] = [24, 36, 48, 60, 72, 90, 120, 180, 360];

/// The turn that the numbers make, in their order.
pub(super) fn turn(names: &[String], numbers: &Numbers) -> Result<Turn, Refusal> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&i| (numbers.values[i], &names[i]));
    no_number_twice(names, numbers, &order)?;
    let values: Vec<u64> = order.iter().map(|&i| numbers.values[i]).collect();
    let (first, last) = (values[0], values[values.len() - 1]);
    let whole = 360 * numbers.scale;
    let degrees = |value: u64| value as f64 / numbers.scale as f64;

    if is_rounded_turn(&values, whole) {
        let step = 360.0 / values.len() as f64;
        return Ok(Turn { order, numbering: Numbering::Degrees { start: 0.0, step }, remarks: Vec::new() });
    }
    let step = common_step(&values);
    if let Some(odd) = out_of_step(&values, step) {
        return Err(Refusal::OutOfStep { file: names[order[odd]].clone(), step: numbers.plain(step) });
    }
    // Every second half-turn is a turn of its own, so a few frames in steps that divide 360 prove nothing;
    // three quarters of a turn do.
    let covered = values.len() as u128 * u128::from(step);
    let counts_degrees = (step > 1 || numbers.scale > 1)
        && whole.is_multiple_of(step)
        && first.is_multiple_of(step)
        && last <= whole
        && covered * 4 >= u128::from(whole) * 3;
    let missing = missing_runs(numbers, &values, step, counts_degrees.then_some(whole));
    if let Some((value, neighbour)) = missing.first {
        let file = numbers.renumbered(names, order[neighbour], value);
        return Err(Refusal::FramesMissing { file, missing: missing.runs });
    }
    if first == 0 && last == whole {
        let (first, last) = (order[0], order[order.len() - 1]);
        return Err(Refusal::ClosingFrame { file: names[last].clone(), first: names[first].clone() });
    }
    if (step > 1 || numbers.scale > 1) && covered == u128::from(whole) && last <= whole {
        let start = if last == whole {
            order.rotate_right(1);
            0
        } else {
            first
        };
        let numbering = Numbering::Degrees { start: degrees(start), step: degrees(step) };
        return Ok(Turn { order, numbering, remarks: Vec::new() });
    }
    let numbering = Numbering::Index { start: first / numbers.scale, step: (step / numbers.scale).max(1) };
    Ok(Turn { remarks: near_a_common_turn(order.len()), order, numbering })
}

/// Whether most of the numbers that a count would have are there.
pub(super) fn looks_like_a_count(numbers: &Numbers) -> bool {
    let mut values = numbers.values.clone();
    values.sort_unstable();
    values.dedup();
    let span = values[values.len() - 1] - values[0];
    values.len() == 1 || span / common_step(&values) < 2 * values.len() as u64
}

fn no_number_twice(names: &[String], numbers: &Numbers, order: &[usize]) -> Result<(), Refusal> {
    match order.windows(2).find(|pair| numbers.values[pair[0]] == numbers.values[pair[1]]) {
        None => Ok(()),
        Some(pair) => Err(Refusal::NumberTwice {
            number: numbers.plain(numbers.values[pair[0]]),
            file: names[pair[0]].clone(),
            other: names[pair[1]].clone(),
        }),
    }
}

/// Whether these are the angles of an even turn, rounded or cut to whole units.
///
/// Below two units a step this would take a count with a gap in it for a turn.
fn is_rounded_turn(values: &[u64], whole: u64) -> bool {
    let frames = values.len() as u64;
    let all = |angle: fn(u64, u64) -> u64| {
        values.iter().zip(0..).all(|(&value, i)| value == angle(whole * i, frames))
    };
    frames * 2 <= whole
        && !whole.is_multiple_of(frames)
        && (all(|turned, frames| turned / frames)
            || all(|turned, frames| (2 * turned + frames) / (2 * frames)))
}

/// The commonest difference between neighbours, the smallest of equals. `values` ascend without duplicates.
fn common_step(values: &[u64]) -> u64 {
    let mut differences: BTreeMap<u64, usize> = BTreeMap::new();
    for pair in values.windows(2) {
        *differences.entry(pair[1] - pair[0]).or_default() += 1;
    }
    // `max_by_key` gives the last of equals, hence the reversal.
    differences.into_iter().rev().max_by_key(|&(_, count)| count).map_or(1, |(step, _)| step)
}

/// The position of the first value that is not a whole number of steps from most of the others.
fn out_of_step(values: &[u64], step: u64) -> Option<usize> {
    let mut residues: BTreeMap<u64, usize> = BTreeMap::new();
    for value in values {
        *residues.entry(value % step).or_default() += 1;
    }
    let (&common, _) = residues.iter().rev().max_by_key(|&(_, count)| count)?;
    values.iter().position(|value| value % step != common)
}

struct Missing {
    runs: Vec<MissingRun>,
    /// The first missing value, and the position of the frame beside it.
    first: Option<(u64, usize)>,
}

/// The values missing between the first and the last one, or from the `whole` turn where they count degrees.
fn missing_runs(numbers: &Numbers, values: &[u64], step: u64, whole: Option<u64>) -> Missing {
    let mut missing = Missing { runs: Vec::new(), first: None };
    let mut gap = |from: u64, to: u64, neighbour: usize| {
        if from > to {
            return;
        }
        missing.first.get_or_insert((from, neighbour));
        missing.runs.push(MissingRun {
            first: numbers.plain(from),
            last: numbers.plain(to),
            frames: (to - from) / step + 1,
        });
    };
    let (first, last) = (values[0], values[values.len() - 1]);
    match whole {
        // 360 is there and stands for 0.
        Some(whole) if last == whole && first > 0 => gap(step, first - step, 0),
        Some(_) if first > 0 => gap(0, first - step, 0),
        _ => {}
    }
    for (i, pair) in values.windows(2).enumerate() {
        gap(pair[0] + step, pair[1] - step, i);
    }
    if let Some(whole) = whole
        && last < whole
    {
        gap(last + step, whole - step, values.len() - 1);
    }
    missing
}

fn near_a_common_turn(frames: usize) -> Vec<String> {
    let remark = if COMMON_TURNS.contains(&frames) {
        return Vec::new();
    } else if COMMON_TURNS.contains(&(frames + 1)) {
        format!(
            "There are {frames} frames: if the turn was rendered in {}, the last one is missing",
            frames + 1
        )
    } else if COMMON_TURNS.contains(&(frames - 1)) {
        format!(
            "There are {frames} frames: if the turn was rendered in {}, the last one repeats the first",
            frames - 1
        )
    } else {
        return Vec::new();
    };
    vec![remark]
}
