use proptest::prelude::*;

use super::adjust::CONTENT;
use super::*;

mod turns;

const LEVELS: Levels = Levels {
    lowest: 20,
    first: 120,
    highest: 220,
    slopes: Slopes { log_bytes: 0.02, score: 0.2 },
    reach: 0.35,
};
const BEST: f64 = 90.0;

/// A frame of a made-up encoder.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Bytes at level 120.
    bytes: f64,
    /// Score at level 120.
    score: f64,
}

/// How a made-up encoder answers to levels.
#[derive(Debug, Clone, Copy)]
struct Curve {
    /// Growth of the logarithm of bytes with a level.
    slope: f64,
    /// Growth of the score with the logarithm of bytes.
    gain: f64,
    /// How unsteady bytes are, as a share.
    wobble: f64,
}

const EVEN: Curve = Curve { slope: 0.02, gain: 10.0, wobble: 0.0 };

type Answer = Result<Vec<Encoded>, ()>;

fn fake(frames: &[Frame], curve: Curve) -> impl FnMut(&[(usize, Level)]) -> Answer {
    let frames = frames.to_vec();
    move |wanted| {
        let encode = |&(frame, level): &(usize, Level)| {
            let noise = ((frame * 31 + usize::from(level) * 17) % 101) as f64 / 101.0 - 0.5;
            let growth = curve.slope * (f64::from(level) - 120.0);
            let len = frames[frame].bytes * growth.exp() * (1.0 + curve.wobble * noise);
            Encoded {
                bytes: vec![0; len.max(40.0) as usize],
                score: frames[frame].score + curve.gain * growth,
            }
        };
        Ok(wanted.iter().map(encode).collect())
    }
}

fn alike(bytes: impl IntoIterator<Item = f64>) -> Vec<Frame> {
    bytes.into_iter().map(|bytes| Frame { bytes, score: 60.0 }).collect()
}

fn spin() -> Vec<Ceiling> {
    // 36 and 24 of a turn of 72 steps that share 12.
    let every = |step: usize| (0..72).step_by(step).collect::<Vec<_>>();
    vec![
        Ceiling { frames: every(6), max_bytes: 50_000 },
        Ceiling { frames: every(3), max_bytes: 100_000 },
        Ceiling { frames: every(2), max_bytes: 150_000 },
    ]
}

fn settle_spin(frames: &[Frame], curve: Curve) -> Result<Solver, Unsolved<()>> {
    let mut solver = Solver::new(LEVELS, BEST, spin());
    let mut encoder = fake(frames, curve);
    let first: Vec<usize> = (0..72).step_by(6).collect();
    let rest: Vec<usize> = (0..72).filter(|f| f % 2 == 0 || f % 3 == 0).collect();
    solver.settle(&first, &mut encoder)?;
    solver.settle(&rest, &mut encoder)?;
    Ok(solver)
}

fn bytes(solver: &Solver, ceiling: &Ceiling) -> u64 {
    ceiling.frames.iter().map(|frame| solver.frame(*frame).unwrap().bytes.len() as u64).sum()
}

/// The standard deviation of the settled frames' scores.
fn unevenness(solver: &Solver) -> f64 {
    let scores: Vec<f64> = (0..72).filter_map(|f| solver.frame(f)).map(|one| one.score).collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / scores.len() as f64).sqrt()
}

proptest! {
    #[test]
    fn no_ceiling_is_ever_broken_and_little_is_left(
        size in 500.0..20_000.0f64,
        spread in prop::collection::vec((0.9..1.1f64, -1.0..1.0f64), 72),
        slope in 0.008..0.06f64,
        gain in 4.0..14.0f64,
    ) {
        let frames: Vec<Frame> =
            spread.iter().map(|(s, q)| Frame { bytes: s * size, score: 60.0 + q }).collect();
        if let Ok(solver) = settle_spin(&frames, Curve { slope, gain, wobble: 0.0 }) {
            // Where nothing better can be had or seen, bytes may be left, and no frame is to be better than
            // the others.
            let scores = (0..72).filter_map(|f| solver.frame(f)).map(|one| one.score);
            let worst = scores.fold(f64::INFINITY, f64::min);
            let is_best = |f: usize| {
                let score = solver.frame(f).unwrap().score;
                solver.level(f) == Some(LEVELS.highest) || score >= BEST - 0.5 - slope * gain * 4.0 || score > worst + 0.5
            };
            let all_best = (0..72).filter(|f| solver.level(*f).is_some()).all(is_best);
            let mut fullest = 0.0f64;
            for ceiling in spin() {
                let share = bytes(&solver, &ceiling) as f64 / ceiling.max_bytes as f64;
                prop_assert!(share <= 1.0, "{share}");
                fullest = fullest.max(share);
            }
            prop_assert!(all_best || fullest >= CONTENT, "only {fullest} used");
        } else {
            let least: f64 = (0..72).step_by(2).map(|f| frames[f].bytes * (slope * -100.0).exp()).sum();
            prop_assert!(least > 120_000.0, "{least} would fit");
        }
    }

    #[test]
    fn any_encoder_is_asked_a_bounded_number_of_times_and_never_breaks_a_ceiling(
        size in 1_000.0..8_000.0f64,
        spread in prop::collection::vec((0.6..1.6f64, -5.0..5.0f64), 72),
        wobble in 0.0..0.2f64,
    ) {
        let frames: Vec<Frame> =
            spread.iter().map(|(s, q)| Frame { bytes: s * size, score: 60.0 + q }).collect();
        if let Ok(solver) = settle_spin(&frames, Curve { wobble, ..EVEN }) {
            for ceiling in spin() {
                prop_assert!(bytes(&solver, &ceiling) <= ceiling.max_bytes);
            }
            prop_assert!(solver.encodes() <= 5 * 48, "{} encodes of 48 frames", solver.encodes());
        }
    }

    #[test]
    fn a_turn_whose_frames_differ_smoothly_is_evened_out_at_few_encodes(
        waves in 1..4u32,
        height in 0.5..4.0f64,
        slope in 0.01..0.06f64,
        wobble in 0.0..0.02f64,
    ) {
        let frames: Vec<Frame> = (0..72)
            .map(|f| {
                let wave = (f64::from(f * waves) * std::f64::consts::TAU / 72.0).sin();
                Frame { bytes: 4200.0 * (1.0 + 0.05 * wave), score: 60.0 + height * wave }
            })
            .collect();
        let curve = Curve { slope, gain: 12.0, wobble };
        let solver = settle_spin(&frames, curve).unwrap();
        let before = height / 2f64.sqrt();
        prop_assert!(unevenness(&solver) < before.max(1.0), "{} of {before}", unevenness(&solver));
        // Not one encode a frame on top, however much there is to be evened.
        prop_assert!(solver.encodes() < 48 * 2, "{} encodes of 48 frames", solver.encodes());
    }
}

#[test]
fn an_ordinary_turn_costs_at_most_half_an_encode_a_frame_more() {
    let wave = |f: i32, waves: f64| (f64::from(f) * waves * std::f64::consts::TAU / 72.0).sin();
    for (log_bytes, score) in [(0.055, 0.7), (0.012, 0.15)] {
        let frames: Vec<Frame> = (0..72)
            .map(|f| Frame { bytes: 4200.0 * (1.0 + 0.08 * wave(f, 2.0)), score: 60.0 + 2.0 * wave(f, 5.0) })
            .collect();
        let curve = Curve { slope: log_bytes, gain: score / log_bytes, wobble: 0.01 };
        let solver = settle_spin(&frames, curve).unwrap();
        assert!(solver.encodes() <= 48 * 3 / 2, "{} encodes of 48 frames", solver.encodes());
        assert!(unevenness(&solver) < 1.2, "{}", unevenness(&solver));
    }
}

#[test]
fn frames_that_cannot_look_better_leave_bytes_unused() {
    let solver = settle_spin(&alike([600.0; 72]), Curve { gain: 20.0, ..EVEN }).unwrap();
    let mut scores = (0..72).filter_map(|f| solver.frame(f)).map(|one| one.score);
    assert!(scores.all(|score| (BEST - 2.0..=BEST + 2.0).contains(&score)));
    assert!(spin().iter().all(|ceiling| bytes(&solver, ceiling) < ceiling.max_bytes * 9 / 10));
    assert!(solver.encodes() <= 48 * 3 / 2, "{} encodes of 48 frames", solver.encodes());
}

#[test]
fn what_is_settled_stays_as_it_was() {
    let frames = alike([4000.0; 72]);
    let mut solver = Solver::new(LEVELS, BEST, spin());
    let mut encoder = fake(&frames, Curve { wobble: 0.1, ..EVEN });
    let first: Vec<usize> = (0..72).step_by(6).collect();
    solver.settle(&first, &mut encoder).unwrap();
    let before: Vec<_> = first.iter().map(|f| solver.frame(*f).unwrap().clone()).collect();
    solver.settle(&(0..72).collect::<Vec<_>>(), &mut encoder).unwrap();
    let after: Vec<_> = first.iter().map(|f| solver.frame(*f).unwrap().clone()).collect();
    assert_eq!(before, after);
}

#[test]
fn a_group_that_adds_no_frame_changes_none() {
    // A turn of few raw frames, of which the preview has all.
    let frames = alike((0..12).map(|f| 3000.0 + f64::from(f * 7 % 12) * 300.0));
    let all: Vec<usize> = (0..12).collect();
    let ceiling = Ceiling { frames: all.clone(), max_bytes: 50_000 };
    let mut solver = Solver::new(LEVELS, BEST, vec![ceiling.clone(), ceiling]);
    let mut encoder = fake(&frames, Curve { wobble: 0.1, ..EVEN });
    solver.settle(&all, &mut encoder).unwrap();
    let (settled, encodes) = (solver.settled.clone(), solver.encodes());
    solver.settle(&all, &mut encoder).unwrap();
    assert_eq!((&solver.settled, solver.encodes()), (&settled, encodes));
}

#[test]
fn what_is_started_again_under_other_ceilings_asks_for_nothing_twice() {
    let frames = alike((0..12).map(|f| 3000.0 + f64::from(f * 7 % 12) * 300.0));
    let all: Vec<usize> = (0..12).collect();
    let ceiling = |max_bytes| Ceiling { frames: all.clone(), max_bytes };
    let mut solver = Solver::new(LEVELS, BEST, vec![ceiling(53_500)]);
    let mut encoder = fake(&frames, Curve { wobble: 0.1, ..EVEN });
    let mut asked = Vec::new();
    let mut noted = |wanted: &[(usize, Level)]| {
        asked.extend_from_slice(wanted);
        encoder(wanted)
    };
    solver.settle(&all, &mut noted).unwrap();
    solver.start_again(vec![ceiling(50_000)]);
    assert_eq!(solver.frame(0), None);
    solver.settle(&all, &mut noted).unwrap();
    assert!((48_500..=50_000).contains(&bytes(&solver, &ceiling(50_000))));
    let count = asked.len();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.len(), count);
}

#[test]
fn the_same_frames_are_settled_the_same_way() {
    let frames: Vec<Frame> = (0..72)
        .map(|f| Frame {
            bytes: 4000.0 + f64::from(f * 37 % 11) * 60.0,
            score: 60.0 + f64::from(f * 13 % 7) / 3.0,
        })
        .collect();
    let levels = || {
        let solver = settle_spin(&frames, Curve { wobble: 0.1, ..EVEN }).unwrap();
        (0..72).map(|f| solver.level(f)).collect::<Vec<_>>()
    };
    assert_eq!(levels(), levels());
}

#[test]
fn frames_that_cannot_fit_are_told_from_a_broken_encoder() {
    let large = settle_spin(&alike([90_000.0; 72]), Curve { slope: 0.01, ..EVEN });
    assert!(matches!(large, Err(Unsolved::OverBudget)));
    let mut broken = |_: &[(usize, Level)]| Err::<Vec<Encoded>, _>("no memory");
    let settled = Solver::new(LEVELS, BEST, spin()).settle(&[0, 2], &mut broken);
    assert!(matches!(settled, Err(Unsolved::Encoder("no memory"))));
}
