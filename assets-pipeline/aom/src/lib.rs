//! Still pictures in AV1 by libaom: one picture in, one temporal unit of OBUs out, on one thread.
//!
//! This crate is as small as can be, since it holds unsafe code, as `jpeg-still` does and no other crate.
//! What comes out has no container; for AVIF it needs one around it.

mod sys;

use std::ffi::CStr;

/// What libaom takes: planes of 8 bits a sample, full range, without padding between rows.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    width: u32,
    height: u32,
    luma: &'a [u8],
    chroma: Option<[&'a [u8]; 2]>,
}

impl<'a> Picture<'a> {
    /// A picture of three planes of one size (4:4:4): BT.601 luma, blue and red difference.
    pub fn colour(width: u32, height: u32, [y, u, v]: [&'a [u8]; 3]) -> Result<Self, Error> {
        check(width, height, &[y, u, v])?;
        Ok(Self { width, height, luma: y, chroma: Some([u, v]) })
    }

    /// A picture of one plane, as alpha is.
    pub fn monochrome(width: u32, height: u32, samples: &'a [u8]) -> Result<Self, Error> {
        check(width, height, &[samples])?;
        Ok(Self { width, height, luma: samples, chroma: None })
    }
}

/// AV1 has 16 bits for a side.
const LONGEST_SIDE: u32 = 1 << 16;

fn check(width: u32, height: u32, planes: &[&[u8]]) -> Result<(), Error> {
    let sides = 1..=LONGEST_SIDE;
    let samples = u64::from(width) * u64::from(height);
    let whole = planes.iter().all(|plane| plane.len() as u64 == samples);
    if sides.contains(&width) && sides.contains(&height) && whole { Ok(()) } else { Err(Error::Planes) }
}

/// How to encode.
#[derive(Debug, Clone, Copy)]
pub struct Effort<'a> {
    /// libaom's `cpu-used`: 0 is the slowest and best, 9 the fastest.
    pub speed: u8,
    /// libaom's options by the names that `aomenc` knows, as `tune` and `ssim`.
    pub options: &'a [(&'a CStr, &'a CStr)],
}

/// The best and the worst of libaom's quantizers.
pub const QUANTIZERS: std::ops::RangeInclusive<u8> = 0..=63;

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Planes and size do not go together, or a side is 0 or beyond 65536.
    #[error("the planes are not of the size that was given")]
    Planes,
    /// libaom says why.
    #[error("libaom {step}: {why}")]
    Libaom {
        /// What it was about.
        step: &'static str,
        /// In libaom's words.
        why: String,
    },
}

/// Encodes a picture at a quantizer of [`QUANTIZERS`]. The same arguments give the same bytes.
pub fn encode(picture: &Picture<'_>, quantizer: u8, effort: &Effort<'_>) -> Result<Vec<u8>, Error> {
    let mut image = sys::Image::new(picture)?;
    let mut encoder = sys::Encoder::new(picture)?;
    encoder.set_number(sys::SPEED, effort.speed.into())?;
    encoder.set_number(sys::QUANTIZER, quantizer.min(*QUANTIZERS.end()).into())?;
    encoder.set_number(sys::FULL_RANGE, 1)?;
    for (name, value) in effort.options {
        encoder.set_option(name, value)?;
    }
    encoder.encode(&mut image)
}

/// The version of the libaom that was linked, as `v3.11.0`.
pub fn version() -> String {
    sys::version()
}

/// Its major and its minor number.
pub fn version_number() -> (u8, u8) {
    let [_, major, minor, _] = sys::version_number().to_be_bytes();
    (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waves(width: u32, height: u32, phase: f32) -> Vec<u8> {
        let wave = |x: f32, y: f32| ((x / 7.0 + phase).sin() * (y / 5.0).cos() * 90.0 + 128.0) as u8;
        (0..height).flat_map(|y| (0..width).map(move |x| wave(x as f32, y as f32))).collect()
    }

    const FAST: Effort<'static> = Effort { speed: 9, options: &[] };

    #[test]
    fn better_quantizers_take_more_bytes_and_the_same_one_the_same_bytes() {
        let planes = [0.0, 1.0, 2.0].map(|phase| waves(97, 61, phase));
        let picture = Picture::colour(97, 61, planes.each_ref().map(Vec::as_slice)).unwrap();
        let [worst, middle, best] = [60, 30, 5].map(|q| encode(&picture, q, &FAST).unwrap());
        assert!(worst.len() < middle.len() && middle.len() < best.len());
        assert_eq!(encode(&picture, 30, &FAST).unwrap(), middle);
    }

    #[test]
    fn one_plane_is_a_picture_too() {
        let plane = waves(33, 20, 0.0);
        let picture = Picture::monochrome(33, 20, &plane).unwrap();
        assert!(!encode(&picture, 20, &FAST).unwrap().is_empty());
    }

    #[test]
    fn options_are_heard_and_unknown_ones_refused() {
        let planes = [0.0, 1.0, 2.0].map(|phase| waves(97, 61, phase));
        let picture = Picture::colour(97, 61, planes.each_ref().map(Vec::as_slice)).unwrap();
        let with = |options: &[(&CStr, &CStr)]| encode(&picture, 30, &Effort { speed: 9, options });
        assert_ne!(with(&[(c"enable-qm", c"1")]), with(&[(c"enable-qm", c"0")]));
        assert!(matches!(with(&[(c"no-such-thing", c"1")]), Err(Error::Libaom { .. })));
        assert!(matches!(with(&[(c"tune", c"no-such-thing")]), Err(Error::Libaom { .. })));
    }

    #[test]
    fn planes_of_another_size_are_refused() {
        let plane = waves(8, 8, 0.0);
        for (width, height) in [(8, 9), (9, 8), (0, 8), (8, 0), (u32::MAX, u32::MAX)] {
            assert_eq!(Picture::monochrome(width, height, &plane).err(), Some(Error::Planes));
            let planes = [plane.as_slice(); 3];
            assert_eq!(Picture::colour(width, height, planes).err(), Some(Error::Planes));
        }
    }

    #[test]
    fn the_version_is_known() {
        let (major, minor) = version_number();
        assert!(version().contains(&format!("{major}.{minor}.")), "{}", version());
        assert!((major, minor) >= (3, 11));
    }
}
