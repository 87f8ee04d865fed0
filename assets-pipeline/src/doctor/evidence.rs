//! A picture that shows what a finding says: the odd frame between its neighbours, or two frames and what differs.

use image::{Rgb as Pixel, RgbImage, RgbaImage, imageops};

use super::margins::Side;
use crate::{
    encode::{Effort, Encoder, Engine, Material},
    picture::{Picture, mixed},
    plan::tiers::Format,
    prepare::colour::Rgb,
};

/// Between pictures, and around all of them.
const GAP: u32 = 6;
/// Of the mark around a picture.
const MARK: u32 = 4;
const MARK_COLOUR: Pixel<u8> = Pixel([226, 58, 46]);
const PAPER: Pixel<u8> = Pixel([236, 236, 236]);
/// Four sketches with their gaps stay below 800 pixels.
const IN_A_ROW: usize = 4;
/// How much larger differences are shown than they are.
const AMPLIFIED: u8 = 4;
/// Out of 200.
const QUALITY: u16 = 170;

/// One picture of a strip.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    image: RgbImage,
    marked: bool,
}

impl Tile {
    /// A frame as it is, on light paper where it is clear.
    pub(super) fn plain(sketch: &RgbaImage) -> Self {
        Self { image: shown(sketch), marked: false }
    }

    /// A frame that the finding is about.
    pub(super) fn marked(sketch: &RgbaImage) -> Self {
        Self { marked: true, ..Self::plain(sketch) }
    }

    /// Crossed out, for a frame that has no picture, as large as the others.
    pub(super) fn none((width, height): (u32, u32)) -> Self {
        let mut image = RgbImage::from_pixel(width, height, PAPER);
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            // Along the first diagonal both shares are alike, along the second they make one.
            let (x, y) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
            let stroke = f64::from(MARK) / f64::from(width.max(height));
            if (x - y).abs() < stroke || (x + y - 1.0).abs() < stroke {
                *pixel = MARK_COLOUR;
            }
        }
        Self { image, marked: true }
    }

    /// A frame with a bar along the sides that cut its piece off.
    pub(super) fn cut(sketch: &RgbaImage, sides: &[Side]) -> Self {
        let mut tile = Self::plain(sketch);
        let (width, height) = tile.image.dimensions();
        for (x, y, pixel) in tile.image.enumerate_pixels_mut() {
            let within = |side: &Side| match side {
                Side::Top => y < MARK,
                Side::Right => x + MARK >= width,
                Side::Bottom => y + MARK >= height,
                Side::Left => x < MARK,
            };
            if sides.iter().any(within) {
                *pixel = MARK_COLOUR;
            }
        }
        tile
    }

    /// What differs between two frames of one size: the darker, the more.
    pub(super) fn difference(a: &RgbaImage, b: &RgbaImage) -> Self {
        let (a, b) = (shown(a), shown(b));
        let mut image = RgbImage::new(a.width().min(b.width()), a.height().min(b.height()));
        for (x, y, pixel) in image.enumerate_pixels_mut() {
            let (a, b) = (a.get_pixel(x, y).0, b.get_pixel(x, y).0);
            pixel.0 = [0, 1, 2].map(|i| u8::MAX - a[i].abs_diff(b[i]).saturating_mul(AMPLIFIED));
        }
        Self { image, marked: false }
    }

    /// A frame with the outline of a part of it, as shares of its width and height: left, top, right, bottom.
    pub(super) fn outlined(sketch: &RgbaImage, [left, top, right, bottom]: [f32; 4]) -> Self {
        let mut tile = Self::plain(sketch);
        let (width, height) = tile.image.dimensions();
        let scaled = |share: f32, of: u32| (share * of as f32) as i64;
        let (left, right) = (scaled(left, width) - 2, scaled(right, width) + 1);
        let (top, bottom) = (scaled(top, height) - 2, scaled(bottom, height) + 1);
        for (x, y, pixel) in tile.image.enumerate_pixels_mut() {
            let (x, y) = (i64::from(x), i64::from(y));
            let inside = (left..=right).contains(&x) && (top..=bottom).contains(&y);
            let deep = (left + 2..=right - 2).contains(&x) && (top + 2..=bottom - 2).contains(&y);
            if inside && !deep {
                *pixel = MARK_COLOUR;
            }
        }
        tile
    }
}

/// Pictures side by side, four in a row, as WebP; `None` where they cannot be encoded.
pub(super) fn strip(tiles: &[Tile]) -> Option<Vec<u8>> {
    let across = tiles.iter().map(|tile| tile.image.width()).max()? + 2 * MARK;
    let down = tiles.iter().map(|tile| tile.image.height()).max()? + 2 * MARK;
    let columns = tiles.len().min(IN_A_ROW) as u32;
    let rows = tiles.len().div_ceil(IN_A_ROW) as u32;
    let (width, height) = (GAP + columns * (across + GAP), GAP + rows * (down + GAP));
    let mut strip = RgbImage::from_pixel(width, height, PAPER);
    for (i, tile) in tiles.iter().enumerate() {
        let (column, row) = ((i % IN_A_ROW) as u32, (i / IN_A_ROW) as u32);
        let (x, y) = (GAP + column * (across + GAP), GAP + row * (down + GAP));
        if tile.marked {
            let mark = RgbImage::from_pixel(
                tile.image.width() + 2 * MARK,
                tile.image.height() + 2 * MARK,
                MARK_COLOUR,
            );
            imageops::replace(&mut strip, &mark, x.into(), y.into());
        }
        imageops::replace(&mut strip, &tile.image, (x + MARK).into(), (y + MARK).into());
    }
    encoded(strip)
}

/// One picture by itself, as WebP; `None` where it cannot be encoded.
pub(super) fn picture(tile: &Tile) -> Option<Vec<u8>> {
    encoded(tile.image.clone())
}

fn encoded(picture: RgbImage) -> Option<Vec<u8>> {
    let encoder = Encoder {
        format: Format::Webp,
        engine: Engine::default(),
        effort: Effort::Default,
        material: Material::Textured,
    };
    encoder.encode(&Picture::from(picture), QUALITY).ok()
}

fn shown(sketch: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(sketch.width(), sketch.height(), |x, y| {
        let [r, g, b, alpha] = sketch.get_pixel(x, y).0;
        Pixel(mixed([r, g, b], alpha, Rgb::WHITE))
    })
}
