//! A cheap check of every file without decoding its pixels: is it what its name says, is it whole, is it
//! small enough.
//!
//! Each walker reads the structure of its format to the very end and trusts no length in it. A turn of 360
//! frames is checked in the time that decoding a few of them takes.

mod colour_tags;
mod directory;
mod fields;
mod format;
pub(crate) mod jpeg;
mod png;
pub(crate) mod tiff;
mod webp;

use image::metadata::Orientation;

use crate::read::limits::Limits;
use crate::read::refusal::{Excess, Refusal};
use crate::read::remark::Remark;

pub(crate) use colour_tags::{ColourTags, ExifColours};
pub use format::Format;

/// What the channels of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Colour {
    Grey,
    Rgb,
    Palette,
}

/// What a file says of its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format of the content.
    pub format: Format,
    /// Width in pixels as stored, before `orientation`.
    pub width: u32,
    /// Height in pixels as stored, before `orientation`.
    pub height: u32,
    /// How the stored image is to be turned upright (EXIF, or the TIFF tag).
    pub orientation: Orientation,
    /// What the channels are.
    pub colour: Colour,
    /// Bits of a channel as decoded: 8 or 16.
    pub bits: u8,
    /// Whether the image has transparency, or could have.
    pub alpha: bool,
    /// What is odd about the file, though not wrong.
    pub remarks: Vec<Remark>,
    /// Whether colours are stored multiplied with alpha (TIFF 6.0, section 18, associated alpha).
    pub(crate) premultiplied: bool,
    /// What the file says of its colours beside a profile.
    pub(crate) colour_tags: ColourTags,
    /// Whether there is an ICC profile, or something in its place.
    pub(crate) has_profile: bool,
    /// Bytes a pixel that the decoder needs beside its result.
    scratch_bytes: u64,
}

/// Checks a file, whose `name` serves for its extension and in messages.
///
/// # Errors
///
/// Refuses what is not what its name says, is cut short, damaged in its structure, in CMYK, animated, of a
/// kind that [`decode`](crate::read::decode::decode) does not take, or beyond the limits.
pub fn inspect(name: &str, bytes: &[u8], limits: &Limits) -> Result<Header, Refusal> {
    let excess = Excess::FileBytes { bytes: bytes.len() as u64, max_bytes: limits.max_file_bytes };
    if bytes.len() as u64 > limits.max_file_bytes {
        return Err(Refusal::TooLarge { file: name.into(), excess });
    }
    let agreed = format::agreed(name, bytes)?;
    no_zip_behind(name, bytes)?;
    let header = match agreed {
        Format::Png => png::walk(bytes, limits),
        Format::Jpeg => jpeg::walk(bytes, limits),
        Format::Tiff => tiff::walk(bytes, limits),
        Format::WebP => webp::walk(bytes, limits),
    };
    header.map_err(|fault| fault.of(name))
}

/// Bytes of a file's end that tell whether there is a zip behind it.
pub const TAIL_BYTES: usize = format::END_RECORD_BYTES + u16::MAX as usize;

/// Refuses an image that is a zip file as well, by the last [`TAIL_BYTES`] of it.
///
/// # Errors
///
/// [`Refusal::Unsupported`].
pub fn no_zip_behind(name: &str, tail: &[u8]) -> Result<(), Refusal> {
    if format::ends_as_a_zip(tail) {
        return Err(Refusal::Unsupported {
            file: name.into(),
            what: "an image and a zip file in one".into(),
        });
    }
    Ok(())
}

impl Header {
    /// Width and height in pixels as seen: upright.
    pub fn size(&self) -> (u32, u32) {
        match self.orientation {
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => (self.width, self.height),
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (self.height, self.width),
        }
    }

    /// Bytes that decoding allocates for pixels at its peak, by which to bound how many frames are decoded at
    /// once.
    pub fn decode_bytes(&self) -> u64 {
        const RGBA: u64 = 4;
        let channels = if self.colour == Colour::Grey { 1 } else { 3 } + u64::from(self.alpha);
        // Opaque colours of a JPEG are decoded with an alpha.
        let is_rgba = self.bits == 8 && channels + u64::from(self.format == Format::Jpeg) == RGBA;
        let decoded = if is_rgba {
            RGBA + self.scratch_bytes
        } else {
            channels * u64::from(self.bits) / 8 + self.scratch_bytes.max(RGBA)
        };
        let turned = if self.size() == (self.width, self.height) { RGBA } else { 2 * RGBA };
        self.pixels().saturating_mul(decoded.max(turned))
    }

    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// A header of an opaque 8-bit RGB image, to be filled in.
    fn new(format: Format, width: u32, height: u32) -> Self {
        Self {
            format,
            width,
            height,
            orientation: Orientation::NoTransforms,
            colour: Colour::Rgb,
            bits: 8,
            alpha: false,
            remarks: Vec::new(),
            premultiplied: false,
            colour_tags: ColourTags::default(),
            has_profile: false,
            scratch_bytes: 0,
        }
    }

    /// Walkers ask this as soon as they know the size, before they do work in proportion to it.
    fn within(&self, limits: &Limits) -> Result<(), Fault> {
        let (width, height, pixels) = (self.width, self.height, self.pixels());
        if pixels == 0 {
            return Err(Fault::Unreadable("its width or height is zero".into()));
        }
        let excess = if width > limits.max_width {
            Excess::Width { pixels: width, max_pixels: limits.max_width }
        } else if height > limits.max_height {
            Excess::Height { pixels: height, max_pixels: limits.max_height }
        } else if pixels > limits.max_pixels {
            Excess::Pixels { pixels, max_pixels: limits.max_pixels }
        } else if self.decode_bytes() > limits.max_alloc_bytes {
            Excess::Memory { bytes: self.decode_bytes(), max_bytes: limits.max_alloc_bytes }
        } else {
            return Ok(());
        };
        Err(Fault::TooLarge(excess))
    }
}

/// What is wrong with a file, before it has a name.
#[derive(Debug)]
pub(crate) enum Fault {
    Truncated(String),
    Unreadable(String),
    Unsupported(String),
    Cmyk,
    TooLarge(Excess),
}

impl Fault {
    fn of(self, name: &str) -> Refusal {
        let file = name.to_string();
        match self {
            Self::Truncated(reason) => Refusal::Truncated { file, reason },
            Self::Unreadable(reason) => Refusal::Unreadable { file, reason },
            Self::Unsupported(what) => Refusal::Unsupported { file, what },
            Self::Cmyk => Refusal::Cmyk { file },
            Self::TooLarge(excess) => Refusal::TooLarge { file, excess },
        }
    }
}

#[cfg(test)]
mod tests;
