//! Bad input, one kind a test: each is refused with its slug, by the name of the file, and with a remedy.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what is wrong by failing")]

mod samples;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use assets_pipeline::read::decode::decode;
use assets_pipeline::read::integrity::inspect;
use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::refusal::Refusal;
use assets_pipeline::read::source::Source;
use assets_pipeline::read::survey::{Survey, survey};
use image::{DynamicImage, ImageFormat, RgbImage};
use proptest::prelude::*;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn frames(count: u32) -> Vec<(String, Vec<u8>)> {
    (1..=count).map(|n| (format!("ring_{n:04}.png"), samples::png(8, 6))).collect()
}

fn folder_of(frames: &[(String, Vec<u8>)]) -> TempDir {
    let frames: Vec<(&str, Vec<u8>)> =
        frames.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    folder(&frames)
}

fn surveyed(path: &Path) -> Result<Survey, Refusal> {
    let limits = Limits::default();
    survey(&Source::open(path, &limits)?, &limits, None)
}

/// The refusal has this slug, names this file both in its message and to machines, and says what to do.
#[track_caller]
fn assert_refused<T: std::fmt::Debug>(result: Result<T, Refusal>, slug: &str, file: Option<&str>) {
    let refusal = result.unwrap_err();
    let message = refusal.to_string();
    assert_eq!(refusal.slug(), slug, "{message}");
    assert_eq!(refusal.file(), file, "{message}");
    assert!(message.contains(file.unwrap_or_default()), "{message}");
    assert!(refusal.remedy().ends_with('.'), "{}", refusal.remedy());
}

#[track_caller]
fn assert_folder_refused(files: &[(String, Vec<u8>)], slug: &str, file: Option<&str>) {
    assert_refused(surveyed(folder_of(files).path()), slug, file);
}

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
    // Turned upright it has the size of the others.
    files[9].1 = samples::png_with(&samples::png(6, 8), *b"eXIf", &samples::exif(6));
    surveyed(folder_of(&files).path()).unwrap();
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

// Zip files.

fn zip_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn two_frames() -> Vec<(&'static str, Vec<u8>)> {
    vec![("ring_1.png", samples::png(8, 6)), ("ring_2.png", samples::png(8, 6))]
}

fn saved(zip: &[u8]) -> (TempDir, PathBuf) {
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
    for name in [
        "../ring_3.png",
        "a/../../ring_3.png",
        "/etc/ring_3.png",
        "C:/ring_3.png",
        "a\\ring_3.png",
        "..\\3.png",
    ] {
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
fn a_zip_that_is_cut_short_or_empty() {
    let zip = zip_of(&two_frames());
    for length in 0..zip.len() {
        let (_folder, path) = saved(&zip[..length]);
        let slug = surveyed(&path).unwrap_err().slug();
        assert!(matches!(slug, "zip-broken" | "not-a-folder-or-archive"), "{slug} at {length}");
    }
    assert_zip_refused(&zip_of(&[]), "no-images", None);
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

// Files cut short and bytes at random.

#[test]
fn a_file_cut_short_at_any_length_is_told_from_a_whole_one() {
    let limits = Limits::default();
    for (name, bytes) in samples::of_each_format(20, 15) {
        inspect(name, &bytes, &limits).unwrap();
        for length in 0..bytes.len() {
            let refusal = inspect(name, &bytes[..length], &limits).unwrap_err();
            assert_eq!(refusal.slug(), "truncated", "{refusal} ({length} of {})", bytes.len());
            assert_refused(decode(name, &bytes[..length], &limits), "truncated", Some(name));
        }
    }
    let tiff = samples::Tiff::rgb(5, 4, vec![9; 60]);
    for tiff in [tiff.bytes(), samples::Tiff { big: true, ..tiff }.bytes()] {
        for length in 0..tiff.len() {
            assert_refused(inspect("r1.tif", &tiff[..length], &limits), "truncated", Some("r1.tif"));
        }
    }
}

/// Limits so tight that a decoder which ignores them is caught.
fn tight() -> Limits {
    Limits {
        max_width: 64,
        max_height: 64,
        max_pixels: 64 * 64,
        max_alloc_bytes: 64 * 64 * 8,
        ..Limits::default()
    }
}

/// Whatever comes, `inspect` and `decode` answer, and nothing larger than allowed comes out.
fn assert_harmless(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let limits = tight();
    let header = inspect(name, bytes, &limits);
    if let Err(refusal) = &header {
        prop_assert_eq!(refusal.file(), Some(name));
    }
    match decode(name, bytes, &limits) {
        Ok(decoded) => {
            let header = header.unwrap();
            prop_assert_eq!(decoded.image.dimensions(), header.size());
            prop_assert!(header.decode_bytes() <= limits.max_alloc_bytes);
        }
        Err(refusal) => prop_assert_eq!(refusal.file(), Some(name)),
    }
    Ok(())
}

/// Real files of all kinds, with and without what else may be in them.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let grey = DynamicImage::from(samples::picture(30, 20)).into_luma16().into();
    let rgb = DynamicImage::from(RgbImage::from_fn(30, 20, |x, y| image::Rgb([x as u8, y as u8, 7])));
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let icc = [b"ICC_PROFILE\0\x01\x01".to_vec(), profile].concat();
    let exif = [b"Exif\0\0".to_vec(), samples::exif(6)].concat();
    let mut seeds = samples::of_each_format(30, 20);
    seeds.push(("r1.png", samples::encoded(&grey, ImageFormat::Png)));
    seeds.push(("r1.png", samples::png_with(&samples::png(30, 20), *b"cICP", &[12, 13, 0, 1])));
    seeds.push(("r1.jpg", samples::jpeg_with(&samples::jpeg(30, 20), 0xe2, &icc)));
    seeds.push(("r1.jpg", samples::jpeg_with(&samples::jpeg(30, 20), 0xe1, &exif)));
    seeds.push(("r1.tif", samples::encoded(&grey, ImageFormat::Tiff)));
    seeds.push(("r1.tif", samples::encoded(&rgb, ImageFormat::Tiff)));
    seeds.push(("r1.webp", samples::encoded(&rgb, ImageFormat::WebP)));
    let lossy = webp::Encoder::from_rgba(samples::picture(30, 20).as_raw(), 30, 20).encode(60.0).to_vec();
    seeds.push(("r1.webp", lossy));
    seeds
}

/// Gives PNG chunks their right checksums again, so that mutations reach the decoder.
fn with_right_checksums(mut png: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(covered) = at.checked_add(8 + length).and_then(|end| png.get(at + 4..end)) else { break };
        let checksum = crc32fast::hash(covered).to_be_bytes();
        at += 8 + length;
        match png.get_mut(at..at + 4) {
            Some(place) => place.copy_from_slice(&checksum),
            None => break,
        }
        at += 4;
    }
    png
}

const MAGIC: [&[u8]; 7] = [
    b"",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"\xff\xd8\xff",
    b"II\x2a\0\x08\0\0\0",
    b"MM\0\x2b\0\x08\0\0",
    b"RIFF\x80\0\0\0WEBPVP8L",
    b"RIFF\x80\0\0\0WEBPVP8X",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_harmless(
        start in proptest::sample::select(MAGIC.to_vec()),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
        name in proptest::sample::select(vec!["r1", "r1.png", "r1.jpg", "r1.tif", "r1.webp"]),
    ) {
        assert_harmless(name, &[start, &rest].concat())?;
    }

    #[test]
    fn mutated_files_are_harmless(
        seed in 0..12_usize,
        mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        early in any::<bool>(),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let (name, mut bytes) = seeds().swap_remove(seed);
        // Half of the time all in the header, where lengths and kinds stand.
        let span = if early { bytes.len().min(200) } else { bytes.len() };
        for (at, value) in mutations {
            bytes[at.index(span)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        assert_harmless(name, &bytes)?;
        if name == "r1.png" {
            assert_harmless(name, &with_right_checksums(bytes))?;
        }
    }

    #[test]
    fn mutated_zips_are_harmless(mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut zip = zip_of(&two_frames());
        for (at, value) in mutations {
            let at = at.index(zip.len());
            zip[at] = value;
        }
        let (_folder, path) = saved(&zip);
        if let Err(refusal) = surveyed(&path) {
            prop_assert!(!refusal.remedy().is_empty());
        }
    }
}
