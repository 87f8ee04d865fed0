//! Names that say when each frame was taken.

use std::ops::Range;

use super::pattern::Numbers;
use super::{Numbering, Turn};

/// Seconds since 1970 of the years that a photograph may be from: 2000 to 2100.
const SECONDS: Range<i64> = 946_684_800..4_102_444_800;

/// The turn in the order of time, where the numbers of the names are a date and time, or a count of seconds, and
/// nothing else varies.
pub(super) fn turn(names: &[String], columns: &[Numbers]) -> Option<Turn> {
    let widths: Vec<Option<usize>> = columns.iter().map(width).collect();
    let key = (0..columns.len()).find_map(|from| {
        let to = from + columns_of_a_time(&columns[from..], &widths[from..])?;
        let varies = |column: &Numbers| column.distinct() > 1;
        let outside = columns[..from].iter().chain(&columns[to..]);
        if outside.clone().any(varies) {
            return None;
        }
        let key = |name: usize| -> Vec<i64> {
            columns[from..to].iter().map(|column| column.values[name]).collect()
        };
        Some((0..names.len()).map(key).collect::<Vec<_>>())
    })?;
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| key[a].cmp(&key[b]));
    if order.windows(2).any(|pair| key[pair[0]] == key[pair[1]]) {
        return None;
    }
    let remark = "The numbers in the names are times, so the frames are in the order in which they were taken, and a \
                  frame that is missing would not be noticed";
    Some(Turn { order, numbering: Numbering::Times, remarks: vec![remark.into()] })
}

/// What stands for the width of an hour that goes from 9 to 10: some programs write no zero before it. On a clock of twelve
/// hours, 1 comes after 12, and their order is not that of their numbers.
const NINE_TO_TEN: usize = 0;

/// How many digits the number has in every name.
fn width(column: &Numbers) -> Option<usize> {
    let first = column.spans.first()?.len();
    if column.spans.iter().all(|span| span.len() == first) {
        return Some(first);
    }
    let is_hour = column.values.iter().zip(&column.spans).all(|(&hour, span)| match hour {
        7..=9 => span.len() == 1,
        10..=12 => span.len() == 2,
        _ => false,
    });
    (is_hour && column.values.contains(&9) && column.values.contains(&10)).then_some(NINE_TO_TEN)
}

/// How many columns, from the first on, are a time.
fn columns_of_a_time(columns: &[Numbers], widths: &[Option<usize>]) -> Option<usize> {
    let all = |column: usize, is: &dyn Fn(i64) -> bool| columns[column].values.iter().all(|&value| is(value));
    let date = |value: i64| is_date(value / 10_000, value / 100 % 100, value % 100);
    let time = |value: i64| value / 10_000 < 24 && value / 100 % 100 < 60 && value % 100 <= 60;
    let known: Vec<usize> = widths.iter().map_while(|width| *width).collect();
    match known.as_slice() {
        [14, ..] if all(0, &|v| date(v / 1_000_000) && time(v % 1_000_000)) => Some(1),
        [17, ..] if all(0, &|v| date(v / 1_000_000_000) && time(v / 1_000 % 1_000_000)) => Some(1),
        [digits @ (10 | 13 | 16), ..] => {
            let unit = 10_i64.pow(*digits as u32 - 10);
            all(0, &|v| SECONDS.contains(&(v / unit))).then_some(1)
        }
        [8, rest @ ..] if all(0, &date) => match rest {
            [6, ..] if all(1, &time) => Some(2),
            [9, ..] if all(1, &|v| time(v / 1_000)) => Some(2),
            _ => clock(&known[1..], |i, is| all(i + 1, is)).map(|columns| columns + 1),
        },
        [4, 2, 2, rest @ ..]
            if all(0, &|v| is_date(v, 1, 1))
                && all(1, &|v| is_date(2000, v, 1))
                && all(2, &|v| is_date(2000, 1, v)) =>
        {
            match rest {
                [6, ..] if all(3, &time) => Some(4),
                _ => clock(rest, |i, is| all(i + 3, is)).map(|columns| columns + 3),
            }
        }
        _ => None,
    }
}

/// Hours, minutes and seconds in columns of their own.
fn clock(widths: &[usize], all: impl Fn(usize, &dyn Fn(i64) -> bool) -> bool) -> Option<usize> {
    let is_clock = matches!(widths, [2 | NINE_TO_TEN, 2, 2, ..])
        && all(0, &|hour| hour < 24)
        && all(1, &|minute| minute < 60)
        && all(2, &|second| second <= 60);
    is_clock.then_some(3)
}

fn is_date(year: i64, month: i64, day: i64) -> bool {
    (1980..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}
