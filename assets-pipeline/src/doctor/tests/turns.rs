//! Clean turns in memory, and what can be done to them.

use std::{fs, io::Cursor, path::Path, sync::LazyLock};

use image::{ImageFormat, Rgba, RgbaImage};
use rayon::prelude::*;

use crate::{
    doctor::{Diagnosis, diagnose, look, look::Look, sketch::sketch},
    prepare::colour::{encoded, linear},
    read::decode::decode,
    read::limits::Limits,
};

/// A named turn.
pub(super) type Turn = Vec<(String, RgbaImage)>;

pub(super) static YELLOW: LazyLock<Vec<RgbaImage>> = LazyLock::new(|| fixture("ring-yellow-gold"));
pub(super) static ROSE: LazyLock<Vec<RgbaImage>> = LazyLock::new(|| fixture("ring-rose-gold"));
pub(super) static PLATINUM: LazyLock<Vec<RgbaImage>> = LazyLock::new(|| fixture("ring-platinum"));

/// The other ring's metals, 36 frames each.
pub(super) static SOLITAIRES: LazyLock<[(&str, Vec<RgbaImage>); 3]> = LazyLock::new(|| {
    [
        ("yellow gold", every(&fixture("solitaire-yellow-gold"), 2, 0)),
        ("rose gold", fixture("solitaire-rose-gold")),
        ("platinum", fixture("solitaire-platinum")),
    ]
});

/// The frames of a fixture, small.
pub(super) fn fixture(name: &str) -> Vec<RgbaImage> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let small = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        sketch(&decode(name, &fs::read(path).unwrap(), &Limits::default()).unwrap().image)
    };
    paths.par_iter().map(small).collect()
}

/// Every so-manieth frame, from one on.
pub(super) fn every(frames: &[RgbaImage], step: usize, from: usize) -> Vec<RgbaImage> {
    (0..frames.len() / step).map(|i| frames[(from + i * step) % frames.len()].clone()).collect()
}

/// Frames by number.
pub(super) fn numbered(frames: Vec<RgbaImage>) -> Turn {
    frames.into_iter().enumerate().map(|(i, frame)| (name(i), frame)).collect()
}

/// Frames by number from 1, so that one more than a whole turn is not at 360 degrees by its name.
pub(super) fn numbered_from_one(frames: Vec<RgbaImage>) -> Turn {
    frames.into_iter().enumerate().map(|(i, frame)| (name(i + 1), frame)).collect()
}

pub(super) fn name(number: usize) -> String {
    format!("{number:03}.png")
}

pub(super) fn diagnosis(turn: &[(String, RgbaImage)]) -> Diagnosis {
    let look = |(name, frame): &(String, RgbaImage)| Look {
        name: name.clone(),
        file: None,
        seen: Ok(look::seen(frame)),
    };
    diagnose(&turn.par_iter().map(look).collect::<Vec<_>>())
}

/// Each frame changed, on all threads; the function hears its number.
pub(super) fn each(
    frames: &[RgbaImage],
    change: impl Fn(usize, &RgbaImage) -> RgbaImage + Sync,
) -> Vec<RgbaImage> {
    frames.par_iter().enumerate().map(|(i, frame)| change(i, frame)).collect()
}

pub(super) fn on(frame: &RgbaImage, ground: impl Fn(u32, u32) -> [u8; 3]) -> RgbaImage {
    RgbaImage::from_fn(frame.width(), frame.height(), |x, y| {
        let [r, g, b, alpha] = frame.get_pixel(x, y).0;
        let [r, g, b] = crate::picture::mixed([r, g, b], alpha, crate::prepare::colour::Rgb(ground(x, y)));
        Rgba([r, g, b, 255])
    })
}

pub(super) fn white(_x: u32, _y: u32) -> [u8; 3] {
    [255; 3]
}

pub(super) fn gradient(_x: u32, y: u32) -> [u8; 3] {
    let value = (150 + y / 3).min(240) as u8;
    [value, value, value.saturating_sub(4)]
}

/// Noise of a standard deviation in levels, on what is not clear.
pub(super) fn noisy(frame: &RgbaImage, deviation: f32, seed: u64) -> RgbaImage {
    let mut random = fastrand::Rng::with_seed(seed * 7919 + 1);
    let mut frame = frame.clone();
    for pixel in frame.pixels_mut().filter(|pixel| pixel.0[3] > 0) {
        for value in &mut pixel.0[..3] {
            let sum: f32 = (0..4).map(|_| random.f32()).sum();
            *value = (f32::from(*value) + (sum - 2.0) * 1.732 * deviation).round().clamp(0.0, 255.0) as u8;
        }
    }
    frame
}

pub(super) fn as_jpeg(frame: &RgbaImage) -> RgbaImage {
    let mut bytes = Cursor::new(Vec::new());
    image::DynamicImage::from(frame.clone()).into_rgb8().write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    image::load_from_memory(bytes.get_ref()).unwrap().into_rgba8()
}

/// More or less light, a factor a channel, as powers of two.
pub(super) fn lit(frame: &RgbaImage, stops: [f32; 3]) -> RgbaImage {
    let mut frame = frame.clone();
    for pixel in frame.pixels_mut() {
        for (value, stops) in pixel.0[..3].iter_mut().zip(stops) {
            *value = encoded((f32::from(linear(*value)) * stops.exp2()).round().min(65535.0) as u16);
        }
    }
    frame
}

/// The frame moved, its border drawn out.
pub(super) fn moved(frame: &RgbaImage, across: i32, down: i32) -> RgbaImage {
    RgbaImage::from_fn(frame.width(), frame.height(), |x, y| {
        let x = x.saturating_add_signed(-across).min(frame.width() - 1);
        let y = y.saturating_add_signed(-down).min(frame.height() - 1);
        *frame.get_pixel(x, y)
    })
}

/// A turn of a piece that is the same from no two sides, and turns round an axis beside its middle: beads of
/// several colours and sizes on a stem, lit from one side, on nothing.
pub(super) fn pendant(frames: usize) -> Vec<RgbaImage> {
    const SIDE: u32 = 144;
    // Distance from the axis, angle at the start, height and radius in shares of the side, and colour.
    const BEADS: [(f32, f32, f32, f32, [f32; 3]); 7] = [
        (0.0, 0.0, 0.30, 0.10, [190.0, 160.0, 90.0]),
        (0.0, 0.0, 0.45, 0.08, [180.0, 150.0, 85.0]),
        (0.0, 0.0, 0.60, 0.10, [200.0, 165.0, 95.0]),
        (0.22, 0.3, 0.38, 0.12, [120.0, 40.0, 60.0]),
        (0.17, 2.1, 0.66, 0.11, [40.0, 90.0, 140.0]),
        (0.26, 3.4, 0.52, 0.09, [60.0, 130.0, 80.0]),
        (0.12, 4.9, 0.24, 0.09, [150.0, 150.0, 160.0]),
    ];
    let frame = |i: usize| {
        let turned = i as f32 / frames as f32 * std::f32::consts::TAU;
        RgbaImage::from_fn(SIDE, SIDE, |x, y| {
            let (x, y) = ((x as f32 + 0.5) / SIDE as f32 - 0.48, (y as f32 + 0.5) / SIDE as f32);
            let seen = BEADS.iter().filter_map(|(distance, start, height, radius, colour)| {
                let (sine, cosine) = (start + turned).sin_cos();
                let (dx, dy) =
                    ((x - distance * sine) / radius, (y - height - 0.05 * distance * cosine) / radius);
                let square = dx * dx + dy * dy;
                let depth = (1.0 - square).max(0.0).sqrt();
                // An edge of about a pixel and a half.
                let cover = ((1.0 - square.sqrt()) * radius * SIDE as f32 / 1.5).clamp(0.0, 1.0);
                let light = 0.35 + 0.65 * (0.6 * depth - 0.5 * dx - 0.4 * dy).clamp(0.0, 1.0);
                (cover > 0.0)
                    .then(|| (distance * cosine + depth * radius, cover, colour.map(|value| value * light)))
            });
            let nearest = seen.max_by(|a, b| a.0.total_cmp(&b.0));
            nearest.map_or(Rgba([0; 4]), |(_, cover, [r, g, b])| {
                Rgba([r as u8, g as u8, b as u8, (cover * 255.0) as u8])
            })
        })
    };
    (0..frames).into_par_iter().map(frame).collect()
}
