//! From an artist's frame to the pixels that are encoded: cut out, laid on its ground, made smaller in
//! linear light.

use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U16x3,
};
use image::{RgbImage, RgbaImage};

use crate::{
    colour::{Rgb, encoded, linear},
    ground::Bounds,
};

/// The size of a cut-out whose longer side is at most `px`; nothing is ever enlarged.
pub fn fitted(bounds: Bounds, px: u32) -> (u32, u32) {
    let longer = bounds.width().max(bounds.height());
    if longer <= px {
        return (bounds.width(), bounds.height());
    }
    let scaled = |side: u32| {
        let exact = f64::from(side) * f64::from(px) / f64::from(longer);
        (exact.round() as u32).max(1)
    };
    (scaled(bounds.width()), scaled(bounds.height()))
}

/// An image at a smaller size, by Lanczos in linear light.
pub fn resized(image: &RgbImage, size: (u32, u32)) -> RgbImage {
    let (width, height) = image.dimensions();
    let pixels: Vec<U16x3> = image.pixels().map(|pixel| U16x3::new(pixel.0.map(linear))).collect();
    lanczos(&pixels, (width, height), size)
}

/// A cut-out of a frame on its ground, opaque, at the source's size.
///
/// Transparent pixels are mixed with the ground as browsers mix them, in sRGB; what is made smaller
/// afterwards is opaque, so that no colour from under transparency can bleed in.
#[derive(Debug)]
pub struct CutOut {
    width: u32,
    height: u32,
    /// 16-bit linear light.
    pixels: Vec<U16x3>,
    /// The same as sRGB.
    encoded: RgbImage,
}

impl CutOut {
    /// Cuts `bounds` out of a frame with straight alpha and lays it on the ground.
    pub fn new(frame: &RgbaImage, bounds: Bounds, ground: Rgb) -> Self {
        let (width, height) = (bounds.width(), bounds.height());
        let encoded = RgbImage::from_fn(width, height, |x, y| {
            let [r, g, b, alpha] = frame.get_pixel(bounds.left + x, bounds.top + y).0;
            let mix = |value: u8, ground: u8| {
                let alpha = u32::from(alpha);
                ((u32::from(value) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8
            };
            image::Rgb([mix(r, ground.0[0]), mix(g, ground.0[1]), mix(b, ground.0[2])])
        });
        let pixels = encoded.pixels().map(|pixel| U16x3::new(pixel.0.map(linear))).collect();
        Self { width, height, pixels, encoded }
    }

    /// The cut-out at a size, by Lanczos in linear light; at its own size, unchanged.
    pub fn resized(&self, (width, height): (u32, u32)) -> RgbImage {
        if (width, height) == (self.width, self.height) {
            return self.encoded.clone();
        }
        lanczos(&self.pixels, (self.width, self.height), (width, height))
    }
}

fn lanczos(pixels: &[U16x3], from: (u32, u32), to: (u32, u32)) -> RgbImage {
    let smaller = || {
        let source = TypedImageRef::<U16x3>::new(from.0, from.1, pixels).ok()?;
        let mut target = TypedImage::<U16x3>::new(to.0, to.1);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
        let bytes = target.pixels().iter().flat_map(|pixel| pixel.0.map(encoded)).collect();
        RgbImage::from_raw(to.0, to.1, bytes)
    };
    // Sizes are ours and never zero, so that the resizer has nothing to refuse.
    smaller().unwrap_or_else(|| RgbImage::new(to.0, to.1))
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn sizes_keep_their_shape_and_are_never_enlarged() {
        let bounds = |width, height| Bounds::whole(width, height);
        assert_eq!(fitted(bounds(1380, 1380), 640), (640, 640));
        assert_eq!(fitted(bounds(1000, 447), 640), (640, 286));
        assert_eq!(fitted(bounds(300, 200), 640), (300, 200));
        assert_eq!(fitted(bounds(4000, 3), 640), (640, 1));
    }

    #[test]
    fn a_flat_ground_stays_exactly_flat() {
        for value in [0, 1, 17, 128, 250, 255] {
            let frame = RgbaImage::from_pixel(97, 61, Rgba([value, value, value, 255]));
            let small = CutOut::new(&frame, Bounds::whole(97, 61), Rgb::WHITE).resized((41, 26));
            assert!(small.pixels().all(|pixel| pixel.0 == [value; 3]), "{value}");
        }
    }

    #[test]
    fn black_and_white_stripes_become_half_the_light() {
        let frame =
            RgbaImage::from_fn(200, 200, |x, _| Rgba(if x % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }));
        let small = CutOut::new(&frame, Bounds::whole(200, 200), Rgb::WHITE).resized((50, 50));
        let middle = small.get_pixel(25, 25).0[0];
        assert!(middle.abs_diff(188) <= 4, "{middle}: 128 would be averaging without light");
    }

    #[test]
    fn colour_under_transparency_does_not_bleed() {
        let frame =
            RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [255, 0, 0, 0] } else { [0, 0, 255, 255] }));
        let small = CutOut::new(&frame, Bounds::whole(64, 64), Rgb::WHITE).resized((16, 16));
        assert_eq!(small.get_pixel(2, 8).0, [255; 3]);
        assert!(small.pixels().all(|pixel| pixel.0[0] >= pixel.0[1].saturating_sub(1)), "no red tint");
    }
}
