//! The still as a JPEG: for mail, social cards and whatever knows no newer format.

use image::{RgbImage, codecs::jpeg::JpegEncoder};

use crate::IngestError;

/// Longest side in pixels.
pub const JPEG_PX: u32 = 1200;
/// Ceiling in bytes.
pub const JPEG_MAX_BYTES: usize = 100_000;
/// A higher quality adds nothing visible.
const HIGHEST: u8 = 92;
const LOWEST: u8 = 10;

/// Encodes at the best quality that fits into [`JPEG_MAX_BYTES`]; where none does, at half the size.
pub fn encode_jpeg(image: &RgbImage) -> Result<Vec<u8>, IngestError> {
    let (mut fits, mut low, mut high) = (None, LOWEST, HIGHEST);
    while low <= high {
        let quality = u8::midpoint(low, high);
        let bytes = at(image, quality)?;
        if bytes.len() <= JPEG_MAX_BYTES {
            fits = Some(bytes);
            low = quality + 1;
        } else {
            high = quality - 1;
        }
    }
    if let Some(bytes) = fits {
        return Ok(bytes);
    }
    let (width, height) = (image.width().div_ceil(2), image.height().div_ceil(2));
    encode_jpeg(&image::imageops::thumbnail(image, width, height))
}

fn at(image: &RgbImage, quality: u8) -> Result<Vec<u8>, IngestError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(image).map_err(IngestError::Jpeg)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_noise_fits() {
        let noise = RgbImage::from_fn(1200, 900, |x, y| {
            let mixed =
                (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(2_246_822_519)).wrapping_mul(3_266_489_917);
            image::Rgb([(mixed >> 8) as u8, (mixed >> 16) as u8, (mixed >> 24) as u8])
        });
        let bytes = encode_jpeg(&noise).unwrap();
        assert!(bytes.len() <= JPEG_MAX_BYTES, "{}", bytes.len());
        assert!(image::load_from_memory(&bytes).is_ok());
    }
}
