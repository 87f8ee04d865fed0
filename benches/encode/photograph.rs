//! Photographs of a rendered piece: a studio around it, a lens and a sensor before it, and a JPEG file after.
//!
//! Photographs of other people's jewelry may not be passed on, and encoders find a photograph harder than a
//! render: the ground is uneven and there is noise in all of it. So these are made, always the same ones, the
//! way a camera makes them: light first, then glass, then electrons, then a raw converter.

use std::f32::consts::TAU;

use assets_pipeline::prepare::colour::{encoded, linear};
use image::{RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use rayon::prelude::*;

use crate::Result;

/// Width and height of a photograph in pixels.
const SIDE: usize = 1000;
/// Where the piece stands, as shares of the side: the middle of its frame, across and down.
const PLACE: (f32, f32) = (0.5, 0.5);

/// A place to photograph in, and the camera's settings there.
pub(crate) struct Studio {
    /// Linear light from the ground at a place, both coordinates 0 to 1; and with the turn, 0 to 1, where the
    /// ground turns with the piece.
    ground: fn(f32, f32, f32) -> [f32; 3],
    /// How much larger than its render the piece is photographed.
    scale: f32,
    /// Standard deviation of the lens's blur in pixels.
    blur: f32,
    /// How much darker the corners are.
    vignette: f32,
    /// Electrons in a pixel that is white: fewer at a higher sensitivity, and noisier.
    full_well: f32,
    /// The shares of the light that shadows leave: where the piece stands, and where it casts one.
    shadows: (f32, f32),
    /// Tells noise and texture of one studio from those of another.
    seed: u64,
}

/// Grey paper that rises behind the piece, well lit.
pub(crate) const SWEEP: Studio = Studio {
    ground: sweep,
    scale: 1.45,
    blur: 0.7,
    vignette: 0.24,
    full_well: 14_000.0,
    shadows: (0.5, 0.62),
    seed: 1,
};

/// A slab of dark slate on a turntable, in less light.
pub(crate) const SLATE: Studio = Studio {
    ground: slate,
    scale: 1.35,
    blur: 0.8,
    vignette: 0.34,
    full_well: 9_000.0,
    shadows: (0.35, 0.5),
    seed: 2,
};

/// Electrons that reading a pixel adds or takes, as a standard deviation.
const READ_NOISE: f32 = 4.0;
/// What the sensor's red, green and blue are multiplied by to make white.
const WHITE_BALANCE: [f32; 3] = [1.9, 1.0, 1.6];
/// What raw converters sharpen by unless told otherwise: how much, and at which standard deviation.
const SHARPENING: (f32, f32) = (0.6, 1.0);
const JPEG_QUALITY: u8 = 90;

/// Photographs a piece at a part of its turn, 0 to 1; the frame's index seeds its noise.
pub(crate) fn photograph(piece: &RgbaImage, studio: &Studio, turn: f32, index: u64) -> Result<Vec<u8>> {
    let piece = enlarged(piece, studio.scale);
    let shadow = shadow(&piece, studio.shadows);
    let mut light = Light::from_fn(|x, y| {
        let (across, down) = (x as f32 / SIDE as f32, y as f32 / SIDE as f32);
        let ground = (studio.ground)(across, down, turn);
        let [r, g, b, alpha] = piece[y * SIDE + x];
        let below = (1.0 - alpha) * shadow[y * SIDE + x];
        let corner = 2.0 * ((across - 0.5).powi(2) + (down - 0.5).powi(2));
        let shade = 1.0 - studio.vignette * corner;
        [(r + ground[0] * below) * shade, (g + ground[1] * below) * shade, (b + ground[2] * below) * shade]
    });
    light = light.blurred(studio.blur);
    light = demosaiced(&exposed(&light, studio, index));
    let soft = light.blurred(SHARPENING.1);
    light = Light::from_fn(|x, y| {
        let (sharp, soft) = (light.at(x, y), soft.at(x, y));
        // Of luminance alone, as converters do it, so that the noise's colours are left alone.
        let detail = SHARPENING.0 * (luminance(sharp) - luminance(soft));
        sharp.map(|value| value + detail)
    });
    let image = RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let value = |light: f32| encoded((light.clamp(0.0, 1.0) * 65535.0).round() as u16);
        image::Rgb(light.at(x as usize, y as usize).map(value))
    });
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(image.as_raw(), SIDE as u16, SIDE as u16, ColorType::Rgb)?;
    Ok(jpeg)
}

fn luminance([r, g, b]: [f32; 3]) -> f32 {
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// A square of linear light.
struct Light(Vec<[f32; 3]>);

impl Light {
    fn from_fn(pixel: impl Fn(usize, usize) -> [f32; 3] + Sync) -> Self {
        Self((0..SIDE * SIDE).into_par_iter().map(|i| pixel(i % SIDE, i / SIDE)).collect())
    }

    fn at(&self, x: usize, y: usize) -> [f32; 3] {
        self.0[y * SIDE + x]
    }

    /// A Gaussian, first along rows and then along columns.
    fn blurred(&self, deviation: f32) -> Self {
        let reach = (3.0 * deviation).ceil() as isize;
        let weight = |offset: isize| (-(offset as f32).powi(2) / (2.0 * deviation * deviation)).exp();
        let sum: f32 = (-reach..=reach).map(weight).sum();
        let weights: Vec<(isize, f32)> =
            (-reach..=reach).map(|offset| (offset, weight(offset) / sum)).collect();
        let along = |light: &Self, dx: isize, dy: isize| {
            Self::from_fn(|x, y| {
                let mut value = [0.0; 3];
                for (offset, weight) in &weights {
                    let other = light.at(near(x, offset * dx), near(y, offset * dy));
                    for (value, other) in value.iter_mut().zip(other) {
                        *value += weight * other;
                    }
                }
                value
            })
        };
        along(&along(self, 1, 0), 0, 1)
    }
}

/// A coordinate moved by an offset, within the image.
fn near(coordinate: usize, offset: isize) -> usize {
    coordinate.saturating_add_signed(offset).min(SIDE - 1)
}

/// The piece in its place at a larger size: linear light, premultiplied, and alpha.
fn enlarged(piece: &RgbaImage, scale: f32) -> Vec<[f32; 4]> {
    let (width, height) = (piece.width() as isize, piece.height() as isize);
    let source: Vec<[f32; 4]> = piece
        .pixels()
        .map(|pixel| {
            let [r, g, b, alpha] = pixel.0;
            let alpha = f32::from(alpha) / 255.0;
            let [r, g, b] = [r, g, b].map(|value| f32::from(linear(value)) / 65535.0 * alpha);
            [r, g, b, alpha]
        })
        .collect();
    (0..SIDE * SIDE)
        .into_par_iter()
        .map(|i| {
            let place = |at: usize, middle: f32, side: isize| {
                (at as f32 - middle * SIDE as f32) / scale + side as f32 / 2.0
            };
            let (x, y) = (place(i % SIDE, PLACE.0, width), place(i / SIDE, PLACE.1, height));
            let (left, top) = (x.floor() as isize, y.floor() as isize);
            let mut value = [0.0; 4];
            for row in top - 1..=top + 2 {
                for column in left - 1..=left + 2 {
                    if (0..width).contains(&column) && (0..height).contains(&row) {
                        let weight = cubic(x - column as f32) * cubic(y - row as f32);
                        for (value, source) in value.iter_mut().zip(source[(row * width + column) as usize]) {
                            *value += weight * source;
                        }
                    }
                }
            }
            value.map(|value| value.clamp(0.0, 1.0))
        })
        .collect()
}

/// Mitchell and Netravali's filter, "Reconstruction filters in computer graphics" (SIGGRAPH 1988), with both
/// parameters a third: smooth, and hardly ringing.
fn cubic(x: f32) -> f32 {
    let x = x.abs();
    if x < 1.0 {
        (7.0 * x.powi(3) - 12.0 * x.powi(2) + 16.0 / 3.0) / 6.0
    } else if x < 2.0 {
        (-7.0 / 3.0 * x.powi(3) + 12.0 * x.powi(2) - 20.0 * x + 32.0 / 3.0) / 6.0
    } else {
        0.0
    }
}

/// The share of the light that reaches the ground: less where the piece stands, and where it stands in the way
/// of a large lamp to the left and in front.
fn shadow(piece: &[[f32; 4]], (standing, cast): (f32, f32)) -> Vec<f32> {
    let alpha = |x: usize, y: usize| piece[y * SIDE + x][3];
    let seen = |y: &usize| (0..SIDE).any(|x| alpha(x, *y) > 0.5);
    let foot = (0..SIDE).rev().find(seen).unwrap_or(SIDE - 1);
    // Where it touches the ground: the lowest part of what is seen.
    let touching: Vec<usize> = (foot.saturating_sub(12)..=foot)
        .flat_map(|y| (0..SIDE).filter(move |x| alpha(*x, y) > 0.5))
        .collect();
    let middle = touching.iter().sum::<usize>() as f32 / touching.len().max(1) as f32;
    let in_the_way = Light::from_fn(|x, y| {
        // A point of the piece at a height throws its shadow to the right and behind.
        let height = (foot as f32 - y as f32) / 0.34;
        let (from_x, from_y) = (x as f32 - 0.42 * height, foot as f32 - height);
        let inside = height >= 0.0 && from_x >= 0.0 && from_y >= 0.0;
        [if inside { alpha((from_x as usize).min(SIDE - 1), from_y as usize) } else { 0.0 }; 3]
    });
    let in_the_way = in_the_way.blurred(14.0);
    (0..SIDE * SIDE)
        .into_par_iter()
        .map(|i| {
            let (x, y) = (i % SIDE, i / SIDE);
            let (dx, dy) = ((x as f32 - middle) / 110.0, (y as f32 - foot as f32 + 4.0) / 22.0);
            let under = (-(dx * dx + dy * dy) / 2.0).exp();
            (1.0 - (1.0 - standing) * under) * (1.0 - (1.0 - cast) * in_the_way.at(x, y)[0])
        })
        .collect()
}

/// Light from grey paper: a pool of it around the piece, the rise behind darker, a slight drift of colour, grain.
fn sweep(x: f32, y: f32, _turn: f32) -> [f32; 3] {
    let rise = 1.0 / (1.0 + ((0.42 - y) * 9.0).exp());
    let pool = (-((x - 0.42).powi(2) / 0.22 + (y - 0.68).powi(2) / 0.12)).exp();
    let level = 0.2 + 0.13 * rise + 0.17 * pool;
    let cloud = noise(x * 3.0, y * 3.0, 11) - 0.5;
    let grain = noise(x * 420.0, y * 420.0, 12) + noise(x * 170.0, y * 170.0, 13) - 1.0;
    let level = level * (1.0 + 0.03 * cloud + 0.022 * grain);
    let warmth = 0.02 * (noise(x * 2.0 + 7.0, y * 2.0, 14) - 0.5) + 0.012 * (y - 0.5);
    [level * (1.0 + warmth), level, level * (1.02 - warmth)]
}

/// Light from slate that lies flat and turns with the piece, seen from a little above: layers, grit, and a dark
/// room behind its far edge.
fn slate(x: f32, y: f32, turn: f32) -> [f32; 3] {
    const HORIZON: f32 = 0.12;
    let depth = 1.0 / (y - HORIZON).max(0.02);
    let (across, away) = ((x - 0.5) * depth, 0.75 * depth - 1.1);
    let (sine, cosine) = (turn * TAU).sin_cos();
    let (u, v) = (across * cosine - away * sine, across * sine + away * cosine);
    // The lens is focused on the piece, so that what is far away has less of the fine layers.
    let focus = (1.4 - 0.28 * depth).clamp(0.12, 1.0);
    let mut texture = 0.0;
    let (mut frequency, mut share) = (3.0, 0.5);
    for octave in 0..7 {
        let fine = if octave < 3 { 1.0 } else { focus };
        texture += share * fine * (noise(u * frequency, v * frequency * 1.6, 21 + octave) - 0.5);
        frequency *= 2.1;
        share *= 0.62;
    }
    let grit = ((noise(u * 150.0, v * 150.0, 31) - 0.86) * 5.0).max(0.0) * focus;
    let lamp = 0.55 + 0.75 * (-((x - 0.4).powi(2) / 0.3 + (y - 0.75).powi(2) / 0.16)).exp();
    let near = ((y - HORIZON) * 6.0).clamp(0.0, 1.0);
    let level = (0.05 * (1.0 + 1.5 * texture) + 0.05 * grit).max(0.004) * lamp * near + 0.008 * (1.0 - near);
    [level * 0.96, level, level * 1.07]
}

/// The sensor behind its colour filter (red, green; green, blue): one noisy value a pixel, white-balanced.
fn exposed(light: &Light, studio: &Studio, index: u64) -> Vec<f32> {
    (0..SIDE * SIDE)
        .into_par_iter()
        .map(|i| {
            let channel = filter(i % SIDE, i / SIDE);
            let gain = WHITE_BALANCE[channel];
            // Red and blue have fewer electrons for the same grey, and so more noise once they are multiplied.
            let electrons = (light.0[i][channel] / gain).clamp(0.0, 1.0) * studio.full_well;
            let deviation = (electrons + READ_NOISE * READ_NOISE).sqrt();
            let seed = mixed(studio.seed << 32 | index).wrapping_add(i as u64);
            (electrons + deviation * normal(seed)) / studio.full_well * gain
        })
        .collect()
}

/// The channel that a pixel of the sensor sees.
const fn filter(x: usize, y: usize) -> usize {
    (x & 1) + (y & 1)
}

/// Full colour out of the sensor's values, by Malvar, He and Cutler, "High-quality linear interpolation for
/// demosaicing of Bayer-patterned color images" (ICASSP 2004): the mean of a colour's neighbours, corrected by
/// how the pixel's own colour bends there.
fn demosaiced(raw: &[f32]) -> Light {
    let at = |x: usize, y: usize, dx: isize, dy: isize| raw[inside(y, dy) * SIDE + inside(x, dx)];
    Light::from_fn(|x, y| {
        let sum = |offsets: &[(isize, isize)]| offsets.iter().map(|(dx, dy)| at(x, y, *dx, *dy)).sum::<f32>();
        let here = at(x, y, 0, 0);
        let (beside, above) = (sum(&[(-1, 0), (1, 0)]), sum(&[(0, -1), (0, 1)]));
        let corners = sum(&[(-1, -1), (1, -1), (-1, 1), (1, 1)]);
        let (far_beside, far_above) = (sum(&[(-2, 0), (2, 0)]), sum(&[(0, -2), (0, 2)]));
        let far = far_beside + far_above;
        let own = filter(x, y);
        let mut value = [here; 3];
        if own == 1 {
            let across = (5.0 * here + 4.0 * beside - corners - far_beside + 0.5 * far_above) / 8.0;
            let down = (5.0 * here + 4.0 * above - corners - far_above + 0.5 * far_beside) / 8.0;
            // Red stands beside green in even rows, and above it in odd ones.
            (value[0], value[2]) = if y & 1 == 0 { (across, down) } else { (down, across) };
        } else {
            value[1] = (4.0 * here + 2.0 * (beside + above) - far) / 8.0;
            value[2 - own] = (6.0 * here + 2.0 * corners - 1.5 * far) / 8.0;
        }
        value
    })
}

/// As [`near`], but mirrored at the borders, so that the colour of the filter is kept.
fn inside(coordinate: usize, offset: isize) -> usize {
    let moved = coordinate as isize + offset;
    let last = SIDE as isize - 1;
    let mirrored = if moved < 0 { -moved } else { moved };
    (if mirrored > last { 2 * last - mirrored } else { mirrored }) as usize
}

/// Smooth noise, 0 to 1, with hills about a unit apart.
fn noise(x: f32, y: f32, seed: u64) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (across, down) = (ease(x - left), ease(y - top));
    let corner = |dx: i64, dy: i64| {
        let place = ((left as i64 + dx) as u64) << 32 ^ (top as i64 + dy) as u64 & 0xffff_ffff;
        (mixed(place ^ seed << 56) >> 40) as f32 / (1u64 << 24) as f32
    };
    let row = |dy| corner(0, dy) * (1.0 - across) + corner(1, dy) * across;
    row(0) * (1.0 - down) + row(1) * down
}

/// Nearly normally distributed around 0 with a deviation of 1: the sum of four uniform values.
fn normal(seed: u64) -> f32 {
    let bits = mixed(seed);
    let sum: f32 = (0..4).map(|part| (bits >> (16 * part) & 0xffff) as f32 / 65535.0).sum();
    (sum - 2.0) * 3.0f32.sqrt()
}

/// Steele, Lea and Flood's mixer of bits (`SplitMix64`).
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
