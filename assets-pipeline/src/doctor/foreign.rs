//! Frames that show another piece: whatever is done to their light and their place, no other frame is like them.

use super::distance::Distances;
use super::robust::quantile;

/// A frame is near another one below so many times the distance that nearly all frames have to their nearest one.
const FAR: f32 = 3.0;
const NEARLY_ALL: f32 = 0.85;
/// The same for a frame that is lit and moved so that it is like the other one.
const ALIKE: f32 = 1.5;
/// Nor is anything far that differs by less than this, in levels of 255.
const LEAST: f32 = 6.0;
/// Where more than one in so many frames is unlike the others, the turn is no one piece's.
const ONE_IN: usize = 6;

/// The members that show another piece. They have no say in what is found of the others.
pub(super) fn foreign(order: &[usize], distances: &Distances) -> Vec<usize> {
    let n = order.len();
    let others = |i: usize| (0..n).filter(move |&j| j != i);
    let nearest: Vec<f32> = (0..n)
        .map(|i| others(i).map(|j| distances.between(order[i], order[j])).fold(f32::INFINITY, f32::min))
        .collect();
    let usual = quantile(&nearest, NEARLY_ALL);
    let far = LEAST.max(FAR * usual);
    let turn = largest_chain(n, |i, j| distances.between(order[i], order[j]) < far);
    let apart: Vec<usize> = (0..n).filter(|i| !turn.contains(i)).collect();
    // What is only lit otherwise or moved is of the same piece.
    let like = LEAST.max(ALIKE * usual);
    let is_like = |i: usize| turn.iter().any(|&j| distances.between_alike(order[i], order[j], like) < like);
    let foreign: Vec<usize> = apart.into_iter().filter(|&i| !is_like(i)).map(|i| order[i]).collect();
    if foreign.len() * ONE_IN > n { Vec::new() } else { foreign }
}

/// The most frames of which each leads to each other one by near ones.
fn largest_chain(n: usize, is_near: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut left: Vec<usize> = (0..n).collect();
    let mut largest = Vec::new();
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
        if chain.len() > largest.len() {
            largest = chain;
        }
    }
    largest
}
