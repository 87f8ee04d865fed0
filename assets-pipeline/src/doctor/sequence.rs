//! Whether frames fit better elsewhere in the turn.
//!
//! Each way to put frames elsewhere is judged by the frames that get other neighbours: how far they lie
//! [between](super::between) them before and after. The best way is told if it gains clearly, and if no way at all, not
//! even one that leaves a frame where it does not belong, gains more: then it is not known what is wrong.

use super::{between::Between, distance::Distances};

/// How much a repair has to gain, in orders of the turn. A frame that stands elsewhere costs one to two where it stands, and
/// about one at each of those beside it. Clean turns of the sample rings gain 1.0 at the most.
const LEAST_GAIN: f32 = 2.0;
/// The same for two neighbours, of which there are few to try: those of clean turns gain 0.04 at the most.
const LEAST_GAIN_BESIDE: f32 = 1.0;
/// How much each frame that goes elsewhere has to gain by itself, in the same: what is lit otherwise fits nowhere.
const LEAST_OF_EACH: f32 = 0.25;
/// Or how much nearer it has to be to its new neighbours: on both sides of a view on which a piece mirrors itself they are
/// alike.
const LEAST_NEARER: f32 = 1.0;
/// The same for the ends of a run that goes backwards, which keep one neighbour each.
const LEAST_OF_ENDS: f32 = -0.1;
/// How much less than the best way of all, told or not, a repair may gain.
const NEARLY: f32 = 0.3;
/// Fewer frames than this have no order to speak of.
const LEAST_FRAMES: usize = 8;
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

/// Repairs the turn as long as that brings it clearly more into order. `turn` holds indices into `distances`.
/// `may_go` says of each step whether it may be taken away.
pub(super) fn repair(turn: &mut Vec<usize>, distances: &Distances, may_go: &[bool]) -> Vec<Repaired> {
    let mut repairs = Vec::new();
    if turn.len() < LEAST_FRAMES {
        return repairs;
    }
    let Some(between) = Between::of(turn, distances, may_go) else { return repairs };
    while repairs.len() < MOST_REPAIRS {
        let Some(repair) = Search::new(turn, &between, may_go).best() else { break };
        let before = turn.clone();
        apply(turn, repair);
        repairs.push(Repaired { repair, before });
    }
    as_one_exchange(&repairs, turn).map_or(repairs, |exchange| vec![exchange])
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

/// Several repairs that come to two frames in each other's place.
fn as_one_exchange(repairs: &[Repaired], after: &[usize]) -> Option<Repaired> {
    let [first, _, ..] = repairs else { return None };
    let changed: Vec<usize> = (0..after.len()).filter(|&i| after[i] != first.before[i]).collect();
    let [a, b] = changed[..] else { return None };
    Some(Repaired { repair: exchange(a, b), before: first.before.clone() })
}

/// Two neighbours that change places are a run of two.
const fn exchange(a: usize, b: usize) -> Repair {
    if b == a + 1 { Repair::Reverse(a, b) } else { Repair::Swap(a, b) }
}

/// What a repair gains.
#[derive(Debug, Clone, Copy)]
struct Gain {
    /// At all frames that get other neighbours.
    all: f32,
    /// At the one of those that go elsewhere which gains the least.
    least: f32,
    /// How much nearer that one of them which comes nearest the least is to its new neighbours.
    nearer: f32,
}

/// The search for the best repair of a turn.
struct Search<'a> {
    turn: &'a [usize],
    between: &'a Between,
    may_go: &'a [bool],
    /// How far each frame lies between its neighbours.
    now: Vec<f32>,
}

impl<'a> Search<'a> {
    fn new(turn: &'a [usize], between: &'a Between, may_go: &'a [bool]) -> Self {
        let n = turn.len();
        let now = (0..n).map(|i| between.lies(turn[(i + n - 1) % n], turn[i], turn[(i + 1) % n])).collect();
        Self { turn, between, may_go, now }
    }

    fn best(&self) -> Option<Repair> {
        let n = self.turn.len();
        let order = self.between.order();
        let (mut most, mut best) = (0.0_f32, None::<(f32, Repair)>);
        let mut consider = |repair: Repair, gain: Option<Gain>| {
            let Some(gain) = gain else { return };
            most = most.max(gain.all);
            let (least, least_of_each) = match repair {
                Repair::Reverse(a, b) if b == a + 1 => (LEAST_GAIN_BESIDE, LEAST_OF_EACH),
                Repair::Reverse(..) => (LEAST_GAIN, LEAST_OF_ENDS),
                Repair::Swap(..) | Repair::Move { .. } => (LEAST_GAIN, LEAST_OF_EACH),
            };
            let each_gains = gain.least > least_of_each * order || gain.nearer > LEAST_NEARER * order;
            if gain.all > least * order && each_gains && best.is_none_or(|(all, _)| gain.all > all) {
                best = Some((gain.all, repair));
            }
        };
        for a in 0..n {
            for b in a + 1..n {
                consider(exchange(a, b), self.exchanged(a, b));
                // The seam stays where it is, so that a reversal never turns the whole set round, and a turn that does not
                // close is no run of frames that goes backwards. Runs of three are an exchange.
                if a > 0 && b > a + 2 && b + 1 < n && b - a + 4 <= n {
                    consider(Repair::Reverse(a, b), self.reversed(a, b));
                }
            }
        }
        for from in 0..n {
            let Some(gap) = self.left(from) else { continue };
            for behind in 0..n {
                // Within two places it is an exchange of neighbours.
                let away = (behind + n - from) % n;
                if !(2..n - 2).contains(&away) {
                    continue;
                }
                let gain = self.moved(from, behind).map(|gain| Gain { all: gain.all + gap, ..gain });
                consider(Repair::Move { from, behind }, gain);
            }
        }
        best.filter(|(all, _)| *all >= most - NEARLY * order).map(|(_, repair)| repair)
    }

    fn frame(&self, position: usize) -> usize {
        self.turn[position % self.turn.len()]
    }

    /// Whether the step from a position to the next may be taken away.
    fn may_go(&self, position: usize) -> bool {
        self.may_go[position % self.turn.len()]
    }

    /// By how much a frame lies further between others than its position's does now between its neighbours; nothing where
    /// the one or the other neighbour is not known.
    fn gain(&self, position: usize, from: usize, over: usize, to: usize) -> f32 {
        let n = self.turn.len();
        if self.may_go(position + n - 1) && self.may_go(position) {
            self.between.lies(from, over, to) - self.now[position % n]
        } else {
            0.0
        }
    }

    /// Two frames in each other's place.
    fn exchanged(&self, a: usize, b: usize) -> Option<Gain> {
        let n = self.turn.len();
        if ![a + n - 1, a, b - 1, b].iter().all(|&step| self.may_go(step)) {
            return None;
        }
        let after = |position: usize| {
            let position = position % n;
            self.turn[if position == a {
                b
            } else if position == b {
                a
            } else {
                position
            }]
        };
        let mut places = [a + n - 1, a, a + 1, b - 1, b, b + 1].map(|position| position % n);
        places.sort_unstable();
        let mut all = 0.0;
        for (i, &place) in places.iter().enumerate() {
            if i == 0 || places[i - 1] != place {
                all += self.gain(place, after(place + n - 1), after(place), after(place + 1));
            }
        }
        let beside = |position: usize| [after(position + n - 1), after(position + 1)];
        let gains = |frame: usize, from: usize, to: usize| {
            let ([first, last], now) = (beside(to), [self.frame(from + n - 1), self.frame(from + 1)]);
            let nearer = self.between.nearer(frame, now, [first, last]);
            (self.between.lies(first, frame, last) - self.now[from], nearer)
        };
        let (one, other) = (gains(self.turn[a], a, b), gains(self.turn[b], b, a));
        Some(Gain { all, least: one.0.min(other.0), nearer: one.1.min(other.1) })
    }

    /// A run of four frames or more the other way round, which does not reach the seam.
    fn reversed(&self, a: usize, b: usize) -> Option<Gain> {
        let n = self.turn.len();
        if ![a - 1, a, b - 1, b].iter().all(|&step| self.may_go(step)) {
            return None;
        }
        let frame = |position| self.frame(position);
        let first = self.between.lies(frame(a - 1), frame(b), frame(b - 1)) - self.now[b];
        let last = self.between.lies(frame(a + 1), frame(a), frame(b + 1)) - self.now[a];
        let all = first
            + last
            + self.gain(a - 1, frame(a + n - 2), frame(a - 1), frame(b))
            + self.gain(b + 1, frame(a), frame(b + 1), frame(b + 2));
        Some(Gain { all, least: first.min(last), nearer: f32::NEG_INFINITY })
    }

    /// What the frames beside a position gain where its frame is taken out, less what that one has now.
    fn left(&self, from: usize) -> Option<f32> {
        let n = self.turn.len();
        if !self.may_go(from + n - 1) || !self.may_go(from) {
            return None;
        }
        let [before_last, last, next, after_next] =
            [n - 2, n - 1, 1, 2].map(|offset| self.frame(from + offset));
        let beside =
            self.gain(from + n - 1, before_last, last, next) + self.gain(from + 1, last, next, after_next);
        Some(beside - self.now[from])
    }

    /// What there is where a frame is put behind a position, beside what is [left](Self::left).
    fn moved(&self, from: usize, behind: usize) -> Option<Gain> {
        let n = self.turn.len();
        if !self.may_go(behind) {
            return None;
        }
        let [before, here, next, after] = [n - 1, 0, 1, 2].map(|offset| self.frame(behind + offset));
        let frame = self.frame(from);
        let lies = self.between.lies(here, frame, next);
        let all = lies + self.gain(behind, before, here, frame) + self.gain(behind + 1, frame, next, after);
        let nearer =
            self.between.nearer(frame, [self.frame(from + n - 1), self.frame(from + 1)], [here, next]);
        Some(Gain { all, least: lies - self.now[from], nearer })
    }
}
