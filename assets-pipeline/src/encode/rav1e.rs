//! AVIF by rav1e, through ravif.

use ravif::{AlphaColorMode, BitDepth, Encoder, Img};
use rgb::{FromSlice as _, RGBA8};

use super::{CodecError, Effort};
use crate::{
    encode::solve::{Level, Levels, Slopes},
    picture::Picture,
};

/// A level is 255 less AV1's quantizer index.
pub(super) const LEVELS: Levels = Levels {
    lowest: 25,
    first: 110,
    highest: 230,
    slopes: Slopes { log_bytes: 0.02, score: 0.25 },
    reach: 0.35,
};

const ALPHA_QUALITY: f32 = 40.0;

/// 1 is the slowest. At these bytes 5 is as good as 3 and 4, and a quarter cheaper.
const fn speed(effort: Effort) -> u8 {
    match effort {
        Effort::Default => 5,
        Effort::Max => 1,
    }
}

pub(super) fn name(effort: Effort) -> String {
    format!("ravif-0.13 speed-{} 8-bit alpha-{ALPHA_QUALITY}", speed(effort))
}

pub(super) fn encode(picture: &Picture, level: Level, effort: Effort) -> Result<Vec<u8>, CodecError> {
    let (width, height) = picture.size();
    let (width, height) = (width as usize, height as usize);
    let encoder = Encoder::new()
        .with_quality(quality(level))
        .with_alpha_quality(ALPHA_QUALITY)
        .with_alpha_color_mode(AlphaColorMode::UnassociatedDirty)
        .with_speed(speed(effort))
        .with_bit_depth(BitDepth::Eight)
        .with_num_threads(Some(1));
    let colour = picture.colour.as_raw().as_rgb();
    let encoded = match &picture.alpha {
        None => encoder.encode_rgb(Img::new(colour, width, height)),
        Some(alpha) => {
            let pixels: Vec<RGBA8> =
                colour.iter().zip(alpha.as_raw()).map(|(colour, alpha)| colour.with_alpha(*alpha)).collect();
            encoder.encode_rgba(Img::new(pixels.as_slice(), width, height))
        }
    };
    Ok(encoded.map_err(|error| CodecError::new("ravif", error))?.avif_file)
}

/// ravif speaks of quality, 1 to 100, and bends it into a quantizer in three pieces; this is the way
/// back, so that each level is one step of the quantizer.
fn quality(level: Level) -> f32 {
    let x = (255.0 - f32::from(level.min(255))) / 255.0;
    let quality = if x <= (1.0 - 0.82) * 2.6 {
        1.0 - x / 2.6
    } else if x < 0.75 {
        (0.875 - x) * 2.0
    } else {
        1.0 - x
    };
    (quality * 100.0).clamp(1.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_quantizers_are_one_to_one() {
        // ravif's bend, as its documentation gives it.
        let quantizer = |quality: f32| {
            let q = quality / 100.0;
            let x = if q >= 0.82 {
                (1.0 - q) * 2.6
            } else if q > 0.25 {
                0.875 - 0.5 * q
            } else {
                1.0 - q
            };
            (x * 255.0).round() as u16
        };
        for level in LEVELS.lowest..=LEVELS.highest {
            assert_eq!(quantizer(quality(level)), 255 - level);
        }
    }
}
