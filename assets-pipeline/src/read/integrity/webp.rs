//! WebP: a walk over the RIFF chunks (RFC 9649).

use image::metadata::Orientation;

use super::fields::Fields;
use super::{ExifColours, Fault, Format, Header};
use crate::read::limits::Limits;
use crate::read::remark::Remark;

const RIFF_HEADER_BYTES: usize = 12;
const ALPHA_FLAG: u8 = 0x10;
const PROFILE_FLAG: u8 = 0x20;
const ANIMATION_FLAG: u8 = 0x02;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let truncated = || Fault::Truncated(format!("it ends after {} bytes, inside the picture", bytes.len()));
    let riff_bytes = Fields::little_endian(bytes).u32(4).ok_or_else(truncated)? as usize;
    let end = riff_bytes.checked_add(8).ok_or_else(truncated)?;
    let fields = Fields::little_endian(bytes.get(..end).ok_or_else(truncated)?);
    let mut canvas: Option<Header> = None;
    let mut picture: Option<Header> = None;
    let (mut orientation, mut exif_colours) = (None, None);
    let (mut has_alpha_chunk, mut has_late_alpha, mut has_profile) = (false, false, false);
    let mut at = RIFF_HEADER_BYTES;
    while at < end {
        let damaged = || Fault::Unreadable("its data is damaged".into());
        let kind = fields.slice(at, 4).ok_or_else(damaged)?;
        let length = fields.u32(at + 4).ok_or_else(damaged)? as usize;
        let data = fields.of(fields.slice(at + 8, length).ok_or_else(damaged)?);
        match kind {
            b"VP8X" if canvas.is_none() => canvas = Some(extended(data).ok_or_else(damaged)??),
            b"VP8 " if picture.is_none() => picture = Some(lossy(data).ok_or_else(damaged)?),
            b"VP8L" if picture.is_none() => picture = Some(lossless(data).ok_or_else(damaged)?),
            b"ANIM" | b"ANMF" => return Err(animated()),
            // Behind the picture it counts for nothing (RFC 9649, section 2.7.1.2).
            b"ALPH" if picture.is_some() => has_late_alpha = true,
            b"ALPH" => has_alpha_chunk = true,
            b"ICCP" => has_profile = true,
            b"EXIF" => {
                let exif = data.bytes.strip_prefix(b"Exif\0\0").unwrap_or(data.bytes);
                orientation = Orientation::from_exif_chunk(exif);
                exif_colours = ExifColours::of_exif(exif);
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        at += 8 + length + length % 2;
    }
    let mut header = picture.ok_or_else(|| Fault::Unreadable("it has no pixels".into()))?;
    if let Some(canvas) = canvas {
        if (canvas.width, canvas.height) != (header.width, header.height) {
            return Err(Fault::Unreadable("its picture has another size than its header says".into()));
        }
        // As libwebp does, which shows transparency without its flag too.
        header.alpha |= has_alpha_chunk;
        if header.alpha && !canvas.alpha || has_late_alpha && !header.alpha {
            header.remarks.push(Remark::AlphaIrregular);
        }
        // The canvas decides: without its flag, decoders ignore a profile.
        header.has_profile = canvas.has_profile && has_profile;
        header.orientation = orientation.unwrap_or(Orientation::NoTransforms);
        header.colour_tags.exif = exif_colours;
    }
    header.within(limits)?;
    Ok(header)
}

fn animated() -> Fault {
    Fault::Unsupported("an animated WebP".into())
}

/// RFC 9649, section 2.7.
fn extended(data: Fields<'_>) -> Option<Result<Header, Fault>> {
    let flags = data.u8(0)?;
    let u24 = |at| Some(u32::from(data.u16(at)?) | u32::from(data.u8(at + 2)?) << 16);
    let mut header = Header::new(Format::WebP, u24(4)? + 1, u24(7)? + 1);
    header.alpha = flags & ALPHA_FLAG != 0;
    header.has_profile = flags & PROFILE_FLAG != 0;
    Some(if flags & ANIMATION_FLAG == 0 { Ok(header) } else { Err(animated()) })
}

/// RFC 6386, section 9.1.
fn lossy(data: Fields<'_>) -> Option<Header> {
    let is_key_frame = data.u8(0)? & 1 == 0;
    if !is_key_frame || data.slice(3, 3)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let side = |at| data.u16(at).map(|side| u32::from(side & 0x3fff));
    let mut header = Header::new(Format::WebP, side(6)?, side(8)?);
    // Luma, two chroma planes at half the size, and a plane of alpha.
    header.scratch_bytes = 3;
    Some(header)
}

/// RFC 9649, section 3.4.
fn lossless(data: Fields<'_>) -> Option<Header> {
    let (signature, bits) = (data.u8(0)?, data.u32(1)?);
    let version = bits >> 29;
    if signature != 0x2f || version != 0 {
        return None;
    }
    let mut header = Header::new(Format::WebP, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    header.alpha = bits >> 28 & 1 == 1;
    header.scratch_bytes = 4;
    Some(header)
}
