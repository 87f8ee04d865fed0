//! What an AVIF file has before its pictures: boxes (ISO/IEC 14496-12, 23008-12) and an AV1 sequence header.

use std::ops::Range;

/// Bytes before a box's content: its length and its type.
const BOX_HEAD: usize = 8;
/// Bytes of version and flags, with which some boxes begin.
const FULL: usize = 4;
/// Types of open bitstream units (AV1 specification, 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;

/// How many bytes the frames of a set have in common, and in which of them each has its own: lengths, and what depends on
/// them. `None` where pictures do not lie in one box at the end of the file.
pub(super) fn head(file: &[u8]) -> Option<(usize, Vec<u32>)> {
    let meta = find(file, 0..file.len(), *b"meta")?;
    let iloc = find(file, meta.start + FULL..meta.end, *b"iloc")?;
    let mdat = find(file, 0..file.len(), *b"mdat")?;
    let extents = extents(file, iloc)?;
    let first = extents.iter().map(|extent| &extent.place).min_by_key(|place| place.start)?;
    if first.start != mdat.start || mdat.end != file.len() {
        return None;
    }
    let length = first.start + common_bytes(file.get(first.clone())?)?;
    let mut holes = bytes_of(mdat.start - BOX_HEAD).to_vec();
    for Extent { at, place } in &extents {
        if place != first {
            holes.extend(bytes_of(*at));
        }
        holes.extend(bytes_of(*at + 4));
    }
    holes.sort_unstable();
    let holes = holes.into_iter().map(u32::try_from).collect::<Result<Vec<_>, _>>().ok()?;
    holes.last().is_some_and(|hole| (*hole as usize) < length).then_some((length, holes))
}

/// The bytes of a 32-bit number at an offset that differ between files of less than 16 MiB.
const fn bytes_of(at: usize) -> [usize; 3] {
    [at + 1, at + 2, at + 3]
}

/// Where `iloc` says that a picture is.
struct Extent {
    /// The offset of the picture's offset, which its length follows.
    at: usize,
    /// The picture.
    place: Range<usize>,
}

/// The content of the first box of a type among those at a place.
fn find(file: &[u8], place: Range<usize>, wanted: [u8; 4]) -> Option<Range<usize>> {
    let mut at = place.start;
    while at < place.end {
        let end = at.checked_add(number(file, at)?)?;
        // Lengths of 0 and 1 have a meaning of their own, which no encoder here uses.
        if end < at + BOX_HEAD || end > place.end {
            return None;
        }
        if file.get(at + 4..at + BOX_HEAD)? == wanted {
            return Some(at + BOX_HEAD..end);
        }
        at = end;
    }
    None
}

/// What an `iloc` box of version 0 places, if it has offsets and lengths of 32 bits and one extent for each item.
fn extents(file: &[u8], iloc: Range<usize>) -> Option<Vec<Extent>> {
    const SIZES: [u8; 6] = [0, 0, 0, 0, 0x44, 0];
    const ENTRY: usize = 14;
    const IN_THIS_FILE_ONE: [u8; 4] = [0, 0, 0, 1];
    let (sizes, rest) = file.get(iloc.clone())?.split_first_chunk::<6>()?;
    let (count, entries) = rest.split_first_chunk::<2>()?;
    if *sizes != SIZES || entries.len() != ENTRY * usize::from(u16::from_be_bytes(*count)) {
        return None;
    }
    let first = iloc.end - entries.len();
    let extent = |(index, entry): (usize, &[u8])| {
        // After the item's number, where its data is, and the count of its extents.
        let at = first + ENTRY * index + 6;
        let start = number(file, at)?;
        let place = start..start.checked_add(number(file, at + 4)?)?;
        (entry[2..6] == IN_THIS_FILE_ONE).then_some(Extent { at, place })
    };
    entries.chunks_exact(ENTRY).enumerate().map(extent).collect()
}

/// A 32-bit number of a box.
fn number(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}

/// Bytes of a picture before the length of the unit that follows its sequence header.
fn common_bytes(picture: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        // A forbidden bit, four bits of type, no extension, a length, a reserved bit (AV1 specification, 5.3.2).
        let header = *picture.get(at)?;
        if header & 0b1000_0111 != 0b0000_0010 {
            return None;
        }
        match (header >> 3) & 15 {
            // Both are short: their lengths have one byte.
            TEMPORAL_DELIMITER | SEQUENCE_HEADER => {
                let length = *picture.get(at + 1)?;
                at += 2 + usize::from(length);
            }
            _ => return Some(at + 1),
        }
    }
}
