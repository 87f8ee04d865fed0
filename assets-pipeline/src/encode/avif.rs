//! AVIF: ravif encodes, rav1d decodes.

use image::RgbImage;
use ravif::{BitDepth, Encoder, Img};
use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};
use rgb::FromSlice as _;

use super::CodecError;
use crate::solve::{Level, Levels};

/// A level is 255 less AV1's quantizer index.
pub(super) const LEVELS: Levels = Levels { lowest: 25, first: 110, highest: 230 };

/// 1 is the slowest. At these bytes 5 is as good as 3 and 4, and a quarter cheaper.
const SPEED: u8 = 5;

pub(super) fn encode(pixels: &RgbImage, level: Level) -> Result<Vec<u8>, CodecError> {
    let (width, height) = pixels.dimensions();
    let image = Img::new(pixels.as_raw().as_rgb(), width as usize, height as usize);
    let encoder = Encoder::new()
        .with_quality(quality(level))
        .with_speed(SPEED)
        .with_bit_depth(BitDepth::Eight)
        .with_num_threads(Some(1));
    let encoded = encoder.encode_rgb(image).map_err(|error| CodecError::new("ravif", error))?;
    Ok(encoded.avif_file)
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

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, CodecError> {
    let container =
        avif_parse::read_avif(&mut &*bytes).map_err(|error| CodecError::new("avif-parse", error))?;
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    let failed = |error: re_rav1d::dav1d::Error| CodecError::new("rav1d", error);
    let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
    decoder.send_data(container.primary_item.to_vec(), None, None, None).map_err(failed)?;
    let picture = decoder.get_picture().map_err(failed)?;
    if picture.pixel_layout() != PixelLayout::I444 {
        return Err(CodecError::new("rav1d", "only 4:4:4 is written here, and so only it is read"));
    }
    let depth = picture.bit_depth();
    let scale = 255.0 / ((1u32 << depth) - 1) as f32;
    let planes = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V]
        .map(|component| (picture.plane(component), picture.stride(component) as usize));
    let (width, height) = (picture.width(), picture.height());
    let sample = |plane: usize, x: u32, y: u32| {
        let (samples, stride) = &planes[plane];
        let row = &samples[y as usize * stride..];
        let value = if depth == 8 {
            u16::from(row[x as usize])
        } else {
            u16::from_le_bytes([row[2 * x as usize], row[2 * x as usize + 1]])
        };
        f32::from(value) * scale
    };
    Ok(RgbImage::from_fn(width, height, |x, y| {
        // BT.601 in full range, which is what ravif writes.
        let (luma, blue, red) = (sample(0, x, y), sample(1, x, y) - 128.0, sample(2, x, y) - 128.0);
        let rgb = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        image::Rgb(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8))
    }))
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
