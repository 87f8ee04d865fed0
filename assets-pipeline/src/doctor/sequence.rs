//! Whether frames fit better elsewhere in the turn.

use super::{
    distance::Distances,
    robust::{expected, median},
};

/// A turn in which the frame after next is not at least so much further away than the next one, as a power of
/// e, has steps too large to tell an order by. The sample ring has 0.65 at 1 degree a step, 0.6 at 10, 0.45 at 15
/// and 0.15 at 30.
const LEAST_ORDER: f32 = 0.25;
/// How much shorter the way through the frames has to become, as a power of e and a share of the turn's own
/// order. Clean turns reach 0.87 of it, at 18 degrees a step; swapped neighbours at 10
/// degrees a step reach 1.09 at the least.
const SHORTER: f32 = 0.25;
const LEAST_SHORTER: f32 = 0.13;
/// The same for frames that go far: there are many more places to try.
const LEAST_SHORTER_FAR: f32 = 0.25;
/// A step that a repair makes has to be within these factors of the steps around it: no longer, and not one to
/// the same view from the other side of a symmetric piece either.
const FITTING: (f32, f32) = (0.5, 1.5);
/// The same for two frames that are exchanged, where four steps have to fit.
const EXCHANGED: (f32, f32) = (0.5, 1.7);
/// How much longer than usual the steps have to be that a repair takes away, as a share of the same.
const LONG: f32 = 0.6;
/// How much further three steps are than one, at the least, where a piece goes on turning.
const GOING_ON: f32 = 1.3;
/// How many steps on each side of a place say what is usual there.
const PAIRS: usize = 3;
/// More repairs than this are a turn in no order at all.
const MOST_REPAIRS: usize = 12;

/// What puts frames where they belong. Positions count in the turn as it was before the repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repair {
    /// The frames of two positions change places.
    Swap(usize, usize),
    /// A frame goes behind another one.
    Move { from: usize, behind: usize },
    /// The frames from one position to another, both included, run backwards.
    Reverse(usize, usize),
}

/// A repair of a turn that earlier repairs may have changed.
#[derive(Debug)]
pub(super) struct Repaired {
    pub(super) repair: Repair,
    /// The turn that the repair was made in: indices of frames.
    pub(super) before: Vec<usize>,
}

/// Repairs the turn as long as that makes it clearly shorter. `turn` holds indices into `distances`.
/// `may_go` says of each step whether it may be taken away.
pub(super) fn repair(turn: &mut Vec<usize>, distances: &Distances, may_go: &[bool]) -> Vec<Repaired> {
    let mut repairs = Vec::new();
    while repairs.len() < MOST_REPAIRS {
        let Some(repair) = best_repair(turn, distances, may_go) else { break };
        let before = turn.clone();
        apply(turn, repair);
        repairs.push(Repaired { repair, before });
    }
    repairs
}

fn apply(turn: &mut Vec<usize>, repair: Repair) {
    match repair {
        Repair::Swap(a, b) => turn.swap(a, b),
        Repair::Reverse(first, last) => turn[first..=last].reverse(),
        Repair::Move { from, behind } => {
            let frame = turn.remove(from);
            turn.insert(if from < behind { behind } else { behind + 1 }, frame);
        }
    }
}

fn best_repair(turn: &[usize], distances: &Distances, may_go: &[bool]) -> Option<Repair> {
    let n = turn.len();
    if n < 8 {
        return None;
    }
    let way = |a: usize, b: usize| distances.between(turn[a % n], turn[b % n]);
    let order: Vec<f32> = (0..n)
        .map(|i| ((way(i, i + 2) + way(i + 1, i + 3)) / (way(i, i + 1) + way(i + 2, i + 3))).ln())
        .collect();
    let order = median(&order);
    if order < LEAST_ORDER {
        return None;
    }
    let near = LEAST_SHORTER.max(SHORTER * order);
    let far = LEAST_SHORTER_FAR.max(SHORTER * order);
    let steps: Vec<Option<f32>> = (0..n).map(|i| Some(way(i, i + 1).ln())).collect();
    let usual: Vec<f32> = expected(&steps).into_iter().map(|step| step.unwrap_or(0.0).exp()).collect();
    let is_within =
        |(least, most): (f32, f32), usual: f32, step: f32| (least * usual..=most * usual).contains(&step);
    let fits = |i: usize, step: f32| is_within(FITTING, usual[i % n], step);
    let mut best: Option<(f32, Repair)> = None;
    // `replaced` are the steps that the repair takes away. Where it goes far, each has to be long by itself: that
    // the way is shorter over the other side of a symmetric piece is no fault of theirs.
    let mut consider = |replaced: &[usize], after: f32, least: f32, repair: Repair| {
        let before: f32 = replaced.iter().map(|&i| way(i, i + 1)).sum();
        let is_near = matches!(repair, Repair::Reverse(first, last) if last == first + 1);
        // Frames that are exchanged have two long steps beside each other, in which the usual one drowns.
        let usual = |i: usize| match repair {
            Repair::Swap(..) => usual_beside(&steps, i, replaced),
            _ => usual[i % n],
        };
        let are_long = || replaced.iter().all(|&i| (way(i, i + 1) / usual(i)).ln() > LONG * least);
        let may_go = replaced.iter().all(|&i| may_go[i % n]);
        if may_go
            && (before / after).ln() > least
            && (is_near || are_long())
            && best.is_none_or(|(saved, _)| before - after > saved)
        {
            best = Some((before - after, repair));
        }
    };
    // The seam stays where it is, so that a reversal never turns the whole set round.
    for first in 0..n {
        for last in first + 1..n {
            if last - first + 2 >= n {
                continue;
            }
            let (before_first, after_last) = (first + n - 1, last + 1);
            let (in_front, behind) = (way(before_first, last), way(first, after_last));
            // A turn that does not close is no run of frames that goes backwards.
            let is_open = last > first + 1 && (first == 0 || after_last == n);
            // Over the other side of a symmetric piece the frames would go back where they came from: the ones
            // three steps apart would be as near as neighbours.
            let goes_on = last == first + 1
                || way(before_first + n - 1, last + n - 1) > GOING_ON * in_front
                    && way(first + 1, after_last + 1) > GOING_ON * behind;
            let fit = if last == first + 1 {
                in_front < FITTING.1 * usual[before_first % n] && behind < FITTING.1 * usual[last]
            } else {
                fits(before_first, in_front) && fits(last, behind)
            };
            if !is_open && goes_on && fit {
                let least = if last == first + 1 { near } else { far };
                // Frames that run backwards are each beside their neighbours, and two that are exchanged are not.
                let inside = way(first, first + 1) + way(last + n - 1, last);
                let are_exchanged = last == first + 2
                    || last > first + 2 && way(last, first + 1) + way(last + n - 1, first) < inside;
                let repair =
                    if are_exchanged { Repair::Swap(first, last) } else { Repair::Reverse(first, last) };
                consider(&[before_first, last], in_front + behind, least, repair);
            }
            if last > first + 1 {
                let exchanged = [
                    (before_first, in_front),
                    (last, behind),
                    (first, way(last, first + 1)),
                    (last + n - 1, way(last + n - 1, first)),
                ];
                // With one frame between them, both go beside it as before.
                let exchanged = if last > first + 2 { &exchanged[..] } else { &exchanged[..2] };
                let replaced: Vec<usize> = exchanged.iter().map(|step| step.0).collect();
                let before: f32 = replaced.iter().map(|&i| way(i, i + 1)).sum();
                let after: f32 = exchanged.iter().map(|step| step.1).sum();
                let all_fit = || {
                    let usual = |i| usual_beside(&steps, i, &replaced);
                    exchanged.iter().all(|&(i, step)| is_within(EXCHANGED, usual(i), step))
                };
                if after < before && (last > first + 2 || goes_on) && all_fit() {
                    consider(&replaced, after, far, Repair::Swap(first, last));
                }
            }
        }
    }
    for from in 0..n {
        let closed = way(from + n - 1, from + 1);
        if !fits(from, closed) && !fits(from + n - 1, closed) {
            continue;
        }
        for behind in 0..n {
            if behind == from
                || (behind + 1) % n == from
                || behind == (from + 1) % n
                || (behind + 2) % n == from
            {
                continue;
            }
            let (to, on) = (way(behind, from), way(from, behind + 1));
            // The gap that it fills is one step too long.
            if fits(behind, to) && fits(behind, on) {
                let replaced = [from + n - 1, from, behind];
                consider(&replaced, closed + to + on, far, Repair::Move { from, behind });
            }
        }
    }
    best.map(|(_, repair)| repair)
}

/// The usual step of a place by the nearest steps on both sides of it, without those that are in doubt. `steps` are powers
/// of e.
fn usual_beside(steps: &[Option<f32>], at: usize, doubted: &[usize]) -> f32 {
    let n = steps.len();
    let step = |i: usize| steps[i % n].filter(|_| doubted.iter().all(|doubted| doubted % n != i % n));
    let pairs =
        (1..n / 2).filter_map(|offset| Some(f32::midpoint(step(at + offset)?, step(at + n - offset)?)));
    median(&pairs.take(PAIRS).collect::<Vec<_>>()).exp()
}
