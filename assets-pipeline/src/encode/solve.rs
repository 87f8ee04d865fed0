//! The budget solver: levels for a group of frames so that every ceiling holds, little of any is left
//! over, and no frame looks better or worse than its neighbours.
//!
//! Levels are steps of an encoder's quality scale, a higher one giving more bytes. The solver knows
//! nothing of images: it asks for encodes in batches and sees their lengths and scores.

mod adjust;
mod curves;
mod neighbours;

use std::collections::HashMap;

use self::curves::Curves;
use self::neighbours::Neighbours;
pub use self::neighbours::{STEP, largest_step};

/// A step of an encoder's quality scale.
pub type Level = u16;

/// A tier's frames and the bytes that they may take together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Frames, by whatever index the caller uses; neighbours on the turn are neighbours here.
    pub frames: Vec<usize>,
    /// Bytes that their encodes may take together.
    pub max_bytes: u64,
}

/// The level of each frame that has one.
type Given = HashMap<usize, Level>;

/// What a level more brings, about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slopes {
    /// Growth of the logarithm of bytes.
    pub log_bytes: f64,
    /// Growth of the score.
    pub score: f64,
}

/// What the solver may ask of an encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Poorer than this is not worth publishing at this size.
    pub lowest: Level,
    /// Where to look first.
    pub first: Level,
    /// Better than this cannot be seen.
    pub highest: Level,
    /// What to expect of a level; what is seen counts more.
    pub slopes: Slopes,
    /// How far, in the logarithm of bytes, that can be relied on: a probe that is further from the aim is
    /// followed by another.
    pub reach: f64,
}

/// A frame at a level.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// How good it is: any scale on which more is better and differences can be compared.
    pub score: f64,
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
/// Frames in a probe: no divisor of common turns, since a piece's symmetry would mislead it.
pub const PROBE: usize = 5;
/// Frames that are encoded at once at least.
const ROUND: usize = 6;
/// How often left-over bytes are handed out before the solver lets them be: often, where the curve flattens
/// out towards the best that can be seen, and hardly ever twice elsewhere.
const RAISES: usize = 8;
/// How far one round's level may be from those of the rounds before it, in the logarithm of bytes.
const ROUNDS_APART: f64 = 0.1;
/// The most that makes in the logarithm of bytes: a frame that is hard to encode does not get half of
/// what the others have on top.
const MOST_EVENED: f64 = 0.35;
/// How much better than those that were settled before them frames may look on the average: what a larger
/// ceiling leaves over would make every one of them better than its neighbours.
const LEAD: f64 = 0.5;
/// How much poorer they may look before all are settled anew: those before them were settled when nothing was
/// known yet of frames that are harder to encode.
const LAG: f64 = STEP / 2.0;
/// How often frames are evened out that look too different from their neighbours.
const EVENINGS: usize = 4;

/// Encodes frames at levels and answers in the order asked.
pub trait Encode<E> {
    /// Encodes each (frame, level) pair.
    fn encode(&mut self, wanted: &[(usize, Level)]) -> Result<Vec<Encoded>, E>;
}

impl<E, F: FnMut(&[(usize, Level)]) -> Result<Vec<Encoded>, E>> Encode<E> for F {
    fn encode(&mut self, wanted: &[(usize, Level)]) -> Result<Vec<Encoded>, E> {
        self(wanted)
    }
}

/// Settles groups of frames one after the other. What is settled can be published while the rest is still
/// open; of it, only frames change from which the rest cannot come within [`STEP`].
#[derive(Debug)]
pub struct Solver {
    levels: Levels,
    /// A score above which more bytes are wasted.
    best_score: f64,
    /// The score above which the group that is being settled gets no more bytes.
    enough: f64,
    ceilings: Vec<Ceiling>,
    neighbours: Neighbours,
    curves: Curves,
    /// The level of each settled frame.
    settled: Given,
    encodes: usize,
}

impl Solver {
    /// Starts with nothing settled. Frames of `best_score` get no more bytes, even where some are left.
    pub fn new(levels: Levels, best_score: f64, ceilings: Vec<Ceiling>) -> Self {
        let (curves, neighbours) = (Curves::new(levels.slopes), Neighbours::new(&ceilings));
        let settled = HashMap::new();
        Self { levels, best_score, enough: best_score, ceilings, neighbours, curves, settled, encodes: 0 }
    }

    /// Encodes asked for so far.
    pub const fn encodes(&self) -> usize {
        self.encodes
    }

    /// Starts again under other ceilings over the same frames. What was encoded stays known, and takes nothing from the encodes
    /// that evening out may take.
    pub fn start_again(&mut self, ceilings: Vec<Ceiling>) {
        self.ceilings = ceilings;
        self.settled.clear();
        self.encodes = 0;
    }

    /// Takes up frames that were encoded already, so that they are not asked for again.
    pub fn know(&mut self, encoded: impl IntoIterator<Item = ((usize, Level), Encoded)>) {
        for ((frame, level), encoded) in encoded {
            self.encodes += 1;
            self.curves.add(frame, level, encoded);
        }
    }

    /// A settled frame.
    pub fn frame(&self, frame: usize) -> Option<&Encoded> {
        self.curves.get(frame, self.level(frame)?)
    }

    /// The level of a settled frame.
    pub fn level(&self, frame: usize) -> Option<Level> {
        self.settled.get(&frame).copied()
    }

    /// Settles the frames of `group` under every ceiling that they are under, with their share of those whose
    /// other frames are still open. No frame differs from its neighbours in a ceiling by more than [`STEP`],
    /// unless even the lowest level of the better one is better than that.
    ///
    /// First all frames come near to one score, as far as that can be foretold; then frames are lowered until
    /// every ceiling and every step holds; and then bytes that are left over go to the worst frames, as far
    /// as both go on holding.
    pub fn settle<E>(&mut self, group: &[usize], encoder: &mut impl Encode<E>) -> Result<(), Unsolved<E>> {
        let mut open: Vec<usize> =
            group.iter().copied().filter(|frame| !self.settled.contains_key(frame)).collect();
        if open.is_empty() {
            return Ok(());
        }
        let before: Vec<usize> = self.ordered().into_iter().filter(|frame| !open.contains(frame)).collect();
        let score_before = self.mean_score(&before, &self.settled);
        self.enough =
            if before.is_empty() { self.best_score } else { self.best_score.min(score_before + LEAD) };
        if before.is_empty() {
            self.probe(&open, encoder)?;
        }
        let mut levels = self.approach(&open, encoder)?;
        if !before.is_empty() && score_before > self.mean_score(&open, &levels) + LAG {
            open.extend(before);
            open.sort_unstable();
            self.enough = self.best_score;
            self.settled.clear();
            levels = self.approach(&open, encoder)?;
        }
        self.settled.extend(levels);
        self.hold(encoder)?;
        for _ in 0..RAISES {
            if !self.raise(&open, encoder)? {
                break;
            }
        }
        Ok(())
    }

    /// Levels for frames that are open: each about as good as the others, within what is left for them.
    ///
    /// Frames are encoded in a few rounds, each spread over the group, and each round aims anew with
    /// what the rounds before it came to: the last one makes up for what was foretold wrongly, so
    /// that hardly any frame is encoded twice.
    fn approach<E>(&mut self, group: &[usize], encoder: &mut impl Encode<E>) -> Result<Given, Unsolved<E>> {
        let mut open = group.to_vec();
        let binding = self.binding(&open);
        let mut levels = HashMap::new();
        while !open.is_empty() {
            let round = spread(&open, ROUND.max(open.len().div_ceil(2)));
            self.aim(&round, &open, &binding, &mut levels);
            self.fetch(round.iter().map(|frame| (*frame, levels[frame])), encoder)?;
            open.retain(|frame| !round.contains(frame));
        }
        self.lower(&mut levels, &binding, encoder)?;
        let allowed = self.encodes_left(&levels);
        self.even_out(&mut levels, &binding, (0.0, allowed), encoder)?;
        for _ in 0..EVENINGS {
            if self.has_steps(&levels) {
                // Where none is further from the mean, no two are further from each other.
                self.even_out(&mut levels, &binding, (STEP / 2.0, group.len()), encoder)?;
            }
        }
        Ok(levels)
    }

    /// Settled frames, ascending.
    fn ordered(&self) -> Vec<usize> {
        let mut frames: Vec<usize> = self.settled.keys().copied().collect();
        frames.sort_unstable();
        frames
    }

    /// Ceilings that the group is under: its frames in each, and the bytes that settled frames leave for
    /// them. Of what frames leave that come later, the group gets its share, or it would look better than
    /// they can.
    fn binding(&self, group: &[usize]) -> Vec<Ceiling> {
        let mut binding: Vec<Ceiling> = Vec::new();
        for ceiling in &self.ceilings {
            let (done, left): (Vec<usize>, Vec<usize>) =
                ceiling.frames.iter().partition(|frame| self.settled.contains_key(frame));
            let frames: Vec<usize> = left.iter().copied().filter(|frame| group.contains(frame)).collect();
            if frames.is_empty() {
                continue;
            }
            let spent: u64 =
                done.iter().filter_map(|frame| self.frame(*frame)).map(|one| one.bytes.len() as u64).sum();
            let open = ceiling.max_bytes.saturating_sub(spent);
            let max_bytes = open * frames.len() as u64 / left.len() as u64;
            // Of two ceilings over the same frames, the lower one holds.
            match binding.iter_mut().find(|other| other.frames == frames) {
                Some(other) => other.max_bytes = other.max_bytes.min(max_bytes),
                None => binding.push(Ceiling { frames, max_bytes }),
            }
        }
        binding
    }

    /// Finds out about where on the curves the ceilings lie, from a few frames.
    fn probe<E>(&mut self, group: &[usize], encoder: &mut impl Encode<E>) -> Result<(), Unsolved<E>> {
        if group.is_empty() {
            return Ok(());
        }
        let binding = self.binding(group);
        let probe = spread(group, PROBE);
        let mut level = self.levels.first;
        for _ in 0..3 {
            self.fetch(probe.iter().map(|frame| (*frame, level)), encoder)?;
            let (levels, offsets) = (HashMap::new(), HashMap::new());
            let aims = binding.iter().map(|ceiling| self.level_for(ceiling, group, &levels, &offsets));
            let budget = aims.fold(f64::INFINITY, f64::min);
            let best = probe.iter().map(|frame| self.best_level(*frame)).sum::<f64>() / probe.len() as f64;
            let next = self.clamp(budget.min(best)).round() as Level;
            if f64::from(next.abs_diff(level)) * self.slopes().log_bytes <= self.levels.reach {
                break;
            }
            level = next;
        }
        Ok(())
    }

    /// Gives the frames of a round their levels: each the lowest that its ceilings aim at, and hardly more
    /// than the lowest of all; more for frames that look worse than the others and less for those that look
    /// better, as far as is known.
    fn aim(&self, round: &[usize], open: &[usize], binding: &[Ceiling], levels: &mut Given) {
        let offsets = self.offsets(open, levels);
        let aims: Vec<(&Ceiling, f64)> = binding
            .iter()
            .map(|ceiling| (ceiling, self.level_for(ceiling, open, levels, &offsets)))
            .collect();
        let given = levels.values().map(|level| f64::from(*level)).sum::<f64>() / levels.len().max(1) as f64;
        let apart = ROUNDS_APART / self.slopes().log_bytes;
        let tightest = aims.iter().map(|(_, level)| *level).fold(f64::INFINITY, f64::min);
        let most = tightest + LEAD / self.slopes().score;
        let mut wanted: Vec<(usize, f64)> = round
            .iter()
            .map(|frame| {
                let own = aims
                    .iter()
                    .filter(|(ceiling, _)| ceiling.frames.contains(frame))
                    .map(|(_, level)| *level)
                    .fold(f64::INFINITY, f64::min);
                let shared = own.min(most);
                // The last frames do not pay alone for what the others took too much.
                let shared =
                    if levels.is_empty() { shared } else { shared.clamp(given - apart, given + apart) };
                let level = (shared + offsets.get(frame).unwrap_or(&0.0)).min(self.best_level(*frame));
                (*frame, self.clamp(level))
            })
            .collect();
        // Whole levels of the same sum: those that are nearest to the next one get it.
        let sum: f64 = wanted.iter().map(|(_, level)| level.fract()).sum();
        wanted.sort_by(|(a, level_a), (b, level_b)| {
            let worse = || self.score(*a, *level_a as Level).total_cmp(&self.score(*b, *level_b as Level));
            level_b.fract().total_cmp(&level_a.fract()).then_with(worse).then(a.cmp(b))
        });
        for (place, (frame, wanted)) in wanted.into_iter().enumerate() {
            let level = wanted as Level + Level::from((place as f64) + 0.5 < sum);
            // An encode that is near enough is as good as another one.
            let near = |tried: &Level| tried.abs_diff(level) <= self.tolerance();
            let tried = self.curves.levels(frame).filter(near).min_by_key(|tried| tried.abs_diff(level));
            levels.insert(frame, tried.unwrap_or(level));
        }
    }

    /// By how many levels open frames have to differ to look like the others. Of a frame that was never
    /// encoded its neighbours say too little: a facet flashes up from one degree to the next.
    fn offsets(&self, open: &[usize], levels: &Given) -> HashMap<usize, f64> {
        let at_one_level = |frame: &usize| Some((*frame, self.curves.from(*frame, self.levels.first)?.score));
        let known: HashMap<usize, f64> = open.iter().chain(levels.keys()).filter_map(at_one_level).collect();
        let mean = known.values().sum::<f64>() / known.len().max(1) as f64;
        let Slopes { log_bytes, score } = self.slopes();
        let most = MOST_EVENED / log_bytes;
        let offset = |frame: &usize| Some((*frame, ((mean - known.get(frame)?) / score).clamp(-most, most)));
        open.iter().filter_map(offset).collect()
    }

    /// The level at which a ceiling's frames that are still open, each at its offset, just fill what the
    /// others leave.
    fn level_for(
        &self,
        ceiling: &Ceiling,
        open: &[usize],
        levels: &Given,
        offsets: &HashMap<usize, f64>,
    ) -> f64 {
        let first = self.levels.first;
        let (mut spent, mut wanted) = (0.0, 0.0);
        for frame in &ceiling.frames {
            match levels.get(frame) {
                Some(level) => spent += self.len(*frame, *level),
                None if open.contains(frame) => {
                    let offset = offsets.get(frame).unwrap_or(&0.0);
                    let at_first = self.curves.foretell(*frame, first).log_bytes;
                    wanted += (at_first + offset * self.slopes().log_bytes).exp();
                }
                None => {}
            }
        }
        let room = (ceiling.max_bytes as f64 * AIM - spent).max(1.0);
        if wanted <= 0.0 {
            return f64::INFINITY;
        }
        f64::from(first) + (room / wanted).ln() / self.slopes().log_bytes
    }

    /// The level at which a frame is as good as it is to be.
    fn best_level(&self, frame: usize) -> f64 {
        let nearest = self.curves.levels(frame).max().unwrap_or(self.levels.first);
        f64::from(nearest) + (self.enough - self.score(frame, nearest)) / self.slopes().score
    }

    fn score(&self, frame: usize, level: Level) -> f64 {
        self.curves.foretell(frame, level).score
    }

    fn bytes(&self, frame: usize, level: Level) -> f64 {
        self.curves.foretell(frame, level).bytes()
    }

    /// Levels that make less difference than can be seen between neighbours.
    fn tolerance(&self) -> Level {
        (0.012 / self.slopes().log_bytes) as Level
    }

    /// Levels that a frame is moved by when bytes have to go or are left: enough to count, so that few
    /// frames are encoded again, and too few to be seen.
    fn stride(&self) -> Level {
        ((0.06 / self.slopes().log_bytes) as Level).clamp(1, 8)
    }

    fn clamp(&self, level: f64) -> f64 {
        level.clamp(f64::from(self.levels.lowest), f64::from(self.levels.highest))
    }

    /// Encodes what has not been encoded yet.
    fn fetch<E>(
        &mut self,
        wanted: impl Iterator<Item = (usize, Level)>,
        encoder: &mut impl Encode<E>,
    ) -> Result<(), Unsolved<E>> {
        let mut missing: Vec<_> =
            wanted.filter(|(frame, level)| self.curves.get(*frame, *level).is_none()).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        self.encodes += missing.len();
        let encoded = encoder.encode(&missing).map_err(Unsolved::Encoder)?;
        for ((frame, level), encoded) in missing.into_iter().zip(encoded) {
            self.curves.add(frame, level, encoded);
        }
        self.curves.learn();
        Ok(())
    }

    const fn slopes(&self) -> Slopes {
        self.curves.slopes()
    }

    fn len(&self, frame: usize, level: Level) -> f64 {
        self.curves.get(frame, level).map_or(0.0, |encoded| encoded.bytes.len() as f64)
    }

    fn total(&self, levels: &Given, ceiling: &Ceiling) -> u64 {
        ceiling.frames.iter().map(|frame| self.len(*frame, levels[frame]) as u64).sum()
    }

    fn is_over(&self, levels: &Given, ceiling: &Ceiling) -> bool {
        self.total(levels, ceiling) > ceiling.max_bytes
    }

    fn foretold(&self, levels: &Given, ceiling: &Ceiling) -> f64 {
        ceiling.frames.iter().map(|frame| self.bytes(*frame, levels[frame])).sum()
    }

    fn mean_score(&self, frames: &[usize], levels: &Given) -> f64 {
        let scores = frames.iter().map(|frame| self.score(*frame, levels[frame]));
        scores.sum::<f64>() / frames.len().max(1) as f64
    }

    /// The worst first.
    fn by_score(&self, frames: &[usize], levels: &Given) -> Vec<usize> {
        let mut sorted: Vec<(f64, usize)> =
            frames.iter().map(|frame| (self.score(*frame, levels[frame]), *frame)).collect();
        sorted.sort_by(|(a, x), (b, y)| a.total_cmp(b).then(x.cmp(y)));
        sorted.into_iter().map(|(_, frame)| frame).collect()
    }
}

/// `count` frames spread over the group.
pub fn spread(group: &[usize], count: usize) -> Vec<usize> {
    if group.len() <= count {
        return group.to_vec();
    }
    (0..count).map(|i| group[(2 * i + 1) * group.len() / (2 * count)]).collect()
}

#[cfg(test)]
mod tests;
