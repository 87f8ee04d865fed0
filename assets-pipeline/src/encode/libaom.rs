//! AVIF by libaom.

use std::ffi::CStr;

use aom_still::{Effort as Cost, Picture as Planes};
use avif_serialize::{Aviffy, constants::MatrixCoefficients};

use super::{CodecError, Effort, Encoder, Material, ycbcr};
use crate::{
    encode::solve::{Level, Levels, Slopes},
    picture::Picture,
};

/// A level is 63 less libaom's quantizer.
pub(super) const LEVELS: Levels = Levels {
    lowest: 3,
    first: 26,
    highest: 57,
    slopes: Slopes { log_bytes: 0.053, score: 0.9 },
    reach: 0.35,
};

type Options = &'static [(&'static CStr, &'static CStr)];

/// What was best of some sixty settings at the budgets of the tier table, by SSIMULACRA2 on rendered and on
/// photographed turns.
struct Tuning {
    every: Options,
    plain: Options,
    textured: Options,
}

/// The tune for stills without the sharpness that it would add, which costs bytes. Where the ground has
/// something to show, finer quantizers for blocks of little contrast, as the tune would have it; on a plain
/// ground, one quantizer for all.
const STILLS: Tuning = Tuning {
    every: &[(c"tune", c"iq"), (c"sharpness", c"0"), (c"enable-intra-edge-filter", c"0")],
    plain: &[(c"deltaq-mode", c"0")],
    textured: &[(c"deltaq-mode", c"6")],
};

/// For a libaom that has no tune for stills: SSIM decides, and what quantizer matrices leave out counts less.
/// Strong matrices on a plain ground; else weak ones, and quantizers by a model of what viewers said.
const VIDEO: Tuning = Tuning {
    every: &[(c"tune", c"ssim"), (c"dist-metric", c"qm-psnr"), (c"enable-qm", c"1")],
    plain: &[(c"qm-min", c"2"), (c"qm-max", c"10"), (c"deltaq-mode", c"0")],
    textured: &[(c"qm-min", c"0"), (c"qm-max", c"4"), (c"deltaq-mode", c"4")],
};

fn options(material: Material) -> Vec<(&'static CStr, &'static CStr)> {
    let tuning = if aom_still::version_number() >= (3, 12) { STILLS } else { VIDEO };
    let by_material = match material {
        Material::Plain => tuning.plain,
        Material::Textured => tuning.textured,
    };
    [tuning.every, by_material].concat()
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
    let options: Vec<String> = options(encoder.material)
        .iter()
        .chain(ALPHA_OPTIONS)
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    let (version, speed) = (aom_still::version(), speed(encoder.effort));
    format!("libaom-{version} speed-{speed} {} alpha-{ALPHA_COARSER}", options.join(" "))
}

pub(super) fn encode(picture: &Picture, level: Level, encoder: Encoder) -> Result<Vec<u8>, CodecError> {
    let failed = |error: aom_still::Error| CodecError::new("libaom", error);
    let (width, height) = picture.size();
    let planes = ycbcr::planes(&picture.colour);
    let colour = Planes::colour(width, height, planes.each_ref().map(Vec::as_slice)).map_err(failed)?;
    let quantizer = 63u16.saturating_sub(level) as u8;
    let speed = speed(encoder.effort);
    let cost = Cost { speed, options: &options(encoder.material) };
    let colour = aom_still::encode(&colour, quantizer, &cost).map_err(failed)?;
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
