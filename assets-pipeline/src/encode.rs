//! Encoders behind one small seam: pixels and a level in, a file out.

mod avif;
mod webp;

use image::RgbImage;

use crate::{
    digest::Digest,
    solve::{Level, Levels},
    tiers::Format,
};

/// Names everything about an encoder that decides its bytes; part of what an encode is kept under.
pub const ENCODERS: &str = "ravif-0.13 speed-5 8-bit; libwebp-sys-0.9 method-6";

/// An encoder or decoder refused what it was given.
#[derive(Debug, thiserror::Error)]
#[error("{codec} failed: {why}")]
pub struct CodecError {
    codec: &'static str,
    why: String,
}

impl CodecError {
    fn new(codec: &'static str, why: impl std::fmt::Display) -> Self {
        Self { codec, why: why.to_string() }
    }
}

/// The levels of a format's encoder.
pub const fn levels(format: Format) -> Levels {
    match format {
        Format::Avif => avif::LEVELS,
        Format::Webp => webp::LEVELS,
    }
}

/// Encodes one still on one thread, so that the bytes depend on nothing but the arguments.
pub fn encode(format: Format, pixels: &RgbImage, level: Level) -> Result<Vec<u8>, CodecError> {
    match format {
        Format::Avif => avif::encode(pixels, level),
        Format::Webp => webp::encode(pixels, level),
    }
}

/// Decodes what [`encode`] made.
pub fn decode(format: Format, bytes: &[u8]) -> Result<RgbImage, CodecError> {
    match format {
        Format::Avif => avif::decode(bytes),
        Format::Webp => webp::decode(bytes),
    }
}

/// Names an encode by everything that decides its bytes.
pub fn encode_key(format: Format, pixels: Digest, level: Level) -> Digest {
    Digest::of(format!("{ENCODERS}\n{format} {pixels} {level}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marble(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x) / 9.0, f64::from(y) / 7.0);
            let wave = |phase: f64| ((x.sin() * y.cos() + phase).sin() * 100.0 + 128.0) as u8;
            image::Rgb([wave(0.0), wave(0.7), wave(1.9)])
        })
    }

    #[test]
    fn what_was_encoded_decodes_to_something_close() {
        let pixels = marble(97, 61);
        for format in Format::ALL {
            let bytes = encode(format, &pixels, levels(format).highest).unwrap();
            let back = decode(format, &bytes).unwrap();
            assert_eq!(back.dimensions(), pixels.dimensions());
            let error: u64 = pixels.iter().zip(back.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = error as f64 / pixels.len() as f64;
            assert!(mean < 4.0, "{format}: mean error {mean}");
        }
    }

    #[test]
    fn a_higher_level_takes_more_bytes() {
        let pixels = marble(160, 120);
        for format in Format::ALL {
            let Levels { lowest, first, highest } = levels(format);
            let sizes = [lowest, first, highest].map(|level| encode(format, &pixels, level).unwrap().len());
            assert!(sizes.is_sorted(), "{format}: {sizes:?}");
        }
    }

    #[test]
    fn the_same_pixels_give_the_same_bytes() {
        let pixels = marble(64, 64);
        for format in Format::ALL {
            assert_eq!(encode(format, &pixels, 100).unwrap(), encode(format, &pixels, 100).unwrap());
        }
    }

    #[test]
    fn rubbish_does_not_decode() {
        for format in Format::ALL {
            assert!(decode(format, b"rubbish").is_err());
        }
    }
}
