//! Numbers read from bytes that may end anywhere.

/// Bytes and the order of the numbers in them. Every read is `None` beyond the end.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn big_endian(bytes: &'a [u8]) -> Self {
        Self { bytes, big_endian: true }
    }

    pub(super) fn little_endian(bytes: &'a [u8]) -> Self {
        Self { bytes, big_endian: false }
    }

    /// Other bytes in the same order.
    pub(super) fn of(self, bytes: &'a [u8]) -> Self {
        Self { bytes, ..self }
    }

    pub(super) fn slice(self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }

    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.number(at, 2).map(|n| n as u16)
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.number(at, 4).map(|n| n as u32)
    }

    pub(super) fn u64(self, at: usize) -> Option<u64> {
        self.number(at, 8)
    }

    fn number(self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.slice(at, length)?.iter();
        let join = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        Some(if self.big_endian { bytes.fold(0, join) } else { bytes.rev().fold(0, join) })
    }
}
