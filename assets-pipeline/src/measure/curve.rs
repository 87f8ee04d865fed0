//! What more and fewer bytes would give: a few spread frames at several levels.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rayon::prelude::*;

use crate::{
    IngestError,
    encode::score::score,
    encode::solve::{Level, Levels},
    encode::{Encoder, decode},
    picture::Picture,
    progress::Progress,
};

/// Frames of a turn that are encoded at each level: no divisor of common turns, since a piece's
/// symmetry would mislead it.
pub(super) const SPREAD: usize = 5;
/// Points of a curve that are foretold to progress bars.
pub(super) const FORETOLD_POINTS: usize = 6;
/// The scale of levels is walked in so many strides.
const STRIDES: Level = 8;
/// A curve reaches from this share of the budget to that one.
const FROM: f64 = 0.6;
const TO: f64 = 2.0;

/// Quality against bytes of a family in one format.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Positions of the frames that were encoded.
    pub positions: Vec<usize>,
    /// Ascending by level.
    pub points: Vec<CurvePoint>,
    /// What the frames of the fullest tier have on average: bytes.
    pub working_bytes: f64,
    /// What they score on average.
    pub working_score: f64,
    /// Bytes that the ceiling of the fullest tier leaves for each frame.
    pub budget: f64,
}

/// The frames at one level, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// The encoder's level.
    pub level: Level,
    /// Bytes a frame.
    pub bytes: f64,
    /// SSIMULACRA2.
    pub score: f64,
    /// What encoding one frame took its thread.
    pub encoding: Duration,
    /// What decoding and scoring it took.
    pub scoring: Duration,
}

impl Curve {
    /// The point whose bytes are nearest to those that were published.
    pub fn nearest(&self) -> Option<&CurvePoint> {
        let apart = |point: &CurvePoint| (point.bytes - self.working_bytes).abs();
        self.points.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)))
    }
}

/// Encodes the frames at levels around the one that takes `budget` bytes a frame.
pub(super) fn measure_curve(
    encoder: Encoder,
    sources: &[Arc<Picture>],
    budget: f64,
    progress: &dyn Progress,
) -> Result<Vec<CurvePoint>, IngestError> {
    let format = encoder.format;
    walk(encoder.levels(), budget, |level| {
        let encodes: Vec<CurvePoint> = sources
            .par_iter()
            .map(|source| {
                let begun = Instant::now();
                let file = encoder.encode(source, level)?;
                let encoded = Instant::now();
                let score =
                    score(source, &decode(format, &file)?).ok_or(IngestError::WrongSize { format })?;
                progress.step();
                let (encoding, scoring) = (encoded - begun, encoded.elapsed());
                Ok(CurvePoint { level, bytes: file.len() as f64, score, encoding, scoring })
            })
            .collect::<Result<_, IngestError>>()?;
        Ok(mean(level, &encodes))
    })
}

fn mean(level: Level, encodes: &[CurvePoint]) -> CurvePoint {
    let count = encodes.len().max(1);
    let of = |value: fn(&CurvePoint) -> f64| encodes.iter().map(value).sum::<f64>() / count as f64;
    let time =
        |value: fn(&CurvePoint) -> Duration| encodes.iter().map(value).sum::<Duration>() / count as u32;
    CurvePoint {
        level,
        bytes: of(|one| one.bytes),
        score: of(|one| one.score),
        encoding: time(|one| one.encoding),
        scoring: time(|one| one.scoring),
    }
}

/// From the level where encoders start, up and down until the budget is well within the curve.
fn walk<E>(
    levels: Levels,
    budget: f64,
    mut point: impl FnMut(Level) -> Result<CurvePoint, E>,
) -> Result<Vec<CurvePoint>, E> {
    let stride = (levels.highest.abs_diff(levels.lowest) / STRIDES).max(1);
    let start = point(levels.first)?;
    let mut points = vec![start];
    let mut reached = start;
    while reached.bytes < budget * TO && reached.level < levels.highest {
        reached = point((reached.level + stride).min(levels.highest))?;
        points.push(reached);
    }
    reached = start;
    while reached.bytes > budget * FROM && reached.level > levels.lowest {
        reached = point(reached.level.saturating_sub(stride).max(levels.lowest))?;
        points.insert(0, reached);
    }
    Ok(points)
}

/// So many of the positions, evenly spread; all of them where there are fewer.
pub(super) fn spread(positions: &[usize], count: usize) -> Vec<usize> {
    let count = count.min(positions.len());
    (0..count).map(|i| positions[i * positions.len() / count]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::solve::Slopes;

    const SLOPES: Slopes = Slopes { log_bytes: 0.03, score: 1.0 };

    #[test]
    fn a_curve_reaches_well_below_and_above_the_budget() {
        let levels = Levels { lowest: 20, first: 100, highest: 220, slopes: SLOPES, reach: 0.35 };
        let walked = |budget: f64| -> Vec<Level> {
            let point = |level: Level| {
                let bytes = 1000.0 * (f64::from(level) * 0.03).exp();
                let (encoding, scoring) = (Duration::ZERO, Duration::ZERO);
                Ok::<_, ()>(CurvePoint { level, bytes, score: f64::from(level), encoding, scoring })
            };
            walk(levels, budget, point).unwrap().iter().map(|point| point.level).collect()
        };
        // At level 100 the fake encoder takes 20 kB.
        assert_eq!(walked(20_000.0), [75, 100, 125]);
        assert_eq!(walked(50_000.0), [100, 125, 150, 175]);
        assert_eq!(walked(1.0), [20, 25, 50, 75, 100]);
        assert_eq!(walked(f64::INFINITY), [100, 125, 150, 175, 200, 220]);
    }

    #[test]
    fn an_encoder_that_fails_ends_the_walk() {
        let levels = Levels { lowest: 0, first: 5, highest: 10, slopes: SLOPES, reach: 0.35 };
        assert_eq!(walk(levels, 1.0, |_| Err("no memory")), Err("no memory"));
    }

    #[test]
    fn spread_positions_are_even_and_never_twice_the_same() {
        let turn: Vec<usize> = (0..36).map(|i| i * 10).collect();
        assert_eq!(spread(&turn, 5), [0, 70, 140, 210, 280]);
        assert_eq!(spread(&[0, 4, 8], 5), [0, 4, 8]);
        assert_eq!(spread(&[], 5), [0; 0]);
    }
}
