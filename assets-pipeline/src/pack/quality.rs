//! How good the frames of a tier are, and how even.

use crate::encode::solve::largest_step;

/// SSIMULACRA2 of a tier's frames against the pixels that they were made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// The mean of all frames.
    pub mean: f64,
    /// The worst frame.
    pub min: f64,
    /// The standard deviation round the turn.
    pub spread: f64,
    /// The largest difference between a frame and the next one, and between the last and the first.
    pub step: f64,
}

impl Quality {
    /// Of scores in turn order, at least one.
    pub fn of(scores: &[f64]) -> Self {
        let mean_of =
            |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / scores.len().max(1) as f64;
        let mean = mean_of(&mut scores.iter().copied());
        Self {
            mean,
            min: scores.iter().copied().fold(f64::INFINITY, f64::min),
            spread: mean_of(&mut scores.iter().map(|score| (score - mean).powi(2))).sqrt(),
            step: largest_step(scores),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_closes_and_a_single_frame_is_even() {
        let quality = Quality::of(&[60.0, 62.0, 64.0, 66.0]);
        assert_eq!((quality.mean, quality.min, quality.step), (63.0, 60.0, 6.0));
        assert!((quality.spread - 5f64.sqrt()).abs() < 1e-9);
        assert_eq!(Quality::of(&[70.0]), Quality { mean: 70.0, min: 70.0, spread: 0.0, step: 0.0 });
    }
}
