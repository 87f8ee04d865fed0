//! A JPEG as its parts: marker segments, and what stands behind each (ITU-T T.81, annex B).

use crate::read::integrity::{Fault, fields::Fields};

const TEM: u8 = 0x01;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const RST0: u8 = 0xd0;
pub(crate) const RST7: u8 = 0xd7;
pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DQT: u8 = 0xdb;
pub(crate) const DNL: u8 = 0xdc;
pub(crate) const APP0: u8 = 0xe0;
pub(crate) const APP1: u8 = 0xe1;
pub(crate) const APP2: u8 = 0xe2;
pub(crate) const APP14: u8 = 0xee;
pub(crate) const APP15: u8 = 0xef;
pub(crate) const COM: u8 = 0xfe;

/// A marker segment.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) marker: u8,
    /// What it holds, without its length.
    pub(crate) content: &'a [u8],
    /// What stands between it and the next one: compressed data with its restart markers behind the header of
    /// a scan, and nothing, or what decoders skip, behind any other.
    pub(crate) behind: &'a [u8],
}

/// The segments of a file from behind its first marker to the end of its image, which is not among them.
pub(crate) struct Segments<'a> {
    fields: Fields<'a>,
    at: Option<usize>,
}

impl<'a> Segments<'a> {
    pub(crate) fn of(jpeg: &'a [u8]) -> Self {
        Self { fields: Fields::big_endian(jpeg), at: Some(2) }
    }

    /// The segment that begins from `at` on, and where the next one does.
    fn read(&self, at: usize) -> Result<Option<(Segment<'a>, usize)>, Fault> {
        let bytes = self.fields.bytes;
        let truncated =
            || Fault::Truncated(format!("it ends after {} bytes, inside the picture", bytes.len()));
        let at = next_marker(bytes, at).ok_or_else(truncated)?;
        let marker = bytes[at + 1];
        match marker {
            EOI => return Ok(None),
            SOI => return Err(Fault::Unreadable("a second image begins inside it".into())),
            _ => {}
        }
        let from = at + 2;
        let length = usize::from(self.fields.u16(from).ok_or_else(truncated)?);
        let segment = self.fields.slice(from, length).ok_or_else(truncated)?;
        let Some(content) = segment.get(2..) else {
            return Err(Fault::Unreadable("its data is damaged".into()));
        };
        let end = from + length;
        let next = next_marker(bytes, end).ok_or_else(truncated)?;
        Ok(Some((Segment { marker, content, behind: &bytes[end..next] }, next)))
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at.take()?;
        match self.read(at).transpose()? {
            Err(fault) => Some(Err(fault)),
            Ok((segment, next)) => {
                self.at = Some(next);
                Some(Ok(segment))
            }
        }
    }
}

/// Where the next marker with a segment begins. Skips compressed data, in which 0xff is followed by 0
/// (B.1.1.5) or by the number of a restart interval, and fill bytes, and whatever else stands between
/// segments, as decoders do.
fn next_marker(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0x00 | TEM | RST0..=RST7 => at += 2,
            _ => return Some(at),
        }
    }
}
