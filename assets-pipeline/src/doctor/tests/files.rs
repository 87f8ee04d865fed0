//! Faults of files, and mends.

use std::{fs, io::Cursor, path::Path};

use image::{ImageFormat, RgbaImage};

use super::turns::{YELLOW, each, every, lit, moved, on, pendant, white};
use crate::{
    IngestError,
    doctor::{Diagnosis, Edit, Kind, Mend, Severity, examine, mend, replaced},
    prepare::prepare,
    progress::{Progress, Silent, Stage},
    read::limits::Limits,
    read::source::Source,
    read::survey::{decode_all, survey},
    samples,
    settings::Settings,
};

fn png(frame: &RgbaImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    frame.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A turn of 24 small frames, as files.
fn files() -> Vec<(String, Vec<u8>)> {
    named(&pendant(24))
}

fn named(frames: &[RgbaImage]) -> Vec<(String, Vec<u8>)> {
    frames.iter().enumerate().map(|(i, frame)| (format!("r-{:02}.png", i + 1), png(frame))).collect()
}

fn write(folder: &Path, files: &[(String, Vec<u8>)]) {
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

fn examined(files: &[(String, Vec<u8>)]) -> Diagnosis {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let source = Source::open(folder.path(), &Limits::default()).unwrap();
    examine(&source, &Limits::default(), &Silent).unwrap()
}

/// The kinds that were found, with their severities and frames.
fn found(files: &[(String, Vec<u8>)]) -> Vec<(Kind, Severity, Vec<String>)> {
    let findings = examined(files).findings;
    for finding in &findings {
        // Whatever can be read is shown.
        assert!(finding.evidence.is_some(), "{finding:?}");
    }
    findings.into_iter().map(|finding| (finding.kind, finding.severity, finding.frames)).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

use Severity::{Blocks, Warns};

#[test]
fn sound_files_have_no_findings() {
    assert_eq!(found(&files()), []);
}

#[test]
fn all_that_blocks_is_found_at_once() {
    let mut set = files();
    set[3].1.truncate(200);
    set[5].1 = b"GIF89a".to_vec();
    set[8].1 = png(&RgbaImage::new(9, 9));
    set[11].0 = "cover.png".into();
    set.remove(14);
    let mut found = found(&set);
    found.sort();
    assert_eq!(
        found,
        [
            (Kind::Unreadable, Blocks, names(&["r-04.png"])),
            (Kind::Unreadable, Blocks, names(&["r-06.png"])),
            (Kind::MixedNames, Blocks, names(&["cover.png"])),
            (Kind::MissingFrames, Blocks, names(&["r-12.png", "r-15.png"])),
            (Kind::SizesDiffer, Blocks, names(&["r-09.png"])),
        ]
    );
}

#[test]
fn damaged_pixels_in_a_file_that_is_whole_are_found() {
    let mut set = files();
    set[7].1 = samples::png_of_size(144, 144);
    assert_eq!(found(&set), [(Kind::Unreadable, Blocks, names(&["r-08.png"]))]);
}

#[test]
fn one_frame_is_no_turn_and_few_are_hardly_one() {
    assert_eq!(found(&files()[..1]), [(Kind::TooFewFrames, Blocks, names(&["r-01.png"]))]);
    let few = pendant(6);
    assert_eq!(found(&named(&few)), [(Kind::TooFewFrames, Warns, vec![])]);
}

#[test]
fn alpha_that_comes_and_goes_is_found() {
    let mut frames = pendant(24);
    for at in [9, 10] {
        frames[at] = on(&frames[at], white);
    }
    assert_eq!(found(&named(&frames)), [(Kind::AlphaComesAndGoes, Warns, names(&["r-10.png", "r-11.png"]))]);
}

#[test]
fn a_piece_that_runs_out_of_the_frame_is_found() {
    for ground in [None, Some(white)] {
        let frames = each(&every(&YELLOW, 10, 0), |_, frame| {
            // It ends 3 % above the lower edge.
            let frame = moved(frame, 0, 24);
            ground.map_or(frame.clone(), |ground| on(&frame, ground))
        });
        let found = found(&named(&frames));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, found[0].1, found[0].2.len()), (Kind::TouchesEdge, Warns, 36));
    }
}

#[test]
fn a_piece_that_fills_little_of_the_frame_is_found() {
    let small = each(&pendant(24), |_, frame| {
        let mut larger = RgbaImage::new(frame.width() * 3, frame.height() * 3);
        image::imageops::replace(&mut larger, frame, 150, 150);
        larger
    });
    assert_eq!(found(&named(&small)), [(Kind::TooSmall, Warns, vec![])]);
    assert_eq!(found(&named(&vec![RgbaImage::new(20, 20); 12]))[0].1, Blocks);
}

#[test]
fn converted_profiles_are_named() {
    let mut set = files();
    // BT.2020 by its codes (ITU-T H.273).
    for file in &mut set {
        file.1 = samples::png_with(&file.1, *b"cICP", &[9, 13, 0, 1]);
    }
    let all: Vec<String> = set.iter().map(|file| file.0.clone()).collect();
    let found = examined(&set);
    let profile = found.findings.iter().find(|finding| finding.kind == Kind::ProfileConverted).unwrap();
    assert_eq!((profile.severity, &profile.frames), (Warns, &all));
    assert!(profile.evidence.is_some());
}

#[test]
fn what_was_assumed_is_found_and_noted_by_an_ingest() {
    let mut set = files();
    for file in &mut set[4..6] {
        file.1 = samples::png_with(&file.1, *b"iCCP", b"name\0\0no deflate stream");
    }
    set[8].1 = samples::png_with(&set[8].1, *b"cICP", &[9, 13, 0, 1]);
    let assumed =
        "Frames r-05.png and r-06.png: the colour profile cannot be used, and the colours are taken for sRGB";
    let found = examined(&set);
    let finding = found.findings.iter().find(|finding| finding.kind == Kind::Assumed).unwrap();
    assert_eq!((&finding.message, finding.severity), (&format!("{assumed}."), Warns));
    assert_eq!(finding.frames, names(&["r-05.png", "r-06.png"]));

    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &set);
    let limits = Limits::default();
    let source = Source::open(folder.path(), &limits).unwrap();
    let survey = survey(&source, &limits, None).unwrap();
    let converted = "Frame r-09.png: the colours are converted to sRGB from colour codes 9 and 13 (cICP)";
    let prepared = prepare(&source, &survey, &Settings::default(), &limits, &Silent).unwrap();
    assert_eq!(prepared.remarks, [assumed, converted]);
    assert_eq!(decode_all(&source, &survey, &limits, &|| {}).unwrap(), [assumed, converted]);
}

#[test]
fn every_picture_of_evidence_is_a_webp_of_at_most_800_pixels() {
    let mut frames = pendant(36);
    frames.swap(4, 5);
    frames[20] = lit(&frames[20], [-0.5; 3]);
    frames.push(frames[0].clone());
    let found = examined(&named(&frames));
    assert_eq!(found.findings.len(), 3, "{found:?}");
    for finding in found.findings {
        let picture = image::load_from_memory(&finding.evidence.unwrap()).unwrap();
        assert!((300..=800).contains(&picture.width()), "{}: {}", finding.kind, picture.width());
    }
}

/// The files as a mend leaves them.
fn mended(files: &[(String, Vec<u8>)], kind: Mend) -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    let limits = Limits::default();
    let source = Source::open(folder.path(), &limits).unwrap();
    let diagnosis = examine(&source, &limits, &Silent).unwrap();
    assert!(diagnosis.mends().contains(&kind), "{diagnosis:?}");
    let edits = mend(&source, &diagnosis, kind, &limits).unwrap();
    assert!(!edits.is_empty());
    let mut files = files.to_vec();
    let before = files.clone();
    for edit in edits {
        let at = |old: &String| before.iter().position(|(name, _)| name == old).unwrap();
        match edit {
            Edit::LeaveOut { name } => files[at(&name)].0.clear(),
            Edit::Rename { from, to } => files[at(&from)].0 = to,
            Edit::Replace { name, new_name, stops, max_bytes } => {
                let bytes = replaced(&name, &before[at(&name)].1, stops, &limits).unwrap();
                assert!(bytes.len() as u64 <= max_bytes, "{} {max_bytes}", bytes.len());
                files[at(&name)] = (new_name, bytes);
            }
        }
    }
    files.retain(|(name, _)| !name.is_empty());
    files
}

#[test]
fn a_closing_frame_is_left_out_and_so_is_a_copy() {
    let frames = pendant(24);
    let mut closing = named(&frames);
    closing.push(("r-25.png".into(), png(&frames[0])));
    assert_eq!(mended(&closing, Mend::LeaveOut), named(&frames));
    let mut twice = frames.clone();
    twice.insert(8, frames[8].clone());
    assert_eq!(mended(&named(&twice), Mend::LeaveOut), named(&frames));
    let degrees: Vec<(String, Vec<u8>)> = frames
        .iter()
        .chain([&frames[0]])
        .enumerate()
        .map(|(i, f)| (format!("{:03}.png", i * 15), png(f)))
        .collect();
    assert_eq!(found(&degrees), [(Kind::ClosingFrame, Blocks, names(&["360.png"]))]);
    assert_eq!(mended(&degrees, Mend::LeaveOut), degrees[..24]);
}

#[test]
fn numbers_are_closed_up_where_only_numbers_are_missing() {
    let files = || named(&pendant(36));
    let mut skipped = files();
    for (i, file) in skipped.iter_mut().enumerate().skip(10) {
        file.0 = format!("r-{:02}.png", i + 2);
    }
    assert_eq!(found(&skipped), [(Kind::MissingFrames, Blocks, names(&["r-11.png"]))]);
    assert_eq!(mended(&skipped, Mend::Renumber), files());
    let mut lost = files();
    lost.remove(10);
    let diagnosis = examined(&lost);
    assert_eq!(
        (diagnosis.findings.len(), diagnosis.mends()),
        (1, vec![]),
        "a frame is missing, not a number"
    );
}

#[test]
fn a_last_frame_at_360_degrees_with_a_view_of_its_own_is_kept_under_another_number() {
    let files = |first: usize, name: &str| -> Vec<(String, Vec<u8>)> {
        let numbered =
            |(i, frame): (usize, &RgbaImage)| (format!("{name}{:0>1$}.png", i + first, 4), png(frame));
        pendant(37).iter().enumerate().map(numbered).collect()
    };
    let by_tens: Vec<(String, Vec<u8>)> = files(0, "")
        .into_iter()
        .enumerate()
        .map(|(i, file)| (format!("{:03}.png", i * 10), file.1))
        .collect();
    let diagnosis = examined(&by_tens);
    let kinds: Vec<Kind> = diagnosis.findings.iter().map(|finding| finding.kind).collect();
    assert_eq!((kinds, diagnosis.mends()), (vec![Kind::ClosingFrame], vec![Mend::Renumber]));
    let mended = mended(&by_tens, Mend::Renumber);
    assert_eq!(mended, files(1, "frame-"));
    assert_eq!(found(&mended), []);
}

#[test]
fn an_exposure_is_evened_and_then_no_jump_is_left() {
    for ground in [None, Some(white)] {
        for stops in [-0.8, -0.3, 0.5] {
            let mut frames = pendant(36);
            if let Some(ground) = ground {
                frames = each(&frames, |_, frame| on(frame, ground));
            }
            for at in [7, 20, 21] {
                frames[at] = lit(&frames[at], [stops; 3]);
            }
            let files = mended(&named(&frames), Mend::EvenExposure);
            assert_eq!(found(&files), [], "{stops}");
        }
    }
}

#[test]
fn a_cancelled_check_ends() {
    struct Stopped;
    impl Progress for Stopped {
        fn begin(&self, _stage: Stage, _total: usize) {}
        fn step(&self) {}
        fn is_stopped(&self) -> bool {
            true
        }
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &files());
    let source = Source::open(folder.path(), &Limits::default()).unwrap();
    let ended = examine(&source, &Limits::default(), &Stopped);
    assert!(matches!(ended, Err(IngestError::Stopped)));
}

/// A turn whose names are angles, with the picture of one angle once more at another.
fn angles(copied: usize, at: usize) -> Vec<(String, Vec<u8>)> {
    let mut frames = pendant(24);
    frames[at] = frames[copied].clone();
    frames.iter().enumerate().map(|(i, frame)| (format!("r-{:03}.png", 15 * i), png(frame))).collect()
}

#[test]
fn a_copy_at_an_angle_of_its_own_stands_for_a_view_that_is_lost() {
    for (copied, at, lost) in [(5, 6, "90"), (5, 14, "210"), (9, 10, "150")] {
        let diagnosis = examined(&angles(copied, at));
        let copies: Vec<_> =
            diagnosis.findings.iter().filter(|finding| finding.kind == Kind::DuplicateFrames).collect();
        assert_eq!(copies.len(), 1, "{:?}", diagnosis.findings);
        let says = format!("The view at {lost} degrees is missing.");
        assert!(copies[0].message.ends_with(&says), "{}", copies[0].message);
        assert_eq!((copies[0].mend, diagnosis.mends()), (None, vec![]));
    }
    // The other one of the two neighbours is the one that was overwritten.
    let diagnosis = examined(&angles(6, 5));
    let message =
        &diagnosis.findings.iter().find(|finding| finding.kind == Kind::DuplicateFrames).unwrap().message;
    assert!(message.ends_with("The view at 75 degrees is missing."), "{message}");
}

#[test]
fn numbers_that_are_angles_are_never_closed_up() {
    let mut set = angles(0, 0);
    set.remove(7);
    let diagnosis = examined(&set);
    assert_eq!((diagnosis.findings[0].kind, diagnosis.mends()), (Kind::MissingFrames, vec![]));
    let message = &diagnosis.findings[0].message;
    assert!(message.starts_with("The frame at 105 degrees is missing: there is no r-105.png."), "{message}");
    // A name for each degree.
    let pendant = pendant(24);
    let frame = |i: usize| (format!("{i:03}.png"), png(&lit(&pendant[i / 15], [(i % 15) as f32 / 100.0; 3])));
    let mut set: Vec<_> = (0..360).map(frame).collect();
    set[91].1 = set[90].1.clone();
    let diagnosis = examined(&set);
    assert!(!diagnosis.mends().contains(&Mend::LeaveOut), "{:?}", diagnosis.findings);
}

/// With an EXIF orientation, or 16 bits a channel.
fn jpeg(frame: &RgbaImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image::DynamicImage::from(on(frame, white)).into_rgb8().write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0".to_vec();
    exif[24] = orientation;
    let mut jpeg = bytes.into_inner();
    let segment = [&[0xff, 0xe1], &(exif.len() as u16 + 2).to_be_bytes()[..], &exif].concat();
    jpeg.splice(2..2, segment);
    jpeg
}

#[test]
fn frames_that_are_turned_otherwise_are_found_and_nothing_else_is_said_of_them() {
    let square = pendant(24);
    let wide = each(&square, |_, frame| {
        let mut wide = RgbaImage::new(200, 144);
        image::imageops::replace(&mut wide, frame, 28, 0);
        wide
    });
    for frames in [square, wide] {
        let turned = |i: usize| if matches!(i, 7 | 8) { 6 } else { 1 };
        let name = |i: usize| format!("c_{i:03}.jpg");
        let set: Vec<_> =
            frames.iter().enumerate().map(|(i, frame)| (name(i), jpeg(frame, turned(i)))).collect();
        assert_eq!(found(&set), [(Kind::OrientationsDiffer, Blocks, names(&["c_007.jpg", "c_008.jpg"]))]);
    }
}

#[test]
fn frames_of_other_bits_or_profiles_are_named() {
    let mut set = files();
    let deep = image::DynamicImage::from(pendant(24)[4].clone()).into_rgba16();
    let mut bytes = Cursor::new(Vec::new());
    deep.write_to(&mut bytes, ImageFormat::Png).unwrap();
    set[4].1 = bytes.into_inner();
    assert_eq!(found(&set), [(Kind::DepthsDiffer, Warns, names(&["r-05.png"]))]);
}

#[test]
fn names_of_several_rows_and_numbers_that_count_nothing_are_one_finding() {
    let frames = pendant(24);
    let rows: Vec<_> = frames
        .iter()
        .enumerate()
        .map(|(i, frame)| (format!("ring-{:02}-{:02}.png", i / 12 + 1, i % 12 + 1), png(frame)))
        .collect();
    assert_eq!(found(&rows), [(Kind::MixedNames, Blocks, vec![])]);
    let far: Vec<_> = frames
        .iter()
        .enumerate()
        .map(|(i, frame)| (format!("{}.png", i * i * 7919 + 13), png(frame)))
        .collect();
    assert_eq!(found(&far), [(Kind::MixedNames, Blocks, vec![])]);
}
