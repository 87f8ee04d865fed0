//! How far two frames of a turn are apart.

use image::RgbaImage;
use rayon::prelude::*;

use crate::prepare::ground::Bounds;

/// The longer side of what is compared. Coarse enough that a flash on a facet, which lights up for a frame or
/// two, weighs little against outlines, which move from frame to frame.
const SIDE: u32 = 32;

/// The distance of each frame of a turn to each: the mean difference of colours (by their alpha) and alpha, in
/// levels of 255.
#[derive(Debug)]
pub(super) struct Distances(Vec<Vec<f32>>);

impl Distances {
    /// Compares the part of the sketches within `crop`.
    pub(super) fn new(sketches: &[&RgbaImage], crop: Bounds) -> Self {
        let features: Vec<Vec<u8>> = sketches.par_iter().map(|sketch| features(sketch, crop)).collect();
        Self(
            features
                .par_iter()
                .map(|from| features.iter().map(|to| difference(from, to)).collect())
                .collect(),
        )
    }

    /// From one frame to another, never 0, so that logarithms of it exist.
    pub(super) fn between(&self, from: usize, to: usize) -> f32 {
        self.0[from][to].max(0.02)
    }
}

fn features(sketch: &RgbaImage, crop: Bounds) -> Vec<u8> {
    let (width, height) = (crop.width().max(1), crop.height().max(1));
    let longer = width.max(height);
    let (across, down) = ((width * SIDE / longer).clamp(1, width), (height * SIDE / longer).clamp(1, height));
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

fn difference(from: &[u8], to: &[u8]) -> f32 {
    // At most SIDE * SIDE * 4 values of at most 255 each.
    let sum: u32 = from.iter().zip(to).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    sum as f32 / from.len().max(1) as f32
}
