//! Whether a view lies between two others.
//!
//! While a piece goes on turning, the view before a frame and the view after it are further from each other than
//! either is from the frame. A frame in a place that is not its own is as far from both as any other view, and the two
//! are hardly further apart than that. This needs no usual step to hold it against, so that it holds where steps grow
//! and shrink from view to view.
//!
//! In large steps fine detail is as different from one frame to the next as from any frame to any other. What is left of
//! it in a smaller picture still goes from frame to frame, so that such a turn is looked at in smaller ones.
//!
//! Not everything can be told from pictures:
//!
//! - Two views that are the same picture, as a ring has them half a turn apart, can be exchanged unseen. Where one of
//!   them is in the wrong place, it may be the other one that is named.
//! - The view on which a piece mirrors itself (from the front, or on edge for a thin one) lies between nothing: those on
//!   both sides of it are alike, and nearer to each other than to it. In coarse steps neither a frame that takes its place
//!   nor the order of the two beside it can be seen.
//! - In steps of 30 degrees most pieces show another view each time, of which none is nearer to one than to another.

use super::{distance::Distances, robust::median};

/// Where the frame after next is not so much further away than the next one, as a power of e, steps are too large to tell an
/// order by. The sample rings have 0.6 at 5 degrees a step, 0.39 to 0.5 at 15, 0.22 to 0.42 at 20 and 0.25 at the most at 24 or
/// 30.
const LEAST_ORDER: f32 = 0.3;
/// From so much on an order is told as it is; below it a smaller picture is looked at.
const ENOUGH_ORDER: f32 = 0.5;
/// How often pictures are made smaller.
const SMALLER: usize = 2;

/// The distances of smaller pictures, where those show the turn more in order; `None` where the turn is in order as it is, or
/// not in smaller pictures either. `is_known` says of each step whether it is from a frame to its neighbour.
pub(super) fn in_order(turn: &[usize], distances: &Distances, is_known: &[bool]) -> Option<Distances> {
    let mut most = order(turn, distances, is_known);
    let (mut smaller, mut best): (Option<Distances>, _) = (None, None);
    for _ in 0..SMALLER {
        if most >= ENOUGH_ORDER {
            break;
        }
        let Some(next) = smaller.as_ref().unwrap_or(distances).smaller() else { break };
        let here = order(turn, &next, is_known);
        if here > most {
            (most, best) = (here, Some(next.clone()));
        }
        smaller = Some(next);
    }
    best
}

/// How much further the frame after next is than the next one in most of the turn, as a power of e.
fn order(turn: &[usize], distances: &Distances, is_known: &[bool]) -> f32 {
    let n = turn.len();
    let orders: Vec<f32> = (0..n)
        .filter(|&i| is_known[i] && is_known[(i + 1) % n])
        .map(|i| {
            let [from, over, to] = [0, 1, 2].map(|step| turn[(i + step) % n]);
            let log = |from, to| distances.between(from, to).ln();
            log(from, to) - f32::midpoint(log(from, over), log(over, to))
        })
        .collect();
    median(&orders)
}

/// How views lie to each other, at the scale at which the turn is in order.
#[derive(Debug)]
pub(super) struct Between {
    /// Distances as powers of e.
    logs: Vec<Vec<f32>>,
    order: f32,
}

impl Between {
    /// Of a closed turn of frames; `is_known` says of each step whether it is from a frame to its neighbour. `None` where
    /// steps are too large to tell an order by.
    pub(super) fn of(turn: &[usize], distances: &Distances, is_known: &[bool]) -> Option<Self> {
        if order(turn, distances, is_known) < LEAST_ORDER {
            return None;
        }
        let smaller = in_order(turn, distances, is_known);
        let distances = smaller.as_ref().unwrap_or(distances);
        let frames = 0..distances.count();
        let logs_from = |from| frames.clone().map(|to| distances.between(from, to).ln()).collect();
        Some(Self { logs: frames.clone().map(logs_from).collect(), order: order(turn, distances, is_known) })
    }

    /// How much further the frame after next is than the next one in most of the turn: a view between its neighbours has
    /// about as much.
    pub(super) const fn order(&self) -> f32 {
        self.order
    }

    /// By which factor, as a power of e, a frame is nearer to the two views of the second pair than to those of the first.
    pub(super) fn nearer(&self, frame: usize, first: [usize; 2], second: [usize; 2]) -> f32 {
        let away = |views: [usize; 2]| views.map(|view| self.logs[frame][view].exp()).iter().sum::<f32>();
        (away(first) / away(second)).ln()
    }

    /// How much further the one view is from the other than both are from the one between them, at most the turn's order
    /// and at least as much less.
    pub(super) fn lies(&self, from: usize, over: usize, to: usize) -> f32 {
        let further = self.logs[from][to] - self.logs[from][over].max(self.logs[over][to]);
        further.clamp(-self.order, self.order)
    }
}
