//! Faults of the turn.

use image::RgbaImage;

use super::turns::{
    ROSE, YELLOW, diagnosis, each, every, gradient, lit, moved, name, noisy, numbered_from_one, on, pendant,
    white,
};
use crate::doctor::{Diagnosis, Kind};

/// A turn, by what it is.
fn turns() -> Vec<(String, Vec<RgbaImage>)> {
    let mut turns = Vec::new();
    for (what, frames) in [
        ("ring of 72", every(&YELLOW, 5, 0)),
        ("ring of 36", every(&YELLOW, 10, 3)),
        ("rose ring of 36", ROSE.clone()),
        ("pendant of 24", pendant(24)),
        ("pendant of 36", pendant(36)),
        ("pendant of 72", pendant(72)),
    ] {
        turns.push((format!("{what} on white"), each(&frames, |_, frame| on(frame, white))));
        turns.push((what.to_owned(), frames));
    }
    turns
}

/// Somewhere in the first, second and last third of a turn, and at its beginning.
fn places(frames: usize) -> [usize; 4] {
    [0, frames / 5, frames / 2 + 1, frames - 3]
}

/// Finds faults of one kind, and nothing else, in exactly these frames.
#[track_caller]
fn assert_found(what: &str, frames: Vec<RgbaImage>, kind: Kind, at: &[usize]) -> Diagnosis {
    let found = diagnosis(&numbered_from_one(frames));
    let mut names: Vec<String> = found.findings.iter().flat_map(|finding| finding.frames.clone()).collect();
    names.sort();
    let mut wanted: Vec<String> = at.iter().map(|place| name(place + 1)).collect();
    wanted.sort();
    let told: Vec<_> = found.findings.iter().map(|finding| (finding.kind, &finding.message)).collect();
    assert!(!told.is_empty() && told.iter().all(|told| told.0 == kind), "{what} at {at:?}: {told:?}");
    assert_eq!(names, wanted, "{what} at {at:?}: {told:?}");
    found
}

fn with(frames: &[RgbaImage], at: usize, change: impl Fn(&RgbaImage) -> RgbaImage) -> Vec<RgbaImage> {
    let mut frames = frames.to_vec();
    frames[at] = change(&frames[at]);
    frames
}

#[test]
fn a_darker_or_brighter_frame_is_found_and_so_is_a_run_of_them() {
    for (what, frames) in turns() {
        for at in places(frames.len()) {
            for stops in [-1.0, -0.4, 0.5] {
                let odd = with(&frames, at, |frame| lit(frame, [stops; 3]));
                let found = assert_found(&what, odd, Kind::ExposureJump, &[at]);
                let told = &found.findings[0].message;
                assert!(told.contains(if stops < 0.0 { "darker" } else { "brighter" }), "{told}");
            }
        }
        let run: Vec<usize> = (4..4 + frames.len() / 6).collect();
        let odd =
            each(&frames, |i, frame| if run.contains(&i) { lit(frame, [-0.4; 3]) } else { frame.clone() });
        assert_found(&what, odd, Kind::ExposureJump, &run);
    }
}

#[test]
fn another_white_balance_is_found() {
    for (what, frames) in turns() {
        for at in places(frames.len()) {
            for tint in [[0.15, 0.0, -0.15], [0.0, 0.0, 0.3]] {
                let odd = with(&frames, at, |frame| lit(frame, tint));
                assert_found(&what, odd, Kind::ColourJump, &[at]);
            }
        }
    }
}

#[test]
fn a_piece_that_was_knocked_is_found() {
    for (what, frames) in turns() {
        for at in places(frames.len()) {
            assert_found(&what, with(&frames, at, |frame| moved(frame, 0, -5)), Kind::OffCentre, &[at]);
        }
    }
    // Across, a piece moves by itself, and the more the larger the steps are.
    for (what, frames) in turns().into_iter().filter(|(what, _)| what.contains("72")) {
        let run: Vec<usize> = (20..33).collect();
        let odd = each(&frames, |i, frame| if run.contains(&i) { moved(frame, 6, 4) } else { frame.clone() });
        assert_found(&what, odd, Kind::OffCentre, &run);
    }
}

#[test]
fn frames_out_of_order_are_found_with_where_they_belong() {
    for (what, frames) in turns() {
        for at in places(frames.len()) {
            let mut swapped = frames.clone();
            swapped.swap(at, at + 1);
            let found = assert_found(&what, swapped, Kind::OutOfOrder, &[at, at + 1]);
            let (a, b) = (name(at + 1), name(at + 2));
            assert_eq!(found.findings[0].message, format!("Frames {a} and {b} are swapped."));
        }
        // At 10 degrees a step a ring that is seen from the side has changed so much that only neighbours tell.
        if what.contains("ring of 36") {
            continue;
        }
        let mut far = frames.clone();
        far.swap(3, frames.len() / 3);
        assert_found(&what, far, Kind::OutOfOrder, &[3, frames.len() / 3]);
        let mut gone = frames.clone();
        let frame = gone.remove(4);
        gone.insert(frames.len() / 3, frame);
        let found = assert_found(&what, gone, Kind::OutOfOrder, &[frames.len() / 3]);
        let between = format!("it fits between {} and {}", name(4), name(5));
        assert!(found.findings[0].message.contains(&between), "{}", found.findings[0].message);
        let mut backwards = frames.clone();
        backwards[5..10].reverse();
        assert_found(&what, backwards, Kind::OutOfOrder, &[5, 6, 7, 8, 9]);
    }
}

#[test]
fn two_frames_that_stand_in_each_others_place_are_told_as_such_however_far_apart() {
    for (what, frames) in turns() {
        let n = frames.len();
        // At 10 degrees a step a ring that is seen from the front is nearly the same from both sides of that view.
        let is_coarse = what.contains("ring of 36");
        for apart in [2, 3, 4, 5, 7, n / 4] {
            for first in [0, 3, n / 3, n - apart - 1] {
                if is_coarse && (![3, n / 3].contains(&first) || apart == n / 4) {
                    continue;
                }
                let mut exchanged = frames.clone();
                exchanged.swap(first, first + apart);
                let found = assert_found(&what, exchanged, Kind::OutOfOrder, &[first, first + apart]);
                let (a, b) = (name(first + 1), name(first + apart + 1));
                let wanted = format!("Frames {a} and {b} stand in each other's place.");
                assert_eq!(found.findings[0].message, wanted, "{what}");
            }
        }
    }
}

#[test]
fn frames_exchanged_over_the_front_of_a_ring_are_told_and_those_half_a_turn_apart_cannot_be() {
    let frames = every(&YELLOW, 10, 3);
    let mut over_the_front = frames.clone();
    over_the_front.swap(0, 5);
    assert_found("ring of 36", over_the_front, Kind::OutOfOrder, &[0, 5]);
    // The two views are one picture.
    let mut twins = frames;
    twins.swap(4, 22);
    assert_eq!(diagnosis(&numbered_from_one(twins)).findings, []);
}

#[test]
fn a_frame_that_was_lost_before_numbering_leaves_a_longer_step() {
    for (what, frames) in
        turns().into_iter().filter(|(what, _)| what.starts_with("pendant") && !what.contains("24"))
    {
        for at in [4, frames.len() / 2, frames.len() - 4] {
            let mut lost = frames.clone();
            lost.remove(at);
            assert_found(&what, lost, Kind::UnevenSteps, &[at - 1, at]);
        }
    }
    // 1 and 2 degrees a step, where a ring that is symmetric changes evenly.
    let mut lost = every(&YELLOW, 2, 0);
    lost.remove(100);
    assert_found("ring of 180", lost, Kind::UnevenSteps, &[99, 100]);
}

#[test]
fn a_view_that_was_rendered_twice_is_found_though_its_noise_differs() {
    for (what, frames) in turns() {
        let at = frames.len() / 3;
        let mut twice = frames.clone();
        twice.insert(at, noisy(&frames[at], 1.0, 5));
        assert_found(&what, twice, Kind::UnevenSteps, &[at, at + 1]);
        let mut closing = frames.clone();
        closing.push(noisy(&frames[0], 1.0, 6));
        assert_found(&what, closing, Kind::ClosingFrame, &[frames.len()]);
    }
}

#[test]
fn copies_are_found_whether_they_are_too_many_or_stand_for_another_view() {
    for (what, frames) in turns() {
        let at = frames.len() / 3;
        let mut twice = frames.clone();
        twice.insert(at, frames[at].clone());
        let found = assert_found(&what, twice, Kind::DuplicateFrames, &[at + 1]);
        assert!(found.findings[0].mend.is_some(), "{what}");
        let mut closing = frames.clone();
        closing.push(frames[0].clone());
        let found = assert_found(&what, closing, Kind::ClosingFrame, &[frames.len()]);
        assert!(found.findings[0].mend.is_some(), "{what}");
        let mut instead = frames.clone();
        instead[at] = frames[at * 2].clone();
        let found = assert_found(&what, instead, Kind::DuplicateFrames, &[at]);
        assert!(found.findings[0].mend.is_none(), "{what}");
    }
}

#[test]
fn a_turn_that_covers_less_than_360_degrees_is_open() {
    let turns = turns().into_iter().filter(|(what, _)| what.starts_with("pendant"));
    let ring = [("ring of 120".to_owned(), every(&YELLOW, 3, 0))];
    for (what, frames) in turns.chain(ring) {
        for share in [0.7, 0.9] {
            let kept = (frames.len() as f64 * share) as usize;
            assert_found(&what, frames[..kept].to_vec(), Kind::OpenTurn, &[0, kept - 1]);
        }
    }
}

#[test]
fn faults_show_on_uneven_ground_as_well() {
    let frames = each(&every(&YELLOW, 5, 0), |i, frame| noisy(&on(frame, gradient), 2.0, i as u64));
    let at = 30;
    let dark = with(&frames, at, |frame| lit(frame, [-0.4; 3]));
    assert_found("dark", dark, Kind::ExposureJump, &[at]);
    let warm = with(&frames, at, |frame| lit(frame, [0.15, 0.0, -0.15]));
    assert_found("warm", warm, Kind::ColourJump, &[at]);
    let mut swapped = frames.clone();
    swapped.swap(at, at + 1);
    assert_found("swapped", swapped, Kind::OutOfOrder, &[at, at + 1]);
}
