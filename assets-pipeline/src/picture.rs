//! A frame as it is encoded and as it is decoded.

use image::{GrayImage, RgbImage};

use crate::{digest::Digest, prepare::colour::Rgb};

/// 8-bit sRGB, opaque or with straight alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The colours.
    pub colour: RgbImage,
    /// How opaque each pixel is, of the same size; `None` where all of them are.
    pub alpha: Option<GrayImage>,
}

impl From<RgbImage> for Picture {
    fn from(colour: RgbImage) -> Self {
        Self { colour, alpha: None }
    }
}

impl Picture {
    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.colour.dimensions()
    }

    /// Names the pixels.
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.colour.width().to_le_bytes());
        hasher.update(self.colour.as_raw());
        if let Some(alpha) = &self.alpha {
            hasher.update(alpha.as_raw());
        }
        Digest::from_hash(hasher.finalize())
    }

    /// What is seen on a ground, mixed as browsers mix, in sRGB.
    pub fn on(&self, ground: Rgb) -> RgbImage {
        let mut seen = self.colour.clone();
        if let Some(alpha) = &self.alpha {
            for (pixel, alpha) in seen.pixels_mut().zip(alpha.pixels()) {
                pixel.0 = mixed(pixel.0, alpha.0[0], ground);
            }
        }
        seen
    }
}

/// A colour of some opacity on a ground.
pub(crate) fn mixed(colour: [u8; 3], alpha: u8, ground: Rgb) -> [u8; 3] {
    let alpha = u32::from(alpha);
    std::array::from_fn(|channel| {
        let (above, below) = (u32::from(colour[channel]), u32::from(ground.0[channel]));
        ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
    })
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb as Pixel};

    use super::*;

    #[test]
    fn half_opaque_black_on_white_is_grey() {
        let colour = RgbImage::from_pixel(2, 1, Pixel([0; 3]));
        let alpha = GrayImage::from_fn(2, 1, |x, _| Luma([if x == 0 { 128 } else { 255 }]));
        let picture = Picture { colour, alpha: Some(alpha) };
        let seen = picture.on(Rgb::WHITE);
        assert_eq!((seen.get_pixel(0, 0).0, seen.get_pixel(1, 0).0), ([127; 3], [0; 3]));
    }

    #[test]
    fn alpha_counts_in_the_digest() {
        let opaque = Picture::from(RgbImage::new(2, 2));
        let clear = Picture { alpha: Some(GrayImage::new(2, 2)), ..opaque.clone() };
        assert_ne!(opaque.digest(), clear.digest());
    }
}
