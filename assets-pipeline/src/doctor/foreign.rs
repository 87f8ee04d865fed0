//! Frames that show another piece: whatever is done to their light and their place, no other frame is like them.

use super::distance::Distances;
use super::robust::median;

/// Frames that are less than so many usual steps apart are near each other, whichever they are.
const FAR: f32 = 2.0;
/// Nor is anything far that differs by less than this, in levels of 255.
const LEAST_FAR: f32 = 6.0;
/// The same for a frame that is lit and moved so that it is like the other one. The tests' frames that are dark, bright or
/// knocked, and the nearest ones of runs of them, stay below 1.2 steps or 17 levels; those of another piece begin at 24.
const UNLIKE: f32 = 1.5;
const LEAST_UNLIKE: f32 = 20.0;
/// Where more than one in so many frames is unlike the others, the turn is no one piece's.
const ONE_IN: usize = 6;

/// The members of a turn that show another piece. They have no say in what is found of the others.
pub(super) fn foreign(order: &[usize], distances: &Distances) -> Vec<usize> {
    let n = order.len();
    let apart = |i: usize, j: usize| distances.between(order[i], order[j]);
    let usual = median(&(0..n).map(|i| apart(i, (i + 1) % n)).collect::<Vec<_>>());
    let unlike = LEAST_UNLIKE.max(UNLIKE * usual);
    let far = (FAR * usual).clamp(LEAST_FAR, unlike);
    let mut chains = chains(n, |i, j| apart(i, j) < far);
    chains.sort_by_key(Vec::len);
    let Some(turn) = chains.pop().filter(|turn| 2 * turn.len() > n) else { return Vec::new() };
    // What is only lit otherwise or moved is of the same piece, and so is what is near such a frame.
    let is_like =
        |i: &usize| turn.iter().any(|&j| distances.between_alike(order[*i], order[j], unlike) < unlike);
    chains.retain(|chain| !chain.iter().any(is_like));
    let mut foreign: Vec<usize> = chains.concat();
    foreign.sort_unstable();
    if foreign.len() * ONE_IN > n { Vec::new() } else { foreign.into_iter().map(|i| order[i]).collect() }
}

/// Groups of frames of which each leads to each other one by near ones.
fn chains(n: usize, is_near: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..n).collect();
    let mut chains = Vec::new();
    while let Some(first) = left.pop() {
        let mut chain = vec![first];
        let mut at = 0;
        while at < chain.len() {
            let from = chain[at];
            let (near, rest): (Vec<usize>, Vec<usize>) = left.into_iter().partition(|&to| is_near(from, to));
            chain.extend(near);
            left = rest;
            at += 1;
        }
        chains.push(chain);
    }
    chains
}
