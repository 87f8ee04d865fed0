use std::io;

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
fn check(refusal: &Refusal, expected: &Expect) {
    expected.assert_eq(&format!("{}: {refusal}. {}", refusal.slug(), refusal.remedy()));
}

fn run(first: &str, last: &str, frames: u64) -> MissingRun {
    MissingRun { first: first.into(), last: last.into(), frames }
}

#[test]
fn a_refusal_names_the_file_the_reason_and_the_remedy() {
    check(
        &Refusal::FramesMissing {
            file: "ring_0017.png".into(),
            missing: vec![run("17", "17", 1)],
            unit: Unit::Frames,
        },
        &expect![
            "frame-missing: Frame 17 is missing: there is no ring_0017.png. Render frame 17 again and add it to the others."
        ],
    );
    check(
        &Refusal::FramesMissing {
            file: "ring_0017.png".into(),
            missing: vec![run("17", "18", 2), run("40", "52", 13), run("60", "60", 1)],
            unit: Unit::Frames,
        },
        &expect![
            "frame-missing: Frames 17 and 18, 40 to 52, 60 are missing, 16 in all: there is no ring_0017.png, for one. Render the missing frames again and add them, or number the frames without gaps."
        ],
    );
    check(
        &Refusal::SizesDiffer {
            file: "r 1.png".into(),
            size: (10, 20),
            example: "r 2.png".into(),
            expected: (20, 20),
            others: 2,
        },
        &expect![[
            r#"sizes-differ: "r 1.png" is 10 x 20 pixels, but "r 2.png" is 20 x 20; 2 more frames differ. Render all frames at the same size, such as 20 x 20 pixels."#
        ]],
    );
    check(
        &Refusal::NotWhatItSays { file: "r1.jpg".into(), said: "JPEG", is: Some("PNG") },
        &expect![
            "not-what-its-name-says: r1.jpg is named as JPEG, but it is PNG. Give r1.jpg the ending of PNG, or export it again."
        ],
    );
    check(
        &Refusal::Empty { place: "renders".into(), others: vec!["ring.psd".into()] },
        &expect![
            "no-images: renders has no PNG, JPEG, TIFF or WebP images, only ring.psd. Export the frames as PNG, JPEG, TIFF or WebP files into it."
        ],
    );
    check(
        &Refusal::TooLarge {
            file: "r1.png".into(),
            excess: Excess::FileBytes { bytes: 300_000_000, max_bytes: 256 << 20 },
        },
        &expect![
            "too-large: r1.png is too large: the file has 300.0 MB, and 268.4 MB is the most. Export the frame with compression, or with 8 bits a channel."
        ],
    );
}

#[test]
fn a_hostile_name_is_shown_without_its_control_characters() {
    let name = format!("a\u{1b}[2J\n\u{202e}gpj.{}exe", "x".repeat(500));
    let shown = Name(&name).to_string();
    assert!(!shown.contains(['\u{1b}', '\n', '\u{202e}']), "{shown}");
    assert!(shown.len() < 200, "{shown}");
}

#[test]
fn a_name_cannot_break_the_line_of_a_message() {
    assert_eq!(Name("a\u{2028}b\u{2029}c\u{61c}.png").to_string(), "\"a\\u{2028}b\\u{2029}c\\u{61c}.png\"");
}

#[test]
fn an_io_error_keeps_its_source() {
    let refusal = Refusal::Io { file: "r1.png".into(), source: io::Error::other("the disk is gone") };
    let source = std::error::Error::source(&refusal).map(ToString::to_string);
    assert_eq!(source.as_deref(), Some("the disk is gone"));
}
