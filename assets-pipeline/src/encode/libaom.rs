//! AVIF by libaom.

use std::ffi::CStr;

use aom_still::{Effort as Cost, Picture as Planes};
use avif_serialize::{Aviffy, constants::MatrixCoefficients};

use super::{CodecError, Effort};
use crate::{
    picture::Picture,
    solve::{Level, Levels, Slopes},
};

/// A level is 63 less libaom's quantizer.
pub(super) const LEVELS: Levels =
    Levels { lowest: 3, first: 26, highest: 57, slopes: Slopes { log_bytes: 0.055, score: 0.7 } };

/// What was best of a dozen settings, on rings and on photographs, at the budgets of the tier table (see
/// benches/encode.md).
const OPTIONS: &[(&CStr, &CStr)] = &[
    (c"tune", c"ssim"),
    (c"deltaq-mode", c"0"),
    (c"enable-qm", c"1"),
    (c"qm-min", c"2"),
    (c"qm-max", c"10"),
    (c"dist-metric", c"qm-psnr"),
];

/// How much coarser alpha's quantizer is than that of the colours, and how fine and how coarse it may be:
/// with these, alpha takes a fifth to a third of the bytes of a ring, and its edges stay smooth.
const ALPHA_COARSER: u8 = 14;
const ALPHA_QUANTIZERS: (u8, u8) = (32, 58);
const ALPHA_OPTIONS: &[(&CStr, &CStr)] = &[(c"tune", c"ssim"), (c"deltaq-mode", c"0")];

const fn speed(effort: Effort) -> u8 {
    match effort {
        Effort::Default => 6,
        Effort::Max => 3,
    }
}

pub(super) fn name(effort: Effort) -> String {
    let options: Vec<String> = OPTIONS
        .iter()
        .chain(ALPHA_OPTIONS)
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    let version = aom_still::version();
    format!("libaom-{version} speed-{} {} alpha-{ALPHA_COARSER}", speed(effort), options.join(" "))
}

pub(super) fn encode(picture: &Picture, level: Level, effort: Effort) -> Result<Vec<u8>, CodecError> {
    let failed = |error: aom_still::Error| CodecError::new("libaom", error);
    let (width, height) = picture.size();
    let planes = planes(picture);
    let colour = Planes::colour(width, height, planes.each_ref().map(Vec::as_slice)).map_err(failed)?;
    let quantizer = 63u16.saturating_sub(level) as u8;
    let speed = speed(effort);
    let colour = aom_still::encode(&colour, quantizer, &Cost { speed, options: OPTIONS }).map_err(failed)?;
    let alpha = match &picture.alpha {
        Some(alpha) => {
            let alpha = Planes::monochrome(width, height, alpha.as_raw()).map_err(failed)?;
            let cost = Cost { speed, options: ALPHA_OPTIONS };
            let coarser = (quantizer + ALPHA_COARSER).clamp(ALPHA_QUANTIZERS.0, ALPHA_QUANTIZERS.1);
            Some(aom_still::encode(&alpha, coarser, &cost).map_err(failed)?)
        }
        None => None,
    };
    let mut container = Aviffy::new();
    container
        .set_seq_profile(1)
        .set_full_color_range(true)
        .set_matrix_coefficients(MatrixCoefficients::Bt601);
    Ok(container.to_vec(&colour, alpha.as_deref(), width, height, 8))
}

/// BT.601 luma, blue and red difference, in full range.
fn planes(picture: &Picture) -> [Vec<u8>; 3] {
    let samples = picture.colour.len() / 3;
    let mut planes = [(); 3].map(|()| Vec::with_capacity(samples));
    for pixel in picture.colour.pixels() {
        let [r, g, b] = pixel.0.map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        let difference = [luma, 128.0 + (b - luma) / 1.772, 128.0 + (r - luma) / 1.402];
        for (plane, value) in planes.iter_mut().zip(difference) {
            plane.push(value.round().clamp(0.0, 255.0) as u8);
        }
    }
    planes
}
