use std::{fs, path::Path};

use image::{GrayImage, Luma, RgbImage, RgbaImage, imageops::FilterType};
use proptest::prelude::*;

use super::*;
use crate::{
    encode::{
        Effort, Encoder, Engine, Material,
        solve::{Level, Levels},
    },
    picture::Picture,
    plan::tiers::Format,
};

fn encoders(format: Format) -> impl Iterator<Item = Encoder> {
    let encoder = move |engine: &Engine| Encoder {
        format,
        engine: *engine,
        effort: Effort::Default,
        material: Material::Plain,
    };
    Engine::ALL.iter().map(encoder)
}

/// A picture that differs by its seed, opaque.
fn opaque(width: u32, height: u32, seed: u32) -> Picture {
    let colour = RgbImage::from_fn(width, height, |x, y| {
        let mixed = |factor: u32| (x * factor + y * seed + ((x * y) >> 3)) as u8;
        image::Rgb([mixed(3), mixed(5), mixed(11)])
    });
    colour.into()
}

/// The same, transparent to one side.
fn transparent(width: u32, height: u32, seed: u32) -> Picture {
    let edge = f64::from(width / 2 + seed);
    let alpha = GrayImage::from_fn(width, height, |x, _| {
        Luma([(f64::from(x) - edge).mul_add(24.0, 128.0).clamp(0.0, 255.0) as u8])
    });
    Picture { alpha: Some(alpha), ..opaque(width, height, seed) }
}

/// Files of some pictures, at all levels that have one sequence header.
fn files(encoder: Encoder, pictures: &[Picture]) -> Vec<Vec<u8>> {
    let Levels { lowest, first, highest, .. } = encoder.levels();
    let levels = if has_one_header(encoder.engine) { vec![lowest, first, highest] } else { vec![first] };
    let encode = |(picture, level): (&Picture, Level)| encoder.encode(picture, level).unwrap();
    let each = |picture| levels.iter().map(move |level| (picture, *level));
    pictures.iter().flat_map(each).map(encode).collect()
}

/// rav1e has tools that it switches off at low levels, as its sequence header says.
fn has_one_header(engine: Engine) -> bool {
    engine.as_str() == "libaom"
}

/// The head that files have in common, and that each comes back with it.
fn check(files: &[Vec<u8>]) -> Head {
    let (head, frames) = split_all(files.iter().map(Vec::as_slice)).unwrap();
    for (file, bare) in files.iter().zip(&frames) {
        assert_eq!(bare.len() + head.spared(), file.len());
        assert_eq!(head.join(bare).as_ref(), Some(file));
    }
    head
}

#[test]
fn frames_of_one_encoder_have_one_head_and_come_back_the_same() {
    for encoder in encoders(Format::Avif) {
        for (width, height) in [(64, 48), (97, 61), (300, 260)] {
            let pictures = [1, 2, 3].map(|seed| opaque(width, height, seed));
            let head = check(&files(encoder, &pictures));
            assert_eq!(head.holes.len(), 2 * 3, "{encoder:?}: two lengths");
            assert!(head.bytes.len() > 240, "{encoder:?}: {} bytes", head.bytes.len());

            let pictures = [1, 2, 3].map(|seed| transparent(width, height, seed));
            let head = check(&files(encoder, &pictures));
            assert_eq!(head.holes.len(), 4 * 3, "{encoder:?}: three lengths and an offset");
        }
    }
}

#[test]
fn small_frames_have_one_head_at_every_quantizer_and_effort() {
    let efforts = |encoder| Effort::ALL.iter().map(move |effort| Encoder { effort: *effort, ..encoder });
    for encoder in encoders(Format::Avif).flat_map(efforts).filter(|one| has_one_header(one.engine)) {
        let Levels { lowest, highest, .. } = encoder.levels();
        let picture = opaque(76, 96, 1);
        let files: Vec<_> =
            (lowest..=highest).map(|level| encoder.encode(&picture, level).unwrap()).collect();
        check(&files);
    }
}

#[test]
fn frames_of_every_fixture_come_back_the_same() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let mut turns = 0;
    for turn in fs::read_dir(fixtures).unwrap() {
        let turn = turn.unwrap().path();
        if !turn.is_dir() {
            continue;
        }
        let mut frames: Vec<_> = fs::read_dir(turn).unwrap().map(|frame| frame.unwrap().path()).collect();
        frames.sort();
        let picture = |path: &std::path::PathBuf| {
            image::open(path).unwrap().resize(160, 160, FilterType::Triangle).into_rgba8()
        };
        let some: Vec<RgbaImage> = frames.iter().step_by(13).map(picture).collect();
        let colour = |frame: &RgbaImage| Picture::from(image::DynamicImage::from(frame.clone()).into_rgb8());
        let alpha = |frame: &RgbaImage| {
            GrayImage::from_fn(frame.width(), frame.height(), |x, y| Luma([frame.get_pixel(x, y).0[3]]))
        };
        let opaque: Vec<Picture> = some.iter().map(colour).collect();
        let transparent: Vec<Picture> =
            some.iter().map(|frame| Picture { alpha: Some(alpha(frame)), ..colour(frame) }).collect();
        for encoder in encoders(Format::Avif) {
            check(&files(encoder, &opaque));
            check(&files(encoder, &transparent));
        }
        turns += 1;
    }
    assert!(turns >= 6);
}

#[test]
fn frames_of_other_sizes_or_formats_have_no_head_in_common() {
    let encoder = encoders(Format::Avif).next().unwrap();
    let level = encoder.levels().first;
    let [one, other] =
        [(64, 48), (64, 50)].map(|(width, height)| encoder.encode(&opaque(width, height, 1), level).unwrap());
    assert_eq!(split_all([&one[..], &other[..]]), None);
    assert_eq!(split_all([]), None);
    let webp = encoders(Format::Webp).next().unwrap();
    assert_eq!(split(&webp.encode(&opaque(64, 48, 1), webp.levels().first).unwrap()), None);
}

#[test]
fn a_bare_frame_without_its_own_bytes_is_none() {
    let head = Head { bytes: b"h\0a\0".to_vec(), holes: vec![1, 3] };
    assert_eq!(head.join(b"1"), None);
    assert_eq!(head.join(b"12").as_deref(), Some(&b"h1a2"[..]));
    assert_eq!(head.join(b"12rest").as_deref(), Some(&b"h1a2rest"[..]));
    assert_eq!(Head { holes: vec![9], ..head }.join(b"1"), None, "the hole is behind the head");
}

#[test]
fn whole_files_may_have_what_they_spare_and_seven_percent_at_most() {
    let head = Head { bytes: vec![0; 254], holes: vec![0; 6] };
    assert_eq!(whole_max_bytes(150_000, 36, Some(&head)), 150_000 + 36 * 248 - 254);
    assert_eq!(whole_max_bytes(150_000, 45, Some(&head)), 160_500);
    assert_eq!(whole_max_bytes(10_000, 1, Some(&head)), 10_000);
    assert_eq!(whole_max_bytes(10_000, 12, None), 10_000);
}

proptest! {
    #[test]
    fn whatever_is_split_comes_back_the_same(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let _ = split(&bytes);
        // A file that an encoder made, damaged in one place.
        let mut file = sample();
        let at = at.index(file.len());
        file[at] = byte;
        if let Some((head, bare)) = split(&file) {
            prop_assert_eq!(head.join(&bare), Some(file));
        }
    }

    #[test]
    fn no_head_and_no_bare_frame_break_a_join(
        bytes: Vec<u8>,
        holes in prop::collection::vec(0u32..300, 0..9),
        bare: Vec<u8>,
    ) {
        let head = Head { bytes, holes };
        if let Some(file) = head.join(&bare) {
            prop_assert_eq!(file.len() + head.holes.len(), head.bytes.len() + bare.len());
        }
    }
}

/// A transparent frame, encoded once.
fn sample() -> Vec<u8> {
    static SAMPLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let encode = || {
        let encoder = encoders(Format::Avif).next().unwrap();
        encoder.encode(&transparent(64, 48, 1), encoder.levels().first).unwrap()
    };
    SAMPLE.get_or_init(encode).clone()
}
