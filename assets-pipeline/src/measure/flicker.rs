//! What changes from one published frame to the next though the piece did not.
//!
//! The error image of a frame is its luma less that of the pixels it was made from. Whatever changes in it
//! between neighbours was made by the encoder, and shows as flicker while the piece turns.

use std::sync::Arc;

use image::RgbImage;
use rayon::prelude::*;

use crate::{
    IngestError, encode::decode, picture::Picture, plan::tiers::Format, prepare::colour::Rgb,
    progress::Progress,
};

use super::MeasuredFrame;

/// Pairs that one thread takes at once, so that it decodes a frame once for both of its neighbours.
const RUN: usize = 8;

/// From one published frame to the next one on the turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Position of the one.
    pub from: usize,
    /// Position of the next.
    pub to: usize,
    /// By how much SSIMULACRA2 changes.
    pub score: f64,
    /// By how much the mean of the error image changes, in 8-bit luma: the whole picture becomes lighter
    /// or darker.
    pub brightness: f64,
    /// By how much the error image changes, pixel by pixel, in 8-bit luma: the mean of absolute values.
    pub shimmer: f64,
}

/// Every frame with its next one, and the last one with the first; transparent ones as they look on the
/// ground.
pub(super) fn measure_steps(
    format: Format,
    frames: &[&MeasuredFrame],
    ground: Rgb,
    source: &(dyn Fn(usize) -> Result<Arc<Picture>, IngestError> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<Step>, IngestError> {
    let error_of = |frame: &MeasuredFrame| {
        let published = decode(format, &frame.bytes)?;
        error_image(&source(frame.position)?.on(ground), &published.on(ground))
            .ok_or(IngestError::WrongSize { format })
    };
    let starts: Vec<usize> = (0..frames.len()).step_by(RUN).collect();
    let runs: Vec<Vec<Step>> = starts
        .into_par_iter()
        .map(|start| {
            let mut before = error_of(frames[start])?;
            (start..frames.len().min(start + RUN))
                .map(|index| {
                    let (frame, next) = (frames[index], frames[(index + 1) % frames.len()]);
                    let after = error_of(next)?;
                    let (brightness, shimmer) = change(&before, &after);
                    before = after;
                    progress.step();
                    let score = next.score - frame.score;
                    Ok(Step { from: frame.position, to: next.position, score, brightness, shimmer })
                })
                .collect()
        })
        .collect::<Result<_, IngestError>>()?;
    Ok(runs.concat())
}

/// Luma of the published pixels less luma of their source (ITU-R BT.601 weights); `None` where their
/// sizes differ.
fn error_image(source: &RgbImage, published: &RgbImage) -> Option<Vec<f32>> {
    let luma = |[r, g, b]: [u8; 3]| 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
    let same_size = source.dimensions() == published.dimensions();
    let pairs = source.pixels().zip(published.pixels());
    same_size.then(|| pairs.map(|(source, published)| luma(published.0) - luma(source.0)).collect())
}

/// Change of the mean, and mean of the changes.
fn change(before: &[f32], after: &[f32]) -> (f64, f64) {
    let count = before.len().max(1) as f64;
    let changes = || before.iter().zip(after).map(|(before, after)| f64::from(after - before));
    (changes().sum::<f64>() / count, changes().map(f64::abs).sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use image::Rgb as Pixel;

    use super::*;
    use crate::{progress::Silent, settings::Settings};

    fn flat(value: u8) -> RgbImage {
        RgbImage::from_pixel(4, 4, Pixel([value; 3]))
    }

    /// Half of it lighter by two, half of it darker by two.
    fn striped(value: u8) -> RgbImage {
        RgbImage::from_fn(4, 4, |x, _| Pixel([if x < 2 { value + 2 } else { value - 2 }; 3]))
    }

    #[track_caller]
    fn check(before: (u8, RgbImage), after: (u8, RgbImage), want: (f64, f64)) {
        let error = |(source, published): (u8, RgbImage)| error_image(&flat(source), &published).unwrap();
        let (brightness, shimmer) = change(&error(before), &error(after));
        assert!(
            (brightness - want.0).abs() < 1e-4 && (shimmer - want.1).abs() < 1e-4,
            "{brightness} {shimmer}"
        );
    }

    #[test]
    fn what_the_piece_does_is_no_flicker_and_what_the_encoder_does_is() {
        check((10, flat(10)), (200, flat(200)), (0.0, 0.0));
        check((10, flat(12)), (200, flat(202)), (0.0, 0.0));
        check((10, flat(10)), (200, flat(203)), (3.0, 3.0));
        check((10, flat(13)), (10, flat(10)), (-3.0, 3.0));
        check((90, flat(90)), (90, striped(90)), (0.0, 2.0));
    }

    #[test]
    fn other_sizes_have_no_error_image() {
        assert_eq!(error_image(&flat(1), &RgbImage::new(4, 5)), None);
    }

    #[test]
    fn a_turn_has_as_many_steps_as_frames_and_closes() {
        // More than one run, and not a whole number of them.
        let encoder = Settings::default().encoder(Format::Webp);
        let frames: Vec<MeasuredFrame> = (0..RUN * 2 + 3)
            .map(|index| MeasuredFrame {
                position: index * 10,
                bytes: encoder.encode(&flat(index as u8 * 9).into(), 190).unwrap().into(),
                score: index as f64,
                tiers: Vec::new(),
            })
            .collect();
        let shown: Vec<&MeasuredFrame> = frames.iter().collect();
        let source = |position: usize| Ok(Arc::new(flat((position / 10) as u8 * 9).into()));
        let steps = measure_steps(Format::Webp, &shown, Rgb::WHITE, &source, &Silent).unwrap();
        let from: Vec<usize> = steps.iter().map(|step| step.from).collect();
        assert_eq!(from, (0..19).map(|index| index * 10).collect::<Vec<_>>());
        assert!(steps.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert_eq!((steps[18].to, steps[18].score), (0, -18.0));
        // A flat frame is encoded almost exactly.
        assert!(steps.iter().all(|step| step.shimmer < 2.5 && step.shimmer >= step.brightness.abs()));
    }
}
