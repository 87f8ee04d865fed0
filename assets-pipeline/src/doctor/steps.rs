//! Whether the turn goes on by even steps, and closes.

use super::{
    distance::Distances,
    jumps::agreed,
    robust::{closely_expected, expected, median, surprise, usual_size},
};

/// How much longer a step has to be than those around it, as a power of e. Of this and the two below the largest
/// counts: clean turns reach 0.6 of it, and a lost frame 1.02 at the least, with 36 frames of a piece that is the
/// same from no two sides. A ring seen at 10 degrees a step changes too unevenly of itself to tell.
const LONGER: f32 = 0.15;
/// The same as a share of how much longer the steps around it would be, were every second frame left out.
const LIKE_TWO: f32 = 0.6;
/// And as times what three quarters of the turn's steps differ by from those around them, and what nine tenths do;
/// of these, the last is for the seam.
const TIMES_USUAL: (f32, f32, f32) = (5.0, 2.5, 1.5);
/// How much shorter: to less than a third, since a symmetric piece that is seen nearly from the front
/// hardly changes from one side of that view to the other: clean turns reach 1.01.
const SHORTER: f32 = 1.2;
/// What a surprise counts where a step beside it is not known, so that it is expected roughly alone.
const ROUGHLY: f32 = 0.5;
/// How much longer a step over a missing number has to be to prove that a frame is missing there, as a share of
/// the way from one usual step to as many as there are numbers.
const PROOF: f32 = 0.5;

/// What a step is against those around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Even,
    /// By this factor.
    Longer(f32),
    /// By this factor, below 1.
    Shorter(f32),
}

/// A closed turn of frames, and whether each is the neighbour of the next.
#[derive(Debug)]
pub(super) struct Steps<'a> {
    pub(super) turn: &'a [usize],
    pub(super) linked: &'a [bool],
    pub(super) distances: &'a Distances,
}

impl Steps<'_> {
    /// What each step, from a frame to the next, is against those around it.
    pub(super) fn each(&self) -> Vec<Step> {
        let n = self.turn.len();
        let mut steps = vec![Step::Even; n];
        let mut logs = self.logs();
        // How much longer two steps in one are than each by itself.
        let doubles: Vec<f32> = (0..n)
            .map(|i| (self.way(i, i + 2) / f32::midpoint(self.way(i, i + 1), self.way(i + 1, i + 2))).ln())
            .collect();
        let double =
            |i: usize| median(&[n - 4, n - 3, n - 2, 1, 2, 3].map(|offset| doubles[(i + offset) % n]));
        // The most surprising step goes first, and has no say any more in what is expected of the others.
        for _ in 0..n / 4 {
            let (close, rough) = (closely_expected(&logs), expected(&logs));
            let surprise_at = |i: usize| {
                let surprise = agreed(logs[i]? - close[i]?, logs[i]? - rough[i]?);
                Some(if has_neighbours(&logs, i) { surprise } else { ROUGHLY * surprise })
            };
            let surprises: Vec<Option<f32>> = (0..n).map(surprise_at).collect();
            let usual = |share| usual_size(&surprises, share);
            let (most, usual) = (usual(0.9), TIMES_USUAL.0 * usual(0.75));
            // The seam is one place, and the others are many.
            let longer = |i: usize| {
                let least = usual.max(if i + 1 == n { TIMES_USUAL.2 } else { TIMES_USUAL.1 } * most);
                LONGER.max(least).max(LIKE_TWO * double(i))
            };
            let step = |i: usize| match surprises[i] {
                Some(surprise) if surprise > longer(i) => {
                    Some((surprise.abs(), i, Step::Longer(surprise.exp())))
                }
                Some(surprise) if surprise < -SHORTER.max(usual) => {
                    Some((surprise.abs(), i, Step::Shorter(surprise.exp())))
                }
                _ => None,
            };
            let Some((_, i, step)) = (0..n).filter_map(step).max_by(|a, b| a.0.total_cmp(&b.0)) else {
                break;
            };
            steps[i] = step;
            logs[i] = None;
        }
        steps
    }

    /// The usual distance from a frame to the next.
    pub(super) fn usual(&self) -> f32 {
        median(
            &(0..self.turn.len()).filter(|&i| self.linked[i]).map(|i| self.way(i, i + 1)).collect::<Vec<_>>(),
        )
    }

    /// How many steps the way from the last frame of the turn to the first is; at least 1.
    pub(super) fn to_close(&self) -> usize {
        let n = self.turn.len();
        let seam = self.way(n - 1, n);
        let at_lag = |lag: usize| median(&(0..n).map(|i| self.way(i, i + lag)).collect::<Vec<_>>());
        (1..=n / 3)
            .min_by(|a, b| (at_lag(*a) - seam).abs().total_cmp(&(at_lag(*b) - seam).abs()))
            .unwrap_or(1)
    }

    /// Whether the step behind position `at`, over `missing` numbers, is a usual one, so that nothing is missing
    /// but numbers. `None` where steps are too irregular to tell.
    pub(super) fn is_single(&self, at: usize, missing: usize) -> Option<bool> {
        let n = self.turn.len();
        // The step itself is not linked, and has no say in what is expected of it.
        let one = expected(&self.logs())[at]?;
        let lag = missing + 1;
        let many: Vec<Option<f32>> = (0..n)
            .map(|i| (0..lag).all(|j| self.linked[(i + j) % n]).then(|| self.way(i, i + lag).ln()))
            .collect();
        let beside = |offset: usize| [many[(at + n - (offset + lag - 1) % n) % n], many[(at + offset) % n]];
        let near: Vec<f32> = (1..=3).flat_map(beside).flatten().collect();
        let usual = usual_size(&surprise(&self.logs()), 0.75);
        let gap = median(&near) - one;
        let step = self.way(at, at + 1).ln() - one;
        (near.len() >= 2 && gap > 2.0 * LONGER && gap > 3.0 * usual).then_some(step < PROOF * gap)
    }

    fn logs(&self) -> Vec<Option<f32>> {
        (0..self.turn.len()).map(|i| self.linked[i].then(|| self.way(i, i + 1).ln())).collect()
    }

    fn way(&self, from: usize, to: usize) -> f32 {
        let n = self.turn.len();
        self.distances.between(self.turn[from % n], self.turn[to % n])
    }
}

/// Whether the two values on each side of one are known.
fn has_neighbours(values: &[Option<f32>], at: usize) -> bool {
    let n = values.len();
    [n - 2, n - 1, 1, 2].iter().all(|offset| values[(at + offset) % n].is_some())
}
