//! What frames of a turn show against each other.

use image::RgbaImage;

use super::{
    centring::{SuddenShifts, sudden_shifts},
    copies::Copies,
    distance::Distances,
    foreign::foreign,
    jumps::{Jump, jumps},
    light::{Between, SuddenLight, sudden_light},
    look::Member,
    sequence::{Repaired, repair},
    steps::{Step, Steps},
};
use crate::prepare::ground::{Bounds, Edge};

/// Fewer frames than this are not compared: each of them may differ from all others.
pub(super) const LEAST_FRAMES: usize = 8;
/// Where not even the usual step can be seen, there is nothing to be uneven: a plain band.
const LEAST_STEP: f32 = 0.15;

/// What was found by comparing. Positions count in `order`, which holds indices of members.
#[derive(Debug)]
pub(super) struct Compared {
    /// Members that show another piece.
    pub(super) foreign: Vec<usize>,
    /// Frames put where they belong, without copies and without what is of another piece.
    pub(super) order: Vec<usize>,
    pub(super) repairs: Vec<Repaired>,
    pub(super) exposure: Vec<Jump>,
    pub(super) red: Vec<Jump>,
    pub(super) blue: Vec<Jump>,
    pub(super) across: Vec<Jump>,
    pub(super) down: Vec<Jump>,
    /// What each step is against those around it.
    pub(super) steps: Vec<Step>,
    /// How many steps the turn lacks at its end, where its last step is too long.
    pub(super) to_close: usize,
    /// Where the frame of a position is not the neighbour of the next one.
    pub(super) gaps: Vec<Gap>,
}

/// Places of the turn without a frame that can be compared.
#[derive(Debug)]
pub(super) struct Gap {
    /// The position in front of it.
    pub(super) position: usize,
    pub(super) places: Vec<usize>,
    /// Whether the step over it is a usual one, so that nothing is missing but numbers; `None` where steps are too
    /// irregular to tell.
    pub(super) is_single: Option<bool>,
}

/// Compares frames, of one size and all with or without alpha, that are in turn order. `places` is how many
/// places the whole turn has.
pub(super) fn compare(members: &[Member<'_>], places: usize, copies: &Copies) -> Option<Compared> {
    let mut order: Vec<usize> = (0..members.len()).filter(|member| !copies.is_redundant(*member)).collect();
    if order.len() < LEAST_FRAMES {
        return None;
    }
    let sketches: Vec<&RgbaImage> = members.iter().map(|member| &member.seen.sketch).collect();
    let crop = crop(members);
    let distances = Distances::new(&sketches, crop);
    let foreign = foreign(&order, &distances);
    order.retain(|member| !foreign.contains(member));
    let linked: Vec<bool> = (0..order.len())
        .map(|i| {
            let (from, to) = (order[i], order[(i + 1) % order.len()]);
            let apart = (members[to].place + places - members[from].place) % places;
            apart
                == 1 + (1..apart)
                    .filter(|step| copies.is_extra_place((members[from].place + step) % places))
                    .count()
        })
        .collect();
    let usual = Steps { turn: &order, linked: &linked, distances: &distances }.usual();
    if usual < LEAST_STEP {
        return None;
    }
    let picture = |member: &usize| (sketches[*member], members[*member].seen.edge);
    let shifts = |order: &[usize]| sudden_shifts(&order.iter().map(picture).collect::<Vec<_>>(), &linked);
    // Positions stay where they are when frames change places.
    let gaps: Vec<(usize, Vec<usize>)> = (0..order.len())
        .filter(|&i| !linked[i])
        .map(|i| {
            let (from, to) = (members[order[i]].place, members[order[(i + 1) % order.len()]].place);
            (i, (1..(to + places - from) % places).map(|step| (from + step) % places).collect())
        })
        .collect();
    let knocked = shifts(&order);
    let mut in_order = order.clone();
    let mut repairs = repair(&mut in_order, &distances, &linked);
    let mut shifted = if repairs.is_empty() { knocked.clone() } else { shifts(&in_order) };
    if !repairs.is_empty() && knocked.count() > 0 && shifted.count() >= knocked.count() {
        // Where the camera was knocked, two frames are far apart though they follow each other, and another order
        // does not change that.
        let may_go: Vec<bool> = (0..order.len()).map(|i| linked[i] && !knocked.is_at(i)).collect();
        in_order.clone_from(&order);
        repairs = repair(&mut in_order, &distances, &may_go);
        shifted = if repairs.is_empty() { knocked } else { shifts(&in_order) };
    }
    let order = in_order;
    let turn: Vec<(&RgbaImage, Edge)> = order.iter().map(picture).collect();
    // Light does not turn with the piece: it is the same on both sides of a frame of another one. Of frames of which one
    // has moved, nothing can be told.
    let is_foreign = |place: &usize| foreign.iter().any(|&member| members[member].place == *place);
    let over_foreign =
        |i: usize| gaps.iter().any(|(position, places)| *position == i && places.iter().all(is_foreign));
    let between: Vec<Between> = (0..order.len())
        .map(|i| {
            if shifted.is_at(i) {
                Between::Unknown
            } else if linked[i] {
                Between::Neighbours
            } else if over_foreign(i) {
                Between::AcrossAnotherPiece
            } else {
                Between::Unknown
            }
        })
        .collect();
    let SuddenLight { exposure, red, blue } = sudden_light(&turn, &between);

    // Behind the last frame the turn is where it began, so that whatever changes changes back. What does so
    // gradually leaves one step, which is at the seam, unless the turn does not close there.
    let seam = order.len() - 1;
    let steps = Steps { turn: &order, linked: &linked, distances: &distances }.each();
    let is_open = matches!(steps[seam], Step::Longer(_));
    let kept = |sudden: Vec<f32>| {
        let mut jumps = jumps(&sudden);
        jumps.retain(|jump| match jump {
            Jump::Run { .. } => true,
            Jump::Step { from, .. } => *from == seam && !is_open,
        });
        jumps
    };
    let SuddenShifts { across, down } = shifted;
    let [exposure, red, blue, across, down] = [exposure, red, blue, across, down].map(kept);
    // What light and place do to a step says nothing of how far the piece turned.
    let mut judged = linked.clone();
    for jump in [&exposure, &red, &blue, &across, &down].into_iter().flatten() {
        match *jump {
            Jump::Run { start, frames, .. } => {
                judged[(start + seam) % order.len()] = false;
                judged[(start + frames + seam) % order.len()] = false;
            }
            Jump::Step { from, .. } => judged[from] = false,
        }
    }
    let steps = Steps { turn: &order, linked: &judged, distances: &distances };
    let gaps = gaps.into_iter().map(|(position, places)| {
        let is_single = steps.is_single(position, places.len());
        Gap { position, places, is_single }
    });
    Some(Compared {
        foreign,
        gaps: gaps.collect(),
        steps: steps.each(),
        to_close: steps.to_close(),
        repairs,
        exposure,
        red,
        blue,
        across,
        down,
        order,
    })
}

/// How far two sketches of one size are apart, all of them compared.
pub(super) fn apart(a: &RgbaImage, b: &RgbaImage) -> f32 {
    Distances::new(&[a, b], Bounds::whole(a.width(), a.height())).between(0, 1)
}

/// By how much the frame of a position is off.
pub(super) fn level_at(jumps: &[Jump], position: usize, frames: usize) -> f32 {
    let level = jumps.iter().map(|jump| match *jump {
        Jump::Run { start, frames: run, level } if (position + frames - start) % frames < run => level,
        Jump::Run { .. } | Jump::Step { .. } => 0.0,
    });
    level.sum()
}

/// The part of the sketches in which pieces are seen.
fn crop(members: &[Member<'_>]) -> Bounds {
    let sketch = &members[0].seen.sketch;
    let (width, height) = sketch.dimensions();
    let (from, _) = members[0].seen.size;
    let scale = f64::from(width) / f64::from(from.max(1));
    let bounds = members.iter().filter_map(|member| member.seen.bounds).reduce(Bounds::union);
    let scaled = |at: u32| f64::from(at) * scale;
    bounds.map_or(Bounds::whole(width, height), |bounds| Bounds {
        left: (scaled(bounds.left) as u32).min(width - 1),
        top: (scaled(bounds.top) as u32).min(height - 1),
        right: (scaled(bounds.right).ceil() as u32).clamp(1, width),
        bottom: (scaled(bounds.bottom).ceil() as u32).clamp(1, height),
    })
}
