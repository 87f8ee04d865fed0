//! Several faults in one turn: each is found once, and none makes another one up.

use std::collections::BTreeSet;

use image::{RgbaImage, imageops};

use super::turns::{
    PLATINUM, ROSE, YELLOW, diagnosis, each, every, lit, name, noisy, numbered_from_one, on, pendant, white,
};
use crate::doctor::{Kind, Severity};

type Told = Vec<(Kind, Vec<String>)>;

/// A turn, and a frame of another piece that is as large.
fn turns() -> Vec<(String, Vec<RgbaImage>, RgbaImage)> {
    let bead = pendant(24).remove(5);
    let ring = |frame: &RgbaImage| imageops::resize(frame, 144, 144, imageops::FilterType::Triangle);
    let beads = |like: &RgbaImage| {
        imageops::resize(&bead, like.width(), like.height(), imageops::FilterType::Triangle)
    };
    let mut turns = Vec::new();
    for (what, frames, other) in [
        ("ring of 72", every(&YELLOW, 5, 0), beads(&YELLOW[0])),
        ("ring of 36", every(&YELLOW, 10, 3), beads(&YELLOW[0])),
        ("rose ring of 36", ROSE.clone(), beads(&ROSE[0])),
        ("pendant of 36", pendant(36), ring(&YELLOW[40])),
        ("pendant of 72", pendant(72), ring(&YELLOW[100])),
    ] {
        let on_white = each(&frames, |_, frame| on(frame, white));
        turns.push((format!("{what} on white"), on_white, on(&other, white)));
        turns.push((what.to_owned(), frames, other));
    }
    turns
}

/// What is found in a turn, by kind and frame.
fn told(what: &str, frames: Vec<RgbaImage>) -> Told {
    let found = diagnosis(&numbered_from_one(frames));
    let told = found.findings.iter().map(|finding| {
        assert_eq!(finding.severity, Severity::Asks, "{what}: {}", finding.message);
        let mut frames = finding.frames.clone();
        frames.sort();
        (finding.kind, frames)
    });
    let mut told: Told = told.collect();
    told.sort();
    told
}

#[test]
fn a_dark_a_foreign_and_two_swapped_frames_are_found_each_by_itself_and_together() {
    for (what, frames, other) in turns() {
        let n = frames.len();
        let (dark, foreign, swapped) = (n / 5, n / 2 + 1, n - 6);
        for faults in 1..8 {
            let (mut turn, mut wanted) = (frames.clone(), Told::new());
            if faults & 1 > 0 {
                turn[dark] = lit(&turn[dark], [-1.0; 3]);
                wanted.push((Kind::ExposureJump, vec![name(dark + 1)]));
            }
            if faults & 2 > 0 {
                turn[foreign] = other.clone();
                wanted.push((Kind::ForeignFrames, vec![name(foreign + 1)]));
            }
            if faults & 4 > 0 {
                turn.swap(swapped, swapped + 1);
                wanted.push((Kind::OutOfOrder, vec![name(swapped + 1), name(swapped + 2)]));
            }
            wanted.sort();
            let told = told(&what, turn);
            if faults & 3 == 3 && what.ends_with("ring of 36") {
                // In so large steps another piece is as near to the dark frame as some of its own, and is told by its light
                // and tint.
                let names = |told: &Told| told.iter().flat_map(|(_, frames)| frames.clone()).collect();
                let (names, wanted): (BTreeSet<String>, BTreeSet<String>) = (names(&told), names(&wanted));
                assert_eq!(names, wanted, "{what}: {told:?}");
            } else {
                assert_eq!(told, wanted, "{what}: {faults}");
            }
        }
    }
}

#[test]
fn light_across_a_foreign_frame_makes_no_third_finding_of_a_dark_frame_elsewhere() {
    let frames = every(&YELLOW, 10, 3);
    let (width, height) = frames[0].dimensions();
    let other = imageops::resize(&pendant(24).remove(5), width, height, imageops::FilterType::Triangle);
    for dark in [1, 7, 12, 21] {
        for foreign in [3, 9, 19, 32] {
            let mut turn = frames.clone();
            turn[dark] = lit(&turn[dark], [-1.0; 3]);
            turn[foreign] = other.clone();
            let wanted =
                [(Kind::ForeignFrames, vec![name(foreign + 1)]), (Kind::ExposureJump, vec![name(dark + 1)])];
            assert_eq!(told("ring of 36", turn), wanted, "{dark} and {foreign}");
        }
    }
}

#[test]
fn faults_side_by_side_are_not_taken_for_others() {
    for (what, frames, other) in turns() {
        let at = frames.len() / 3;
        let mut turn = frames.clone();
        turn[at] = lit(&turn[at], [-1.0; 3]);
        turn[at + 1] = other.clone();
        let wanted = [(Kind::ForeignFrames, vec![name(at + 2)]), (Kind::ExposureJump, vec![name(at + 1)])];
        assert_eq!(told(&what, turn), wanted, "{what}");
        let mut turn = frames.clone();
        turn[at] = other.clone();
        turn[at + 1] = noisy(&other, 1.0, 3);
        assert_eq!(told(&what, turn), [(Kind::ForeignFrames, vec![name(at + 1), name(at + 2)])], "{what}");
    }
}

#[test]
fn a_frame_of_another_metal_is_told_once() {
    for (metal, other) in [(&*ROSE, &*PLATINUM), (&*PLATINUM, &*ROSE)] {
        for dark in [false, true] {
            let mut turn = metal.clone();
            turn[20] = other[20].clone();
            let mut wanted = vec![(Kind::ColourJump, vec![name(21)])];
            if dark {
                turn[7] = lit(&turn[7], [-1.0; 3]);
                wanted.insert(0, (Kind::ExposureJump, vec![name(8)]));
            }
            assert_eq!(told("ring", turn), wanted);
        }
    }
}
