//! What the zip library does not tell of a zip's central directory (APPNOTE 6.3.10, sections 4.3.12 to
//! 4.3.16).

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// A comment of 64 KiB at most, the records that end the zip, and some room.
const TAIL_BYTES: u64 = (1 << 16) + 1024;
const END_MAGIC: &[u8] = b"PK\x05\x06";
const END64_MAGIC: &[u8] = b"PK\x06\x06";
const ENTRY_MAGIC: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;

/// How many entries the zip's end claims at the most.
///
/// The zip library keeps a record in memory of every entry, so this is asked before it is let loose on a zip.
pub(super) fn declared_entries(zip: &mut (impl Read + Seek)) -> io::Result<u64> {
    let bytes = zip.seek(SeekFrom::End(0))?;
    zip.seek(SeekFrom::Start(bytes.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    zip.take(TAIL_BYTES).read_to_end(&mut tail)?;
    zip.rewind()?;
    let small = found(&tail, END_MAGIC, 10).map(u16::from_le_bytes).map(u64::from);
    let large = found(&tail, END64_MAGIC, 32).map(u64::from_le_bytes);
    Ok(small.chain(large).max().unwrap_or(0))
}

/// The bytes that stand `offset` after each occurrence of `magic`.
fn found<const N: usize>(bytes: &[u8], magic: &'static [u8], offset: usize) -> impl Iterator<Item = [u8; N]> {
    bytes
        .windows(offset + N)
        .filter(move |window| window.starts_with(magic))
        .filter_map(move |window| window[offset..].first_chunk::<N>().copied())
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
