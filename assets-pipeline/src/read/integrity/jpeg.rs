//! JPEG: a walk over all segments to the end of the image (ITU-T T.81, annex B).

pub(crate) mod segments;

use image::metadata::Orientation;

use super::fields::Fields;
use super::{Colour, ExifColours, Fault, Format, Header};
use crate::read::limits::Limits;
use segments::{APP1, APP2, DNL, SOS, Segments};

/// Baseline, extended and progressive frames, by Huffman codes and by arithmetic ones.
pub(crate) const FRAMES: [u8; 5] = [0xc0, 0xc1, 0xc2, 0xc9, 0xca];
/// Those of them that are progressive.
pub(crate) const PROGRESSIVE: [u8; 2] = [0xc2, 0xca];
/// Frames without loss, and frames that refine others.
const OTHER_FRAMES: [u8; 8] = [0xc3, 0xc5, 0xc6, 0xc7, 0xcb, 0xcd, 0xce, 0xcf];

/// A decoder visits each pixel once for each scan. So many scans of the largest picture it does; encoders
/// write some ten, and small pictures may have more.
const MAX_SCANS_OF_THE_LARGEST: u64 = 100;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Result<Header, Fault> {
    let mut frame: Option<Frame> = None;
    let mut exif: Option<&[u8]> = None;
    let (mut scans, mut has_profile) = (0_u64, false);
    for segment in Segments::of(bytes) {
        let segment = segment?;
        let content = segment.content;
        match segment.marker {
            marker if FRAMES.contains(&marker) => {
                if frame.is_some() {
                    return Err(Fault::Unreadable("it has two picture headers".into()));
                }
                let new = Frame::read(content, PROGRESSIVE.contains(&marker))?;
                if new.height > 0 {
                    new.header().within(limits)?;
                }
                frame = Some(new);
            }
            marker if OTHER_FRAMES.contains(&marker) => {
                return Err(Fault::Unsupported("a lossless or hierarchical JPEG".into()));
            }
            APP1 if exif.is_none() => exif = content.strip_prefix(b"Exif\0\0"),
            // Behind the first scan's header decoders look for none.
            APP2 if scans == 0 => has_profile |= content.starts_with(b"ICC_PROFILE\0"),
            DNL => {
                if let Some(frame) = frame.as_mut().filter(|frame| frame.height == 0 && scans == 1) {
                    frame.height = Fields::big_endian(content).u16(0).unwrap_or(0);
                }
            }
            SOS => {
                scans += 1;
                if let Some(frame) = &mut frame {
                    frame.whole_at_once &= content.first() == Some(&frame.components);
                }
            }
            _ => {}
        }
    }
    let Some(frame) = frame.filter(|_| scans > 0) else {
        return Err(Fault::Unreadable("it has no pixels".into()));
    };
    let mut header = frame.header();
    header.within(limits)?;
    if scans.saturating_mul(header.pixels()) > limits.max_pixels.saturating_mul(MAX_SCANS_OF_THE_LARGEST) {
        return Err(Fault::Unsupported(format!(
            "a JPEG in {scans} scans, far more than its picture calls for"
        )));
    }
    let orientation = exif.and_then(Orientation::from_exif_chunk);
    header.orientation = orientation.unwrap_or(Orientation::NoTransforms);
    header.colour_tags.exif = exif.and_then(ExifColours::of_exif);
    header.has_profile = has_profile;
    Ok(header)
}

/// What a frame header says (B.2.2).
struct Frame {
    width: u16,
    /// 0 where it follows behind the first scan (B.2.5).
    height: u16,
    components: u8,
    colour: Colour,
    /// Coefficients of each pixel, over all components.
    coefficients: u64,
    /// Whether each row is decoded as it comes. Otherwise all coefficients are kept until the last scan.
    whole_at_once: bool,
}

impl Frame {
    fn read(content: &[u8], progressive: bool) -> Result<Self, Fault> {
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
        let coefficients = coefficients(&content[6..]);
        Ok(Self { width, height, components, colour, coefficients, whole_at_once: !progressive })
    }

    fn header(&self) -> Header {
        let mut header = Header::new(Format::Jpeg, self.width.into(), self.height.into());
        header.colour = self.colour;
        if !self.whole_at_once {
            // 16 bits each.
            header.scratch_bytes = 2 * self.coefficients;
        }
        header
    }
}

/// Coefficients of each pixel, rounded up: one for each component that is not sampled down.
fn coefficients(components: &[u8]) -> u64 {
    let samplings = components.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
    let most = |side: fn((u8, u8)) -> u8| u64::from(samplings.clone().map(side).max().unwrap_or(1).max(1));
    let blocks: u64 = samplings.clone().map(|(across, down)| u64::from(across) * u64::from(down)).sum();
    blocks.div_ceil(most(|sampling| sampling.0) * most(|sampling| sampling.1))
}
