//! Zip files that are damaged, or lie.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use assets_pipeline::read::integrity::inspect;
use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::source::Source;
use image::{DynamicImage, ImageFormat};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::samples::{self, zip_of};
use crate::{assert_refused, folder, surveyed};

pub(crate) fn two_frames() -> Vec<(&'static str, Vec<u8>)> {
    vec![("ring_1.png", samples::png(8, 6)), ("ring_2.png", samples::png(8, 6))]
}

pub(crate) fn saved(zip: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.zip");
    fs::write(&path, zip).unwrap();
    (folder, path)
}

#[track_caller]
fn assert_zip_refused(zip: &[u8], slug: &str, file: Option<&str>) {
    let (_folder, path) = saved(zip);
    assert_refused(surveyed(&path), slug, file);
}

/// Changes the central directory's record of the entry at `index`, given from its signature on.
fn patched(mut zip: Vec<u8>, index: usize, patch: impl Fn(&mut [u8])) -> Vec<u8> {
    let at =
        zip.windows(4).enumerate().filter(|(_, w)| w == b"PK\x01\x02").map(|(at, _)| at).nth(index).unwrap();
    patch(&mut zip[at..]);
    zip
}

#[test]
fn a_zip_reads_like_its_folder() {
    let (_folder, path) = saved(&zip_of(&two_frames()));
    let survey = surveyed(&path).unwrap();
    let folder = folder(&two_frames());
    let same: Vec<_> = surveyed(folder.path()).unwrap().frames.iter().map(|frame| frame.hash).collect();
    assert_eq!(survey.frames.iter().map(|frame| frame.hash).collect::<Vec<_>>(), same);
}

#[test]
fn zip_names_that_lead_out_of_their_folder() {
    for name in ["../ring_3.png", "a/../../ring_3.png", "/etc/ring_3.png", "C:/ring_3.png", "..\\3.png"] {
        let mut files = two_frames();
        files.push((name, samples::png(8, 6)));
        assert_zip_refused(&zip_of(&files), "archive-unsafe-name", Some(name));
    }
    // Not only frames: the rest of such a zip is no better.
    let mut files = two_frames();
    files.push(("../../.bashrc", vec![1]));
    assert_zip_refused(&zip_of(&files), "archive-unsafe-name", Some("../../.bashrc"));
}

#[test]
fn zip_names_longer_or_deeper_than_a_disk_holds() {
    let long = format!("1{}.png", "1_".repeat(125));
    let longer = format!("1{long}");
    let deep = format!("{}ring_3.png", "a/".repeat(32));
    let deeper = format!("a/{deep}");
    for (name, refused) in [(&long, false), (&longer, true), (&deep, false), (&deeper, true)] {
        let zip = zip_of(&[(name.as_str(), samples::png(8, 6))]);
        let slug = if refused { "archive-unsafe-name" } else { "single-frame" };
        let (_folder, path) = saved(&zip);
        assert_eq!(surveyed(&path).unwrap_err().slug(), slug, "{name}");
    }
}

#[test]
fn a_zip_name_with_a_nul() {
    let zip = zip_of(&two_frames());
    let zip = patched(zip, 1, |entry| entry[46] = 0);
    let (_folder, path) = saved(&zip);
    let refusal = surveyed(&path).unwrap_err();
    assert_eq!(refusal.slug(), "archive-unsafe-name");
    assert!(!refusal.to_string().contains('\0'));
}

#[test]
fn a_zip_with_a_symbolic_link() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("ring_1.png", SimpleFileOptions::default()).unwrap();
    writer.write_all(&samples::png(8, 6)).unwrap();
    writer.add_symlink("ring_2.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert_zip_refused(&writer.finish().unwrap().into_inner(), "archive-link", Some("ring_2.png"));
}

#[test]
fn a_zip_with_a_password() {
    let zip = patched(zip_of(&two_frames()), 1, |entry| entry[8] |= 1);
    assert_zip_refused(&zip, "zip-encrypted", Some("ring_2.png"));
}

#[test]
fn a_zip_bomb() {
    let mut files = two_frames();
    files.push(("ring_3.png", vec![0; 40 << 20]));
    assert_zip_refused(&zip_of(&files), "zip-bomb", Some("ring_3.png"));
}

#[test]
fn a_zip_bomb_of_entries_that_share_their_bytes() {
    let frame = samples::encoded(&DynamicImage::from(samples::picture(200, 200)), ImageFormat::Png);
    let zip = zip_of(&[("ring_1.png", frame.clone()), ("ring_2.png", vec![1]), ("ring_3.png", vec![1])]);
    let mut first = Vec::new();
    let at = zip.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    first.extend_from_slice(&zip[at..at + 46]);
    let share = |entry: &mut [u8]| {
        entry[10..28].copy_from_slice(&first[10..28]);
        entry[42..46].copy_from_slice(&first[42..46]);
    };
    let zip = patched(patched(zip, 1, share), 2, share);
    assert_zip_refused(&zip, "zip-bomb", Some("ring.zip"));
}

#[test]
fn a_zip_that_lies_about_a_size() {
    let smaller =
        patched(zip_of(&two_frames()), 0, |entry| entry[24..28].copy_from_slice(&5_u32.to_le_bytes()));
    assert_zip_refused(&smaller, "unreadable", Some("ring_1.png"));
    let larger =
        patched(zip_of(&two_frames()), 0, |entry| entry[24..28].copy_from_slice(&9999_u32.to_le_bytes()));
    assert_zip_refused(&larger, "truncated", Some("ring_1.png"));
    let huge = patched(zip_of(&two_frames()), 0, |entry| {
        entry[24..28].copy_from_slice(&(1_u32 << 31).to_le_bytes());
    });
    assert_zip_refused(&huge, "zip-bomb", Some("ring_1.png"));
}

#[test]
fn a_zip_whose_packed_bytes_are_damaged() {
    let mut zip = zip_of(&two_frames());
    zip[80] ^= 0x10;
    assert_zip_refused(&zip, "unreadable", Some("ring_1.png"));
}

#[test]
fn a_zip_with_a_name_twice() {
    let renamed = patched(zip_of(&two_frames()), 1, |entry| entry[46 + 5] = b'1');
    assert_zip_refused(&renamed, "archive-duplicate", Some("ring_1.png"));
    let mut files = two_frames();
    files.push(("./ring_1.png", samples::png(8, 6)));
    assert_zip_refused(&zip_of(&files), "archive-duplicate", Some("./ring_1.png"));
}

#[test]
fn a_zip_with_an_uncommon_packing() {
    let zip = patched(zip_of(&two_frames()), 1, |entry| entry[10] = 12);
    assert_zip_refused(&zip, "zip-method", Some("ring_2.png"));
}

#[test]
fn what_is_two_things_at_once() {
    let (image, zip) = (samples::png(8, 6), zip_of(&two_frames()));
    assert_zip_refused(&[image.clone(), zip.clone()].concat(), "zip-broken", Some("ring.zip"));
    for (name, image) in samples::of_each_format(8, 6) {
        let both = [image, zip.clone()].concat();
        assert_refused(inspect(name, &both, &Limits::default()), "unsupported", Some(name));
    }
}

#[test]
fn a_zip_whose_comment_is_the_end_of_another() {
    let (mut zip, other) = (zip_of(&two_frames()), zip_of(&[("other.png", samples::png(8, 6))]));
    let length = zip.len();
    zip[length - 2..].copy_from_slice(&(other.len() as u16).to_le_bytes());
    zip.extend(&other);
    assert_zip_refused(&zip, "zip-broken", Some("ring.zip"));
    // A zip inside a zip is no comment, stored or not.
    let mut files = two_frames();
    files.push(("inner.zip", other));
    let (_folder, path) = saved(&zip_of(&files));
    surveyed(&path).unwrap();
}

#[test]
fn a_zip_that_is_cut_short_or_empty() {
    let zip = zip_of(&two_frames());
    for length in 0..zip.len() {
        let (_folder, path) = saved(&zip[..length]);
        let slug = surveyed(&path).unwrap_err().slug();
        assert!(matches!(slug, "zip-broken" | "not-a-folder-or-archive"), "{slug} at {length}");
    }
    assert_zip_refused(&zip_of::<Vec<u8>>(&[]), "no-images", None);
}

#[test]
fn a_zip_of_too_many_files() {
    let names: Vec<String> = (0..50).map(|n| format!("{n}.dat")).collect();
    let files: Vec<(&str, Vec<u8>)> = names.iter().map(|name| (name.as_str(), vec![])).collect();
    let (_folder, path) = saved(&zip_of(&files));
    let limits = Limits { max_files: 49, ..Limits::default() };
    assert_refused(Source::open(&path, &limits), "too-many-files", None);
}

#[test]
fn limits_on_bytes_hold_for_folders_and_zips_alike() {
    let folder = folder(&two_frames());
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in two_frames() {
        writer.start_file(name, stored).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    let (_zip_folder, zip) = saved(&writer.finish().unwrap().into_inner());
    let bytes = two_frames()[0].1.len() as u64;
    for path in [folder.path(), &zip] {
        let file = Limits { max_file_bytes: bytes - 1, ..Limits::default() };
        assert_refused(Source::open(path, &file), "too-large", Some("ring_1.png"));
        let total = Limits { max_total_bytes: 2 * bytes - 1, ..Limits::default() };
        let refusal = Source::open(path, &total).unwrap_err();
        assert_eq!(refusal.slug(), "too-large");
        let enough = Limits { max_file_bytes: bytes, max_total_bytes: 2 * bytes, ..Limits::default() };
        Source::open(path, &enough).unwrap();
    }
}
