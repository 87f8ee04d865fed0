//! WebP: libwebp encodes and decodes.

use image::RgbImage;
use webp::{Decoder, Encoder, WebPConfig};

use super::CodecError;
use crate::solve::{Level, Levels};

/// A level is twice libwebp's quality.
pub(super) const LEVELS: Levels = Levels { lowest: 16, first: 110, highest: 190 };

pub(super) fn encode(pixels: &RgbImage, level: Level) -> Result<Vec<u8>, CodecError> {
    let (width, height) = pixels.dimensions();
    let mut config = WebPConfig::new().map_err(|()| CodecError::new("libwebp", "version mismatch"))?;
    config.quality = f32::from(level) / 2.0;
    config.method = 6;
    let encoded = Encoder::from_rgb(pixels, width, height)
        .encode_advanced(&config)
        .map_err(|error| CodecError::new("libwebp", format!("{error:?}")))?;
    Ok(encoded.to_vec())
}

pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, CodecError> {
    let decoded =
        Decoder::new(bytes).decode().ok_or_else(|| CodecError::new("libwebp", "not a WebP file"))?;
    RgbImage::from_raw(decoded.width(), decoded.height(), decoded.to_vec())
        .ok_or_else(|| CodecError::new("libwebp", "unexpected transparency"))
}
