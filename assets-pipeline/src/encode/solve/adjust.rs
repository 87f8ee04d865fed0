//! Levels once more, after the first encodes: what is too large, what stands out, and what is left over.

use std::collections::HashSet;

use super::{AIM, Ceiling, Encode, Given, LEAD, Level, Levels, Solver, Unsolved};

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
        while let Some(ceiling) = binding.iter().find(|ceiling| self.is_over(levels, ceiling)) {
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

    /// Encodes that evening out may take, so that frames that come later have theirs.
    pub(super) fn encodes_left(&self, levels: &Given) -> usize {
        let all: HashSet<usize> = self.ceilings.iter().flat_map(|ceiling| &ceiling.frames).copied().collect();
        let open =
            all.iter().filter(|frame| !self.settled.contains_key(frame) && !levels.contains_key(frame));
        let allowed = (ENCODES * all.len() as f64) as usize;
        allowed.saturating_sub(self.encodes + open.count())
    }

    /// Moves frames to where the others are that are further from them than `off_by`, and far enough to
    /// notice, the worst cases first and so many at most; no ceiling is broken by it.
    pub(super) fn even_out<E>(
        &mut self,
        levels: &mut Given,
        binding: &[Ceiling],
        (off_by, allowed): (f64, usize),
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let slope = self.slopes().score;
        // Less than half a stride cannot be mended by one.
        let noticed = (0.6 * slope * f64::from(self.stride())).max(NOTICED).max(off_by);
        // Each frame among those that share its bytes; by how much it is off, and where it should be.
        let mut uneven: Vec<Uneven> = Vec::new();
        for (ceiling, shared) in binding.iter().enumerate() {
            let mean = self.mean_score(&shared.frames, levels);
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

    /// Hands left-over bytes to the frames of a settled group that look worst; no ceiling is broken by it and
    /// no step made. Answers whether more may be left.
    pub(super) fn raise<E>(
        &mut self,
        group: &[usize],
        encoder: &mut impl Encode<E>,
    ) -> Result<bool, Unsolved<E>> {
        let Levels { highest, .. } = self.levels;
        let before = self.settled.clone();
        self.settled.retain(|frame, _| !group.contains(frame));
        let binding = self.binding(group);
        self.settled.clone_from(&before);
        // What frames cannot have whose ceiling is full, the others do not get either.
        let full = binding.iter().filter(|ceiling| !self.is_hungry(&before, ceiling));
        let full = full.map(|ceiling| self.mean_score(&ceiling.frames, &before) + LEAD);
        self.enough = full.fold(self.enough, f64::min);
        let fits = |next: &Given, share: f64| {
            binding.iter().all(|ceiling| self.foretold(next, ceiling) <= ceiling.max_bytes as f64 * share)
        };
        let rise = self.slopes().score * f64::from(self.stride()) / 2.0;
        let is_best = |frame: usize, level| self.score(frame, level) >= self.enough - rise.min(0.5);
        let reach = ((self.levels.reach / self.slopes().log_bytes) as Level).max(self.stride());
        let mut next = before.clone();
        for ceiling in binding.iter().filter(|ceiling| self.is_hungry(&before, ceiling)) {
            let mut growing = ceiling.frames.clone();
            while self.foretold(&next, ceiling) < ceiling.max_bytes as f64 * RAISED {
                let Some(frame) = self.by_score(&growing, &next).first().copied() else { break };
                let now = next[&frame];
                let level = (now + self.stride()).min(highest).min(before[&frame] + reach);
                next.insert(frame, level);
                if level == now || is_best(frame, now) || !fits(&next, 0.997) || self.stands_out(frame, &next)
                {
                    next.insert(frame, now);
                    growing.retain(|one| *one != frame);
                }
            }
        }
        if next == before {
            return Ok(false);
        }
        self.fetch(next.iter().map(|(frame, level)| (*frame, *level)), encoder)?;
        self.take_back(&mut next, &before, &binding);
        let is_done = next == before;
        self.settled = next;
        Ok(!is_done && binding.iter().any(|ceiling| self.is_hungry(&self.settled, ceiling)))
    }

    /// Whether more than a little of a ceiling is left that a frame could use.
    fn is_hungry(&self, levels: &Given, ceiling: &Ceiling) -> bool {
        (self.total(levels, ceiling) as f64) < ceiling.max_bytes as f64 * CONTENT
    }

    /// Lowers settled frames until every ceiling holds of which all frames are settled, and every step.
    pub(super) fn hold<E>(&mut self, encoder: &mut impl Encode<E>) -> Result<(), Unsolved<E>> {
        let mut levels = self.settled.clone();
        let is_closed = |ceiling: &&Ceiling| ceiling.frames.iter().all(|frame| levels.contains_key(frame));
        let closed: Vec<Ceiling> = self.ceilings.iter().filter(is_closed).cloned().collect();
        loop {
            self.lower(&mut levels, &closed, encoder)?;
            if !self.join(&mut levels, encoder)? {
                break;
            }
        }
        self.settled = levels;
        Ok(())
    }

    /// Frames that turned out otherwise than foretold go back to what they were: those that grew, the best
    /// first, until every ceiling holds again, and those that differ more from a neighbour than before and
    /// than they may.
    fn take_back(&self, next: &mut Given, before: &Given, binding: &[Ceiling]) {
        loop {
            let moved: Vec<usize> = next
                .iter()
                .filter(|(frame, level)| **level != before[*frame])
                .map(|(frame, _)| *frame)
                .collect();
            let moved = self.by_score(&moved, next);
            let grew = |frame: usize| self.len(frame, next[&frame]) > self.len(frame, before[&frame]);
            let is_too_large = |frame: usize| {
                let over = |c: &Ceiling| c.frames.contains(&frame) && self.is_over(next, c);
                grew(frame) && binding.iter().any(over)
            };
            let is_wrong = |frame: &&usize| is_too_large(**frame) || self.is_further(**frame, next, before);
            let Some(frame) = moved.iter().rev().find(is_wrong) else { break };
            next.insert(*frame, before[frame]);
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
