//! The tables of contents of TIFF and EXIF (TIFF 6.0, section 2; `BigTIFF`).

use super::fields::Fields;

/// An image file directory, read in place.
pub(super) struct Directory<'a> {
    pub(super) file: Fields<'a>,
    entries: &'a [u8],
    big: bool,
    /// Where another directory follows; zero where none does, `None` where the file ends before it says so.
    pub(super) next: Option<u64>,
}

impl<'a> Directory<'a> {
    /// The directory that a file's head points to; `None` where it does not lie within the file.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Self> {
        let file =
            if bytes.starts_with(b"MM") { Fields::big_endian(bytes) } else { Fields::little_endian(bytes) };
        let big = file.u16(2) == Some(43);
        let start = if big { usize::try_from(file.u64(8)?).ok()? } else { file.u32(4)? as usize };
        Self::at(file, big, start)
    }

    /// The directory that a tag of this one points to.
    pub(super) fn below(&self, tag: u16) -> Option<Self> {
        Self::at(self.file, self.big, usize::try_from(self.number(tag)?).ok()?)
    }

    fn at(file: Fields<'a>, big: bool, start: usize) -> Option<Self> {
        let (count, count_bytes) = if big {
            (usize::try_from(file.u64(start)?).ok()?, 8)
        } else {
            (usize::from(file.u16(start)?), 2)
        };
        let entries_at = start.checked_add(count_bytes)?;
        let entries = file.slice(entries_at, count.checked_mul(entry_bytes(big))?)?;
        let next_at = entries_at + entries.len();
        let next = if big { file.u64(next_at) } else { file.u32(next_at).map(u64::from) };
        Some(Self { file, entries, big, next })
    }

    /// Where the entries of a tag stand among all entries.
    fn positions(&self, tag: u16) -> impl Iterator<Item = usize> + use<'a> {
        let fields = self.file.of(self.entries);
        (0..self.entries.len()).step_by(entry_bytes(self.big)).filter(move |&at| fields.u16(at) == Some(tag))
    }

    fn position(&self, tag: u16) -> Option<usize> {
        self.positions(tag).next()
    }

    pub(super) fn stands_twice(&self, tag: u16) -> bool {
        self.positions(tag).nth(1).is_some()
    }

    pub(super) fn has(&self, tag: u16) -> bool {
        self.position(tag).is_some()
    }

    /// Whether a tag is there, but its values are not.
    pub(super) fn is_cut_off(&self, tag: u16) -> bool {
        self.has(tag) && self.entry(tag).is_none()
    }

    /// How many values a tag says that it has.
    pub(super) fn count(&self, tag: u16) -> Option<usize> {
        let at = self.position(tag)? + 4;
        let fields = self.file.of(self.entries);
        if self.big { usize::try_from(fields.u64(at)?).ok() } else { Some(fields.u32(at)? as usize) }
    }

    /// The type and the values' bytes of a tag.
    pub(super) fn entry(&self, tag: u16) -> Option<(u16, &'a [u8])> {
        let fields = self.file.of(self.entries);
        let at = self.position(tag)?;
        let kind = fields.u16(at + 2)?;
        let (value, inline) = if self.big { (at + 12, 8) } else { (at + 8, 4) };
        let length = self.count(tag)?.checked_mul(type_bytes(kind)?)?;
        if length <= inline {
            return Some((kind, fields.slice(value, length)?));
        }
        let offset =
            if self.big { usize::try_from(fields.u64(value)?).ok()? } else { fields.u32(value)? as usize };
        Some((kind, self.file.slice(offset, length)?))
    }

    /// The unsigned numbers of a tag; none where it is missing, lies outside the file or is no number.
    pub(super) fn numbers(&self, tag: u16) -> Numbers<'a> {
        match self.entry(tag) {
            Some((kind, bytes)) if !matches!(kind, ASCII | RATIONAL | UNDEFINED) => {
                Numbers { fields: self.file.of(bytes), width: type_bytes(kind).unwrap_or(1) }
            }
            _ => Numbers { fields: self.file.of(&[]), width: 1 },
        }
    }

    /// The fractions of a tag, as [`numbers`](Self::numbers).
    pub(super) fn fractions(&self, tag: u16) -> impl Iterator<Item = f64> + use<'a> {
        let (_, bytes) = self.entry(tag).filter(|(kind, _)| *kind == RATIONAL).unwrap_or((RATIONAL, &[]));
        let file = self.file;
        bytes.chunks_exact(8).map(move |fraction| {
            let part = |at| f64::from(file.of(fraction).u32(at).unwrap_or(0));
            part(0) / part(4)
        })
    }

    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag).get(0)
    }
}

/// Unsigned numbers, read in place.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'a> {
    fields: Fields<'a>,
    /// Bytes of each.
    width: usize,
}

impl Numbers<'_> {
    pub(crate) fn len(&self) -> usize {
        self.fields.bytes.len() / self.width
    }

    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(self.width)?;
        match self.width {
            1 => self.fields.u8(at).map(u64::from),
            2 => self.fields.u16(at).map(u64::from),
            4 => self.fields.u32(at).map(u64::from),
            _ => self.fields.u64(at),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

fn entry_bytes(big: bool) -> usize {
    if big { 20 } else { 12 }
}

pub(super) const BYTE: u16 = 1;
const ASCII: u16 = 2;
const RATIONAL: u16 = 5;
pub(super) const UNDEFINED: u16 = 7;

/// Bytes of a value of a type without a sign: BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD, LONG8 and IFD8.
fn type_bytes(kind: u16) -> Option<usize> {
    match kind {
        BYTE | ASCII | UNDEFINED => Some(1),
        3 => Some(2),
        4 | 13 => Some(4),
        RATIONAL | 16 | 18 => Some(8),
        _ => None,
    }
}
