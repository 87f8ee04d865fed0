//! Numbers that start over, go below nothing, or are times.

use expect_test::expect;

use super::{check, given, names, without};
use crate::read::naming::{Numbering, arrange};

#[test]
fn a_counter_that_starts_over_goes_on() {
    check(
        &given(&["DSC_9998.png", "DSC_9999.png", "DSC_0001.png", "DSC_0002.png"]),
        &expect![[
            r#"4 frames, "DSC_9998.png" to "DSC_0002.png", index from 9998 by 1. The counter in the names starts over after 9999: DSC_0001.png follows DSC_9999.png"#
        ]],
    );
    check(
        &given(&["DSC09998.JPG", "DSC00002.JPG", "DSC09999.JPG", "DSC00001.JPG", "DSC00003.JPG"]),
        &expect![[
            r#"5 frames, "DSC09998.JPG" to "DSC00003.JPG", index from 9998 by 1. The counter in the names starts over after 9999: DSC00001.JPG follows DSC09999.JPG"#
        ]],
    );
    check(
        &given(&["i_9998.png", "i_9999.png", "i_0000.png", "i_0001.png"]),
        &expect![[
            r#"4 frames, "i_9998.png" to "i_0001.png", index from 9998 by 1. The counter in the names starts over after 9999: i_0000.png follows i_9999.png"#
        ]],
    );
    let short =
        |missing: &'static [u32]| names(without(0..=8, missing), |n| format!("DSC{:02}.png", (n + 96) % 100));
    check(
        &short(&[]),
        &expect![[
            r#"9 frames, "DSC96.png" to "DSC04.png", index from 96 by 1. The counter in the names starts over after 99: DSC00.png follows DSC99.png"#
        ]],
    );
    check(
        &short(&[5]),
        &expect!["frame-missing: Frames 1, 5 to 95 are missing, 92 in all: there is no DSC01.png, for one"],
    );
    check(
        &given(&["r1.png", "r99.png"]),
        &expect![[r#"2 frames, "r1.png" to "r99.png", index from 1 by 98"#]],
    );
    let halves: Vec<u32> = (26..75).collect();
    check(
        &names(without(0..=99, &halves), |n| format!("r_{n:02}.png")),
        &expect!["frame-missing: Frames 26 to 74 are missing, 49 in all: there is no r_26.png, for one"],
    );
    // Of so few numbers it is as likely that frames in the middle are missing.
    check(
        &names(without(1..=99, &(41..60).collect::<Vec<_>>()), |n| format!("r_{n:02}.png")),
        &expect!["frame-missing: Frames 41 to 59 are missing, 19 in all: there is no r_41.png, for one"],
    );
    check(
        &given(&["P1000998.JPG", "P1000999.JPG", "P1010001.JPG", "P1010002.JPG"]),
        &expect![[
            r#"4 frames, "P1000998.JPG" to "P1010002.JPG", index from 1000998 by 1. The counter in the names starts over after 1000999: P1010001.JPG follows P1000999.JPG"#
        ]],
    );
    check(
        &given(&["P1000998.JPG", "P1010001.JPG", "P1010002.JPG"]),
        &expect!["frame-missing: Frame 1000999 is missing: there is no P1000999.JPG"],
    );
    check(
        &given(&["P1009998.JPG", "P1009999.JPG", "P1010001.JPG"]),
        &expect![[
            r#"3 frames, "P1009998.JPG" to "P1010001.JPG", index from 1009998 by 1. The counter in the names starts over after 1009999: P1010001.JPG follows P1009999.JPG"#
        ]],
    );
    check(
        &given(&["P1009999.JPG", "P1010000.JPG", "P1010001.JPG"]),
        &expect![[r#"3 frames, "P1009999.JPG" to "P1010001.JPG", index from 1009999 by 1"#]],
    );
    check(
        &names((9_990..10_010).step_by(3), |n| format!("{}.png", 1_000_000 + n)),
        &expect![[r#"7 frames, "1009990.png" to "1010008.png", index from 1009990 by 3"#]],
    );
    // What is missing has the name that the counter would have given it.
    check(
        &given(&["DSC_9997.png", "DSC_9998.png", "DSC_9999.png", "DSC_0002.png", "DSC_0003.png"]),
        &expect!["frame-missing: Frame 1 is missing: there is no DSC_0001.png"],
    );
    check(
        &given(&["DSC_9996.png", "DSC_9998.png", "DSC_9999.png", "DSC_0001.png"]),
        &expect!["frame-missing: Frame 9997 is missing: there is no DSC_9997.png"],
    );
}

#[test]
fn angles_and_counts_below_nothing() {
    check(
        &names((0..360).step_by(30), |n| format!("ring_{}.png", n as i32 - 180)),
        &expect![[r#"12 frames, "ring_0.png" to "ring_-30.png", degrees from 0 by 30"#]],
    );
    check(
        &names((0..360).step_by(30), |n| format!("ring{}.png", n as i32 - 180)),
        &expect![[r#"12 frames, "ring0.png" to "ring-30.png", degrees from 0 by 30"#]],
    );
    check(
        &names((0..360).step_by(30), |n| format!("{:04}.png", n as i32 - 165)),
        &expect![[r#"12 frames, "0015.png" to "-015.png", degrees from 15 by 30"#]],
    );
    check(
        &names(0..48, |n| format!("r_{:.1}.png", f64::from(n) * 7.5 - 180.0)),
        &expect![[r#"48 frames, "r_0.0.png" to "r_-7.5.png", degrees from 0 by 7.5"#]],
    );
    check(
        &names((0..360).step_by(30).filter(|n| *n != 150), |n| format!("ring_{}.png", n as i32 - 180)),
        &expect!["frame-missing: The frame at -30 degrees is missing: there is no ring_-30.png"],
    );
    check(
        &names((0..=360).step_by(30), |n| format!("ring_{}.png", n as i32 - 180)),
        &expect![
            "closing-frame: ring_180.png shows the same view as ring_-180.png: 180 degrees is -180 degrees again"
        ],
    );
    check(
        &names((0..360).step_by(30), |n| format!("ring_{:+04}.png", n as i32 - 180)),
        &expect![[r#"12 frames, "ring_+000.png" to "ring_-030.png", degrees from 0 by 30"#]],
    );
    // Frames before a film begins.
    check(
        &names(0..40, |n| format!("shot_{:05}.png", n as i32 - 4)),
        &expect![[r#"40 frames, "shot_-0004.png" to "shot_00035.png", index from -4 by 1"#]],
    );
    // A dash in all names is a dash.
    check(
        &names(1..37, |n| format!("ring -{n:02}.png")),
        &expect![[r#"36 frames, "ring -01.png" to "ring -36.png", index from 1 by 1"#]],
    );
}

#[test]
fn names_that_are_times_are_in_their_order() {
    let taken = |n: u32| 3 * n + n % 3;
    // From 59 minutes past an hour over its end.
    let clock = |n: u32| (10 + (3540 + taken(n)) / 3600, (3540 + taken(n)) / 60 % 60, taken(n) % 60);
    let remark = "The numbers in the names are times, so the frames are in the order in which they were taken, and a frame that is missing would not be noticed";
    let forms: [fn(u32, u32, u32) -> String; 6] = [
        |h, m, s| format!("IMG_20261126_{h:02}{m:02}{s:02}.jpg"),
        |h, m, s| format!("PXL_20261126_{h:02}{m:02}{s:02}123.jpg"),
        |h, m, s| format!("20261126{h:02}{m:02}{s:02}.jpg"),
        |h, m, s| format!("Photo 2026-11-26 at {h:02}.{m:02}.{s:02}.jpg"),
        |h, m, s| format!("Photo 2026-11-26 at {}.{m:02}.{s:02}.jpg", h - 1),
        |h, m, s| format!("{}.jpg", 1_795_000_000 + 3600 * h + 60 * m + s),
    ];
    for form in forms {
        let names = names(0..48, |n| {
            let (h, m, s) = clock(n);
            form(h, m, s)
        });
        let turn = arrange(&names).unwrap_or_else(|refusal| panic!("{}: {refusal}", names[0]));
        assert_eq!(
            (turn.numbering, turn.remarks),
            (Numbering::Times, vec![remark.to_owned()]),
            "{}",
            names[0]
        );
        assert_eq!(turn.order, (0..48).rev().collect::<Vec<_>>(), "{}", names[0]);
    }
    // Within two minutes, hour and minute look like degrees.
    let over_ten = arrange(&names(0..12, |n| {
        let seconds = 9 * 3600 + 59 * 60 + 54 + n;
        format!("Photo 2026-11-26 at {}.{:02}.{:02}.jpg", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }));
    assert_eq!(over_ten.unwrap().order, (0..12).rev().collect::<Vec<_>>());
    // Clocks of twelve hours are in no order, and a number is no second.
    check(
        &names(0..24, |n| {
            format!(
                "Photo 2026-11-26 at {}.{:02}.{:02}.jpg",
                [12, 1][n as usize / 12],
                (59 + n / 12) % 60,
                n % 12 * 4
            )
        }),
        &expect![[
            r#"number-twice: Number 1 stands twice: "Photo 2026-11-26 at 1.00.00.jpg" and "Photo 2026-11-26 at 1.00.04.jpg""#
        ]],
    );
    check(
        &names(without(1..=8, &[4]), |n| format!("2026-11-26_1_1_{n}.png")),
        &expect!["frame-missing: Frame 4 is missing: there is no 2026-11-26_1_1_4.png"],
    );
    check(
        &names(0..12, |n| format!("ring 2026-11-26 1.{}.{}.png", n / 6 + 1, n % 6 + 1)),
        &expect![[
            r#"several-turns: The names are those of 2 rows of 6 frames, and a spin is one of them: "ring 2026-11-26 1.1.1.png" to "ring 2026-11-26 1.1.6.png", "ring 2026-11-26 1.2.1.png" to "ring 2026-11-26 1.2.6.png""#
        ]],
    );
    // A count with a gap in it stays one.
    check(
        &names(without(1..=24, &[9]), |n| format!("20261126_{:06}_{n:03}.jpg", 101_400 + taken(n) % 60)),
        &expect!["frame-missing: Frame 9 is missing: there is no 20261126_101426_009.jpg"],
    );
    check(
        &names(0..12, |n| format!("{}.jpg", 7919 * n * n + 100_013)),
        &expect![
            "no-count: The numbers in the names count neither frames nor degrees: 12 files have numbers from 100013 to 1058212"
        ],
    );
}
