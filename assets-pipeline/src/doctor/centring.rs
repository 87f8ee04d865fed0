//! Whether the piece lies elsewhere in its frame than in the frames beside it.
//!
//! When a piece turns, its left and its right outline move by different amounts, mostly against each other. When
//! the camera or the piece is knocked, both move by the same amount, and so do top and bottom.

use image::{Rgba, RgbaImage};
use rayon::prelude::*;

use super::{
    jumps::{Sudden, agreed},
    robust::surprise,
};
use crate::{prepare::colour::Rgb, prepare::ground::Edge};

/// In shares of the frame's longer side. Opposite outlines of the sample ring move together by 0.005 at the most,
/// at 15 degrees a step; those of an asymmetric pendant, less what they did before, by 0.008.
const SHIFT: Sudden = Sudden { least: 0.013, times_usual: 5.0, times_most: 3.0 };
/// What may be left of the difference of two photographs when one is moved back. A piece that turns by itself
/// leaves 0.9 and more.
const EXPLAINED: f32 = 0.8;
/// The share of the piece that lies outside of an outline. Not none, so that a speck of noise is no outline.
const OUTSIDE: f32 = 0.008;
/// How far a channel is from the ground where it counts as piece, and where it fully does.
const PIECE: (f32, f32) = (12.0, 48.0);

/// Sudden shifts from each frame of a closed turn to the next, in shares of the longer side; 0 where there is
/// none.
#[derive(Debug, Clone)]
pub(super) struct SuddenShifts {
    pub(super) across: Vec<f32>,
    pub(super) down: Vec<f32>,
}

impl SuddenShifts {
    /// Whether there is one behind the frame of a position.
    pub(super) fn is_at(&self, position: usize) -> bool {
        (self.across[position], self.down[position]) != (0.0, 0.0)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        (0..self.across.len()).filter(|&position| self.is_at(position)).count()
    }
}

/// Compares each frame of a closed turn with the next, where `linked` says that they are neighbours.
pub(super) fn sudden_shifts(turn: &[(&RgbaImage, Edge)], linked: &[bool]) -> SuddenShifts {
    let busy = turn.iter().any(|(_, edge)| matches!(edge, Edge::Busy(_)));
    let ground = if busy { Some(usual_picture(turn)) } else { None };
    let outlines: Vec<Option<Outline>> =
        turn.par_iter().map(|(sketch, edge)| outline(sketch, *edge, ground.as_ref())).collect();
    let n = turn.len();
    let longer = turn.first().map_or(1, |(sketch, _)| sketch.width().max(sketch.height())) as f32;
    let moves = |part: fn(&Outline) -> f32| -> Vec<Option<f32>> {
        let step = |i: usize| {
            let (from, to) = (outlines[i].as_ref()?, outlines[(i + 1) % n].as_ref()?);
            linked[i].then(|| (part(to) - part(from)) / longer)
        };
        (0..n).map(step).collect()
    };
    let mut found = SuddenShifts {
        across: together(&moves(|o| o.left), &moves(|o| o.right)),
        down: together(&moves(|o| o.top), &moves(|o| o.bottom)),
    };
    if busy {
        // Uneven surroundings move with the camera, which shows where the piece alone does not.
        let shifts: Vec<Option<[f32; 4]>> = (0..n)
            .into_par_iter()
            .map(|i| linked[i].then(|| shifts(turn[i].0, turn[(i + 1) % n].0).map(|shift| shift / longer)))
            .collect();
        let moves =
            |part: usize| shifts.iter().map(|shift| shift.map(|shift| shift[part])).collect::<Vec<_>>();
        let (across, down) = (together(&moves(0), &moves(1)), together(&moves(2), &moves(3)));
        for i in 0..n {
            let shift = (across[i] * longer, down[i] * longer);
            let is_new = (found.across[i], found.down[i]) == (0.0, 0.0) && shift != (0.0, 0.0);
            if is_new && explains(turn[i].0, turn[(i + 1) % n].0, shift.0, shift.1) {
                (found.across[i], found.down[i]) = (across[i], down[i]);
            }
        }
    }
    found
}

/// What each pixel shows in most frames of the turn.
fn usual_picture(turn: &[(&RgbaImage, Edge)]) -> RgbaImage {
    /// So many frames of the turn are enough.
    const ASKED: usize = 36;
    let asked: Vec<&RgbaImage> =
        turn.iter().step_by(turn.len().div_ceil(ASKED).max(1)).map(|(sketch, _)| *sketch).collect();
    let (width, height) = asked.first().map_or((1, 1), |sketch| sketch.dimensions());
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([0, 1, 2, 3].map(|channel| {
            let mut values: Vec<u8> = asked.iter().map(|sketch| sketch.get_pixel(x, y).0[channel]).collect();
            let middle = values.len() / 2;
            *values.select_nth_unstable(middle).1
        }))
    })
}

/// How far two opposite outlines move together, where that is sudden.
fn together(one: &[Option<f32>], other: &[Option<f32>]) -> Vec<f32> {
    let (sudden_one, sudden_other) = (surprise(one), surprise(other));
    let both = |i: usize| Some(agreed(sudden_one[i]?, sudden_other[i]?));
    let surprises: Vec<Option<f32>> = (0..one.len()).map(both).collect();
    let threshold = SHIFT.threshold(&surprises);
    let size = |i: usize| Some(agreed(agreed(one[i]?, other[i]?), surprises[i]?));
    (0..one.len()).map(|i| size(i).filter(|size| size.abs() > threshold).unwrap_or(0.0)).collect()
}

/// Between which rows and columns nearly all of the piece lies, in pixels of the sketch.
#[derive(Debug)]
struct Outline {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
}

/// Over uneven surroundings the piece is what differs from what is usually there.
fn outline(sketch: &RgbaImage, edge: Edge, ground: Option<&RgbaImage>) -> Option<Outline> {
    let (width, height) = sketch.dimensions();
    let (mut columns, mut rows) = (vec![0.0; width as usize], vec![0.0; height as usize]);
    for (x, y, pixel) in sketch.enumerate_pixels() {
        let share = match (ground, edge) {
            (Some(ground), _) => {
                let [r, g, b, _] = ground.get_pixel(x, y).0;
                piece_share(pixel.0, Rgb([r, g, b]))
            }
            (None, Edge::Plain(ground)) => piece_share(pixel.0, ground),
            (None, Edge::Transparent | Edge::Busy(_)) => f32::from(pixel.0[3]) / 255.0,
        };
        columns[x as usize] += share;
        rows[y as usize] += share;
    }
    Some(Outline {
        left: reached(&columns, OUTSIDE)?,
        right: reached(&columns, 1.0 - OUTSIDE)?,
        top: reached(&rows, OUTSIDE)?,
        bottom: reached(&rows, 1.0 - OUTSIDE)?,
    })
}

/// How certainly a pixel is no ground, 0 to 1.
pub(super) fn piece_share(pixel: [u8; 4], ground: Rgb) -> f32 {
    let apart = pixel.iter().zip(ground.0).map(|(value, ground)| value.abs_diff(ground)).max().unwrap_or(0);
    ((f32::from(apart) - PIECE.0) / (PIECE.1 - PIECE.0)).clamp(0.0, 1.0)
}

/// Where so much of the whole has been passed, with fractions of a place.
fn reached(weights: &[f32], share: f32) -> Option<f32> {
    let wanted = weights.iter().sum::<f32>() * share;
    let mut passed = 0.0;
    for (place, weight) in weights.iter().enumerate() {
        if *weight > 0.0 && passed + weight >= wanted {
            return Some(place as f32 + (wanted - passed) / weight);
        }
        passed += weight;
    }
    None
}

/// How far the halves of a photograph are moved against another one, ground and all, by their brightness: left
/// and right half across, top and bottom half down.
fn shifts(from: &RgbaImage, to: &RgbaImage) -> [f32; 4] {
    let ((from_across, from_down), (to_across, to_down)) = (profiles(from), profiles(to));
    let (across, down) = (from_across.len() / 2, from_down.len() / 2);
    [
        best_shift(&from_across[..across], &to_across[..across]),
        best_shift(&from_across[across..], &to_across[across..]),
        best_shift(&from_down[..down], &to_down[..down]),
        best_shift(&from_down[down..], &to_down[down..]),
    ]
}

/// Whether most of what differs between two photographs goes when one of them is moved back.
fn explains(from: &RgbaImage, to: &RgbaImage, across: f32, down: f32) -> bool {
    let (width, height) = from.dimensions();
    let difference = |across: i32, down: i32| {
        let (mut sum, mut count) = (0_u64, 0_u64);
        for (x, y, pixel) in from.enumerate_pixels() {
            let (Some(x), Some(y)) = (x.checked_add_signed(across), y.checked_add_signed(down)) else {
                continue;
            };
            if x < width && y < height {
                let to = to.get_pixel(x, y).0;
                sum += (0..3).map(|i| u64::from(pixel.0[i].abs_diff(to[i]))).sum::<u64>();
                count += 1;
            }
        }
        sum as f32 / count.max(1) as f32
    };
    difference(across.round() as i32, down.round() as i32) < EXPLAINED * difference(0, 0)
}

/// How brightness changes across and down.
fn profiles(sketch: &RgbaImage) -> (Vec<f32>, Vec<f32>) {
    let (width, height) = sketch.dimensions();
    let (mut columns, mut rows) = (vec![0.0; width as usize], vec![0.0; height as usize]);
    for (x, y, pixel) in sketch.enumerate_pixels() {
        let [r, g, b, _] = pixel.0.map(f32::from);
        let grey = 0.3 * r + 0.6 * g + 0.1 * b;
        columns[x as usize] += grey / height as f32;
        rows[y as usize] += grey / width as f32;
    }
    (slopes(&columns), slopes(&rows))
}

/// Differences from place to place, in which the exposure does not show.
fn slopes(values: &[f32]) -> Vec<f32> {
    values.windows(3).map(|few| few[2] - few[0]).collect()
}

fn best_shift(from: &[f32], to: &[f32]) -> f32 {
    let reach = (from.len() / 6) as isize;
    let cost = |shift: isize| {
        let pairs = from
            .iter()
            .enumerate()
            .filter_map(|(place, value)| Some((value - to.get(place.checked_add_signed(shift)?)?).abs()));
        let (sum, count) = pairs.fold((0.0, 0), |(sum, count), cost| (sum + cost, count + 1));
        sum / count.max(1) as f32
    };
    let best = (-reach..=reach).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
    // A parabola through the best and its neighbours.
    let (before, here, after) = (cost(best - 1), cost(best), cost(best + 1));
    let bend = before - 2.0 * here + after;
    best as f32 + if bend > 0.0 { (before - after) / (2.0 * bend) } else { 0.0 }
}
