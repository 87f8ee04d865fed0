//! Whether a frame is lighter, darker or of another tint than its neighbours.
//!
//! A piece that turns changes in all directions at once: facets flash up here and go dark there. A change of the
//! exposure or of the white balance moves nearly every pixel by the same factor. So it is the median of the
//! pixels' factors that counts, in linear light, of the piece and of the ground around it each; where both can
//! be seen, both have to agree.

use image::RgbaImage;
use rayon::prelude::*;

use super::{
    centring::piece_share,
    jumps::{Sudden, agreed, has_way_back, sudden},
    robust::median,
};
use crate::{prepare::colour::linear, prepare::ground::Edge};

/// In stops. Clean turns of the sample ring change by 0.03 at the most up to 5 degrees a step, 0.08 at 10, 0.15 at
/// 15 and 0.21 at 30; the tests' clean turns, with noise and on any ground, reach 0.62 of the threshold at the
/// most, and their planted faults of 0.4 stops 1.95 of it at the least.
const EXPOSURE: Sudden = Sudden { least: 0.15, times_usual: 4.0, times_most: 2.5 };
/// In stops of red or blue against green. The tests' clean turns reach 0.06, at 20 degrees a step, and their planted
/// faults 0.14 at the least.
const TINT: Sudden = Sudden { least: 0.08, times_usual: 4.0, times_most: 2.5 };
/// Pixels from this value on may have been brighter than the file can say.
const CLIPPED: u8 = 250;
/// Below this value a factor says more of rounding and noise than of light.
const DARK: u8 = 12;
/// How much of the frame's longer side the border is that shows ground.
const BORDER: f32 = 0.05;
/// Fewer pixels than this are no vote.
const LEAST_VOTES: usize = 40;
/// Nor are those of a piece of which the two frames share less than one in so many: a thin one that is seen on edge.
const SHARED: usize = 4;

/// Factors of light from one frame to another, as powers of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    /// Of luminance: stops.
    pub(super) exposure: f32,
    /// Of red against green.
    pub(super) red: f32,
    /// Of blue against green.
    pub(super) blue: f32,
}

/// Sudden changes from each frame of a closed turn to the next; 0 where there is none.
#[derive(Debug)]
pub(super) struct SuddenLight {
    pub(super) exposure: Vec<f32>,
    pub(super) red: Vec<f32>,
    pub(super) blue: Vec<f32>,
}

/// What lies between a frame of a closed turn and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// Nothing.
    Neighbours,
    /// Frames of another piece.
    AcrossAnotherPiece,
    /// Nothing can be told.
    Unknown,
}

/// Compares each frame of a closed turn with the next.
pub(super) fn sudden_light(turn: &[(&RgbaImage, Edge)], between: &[Between]) -> SuddenLight {
    let n = turn.len();
    let changes: Vec<Option<Change>> = (0..n)
        .into_par_iter()
        .map(|i| match between[i] {
            Between::Unknown => None,
            Between::Neighbours | Between::AcrossAnotherPiece => change(turn[i], turn[(i + 1) % n]),
        })
        .collect();
    let of = |part: fn(Change) -> f32, by| {
        let all: Vec<Option<f32>> = changes.iter().map(|change| change.map(part)).collect();
        let of_neighbours: Vec<Option<f32>> = all
            .iter()
            .zip(between)
            .map(|(change, between)| change.filter(|_| *between == Between::Neighbours))
            .collect();
        // Across another piece the own one turns by two steps or more. That has a say only where neighbours leave a change
        // without its way back.
        let sudden_there = sudden(&of_neighbours, by);
        if has_way_back(&sudden_there) { sudden_there } else { sudden(&all, by) }
    };
    SuddenLight {
        exposure: of(|change| change.exposure, EXPOSURE),
        red: of(|change| change.red, TINT),
        blue: of(|change| change.blue, TINT),
    }
}

/// The change of light from one frame to another; `None` where too little of them can be compared.
fn change((from, from_edge): (&RgbaImage, Edge), (to, to_edge): (&RgbaImage, Edge)) -> Option<Change> {
    // Where the piece gives way to the ground, or the other way round, light says nothing.
    let is_ground = |pixel: [u8; 4], edge: Edge| match edge {
        Edge::Plain(ground) | Edge::Busy(ground) => piece_share(pixel, ground) < 0.5,
        Edge::Transparent => false,
    };
    let (width, height) = from.dimensions();
    let border = (width.max(height) as f32 * BORDER).ceil() as u32;
    let is_border = |x: u32, y: u32| x.min(y).min(width - 1 - x).min(height - 1 - y) < border;
    let (mut piece, mut ground) = (Votes::default(), Votes::default());
    // How large the piece is in the one frame, in the other and in both.
    let mut sizes = [0_usize; 3];
    for ((x, y, from), to) in from.enumerate_pixels().zip(to.pixels()) {
        let is_piece = |pixel: [u8; 4], edge: Edge| pixel[3] >= CLIPPED && !is_ground(pixel, edge);
        let (was_piece, is_piece) = (is_piece(from.0, from_edge), is_piece(to.0, to_edge));
        for (size, is_in) in sizes.iter_mut().zip([was_piece, is_piece, was_piece && is_piece]) {
            *size += usize::from(is_in);
        }
        if from.0[3] < CLIPPED || to.0[3] < CLIPPED {
            continue;
        }
        if is_border(x, y) {
            ground.cast(from.0, to.0);
        } else {
            let (was_ground, is_ground) = (is_ground(from.0, from_edge), is_ground(to.0, to_edge));
            // In uneven surroundings only a comparison with the neighbours' surroundings is possible.
            let is_uneven = matches!((from_edge, to_edge), (Edge::Busy(_), Edge::Busy(_)));
            if was_ground == is_ground && (is_uneven || !is_ground) {
                piece.cast(from.0, to.0);
            }
        }
    }
    if sizes[2] * SHARED < sizes[0].max(sizes[1]) {
        return None;
    }
    // A piece may be small, but a border that hardly shows any ground has none to speak of.
    match (piece.count(0.0), ground.count(0.25)) {
        (Some(piece), Some(ground)) => Some(Change {
            exposure: both(piece.exposure, ground.exposure, ground.clipped),
            red: both(piece.red, ground.red, ground.clipped),
            blue: both(piece.blue, ground.blue, ground.clipped),
        }),
        (Some(piece), None) => Some(Change { exposure: piece.exposure, red: piece.red, blue: piece.blue }),
        (None, _) => None,
    }
}

/// A ground that may be brighter than the file can say has only a veto.
fn both(piece: f32, ground: f32, clipped: bool) -> f32 {
    if clipped {
        if piece * ground >= 0.0 && ground.abs() > 0.02 * piece.abs() { piece } else { 0.0 }
    } else {
        agreed(piece, ground)
    }
}

/// What pixels say of the change of light.
#[derive(Debug, Default)]
struct Votes {
    factors: [Vec<f32>; 3],
    /// Red and blue against green, of pixels that no channel clips in either frame.
    tints: [Vec<f32>; 2],
    all: usize,
    clipped: usize,
}

struct Counted {
    exposure: f32,
    red: f32,
    blue: f32,
    clipped: bool,
}

impl Votes {
    fn cast(&mut self, from: [u8; 4], to: [u8; 4]) {
        self.all += 1;
        let most = |channel: usize| from[channel].max(to[channel]);
        let least = |channel: usize| from[channel].min(to[channel]);
        if (0..3).any(|channel| least(channel) < DARK || least(channel) >= CLIPPED) {
            return;
        }
        let factor = |channel: usize| {
            let light = |value: u8| f32::from(linear(value));
            (light(to[channel]) / light(from[channel])).log2()
        };
        let [red, green, blue] = [0, 1, 2].map(factor);
        for (factors, factor) in self.factors.iter_mut().zip([red, green, blue]) {
            factors.push(factor);
        }
        if (0..3).any(|channel| most(channel) >= CLIPPED) {
            self.clipped += 1;
        } else {
            self.tints[0].push(red - green);
            self.tints[1].push(blue - green);
        }
    }

    /// `None` where fewer than a share of the pixels have something to say, the others being too dark or too
    /// bright in both frames.
    fn count(&self, least_share: f32) -> Option<Counted> {
        let votes = self.factors[0].len();
        if votes < LEAST_VOTES || (votes as f32) < least_share * self.all as f32 {
            return None;
        }
        let [red, green, blue] = [0, 1, 2].map(|channel| median(&self.factors[channel]));
        Some(Counted {
            exposure: 0.2126 * red + 0.7152 * green + 0.0722 * blue,
            red: median(&self.tints[0]),
            blue: median(&self.tints[1]),
            clipped: self.clipped * 2 > votes,
        })
    }
}
