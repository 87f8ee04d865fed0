mod counters;

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Numbering, arrange};

#[track_caller]
fn check(names: &[String], expected: &Expect) {
    let mut shown = String::new();
    match arrange(names) {
        Ok(turn) => {
            let ends = [turn.order.first(), turn.order.last()].map(|i| i.map(|&i| names[i].as_str()));
            write!(shown, "{} frames, {:?} to {:?}, ", turn.order.len(), ends[0].unwrap(), ends[1].unwrap())
                .unwrap();
            match turn.numbering {
                Numbering::Index { start, step } => write!(shown, "index from {start} by {step}").unwrap(),
                Numbering::Degrees { start, step } => {
                    write!(shown, "degrees from {start} by {step}").unwrap();
                }
                Numbering::Times => write!(shown, "times").unwrap(),
            }
            for remark in turn.remarks {
                write!(shown, ". {remark}").unwrap();
            }
        }
        Err(refusal) => write!(shown, "{}: {refusal}", refusal.slug()).unwrap(),
    }
    expected.assert_eq(&shown);
}

/// Names from numbers, last number first: the order of the input must not matter.
fn names(numbers: impl Iterator<Item = u32>, name: impl Fn(u32) -> String) -> Vec<String> {
    let mut names: Vec<String> = numbers.map(name).collect();
    names.reverse();
    names
}

fn given(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn without(range: RangeInclusive<u32>, gaps: &[u32]) -> impl Iterator<Item = u32> {
    range.filter(move |n| !gaps.contains(n))
}

#[test]
fn numbers_in_steps_of_one_count_frames() {
    check(
        &names(0..360, |n| format!("{n}.png")),
        &expect![[r#"360 frames, "0.png" to "359.png", index from 0 by 1"#]],
    );
    check(
        &names(1..361, |n| format!("{n}.png")),
        &expect![[r#"360 frames, "1.png" to "360.png", index from 1 by 1"#]],
    );
    check(
        &names(1..37, |n| format!("ring_{n:04}.tif")),
        &expect![[r#"36 frames, "ring_0001.tif" to "ring_0036.tif", index from 1 by 1"#]],
    );
    check(
        &names(101..161, |n| format!("ring_v2_{n:04}.png")),
        &expect![[r#"60 frames, "ring_v2_0101.png" to "ring_v2_0160.png", index from 101 by 1"#]],
    );
    check(
        &names(1..12, |n| format!("Ring 2 ({n}).PNG")),
        &expect![[r#"11 frames, "Ring 2 (1).PNG" to "Ring 2 (11).PNG", index from 1 by 1"#]],
    );
    check(&given(&["a2.png", "a1.png"]), &expect![[r#"2 frames, "a1.png" to "a2.png", index from 1 by 1"#]]);
}

#[test]
fn a_count_next_to_a_common_turn_is_remarked() {
    check(
        &names(1..360, |n| format!("{n}.png")),
        &expect![[
            r#"359 frames, "1.png" to "359.png", index from 1 by 1. There are 359 frames: if the turn was rendered in 360, the last one is missing"#
        ]],
    );
    check(
        &names(1..38, |n| format!("{n}.png")),
        &expect![[
            r#"37 frames, "1.png" to "37.png", index from 1 by 1. There are 37 frames: if the turn was rendered in 36, the last one repeats the first"#
        ]],
    );
}

#[test]
fn steps_that_make_a_whole_turn_count_degrees() {
    check(
        &names((0..360).step_by(6), |n| format!("r-{n:03}.webp")),
        &expect![[r#"60 frames, "r-000.webp" to "r-354.webp", degrees from 0 by 6"#]],
    );
    check(
        &names((0..360).step_by(5), |n| format!("r-{n}.webp")),
        &expect![[r#"72 frames, "r-0.webp" to "r-355.webp", degrees from 0 by 5"#]],
    );
    check(
        &names((5..360).step_by(10), |n| format!("r-{n:03}.webp")),
        &expect![[r#"36 frames, "r-005.webp" to "r-355.webp", degrees from 5 by 10"#]],
    );
    check(
        &names((10..=360).step_by(10), |n| format!("r-{n:03}.webp")),
        &expect![[r#"36 frames, "r-360.webp" to "r-350.webp", degrees from 0 by 10"#]],
    );
    check(
        &given(&["front-000.jpg", "front-180.jpg"]),
        &expect![[r#"2 frames, "front-000.jpg" to "front-180.jpg", degrees from 0 by 180"#]],
    );
}

#[test]
fn steps_that_make_no_whole_turn_count_frames() {
    check(
        &names((0..100).step_by(2), |n| format!("{n}.png")),
        &expect![[r#"50 frames, "0.png" to "98.png", index from 0 by 2"#]],
    );
    check(
        &names((10..=7200).step_by(10), |n| format!("{n:04}.png")),
        &expect![[r#"720 frames, "0010.png" to "7200.png", index from 10 by 10"#]],
    );
}

#[test]
fn rounded_degrees_are_even() {
    check(
        &names(0..7, |n| format!("r-{:03}.png", (f64::from(n) * 360.0 / 7.0).round())),
        &expect![[r#"7 frames, "r-000.png" to "r-309.png", degrees from 0 by 51.42857142857143"#]],
    );
    check(
        &names(0..7, |n| format!("r-{:03}.png", n * 360 / 7)),
        &expect![[r#"7 frames, "r-000.png" to "r-308.png", degrees from 0 by 51.42857142857143"#]],
    );
    check(
        &names(0..108, |n| format!("r-{:07.3}.png", f64::from(n) * 360.0 / 108.0)),
        &expect![[r#"108 frames, "r-000.000.png" to "r-356.667.png", degrees from 0 by 3.3333333333333335"#]],
    );
}

#[test]
fn degrees_may_have_decimals() {
    check(
        &names(0..48, |n| format!("r-{:05.1}.png", f64::from(n) * 7.5)),
        &expect![[r#"48 frames, "r-000.0.png" to "r-352.5.png", degrees from 0 by 7.5"#]],
    );
    check(
        &names(0..48, |n| format!("r-{}.png", f64::from(n) * 7.5)),
        &expect![[r#"48 frames, "r-0.png" to "r-352.5.png", degrees from 0 by 7.5"#]],
    );
    check(
        &names(without(0..=47, &[3]), |n| format!("r-{:05.1}.png", f64::from(n) * 7.5)),
        &expect!["frame-missing: The frame at 22.5 degrees is missing: there is no r-022.5.png"],
    );
    check(
        &names(0..=48, |n| format!("r-{:05.1}.png", f64::from(n) * 7.5)),
        &expect![
            "closing-frame: r-360.0.png shows the same view as r-000.0.png: 360 degrees is 0 degrees again"
        ],
    );
    check(
        &names(1..13, |n| format!("take.2.{n:04}.png")),
        &expect![[r#"12 frames, "take.2.0001.png" to "take.2.0012.png", index from 1 by 1"#]],
    );
}

#[test]
fn decimals_may_stand_behind_a_comma() {
    let name = |n: u32| format!("r-{:05.1}.png", f64::from(n) * 7.5).replacen('.', ",", 1);
    check(
        &names(0..48, name),
        &expect![[r#"48 frames, "r-000,0.png" to "r-352,5.png", degrees from 0 by 7.5"#]],
    );
    check(
        &names(without(0..=47, &[3]), name),
        &expect!["frame-missing: The frame at 22.5 degrees is missing: there is no r-022,5.png"],
    );
    check(
        &names(1..13, |n| format!("take,2,{n:04}.png")),
        &expect![[r#"12 frames, "take,2,0001.png" to "take,2,0012.png", index from 1 by 1"#]],
    );
}

#[test]
fn a_gap_is_refused_with_the_missing_numbers() {
    check(
        &names(without(1..=36, &[17]), |n| format!("ring_{n:04}.png")),
        &expect!["frame-missing: Frame 17 is missing: there is no ring_0017.png"],
    );
    check(
        &names(without(0..=359, &[3, 4, 9, 20, 21, 22, 40, 50, 60]), |n| format!("{n}.png")),
        &expect![
            "frame-missing: Frames 3 and 4, 9, 20 to 22, 40, 50 and more are missing, 9 in all: there is no 3.png, for one"
        ],
    );
    check(
        &names(without(0..=59, &[8]), |n| format!("r-{:03}.png", n * 6)),
        &expect!["frame-missing: The frame at 48 degrees is missing: there is no r-048.png"],
    );
    check(
        &given(&["1.png", "2.png", "4.png"]),
        &expect!["frame-missing: Frame 3 is missing: there is no 3.png"],
    );
    check(
        &given(&["1.png", "2.png", "999999999999999.png"]),
        &expect![
            "no-count: The numbers in the names count neither frames nor degrees: 3 files have numbers from 1 to 999999999999999"
        ],
    );
}

#[test]
fn degrees_without_their_first_or_last_frame_are_a_gap_too() {
    check(
        &names((0..350).step_by(10), |n| format!("r-{n:03}.png")),
        &expect!["frame-missing: The frame at 350 degrees is missing: there is no r-350.png"],
    );
    check(
        &names((10..360).step_by(10), |n| format!("r-{n:03}.png")),
        &expect!["frame-missing: The frame at 0 degrees is missing: there is no r-000.png"],
    );
    check(
        &names((20..=360).step_by(10), |n| format!("r-{n:03}.png")),
        &expect!["frame-missing: The frame at 10 degrees is missing: there is no r-010.png"],
    );
}

#[test]
fn a_number_that_stands_twice_is_refused() {
    check(
        &given(&["ring_1.png", "ring_2.png", "ring_02.png", "ring_3.png"]),
        &expect!["number-twice: Number 2 stands twice: ring_02.png and ring_2.png"],
    );
    check(&given(&["1.png", "1.jpg"]), &expect!["number-twice: Number 1 stands twice: 1.jpg and 1.png"]);
    check(
        &given(&["Ring_1.png", "ring_1.png", "ring_2.png"]),
        &expect!["number-twice: Number 1 stands twice: Ring_1.png and ring_1.png"],
    );
}

#[test]
fn a_number_out_of_step_is_refused() {
    check(
        &given(&["r000.png", "r010.png", "r020.png", "r025.png", "r030.png", "r040.png"]),
        &expect!["out-of-step: r025.png is out of step: the other frames count in steps of 10"],
    );
}

#[test]
fn a_closing_frame_is_refused() {
    check(
        &names((0..=360).step_by(6), |n| format!("r-{n:03}.png")),
        &expect!["closing-frame: r-360.png shows the same view as r-000.png: 360 degrees is 0 degrees again"],
    );
    check(
        &names(0..=360, |n| format!("{n}.png")),
        &expect!["closing-frame: 360.png shows the same view as 0.png: 360 degrees is 0 degrees again"],
    );
}

#[test]
fn a_name_of_another_pattern_is_refused() {
    check(
        &given(&["ring_1.png", "ring_2.png", "cover.png"]),
        &expect!["no-number: cover.png has no frame number in its name"],
    );
    check(
        &given(&["ring_1.png", "ring_2.png", "ring_2 (1).png"]),
        &expect![[r#"stray-name: "ring_2 (1).png" is not named like the other frames, such as ring_1.png"#]],
    );
    check(&given(&["a.png", "b.png"]), &expect!["no-number: a.png has no frame number in its name"]);
    check(
        &given(&["front_1.png", "front_2.png", "back_1.png", "back_2.png"]),
        &expect!["stray-name: front_1.png is not named like the other frames, such as back_1.png"],
    );
    check(
        &given(&["12345678901234567890.png", "12345678901234567891.png"]),
        &expect![
            "no-number: 12345678901234567890.png has no frame number in its name: its digits are too many to count frames"
        ],
    );
}

#[test]
fn the_last_number_that_counts_is_the_frame_number() {
    check(
        &names(1..37, |n| format!("IMG_{}_{n:02}.jpg", 8820 + n)),
        &expect![[r#"36 frames, "IMG_8821_01.jpg" to "IMG_8856_36.jpg", index from 1 by 1"#]],
    );
    check(
        &names(1..37, |n| format!("{n:04}_take{}.png", 1 + n % 2)),
        &expect![[r#"36 frames, "0001_take2.png" to "0036_take1.png", index from 1 by 1"#]],
    );
    check(
        &names(1..37, |n| format!("{n:04}_{}.png", 101_500 + n * n * 7)),
        &expect![[r#"36 frames, "0001_101507.png" to "0036_110572.png", index from 1 by 1"#]],
    );
    check(
        &names(without(1..=37, &[9]), |n| format!("IMG_{}_{n:02}.jpg", 8820 + n)),
        &expect!["frame-missing: Frame 9 is missing: there is no IMG_8828_09.jpg"],
    );
    check(
        &names(1..37, |n| format!("IMG_{}_{:02}.jpg", 8820 + n, n.min(35))),
        &expect!["number-twice: Number 35 stands twice: IMG_8855_35.jpg and IMG_8856_35.jpg"],
    );
}

#[test]
fn no_names_and_one_name_are_no_turn() {
    check(&[], &expect!["no-images: There are no PNG, JPEG, TIFF or WebP images"]);
    check(
        &given(&["1.png"]),
        &expect!["single-frame: 1.png is the only image, and a spin needs at least two frames"],
    );
}

#[test]
fn rows_and_several_turns_are_named_as_such() {
    let rows = |row: u32| names(1..13, move |n| format!("ring-{row:02}-{n:02}.png"));
    check(
        &[rows(1), rows(2), rows(3)].concat(),
        &expect![
            "several-turns: The names are those of 3 rows of 12 frames, and a spin is one of them: ring-01-01.png to ring-01-12.png, ring-02-01.png to ring-02-12.png, ring-03-01.png to ring-03-12.png"
        ],
    );
    // The row last, angles, and a frame that is missing in one of them.
    let columns = |row: u32| names((0..360).step_by(30), move |n| format!("a{n:03}_row{row}.png"));
    check(
        &[columns(1), columns(2).split_off(1)].concat(),
        &expect![
            "several-turns: The names are those of 2 rows, and a spin is one of them: a000_row1.png to a330_row1.png, a000_row2.png to a300_row2.png"
        ],
    );
    let tilted = |row: i32| names((0..360).step_by(30), move |n| format!("e{row}_a{n:03}.png"));
    check(
        &[tilted(-15), tilted(0), tilted(15)].concat(),
        &expect![
            "several-turns: The names are those of 3 rows of 12 frames, and a spin is one of them: e-15_a000.png to e-15_a330.png, e0_a000.png to e0_a330.png, e15_a000.png to e15_a330.png"
        ],
    );
    let metal = |metal: &'static str| names(1..25, move |n| format!("{metal}_{n:02}.png"));
    check(
        &[metal("gold"), metal("silver")].concat(),
        &expect![
            "several-turns: The names are those of 2 turns of 24 frames, and a spin is one of them: gold_01.png to gold_24.png, silver_01.png to silver_24.png"
        ],
    );
}

#[test]
fn accents_are_the_same_however_they_are_stored() {
    let name = |n: u32| {
        if n.is_multiple_of(2) {
            format!("e\u{301}t\u{e9}_{n}.png")
        } else {
            format!("\u{e9}te\u{301}_{n}.png")
        }
    };
    let turn = arrange(&names(0..12, name)).unwrap();
    assert_eq!(turn.numbering, Numbering::Index { start: 0, step: 1 });
}

proptest! {
    #[test]
    fn an_order_is_a_permutation_whatever_the_names(names in arbitrary_names()) {
        if let Ok(turn) = arrange(&names) {
            let mut order = turn.order;
            order.sort_unstable();
            prop_assert_eq!(order, (0..names.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_even_count_is_put_in_its_order(start in 0..5000_u64, frames in 2..300_u64, width in 0..7_usize) {
        let names: Vec<String> = (start..start + frames).rev().map(|n| format!("f{n:0width$}.png")).collect();
        // From 0 to 360 is the one count that closes the turn.
        prop_assume!(!(start == 0 && frames == 361));
        let turn = arrange(&names).unwrap();
        prop_assert_eq!(turn.order, (0..names.len()).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_frame_taken_from_inside_a_count_is_named(frames in 4..300_usize, at in 1..299_usize) {
        prop_assume!(at < frames - 1);
        let mut names: Vec<String> = (0..frames).map(|n| format!("f{n:04}.png")).collect();
        let taken = names.remove(at);
        let refusal = arrange(&names).unwrap_err();
        prop_assert_eq!(refusal.slug(), "frame-missing");
        prop_assert_eq!(refusal.file(), Some(taken.as_str()));
    }
}

fn arbitrary_names() -> impl Strategy<Value = Vec<String>> {
    let likely = "(ring|r-|IMG_)?[0-9]{1,4}([._][0-9]{1,3})?\\.(png|jpg|PNG)";
    prop_oneof![
        proptest::collection::vec(likely, 0..12),
        proptest::collection::vec("\\PC{0,12}", 0..6),
        proptest::collection::vec("[0-9.]{0,20}", 0..6),
    ]
}
