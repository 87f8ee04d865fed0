//! From an artist's frame to the pixels that are encoded: cut out, laid on its ground, made smaller in
//! linear light.

use fast_image_resize::{
    FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U16x3, U16x4},
};
use image::{GrayImage, RgbImage, Rgba, RgbaImage};

use crate::{
    picture::{Picture, mixed},
    prepare::alpha_bleed::bleed_alpha,
    prepare::colour::{encoded, linear},
    prepare::denoise::denoise,
    prepare::ground::{Bounds, Ground},
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

/// A cut-out of a frame at the source's size.
///
/// On a ground, transparent pixels are mixed with it as browsers mix them, in sRGB, and what is made
/// smaller afterwards is opaque, so that no colour from under transparency can bleed in. Without one,
/// colours count by their alpha on the way down, and what lies under full transparency is filled from the
/// piece's edge (see [`bleed_alpha`]).
#[derive(Debug)]
pub struct CutOut(Kind);

#[derive(Debug)]
enum Kind {
    /// As sRGB, and as 16-bit linear light.
    Opaque { encoded: RgbImage, light: Vec<U16x3> },
    /// 16-bit linear light with straight alpha, and its width and height.
    Transparent { light: Vec<U16x4>, size: (u32, u32) },
}

impl CutOut {
    /// Cuts `bounds` out of a frame with straight alpha and lays it on a ground.
    pub fn new(frame: &RgbaImage, bounds: Bounds, ground: Ground, denoised: bool) -> Self {
        let (width, height) = (bounds.width(), bounds.height());
        let (left, above) = (bounds.left as usize, bounds.top as usize);
        let rows = frame.rows().skip(above).take(height as usize);
        let cut = rows.flat_map(|row| row.skip(left).take(width as usize)).map(|pixel| pixel.0);
        match ground {
            Ground::Colour(ground) => {
                let mut encoded = RgbImage::new(width, height);
                for (pixel, [r, g, b, alpha]) in encoded.pixels_mut().zip(cut) {
                    pixel.0 = mixed([r, g, b], alpha, ground);
                }
                if denoised {
                    encoded = denoise(&encoded);
                }
                let light = encoded.pixels().map(|pixel| U16x3::new(pixel.0.map(linear))).collect();
                Self(Kind::Opaque { encoded, light })
            }
            Ground::Transparent => {
                let light = cut.map(|[r, g, b, alpha]| {
                    U16x4::new([linear(r), linear(g), linear(b), u16::from(alpha) * 257])
                });
                Self(Kind::Transparent { light: light.collect(), size: (width, height) })
            }
        }
    }

    /// The cut-out at a size, by Lanczos in linear light; at its own size, unchanged.
    pub fn resized(&self, to: (u32, u32)) -> Picture {
        match &self.0 {
            Kind::Opaque { encoded, .. } if encoded.dimensions() == to => encoded.clone().into(),
            Kind::Opaque { encoded, light } => {
                let mut smaller = RgbImage::new(to.0, to.1);
                let light = lanczos(light, encoded.dimensions(), to);
                for (pixel, light) in smaller.pixels_mut().zip(light) {
                    pixel.0 = light.0.map(self::encoded);
                }
                smaller.into()
            }
            Kind::Transparent { light, size } => {
                let smaller = if *size == to { None } else { Some(lanczos(light, *size, to)) };
                let pixels = smaller.as_ref().unwrap_or(light);
                let (mut colour, mut alpha) = (RgbImage::new(to.0, to.1), GrayImage::new(to.0, to.1));
                for ((pixel, colour), alpha) in pixels.iter().zip(colour.pixels_mut()).zip(alpha.pixels_mut())
                {
                    let [r, g, b, opacity] = pixel.0;
                    colour.0 = [r, g, b].map(encoded);
                    alpha.0[0] = ((u32::from(opacity) + 128) / 257) as u8;
                }
                bleed_alpha(&mut colour, &alpha);
                Picture { colour, alpha: Some(alpha) }
            }
        }
    }
}

/// A picture at a smaller size, by Lanczos in linear light.
pub fn resized(picture: &Picture, to: (u32, u32)) -> Picture {
    let (width, height) = picture.size();
    let frame = RgbaImage::from_fn(width, height, |x, y| {
        let [r, g, b] = picture.colour.get_pixel(x, y).0;
        Rgba([r, g, b, picture.alpha.as_ref().map_or(u8::MAX, |alpha| alpha.get_pixel(x, y).0[0])])
    });
    let ground = if picture.alpha.is_some() {
        Ground::Transparent
    } else {
        Ground::Colour(crate::prepare::colour::Rgb::WHITE)
    };
    CutOut::new(&frame, Bounds::whole(width, height), ground, false).resized(to)
}

fn lanczos<P: PixelTrait + Default>(pixels: &[P], from: (u32, u32), to: (u32, u32)) -> Vec<P> {
    let smaller = || {
        let source = TypedImageRef::<P>::new(from.0, from.1, pixels).ok()?;
        let mut target = TypedImage::<P>::new(to.0, to.1);
        // Colours with alpha are weighted by it on the way.
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
        Some(target.pixels().to_vec())
    };
    // Sizes are ours and never zero, so that the resizer has nothing to refuse.
    smaller().unwrap_or_else(|| vec![P::default(); to.0 as usize * to.1 as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::colour::Rgb;

    const WHITE: Ground = Ground::Colour(Rgb::WHITE);

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
            let small = CutOut::new(&frame, Bounds::whole(97, 61), WHITE, false).resized((41, 26)).colour;
            assert!(small.pixels().all(|pixel| pixel.0 == [value; 3]), "{value}");
        }
    }

    #[test]
    fn black_and_white_stripes_become_half_the_light() {
        let frame =
            RgbaImage::from_fn(200, 200, |x, _| Rgba(if x % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }));
        let small = CutOut::new(&frame, Bounds::whole(200, 200), WHITE, false).resized((50, 50)).colour;
        let middle = small.get_pixel(25, 25).0[0];
        assert!(middle.abs_diff(188) <= 4, "{middle}: 128 would be averaging without light");
    }

    #[test]
    fn colour_under_transparency_does_not_bleed() {
        let frame =
            RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [255, 0, 0, 0] } else { [0, 0, 255, 255] }));
        let small = CutOut::new(&frame, Bounds::whole(64, 64), WHITE, false).resized((16, 16)).colour;
        assert_eq!(small.get_pixel(2, 8).0, [255; 3]);
        assert!(small.pixels().all(|pixel| pixel.0[0] >= pixel.0[1].saturating_sub(1)), "no red tint");
    }

    #[test]
    fn transparency_is_kept_and_no_colour_bleeds_from_under_it() {
        let frame =
            RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [255, 0, 0, 0] } else { [0, 0, 255, 255] }));
        let cut_out = CutOut::new(&frame, Bounds::whole(64, 64), Ground::Transparent, false);
        let small = cut_out.resized((16, 16));
        let alpha = small.alpha.unwrap();
        assert_eq!((alpha.get_pixel(2, 8).0, alpha.get_pixel(13, 8).0), ([0], [255]));
        assert!(small.colour.pixels().all(|pixel| pixel.0 == [0, 0, 255]), "no red, also under transparency");
        assert_eq!(cut_out.resized((64, 64)).alpha.unwrap().get_pixel(31, 8).0, [0]);
    }
}
