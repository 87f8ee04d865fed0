//! What stands beside what on the turn: no frame looks much better or worse than its neighbours.

use std::collections::HashMap;

use super::{Ceiling, Encode, Given, Level, Solver, Unsolved};

/// The largest difference of SSIMULACRA2 between neighbours that is put up with: more is seen as pumping
/// while the piece turns.
pub const STEP: f64 = 3.0;
/// What the better of two that differ by more is brought to, so that an encode that turns out otherwise than
/// foretold suffices all the same.
const JOINED: f64 = 2.4;

/// The largest difference between scores that follow each other on the turn, the last and the first included.
pub fn largest_step(scores: &[f64]) -> f64 {
    let next = scores.iter().cycle().skip(1);
    scores.iter().zip(next).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// The frames that stand beside each frame in some ceiling.
#[derive(Debug)]
pub(super) struct Neighbours(HashMap<usize, Vec<usize>>);

impl Neighbours {
    pub(super) fn new(ceilings: &[Ceiling]) -> Self {
        let mut all: HashMap<usize, Vec<usize>> = HashMap::new();
        for Ceiling { frames, .. } in ceilings {
            for (one, other) in frames.iter().zip(frames.iter().cycle().skip(1)) {
                all.entry(*one).or_default().push(*other);
                all.entry(*other).or_default().push(*one);
            }
        }
        for (frame, beside) in &mut all {
            beside.sort_unstable();
            beside.dedup();
            beside.retain(|other| other != frame);
        }
        Self(all)
    }
}

impl Solver {
    /// The neighbours of a frame that have a level, by how much it is better than each.
    fn ahead(&self, frame: usize, levels: &Given) -> impl Iterator<Item = (usize, f64)> {
        let own = levels.get(&frame).map(|level| self.score(frame, *level));
        let beside = self.neighbours.0.get(&frame).into_iter().flatten();
        beside.filter_map(move |other| Some((*other, own? - self.score(*other, *levels.get(other)?))))
    }

    /// Whether a frame is better or worse than a neighbour by more than [`STEP`].
    pub(super) fn stands_out(&self, frame: usize, levels: &Given) -> bool {
        self.ahead(frame, levels).any(|(_, by)| by.abs() > STEP)
    }

    /// Whether any frame is.
    pub(super) fn has_steps(&self, levels: &Given) -> bool {
        levels.keys().any(|frame| self.stands_out(*frame, levels))
    }

    /// Whether a frame stands out, and from a neighbour that it was nearer to before.
    pub(super) fn is_further(&self, frame: usize, levels: &Given, before: &Given) -> bool {
        let were: HashMap<usize, f64> = self.ahead(frame, before).collect();
        self.ahead(frame, levels).any(|(other, by)| by.abs() > STEP && by.abs() > were[&other].abs())
    }

    /// Lowers frames until none is better by more than [`STEP`] than its neighbour, as far as levels go. What
    /// they give up is left over. Answers whether any was lowered.
    pub(super) fn join<E>(
        &mut self,
        levels: &mut Given,
        encoder: &mut impl Encode<E>,
    ) -> Result<bool, Unsolved<E>> {
        loop {
            // Each time from where they were, so that one that was lowered too far does not draw down the
            // others.
            let next = self.joined(levels);
            let before = self.encodes;
            self.fetch(next.iter().map(|(frame, level)| (*frame, *level)), encoder)?;
            if self.encodes == before {
                let is_lowered = next != *levels;
                *levels = next;
                return Ok(is_lowered);
            }
        }
    }

    /// The levels with those lowered that stand out, and those that stand out then, as far as can be
    /// foretold.
    fn joined(&self, levels: &Given) -> Given {
        let mut next = levels.clone();
        let mut waiting: Vec<usize> = next.keys().copied().collect();
        waiting.sort_unstable();
        while let Some(frame) = waiting.pop() {
            let too_good = self.ahead(frame, &next).map(|(_, by)| by).fold(0.0, f64::max);
            if too_good <= STEP {
                continue;
            }
            let level = next[&frame];
            let worst = self.score(frame, level) - too_good;
            let is_near = |lower: &Level| {
                let most = if self.curves.get(frame, *lower).is_some() { STEP } else { JOINED };
                self.score(frame, *lower) <= worst + most
            };
            if let Some(lower) = (self.levels.lowest..level).rev().find(is_near) {
                next.insert(frame, lower);
                waiting.extend(self.neighbours.0.get(&frame).into_iter().flatten());
            }
        }
        next
    }
}
