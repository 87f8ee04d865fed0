//! What a file says of its colours beside an ICC profile.

use super::directory::Directory;

/// All that is said, by whichever part of the file; what counts of it is decided when pixels are converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColourTags {
    /// Colour primaries, transfer function, matrix and range of a PNG's `cICP` chunk (ITU-T H.273); the matrix is 0.
    pub(crate) codes: Option<[u8; 4]>,
    /// Whether a PNG has an `sRGB` chunk.
    pub(crate) is_srgb: bool,
    /// The exponent of a PNG's `gAMA` chunk, times 100,000; never zero.
    pub(crate) gamma: Option<u32>,
    /// x and y of white, red, green and blue, times 100,000: of a PNG's `cHRM` chunk, or of a TIFF.
    pub(crate) chromaticities: Option<[u32; 8]>,
    /// What EXIF data says.
    pub(crate) exif: Option<ExifColours>,
}

/// The colour space of EXIF data (Exif 3.0, section 4.6.6; DCF 2.0, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExifColours {
    Srgb,
    AdobeRgb,
    /// Something else than sRGB, and the file does not say what.
    Uncalibrated,
}

const EXIF_IFD: u16 = 0x8769;
const COLOR_SPACE: u16 = 0xa001;
const INTEROPERABILITY_IFD: u16 = 0xa005;
const INTEROPERABILITY_INDEX: u16 = 1;

impl ExifColours {
    /// Of EXIF data, which are laid out as a TIFF file.
    pub(super) fn of_exif(bytes: &[u8]) -> Option<Self> {
        let is_tiff = matches!(bytes, [b'I', b'I', ..] | [b'M', b'M', ..]);
        Self::below(&Directory::first(bytes).filter(|_| is_tiff)?)
    }

    /// Of the EXIF data that a directory points to.
    pub(super) fn below(first: &Directory<'_>) -> Option<Self> {
        let exif = first.below(EXIF_IFD)?;
        let interoperability = exif.below(INTEROPERABILITY_IFD);
        let index = interoperability.as_ref().and_then(|directory| directory.entry(INTEROPERABILITY_INDEX));
        let is_r03 = index.is_some_and(|(_, text)| text.starts_with(b"R03"));
        match exif.number(COLOR_SPACE) {
            Some(1) => Some(Self::Srgb),
            // Cameras write 0xffff with R03, and some a 2, which the standard does not have.
            Some(2) => Some(Self::AdobeRgb),
            _ if is_r03 => Some(Self::AdobeRgb),
            Some(_) => Some(Self::Uncalibrated),
            None => None,
        }
    }
}
