//! Turns without a fault.

use image::RgbaImage;

use super::turns::{
    PLATINUM, ROSE, YELLOW, as_jpeg, diagnosis, each, every, gradient, noisy, numbered, on, pendant, white,
};
use crate::doctor::Kind;

#[track_caller]
fn assert_clean(what: &str, frames: Vec<RgbaImage>) {
    let found = diagnosis(&numbered(frames));
    let told: Vec<_> = found.findings.iter().map(|finding| (finding.kind, &finding.message)).collect();
    assert!(told.is_empty(), "{what}: {told:?}");
}

#[test]
fn the_fixtures_have_no_faults_however_few_of_their_frames_are_taken() {
    for step in [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 18, 20, 24, 30] {
        assert_clean(&format!("yellow gold, every {step}"), every(&YELLOW, step, 0));
        if step > 3 {
            assert_clean(&format!("yellow gold, every {step} from 2"), every(&YELLOW, step, 2));
        }
    }
    for step in [1, 2, 3] {
        assert_clean(&format!("rose gold, every {step}"), every(&ROSE, step, 0));
        assert_clean(&format!("platinum, every {step}"), every(&PLATINUM, step, 0));
    }
}

#[test]
fn a_turn_may_go_either_way_and_start_anywhere() {
    for (step, start) in [(3, 41), (5, 50), (10, 7), (15, 9), (30, 5)] {
        let mut frames = every(&YELLOW, step, 0);
        frames.reverse();
        assert_clean(&format!("every {step}, reversed"), frames.clone());
        frames.rotate_left(start);
        assert_clean(&format!("every {step}, reversed from {start}"), frames);
    }
}

#[test]
fn grounds_noise_and_jpeg_are_no_faults() {
    for (step, of) in
        [(3, &YELLOW), (5, &YELLOW), (10, &YELLOW), (15, &YELLOW), (30, &YELLOW), (1, &ROSE), (1, &PLATINUM)]
    {
        let frames = every(of, step, 0);
        let on_white = each(&frames, |_, frame| on(frame, white));
        let on_gradient = each(&frames, |_, frame| on(frame, gradient));
        let noise =
            |frames: &[RgbaImage], deviation| each(frames, |i, frame| noisy(frame, deviation, i as u64));
        assert_clean(&format!("every {step}, noise"), noise(&frames, 3.0));
        assert_clean(&format!("every {step}, noise on white"), noise(&on_white, 2.0));
        assert_clean(&format!("every {step}, noise on a gradient"), noise(&on_gradient, 5.0));
        assert_clean(&format!("every {step}, JPEG"), each(&on_white, |_, frame| as_jpeg(frame)));
        assert_clean(
            &format!("every {step}, JPEG on a gradient"),
            each(&on_gradient, |_, frame| as_jpeg(frame)),
        );
        assert_clean(&format!("every {step}, white"), on_white);
        assert_clean(&format!("every {step}, gradient"), on_gradient);
    }
}

#[test]
fn an_asymmetric_piece_wanders_round_its_axis() {
    for frames in [12, 24, 36, 72] {
        let clear = pendant(frames);
        assert_clean(&format!("{frames} on white"), each(&clear, |_, frame| on(frame, white)));
        assert_clean(&format!("{frames} on a gradient"), each(&clear, |_, frame| on(frame, gradient)));
        assert_clean(&format!("{frames}"), clear);
    }
}

#[test]
fn a_plain_band_is_the_same_from_both_sides() {
    // Pixel for pixel, half a turn apart.
    let half = every(&YELLOW, 10, 0)[..18].to_vec();
    assert_clean("twice the same half", [half.clone(), half].concat());
}

#[test]
fn a_turn_of_one_picture_is_told_of_once() {
    let found = diagnosis(&numbered(vec![YELLOW[20].clone(); 36]));
    let kinds: Vec<Kind> = found.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [Kind::DuplicateFrames]);
    assert_eq!(found.findings[0].message, "All 36 frames show the same picture: the piece does not turn.");
}
