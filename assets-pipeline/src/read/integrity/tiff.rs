//! TIFF: what the first image file directory says of its picture, and whether all of its strips or tiles lie within
//! the file (TIFF 6.0; `BigTIFF`).
//!
//! What is taken is what libtiff gives the same pixels of. Everything else is refused by its name, before a byte of
//! the picture is unpacked.

mod layout;

use image::metadata::Orientation;

use super::directory::{BYTE, Directory, UNDEFINED};
use super::{Colour, ExifColours, Fault, Format, Header};
use crate::read::limits::Limits;
use crate::read::remark::Remark;
pub(crate) use layout::{Layout, Packing, Photometric};

// Tags, by their names in TIFF 6.0.
const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const PLANAR_CONFIGURATION: u16 = 284;
const PREDICTOR: u16 = 317;
const WHITE_POINT: u16 = 318;
const PRIMARY_CHROMATICITIES: u16 = 319;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SUB_IFDS: u16 = 330;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const ICC_PROFILE: u16 = 34_675;

/// The tags that decide what the pixels are.
const DECISIVE: [u16; 20] = [
    IMAGE_WIDTH,
    IMAGE_LENGTH,
    BITS_PER_SAMPLE,
    COMPRESSION,
    PHOTOMETRIC_INTERPRETATION,
    FILL_ORDER,
    STRIP_OFFSETS,
    ORIENTATION,
    SAMPLES_PER_PIXEL,
    ROWS_PER_STRIP,
    STRIP_BYTE_COUNTS,
    PLANAR_CONFIGURATION,
    PREDICTOR,
    COLOR_MAP,
    TILE_WIDTH,
    TILE_LENGTH,
    TILE_OFFSETS,
    TILE_BYTE_COUNTS,
    EXTRA_SAMPLES,
    SAMPLE_FORMAT,
];

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let directory = Directory::first(bytes).ok_or_else(|| truncated(bytes))?;
    let layout = Layout::of(bytes, &directory)?;
    let mut header = Header::new(Format::Tiff, layout.width, layout.height);
    header.colour = match layout.photometric {
        Photometric::Grey | Photometric::Negative => Colour::Grey,
        Photometric::Rgb => Colour::Rgb,
        Photometric::Palette(_) => Colour::Palette,
    };
    header.bits = if layout.bits == 16 { 16 } else { 8 };
    header.alpha = layout.alpha.is_some();
    header.premultiplied = layout.premultiplied;
    header.within(limits)?;
    layout.check_pieces(limits)?;
    let orientation = directory.number(ORIENTATION).and_then(|tag| u8::try_from(tag).ok());
    header.orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    header.has_profile = icc_of(&directory).is_some();
    header.colour_tags.exif = ExifColours::below(&directory);
    header.colour_tags.chromaticities = chromaticities(&directory);
    header.remarks = remarks(&layout, &directory);
    Ok(header)
}

/// How the picture of a file that passed [`walk`] is laid out, and its colour profile.
pub(crate) fn layout(bytes: &[u8]) -> Option<(Layout<'_>, Option<&[u8]>)> {
    let directory = Directory::first(bytes)?;
    let layout = Layout::of(bytes, &directory).ok()?;
    Some((layout, icc_of(&directory)))
}

/// The profile; empty where there is something in its place.
fn icc_of<'a>(directory: &Directory<'a>) -> Option<&'a [u8]> {
    directory.has(ICC_PROFILE).then(|| match directory.entry(ICC_PROFILE) {
        Some((BYTE | UNDEFINED, profile)) => profile,
        _ => &[],
    })
}

/// White, red, green and blue (TIFF 6.0, section 20), times 100,000.
fn chromaticities(directory: &Directory<'_>) -> Option<[u32; 8]> {
    let white = directory.fractions(WHITE_POINT).take(2);
    let all: Vec<u32> = white
        .chain(directory.fractions(PRIMARY_CHROMATICITIES).take(6))
        .map(|fraction| (fraction * 1e5).round() as u32)
        .collect();
    all.try_into().ok()
}

fn remarks(layout: &Layout<'_>, directory: &Directory<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if directory.next.is_some_and(|next| next != 0) {
        remarks.push(Remark::MorePages);
    }
    if layout.alpha.is_some() && !directory.has(EXTRA_SAMPLES) {
        remarks.push(Remark::AlphaUnnamed);
    }
    let left_out = layout.samples - layout.photometric.samples() - usize::from(layout.alpha.is_some());
    if left_out > 0 {
        remarks.push(Remark::ChannelsLeftOut { channels: left_out });
    }
    remarks
}

fn truncated(bytes: &[u8]) -> Fault {
    Fault::Truncated(format!("it ends after {} bytes, inside the picture", bytes.len()))
}

fn damaged() -> Fault {
    Fault::Unreadable("its table of contents is damaged".into())
}
