//! Encoders behind one small seam: a picture and a level in, a file out.

pub mod cache;
pub mod family;
pub mod score;
pub mod solve;
pub mod tune;

mod avif;
#[cfg(feature = "libaom")]
mod libaom;
#[cfg(feature = "rav1e")]
mod rav1e;
mod webp;
mod ycbcr;

#[cfg(not(any(feature = "libaom", feature = "rav1e")))]
compile_error!("no AV1 encoder is chosen: switch on the feature libaom or rav1e");

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    encode::solve::{Level, Levels},
    picture::Picture,
    plan::tiers::{Format, UnknownWord, unknown},
};

/// Who encodes AV1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownWord, parse_err_fn = unknown)]
pub enum Engine {
    /// The reference encoder, in C: the better one at every speed.
    #[cfg(feature = "libaom")]
    Libaom,
    /// rav1e through ravif, in Rust.
    #[cfg(feature = "rav1e")]
    Rav1e,
}

impl Engine {
    /// Every engine of this build, the best first.
    pub const ALL: &[Self] = &[
        #[cfg(feature = "libaom")]
        Self::Libaom,
        #[cfg(feature = "rav1e")]
        Self::Rav1e,
    ];

    /// The word in the config file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::ALL[0]
    }
}

/// How long encoders may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownWord, parse_err_fn = unknown)]
pub enum Effort {
    /// A fifth of a second a frame and less.
    #[default]
    Default,
    /// The slowest that still pays: several times as long.
    Max,
}

impl Effort {
    /// Both, the quicker first.
    pub const ALL: &[Self] = &[Self::Default, Self::Max];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What the frames show, as far as an encoder has to treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Material {
    /// A piece on a plain ground.
    #[default]
    Plain,
    /// A ground that has something to show as well: texture, shades, noise.
    Textured,
}

/// An encoder or decoder refused what it was given.
#[derive(Debug, thiserror::Error)]
#[error("{codec} failed: {why}")]
pub struct CodecError {
    codec: &'static str,
    why: String,
}

impl CodecError {
    fn new(codec: &'static str, why: impl fmt::Display) -> Self {
        Self { codec, why: why.to_string() }
    }
}

/// An encoder: a format, and who makes it with how much effort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoder {
    /// What comes out.
    pub format: Format,
    /// Who encodes, where it is AVIF.
    pub engine: Engine,
    /// How long it may take.
    pub effort: Effort,
    /// What the frames show.
    pub material: Material,
}

impl Encoder {
    /// Materials that the encoder treats differently; which of them a turn is of, trying them tells best.
    pub const fn materials(self) -> &'static [Material] {
        match (self.format, self.engine) {
            #[cfg(feature = "libaom")]
            (Format::Avif, Engine::Libaom) => &[Material::Plain, Material::Textured],
            #[cfg(feature = "rav1e")]
            (Format::Avif, Engine::Rav1e) => &[Material::Plain],
            (Format::Webp, _) => &[Material::Plain, Material::Textured],
        }
    }

    /// The encoder's levels.
    pub const fn levels(self) -> Levels {
        match (self.format, self.engine) {
            #[cfg(feature = "libaom")]
            (Format::Avif, Engine::Libaom) => libaom::LEVELS,
            #[cfg(feature = "rav1e")]
            (Format::Avif, Engine::Rav1e) => rav1e::LEVELS,
            (Format::Webp, _) => webp::LEVELS,
        }
    }

    /// Encodes one still on one thread, so that the bytes depend on nothing but the arguments.
    pub fn encode(self, picture: &Picture, level: Level) -> Result<Vec<u8>, CodecError> {
        match (self.format, self.engine) {
            #[cfg(feature = "libaom")]
            (Format::Avif, Engine::Libaom) => libaom::encode(picture, level, self),
            #[cfg(feature = "rav1e")]
            (Format::Avif, Engine::Rav1e) => rav1e::encode(picture, level, self.effort),
            (Format::Webp, _) => webp::encode(picture, level, self.material),
        }
    }

    /// Names everything about the encoder that decides its bytes.
    pub fn name(self) -> String {
        match (self.format, self.engine) {
            #[cfg(feature = "libaom")]
            (Format::Avif, Engine::Libaom) => libaom::name(self),
            #[cfg(feature = "rav1e")]
            (Format::Avif, Engine::Rav1e) => rav1e::name(self.effort),
            (Format::Webp, _) => webp::name(self.material),
        }
    }

    /// Names an encode by everything that decides its bytes.
    pub fn key(self, pixels: Digest, level: Level) -> Digest {
        Digest::of(format!("{}\n{} {pixels} {level}", self.name(), self.format).as_bytes())
    }
}

/// Decodes what an [`Encoder`] made.
pub fn decode(format: Format, bytes: &[u8]) -> Result<Picture, CodecError> {
    match format {
        Format::Avif => avif::decode(bytes),
        Format::Webp => webp::decode(bytes),
    }
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, RgbImage};

    use super::*;

    fn encoders() -> impl Iterator<Item = Encoder> {
        let of_engine = |engine: &Engine| {
            Format::ALL.map(|format| Encoder {
                format,
                engine: *engine,
                effort: Effort::Default,
                material: Material::Plain,
            })
        };
        Engine::ALL.iter().flat_map(of_engine)
    }

    fn marble(width: u32, height: u32) -> Picture {
        let colour = RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (f64::from(x) / 9.0, f64::from(y) / 7.0);
            let wave = |phase: f64| ((x.sin() * y.cos() + phase).sin() * 100.0 + 128.0) as u8;
            image::Rgb([wave(0.0), wave(0.7), wave(1.9)])
        });
        colour.into()
    }

    fn mean_error(a: &[u8], b: &[u8]) -> f64 {
        let error: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        error as f64 / a.len() as f64
    }

    #[test]
    fn what_was_encoded_decodes_to_something_close() {
        let picture = marble(97, 61);
        for encoder in encoders() {
            let bytes = encoder.encode(&picture, encoder.levels().highest).unwrap();
            let back = decode(encoder.format, &bytes).unwrap();
            assert_eq!(back.size(), picture.size());
            assert_eq!(back.alpha, None);
            let error = mean_error(&picture.colour, &back.colour);
            assert!(error < 4.0, "{encoder:?}: mean error {error}");
        }
    }

    #[test]
    fn alpha_comes_back_close_and_its_flat_parts_flat() {
        let alpha = GrayImage::from_fn(96, 64, |x, _| {
            Luma([(f64::from(x) - 40.0).mul_add(32.0, 0.0).clamp(0.0, 255.0) as u8])
        });
        let picture = Picture { alpha: Some(alpha.clone()), ..marble(96, 64) };
        for encoder in encoders() {
            let bytes = encoder.encode(&picture, encoder.levels().first).unwrap();
            let back = decode(encoder.format, &bytes).unwrap().alpha.unwrap();
            let error = mean_error(&alpha, &back);
            assert!(error < 4.0, "{encoder:?}: mean error {error}");
            let (clear, opaque) = (back.get_pixel(5, 30).0[0], back.get_pixel(90, 30).0[0]);
            assert!(clear <= 1 && opaque >= 254, "{encoder:?}: {clear} and {opaque}");
        }
    }

    #[test]
    fn a_higher_level_takes_more_bytes() {
        let picture = marble(160, 120);
        for encoder in encoders() {
            let Levels { lowest, first, highest, .. } = encoder.levels();
            let sizes = [lowest, first, highest].map(|level| encoder.encode(&picture, level).unwrap().len());
            assert!(sizes.is_sorted(), "{encoder:?}: {sizes:?}");
        }
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes() {
        let picture = marble(64, 64);
        for encoder in encoders() {
            let level = encoder.levels().first;
            assert_eq!(encoder.encode(&picture, level).unwrap(), encoder.encode(&picture, level).unwrap());
        }
    }

    #[test]
    fn no_two_encoders_share_a_name() {
        let mut names: Vec<String> = encoders()
            .flat_map(|encoder| Effort::ALL.iter().map(move |effort| Encoder { effort: *effort, ..encoder }))
            .filter(|encoder| encoder.format == Format::Avif)
            .map(Encoder::name)
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn rubbish_does_not_decode() {
        for format in Format::ALL {
            assert!(decode(format, b"rubbish").is_err());
        }
    }
}
