//! The picture of a TIFF: strips and tiles unpacked row by row, into samples side by side.
//!
//! Beside the samples one row is held, so that neither a strip of the whole picture nor a tile beyond it costs memory.

mod unpack;

use std::io::{self, Read};

use image::DynamicImage;

use crate::read::integrity::tiff::{Layout, Photometric};
use unpack::Unpacker;

/// Why there is no picture.
#[derive(Debug)]
pub(super) enum Fault {
    /// A strip or tile unpacks to fewer bytes than its pixels need.
    Incomplete,
    /// A strip or tile cannot be unpacked.
    Damaged(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Incomplete } else { Self::Damaged(error) }
    }
}

pub(super) fn picture(layout: &Layout<'_>) -> Result<DynamicImage, Fault> {
    let negative = matches!(layout.photometric, Photometric::Negative);
    let (width, height) = (layout.width, layout.height);
    let channels = channels(layout);
    let picture = if layout.bits == 16 {
        let mut samples = samples::<u16>(layout)?;
        if negative {
            samples.iter_mut().step_by(channels).for_each(|grey| *grey = u16::MAX - *grey);
        }
        deep(width, height, channels, samples)
    } else {
        let mut samples = samples::<u8>(layout)?;
        if let Photometric::Palette(palette) = layout.photometric {
            // Programs have written levels of 8 bits here, and shown them as such.
            let entries = 1 << layout.bits;
            let shift = if palette.iter().take(3 * entries).any(|level| level > 0xff) { 8 } else { 0 };
            let level = |at: usize| (palette.get(at).unwrap_or(0) >> shift) as u8;
            let colours: Vec<[u8; 3]> =
                (0..entries).map(|at| [level(at), level(entries + at), level(2 * entries + at)]).collect();
            samples = looked_up(&samples, channels, &colours);
            return shallow(width, height, channels + 2, samples).ok_or(Fault::Incomplete);
        }
        // 255, 85, 17 or 1: from all of the bits to all of 8.
        let scale = (u16::from(u8::MAX) / ((1 << layout.bits) - 1)) as u8;
        if negative || scale > 1 {
            let flip = if negative { u8::MAX } else { 0 };
            samples.iter_mut().step_by(channels).for_each(|grey| *grey = (*grey * scale) ^ flip);
        }
        shallow(width, height, channels, samples)
    };
    // The samples are as many as the sides say.
    picture.ok_or(Fault::Incomplete)
}

/// Each index replaced by its colour; what follows the index stays.
fn looked_up(samples: &[u8], channels: usize, colours: &[[u8; 3]]) -> Vec<u8> {
    let mut found = Vec::with_capacity(samples.len() / channels * (channels + 2));
    for pixel in samples.chunks_exact(channels) {
        // An index of all bits that there are is within the palette.
        found.extend(colours.get(usize::from(pixel[0])).copied().unwrap_or_default());
        found.extend(&pixel[1..]);
    }
    found
}

fn shallow(width: u32, height: u32, channels: usize, samples: Vec<u8>) -> Option<DynamicImage> {
    Some(match channels {
        1 => DynamicImage::ImageLuma8(image::ImageBuffer::from_raw(width, height, samples)?),
        2 => DynamicImage::ImageLumaA8(image::ImageBuffer::from_raw(width, height, samples)?),
        3 => DynamicImage::ImageRgb8(image::ImageBuffer::from_raw(width, height, samples)?),
        _ => DynamicImage::ImageRgba8(image::ImageBuffer::from_raw(width, height, samples)?),
    })
}

fn deep(width: u32, height: u32, channels: usize, samples: Vec<u16>) -> Option<DynamicImage> {
    Some(match channels {
        1 => DynamicImage::ImageLuma16(image::ImageBuffer::from_raw(width, height, samples)?),
        2 => DynamicImage::ImageLumaA16(image::ImageBuffer::from_raw(width, height, samples)?),
        3 => DynamicImage::ImageRgb16(image::ImageBuffer::from_raw(width, height, samples)?),
        _ => DynamicImage::ImageRgba16(image::ImageBuffer::from_raw(width, height, samples)?),
    })
}

/// Samples of a pixel that are kept: its colours, and alpha.
fn channels(layout: &Layout<'_>) -> usize {
    layout.photometric.samples() + usize::from(layout.alpha.is_some())
}

/// Where a stored sample of a pixel goes; `None` where it is left out.
fn place(layout: &Layout<'_>, sample: usize) -> Option<usize> {
    let colours = layout.photometric.samples();
    if sample < colours { Some(sample) } else { (layout.alpha == Some(sample)).then_some(colours) }
}

/// A sample of 8 or 16 bits; one of fewer bits has 8.
trait Sample: Copy + Default {
    /// Takes the samples of a row apart.
    fn split(row: &[u8], layout: &Layout<'_>, samples: &mut [Self]);
    /// Adds a difference.
    fn plus(self, other: Self) -> Self;
}

impl Sample for u8 {
    fn split(row: &[u8], layout: &Layout<'_>, samples: &mut [Self]) {
        let bits = layout.bits;
        if bits == 8 {
            return samples.copy_from_slice(row);
        }
        let (in_a_byte, mask) = (8 / bits, (1 << bits) - 1);
        for (at, sample) in samples.iter_mut().enumerate() {
            *sample = row[at / in_a_byte] >> (8 - bits - at % in_a_byte * bits) & mask;
        }
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Sample for u16 {
    fn split(row: &[u8], layout: &Layout<'_>, samples: &mut [Self]) {
        let number = if layout.big_endian { Self::from_be_bytes } else { Self::from_le_bytes };
        for (sample, bytes) in samples.iter_mut().zip(row.as_chunks::<2>().0) {
            *sample = number(*bytes);
        }
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

/// The samples that are kept, pixel by pixel.
fn samples<S: Sample>(layout: &Layout<'_>) -> Result<Vec<S>, Fault> {
    let channels = channels(layout);
    let (width, height) = (layout.width as usize, layout.height as usize);
    let mut picture = vec![S::default(); width * height * channels];
    let (across, down) = layout.pieces();
    let (across, down) = (across as usize, down as usize);
    // Samples of a pixel in one strip or tile.
    let together = layout.samples / layout.planes();
    let mut unpacker = Unpacker::new(layout.packing, layout.reversed);
    let mut bytes = vec![0; layout.row_bytes(layout.width.into()) as usize];
    let mut row = vec![S::default(); width * together];
    for plane in 0..layout.planes() {
        if layout.planar && place(layout, plane).is_none() {
            continue;
        }
        for piece in 0..across * down {
            let packed = layout.packed(plane * across * down + piece).ok_or(Fault::Incomplete)?;
            unpacker.begin(packed);
            // Both within the picture, and so within 32 bits.
            let (left, top) =
                (piece % across * layout.piece.0 as usize, piece / across * layout.piece.1 as usize);
            let columns = (layout.piece.0 as usize).min(width - left);
            let rows = (layout.piece.1 as usize).min(height - top);
            let (needed, stored) = (layout.row_bytes(columns as u64), layout.row_bytes(layout.piece.0));
            for y in top..top + rows {
                let (bytes, row) = (&mut bytes[..needed as usize], &mut row[..columns * together]);
                unpacker.read_exact(bytes)?;
                if y + 1 < top + rows {
                    unpacker.skip(stored - needed)?;
                }
                S::split(bytes, layout, row);
                if layout.differenced {
                    for at in together..row.len() {
                        row[at] = row[at].plus(row[at - together]);
                    }
                }
                let into = &mut picture[(y * width + left) * channels..][..columns * channels];
                if together == channels && !layout.planar {
                    into.copy_from_slice(row);
                    continue;
                }
                for sample in 0..together {
                    let Some(place) = place(layout, plane + sample) else { continue };
                    let from = row.iter().skip(sample).step_by(together);
                    into.iter_mut()
                        .skip(place)
                        .step_by(channels)
                        .zip(from)
                        .for_each(|(into, from)| *into = *from);
                }
            }
        }
    }
    Ok(picture)
}

#[cfg(test)]
mod tests;
