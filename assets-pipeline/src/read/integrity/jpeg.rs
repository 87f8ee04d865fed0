//! JPEG: a walk over all markers to the end of the image (ITU-T T.81, annex B).

use image::metadata::Orientation;

use super::fields::Fields;
use super::{Colour, ExifColours, Fault, Format, Header};
use crate::read::limits::Limits;

const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let truncated = || Fault::Truncated(format!("it ends after {} bytes, inside the picture", bytes.len()));
    let fields = Fields::big_endian(bytes);
    let mut header: Option<Header> = None;
    let mut exif: Option<&[u8]> = None;
    let (mut has_pixels, mut has_profile) = (false, false);
    let mut at = 2;
    loop {
        let (marker, after) = next_marker(bytes, at).ok_or_else(truncated)?;
        match marker {
            EOI => break,
            // Markers without a segment.
            0x01 | RST0..=RST7 => {
                at = after;
                continue;
            }
            SOI => return Err(Fault::Unreadable("a second image begins inside it".into())),
            _ => {}
        }
        let length = usize::from(fields.u16(after).ok_or_else(truncated)?);
        let segment = fields.slice(after, length).ok_or_else(truncated)?;
        let Some(content) = segment.get(2..) else {
            return Err(Fault::Unreadable("its data is damaged".into()));
        };
        at = after + length;
        match marker {
            // Baseline, extended and progressive frames; 0xc4, 0xc8 and 0xcc are no frames.
            0xc0..=0xc2 => {
                if header.is_some() {
                    return Err(Fault::Unreadable("it has two picture headers".into()));
                }
                let frame = frame(content, marker == 0xc2)?;
                frame.within(limits)?;
                header = Some(frame);
            }
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Err(Fault::Unsupported("a lossless or arithmetic-coded JPEG".into()));
            }
            APP1 if exif.is_none() => exif = content.strip_prefix(b"Exif\0\0"),
            // Behind the first scan's header decoders look for none.
            APP2 if !has_pixels => has_profile |= content.starts_with(b"ICC_PROFILE\0"),
            SOS => has_pixels = true,
            _ => {}
        }
    }
    match header {
        Some(mut header) if has_pixels => {
            let orientation = exif.and_then(Orientation::from_exif_chunk);
            header.orientation = orientation.unwrap_or(Orientation::NoTransforms);
            header.colour_tags.exif = exif.and_then(ExifColours::of_exif);
            header.has_profile = has_profile;
            Ok(header)
        }
        _ => Err(Fault::Unreadable("it has no pixels".into())),
    }
}

/// The next marker from `at` and the position after it. Skips compressed data, in which 0xff is followed by 0
/// (B.1.1.5), and fill bytes, and whatever else stands between segments, as decoders do.
fn next_marker(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut at = at;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)? + 1;
        match *bytes.get(at)? {
            0x00 | 0xff => {}
            marker => return Some((marker, at + 1)),
        }
    }
}

fn frame(content: &[u8], progressive: bool) -> Result<Header, Fault> {
    let fields = Fields::big_endian(content);
    let (Some(precision), Some(height), Some(width), Some(components)) =
        (fields.u8(0), fields.u16(1), fields.u16(3), fields.u8(5))
    else {
        return Err(Fault::Unreadable("its picture header is damaged".into()));
    };
    let colour = match components {
        1 => Colour::Grey,
        3 => Colour::Rgb,
        4 => return Err(Fault::Cmyk),
        _ => return Err(Fault::Unsupported(format!("a JPEG with {components} channels"))),
    };
    if precision != 8 {
        return Err(Fault::Unsupported(format!("a JPEG with {precision} bits a channel")));
    }
    let mut header = Header::new(Format::Jpeg, width.into(), height.into());
    header.colour = colour;
    if progressive {
        // All coefficients are kept until the last scan, 16 bits each.
        header.scratch_bytes = 2 * u64::from(components);
    }
    Ok(header)
}
