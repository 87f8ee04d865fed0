//! What the encodes so far say of bytes and quality at other levels and of other frames.

use std::collections::BTreeMap;

use super::{Encoded, Level, Slopes};

/// A slope is this many times the one that was expected at most, and that part of it at least: a flat or
/// falling curve, or one that is nearly upright, would send the search astray.
const FURTHEST: f64 = 5.0;
/// What was expected counts as much as one frame at two levels that are so far apart in the logarithm of
/// bytes.
const EXPECTED: f64 = 0.1;

/// Every encode so far, and the two straight lines through them: over a few levels, the logarithm of
/// bytes and the score both are nearly that.
#[derive(Debug)]
pub(super) struct Curves {
    /// Ordered, so that a frame's neighbours are found.
    tried: BTreeMap<(usize, Level), Encoded>,
    expected: Slopes,
    slopes: Slopes,
}

/// What a frame takes and shows at a level, known or foretold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlook {
    pub(super) log_bytes: f64,
    pub(super) score: f64,
}

impl Outlook {
    pub(super) fn bytes(self) -> f64 {
        self.log_bytes.exp()
    }

    /// The mean of some.
    fn mean(outlooks: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| outlooks.iter().map(of).sum::<f64>() / outlooks.len().max(1) as f64;
        Self { log_bytes: mean(|one| one.log_bytes), score: mean(|one| one.score) }
    }
}

impl Curves {
    pub(super) const fn new(expected: Slopes) -> Self {
        Self { tried: BTreeMap::new(), expected, slopes: expected }
    }

    pub(super) fn add(&mut self, frame: usize, level: Level, encoded: Encoded) {
        self.tried.insert((frame, level), encoded);
    }

    pub(super) fn get(&self, frame: usize, level: Level) -> Option<&Encoded> {
        self.tried.get(&(frame, level))
    }

    /// Levels that a frame has been encoded at.
    pub(super) fn levels(&self, frame: usize) -> impl Iterator<Item = Level> {
        self.tried.range((frame, 0)..=(frame, Level::MAX)).map(|((_, level), _)| *level)
    }

    pub(super) const fn slopes(&self) -> Slopes {
        self.slopes
    }

    /// Reads the slopes off every frame that was encoded at more than one level.
    pub(super) fn learn(&mut self) {
        let weight = (EXPECTED / self.expected.log_bytes).powi(2);
        let (mut squares, mut bytes, mut score) =
            (weight, weight * self.expected.log_bytes, weight * self.expected.score);
        for ((frame, level), (next_frame, next)) in self.tried.keys().zip(self.tried.keys().skip(1)) {
            let (Some(low), Some(high)) = (self.known(*frame, *level), self.known(*next_frame, *next)) else {
                continue;
            };
            if frame == next_frame {
                let apart = f64::from(next - level);
                squares += apart * apart;
                bytes += apart * (high.log_bytes - low.log_bytes);
                score += apart * (high.score - low.score);
            }
        }
        let near = |slope: f64, expected: f64| slope.clamp(expected / FURTHEST, expected * FURTHEST);
        self.slopes = Slopes {
            log_bytes: near(bytes / squares, self.expected.log_bytes),
            score: near(score / squares, self.expected.score),
        };
    }

    fn known(&self, frame: usize, level: Level) -> Option<Outlook> {
        let encoded = self.get(frame, level)?;
        Some(Outlook { log_bytes: (encoded.bytes.len() as f64).max(1.0).ln(), score: encoded.score })
    }

    /// What a frame comes to at a level: known, or foretold from its own encodes, or from those of the
    /// frames nearest to it.
    pub(super) fn foretell(&self, frame: usize, level: Level) -> Outlook {
        if let Some(own) = self.from(frame, level) {
            return own;
        }
        let before = self.tried.range(..(frame, 0)).next_back();
        let after = self.tried.range((frame, Level::MAX)..).next();
        let near: Vec<Outlook> =
            before.into_iter().chain(after).filter_map(|((other, _), _)| self.from(*other, level)).collect();
        Outlook::mean(&near)
    }

    /// What a frame comes to at a level, by its own encodes that are next to it: between two it lies on the
    /// line through them, since curves bend.
    pub(super) fn from(&self, frame: usize, level: Level) -> Option<Outlook> {
        let below = self.tried.range((frame, 0)..=(frame, level)).next_back();
        let above = self.tried.range((frame, level)..=(frame, Level::MAX)).next();
        let (nearest, slopes) = match (below, above) {
            (Some(((_, low), _)), Some(((_, high), _))) if low < high => {
                let (below, above) = (self.known(frame, *low)?, self.known(frame, *high)?);
                let apart = f64::from(high - low);
                let log_bytes = (above.log_bytes - below.log_bytes) / apart;
                (*low, Slopes { log_bytes, score: (above.score - below.score) / apart })
            }
            (Some(((_, nearest), _)), _) | (None, Some(((_, nearest), _))) => (*nearest, self.slopes),
            (None, None) => return None,
        };
        let Outlook { log_bytes, score } = self.known(frame, nearest)?;
        let apart = f64::from(level) - f64::from(nearest);
        Some(Outlook { log_bytes: log_bytes + slopes.log_bytes * apart, score: score + slopes.score * apart })
    }
}
