//! Folders of frames: names, gaps, sizes, and what is no picture.

use std::sync::atomic::{AtomicUsize, Ordering};

use assets_pipeline::read::decode::decode;
use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::source::Source;
use assets_pipeline::read::survey::survey;

use crate::{assert_folder_refused, assert_refused, folder, folder_of, frames, samples, surveyed};

#[test]
fn a_whole_turn_is_surveyed_in_order_with_sizes_and_hashes() {
    let files = frames(12);
    let folder = folder_of(&files);
    let limits = Limits::default();
    let source = Source::open(folder.path(), &limits).unwrap();
    let calls = AtomicUsize::new(0);
    let progress = |done: usize, total: usize| {
        assert!(done <= total && total == 12);
        calls.fetch_add(1, Ordering::Relaxed);
    };
    let survey = survey(&source, &limits, Some(&progress)).unwrap();
    assert_eq!(calls.into_inner(), 12);
    assert_eq!(survey.size, (8, 6));
    for (frame, (name, bytes)) in survey.frames.iter().zip(&files) {
        assert_eq!(&frame.name, name);
        assert_eq!(frame.hash, blake3::hash(bytes));
        assert_eq!(&source.read(frame.entry).unwrap(), bytes);
    }
}

#[test]
fn a_gap_in_the_numbering() {
    let mut files = frames(36);
    files.remove(16);
    assert_folder_refused(&files, "frame-missing", Some("ring_0017.png"));
}

#[test]
fn a_number_that_stands_twice() {
    let mut files = frames(12);
    files.push(("ring_007.png".into(), samples::png(8, 6)));
    assert_folder_refused(&files, "number-twice", Some("ring_0007.png"));
}

#[test]
fn names_that_give_no_order() {
    let mut files = frames(12);
    files.push(("cover.png".into(), samples::png(8, 6)));
    assert_folder_refused(&files, "no-number", Some("cover.png"));
}

#[test]
fn an_unreadable_frame() {
    let mut files = frames(12);
    let last = files[4].1.len() - 30;
    files[4].1[last] ^= 0x55;
    assert_folder_refused(&files, "unreadable", Some("ring_0005.png"));
}

#[test]
fn of_several_bad_frames_the_first_in_the_turn_is_named() {
    let mut files = frames(60);
    for bad in [55, 31, 17, 40] {
        files[bad].1.truncate(60);
    }
    for _ in 0..20 {
        assert_folder_refused(&files, "truncated", Some("ring_0018.png"));
    }
}

#[test]
fn frames_of_different_sizes() {
    let mut files = frames(12);
    files[9].1 = samples::png(6, 8);
    assert_folder_refused(&files, "sizes-differ", Some("ring_0010.png"));
    // Turned upright it has the size of the others, but the others are not turned.
    files[9].1 = samples::png_with(&samples::png(6, 8), *b"eXIf", &samples::exif(6));
    assert_folder_refused(&files, "orientations-differ", Some("ring_0010.png"));
}

#[test]
fn a_file_that_is_not_what_its_name_says() {
    let folder = folder(&[("r1.jpg", samples::png(5, 4)), ("r2.jpg", samples::jpeg(5, 4))]);
    assert_refused(surveyed(folder.path()), "not-what-its-name-says", Some("r1.jpg"));
}

#[test]
fn a_header_of_thirty_thousand_pixels_a_side() {
    let mut files = frames(12);
    files[2].1 = samples::png_of_size(30_000, 30_000);
    assert_folder_refused(&files, "too-large", Some("ring_0003.png"));
    let limits = Limits::default();
    let bytes = samples::png_of_size(30_000, 30_000);
    assert_refused(decode("r1.png", &bytes, &limits), "too-large", Some("r1.png"));
    let bytes = samples::jpeg_of_kind(0xc0, 8, 30_000, 30_000, 3);
    assert_refused(decode("r1.jpg", &bytes, &limits), "too-large", Some("r1.jpg"));
}

#[test]
fn an_empty_folder_and_a_folder_of_other_things() {
    assert_refused(surveyed(folder(&[]).path()), "no-images", None);
    assert_refused(surveyed(folder(&[("ring.psd", vec![1])]).path()), "no-images", None);
}

#[test]
fn one_frame_where_a_spin_was_asked_for() {
    assert_folder_refused(&frames(1), "single-frame", Some("ring_0001.png"));
}

#[test]
fn more_than_720_frames() {
    let files: Vec<(String, Vec<u8>)> = (0..721).map(|n| (format!("{n}.png"), vec![0])).collect();
    assert_folder_refused(&files, "too-many-frames", None);
}

#[test]
fn cmyk() {
    let mut files = frames(3);
    files[1] = ("ring_0002.jpg".into(), samples::jpeg_of_kind(0xc0, 8, 8, 6, 4));
    assert_folder_refused(&files, "cmyk", Some("ring_0002.jpg"));
}

#[test]
fn what_is_no_folder_and_no_archive() {
    let folder = folder(&[("r1.png", samples::png(5, 4)), ("broken.zip", vec![1, 2, 3])]);
    assert_refused(surveyed(&folder.path().join("r1.png")), "not-a-folder-or-archive", Some("r1.png"));
    assert_refused(surveyed(&folder.path().join("nothing")), "io", Some("nothing"));
    assert_refused(surveyed(&folder.path().join("broken.zip")), "zip-broken", Some("broken.zip"));
}

#[cfg(unix)]
#[test]
fn links_to_files_are_followed_and_links_to_folders_are_not() {
    let elsewhere = folder_of(&frames(2));
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("linked")).unwrap();
    assert_refused(surveyed(folder.path()), "no-images", None);
    for (name, _) in frames(2) {
        std::os::unix::fs::symlink(elsewhere.path().join(&name), folder.path().join(&name)).unwrap();
    }
    assert_eq!(surveyed(folder.path()).unwrap().frames.len(), 2);
    std::os::unix::fs::symlink("nowhere", folder.path().join("ring_0003.png")).unwrap();
    assert_refused(surveyed(folder.path()), "io", Some("ring_0003.png"));
}
