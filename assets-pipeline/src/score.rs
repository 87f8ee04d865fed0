//! How close a published frame is to what it was made from.

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use image::RgbImage;

/// SSIMULACRA2 of a candidate against its reference: 100 is identical, 90 cannot be told apart, 70 is
/// good, 50 is passable; it can fall below 0. Both have the same size; `None` otherwise.
pub fn ssimulacra2(reference: &RgbImage, candidate: &RgbImage) -> Option<f64> {
    compute_ssimulacra2(&pixels(reference)?, &pixels(candidate)?).ok()
}

fn pixels(image: &RgbImage) -> Option<PixelSlice<'_>> {
    let (width, height) = image.dimensions();
    PixelSlice::new(image.as_raw(), width, height, width as usize * 3, PixelDescriptor::RGB8_SRGB).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_itself_and_noise_is_not() {
        let flat = RgbImage::from_pixel(64, 64, image::Rgb([200, 180, 90]));
        let noisy =
            RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 37 + y * 91) as u8, 20, (x ^ y) as u8]));
        assert!((ssimulacra2(&flat, &flat).unwrap() - 100.0).abs() < 0.01);
        assert!(ssimulacra2(&flat, &noisy).unwrap() < 30.0);
        assert_eq!(ssimulacra2(&flat, &RgbImage::new(8, 8)), None);
    }
}
