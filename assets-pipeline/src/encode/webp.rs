//! WebP: libwebp encodes and decodes.

use image::{GrayImage, RgbImage};
use webp::{Decoder, Encoder, WebPConfig};

use super::{CodecError, Material};
use crate::{
    encode::solve::{Level, Levels, Slopes},
    picture::Picture,
};

/// A level is twice libwebp's quality.
pub(super) const LEVELS: Levels = Levels {
    lowest: 16,
    first: 110,
    highest: 190,
    slopes: Slopes { log_bytes: 0.0078, score: 0.17 },
    // The curve bends, and an encode costs little.
    reach: 0.1,
};

/// Everything that decides the bytes.
pub(super) fn name(material: Material) -> String {
    let chroma = if sharp_yuv(material) { " sharp-yuv" } else { "" };
    format!("libwebp-sys-0.9 method-6 alpha-30{chroma}")
}

/// Careful about where colours change, at twice the cost: it gains on plain grounds, where there is little
/// else, and loses on texture.
fn sharp_yuv(material: Material) -> bool {
    material == Material::Plain
}

/// Out of 100; below it, edges fray.
const ALPHA_QUALITY: i32 = 30;

pub(super) fn encode(picture: &Picture, level: Level, material: Material) -> Result<Vec<u8>, CodecError> {
    let (width, height) = picture.size();
    let mut config = WebPConfig::new().map_err(|()| CodecError::new("libwebp", "version mismatch"))?;
    config.quality = f32::from(level) / 2.0;
    config.method = 6;
    config.alpha_quality = ALPHA_QUALITY;
    config.use_sharp_yuv = sharp_yuv(material).into();
    let encode = |encoder: Encoder<'_>| {
        let encoded = encoder.encode_advanced(&config);
        encoded.map(|bytes| bytes.to_vec()).map_err(|error| CodecError::new("libwebp", format!("{error:?}")))
    };
    match &picture.alpha {
        None => encode(Encoder::from_rgb(&picture.colour, width, height)),
        Some(alpha) => {
            let pixels: Vec<u8> = picture
                .colour
                .pixels()
                .zip(alpha.as_raw())
                .flat_map(|(colour, alpha)| [colour.0[0], colour.0[1], colour.0[2], *alpha])
                .collect();
            encode(Encoder::from_rgba(&pixels, width, height))
        }
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, CodecError> {
    let decoded =
        Decoder::new(bytes).decode().ok_or_else(|| CodecError::new("libwebp", "not a WebP file"))?;
    let (width, height) = (decoded.width(), decoded.height());
    let whole = || CodecError::new("libwebp", "pixels are missing");
    if !decoded.is_alpha() {
        return Ok(RgbImage::from_raw(width, height, decoded.to_vec()).ok_or_else(whole)?.into());
    }
    let (mut colour, mut alpha) = (Vec::new(), Vec::new());
    for pixel in decoded.chunks_exact(4) {
        colour.extend_from_slice(&pixel[..3]);
        alpha.push(pixel[3]);
    }
    let colour = RgbImage::from_raw(width, height, colour).ok_or_else(whole)?;
    let alpha = GrayImage::from_raw(width, height, alpha).ok_or_else(whole)?;
    Ok(Picture { colour, alpha: Some(alpha) })
}
