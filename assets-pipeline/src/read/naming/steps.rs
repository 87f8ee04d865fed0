//! Whether numbers make an even turn, and what is missing where they do not.

use std::collections::BTreeMap;

use super::pattern::{Numbers, Written};
use super::{Numbering, Turn};
use crate::read::refusal::{MissingRun, Name, Refusal, Unit};

/// Turns that people render. One frame more or less than one of these is worth a remark.
const COMMON_TURNS: [usize; 9] = [24, 36, 48, 60, 72, 90, 120, 180, 360];
/// Beyond so many missing numbers it is no turn with gaps in it, but numbers that count something else.
const MOST_MISSING: u64 = 720;
/// How many digits the counters have that start over: four in cameras, and some programs have more.
const COUNTER_DIGITS: std::ops::RangeInclusive<u32> = 3..=6;
/// A counter with so few digits has started over only where it has all the frames of a short turn: of a longer one, as many
/// may be missing from the middle.
const SHORT_COUNTER: u32 = 2;
const SHORT_TURN: std::ops::RangeInclusive<usize> = 8..=36;

/// The turn that the numbers make, in their order.
pub(super) fn turn(names: &[String], numbers: &Numbers) -> Result<Turn, Refusal> {
    if let Some(angles) = signed_angles(names, numbers)? {
        match even(names, &angles) {
            // Numbers below nothing may count frames as well: those of a film before it begins.
            Ok(Turn { numbering: Numbering::Index { .. }, .. })
            | Err(Refusal::FramesMissing { unit: Unit::Frames, .. } | Refusal::NoCount { .. }) => {}
            turn => return turn,
        }
    }
    let Some((counted, last)) = started_over(numbers) else { return even(names, numbers) };
    let mut turn = even(names, &counted)?;
    let is_after = |frame: usize| counted.values[frame] > last;
    let follows = turn.order.windows(2).find(|pair| !is_after(pair[0]) && is_after(pair[1]));
    if let Some(&[before, after]) = follows {
        let (before, after) = (Name(&names[before]), Name(&names[after]));
        turn.remarks
            .push(format!("The counter in the names starts over after {last}: {after} follows {before}"));
    }
    Ok(turn)
}

/// The numbers as angles from 0 to 360, where some are below 0 and all may be angles.
///
/// Refuses the same view at both ends, such as -180 and 180.
fn signed_angles(names: &[String], numbers: &Numbers) -> Result<Option<Numbers>, Refusal> {
    let whole = 360 * numbers.scale;
    let ends = numbers.values.iter().zip(names);
    let (Some((&first, first_name)), Some((&last, last_name))) = (ends.clone().min(), ends.max()) else {
        return Ok(None);
    };
    if first >= 0 || first < -whole || last > whole {
        return Ok(None);
    }
    if last - first == whole {
        let angles = [last, first].map(|angle| numbers.plain(angle));
        return Err(Refusal::ClosingFrame { file: last_name.clone(), first: first_name.clone(), angles });
    }
    let written = Written::Negative { from: first + whole, whole };
    Ok(Some(numbers.counted(|angle| angle.rem_euclid(whole), written)))
}

/// The numbers of a counter that has started over, counted on, and the last number before that. No turn has all the
/// frames from its first number to its last one.
fn started_over(numbers: &Numbers) -> Option<(Numbers, i64)> {
    let mut values = numbers.values.clone();
    values.sort_unstable();
    let (first, end) = (*values.first()?, *values.last()?);
    if numbers.scale != 1 || first < 0 {
        return None;
    }
    if let Some((last, at)) = next_folder(&values) {
        let counted = |value| if value >= at { value - at + last + 1 } else { value };
        return Some((numbers.counted(counted, Written::StartsOver { last, at }), last));
    }
    let digits = end.max(1).ilog10() + 1;
    let last = 10_i64.checked_pow(digits)? - 1;
    let gap = values.windows(2).max_by_key(|pair| pair[1] - pair[0])?;
    let (low, high) = (gap[0], gap[1]);
    let has_all = || values.len() as i64 == (low - first + 1) + (last - high + 1);
    let is_counter = match digits {
        SHORT_COUNTER => first <= 1 && end == last && SHORT_TURN.contains(&values.len()) && has_all(),
        digits if COUNTER_DIGITS.contains(&digits) => {
            let span = MOST_MISSING as i64;
            end - first > span && low <= span && high >= last - span
        }
        _ => false,
    };
    // Cameras have no picture 0.
    let at = first.min(1);
    let counted = |value| if value <= low { value - at + last + 1 } else { value };
    is_counter.then(|| (numbers.counted(counted, Written::StartsOver { last, at }), last))
}

/// The last number of one folder of a camera and the first one of the next, where the numbers are both a folder's and a
/// picture's, and go from one folder to the next: P1000999 comes before P1010001 (DCF, JEITA CP-3461, section 3).
fn next_folder(values: &[i64]) -> Option<(i64, i64)> {
    const FOLDER: i64 = 10_000;
    let folder = values.first()? / FOLDER;
    // Other steps go on evenly through the numbers that no picture has.
    let is_next = common_step(values) == 1
        && (100..999).contains(&folder)
        && values.last()? / FOLDER == folder + 1
        && values.iter().all(|value| value % FOLDER != 0);
    let pictures =
        values.iter().filter(|value| **value / FOLDER == folder).map(|value| value % FOLDER).max()?;
    // Panasonic fills a folder with 999 pictures, others with 9999.
    let full = if pictures <= 999 { 999 } else { FOLDER - 1 };
    is_next.then_some((folder * FOLDER + full, (folder + 1) * FOLDER + 1))
}

/// The turn of numbers that go up in even steps.
fn even(names: &[String], numbers: &Numbers) -> Result<Turn, Refusal> {
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|&i| (numbers.values[i], &names[i]));
    no_number_twice(names, numbers, &order)?;
    let values: Vec<i64> = order.iter().map(|&i| numbers.values[i]).collect();
    let (first, last) = (values[0], values[values.len() - 1]);
    let whole = 360 * numbers.scale;
    let degrees = |value: i64| value as f64 / numbers.scale as f64;

    if is_rounded_turn(&values, whole) {
        let step = 360.0 / values.len() as f64;
        return Ok(Turn { order, numbering: Numbering::Degrees { start: 0.0, step }, remarks: Vec::new() });
    }
    let step = common_step(&values);
    let no_count = || Refusal::NoCount {
        file: names[order[0]].clone(),
        numbers: [first, last].map(|value| numbers.plain(value)),
        files: values.len(),
        anew: Box::new([1, 2].map(|value| numbers.renumbered(names, order[0], value * numbers.scale))),
    };
    if let Some(odd) = out_of_step(&values, step) {
        if !is_usual(&values, step) {
            return Err(no_count());
        }
        return Err(Refusal::OutOfStep { file: names[order[odd]].clone(), step: numbers.plain(step) });
    }
    // Every second half-turn is a turn of its own, so a few frames in steps that divide 360 prove nothing;
    // three quarters of a turn do.
    let covered = values.len() as i128 * i128::from(step);
    let is_angles = step > 1 || numbers.scale > 1 || matches!(numbers.written, Written::Negative { .. });
    let counts_degrees = is_angles
        && whole % step == 0
        && first >= 0
        && first % step == 0
        && last <= whole
        && covered * 4 >= i128::from(whole) * 3;
    let missing = missing_runs(numbers, &values, step, counts_degrees.then_some(whole));
    let lacks = missing.runs.iter().fold(0, |sum: u64, run| sum.saturating_add(run.frames));
    if lacks > MOST_MISSING || lacks > values.len() as u64 && !is_usual(&values, step) {
        return Err(no_count());
    }
    if let Some((value, neighbour)) = missing.first {
        let file = numbers.renumbered(names, order[neighbour], value);
        // Angles that begin between two steps make a turn as well.
        let would_cover = covered + i128::from(lacks) * i128::from(step);
        let is_turn = is_angles
            && covered * 4 >= i128::from(whole) * 3
            && would_cover == i128::from(whole)
            && (0..=whole).contains(&last);
        let unit = if counts_degrees || is_turn { Unit::Degrees } else { Unit::Frames };
        return Err(Refusal::FramesMissing { file, missing: missing.runs, unit });
    }
    if first == 0 && last == whole {
        let (first, last) = (order[0], order[order.len() - 1]);
        let angles = ["360", "0"].map(ToOwned::to_owned);
        let (file, first) = (names[last].clone(), names[first].clone());
        return Err(Refusal::ClosingFrame { file, first, angles });
    }
    if is_angles && covered == i128::from(whole) && (0..=whole).contains(&last) {
        let start = if last == whole {
            order.rotate_right(1);
            0
        } else {
            first
        };
        let numbering = Numbering::Degrees { start: degrees(start), step: degrees(step) };
        return Ok(Turn { order, numbering, remarks: Vec::new() });
    }
    let step = (step / numbers.scale).max(1).unsigned_abs();
    let numbering = Numbering::Index { start: first / numbers.scale, step };
    Ok(Turn { remarks: near_a_common_turn(order.len()), order, numbering })
}

/// Whether most of the numbers that a count would have are there.
pub(super) fn looks_like_a_count(numbers: &Numbers) -> bool {
    let mut values = numbers.values.clone();
    values.sort_unstable();
    values.dedup();
    let span = values[values.len() - 1] - values[0];
    values.len() == 1 || span / common_step(&values) < 2 * values.len() as i64
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
fn is_rounded_turn(values: &[i64], whole: i64) -> bool {
    let frames = values.len() as i64;
    let all = |angle: fn(i64, i64) -> i64| {
        values.iter().zip(0..).all(|(&value, i)| value == angle(whole * i, frames))
    };
    frames * 2 <= whole
        && whole % frames != 0
        && (all(|turned, frames| turned / frames)
            || all(|turned, frames| (2 * turned + frames) / (2 * frames)))
}

/// The commonest difference between neighbours, the smallest of equals. `values` ascend without duplicates.
fn common_step(values: &[i64]) -> i64 {
    let mut differences: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in values.windows(2) {
        *differences.entry(pair[1] - pair[0]).or_default() += 1;
    }
    // `max_by_key` gives the last of equals, hence the reversal.
    differences.into_iter().rev().max_by_key(|&(_, count)| count).map_or(1, |(step, _)| step)
}

/// Whether at least half of the neighbours are a step apart.
fn is_usual(values: &[i64], step: i64) -> bool {
    let pairs = values.windows(2);
    let apart = pairs.clone().filter(|pair| pair[1] - pair[0] == step).count();
    2 * apart >= pairs.len()
}

/// The position of the first value that is not a whole number of steps from most of the others.
fn out_of_step(values: &[i64], step: i64) -> Option<usize> {
    let mut residues: BTreeMap<i64, usize> = BTreeMap::new();
    for value in values {
        *residues.entry(value.rem_euclid(step)).or_default() += 1;
    }
    let (&common, _) = residues.iter().rev().max_by_key(|&(_, count)| count)?;
    values.iter().position(|value| value.rem_euclid(step) != common)
}

struct Missing {
    runs: Vec<MissingRun>,
    /// The first missing value, and the position of the frame beside it.
    first: Option<(i64, usize)>,
}

/// The values missing between the first and the last one, or from the `whole` turn where they count degrees.
fn missing_runs(numbers: &Numbers, values: &[i64], step: i64, whole: Option<i64>) -> Missing {
    let mut missing = Missing { runs: Vec::new(), first: None };
    let mut gap = |from: i64, to: i64, neighbour: usize| {
        if from > to {
            return;
        }
        missing.first.get_or_insert((from, neighbour));
        missing.runs.push(MissingRun {
            first: numbers.plain(from),
            last: numbers.plain(to),
            frames: ((to - from) / step + 1).unsigned_abs(),
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
