//! Levels once more, after the first encodes: what is too large, what stands out, and what is left over.

use std::collections::HashSet;

use super::{AIM, Ceiling, Encode, Given, Level, Levels, Solver, Unsolved};

/// A score that differs by less from the others is not worth an encode.
const NOTICED: f64 = 0.7;
/// Encodes that evening may bring the mean to, a frame: what is left of this after fitting.
const ENCODES: f64 = 1.4;
/// The share above which the solver is content, and what it raises frames to when it is not.
pub(super) const CONTENT: f64 = 0.97;
const RAISED: f64 = 0.978;

impl Solver {
    /// Lowers frames, the best first, until every ceiling holds.
    pub(super) fn lower<E>(
        &mut self,
        levels: &mut Given,
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let Levels { lowest, .. } = self.levels;
        while let Some(ceiling) =
            binding.iter().find(|ceiling| self.total(levels, ceiling) > ceiling.max_bytes)
        {
            let mut next = levels.clone();
            let foretold = |next: &Given| self.foretold(next, ceiling);
            let enough = ceiling.max_bytes as f64 * 0.998;
            // Everyone goes down together where a stride each would not be enough.
            let log_excess = (foretold(&next) / enough).ln();
            let together = (log_excess / self.slopes().log_bytes) as Level;
            if together > self.stride() {
                for frame in &ceiling.frames {
                    next.entry(*frame)
                        .and_modify(|level| *level = level.saturating_sub(together).max(lowest));
                }
            }
            while foretold(&next) > enough && ceiling.frames.iter().any(|frame| next[frame] > lowest) {
                for frame in self.by_score(&ceiling.frames, &next).into_iter().rev() {
                    if foretold(&next) <= enough {
                        break;
                    }
                    next.entry(frame)
                        .and_modify(|level| *level = level.saturating_sub(self.stride()).max(lowest));
                }
            }
            if next == *levels {
                return Err(Unsolved::OverBudget);
            }
            self.fetch(next.iter().map(|(frame, level)| (*frame, *level)), encoder)?;
            *levels = next;
        }
        Ok(())
    }

    /// Moves frames that stand out to where the others are, the worst cases first, as far as encodes may
    /// still be spent on it; no ceiling is broken by it.
    pub(super) fn even_out<E>(
        &mut self,
        levels: &mut Given,
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let slope = self.slopes().score;
        let all: HashSet<usize> = self.ceilings.iter().flat_map(|ceiling| &ceiling.frames).copied().collect();
        let open =
            all.iter().filter(|frame| !self.settled.contains_key(frame) && !levels.contains_key(frame));
        let allowed = (ENCODES * all.len() as f64) as usize;
        let allowed = allowed.saturating_sub(self.encodes + open.count());
        // Less than half a stride cannot be mended by one.
        let noticed = (0.6 * slope * f64::from(self.stride())).max(NOTICED);
        let mean = |frames: &[usize]| {
            frames.iter().map(|frame| self.score(*frame, levels[frame])).sum::<f64>()
                / frames.len().max(1) as f64
        };
        // Each frame among those that share its bytes; by how much it is off, and where it should be.
        let mut uneven: Vec<Uneven> = Vec::new();
        for (ceiling, shared) in binding.iter().enumerate() {
            let mean = mean(&shared.frames);
            for frame in &shared.frames {
                let off_by = self.score(*frame, levels[frame]) - mean;
                if off_by.abs() > noticed && uneven.iter().all(|one| one.frame != *frame) {
                    uneven.push(Uneven { frame: *frame, ceiling, off_by, mean });
                }
            }
        }
        uneven.sort_by(|a, b| b.off_by.abs().total_cmp(&a.off_by.abs()).then(a.frame.cmp(&b.frame)));
        uneven.truncate(allowed);
        let mut next = levels.clone();
        for (ceiling, shared) in binding.iter().enumerate() {
            let moved_by = |shift: f64| {
                let mut moved = next.clone();
                for one in uneven.iter().filter(|one| one.ceiling == ceiling) {
                    let level = f64::from(levels[&one.frame]);
                    let wanted = level + (shift - one.off_by) / slope;
                    let wanted = wanted.min(self.best_level(one.frame).max(level));
                    moved.insert(one.frame, self.clamp(wanted).round() as Level);
                }
                moved
            };
            // To where the others are, or a little off it, so that what better frames give up is just
            // what worse ones get.
            let (mut low, mut high) = (-3.0 * noticed, noticed);
            for _ in 0..8 {
                let middle = f64::midpoint(low, high);
                let fits = self.foretold(&moved_by(middle), shared) <= shared.max_bytes as f64 * AIM;
                if fits { low = middle } else { high = middle }
            }
            next = moved_by(low);
        }
        self.fetch(uneven.iter().map(|one| (one.frame, next[&one.frame])), encoder)?;
        let mut evened = levels.clone();
        for Uneven { frame, off_by, mean, .. } in &uneven {
            if (self.score(*frame, next[frame]) - mean).abs() < off_by.abs() {
                evened.insert(*frame, next[frame]);
            }
        }
        self.take_back(&mut evened, levels, binding);
        *levels = evened;
        Ok(())
    }

    /// Hands left-over bytes to the frames that look worst. Answers whether more may be left.
    pub(super) fn raise<E>(
        &mut self,
        levels: &mut Given,
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<bool, Unsolved<E>> {
        let Levels { highest, .. } = self.levels;
        let fits = |next: &Given, share: f64| {
            binding.iter().all(|ceiling| self.foretold(next, ceiling) <= ceiling.max_bytes as f64 * share)
        };
        let is_best = |frame: usize| self.score(frame, levels[&frame]) >= self.best_score - 0.5;
        let mut next = levels.clone();
        for ceiling in binding.iter().filter(|ceiling| self.is_hungry(levels, ceiling)) {
            let left = (ceiling.max_bytes as f64 * RAISED / self.total(levels, ceiling).max(1) as f64).ln();
            let together = (left / self.slopes().log_bytes).min(40.0) as Level;
            let can_grow: Vec<usize> =
                ceiling.frames.iter().copied().filter(|frame| !is_best(*frame)).collect();
            if together > self.stride() {
                let mut all = next.clone();
                for frame in &can_grow {
                    let most = self.clamp(self.best_level(*frame).ceil()) as Level;
                    all.entry(*frame)
                        .and_modify(|level| *level = (*level + together).min(most.max(*level)).min(highest));
                }
                if fits(&all, 1.0) {
                    next = all;
                }
            }
            for frame in self.by_score(&can_grow, &next) {
                if self.foretold(&next, ceiling) >= ceiling.max_bytes as f64 * RAISED {
                    break;
                }
                let now = next[&frame];
                next.insert(frame, (now + self.stride()).min(highest));
                if !fits(&next, 0.997) {
                    next.insert(frame, now);
                }
            }
        }
        if next == *levels {
            return Ok(false);
        }
        self.fetch(next.iter().map(|(frame, level)| (*frame, *level)), encoder)?;
        self.take_back(&mut next, levels, binding);
        *levels = next;
        Ok(binding.iter().any(|ceiling| self.is_hungry(levels, ceiling)))
    }

    /// Whether more than a little of a ceiling is left that a frame could use.
    fn is_hungry(&self, levels: &Given, ceiling: &Ceiling) -> bool {
        (self.total(levels, ceiling) as f64) < ceiling.max_bytes as f64 * CONTENT
    }

    /// Frames that turned out larger than foretold go back to what they were, the best first, until
    /// every ceiling holds again.
    fn take_back(&self, next: &mut Given, before: &Given, binding: &[Ceiling]) {
        let raised: Vec<usize> =
            next.iter().filter(|(frame, level)| **level > before[*frame]).map(|(frame, _)| *frame).collect();
        for frame in self.by_score(&raised, next).into_iter().rev() {
            let over = |c: &Ceiling| c.frames.contains(&frame) && self.total(next, c) > c.max_bytes;
            if binding.iter().any(over) {
                next.insert(frame, before[&frame]);
            }
        }
    }
}

/// A frame that looks better or worse than those that share its bytes.
struct Uneven {
    frame: usize,
    /// Index of the ceiling that they share.
    ceiling: usize,
    off_by: f64,
    mean: f64,
}
