//! TIFF: the first image file directory, and whether all of its strips or tiles lie within the file (TIFF
//! 6.0; `BigTIFF`).

use image::metadata::Orientation;

use super::fields::Fields;
use super::{Colour, Fault, Format, Header};
use crate::read::limits::Limits;

// Tags, by their names in TIFF 6.0.
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const PLANAR_CONFIGURATION: u16 = 284;
const PREDICTOR: u16 = 317;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const JPEG_TABLES: u16 = 347;
const YCBCR_SUBSAMPLING: u16 = 530;

/// The tags that are read here.
const READ: [u16; 17] = [
    IMAGE_WIDTH,
    IMAGE_LENGTH,
    BITS_PER_SAMPLE,
    COMPRESSION,
    PHOTOMETRIC_INTERPRETATION,
    STRIP_OFFSETS,
    ORIENTATION,
    SAMPLES_PER_PIXEL,
    ROWS_PER_STRIP,
    STRIP_BYTE_COUNTS,
    PLANAR_CONFIGURATION,
    TILE_WIDTH,
    TILE_LENGTH,
    TILE_OFFSETS,
    TILE_BYTE_COUNTS,
    EXTRA_SAMPLES,
    SAMPLE_FORMAT,
];

/// The tags that the decoder reads besides.
const READ_LATER: [u16; 3] = [PREDICTOR, JPEG_TABLES, YCBCR_SUBSAMPLING];

/// A colour profile, which the decoder looks for too.
const ICC_PROFILE: u16 = 34_675;

/// The tags with a value for each strip or tile.
const LISTS: [u16; 4] = [STRIP_OFFSETS, STRIP_BYTE_COUNTS, TILE_OFFSETS, TILE_BYTE_COUNTS];

/// The most values of any other tag that is read. The decoder makes room for as many as an entry says that
/// there are, whether they are there or not.
const MAX_VALUES: usize = 64;

/// The most strips or tiles: those of 32 x 32 pixels in the largest picture that is taken.
const MAX_PIECES: u64 = 1 << 17;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let directory = Directory::first(bytes)?;
    if READ.into_iter().any(|tag| directory.is_cut_off(tag)) {
        return Err(truncated(directory.file));
    }
    // Which of two values counts is for each decoder to say, so what is checked here would not be what is
    // decoded.
    if READ.into_iter().chain(READ_LATER).chain([ICC_PROFILE]).any(|tag| directory.stands_twice(tag)) {
        return Err(Fault::Unreadable("its table of contents has the same entry twice".into()));
    }
    // Bytes, or bytes of no meaning; at a text that is too long the decoder prints a line of its own.
    if directory.kind(ICC_PROFILE).is_some_and(|kind| !matches!(kind, 1 | 7)) {
        return Err(Fault::Unreadable("its colour profile is of a kind that no profile is".into()));
    }
    let side = |tag| directory.number(tag).and_then(|side| u32::try_from(side).ok());
    let (Some(width), Some(height)) = (side(IMAGE_WIDTH), side(IMAGE_LENGTH)) else {
        return Err(Fault::Unreadable("it does not say its width and height".into()));
    };
    let mut header = Header::new(Format::Tiff, width, height);
    let samples = directory.number(SAMPLES_PER_PIXEL).unwrap_or(1);
    colours(&directory, samples, &mut header)?;
    let mut short = READ.into_iter().filter(|tag| !LISTS.contains(tag)).chain(READ_LATER);
    if short.any(|tag| directory.count(tag).is_some_and(|count| count > MAX_VALUES)) {
        return Err(Fault::Unreadable("its table of contents is damaged".into()));
    }
    // The decoder holds the samples once more while it reads.
    header.scratch_bytes = samples * u64::from(header.bits) / 8;
    header.within(limits)?;
    let orientation = directory.number(ORIENTATION).and_then(|tag| u8::try_from(tag).ok());
    header.orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    header.has_profile = directory.count(ICC_PROFILE).is_some_and(|bytes| bytes > 0);
    data_within(&directory, samples, &header)?;
    if directory.has_next {
        header.remarks.push("has more than one page, of which the first is used".into());
    }
    Ok(header)
}

fn colours(directory: &Directory<'_>, samples: u64, header: &mut Header) -> Result<(), Fault> {
    let unsupported = |what: &str| Err(Fault::Unsupported(what.into()));
    match directory.number(COMPRESSION).unwrap_or(1) {
        // None, LZW, Deflate (both codes) and PackBits.
        1 | 5 | 8 | 32_946 | 32_773 => {}
        6 | 7 => return unsupported("a TIFF with a JPEG inside"),
        _ => return unsupported("a TIFF of an uncommon compression"),
    }
    let bits = directory.number(BITS_PER_SAMPLE).unwrap_or(1);
    if directory.numbers(BITS_PER_SAMPLE).any(|other| other != bits) {
        return unsupported("a TIFF with channels of different depth");
    }
    let sample_format = directory.number(SAMPLE_FORMAT).unwrap_or(1);
    if sample_format != 1 {
        return unsupported("a TIFF with floating-point or signed colours");
    }
    let extra: Vec<u64> = directory.numbers(EXTRA_SAMPLES).take(8).collect();
    let colour_samples = samples.saturating_sub(extra.len() as u64);
    match directory.number(PHOTOMETRIC_INTERPRETATION) {
        Some(0 | 1) if samples == 1 && matches!(bits, 1 | 8 | 16) => header.colour = Colour::Grey,
        Some(0 | 1) if samples > 1 => return unsupported("a grey TIFF with further channels"),
        Some(2) if matches!(bits, 8 | 16) && matches!(colour_samples, 3 | 4) && samples <= 4 => {
            header.colour = Colour::Rgb;
            // 1 is alpha that the colours are multiplied with, 2 is alpha beside them, 0 is anything else.
            header.alpha = colour_samples == 4 || matches!(extra[..], [1 | 2]);
            header.premultiplied = extra == [1];
        }
        Some(2) if samples > 4 => {
            return unsupported("a TIFF with more channels than red, green, blue and alpha");
        }
        Some(3) => return unsupported("a TIFF with a palette"),
        Some(5) => return Err(Fault::Cmyk),
        Some(6) => return unsupported("a TIFF in YCbCr"),
        Some(8..=10) => return unsupported("a TIFF in Lab"),
        Some(0..=2) => return Err(Fault::Unsupported(format!("a TIFF with {bits} bits a channel"))),
        _ => return unsupported("a TIFF of an unknown colour kind"),
    }
    header.bits = if bits == 16 { 16 } else { 8 };
    Ok(())
}

/// Refuses strips or tiles that are not all there.
fn data_within(directory: &Directory<'_>, samples: u64, header: &Header) -> Result<(), Fault> {
    let damaged = || Fault::Unreadable("its table of contents is damaged".into());
    let (width, height) = (u64::from(header.width), u64::from(header.height));
    let planes = if directory.number(PLANAR_CONFIGURATION) == Some(2) { samples } else { 1 };
    let (offsets, counts, pieces) = if directory.entry(TILE_OFFSETS).is_some() {
        let tiles = |side: u64, tag| match directory.number(tag) {
            None | Some(0) => Err(damaged()),
            // The decoder panics at such a tile, which is nothing that an artist could have done better.
            Some(tile) if planes > 1 && !side.is_multiple_of(tile) => {
                Err(Fault::Unsupported("a TIFF in tiles for each channel".into()))
            }
            Some(tile) => Ok(side.div_ceil(tile)),
        };
        (TILE_OFFSETS, TILE_BYTE_COUNTS, tiles(width, TILE_WIDTH)? * tiles(height, TILE_LENGTH)?)
    } else {
        let rows = directory.number(ROWS_PER_STRIP).unwrap_or(height).max(1);
        (STRIP_OFFSETS, STRIP_BYTE_COUNTS, height.div_ceil(rows))
    };
    if pieces * planes > MAX_PIECES {
        return Err(Fault::Unsupported(format!("a TIFF in more than {MAX_PIECES} pieces")));
    }
    let expected = (pieces * planes) as usize;
    if directory.numbers(offsets).len() != expected || directory.numbers(counts).len() != expected {
        return Err(damaged());
    }
    let file_bytes = directory.file.bytes.len() as u64;
    for (offset, count) in directory.numbers(offsets).zip(directory.numbers(counts)) {
        if offset.checked_add(count).is_none_or(|end| end > file_bytes) {
            return Err(truncated(directory.file));
        }
        if count == 0 {
            return Err(Fault::Unreadable("a part of its picture is empty".into()));
        }
    }
    Ok(())
}

fn truncated(file: Fields<'_>) -> Fault {
    Fault::Truncated(format!("it ends after {} bytes, inside the picture", file.bytes.len()))
}

/// An image file directory, read in place.
struct Directory<'a> {
    file: Fields<'a>,
    entries: &'a [u8],
    big: bool,
    has_next: bool,
}

impl<'a> Directory<'a> {
    fn first(bytes: &'a [u8]) -> Result<Self, Fault> {
        let file =
            if bytes.starts_with(b"MM") { Fields::big_endian(bytes) } else { Fields::little_endian(bytes) };
        let big = file.u16(2) == Some(43);
        Self::read(file, big).ok_or_else(|| truncated(file))
    }

    fn read(file: Fields<'a>, big: bool) -> Option<Self> {
        let (start, count, count_bytes) = if big {
            let start = usize::try_from(file.u64(8)?).ok()?;
            (start, usize::try_from(file.u64(start)?).ok()?, 8)
        } else {
            let start = file.u32(4)? as usize;
            (start, usize::from(file.u16(start)?), 2)
        };
        let entries_bytes = count.checked_mul(entry_bytes(big))?;
        let entries = file.slice(start + count_bytes, entries_bytes)?;
        let next = start + count_bytes + entries_bytes;
        let has_next = if big { file.u64(next)? != 0 } else { file.u32(next)? != 0 };
        Some(Self { file, entries, big, has_next })
    }

    /// Where the entries of a tag stand among all entries.
    fn positions(&self, tag: u16) -> impl Iterator<Item = usize> + use<'a> {
        let fields = self.file.of(self.entries);
        (0..self.entries.len()).step_by(entry_bytes(self.big)).filter(move |&at| fields.u16(at) == Some(tag))
    }

    fn position(&self, tag: u16) -> Option<usize> {
        self.positions(tag).next()
    }

    fn stands_twice(&self, tag: u16) -> bool {
        self.positions(tag).nth(1).is_some()
    }

    /// Whether a tag is there, but its values are not.
    fn is_cut_off(&self, tag: u16) -> bool {
        self.position(tag).is_some() && self.entry(tag).is_none()
    }

    /// The type of a tag's values.
    fn kind(&self, tag: u16) -> Option<u16> {
        self.file.of(self.entries).u16(self.position(tag)? + 2)
    }

    /// How many values a tag says that it has.
    fn count(&self, tag: u16) -> Option<usize> {
        let at = self.position(tag)? + 4;
        let fields = self.file.of(self.entries);
        if self.big { usize::try_from(fields.u64(at)?).ok() } else { Some(fields.u32(at)? as usize) }
    }

    /// The type and the values' bytes of a tag.
    fn entry(&self, tag: u16) -> Option<(u16, &'a [u8])> {
        let fields = self.file.of(self.entries);
        let at = self.position(tag)?;
        let kind = fields.u16(at + 2)?;
        let (count, value, inline) = if self.big {
            (usize::try_from(fields.u64(at + 4)?).ok()?, at + 12, 8)
        } else {
            (fields.u32(at + 4)? as usize, at + 8, 4)
        };
        let length = count.checked_mul(type_bytes(kind)?)?;
        if length <= inline {
            return Some((kind, fields.slice(value, length)?));
        }
        let offset =
            if self.big { usize::try_from(fields.u64(value)?).ok()? } else { fields.u32(value)? as usize };
        Some((kind, self.file.slice(offset, length)?))
    }

    /// The unsigned numbers of a tag; none where it is missing, lies outside the file or is no number.
    fn numbers(&self, tag: u16) -> impl ExactSizeIterator<Item = u64> + use<'a> {
        let (kind, bytes) = self.entry(tag).unwrap_or((1, &[]));
        let width = type_bytes(kind).unwrap_or(1);
        let file = self.file;
        bytes.chunks_exact(width).map(move |value| {
            let value = file.of(value);
            match width {
                1 => value.u8(0).map(u64::from),
                2 => value.u16(0).map(u64::from),
                4 => value.u32(0).map(u64::from),
                _ => value.u64(0),
            }
            .unwrap_or(0)
        })
    }

    fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag).next()
    }
}

fn entry_bytes(big: bool) -> usize {
    if big { 20 } else { 12 }
}

/// Bytes of a value of an unsigned type: BYTE, SHORT, LONG, IFD, LONG8 and IFD8.
fn type_bytes(kind: u16) -> Option<usize> {
    match kind {
        1 => Some(1),
        3 => Some(2),
        4 | 13 => Some(4),
        16 | 18 => Some(8),
        _ => None,
    }
}
