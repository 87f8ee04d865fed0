//! From an artist's frame to the pixels that are encoded: cut out, laid on its ground, made smaller in
//! linear light.

use fast_image_resize::{
    FilterType, MulDiv, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
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
///
/// It is the frame itself, in sRGB: linear light is made of a few rows at a time.
#[derive(Debug)]
pub struct CutOut {
    frame: RgbaImage,
    bounds: Bounds,
    is_opaque: bool,
}

/// Rows that are in linear light at once.
const BAND: usize = 64;

impl CutOut {
    /// Cuts `bounds` out of a frame with straight alpha and lays it on a ground.
    pub fn new(frame: RgbaImage, bounds: Bounds, ground: Ground, denoised: bool) -> Self {
        let mut cut_out = Self { frame, bounds, is_opaque: false };
        if let Ground::Colour(ground) = ground {
            for [r, g, b, alpha] in cut_out.rows_mut().flatten() {
                [*r, *g, *b] = mixed([*r, *g, *b], *alpha, ground);
                *alpha = u8::MAX;
            }
            if denoised {
                let quiet = denoise(&cut_out.colour());
                for ([r, g, b, _], quiet) in cut_out.rows_mut().flatten().zip(quiet.pixels()) {
                    [*r, *g, *b] = quiet.0;
                }
            }
            cut_out.is_opaque = true;
        }
        cut_out
    }

    /// Bytes of memory that making it and resizing it takes, the frame among them.
    pub fn bytes((width, height): (u32, u32), px: u32, denoised: bool) -> u64 {
        let [width, height, across, down] = [width, height, width.min(px), height.min(px)].map(u64::from);
        // As colours, and once more without their noise.
        let denoising = if denoised { 2 * 3 * width * height } else { 0 };
        // 16 bits a channel: narrow, narrow and low, and the bands; and the picture.
        let resizing = 8 * (across * height + across * down + width * BAND as u64) + 4 * across * down;
        4 * width * height + denoising.max(resizing)
    }

    fn size(&self) -> (u32, u32) {
        (self.bounds.width(), self.bounds.height())
    }

    /// The pixels of a row of the cut-out.
    fn row(&self, y: usize) -> &[[u8; 4]] {
        let stride = self.frame.width() as usize;
        let from = (self.bounds.top as usize + y) * stride + self.bounds.left as usize;
        &self.frame.as_chunks::<4>().0[from..from + self.bounds.width() as usize]
    }

    fn rows(&self) -> impl Iterator<Item = &[[u8; 4]]> {
        (0..self.bounds.height() as usize).map(|y| self.row(y))
    }

    fn rows_mut(&mut self) -> impl Iterator<Item = &mut [[u8; 4]]> {
        let Bounds { left, top, right, bottom } = self.bounds;
        let stride = self.frame.width() as usize;
        let rows = self.frame.as_chunks_mut::<4>().0.chunks_exact_mut(stride);
        let rows = rows.take(bottom as usize).skip(top as usize);
        rows.map(move |row| &mut row[left as usize..right as usize])
    }

    fn colour(&self) -> RgbImage {
        let (width, height) = self.size();
        let mut colour = RgbImage::new(width, height);
        for (pixel, [r, g, b, _]) in colour.pixels_mut().zip(self.rows().flatten()) {
            pixel.0 = [*r, *g, *b];
        }
        colour
    }

    /// The cut-out at a size, by Lanczos in linear light; at its own size, unchanged.
    pub fn resized(&self, to: (u32, u32)) -> Picture {
        let size = self.size();
        if self.is_opaque {
            if size == to {
                return self.colour().into();
            }
            let light = lanczos::<U16x3>(size, to, |top, band| {
                for (y, row) in band.chunks_exact_mut(size.0 as usize).enumerate() {
                    for (light, [r, g, b, _]) in row.iter_mut().zip(self.row(top + y)) {
                        *light = U16x3::new([*r, *g, *b].map(linear));
                    }
                }
            });
            let mut smaller = RgbImage::new(to.0, to.1);
            for (pixel, light) in smaller.pixels_mut().zip(light) {
                pixel.0 = light.0.map(encoded);
            }
            return smaller.into();
        }
        let (mut colour, alpha) = if size == to { self.parts() } else { self.smaller_parts(to) };
        bleed_alpha(&mut colour, &alpha);
        Picture { colour, alpha: Some(alpha) }
    }

    /// Colour and alpha at the cut-out's own size.
    fn parts(&self) -> (RgbImage, GrayImage) {
        let mut alpha = GrayImage::new(self.bounds.width(), self.bounds.height());
        for (pixel, [_, _, _, opacity]) in alpha.pixels_mut().zip(self.rows().flatten()) {
            pixel.0 = [*opacity];
        }
        (self.colour(), alpha)
    }

    /// Colour and alpha at another size. On the way, colours are weighted by their alpha.
    fn smaller_parts(&self, to: (u32, u32)) -> (RgbImage, GrayImage) {
        let size = self.size();
        let weights = MulDiv::new();
        let mut light = lanczos::<U16x4>(size, to, |top, band| {
            let rows = band.len() / size.0 as usize;
            for (y, row) in band.chunks_exact_mut(size.0 as usize).enumerate() {
                for (light, [r, g, b, alpha]) in row.iter_mut().zip(self.row(top + y)) {
                    *light = U16x4::new([linear(*r), linear(*g), linear(*b), u16::from(*alpha) * 257]);
                }
            }
            in_place(band, (size.0, rows as u32), |band| weights.multiply_alpha_inplace_typed(band).ok());
        });
        in_place(&mut light, to, |light| weights.divide_alpha_inplace_typed(light).ok());
        let (mut colour, mut alpha) = (RgbImage::new(to.0, to.1), GrayImage::new(to.0, to.1));
        for ((pixel, colour), alpha) in light.iter().zip(colour.pixels_mut()).zip(alpha.pixels_mut()) {
            let [r, g, b, opacity] = pixel.0;
            colour.0 = [r, g, b].map(encoded);
            alpha.0[0] = ((u32::from(opacity) + 128) / 257) as u8;
        }
        (colour, alpha)
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
    CutOut::new(frame, Bounds::whole(width, height), ground, false).resized(to)
}

/// Resizes what `fill` writes, a band of rows from the given one on at a time: first across, then down.
fn lanczos<P: PixelTrait + Default>(
    from: (u32, u32),
    to: (u32, u32),
    fill: impl Fn(usize, &mut [P]),
) -> Vec<P> {
    let (width, height, narrow) = (from.0 as usize, from.1 as usize, to.0 as usize);
    let mut resizer = Resizer::new();
    let mut band = vec![P::default(); width * BAND.min(height)];
    let mut across = vec![P::default(); narrow * height];
    for (place, narrow_band) in across.chunks_mut(narrow * BAND).enumerate() {
        let rows = narrow_band.len() / narrow;
        let band = &mut band[..width * rows];
        fill(place * BAND, band);
        scaled(&mut resizer, (&*band, (from.0, rows as u32)), (narrow_band, (to.0, rows as u32)));
    }
    drop(band);
    if to.1 == from.1 {
        return across;
    }
    let mut down = vec![P::default(); narrow * to.1 as usize];
    scaled(&mut resizer, (&across[..], (to.0, from.1)), (&mut down[..], to));
    down
}

/// Sizes are ours and never zero, so that the resizer has nothing to refuse.
fn scaled<P: PixelTrait>(
    resizer: &mut Resizer,
    (pixels, from): (&[P], (u32, u32)),
    (target, to): (&mut [P], (u32, u32)),
) {
    let Ok(source) = TypedImageRef::<P>::new(from.0, from.1, pixels) else { return };
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).use_alpha(false);
    in_place(target, to, |target| resizer.resize_typed(&source, target, &options).ok());
}

fn in_place<P: PixelTrait>(
    pixels: &mut [P],
    (width, height): (u32, u32),
    change: impl FnOnce(&mut TypedImage<'_, P>) -> Option<()>,
) {
    let image = TypedImage::from_pixels_slice(width, height, pixels);
    let _ = image.ok().and_then(|mut image| change(&mut image));
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
            let small = CutOut::new(frame, Bounds::whole(97, 61), WHITE, false).resized((41, 26)).colour;
            assert!(small.pixels().all(|pixel| pixel.0 == [value; 3]), "{value}");
        }
    }

    #[test]
    fn black_and_white_stripes_become_half_the_light() {
        let frame =
            RgbaImage::from_fn(200, 200, |x, _| Rgba(if x % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }));
        let small = CutOut::new(frame, Bounds::whole(200, 200), WHITE, false).resized((50, 50)).colour;
        let middle = small.get_pixel(25, 25).0[0];
        assert!(middle.abs_diff(188) <= 4, "{middle}: 128 would be averaging without light");
    }

    #[test]
    fn colour_under_transparency_does_not_bleed() {
        let frame =
            RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [255, 0, 0, 0] } else { [0, 0, 255, 255] }));
        let small = CutOut::new(frame, Bounds::whole(64, 64), WHITE, false).resized((16, 16)).colour;
        assert_eq!(small.get_pixel(2, 8).0, [255; 3]);
        assert!(small.pixels().all(|pixel| pixel.0[0] >= pixel.0[1].saturating_sub(1)), "no red tint");
    }

    #[test]
    fn transparency_is_kept_and_no_colour_bleeds_from_under_it() {
        let frame =
            RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 32 { [255, 0, 0, 0] } else { [0, 0, 255, 255] }));
        let cut_out = CutOut::new(frame, Bounds::whole(64, 64), Ground::Transparent, false);
        let small = cut_out.resized((16, 16));
        let alpha = small.alpha.unwrap();
        assert_eq!((alpha.get_pixel(2, 8).0, alpha.get_pixel(13, 8).0), ([0], [255]));
        assert!(small.colour.pixels().all(|pixel| pixel.0 == [0, 0, 255]), "no red, also under transparency");
        assert_eq!(cut_out.resized((64, 64)).alpha.unwrap().get_pixel(31, 8).0, [0]);
    }
}
