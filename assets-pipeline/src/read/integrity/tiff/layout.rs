//! Where the samples of a TIFF lie, and what they mean.

use super::super::Fault;
use super::super::directory::{Directory, Numbers};
use super::{
    BITS_PER_SAMPLE, COLOR_MAP, COMPRESSION, DECISIVE, EXTRA_SAMPLES, FILL_ORDER, IMAGE_LENGTH, IMAGE_WIDTH,
    NEW_SUBFILE_TYPE, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION, PREDICTOR, ROWS_PER_STRIP,
    SAMPLE_FORMAT, SAMPLES_PER_PIXEL, STRIP_BYTE_COUNTS, STRIP_OFFSETS, SUB_IFDS, TILE_BYTE_COUNTS,
    TILE_LENGTH, TILE_OFFSETS, TILE_WIDTH, damaged, truncated,
};
use crate::read::limits::Limits;

/// The most channels: the row of all of them is held at once.
const MAX_SAMPLES: u64 = 64;
/// The most strips or tiles: those of 32 x 32 pixels in the largest picture that is taken.
const MAX_PIECES: u64 = 1 << 17;

/// The layout of a picture of a kind that is taken.
#[allow(clippy::struct_excessive_bools, reason = "each is a tag of its own")]
pub(crate) struct Layout<'a> {
    file: &'a [u8],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits of a sample: 1, 2, 4, 8 or 16.
    pub(crate) bits: usize,
    /// Samples of a pixel: those of the colours, and others behind them.
    pub(crate) samples: usize,
    pub(crate) photometric: Photometric<'a>,
    /// Which of the samples is alpha.
    pub(crate) alpha: Option<usize>,
    /// Whether the colours are multiplied with it.
    pub(crate) premultiplied: bool,
    pub(crate) packing: Packing,
    /// Whether the bits of each packed byte are in reverse order.
    pub(crate) reversed: bool,
    /// Whether samples are stored as differences from those to their left.
    pub(crate) differenced: bool,
    pub(crate) big_endian: bool,
    /// Whether each sample has strips or tiles of its own.
    pub(crate) planar: bool,
    tiled: bool,
    /// Width and height of a strip or tile, in pixels. The last strip may be lower; tiles reach beyond the picture.
    pub(crate) piece: (u64, u64),
    offsets: Numbers<'a>,
    byte_counts: Numbers<'a>,
}

/// What samples mean.
#[derive(Clone, Copy)]
pub(crate) enum Photometric<'a> {
    Grey,
    /// Grey in which zero is white.
    Negative,
    Rgb,
    /// Red, green and blue of all entries, 16 bits each: first all reds.
    Palette(Numbers<'a>),
}

impl Photometric<'_> {
    /// Samples of a pixel that are colours.
    pub(crate) fn samples(self) -> usize {
        if matches!(self, Self::Rgb) { 3 } else { 1 }
    }
}

/// How strips and tiles are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Lzw,
    Deflate,
    PackBits,
}

impl<'a> Layout<'a> {
    pub(super) fn of(file: &'a [u8], directory: &Directory<'a>) -> Result<Self, Fault> {
        if directory.next.is_none() || DECISIVE.into_iter().any(|tag| directory.is_cut_off(tag)) {
            return Err(truncated(file));
        }
        // Which of two values counts is for each decoder to say.
        if DECISIVE.into_iter().any(|tag| directory.stands_twice(tag)) {
            return Err(Fault::Unreadable("its table of contents has the same entry twice".into()));
        }
        no_preview(directory)?;
        let side = |tag| directory.number(tag).and_then(|side| u32::try_from(side).ok());
        let (Some(width), Some(height)) = (side(IMAGE_WIDTH), side(IMAGE_LENGTH)) else {
            return Err(Fault::Unreadable("it does not say its width and height".into()));
        };
        let samples = directory.number(SAMPLES_PER_PIXEL).unwrap_or(1);
        if samples > MAX_SAMPLES {
            return Err(Fault::Unsupported(format!("a TIFF with {samples} channels")));
        }
        let samples = samples as usize;
        let bits = bits(directory)?;
        let packing = packing(directory)?;
        let photometric = photometric(directory, samples, bits)?;
        let colours = photometric.samples();
        if samples < colours {
            return Err(Fault::Unreadable("it has fewer channels than its colours need".into()));
        }
        if samples > 1 && bits < 8 {
            return Err(unsupported(format!("{samples} channels of {bits} bits")));
        }
        let extra = extra(directory, samples - colours, photometric);
        let tiled = directory.has(TILE_OFFSETS);
        let (offsets, byte_counts, piece) = if tiled {
            let side = |tag| side(tag).filter(|&side| side > 0).map(u64::from).ok_or_else(damaged);
            (TILE_OFFSETS, TILE_BYTE_COUNTS, (side(TILE_WIDTH)?, side(TILE_LENGTH)?))
        } else {
            let rows = directory.number(ROWS_PER_STRIP).unwrap_or_else(|| height.into());
            let rows = rows.min(height.into());
            (STRIP_OFFSETS, STRIP_BYTE_COUNTS, (width.into(), rows))
        };
        if piece.1 == 0 && height > 0 {
            return Err(damaged());
        }
        Ok(Self {
            file,
            width,
            height,
            bits,
            samples,
            photometric,
            alpha: extra.map(|(at, _)| colours + at),
            premultiplied: extra.is_some_and(|(_, kind)| kind == ASSOCIATED),
            packing,
            reversed: directory.number(FILL_ORDER) == Some(2),
            differenced: differenced(directory, packing, bits)?,
            big_endian: file.starts_with(b"MM"),
            planar: samples > 1 && directory.number(PLANAR_CONFIGURATION) == Some(2),
            tiled,
            piece,
            offsets: directory.numbers(offsets),
            byte_counts: directory.numbers(byte_counts),
        })
    }

    /// Strips or tiles beside each other, and below each other.
    pub(crate) fn pieces(&self) -> (u64, u64) {
        (u64::from(self.width).div_ceil(self.piece.0), u64::from(self.height).div_ceil(self.piece.1))
    }

    /// Layers of strips or tiles, one behind the other.
    pub(crate) fn planes(&self) -> usize {
        if self.planar { self.samples } else { 1 }
    }

    /// Bytes of a row of a strip or tile, unpacked.
    pub(crate) fn row_bytes(&self, pixels: u64) -> u64 {
        (pixels * (self.samples / self.planes()) as u64 * self.bits as u64).div_ceil(8)
    }

    /// The packed bytes of a strip or tile. `None` where they do not lie within the file, or there are none.
    pub(crate) fn packed(&self, index: usize) -> Option<&'a [u8]> {
        let from = self.file.get(usize::try_from(self.offsets.get(index)?).ok()?..)?;
        let said = self.byte_counts.get(index).and_then(|count| usize::try_from(count).ok());
        let needed = self.plain_bytes(index);
        // Where there is one strip alone, or nothing is packed, the bytes are known without their count, and old
        // programs have left it out or written nonsense, as libtiff knows too.
        let is_alone = self.offsets.len() == 1;
        let is_plain = self.packing == Packing::None;
        let count = match said {
            None if is_plain => needed?,
            None | Some(0) if is_alone => from.len(),
            Some(count) if is_alone && is_plain && (count > from.len() || count < needed?) => needed?,
            Some(count) if count > 0 => count,
            _ => return None,
        };
        from.get(..count).filter(|bytes| !bytes.is_empty())
    }

    /// Bytes of a strip or tile, unpacked.
    fn plain_bytes(&self, index: usize) -> Option<usize> {
        let (across, down) = self.pieces();
        let row = (index as u64 / across) % down;
        let left = u64::from(self.height).saturating_sub(row * self.piece.1);
        let rows = if self.tiled { self.piece.1 } else { self.piece.1.min(left) };
        usize::try_from(self.row_bytes(self.piece.0).checked_mul(rows)?).ok()
    }

    /// Refuses strips or tiles that are not all there, or that are out of all proportion.
    pub(super) fn check_pieces(&self, limits: &Limits) -> Result<(), Fault> {
        let (across, down) = self.pieces();
        let pieces = across.checked_mul(down).and_then(|pieces| pieces.checked_mul(self.planes() as u64));
        let pieces = pieces.filter(|&pieces| pieces <= MAX_PIECES);
        let pieces = pieces.ok_or_else(|| unsupported(format!("more than {MAX_PIECES} strips or tiles")))?;
        // What lies beyond the picture is unpacked too.
        let padded = across
            .checked_mul(self.piece.0)
            .zip(down.checked_mul(self.piece.1))
            .and_then(|(width, height)| width.checked_mul(height))
            .filter(|&padded| padded <= limits.max_pixels.saturating_mul(2));
        padded.ok_or_else(|| unsupported("tiles far larger than its picture"))?;
        if (self.offsets.len() as u64) < pieces {
            return Err(damaged());
        }
        for index in 0..pieces as usize {
            if self.packed(index).is_some() {
                continue;
            }
            let (offset, count) = (self.offsets.get(index), self.byte_counts.get(index));
            return Err(match (offset, count) {
                (_, Some(0)) => Fault::Unreadable("a part of its picture is empty".into()),
                (Some(_), Some(_)) => truncated(self.file),
                _ => damaged(),
            });
        }
        Ok(())
    }
}

fn unsupported(what: impl std::fmt::Display) -> Fault {
    Fault::Unsupported(format!("a TIFF with {what}"))
}

/// Refuses files whose first picture is a small one of another, such as those of cameras.
fn no_preview(directory: &Directory<'_>) -> Result<(), Fault> {
    const REDUCED: u64 = 1;
    const MASK: u64 = 4;
    match directory.number(NEW_SUBFILE_TYPE).unwrap_or(0) {
        kind if kind & REDUCED != 0 && (directory.next != Some(0) || directory.has(SUB_IFDS)) => {
            Err(Fault::Unsupported("a TIFF whose first picture is a preview of another".into()))
        }
        kind if kind & MASK != 0 => {
            Err(Fault::Unsupported("a TIFF whose first picture is a mask of another".into()))
        }
        _ => Ok(()),
    }
}

fn bits(directory: &Directory<'_>) -> Result<usize, Fault> {
    match directory.number(SAMPLE_FORMAT).unwrap_or(1) {
        // Whole numbers, and those of which nothing is known.
        1 | 4 => {}
        3 | 6 => return Err(unsupported("floating-point colours")),
        _ => return Err(unsupported("signed or complex colours")),
    }
    let all = directory.numbers(BITS_PER_SAMPLE);
    let bits = all.get(0).unwrap_or(1);
    if all.iter().take(MAX_SAMPLES as usize).any(|other| other != bits) {
        return Err(unsupported("channels of different depth"));
    }
    match bits {
        1 | 2 | 4 | 8 | 16 => Ok(bits as usize),
        _ => Err(unsupported(format!("{bits} bits a channel"))),
    }
}

fn packing(directory: &Directory<'_>) -> Result<Packing, Fault> {
    let named = match directory.number(COMPRESSION).unwrap_or(1) {
        1 => return Ok(Packing::None),
        5 => return Ok(Packing::Lzw),
        // The code of TIFF's supplement, and the one from before.
        8 | 32_946 => return Ok(Packing::Deflate),
        32_773 => return Ok(Packing::PackBits),
        2..=4 | 32_771 => "fax (CCITT)",
        6 | 7 => "JPEG",
        32_766 => "NeXT",
        32_809 => "ThunderScan",
        32_908 | 32_909 => "Pixar",
        33_003 | 33_005 | 34_712 => "JPEG 2000",
        34_676 | 34_677 => "SGI LogLuv",
        34_887 => "LERC",
        34_925 => "LZMA",
        34_926 | 50_000 => "Zstandard",
        34_927 | 50_001 => "WebP",
        50_002 | 52_546 => "JPEG XL",
        code => return Err(unsupported(format!("compression {code}"))),
    };
    Err(unsupported(format!("{named} compression")))
}

fn photometric<'a>(directory: &Directory<'a>, samples: usize, bits: usize) -> Result<Photometric<'a>, Fault> {
    let extra = directory.numbers(EXTRA_SAMPLES).len();
    // Of files that do not say it, libtiff judges by their channels.
    let code = directory.number(PHOTOMETRIC_INTERPRETATION).or(match samples.saturating_sub(extra) {
        1 => Some(1),
        3 => Some(2),
        _ => None,
    });
    match code {
        Some(0) => Ok(Photometric::Negative),
        Some(1) => Ok(Photometric::Grey),
        Some(2) if bits >= 8 => Ok(Photometric::Rgb),
        Some(2) => Err(unsupported(format!("{bits} bits a channel"))),
        Some(3) if bits <= 8 => {
            let palette = directory.numbers(COLOR_MAP);
            if palette.len() < 3 << bits {
                return Err(Fault::Unreadable("its palette is missing or too short".into()));
            }
            Ok(Photometric::Palette(palette))
        }
        Some(3) => Err(unsupported(format!("a palette of {bits} bits"))),
        Some(4) => Err(Fault::Unsupported("a TIFF that is a mask".into())),
        Some(5) => Err(Fault::Cmyk),
        Some(6) => Err(Fault::Unsupported("a TIFF in YCbCr".into())),
        Some(8..=10) => Err(Fault::Unsupported("a TIFF in Lab".into())),
        Some(32_803 | 34_892) => Err(Fault::Unsupported("a TIFF of a camera's raw data".into())),
        Some(32_844 | 32_845) => Err(Fault::Unsupported("a TIFF in LogLuv".into())),
        _ => Err(Fault::Unsupported("a TIFF of an unknown colour kind".into())),
    }
}

const ASSOCIATED: u64 = 1;
const UNASSOCIATED: u64 = 2;

/// Which of the samples behind the colours is alpha, and of which kind.
fn extra(directory: &Directory<'_>, samples: usize, photometric: Photometric<'_>) -> Option<(usize, u64)> {
    let kinds = directory.numbers(EXTRA_SAMPLES);
    if kinds.len() == 0 {
        // Red, green, blue and one more: alpha to all programs, though the file should say so.
        let is_rgba = samples == 1 && matches!(photometric, Photometric::Rgb);
        return is_rgba.then_some((0, UNASSOCIATED));
    }
    let kind = |at| match kinds.get(at)? {
        kind @ (ASSOCIATED | UNASSOCIATED) => Some(kind),
        // So CorelDRAW 10 writes it.
        999 => Some(UNASSOCIATED),
        _ => None,
    };
    (0..samples).find_map(|at| Some((at, kind(at)?)))
}

/// Whether there are differences (TIFF 6.0, section 14). The tag belongs to two packings, and counts for no other.
fn differenced(directory: &Directory<'_>, packing: Packing, bits: usize) -> Result<bool, Fault> {
    if !matches!(packing, Packing::Lzw | Packing::Deflate) {
        return Ok(false);
    }
    match directory.number(PREDICTOR).unwrap_or(1) {
        1 => Ok(false),
        2 if bits >= 8 => Ok(true),
        2 => Err(unsupported(format!("differences of {bits} bits"))),
        3 => Err(unsupported("a floating-point predictor")),
        other => Err(unsupported(format!("predictor {other}"))),
    }
}
