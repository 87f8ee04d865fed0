//! PNG: a walk over all chunks with their checksums (PNG, third edition, section 5).

use image::metadata::Orientation;

use super::fields::Fields;
use super::{Colour, ColourTags, ExifColours, Fault, Format, Header};
use crate::read::limits::Limits;

const SIGNATURE_BYTES: usize = 8;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let (kind, ihdr) = chunk(bytes, SIGNATURE_BYTES)?;
    if kind != *b"IHDR" {
        return Err(Fault::Unreadable("it does not begin with a PNG header".into()));
    }
    if !checksum_holds(bytes, SIGNATURE_BYTES, ihdr) {
        return Err(Fault::Unreadable("its header is damaged".into()));
    }
    let mut header = header(ihdr)?;
    header.within(limits)?;
    let (mut has_palette, mut has_pixels) = (false, false);
    let mut at = SIGNATURE_BYTES + chunk_bytes(ihdr);
    loop {
        if has_pixels && at == bytes.len() {
            let reason = format!("it ends after {} bytes, before its end mark (IEND)", bytes.len());
            return Err(Fault::Truncated(reason));
        }
        let (kind, data) = chunk(bytes, at)?;
        // Without tRNS the picture would be opaque, so it is as critical as the chunks in capitals.
        let critical = kind[0].is_ascii_uppercase() || kind == *b"tRNS";
        let sound = checksum_holds(bytes, at, data);
        if !sound && critical {
            let kind = String::from_utf8_lossy(&kind).into_owned();
            return Err(Fault::Unreadable(format!("its data is damaged (the checksum of {kind} is wrong)")));
        }
        at += chunk_bytes(data);
        match &kind {
            b"IEND" => break,
            b"IHDR" => return Err(Fault::Unreadable("it has two PNG headers".into())),
            // A codec that is in use panics at half a colour.
            b"PLTE" if data.len() % 3 != 0 => {
                return Err(Fault::Unreadable("its palette is damaged".into()));
            }
            b"PLTE" => has_palette = true,
            b"IDAT" => has_pixels = true,
            b"tRNS" => header.alpha = true,
            // Behind the pixels it counts for nothing.
            b"iCCP" => header.has_profile |= !has_pixels,
            b"acTL" => return Err(Fault::Unsupported("an animated PNG".into())),
            b"eXIf" if sound => {
                header.orientation = Orientation::from_exif_chunk(data).unwrap_or(header.orientation);
                header.colour_tags.exif = ExifColours::of_exif(data).or(header.colour_tags.exif);
            }
            // The same goes for these, and of two of a kind the first counts, as in browsers.
            _ if sound && !has_pixels => colours(kind, data, &mut header.colour_tags)?,
            _ => {}
        }
    }
    if !has_pixels {
        return Err(Fault::Unreadable("it has no pixels".into()));
    }
    if header.colour == Colour::Palette && !has_palette {
        return Err(Fault::Unreadable("its palette is missing".into()));
    }
    // Transparency may have come after the header was found small enough.
    header.within(limits)?;
    Ok(header)
}

fn header(ihdr: &[u8]) -> Result<Header, Fault> {
    let fields = Fields::big_endian(ihdr);
    let (Some(width), Some(height), Some(&[depth, colour, _, _, _])) =
        (fields.u32(0), fields.u32(4), ihdr.get(8..).and_then(|rest| rest.first_chunk::<5>()))
    else {
        return Err(Fault::Unreadable("its header is damaged".into()));
    };
    let mut header = Header::new(Format::Png, width, height);
    (header.colour, header.alpha) = match (colour, depth) {
        (0, 1 | 2 | 4 | 8 | 16) => (Colour::Grey, false),
        (2, 8 | 16) => (Colour::Rgb, false),
        (3, 1 | 2 | 4 | 8) => (Colour::Palette, false),
        (4, 8 | 16) => (Colour::Grey, true),
        (6, 8 | 16) => (Colour::Rgb, true),
        _ => return Err(Fault::Unreadable("its header names a colour type that PNG does not have".into())),
    };
    header.bits = depth.max(8);
    Ok(header)
}

/// The kind and data of the chunk at `at`, which is known to be followed by a checksum.
fn chunk(bytes: &[u8], at: usize) -> Result<([u8; 4], &[u8]), Fault> {
    let fields = Fields::big_endian(bytes);
    let truncated = || Fault::Truncated(format!("it ends after {} bytes, inside the picture", bytes.len()));
    let length = fields.u32(at).ok_or_else(truncated)? as usize;
    let kind = fields.slice(at + 4, 4).and_then(|kind| kind.first_chunk::<4>()).ok_or_else(truncated)?;
    if !kind.iter().all(u8::is_ascii_alphabetic) {
        return Err(Fault::Unreadable("its data is damaged".into()));
    }
    let data = fields.slice(at + 8, length).ok_or_else(truncated)?;
    fields.slice(at + 8 + length, 4).ok_or_else(truncated)?;
    Ok((*kind, data))
}

/// Bytes of a chunk with its length, kind and checksum.
fn chunk_bytes(data: &[u8]) -> usize {
    data.len() + 12
}

fn checksum_holds(bytes: &[u8], at: usize, data: &[u8]) -> bool {
    let fields = Fields::big_endian(bytes);
    let covered = fields.slice(at + 4, data.len() + 4);
    covered.is_some_and(|covered| fields.u32(at + 8 + data.len()) == Some(crc32fast::hash(covered)))
}

/// Takes note of what a chunk says of colours (PNG, third edition, section 11.3.2); one that says nothing valid
/// is left out.
fn colours(kind: [u8; 4], data: &[u8], tags: &mut ColourTags) -> Result<(), Fault> {
    const PQ: u8 = 16;
    const FILM: u8 = 17;
    const HLG: u8 = 18;
    let number = |at| Fields::big_endian(data).u32(at);
    match (&kind, data) {
        // Brightness beyond a screen's white has no fixed meaning in sRGB.
        (b"cICP", [_, PQ | HLG, ..]) => return Err(Fault::Unsupported("an HDR image".into())),
        (b"cICP", [_, FILM, ..]) => return Err(Fault::Unsupported("an image for film projection".into())),
        (b"cICP", &[primaries, transfer, 0, range @ (0 | 1)]) => {
            tags.codes.get_or_insert([primaries, transfer, 0, range]);
        }
        // Neither the codec nor browsers show these.
        (b"cICP", _) => {
            return Err(Fault::Unsupported("a PNG with colour codes (cICP) that are not of RGB".into()));
        }
        (b"sRGB", [0..=3]) => tags.is_srgb = true,
        (b"gAMA", [_, _, _, _]) => tags.gamma = tags.gamma.or(number(0).filter(|&gamma| gamma != 0)),
        (b"cHRM", _) if data.len() == 32 => {
            tags.chromaticities
                .get_or_insert([0, 4, 8, 12, 16, 20, 24, 28].map(|at| number(at).unwrap_or(0)));
        }
        _ => {}
    }
    Ok(())
}
