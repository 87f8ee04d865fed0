//! From stored samples, 8 or 16 bits and one to four channels, to 8-bit RGBA.

use image::{DynamicImage, RgbaImage};

use super::conversion::{Conversion, Source};
use crate::read::integrity::Header;

/// Converts to sRGB in the depth of the samples and only then rounds to 8 bits.
///
/// The error says what kind of image it is, where it is one that is not taken.
pub(super) fn rgba8(
    pixels: DynamicImage,
    header: &Header,
    conversion: &Conversion,
) -> Result<RgbaImage, String> {
    let (width, height) = (pixels.width(), pixels.height());
    let rgba = match pixels {
        DynamicImage::ImageRgba8(image) if conversion.is_none() && !header.premultiplied => return Ok(image),
        DynamicImage::ImageLuma8(image) => rows::<u8, 1>(&image, width, header, conversion.eight()),
        DynamicImage::ImageLumaA8(image) => rows::<u8, 2>(&image, width, header, conversion.eight()),
        DynamicImage::ImageRgb8(image) => rows::<u8, 3>(&image, width, header, conversion.eight()),
        DynamicImage::ImageRgba8(mut image) => {
            in_place(&mut image, width, header, conversion.eight());
            return Ok(image);
        }
        DynamicImage::ImageLuma16(image) => rows::<u16, 1>(&image, width, header, conversion.sixteen()),
        DynamicImage::ImageLumaA16(image) => rows::<u16, 2>(&image, width, header, conversion.sixteen()),
        DynamicImage::ImageRgb16(image) => rows::<u16, 3>(&image, width, header, conversion.sixteen()),
        DynamicImage::ImageRgba16(image) => rows::<u16, 4>(&image, width, header, conversion.sixteen()),
        _ => return Err("an image with floating-point colours".into()),
    };
    RgbaImage::from_raw(width, height, rgba).ok_or_else(|| "an image of a damaged size".into())
}

/// A sample of 8 or 16 bits.
pub(super) trait Sample: Copy + Default {
    const MAX: Self;
    fn wide(self) -> u32;
    fn narrow(wide: u32) -> Self;
    /// Rounds to the nearest of 256 levels.
    fn eight(self) -> u8;
}

impl Sample for u8 {
    const MAX: Self = Self::MAX;

    fn wide(self) -> u32 {
        self.into()
    }

    fn narrow(wide: u32) -> Self {
        wide as Self
    }

    fn eight(self) -> u8 {
        self
    }
}

impl Sample for u16 {
    const MAX: Self = Self::MAX;

    fn wide(self) -> u32 {
        self.into()
    }

    fn narrow(wide: u32) -> Self {
        wide as Self
    }

    fn eight(self) -> u8 {
        // 65535 / 255 is 257.
        ((u32::from(self) + 128) / 257) as u8
    }
}

/// Expands and converts one row at a time.
struct Row<'a, S> {
    is_premultiplied: bool,
    convert: Option<(Source, &'a dyn moxcms::TransformExecutor<S>)>,
    rgba: Vec<S>,
    grey: Vec<S>,
    converted: Vec<S>,
}

impl<'a, S: Sample> Row<'a, S> {
    fn new(
        width: usize,
        header: &Header,
        convert: Option<(Source, &'a dyn moxcms::TransformExecutor<S>)>,
    ) -> Self {
        let samples = |channels: usize| vec![S::default(); width * channels];
        let (rgba, grey, converted) = (samples(4), samples(2), samples(4));
        Self { is_premultiplied: header.premultiplied, convert, rgba, grey, converted }
    }

    /// The RGBA of what is stored of a row.
    fn of<const CHANNELS: usize>(&mut self, stored: &[S]) -> &[S] {
        let pixels = self.rgba.as_chunks_mut::<4>().0;
        for (pixel, stored) in pixels.iter_mut().zip(stored.as_chunks::<CHANNELS>().0) {
            *pixel = expanded(stored);
            if self.is_premultiplied {
                divide_by_alpha(pixel);
            }
        }
        let result = match self.convert {
            None => None,
            Some((Source::Rgb, transform)) => Some(transform.transform(&self.rgba, &mut self.converted)),
            Some((Source::Grey, transform)) => {
                let pixels = self.rgba.as_chunks::<4>().0;
                for (grey, pixel) in self.grey.as_chunks_mut::<2>().0.iter_mut().zip(pixels) {
                    *grey = [pixel[0], pixel[3]];
                }
                Some(transform.transform(&self.grey, &mut self.converted))
            }
        };
        // The lengths are right by construction, which is all that a transform checks.
        if matches!(result, Some(Ok(()))) { &self.converted } else { &self.rgba }
    }
}

fn rows<S: Sample, const CHANNELS: usize>(
    samples: &[S],
    width: u32,
    header: &Header,
    convert: Option<(Source, &dyn moxcms::TransformExecutor<S>)>,
) -> Vec<u8> {
    let width = width as usize;
    let mut row = Row::new(width, header, convert);
    let mut rgba = Vec::with_capacity(samples.len() / CHANNELS * 4);
    for stored in samples.chunks_exact(width * CHANNELS) {
        rgba.extend(row.of::<CHANNELS>(stored).iter().map(|sample| sample.eight()));
    }
    rgba
}

/// The same for what is RGBA already, and needs no second picture.
fn in_place(
    samples: &mut [u8],
    width: u32,
    header: &Header,
    convert: Option<(Source, &dyn moxcms::TransformExecutor<u8>)>,
) {
    let width = width as usize;
    let mut row = Row::new(width, header, convert);
    for stored in samples.chunks_exact_mut(width * 4) {
        stored.copy_from_slice(row.of::<4>(stored));
    }
}

fn expanded<S: Sample, const CHANNELS: usize>(stored: &[S; CHANNELS]) -> [S; 4] {
    match *stored.as_slice() {
        [grey] => [grey, grey, grey, S::MAX],
        [grey, alpha] => [grey, grey, grey, alpha],
        [red, green, blue] => [red, green, blue, S::MAX],
        [red, green, blue, alpha] => [red, green, blue, alpha],
        _ => [S::default(); 4],
    }
}

fn divide_by_alpha<S: Sample>(pixel: &mut [S; 4]) {
    let (alpha, max) = (pixel[3].wide(), S::MAX.wide());
    for colour in &mut pixel[..3] {
        // At most 65535 * 65535 + 32767, which a u32 holds.
        let straight = (colour.wide() * max + alpha / 2).checked_div(alpha).unwrap_or(0);
        *colour = S::narrow(straight.min(max));
    }
}
