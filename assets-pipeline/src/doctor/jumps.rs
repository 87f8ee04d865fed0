//! From sudden changes between neighbours to the frames that differ from the rest of the turn.

use super::robust::{surprise, usual_size};

/// How sudden a change between neighbours has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sudden {
    /// Changes below this are never sudden, in the unit of the values.
    pub(super) least: f32,
    /// Nor are those below so many times what three quarters of the turn's changes stay under.
    pub(super) times_usual: f32,
    /// Nor those below so many times what 85 of 100 stay under. One faulty frame in a turn of twelve makes two
    /// changes, which are beyond that.
    pub(super) times_most: f32,
}

impl Sudden {
    /// From which size on one of these changes is sudden.
    pub(super) fn threshold(self, surprises: &[Option<f32>]) -> f32 {
        let usual = self.times_usual * usual_size(surprises, 0.75);
        self.least.max(usual).max(self.times_most * usual_size(surprises, 0.85))
    }
}

/// What differs from the rest of the turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Jump {
    /// Frames `start..start + frames` of the closed turn are off by `level`.
    Run { start: usize, frames: usize, level: f32 },
    /// From one frame to the next there is a change, and none back.
    Step { from: usize, level: f32 },
}

/// Both values' sign and the smaller size, or 0 where they disagree.
pub(super) fn agreed(a: f32, b: f32) -> f32 {
    if a * b > 0.0 { a.signum() * a.abs().min(b.abs()) } else { 0.0 }
}

/// The sudden ones of the changes from each frame of a closed turn to the next, and 0 elsewhere.
///
/// What a piece does of itself it does gradually, so a change is sudden by what is left of it after the
/// changes around it are taken off.
pub(super) fn sudden(changes: &[Option<f32>], by: Sudden) -> Vec<f32> {
    let surprises = surprise(changes);
    let threshold = by.threshold(&surprises);
    let sizes = changes.iter().zip(&surprises).map(|(change, surprise)| match (change, surprise) {
        (Some(change), Some(surprise)) => agreed(*change, *surprise),
        _ => 0.0,
    });
    sizes.map(|size| if size.abs() > threshold { size } else { 0.0 }).collect()
}

/// Whether the turn ends as it began by these changes.
pub(super) fn has_way_back(sudden: &[f32]) -> bool {
    let smallest = sudden.iter().map(|change| change.abs()).filter(|size| *size > 0.0).reduce(f32::min);
    smallest.is_none_or(|smallest| sudden.iter().sum::<f32>().abs() <= smallest / 2.0)
}

/// Groups sudden changes: what lies between two of them is a run, unless it is the longest part of the turn,
/// which is how the turn is.
pub(super) fn jumps(sudden: &[f32]) -> Vec<Jump> {
    let n = sudden.len();
    let at: Vec<usize> = (0..n).filter(|&i| sudden[i] != 0.0).collect();
    let [_, _, ..] = at.as_slice() else {
        return at.iter().map(|&from| Jump::Step { from, level: sudden[from] }).collect();
    };
    // The part after change `i` lasts until the next one.
    let length = |i: usize| {
        let next = at[(i + 1) % at.len()];
        (next + n - at[i]) % n
    };
    let longest = (0..at.len()).max_by_key(|&i| length(i)).unwrap_or(0);
    let smallest = at.iter().map(|&i| sudden[i].abs()).fold(f32::INFINITY, f32::min);
    let mut level = 0.0;
    let mut jumps = Vec::new();
    for part in 1..at.len() {
        let i = (longest + part) % at.len();
        level += sudden[at[i]];
        if part + 1 == at.len() {
            // Back to how the turn is, so that both ends of the last run have a say.
            level = f32::midpoint(level, -sudden[at[longest]]);
        }
        if level.abs() > smallest / 2.0 {
            jumps.push(Jump::Run { start: (at[i] + 1) % n, frames: length(i), level });
        }
    }
    jumps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_what_lies_between_a_change_and_the_change_back() {
        let mut changes = vec![0.0; 20];
        (changes[4], changes[7]) = (-0.5, 0.4);
        assert_eq!(jumps(&changes), [Jump::Run { start: 5, frames: 3, level: -0.45 }]);
        // Over the seam.
        let mut changes = vec![0.0; 20];
        (changes[18], changes[1]) = (0.3, -0.3);
        assert_eq!(jumps(&changes), [Jump::Run { start: 19, frames: 3, level: 0.3 }]);
    }

    #[test]
    fn a_change_without_a_way_back_is_a_step() {
        let mut changes = vec![0.0; 20];
        changes[9] = 0.5;
        assert_eq!(jumps(&changes), [Jump::Step { from: 9, level: 0.5 }]);
        assert_eq!(jumps(&[0.0; 20]), []);
    }

    #[test]
    fn gradual_changes_are_not_sudden() {
        let changes: Vec<_> =
            (0..36).map(|i| Some((i as f32 / 36.0 * std::f32::consts::TAU).sin())).collect();
        assert_eq!(sudden(&changes, Sudden { least: 0.1, times_usual: 5.0, times_most: 3.0 }), [0.0; 36]);
    }
}
