//! What the zip library does not tell of a zip's central directory (APPNOTE 6.3.10, sections 4.3.12 to
//! 4.3.16).

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// A comment of 64 KiB at most, the records that end the zip, and some room.
const TAIL_BYTES: u64 = (1 << 16) + 1024;
const END_MAGIC: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const END64_MAGIC: &[u8] = b"PK\x06\x06";
const ENTRY_MAGIC: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;

/// What the end of a zip says, before the zip library reads it.
pub(super) enum End {
    /// How many entries it claims at the most. The library keeps a record in memory of every entry.
    Entries(u64),
    /// There is none.
    Missing,
    /// Its comment holds the end of another zip: programs do not agree on which of the two they open.
    Two,
}

pub(super) fn end(zip: &mut (impl Read + Seek)) -> io::Result<End> {
    let bytes = zip.seek(SeekFrom::End(0))?;
    zip.seek(SeekFrom::Start(bytes.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    zip.take(TAIL_BYTES).read_to_end(&mut tail)?;
    zip.rewind()?;
    let ends: Vec<usize> = places(&tail, END_MAGIC).filter(|end| tail.len() - end >= END_BYTES).collect();
    let Some(&last) = ends.last() else { return Ok(End::Missing) };
    let comment_bytes = |end: usize| u16::from_le_bytes([tail[end + 20], tail[end + 21]]);
    let reaches_the_end = |end: usize| end + END_BYTES + usize::from(comment_bytes(end)) == tail.len();
    if ends.iter().any(|&end| end < last && reaches_the_end(end)) {
        return Ok(End::Two);
    }
    let small = ends.iter().map(|end| u64::from(u16::from_le_bytes([tail[end + 10], tail[end + 11]])));
    let large = places(&tail, END64_MAGIC)
        .filter_map(|end| Some(u64::from_le_bytes(*tail.get(end + 32..)?.first_chunk::<8>()?)));
    Ok(End::Entries(small.chain(large).max().unwrap_or(0)))
}

/// Where `magic` occurs.
fn places(bytes: &[u8], magic: &'static [u8]) -> impl Iterator<Item = usize> {
    bytes.windows(magic.len()).enumerate().filter(move |(_, window)| *window == magic).map(|(place, _)| place)
}

/// The first name that stands a second time in the central directory, which begins at `start`.
pub(super) fn first_duplicate(mut zip: impl Read + Seek, start: u64) -> io::Result<Option<String>> {
    zip.seek(SeekFrom::Start(start))?;
    let mut seen = HashSet::new();
    loop {
        let mut entry = [0; ENTRY_BYTES];
        match zip.read_exact(&mut entry) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        if !entry.starts_with(ENTRY_MAGIC) {
            return Ok(None);
        }
        let length = |at: usize| i64::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        let mut name = vec![0; length(28) as usize];
        zip.read_exact(&mut name)?;
        zip.seek_relative(length(30) + length(32))?;
        let shown = String::from_utf8_lossy(&name).into_owned();
        if !seen.insert(name) {
            return Ok(Some(shown));
        }
    }
}
