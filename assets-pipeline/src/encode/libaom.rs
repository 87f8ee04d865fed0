//! AVIF by libaom.

use std::ffi::CStr;

use aom_still::{Effort as Cost, Picture as Planes};
use avif_serialize::{Aviffy, constants::MatrixCoefficients};

use super::{CodecError, Effort, Encoder, Material};
use crate::{
    picture::Picture,
    solve::{Level, Levels, Slopes},
};

/// A level is 63 less libaom's quantizer.
pub(super) const LEVELS: Levels =
    Levels { lowest: 3, first: 26, highest: 57, slopes: Slopes { log_bytes: 0.053, score: 0.9 } };

type Options = &'static [(&'static CStr, &'static CStr)];

/// What was best of two dozen settings at the budgets of the tier table, by SSIMULACRA2 on rendered and on
/// photographed turns: SSIM decides, and what quantizer matrices leave out counts less.
const OPTIONS: Options = &[(c"tune", c"ssim"), (c"dist-metric", c"qm-psnr"), (c"enable-qm", c"1")];

/// On a plain ground, strong matrices and one quantizer for all; where the ground has something to show,
/// weak matrices, and finer quantizers for blocks of little contrast, by their energy or by a model of what
/// viewers said.
const fn of_material(material: Material) -> Options {
    match material {
        Material::Plain => &[(c"qm-min", c"2"), (c"qm-max", c"10"), (c"deltaq-mode", c"0")],
        Material::Shaded => &[(c"qm-min", c"0"), (c"qm-max", c"4"), (c"deltaq-mode", c"2")],
        Material::Textured => &[(c"qm-min", c"0"), (c"qm-max", c"4"), (c"deltaq-mode", c"4")],
    }
}

/// How much coarser alpha's quantizer is than that of the colours, and how fine and how coarse it may be:
/// with these, alpha takes a fifth to a third of the bytes of a ring, and its edges stay smooth.
const ALPHA_COARSER: u8 = 14;
const ALPHA_QUANTIZERS: (u8, u8) = (32, 58);
const ALPHA_OPTIONS: Options = &[(c"tune", c"ssim"), (c"deltaq-mode", c"0")];

const fn speed(effort: Effort) -> u8 {
    match effort {
        Effort::Default => 6,
        // 3 takes twice as long and is not better on photographs, and by half a point on renders.
        Effort::Max => 4,
    }
}

pub(super) fn name(encoder: Encoder) -> String {
    let options: Vec<String> = OPTIONS
        .iter()
        .chain(of_material(encoder.material))
        .chain(ALPHA_OPTIONS)
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    let (version, speed) = (aom_still::version(), speed(encoder.effort));
    format!("libaom-{version} speed-{speed} {} alpha-{ALPHA_COARSER}", options.join(" "))
}

pub(super) fn encode(picture: &Picture, level: Level, encoder: Encoder) -> Result<Vec<u8>, CodecError> {
    let failed = |error: aom_still::Error| CodecError::new("libaom", error);
    let (width, height) = picture.size();
    let planes = planes(picture);
    let colour = Planes::colour(width, height, planes.each_ref().map(Vec::as_slice)).map_err(failed)?;
    let quantizer = 63u16.saturating_sub(level) as u8;
    let speed = speed(encoder.effort);
    let options = [OPTIONS, of_material(encoder.material)].concat();
    let colour = aom_still::encode(&colour, quantizer, &Cost { speed, options: &options }).map_err(failed)?;
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
