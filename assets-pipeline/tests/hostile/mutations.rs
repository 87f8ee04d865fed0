//! Files cut short, and bytes at random.

use assets_pipeline::read::decode::decode;
use assets_pipeline::read::integrity::inspect;
use assets_pipeline::read::limits::Limits;
use image::{DynamicImage, ImageFormat, RgbImage};
use proptest::prelude::*;

use crate::samples::{self, zip_of};
use crate::zips::{saved, two_frames};
use crate::{assert_refused, surveyed};

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
