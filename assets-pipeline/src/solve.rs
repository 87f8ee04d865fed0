//! The budget solver: one shared quality level for a group of frames, corrected frame by frame, so
//! that every ceiling holds and little of any is left over.
//!
//! Levels are steps of an encoder's quality scale, a higher one giving more bytes. The solver knows
//! nothing of images: it asks for encodes in batches and sees their lengths.

use std::collections::{BTreeMap, HashMap};

/// A step of an encoder's quality scale.
pub type Level = u16;

/// A tier's frames and the bytes that they may take together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Frames, by whatever index the caller uses.
    pub frames: Vec<usize>,
    /// Bytes that their encodes may take together.
    pub max_bytes: u64,
}

/// What the solver may ask of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Levels {
    /// Poorer than this is not worth publishing at this size.
    pub lowest: Level,
    /// Where to look first.
    pub first: Level,
    /// Better than this cannot be seen.
    pub highest: Level,
}

/// Why a group could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum Unsolved<E> {
    /// Even the lowest level does not fit.
    #[error("the lowest quality does not fit into the budget")]
    OverBudget,
    /// The encoder failed.
    #[error(transparent)]
    Encoder(E),
}

/// The share of a ceiling that is aimed at first.
const AIM: f64 = 0.984;
/// The share above which the solver is content, and what it raises frames to when it is not.
const CONTENT: f64 = 0.97;
const RAISED: f64 = 0.978;
/// Growth of the logarithm of bytes with each level, until two levels have been seen.
const FIRST_SLOPE: f64 = 0.03;
/// Frames in a probe: no divisor of common turns, since a piece's symmetry would mislead it.
const PROBE: usize = 5;
/// Frames that are encoded at once at least.
const ROUND: usize = 6;
/// How often left-over bytes are handed out before the solver lets them be.
const RAISES: usize = 3;

/// Encodes frames at levels and answers with the bytes, in the order asked.
pub trait Encode<E> {
    /// Encodes each (frame, level) pair.
    fn encode(&mut self, wanted: &[(usize, Level)]) -> Result<Vec<Vec<u8>>, E>;
}

impl<E, F: FnMut(&[(usize, Level)]) -> Result<Vec<Vec<u8>>, E>> Encode<E> for F {
    fn encode(&mut self, wanted: &[(usize, Level)]) -> Result<Vec<Vec<u8>>, E> {
        self(wanted)
    }
}

/// Settles groups of frames one after the other; what is settled is never touched again, so that it
/// can be published while the rest is still open.
#[derive(Debug)]
pub struct Solver {
    levels: Levels,
    ceilings: Vec<Ceiling>,
    /// Every encode so far; ordered, so that a frame's neighbours are found.
    tried: BTreeMap<(usize, Level), Vec<u8>>,
    /// The level of each settled frame.
    settled: HashMap<usize, Level>,
    /// Growth of the logarithm of bytes with each level, once it is known.
    slope: Option<f64>,
    encodes: usize,
}

impl Solver {
    /// Starts with nothing settled.
    pub fn new(levels: Levels, ceilings: Vec<Ceiling>) -> Self {
        Self { levels, ceilings, tried: BTreeMap::new(), settled: HashMap::new(), slope: None, encodes: 0 }
    }

    /// Encodes asked for so far.
    pub const fn encodes(&self) -> usize {
        self.encodes
    }

    /// The bytes of a settled frame.
    pub fn frame(&self, frame: usize) -> Option<&[u8]> {
        let level = *self.settled.get(&frame)?;
        self.tried.get(&(frame, level)).map(Vec::as_slice)
    }

    /// The level of a settled frame.
    pub fn level(&self, frame: usize) -> Option<Level> {
        self.settled.get(&frame).copied()
    }

    /// Settles the frames of `group` under every ceiling whose frames are all settled by then.
    ///
    /// Frames are encoded in a few rounds, each spread over the group, and each round aims anew with
    /// what the rounds before it came to: the last one makes up for what was foretold wrongly, so
    /// that hardly any frame is encoded twice.
    pub fn settle<E>(&mut self, group: &[usize], encoder: &mut impl Encode<E>) -> Result<(), Unsolved<E>> {
        let mut open: Vec<usize> =
            group.iter().copied().filter(|frame| !self.settled.contains_key(frame)).collect();
        let binding = self.binding(&open);
        self.probe(&open, &binding, encoder)?;
        let mut levels = HashMap::new();
        while !open.is_empty() {
            let round = spread(&open, ROUND.max(open.len().div_ceil(2)));
            self.aim(&round, &open, &binding, &mut levels);
            self.fetch(round.iter().map(|frame| (*frame, levels[frame])), encoder)?;
            open.retain(|frame| !round.contains(frame));
        }
        self.lower(&mut levels, &binding, encoder)?;
        for _ in 0..RAISES {
            if !self.raise(&mut levels, &binding, encoder)? {
                break;
            }
        }
        self.settled.extend(levels);
        Ok(())
    }

    /// Ceilings that close with this group: the group's frames in each, and the bytes that settled
    /// frames leave for them.
    fn binding(&self, group: &[usize]) -> Vec<Ceiling> {
        let closes = |ceiling: &&Ceiling| {
            ceiling.frames.iter().all(|frame| self.settled.contains_key(frame) || group.contains(frame))
                && ceiling.frames.iter().any(|frame| group.contains(frame))
        };
        self.ceilings
            .iter()
            .filter(closes)
            .map(|ceiling| {
                let (open, done): (Vec<usize>, Vec<usize>) =
                    ceiling.frames.iter().partition(|frame| group.contains(frame));
                let spent: u64 =
                    done.iter().filter_map(|frame| self.frame(*frame)).map(|b| b.len() as u64).sum();
                Ceiling { frames: open, max_bytes: ceiling.max_bytes.saturating_sub(spent) }
            })
            .collect()
    }

    /// Reads the curve of bytes against level from a few frames, if nothing is known of it yet.
    fn probe<E>(
        &mut self,
        group: &[usize],
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        if self.slope.is_some() || group.is_empty() {
            return Ok(());
        }
        let probe = spread(group, PROBE);
        let mut level = self.levels.first;
        let mut before: Option<(Level, f64)> = None;
        // Three readings are enough: the curve is nearly a straight line in log(bytes).
        for _ in 0..3 {
            self.fetch(probe.iter().map(|frame| (*frame, level)), encoder)?;
            let log_bytes = probe.iter().map(|frame| self.len(*frame, level).max(1.0).ln()).sum::<f64>();
            let log_bytes = log_bytes / probe.len() as f64;
            if let Some((other, at_other)) = before {
                let slope = (log_bytes - at_other) / (f64::from(level) - f64::from(other));
                // A flat or falling curve would send the search astray.
                self.slope = Some(slope.clamp(0.002, 0.2));
            }
            let aimed = binding.iter().map(|ceiling| self.level_for(ceiling, group, &HashMap::new()));
            let next = self.clamp(aimed.fold(f64::INFINITY, f64::min)).round() as Level;
            let apart = next.abs_diff(level);
            if self.slope.is_some() && apart <= self.tolerance() {
                break;
            }
            before = Some((level, log_bytes));
            // Two readings too close together would say more of noise than of the curve.
            level = match apart {
                0..6 if next >= level => (level + 6).min(self.levels.highest),
                0..6 => level.saturating_sub(6).max(self.levels.lowest),
                _ => next,
            };
            if before.is_some_and(|(other, _)| other == level) {
                break;
            }
        }
        Ok(())
    }

    /// Gives the frames of a round their levels: each the lowest that its ceilings aim at. Between two
    /// levels, some frames get the one and some the other.
    fn aim(&self, round: &[usize], open: &[usize], binding: &[Ceiling], levels: &mut HashMap<usize, Level>) {
        let aims: Vec<(&Ceiling, f64)> =
            binding.iter().map(|ceiling| (ceiling, self.level_for(ceiling, open, levels))).collect();
        let loosest = aims.iter().map(|(_, level)| *level).fold(f64::INFINITY, f64::min);
        let mut sum = 0.0f64;
        for frame in round {
            let own =
                aims.iter().filter(|(ceiling, _)| ceiling.frames.contains(frame)).map(|(_, level)| *level);
            let mut aimed = own.fold(f64::INFINITY, f64::min);
            if aimed.is_infinite() {
                aimed = loosest;
            }
            let aimed = self.clamp(aimed);
            let level = ((sum + aimed).round() - sum.round()) as Level;
            sum += aimed;
            // An encode that is near enough is as good as another one.
            let near = |tried: &Level| tried.abs_diff(level) <= self.tolerance();
            let tried = self.levels_tried(*frame).filter(near).min_by_key(|tried| tried.abs_diff(level));
            levels.insert(*frame, tried.unwrap_or(level));
        }
    }

    /// The level at which a ceiling's frames that are still open just fill what the others leave.
    fn level_for(&self, ceiling: &Ceiling, open: &[usize], levels: &HashMap<usize, Level>) -> f64 {
        let first = self.levels.first;
        let (mut spent, mut wanted) = (0.0, 0.0);
        for frame in &ceiling.frames {
            match levels.get(frame) {
                Some(level) => spent += self.len(*frame, *level),
                None if open.contains(frame) => wanted += self.foretell(*frame, first),
                None => {}
            }
        }
        let room = (ceiling.max_bytes as f64 * AIM - spent).max(1.0);
        if wanted <= 0.0 {
            return f64::INFINITY;
        }
        f64::from(first) + (room / wanted).ln() / self.slope.unwrap_or(FIRST_SLOPE)
    }

    /// Bytes of a frame at a level: known, or foretold from its own encodes, or from those of the
    /// frames nearest to it.
    fn foretell(&self, frame: usize, level: Level) -> f64 {
        if let Some(bytes) = self.tried.get(&(frame, level)) {
            return bytes.len() as f64;
        }
        let slope = self.slope.unwrap_or(FIRST_SLOPE);
        let at = |other: usize, tried: Level| {
            self.len(other, tried).max(1.0).ln() + slope * (f64::from(level) - f64::from(tried))
        };
        if let Some(tried) = self.levels_tried(frame).min_by_key(|tried| tried.abs_diff(level)) {
            return at(frame, tried).exp();
        }
        let before = self.tried.range(..(frame, 0)).next_back();
        let after = self.tried.range((frame, Level::MAX)..).next();
        let near: Vec<f64> =
            before.into_iter().chain(after).map(|((other, tried), _)| at(*other, *tried)).collect();
        (near.iter().sum::<f64>() / near.len().max(1) as f64).exp()
    }

    fn levels_tried(&self, frame: usize) -> impl Iterator<Item = Level> {
        self.tried.range((frame, 0)..=(frame, Level::MAX)).map(|((_, level), _)| *level)
    }

    /// Levels that make less difference than can be seen between neighbours.
    fn tolerance(&self) -> Level {
        self.slope.map_or(0, |slope| (0.012 / slope) as Level)
    }

    /// Levels that a frame is moved by when bytes have to go or are left: enough to count, so that few
    /// frames are encoded again, and too few to be seen.
    fn stride(&self) -> Level {
        self.slope.map_or(1, |slope| ((0.035 / slope) as Level).clamp(1, 8))
    }

    fn clamp(&self, level: f64) -> f64 {
        level.clamp(f64::from(self.levels.lowest), f64::from(self.levels.highest))
    }

    /// Lowers frames, the largest first, until every ceiling holds.
    fn lower<E>(
        &mut self,
        levels: &mut HashMap<usize, Level>,
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let Levels { lowest, .. } = self.levels;
        while let Some(ceiling) =
            binding.iter().find(|ceiling| self.total(levels, ceiling) > ceiling.max_bytes)
        {
            let mut next = levels.clone();
            let foretold = |next: &HashMap<usize, Level>| -> f64 {
                ceiling.frames.iter().map(|frame| self.foretell(*frame, next[frame])).sum()
            };
            let enough = ceiling.max_bytes as f64 * 0.998;
            // Everyone goes down together where a stride each would not be enough.
            let log_excess = (foretold(&next) / enough).ln();
            let together = (log_excess / self.slope.unwrap_or(FIRST_SLOPE)) as Level;
            if together > self.stride() {
                for frame in &ceiling.frames {
                    next.entry(*frame)
                        .and_modify(|level| *level = level.saturating_sub(together).max(lowest));
                }
            }
            while foretold(&next) > enough && ceiling.frames.iter().any(|frame| next[frame] > lowest) {
                for frame in self.by_size(&ceiling.frames, levels) {
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

    /// Hands left-over bytes to the largest frames. Answers whether more may be left.
    fn raise<E>(
        &mut self,
        levels: &mut HashMap<usize, Level>,
        binding: &[Ceiling],
        encoder: &mut impl Encode<E>,
    ) -> Result<bool, Unsolved<E>> {
        let Levels { highest, .. } = self.levels;
        let hungry = |solver: &Self, levels: &HashMap<usize, Level>, ceiling: &Ceiling| {
            (solver.total(levels, ceiling) as f64) < ceiling.max_bytes as f64 * CONTENT
        };
        let fits = |next: &HashMap<usize, Level>, share: f64| {
            binding.iter().all(|ceiling| {
                let bytes: f64 = ceiling.frames.iter().map(|frame| self.foretell(*frame, next[frame])).sum();
                bytes <= ceiling.max_bytes as f64 * share
            })
        };
        let mut next = levels.clone();
        for ceiling in binding.iter().filter(|ceiling| hungry(self, levels, ceiling)) {
            let left = (ceiling.max_bytes as f64 * RAISED / self.total(levels, ceiling).max(1) as f64).ln();
            let together = (left / self.slope.unwrap_or(FIRST_SLOPE)).min(40.0) as Level;
            if together > self.stride() {
                let mut all = next.clone();
                for frame in &ceiling.frames {
                    all.entry(*frame).and_modify(|level| *level = (*level + together).min(highest));
                }
                if fits(&all, 1.0) {
                    next = all;
                }
            }
            for frame in self.by_size(&ceiling.frames, levels) {
                let bytes: f64 = ceiling.frames.iter().map(|frame| self.foretell(*frame, next[frame])).sum();
                if bytes >= ceiling.max_bytes as f64 * RAISED {
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
        // What turned out larger than foretold goes back, the largest first.
        let raised = next.iter().filter(|(frame, level)| **level > levels[*frame]).map(|(frame, _)| *frame);
        for frame in self.by_size(&raised.collect::<Vec<_>>(), &next) {
            let over = |c: &Ceiling| c.frames.contains(&frame) && self.total(&next, c) > c.max_bytes;
            if binding.iter().any(over) {
                next.insert(frame, levels[&frame]);
            }
        }
        *levels = next;
        Ok(binding.iter().any(|ceiling| hungry(self, levels, ceiling)))
    }

    /// Encodes what has not been encoded yet.
    fn fetch<E>(
        &mut self,
        wanted: impl Iterator<Item = (usize, Level)>,
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let mut missing: Vec<_> = wanted.filter(|pair| !self.tried.contains_key(pair)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        self.encodes += missing.len();
        let encoded = encoder.encode(&missing).map_err(Unsolved::Encoder)?;
        self.tried.extend(missing.into_iter().zip(encoded));
        Ok(())
    }

    fn len(&self, frame: usize, level: Level) -> f64 {
        self.tried.get(&(frame, level)).map_or(0.0, |bytes| bytes.len() as f64)
    }

    fn total(&self, levels: &HashMap<usize, Level>, ceiling: &Ceiling) -> u64 {
        ceiling.frames.iter().map(|frame| self.len(*frame, levels[frame]) as u64).sum()
    }

    fn by_size(&self, frames: &[usize], levels: &HashMap<usize, Level>) -> Vec<usize> {
        let mut sorted = frames.to_vec();
        sorted.sort_unstable_by_key(|frame| {
            (std::cmp::Reverse(self.len(*frame, levels[frame]) as u64), *frame)
        });
        sorted
    }
}

/// `count` frames spread over the group.
fn spread(group: &[usize], count: usize) -> Vec<usize> {
    if group.len() <= count {
        return group.to_vec();
    }
    (0..count).map(|i| group[(2 * i + 1) * group.len() / (2 * count)]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEVELS: Levels = Levels { lowest: 20, first: 120, highest: 220 };

    type Encoded = Result<Vec<Vec<u8>>, ()>;

    /// An encoder whose bytes grow with the level and differ from frame to frame.
    fn fake(profile: &[f64], slope: f64, wobble: f64) -> impl FnMut(&[(usize, Level)]) -> Encoded {
        let profile = profile.to_vec();
        move |wanted| {
            let bytes = |&(frame, level): &(usize, Level)| {
                let noise = ((frame * 31 + usize::from(level) * 17) % 101) as f64 / 101.0 - 0.5;
                let len =
                    profile[frame] * (slope * (f64::from(level) - 120.0)).exp() * (1.0 + wobble * noise);
                vec![0; len.max(40.0) as usize]
            };
            Ok(wanted.iter().map(bytes).collect())
        }
    }

    fn spin() -> Vec<Ceiling> {
        // 36 and 24 of a turn of 72 steps that share 12.
        let every = |step: usize| (0..72).step_by(step).collect::<Vec<_>>();
        vec![
            Ceiling { frames: every(6), max_bytes: 50_000 },
            Ceiling { frames: every(3), max_bytes: 100_000 },
            Ceiling { frames: every(2), max_bytes: 150_000 },
        ]
    }

    fn settle_spin(profile: &[f64], slope: f64, wobble: f64) -> Result<Solver, Unsolved<()>> {
        let mut solver = Solver::new(LEVELS, spin());
        let mut encoder = fake(profile, slope, wobble);
        let first: Vec<usize> = (0..72).step_by(6).collect();
        let rest: Vec<usize> = (0..72).filter(|f| f % 2 == 0 || f % 3 == 0).collect();
        solver.settle(&first, &mut encoder)?;
        solver.settle(&rest, &mut encoder)?;
        Ok(solver)
    }

    fn bytes(solver: &Solver, ceiling: &Ceiling) -> u64 {
        ceiling.frames.iter().map(|frame| solver.frame(*frame).unwrap().len() as u64).sum()
    }

    proptest! {
        #[test]
        fn no_ceiling_is_ever_broken_and_little_is_left(
            size in 500.0..20_000.0f64,
            spread in prop::collection::vec(0.9..1.1f64, 72),
            slope in 0.008..0.05f64,
        ) {
            let profile: Vec<f64> = spread.iter().map(|s| s * size).collect();
            if let Ok(solver) = settle_spin(&profile, slope, 0.0) {
                let highest = (0..72).filter_map(|f| solver.level(f)).all(|level| level == LEVELS.highest);
                let mut fullest = 0.0f64;
                for ceiling in spin() {
                    let share = bytes(&solver, &ceiling) as f64 / ceiling.max_bytes as f64;
                    prop_assert!(share <= 1.0, "{share}");
                    fullest = fullest.max(share);
                }
                prop_assert!(highest || fullest >= CONTENT, "only {fullest} used");
                let levels: Vec<Level> = (0..72).filter_map(|f| solver.level(f)).collect();
                let (low, high) = (levels.iter().min().unwrap(), levels.iter().max().unwrap());
                let apart = f64::from(high - low) * slope;
                prop_assert!(apart <= 0.35, "levels from {low} to {high}: {apart} in log(bytes)");
            } else {
                let least: f64 = (0..72).step_by(2).map(|f| profile[f] * (slope * -100.0).exp()).sum();
                prop_assert!(least > 120_000.0, "{least} would fit");
            }
        }

        #[test]
        fn an_encoder_whose_curve_wobbles_never_breaks_a_ceiling_either(
            size in 1_000.0..8_000.0f64,
            spread in prop::collection::vec(0.6..1.6f64, 72),
            wobble in 0.0..0.2f64,
        ) {
            let profile: Vec<f64> = spread.iter().map(|s| s * size).collect();
            if let Ok(solver) = settle_spin(&profile, 0.02, wobble) {
                for ceiling in spin() {
                    prop_assert!(bytes(&solver, &ceiling) <= ceiling.max_bytes);
                }
            }
        }
    }

    #[test]
    fn an_even_turn_costs_at_most_half_an_encode_a_frame_more() {
        let profile: Vec<f64> = (0..72).map(|f| 4200.0 * (1.0 + 0.08 * (f64::from(f) / 5.7).sin())).collect();
        let solver = settle_spin(&profile, 0.02, 0.0).unwrap();
        assert!(solver.encodes() <= 48 * 3 / 2, "{} encodes of 48 frames", solver.encodes());
    }

    #[test]
    fn what_is_settled_stays_as_it_was() {
        let profile = vec![4000.0; 72];
        let mut solver = Solver::new(LEVELS, spin());
        let mut encoder = fake(&profile, 0.02, 0.1);
        let first: Vec<usize> = (0..72).step_by(6).collect();
        solver.settle(&first, &mut encoder).unwrap();
        let before: Vec<_> = first.iter().map(|f| solver.frame(*f).unwrap().to_vec()).collect();
        solver.settle(&(0..72).collect::<Vec<_>>(), &mut encoder).unwrap();
        let after: Vec<_> = first.iter().map(|f| solver.frame(*f).unwrap().to_vec()).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn frames_that_cannot_fit_are_told_from_a_broken_encoder() {
        assert!(matches!(settle_spin(&[90_000.0; 72], 0.01, 0.0), Err(Unsolved::OverBudget)));
        let mut broken = |_: &[(usize, Level)]| Err::<Vec<Vec<u8>>, _>("no memory");
        let settled = Solver::new(LEVELS, spin()).settle(&[0, 2], &mut broken);
        assert!(matches!(settled, Err(Unsolved::Encoder("no memory"))));
    }
}
