//! Turns of every number of raw frames, as an ingest settles them: the preview, then the rest, then hd.

use super::*;
use crate::plan::{
    Plan,
    tiers::{Family, TierKey, TierTable},
};

/// A scale of few steps, as libaom's is.
const COARSE: Levels = Levels {
    lowest: 3,
    first: 26,
    highest: 57,
    slopes: Slopes { log_bytes: 0.053, score: 0.9 },
    reach: 0.35,
};

/// Points above the first level that an encoder cannot reach, however many bytes it has.
const BEND: f64 = 32.0;

/// How the frames of a turn differ from each other: the logarithm of bytes, and the score.
#[derive(Debug, Clone, Copy)]
struct Differences {
    /// About how many bytes a frame takes at the first level.
    bytes: f64,
    /// By how much in waves that go round the turn.
    waves: (f64, f64),
    /// By how much from frame to frame.
    noise: (f64, f64),
}

/// Raw turns, rendered: a ring.
const RENDERED: Differences = Differences { bytes: 4200.0, waves: (0.04, 0.5), noise: (0.04, 0.5) };
/// Photographs, whose frames differ more.
const PHOTOGRAPHED: Differences = Differences { bytes: 4200.0, waves: (0.1, 1.5), noise: (0.1, 1.5) };
/// Frames that hardly resemble each other.
const UNLIKE: Differences = Differences { bytes: 4200.0, waves: (0.2, 3.0), noise: (0.3, 5.0) };
/// Small ones that hardly resemble each other, and of which no tier is filled up.
const SMALL: Differences = Differences { bytes: 300.0, ..UNLIKE };

/// Any number, the same each time, between -1 and 1.
fn uneven(salt: usize, of: &[usize]) -> f64 {
    let mixed = of.iter().fold(salt as u64, |mixed, part| {
        let mixed = (mixed ^ *part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    });
    (mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn drawn(turn: usize, differences: Differences) -> Vec<Frame> {
    let Differences { bytes, waves, noise } = differences;
    let frame = |frame: usize| {
        let turned = frame as f64 / turn as f64 * std::f64::consts::TAU;
        let log_bytes = waves.0 * (2.0 * turned).sin() + noise.0 * uneven(1, &[turn, frame]);
        let score = waves.1 * (3.0 * turned).cos() + noise.1 * uneven(2, &[turn, frame]);
        Frame { bytes: bytes * log_bytes.exp(), score: 60.0 + score }
    };
    (0..turn).map(frame).collect()
}

/// An encoder with such a scale that does not keep exactly to any curve.
fn unsteady(frames: Vec<Frame>, levels: Levels) -> impl FnMut(&[(usize, Level)]) -> Answer {
    move |wanted| {
        let encode = |&(frame, level): &(usize, Level)| {
            let above = f64::from(level) - f64::from(levels.first);
            let noise = |salt| uneven(salt, &[frame, usize::from(level)]);
            let log_bytes = levels.slopes.log_bytes * above + 0.015 * noise(3);
            // Steep where it is poor, and flat towards the best.
            let score = BEND * (1.0 - (-levels.slopes.score * above / BEND).exp()) + 0.15 * noise(4);
            let Frame { bytes, score: at_first } = frames[frame];
            Encoded { bytes: vec![0; (bytes * log_bytes.exp()) as usize], score: at_first + score }
        };
        Ok(wanted.iter().map(encode).collect())
    }
}

/// A settled family, and its tiers.
struct Settled {
    solver: Solver,
    tiers: Vec<(TierKey, Ceiling)>,
}

impl Settled {
    fn scores(&self, ceiling: &Ceiling) -> Vec<f64> {
        ceiling.frames.iter().map(|frame| self.solver.frame(*frame).unwrap().score).collect()
    }

    fn tier(&self, key: TierKey) -> &Ceiling {
        self.tiers.iter().find(|(tier, _)| *tier == key).map(|(_, ceiling)| ceiling).unwrap()
    }

    /// The bytes that a tier takes of those that it may.
    fn share(&self, key: TierKey) -> f64 {
        let ceiling = self.tier(key);
        bytes(&self.solver, ceiling) as f64 / ceiling.max_bytes as f64
    }
}

fn settled(turn: usize, differences: Differences, levels: Levels, family: Family) -> Settled {
    let table = TierTable::default();
    let plan = Plan::new(turn, 0.0, &table);
    let of_family = plan.tiers.iter().filter(|(key, _)| key.family() == family);
    let tiers: Vec<(TierKey, Ceiling)> = of_family
        .map(|(key, frames)| {
            (*key, Ceiling { frames: frames.clone(), max_bytes: table.tiers[key].max_bytes })
        })
        .collect();
    let ceilings = tiers.iter().map(|(_, ceiling)| ceiling.clone()).collect();
    let mut solver = Solver::new(levels, BEST, ceilings);
    let mut encoder = unsteady(drawn(turn, differences), levels);
    if family == Family::Spin {
        solver.settle(&plan.tiers[&TierKey::Preview], &mut encoder).unwrap();
    }
    solver.settle(&plan.family(family), &mut encoder).unwrap();
    Settled { solver, tiers }
}

fn deviation(scores: &[f64]) -> f64 {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64).sqrt()
}

/// Every number of raw frames that a tier can be made of and an artist can send.
const TURNS: std::ops::RangeInclusive<usize> = 8..=720;

/// No tier of any turn is over its ceiling, has neighbours that differ by more than a step, or is more uneven
/// than that.
#[track_caller]
fn check(differences: Differences, most_uneven: f64, most_encodes: f64) {
    for levels in [LEVELS, COARSE] {
        let (mut encodes, mut frames) = (0, 0);
        for turn in TURNS {
            for family in [Family::Spin, Family::Hd] {
                let settled = settled(turn, differences, levels, family);
                for (key, ceiling) in &settled.tiers {
                    let scores = settled.scores(ceiling);
                    let (step, uneven) = (largest_step(&scores), deviation(&scores));
                    assert!(step <= STEP, "{key} of {turn}: a step of {step:.2} in {scores:.1?}");
                    assert!(
                        uneven < most_uneven,
                        "{key} of {turn}: a deviation of {uneven:.2} in {scores:.1?}"
                    );
                    assert!(settled.share(*key) <= 1.0, "{key} of {turn}");
                    // Evenness does not draw them all down.
                    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
                    assert!(mean > 52.0, "{key} of {turn}: a mean of {mean:.1} in {scores:.1?}");
                }
                encodes += settled.solver.encodes();
                frames += settled.solver.settled.len();
            }
        }
        let of_a_frame = encodes as f64 / frames as f64;
        assert!(of_a_frame <= most_encodes, "{of_a_frame:.2} encodes of a frame");
    }
}

#[test]
fn every_tier_of_every_rendered_turn_is_even() {
    check(RENDERED, 1.0, 1.5);
}

#[test]
fn every_tier_of_every_photographed_turn_is_even() {
    check(PHOTOGRAPHED, 2.0, 1.8);
}

#[test]
fn turns_whose_frames_hardly_resemble_each_other_have_no_larger_steps() {
    check(UNLIKE, 3.0, 4.0);
}

#[test]
fn small_frames_that_are_as_good_as_they_get_have_no_larger_steps() {
    check(SMALL, 5.0, 5.0);
}

#[test]
fn all_bytes_of_standard_are_used_where_the_preview_has_as_many_a_frame() {
    for turn in TURNS.skip_while(|turn| *turn < 24) {
        for levels in [LEVELS, COARSE] {
            let settled = settled(turn, RENDERED, levels, Family::Spin);
            let a_frame = |ceiling: &Ceiling| ceiling.max_bytes as f64 / ceiling.frames.len() as f64;
            let fewest =
                settled.tiers.iter().map(|(_, ceiling)| a_frame(ceiling)).fold(f64::INFINITY, f64::min);
            // What the others lack is left over.
            let share = settled.share(TierKey::Standard);
            let least = 0.95 * fewest / a_frame(settled.tier(TierKey::Standard));
            assert!(share >= least, "standard of {turn} takes {share:.3} of {least:.3}");
        }
    }
}

#[test]
fn a_preview_is_settled_anew_where_the_rest_cannot_look_as_good() {
    // Frames of the preview take half of the bytes that the others do.
    let frames: Vec<Frame> =
        (0..24).map(|f| Frame { bytes: if f % 3 == 0 { 3000.0 } else { 7000.0 }, score: 60.0 }).collect();
    let every = |step: usize| (0..24).step_by(step).collect::<Vec<_>>();
    let ceilings = vec![
        Ceiling { frames: every(3), max_bytes: 50_000 },
        Ceiling { frames: every(1), max_bytes: 150_000 },
    ];
    let mut solver = Solver::new(LEVELS, BEST, ceilings.clone());
    let mut encoder = fake(&frames, Curve { gain: 12.0, ..EVEN });
    solver.settle(&every(3), &mut encoder).unwrap();
    let first = solver.frame(0).unwrap().score;
    solver.settle(&every(1), &mut encoder).unwrap();
    let scores: Vec<f64> = every(1).iter().map(|f| solver.frame(*f).unwrap().score).collect();
    assert!(scores[0] < first - 2.0, "{} and {first}", scores[0]);
    assert!(largest_step(&scores) <= STEP, "{scores:.1?}");
    assert!(ceilings.iter().all(|ceiling| bytes(&solver, ceiling) <= ceiling.max_bytes));
    assert!(bytes(&solver, &ceilings[1]) >= 145_000);
}
