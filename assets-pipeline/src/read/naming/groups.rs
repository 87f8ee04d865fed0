//! Names of several turns in one set: rows of a spin that is seen from several heights, or several pieces.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::{Numbers, by_pattern, in_natural_order};
use crate::read::refusal::{Refusal, TurnKind, TurnNames};

/// Fewer frames that are called alike are no turn, but strays.
const LEAST_FRAMES: usize = 4;
/// A turn with fewer frames than the largest one by more than this factor is none.
const UNEVEN: usize = 2;

/// The turns of names that keep several patterns: `gold_01.png` and `silver_01.png`.
pub(super) fn turns(names: &[String]) -> Option<Refusal> {
    let groups = by_pattern(names);
    are_turns(&groups).then(|| refusal(names, TurnKind::Words, &groups))
}

/// The rows of names in which one number counts the frames of each value of another one: `ring-01-12.png`.
pub(super) fn rows(names: &[String], columns: &[Numbers]) -> Option<Refusal> {
    let mut by_size: Vec<&Numbers> = columns.iter().filter(|column| column.distinct() > 1).collect();
    by_size.sort_by_key(|column| column.distinct());
    by_size.iter().find_map(|row| {
        let groups = by_value(row, names);
        let counts = |frame: &&&Numbers| {
            let counted =
                |group: &Vec<usize>| -> BTreeSet<i64> { group.iter().map(|&i| frame.values[i]).collect() };
            let all: BTreeSet<i64> = groups.iter().flat_map(counted).collect();
            let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
            // The rows have their numbers in common, and none has one twice.
            all.len() <= UNEVEN * largest && groups.iter().all(|group| counted(group).len() == group.len())
        };
        let is_grid = are_turns(&groups) && by_size.iter().any(|frame| counts(&frame));
        is_grid.then(|| refusal(names, TurnKind::Rows, &groups))
    })
}

/// The names of each number, as indices in natural order.
fn by_value(numbers: &Numbers, names: &[String]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for index in in_natural_order(names) {
        groups.entry(numbers.values[index]).or_default().push(index);
    }
    groups.into_values().collect()
}

fn are_turns(groups: &[Vec<usize>]) -> bool {
    let sizes = || groups.iter().map(Vec::len);
    let (least, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
    groups.len() > 1 && least >= LEAST_FRAMES && least * UNEVEN >= most
}

fn refusal(names: &[String], kind: TurnKind, groups: &[Vec<usize>]) -> Refusal {
    let turn = |group: &Vec<usize>| {
        let name = |index: Option<&usize>| index.map_or_else(String::new, |&index| names[index].clone());
        TurnNames { first: name(group.first()), last: name(group.last()), frames: group.len() }
    };
    Refusal::SeveralTurns { kind, turns: groups.iter().map(turn).collect() }
}
