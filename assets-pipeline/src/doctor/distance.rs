//! How far two frames of a turn are apart.

use image::RgbaImage;
use rayon::prelude::*;

use super::robust::median;
use crate::prepare::ground::Bounds;

/// The longer side of what is compared. Coarse enough that a flash on a facet, which lights up for a frame or
/// two, weighs little against outlines, which move from frame to frame.
const SIDE: u32 = 32;

/// Pictures with a shorter side than this are not made smaller.
const LEAST_SIDE: usize = 8;

/// How far a frame is moved to be like another one, in pixels of what is compared.
const REACH: i32 = 5;
/// Values beyond these say nothing of a factor of light.
const LIT: std::ops::Range<u8> = 12..250;

/// The distance of each frame of a turn to each: the mean difference of colours (by their alpha) and alpha, in
/// levels of 255.
#[derive(Debug, Clone)]
pub(super) struct Distances {
    between: Vec<Vec<f32>>,
    features: Vec<Vec<u8>>,
    across: usize,
}

impl Distances {
    /// Compares the part of the sketches within `crop`.
    pub(super) fn new(sketches: &[&RgbaImage], crop: Bounds) -> Self {
        let size = feature_size(crop);
        let features: Vec<Vec<u8>> = sketches.par_iter().map(|sketch| features(sketch, crop, size)).collect();
        Self { between: all_between(&features), features, across: size.0 as usize }
    }

    /// The same of pictures half as large, in which less than half of the detail is left; `None` where there is hardly any
    /// picture left.
    pub(super) fn smaller(&self) -> Option<Self> {
        let across = self.across;
        let down = self.features.first()?.len() / 4 / across.max(1);
        if across.min(down) < LEAST_SIDE {
            return None;
        }
        let features: Vec<Vec<u8>> =
            self.features.par_iter().map(|features| half(features, across, down)).collect();
        Some(Self { between: all_between(&features), features, across: across.div_ceil(2) })
    }

    /// How many frames there are.
    pub(super) const fn count(&self) -> usize {
        self.features.len()
    }

    /// From one frame to another, never 0, so that logarithms of it exist.
    pub(super) fn between(&self, from: usize, to: usize) -> f32 {
        self.between[from][to].max(0.02)
    }

    /// The same where the one is lit and moved so that it is like the other, as far as that goes; the first distance
    /// below `enough` will do.
    pub(super) fn between_alike(&self, from: usize, to: usize, enough: f32) -> f32 {
        let (from, to) = (&self.features[from], &self.features[to]);
        let lit = lit(from, light(from, to));
        let mut least = f32::INFINITY;
        // By halves of a pixel: between two pixels stands their mean.
        for beside in [0, 1, self.across, self.across + 1] {
            let lit = between_pixels(&lit, beside);
            for across in -REACH..=REACH {
                for down in -REACH..=REACH {
                    let apart = moved_difference(&lit, to, self.across, (across, down));
                    least = least.min(apart);
                    if least < enough {
                        return least;
                    }
                }
            }
        }
        least
    }
}

/// The factor of light of each colour, and of alpha, that the pixels of two frames agree on.
fn light(from: &[u8], to: &[u8]) -> [f32; 4] {
    let factor = |channel: usize| {
        let pixels = from.chunks_exact(4).zip(to.chunks_exact(4));
        let votes: Vec<f32> = pixels
            .filter(|(from, to)| LIT.contains(&from[channel]) && LIT.contains(&to[channel]))
            .map(|(from, to)| f32::from(to[channel]) / f32::from(from[channel]))
            .collect();
        if votes.is_empty() { 1.0 } else { median(&votes) }
    };
    [factor(0), factor(1), factor(2), 1.0]
}

/// A frame in other light.
fn lit(frame: &[u8], light: [f32; 4]) -> Vec<u8> {
    // What is white may have been brighter than the file can say.
    let lit =
        |value: u8, factor: f32| if value < LIT.end { (f32::from(value) * factor) as u8 } else { value };
    frame.iter().zip(light.iter().cycle()).map(|(value, factor)| lit(*value, *factor)).collect()
}

/// The mean of each pixel and of the one so many pixels further on.
fn between_pixels(pixels: &[u8], beside: usize) -> Vec<u8> {
    let further = pixels.iter().skip(4 * beside).chain(std::iter::repeat_n(&0, 4 * beside));
    pixels.iter().zip(further).map(|(a, b)| a.midpoint(*b)).collect()
}

/// The difference of what two frames share once the first has been moved.
fn moved_difference(from: &[u8], to: &[u8], width: usize, (across, down): (i32, i32)) -> f32 {
    let height = to.len() / 4 / width.max(1);
    let (mut sum, mut values) = (0_u32, 0_u32);
    for y in 0..height {
        let Some(from_y) = y.checked_add_signed(down as isize).filter(|y| *y < height) else { continue };
        let left = (-across).max(0) as usize;
        let right = width.saturating_sub(across.max(0) as usize);
        if left >= right {
            continue;
        }
        let row = |y: usize, x: usize| (y * width + x) * 4;
        let shift = |x: usize| x.saturating_add_signed(across as isize);
        let to = &to[row(y, left)..row(y, right)];
        let from = &from[row(from_y, shift(left))..row(from_y, shift(right))];
        sum += from.iter().zip(to).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>();
        values += to.len() as u32;
    }
    sum as f32 / values.max(1) as f32
}

/// Width and height of what is compared of a part of sketches.
fn feature_size(crop: Bounds) -> (u32, u32) {
    let (width, height) = (crop.width().max(1), crop.height().max(1));
    let longer = width.max(height);
    ((width * SIDE / longer).clamp(1, width), (height * SIDE / longer).clamp(1, height))
}

fn features(sketch: &RgbaImage, crop: Bounds, (across, down): (u32, u32)) -> Vec<u8> {
    let (width, height) = (crop.width().max(1), crop.height().max(1));
    // Three colours times alpha, alpha, and how many pixels.
    let mut sums = vec![[0_u32; 5]; (across * down) as usize];
    for y in 0..height {
        for x in 0..width {
            let [r, g, b, alpha] = sketch.get_pixel(crop.left + x, crop.top + y).0.map(u32::from);
            let sum = &mut sums[(y * down / height * across + x * across / width) as usize];
            for (sum, value) in sum.iter_mut().zip([r * alpha, g * alpha, b * alpha, 255 * alpha, 255]) {
                *sum += value;
            }
        }
    }
    sums.iter().flat_map(|sum| [0, 1, 2, 3].map(|i| (sum[i] / sum[4].max(1)) as u8)).collect()
}

fn all_between(features: &[Vec<u8>]) -> Vec<Vec<f32>> {
    features.par_iter().map(|from| features.iter().map(|to| difference(from, to)).collect()).collect()
}

/// Every second pixel of every second row, each the mean of those around it by the weights 1, 4, 6, 4 and 1 both ways.
fn half(pixels: &[u8], across: usize, down: usize) -> Vec<u8> {
    const WEIGHTS: [u32; 5] = [1, 4, 6, 4, 1];
    let around = |at: usize, size: usize| {
        WEIGHTS.iter().enumerate().map(move |(i, weight)| ((at + i).saturating_sub(2).min(size - 1), weight))
    };
    let mut half = Vec::with_capacity(across.div_ceil(2) * down.div_ceil(2) * 4);
    for y in (0..down).step_by(2) {
        for x in (0..across).step_by(2) {
            let mut sums = [0; 4];
            for (y, weight_y) in around(y, down) {
                for (x, weight_x) in around(x, across) {
                    let pixel = &pixels[(y * across + x) * 4..][..4];
                    for (sum, value) in sums.iter_mut().zip(pixel) {
                        *sum += weight_x * weight_y * u32::from(*value);
                    }
                }
            }
            half.extend(sums.map(|sum| ((sum + 128) / 256) as u8));
        }
    }
    half
}

fn difference(from: &[u8], to: &[u8]) -> f32 {
    // At most SIDE * SIDE * 4 values of at most 255 each.
    let sum: u32 = from.iter().zip(to).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    sum as f32 / from.len().max(1) as f32
}
