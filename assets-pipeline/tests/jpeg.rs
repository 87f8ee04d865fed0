//! JPEG files of every kind that libjpeg-turbo reads, against its own pixels, and damaged ones.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what is wrong by failing")]

mod samples;

use std::fs;
use std::path::{Path, PathBuf};

use assets_pipeline::read::decode::{Decoded, decode};
use assets_pipeline::read::limits::Limits;
use assets_pipeline::read::refusal::Refusal;
use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpeg")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

fn read(jpeg: &[u8]) -> Result<Decoded, Refusal> {
    decode("r1.jpg", jpeg, &Limits::default())
}

/// The largest difference of any channel.
fn distance(a: &RgbaImage, b: &RgbaImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn every_kind_of_jpeg_gives_the_pixels_of_libjpeg_turbo() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".jpg").map(ToOwned::to_owned))
        .collect();
    names.sort();
    assert!(names.len() > 20);
    let mut wrong = Vec::new();
    for name in names {
        let reference = folder().join(format!("{name}.png"));
        let reference = if reference.exists() { reference } else { folder().join("sampling-2x2.png") };
        let reference = image::open(reference).unwrap().into_rgba8();
        match read(&file(&format!("{name}.jpg"))) {
            Ok(decoded) if distance(&decoded.image, &reference) <= 2 => {}
            Ok(decoded) => wrong.push(format!("{name}: {} levels off", distance(&decoded.image, &reference))),
            Err(refusal) => wrong.push(format!("{name}: {refusal}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the header of each scan begins.
fn scans_of(jpeg: &[u8]) -> Vec<usize> {
    jpeg.windows(2).enumerate().filter(|(_, bytes)| *bytes == [0xff, 0xda]).map(|(at, _)| at).collect()
}

/// A picture of many details, so that its data is long.
fn detailed() -> RgbImage {
    let level = |x: u32, y: u32, by: u32| (x * x / 7 + y * by + (x * y) % 61) as u8;
    RgbImage::from_fn(200, 160, |x, y| image::Rgb([level(x, y, 3), level(y, x, 5), level(x + y, x, 1)]))
}

/// Files in whose compressed data damage is to be found, and where that data begins.
fn sound() -> Vec<(&'static str, Vec<u8>, usize)> {
    let encoded = samples::encoded(&DynamicImage::from(detailed()), ImageFormat::Jpeg);
    let files = [
        ("encoded", encoded),
        ("restarts", file("restarts.jpg")),
        ("sampling-3x1", file("sampling-3x1.jpg")),
        ("scan-for-each-component", file("scan-for-each-component.jpg")),
        ("optimised", file("optimised.jpg")),
    ];
    let with_start = |(name, jpeg): (_, Vec<u8>)| {
        let start = scans_of(&jpeg)[0] + 14;
        (name, jpeg, start)
    };
    files.into_iter().map(with_start).collect()
}

#[test]
fn a_hole_of_zeros_is_named_with_its_file() {
    for (name, jpeg, start) in sound() {
        read(&jpeg).unwrap();
        if name == "scan-for-each-component" {
            // A small hole is a flat part of a chroma plane there, whose code for the end of a block is
            // zeros.
            continue;
        }
        for bytes in [32, 64, 256, 2_048] {
            for from in (start..jpeg.len() - 2 - 32).step_by(53) {
                let to = (from + bytes).min(jpeg.len() - 2);
                let mut holed = jpeg.clone();
                holed[from..to].fill(0);
                let Err(refusal) = read(&holed) else {
                    panic!("{name}: a hole of {} bytes at {from} of {} is published", to - from, jpeg.len());
                };
                assert_eq!(refusal.file(), Some("r1.jpg"));
                assert!(matches!(refusal.slug(), "truncated" | "unreadable"), "{refusal}");
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_and_closed_by_its_end_marker_is_cut_short() {
    for (name, jpeg, start) in sound() {
        for length in (start..jpeg.len() - 8).step_by(17) {
            let cut = [&jpeg[..length], &[0xff, 0xd9]].concat();
            let Err(refusal) = read(&cut) else {
                panic!("{name}: {length} of {} bytes are published", jpeg.len());
            };
            assert_eq!(refusal.slug(), "truncated", "{name}, {length} of {}: {refusal}", jpeg.len());
        }
    }
}

#[test]
fn a_file_that_is_closed_behind_any_scan_but_the_last_is_cut_short() {
    for name in ["progressive.jpg", "arithmetic-progressive.jpg", "scan-for-each-component.jpg"] {
        let jpeg = file(name);
        for scan in &scans_of(&jpeg)[1..] {
            let cut = [&jpeg[..*scan], &[0xff, 0xd9]].concat();
            assert_eq!(read(&cut).unwrap_err().slug(), "truncated", "{name}, closed at {scan}");
        }
    }
}

/// The data of each scan, and whether it refines coefficients of others that are not means.
fn data_of_scans(jpeg: &[u8]) -> Vec<(std::ops::Range<usize>, bool)> {
    let scan = |at: usize| {
        let header = at + 2..at + 2 + usize::from(jpeg[at + 3]);
        let end = (header.end..jpeg.len()).find(|&end| jpeg[end] == 0xff && jpeg[end + 1] > 0).unwrap();
        let [from, _, bits] = jpeg[header.end - 3..header.end] else { unreachable!() };
        (header.end..end, from > 0 && bits >> 4 > 0)
    };
    scans_of(jpeg).into_iter().map(scan).collect()
}

#[test]
fn hardly_a_hole_in_a_scan_that_refines_others_is_published() {
    const BYTES: usize = 64;
    let jpeg = file("progressive-refined.jpg");
    read(&jpeg).unwrap();
    let (mut holes, mut published) = (0, Vec::new());
    for (data, refines) in data_of_scans(&jpeg) {
        for from in data.clone().step_by(7).filter(|from| refines && from + BYTES <= data.end) {
            let mut zeros = jpeg.clone();
            zeros[from..from + BYTES].fill(0);
            let cut = [&jpeg[..from], &jpeg[from + BYTES..]].concat();
            for (kind, holed) in [("zeros", zeros), ("cut", cut)] {
                holes += 1;
                match read(&holed) {
                    Ok(_) => published.push(format!("{kind} at {from} of {data:?}")),
                    Err(refusal) => {
                        assert!(matches!(refusal.slug(), "truncated" | "unreadable"), "{refusal}");
                    }
                }
            }
        }
    }
    // Some end where they did by chance.
    assert!(holes > 400 && published.len() * 20 < holes, "{} of {holes}: {published:#?}", published.len());
}

#[test]
fn data_beyond_the_picture_is_damage() {
    let jpeg = samples::jpeg(40, 30);
    let longer = [&jpeg[..jpeg.len() - 2], &[1, 2, 3, 4], &[0xff, 0xd9]].concat();
    let text = read(&longer).unwrap_err().to_string();
    let start = "r1.jpg cannot be read: its picture data is damaged (";
    assert!(text.starts_with(start) && text.ends_with("extraneous bytes before marker 0xd9)"), "{text}");
}

#[test]
fn a_scan_whose_header_is_overwritten_is_missed() {
    let jpeg = file("progressive.jpg");
    for scan in &scans_of(&jpeg)[1..] {
        let mut holed = jpeg.clone();
        holed[scan - 4..scan + 4].fill(0);
        assert_eq!(read(&holed).unwrap_err().slug(), "unreadable");
    }
}

#[test]
fn a_quantisation_table_with_a_hole_is_damage() {
    let mut jpeg = samples::jpeg(40, 30);
    let table = jpeg.windows(2).position(|bytes| bytes == [0xff, 0xdb]).unwrap();
    jpeg[table + 30..table + 50].fill(0);
    let text = read(&jpeg).unwrap_err().to_string();
    assert!(text.ends_with("damaged (a quantisation table with zeros)"), "{text}");
}

/// The profile in two parts, in the order that is given.
fn with_profile(jpeg: &[u8], profile: &[u8], order: [u8; 2]) -> Vec<u8> {
    let half = profile.len() / 2;
    order.into_iter().fold(jpeg.to_vec(), |jpeg, number| {
        let part = if number == 1 { &profile[..half] } else { &profile[half..] };
        samples::jpeg_with(&jpeg, 0xe2, &[&b"ICC_PROFILE\0"[..], &[number, 2], part].concat())
    })
}

#[test]
fn a_profile_in_parts_is_put_together_in_their_order() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let jpeg = samples::jpeg(20, 10);
    let plain = read(&jpeg).unwrap();
    for order in [[1, 2], [2, 1]] {
        let converted = read(&with_profile(&jpeg, &profile, order)).unwrap();
        assert_eq!(converted.converted_profile.as_deref(), Some("Display P3"));
        assert_ne!(converted.image, plain.image);
    }
    let broken = read(&with_profile(&jpeg, &profile, [1, 1])).unwrap();
    assert_eq!((broken.converted_profile, broken.remarks.len()), (None, 1));
}

#[test]
fn a_jpeg_in_more_scans_than_its_picture_calls_for_is_refused() {
    let jpeg = file("progressive.jpg");
    let end = jpeg.len() - 2;
    let last = *scans_of(&jpeg).last().unwrap();
    let bomb = [&jpeg[..end], &jpeg[last..end].repeat(2_000), &jpeg[end..]].concat();
    let limits = Limits { max_pixels: 61 * 43, ..Limits::default() };
    let refusal = decode("r1.jpg", &bomb, &limits).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "r1.jpg is a JPEG in 2010 scans, far more than its picture calls for, which is not supported"
    );
}
