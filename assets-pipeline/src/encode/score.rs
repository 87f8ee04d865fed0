//! How close a published frame is to what it was made from.

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use image::RgbImage;

use crate::picture::Picture;

/// SSIMULACRA2 of a candidate against its reference: 100 is identical, 90 cannot be told apart, 70 is
/// good, 50 is passable; it can fall below 0. Of transparent pictures it is the lower of the scores on a
/// dark and on a light ground. `None` where the two are not alike in size.
pub fn score(reference: &Picture, candidate: &Picture) -> Option<f64> {
    match (&reference.alpha, &candidate.alpha) {
        (None, None) => ssimulacra2(&reference.colour, &candidate.colour),
        _ => compare(
            &rgba(reference),
            &rgba(candidate),
            PixelDescriptor::RGBA8_SRGB,
            [reference.size(), candidate.size()],
        ),
    }
}

/// As [`score`], of opaque pixels.
pub fn ssimulacra2(reference: &RgbImage, candidate: &RgbImage) -> Option<f64> {
    let sizes = [reference.dimensions(), candidate.dimensions()];
    compare(reference.as_raw(), candidate.as_raw(), PixelDescriptor::RGB8_SRGB, sizes)
}

fn compare(
    reference: &[u8],
    candidate: &[u8],
    descriptor: PixelDescriptor,
    sizes: [(u32, u32); 2],
) -> Option<f64> {
    let slice = |bytes, (width, height): (u32, u32)| {
        PixelSlice::new(bytes, width, height, width as usize * descriptor.bytes_per_pixel(), descriptor).ok()
    };
    compute_ssimulacra2(&slice(reference, sizes[0])?, &slice(candidate, sizes[1])?).ok()
}

fn rgba(picture: &Picture) -> Vec<u8> {
    let opacity = |index: usize| picture.alpha.as_ref().map_or(u8::MAX, |alpha| alpha.as_raw()[index]);
    let pixels = picture.colour.pixels().enumerate();
    pixels.flat_map(|(index, pixel)| [pixel.0[0], pixel.0[1], pixel.0[2], opacity(index)]).collect()
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

    #[test]
    fn transparency_counts_and_colour_under_it_does_not() {
        let picture = |colour, alpha: fn(u32) -> u8| Picture {
            colour: RgbImage::from_fn(64, 64, |x, _| {
                image::Rgb(if x < 32 { colour } else { [200, 180, 90] })
            }),
            alpha: Some(image::GrayImage::from_fn(64, 64, |x, _| image::Luma([alpha(x)]))),
        };
        let half: fn(u32) -> u8 = |x| if x < 32 { 0 } else { 255 };
        let piece = picture([0, 0, 0], half);
        assert!(score(&piece, &picture([255, 0, 0], half)).unwrap() > 99.9);
        assert!(score(&piece, &picture([0, 0, 0], |x| if x < 40 { 0 } else { 255 })).unwrap() < 60.0);
        assert!(score(&piece, &Picture { alpha: None, ..piece.clone() }).unwrap() < 60.0);
    }
}
