//! Still pictures out of JPEG by libjpeg-turbo: a whole file in, its pixels out, or what is wrong with its
//! data.
//!
//! Where libjpeg-turbo warns, it gives a picture all the same: grey where data is missing, noise where data
//! is damaged. Here a warning ends the decoding. Oddities that harm no pixel bring warnings too, so a caller
//! takes them out of the file first.

mod sys;

/// What the samples of a picture are, 8 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Samples {
    /// One a pixel.
    Grey,
    /// Four a pixel: red, green, blue, and an alpha that is opaque.
    Rgba,
}

impl Samples {
    /// How many there are of each pixel.
    pub const fn per_pixel(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgba => 4,
        }
    }
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The compressed data ends before the picture does: bytes were cut out of the file, or are overwritten.
    #[error("{0}")]
    EndsEarly(String),
    /// The file is sound, and of a kind that libjpeg-turbo does not decode.
    #[error("{0}")]
    Unsupported(String),
    /// The file is damaged.
    #[error("{0}")]
    Damaged(String),
    /// The picture has not the size that was given, or one that no JPEG has.
    #[error("the picture has another size than was given")]
    OtherSize,
    /// There is no memory for it.
    #[error("out of memory")]
    OutOfMemory,
}

/// The longest side of a JPEG that libjpeg-turbo takes.
const LONGEST_SIDE: u32 = 65_500;

/// Decodes a JPEG of the width and height that its header says, in rows from the top without padding.
///
/// Chroma is upsampled smoothly and the inverse DCT is the accurate one, as in `djpeg` without options.
pub fn decode(jpeg: &[u8], width: u32, height: u32, samples: Samples) -> Result<Vec<u8>, Error> {
    let sides = 1..=LONGEST_SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(Error::OtherSize);
    }
    sys::Decoder::new()?.decode(jpeg, width, height, samples)
}
