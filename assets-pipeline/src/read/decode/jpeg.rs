//! JPEG, by libjpeg-turbo.
//!
//! What the decoder warns of is damage then: what it would warn of in sound files is left out or put right
//! before it sees them.

mod extent;
mod scans;
mod tables;

use std::borrow::Cow;

use image::{DynamicImage, GrayImage, RgbaImage};
use jpeg_still::{Error, Samples};

use super::{Fault, Stored};
use crate::read::integrity::jpeg::segments::{
    APP0, APP2, APP14, APP15, COM, DHT, DNL, DQT, EOI, SOI, SOS, Segment, Segments,
};
use crate::read::integrity::jpeg::{FRAMES, PROGRESSIVE};
use crate::read::integrity::{Colour, Header};
use scans::Missing;
use tables::{ZeroCodes, refuse_zero_steps};

/// What there is of a JFIF segment without a thumbnail, and where it has the first part of its version (JFIF
/// 1.02).
const JFIF_BYTES: usize = 14;
const JFIF_MAJOR_VERSION: usize = 5;
/// What there is of an Adobe segment, and where it says how colours are stored (Adobe Technical Note 5116,
/// section 18).
const ADOBE_BYTES: usize = 12;
const ADOBE_TRANSFORM: usize = 11;
/// The most parts that a profile may have, since their numbers are bytes.
const MAX_PARTS: usize = 255;

pub(super) fn stored(bytes: &[u8], header: &Header) -> Result<Stored<'static>, Fault> {
    let icc = header.has_profile.then(|| profile(bytes).unwrap_or_default());
    let samples = if header.colour == Colour::Grey { Samples::Grey } else { Samples::Rgba };
    let (plain, missing) = plain(bytes, header)?;
    let pixels = jpeg_still::decode(&plain, header.width, header.height, samples)?;
    extent::refuse_misfits(segments(&plain))?;
    if !missing.is_nothing() {
        return Err(Error::EndsEarly("scans are missing".into()).into());
    }
    let picture = match samples {
        Samples::Grey => GrayImage::from_raw(header.width, header.height, pixels).map(DynamicImage::from),
        Samples::Rgba => RgbaImage::from_raw(header.width, header.height, pixels).map(DynamicImage::from),
    };
    Ok((picture.ok_or(Fault::OtherSize)?, icc.map(Cow::Owned)))
}

/// The segments one by one: a list of them can be ten times the file. That there is an end, `integrity` has
/// seen.
fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    Segments::of(bytes).map_while(Result::ok)
}

/// The ICC profile, of whose parts each says its number and how many there are (ICC.1:2022, annex B.4).
fn profile(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<(u8, u8, &[u8])> = segments(bytes)
        .take_while(|segment| segment.marker != SOS)
        .filter(|segment| segment.marker == APP2)
        .filter_map(|segment| match segment.content.strip_prefix(b"ICC_PROFILE\0")? {
            [number, of, part @ ..] => Some((*number, *of, part)),
            _ => None,
        })
        .take(MAX_PARTS + 1)
        .collect();
    parts.sort_by_key(|part| part.0);
    let whole = parts
        .iter()
        .zip(1..=u8::MAX)
        .all(|(part, number)| part.0 == number && usize::from(part.1) == parts.len());
    whole.then(|| parts.iter().map(|part| part.2).collect::<Vec<_>>().concat())
}

/// The file without what no pixel depends on, and in the form that the decoder takes for sound; and what its
/// scans leave out.
fn plain(bytes: &[u8], header: &Header) -> Result<(Vec<u8>, Missing), Fault> {
    let mut plain = Vec::with_capacity(bytes.len());
    plain.extend([0xff, SOI]);
    let (mut sequential, mut scanned) = (true, false);
    let (mut zero_codes, mut missing) = (ZeroCodes::default(), Missing::of(&[]));
    for segment in segments(bytes) {
        let mut content = segment.content.to_vec();
        match segment.marker {
            APP0 if content.starts_with(b"JFIF\0") && content.len() >= JFIF_BYTES => {
                content.truncate(JFIF_BYTES);
                content[JFIF_MAJOR_VERSION] = 1;
            }
            APP14 if content.starts_with(b"Adobe") && content.len() >= ADOBE_BYTES => {
                content.truncate(ADOBE_BYTES);
                // 0 is RGB. Decoders take a number that they do not know for YCbCr, which is 1.
                content[ADOBE_TRANSFORM] = content[ADOBE_TRANSFORM].min(1);
            }
            APP0..=APP15 | COM | DNL => continue,
            DQT => refuse_zero_steps(&content)?,
            DHT => zero_codes.define(&content),
            SOS => {
                scanned = true;
                // A sequential scan has all coefficients, whatever it says.
                if let (true, Some(last)) = (sequential, content.last_chunk_mut()) {
                    *last = [0, 63, 0];
                }
                missing.arrived(&content);
                zero_codes.refuse_holes(&Segment { content: &content, ..segment })?;
            }
            marker if FRAMES.contains(&marker) => {
                sequential = !PROGRESSIVE.contains(&marker);
                missing = Missing::of(&content);
                // It says 0 where the height stands in a segment of its own.
                if let Some(height) = content.get_mut(1..3) {
                    height.copy_from_slice(&(header.height as u16).to_be_bytes());
                }
            }
            _ => {}
        }
        plain.extend([0xff, segment.marker]);
        plain.extend((content.len() as u16 + 2).to_be_bytes());
        plain.extend(content);
        if segment.marker == SOS {
            plain.extend(segment.behind);
        } else if scanned && !segment.behind.is_empty() {
            // A whole scan may have been there.
            let bytes = segment.behind.len();
            return Err(Error::Damaged(format!("{bytes} bytes that belong to no part of it")).into());
        }
    }
    plain.extend([0xff, EOI]);
    Ok((plain, missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_as_many_parts_as_a_byte_can_number() {
        let part =
            |number: u8, of: u8| [&[0xFF, 0xE2, 0, 17][..], b"ICC_PROFILE\0", &[number, of, number]].concat();
        let file = |parts: u8| {
            let parts: Vec<u8> = (1..=parts).flat_map(|number| part(number, parts)).collect();
            [&[0xFF, 0xD8][..], &parts, &[0xFF, 0xDA, 0, 2, 0xFF, 0xD9]].concat()
        };
        assert_eq!(profile(&file(255)).unwrap(), (1..=255).collect::<Vec<u8>>());
        assert_eq!(profile(&file(2)).unwrap(), [1, 2]);
    }
}
