//! The packings of a TIFF's strips and tiles, as streams of their bytes.

use std::io::{self, BufRead, Read};

use flate2::bufread::ZlibDecoder;
use weezl::{BitOrder, LzwError, LzwStatus, decode};

use crate::read::integrity::tiff::Packing;

/// Unpacks one strip or tile after the other; reading ends where its bytes do.
pub(super) struct Unpacker<'a> {
    method: Method<'a>,
    reversed: bool,
}

enum Method<'a> {
    None(Bytes<'a>),
    Lzw(Lzw<'a>),
    Deflate(Box<ZlibDecoder<Bytes<'a>>>),
    PackBits(PackBits<'a>),
}

impl<'a> Unpacker<'a> {
    /// Of bytes whose bits may be `reversed`: the first is the lowest.
    pub(super) fn new(packing: Packing, reversed: bool) -> Self {
        let none = Bytes::new(&[], reversed);
        let method = match packing {
            Packing::None => Method::None(none),
            Packing::Lzw => Method::Lzw(Lzw::new(none)),
            Packing::Deflate => Method::Deflate(Box::new(ZlibDecoder::new(none))),
            Packing::PackBits => Method::PackBits(PackBits { bytes: none, run: Run::None }),
        };
        Self { method, reversed }
    }

    /// Goes on with another strip or tile.
    pub(super) fn begin(&mut self, packed: &'a [u8]) {
        let bytes = Bytes::new(packed, self.reversed);
        match &mut self.method {
            Method::None(before) => *before = bytes,
            Method::Lzw(lzw) => lzw.begin(bytes),
            Method::Deflate(decoder) => drop(decoder.reset(bytes)),
            Method::PackBits(runs) => *runs = PackBits { bytes, run: Run::None },
        }
    }

    /// Passes over so many unpacked bytes.
    pub(super) fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let mut left = bytes;
        let mut passed = [0; 1024];
        while left > 0 {
            let some = passed.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.read_exact(&mut passed[..some])?;
            left -= some as u64;
        }
        Ok(())
    }
}

impl Read for Unpacker<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.method {
            Method::None(bytes) => bytes.read(into),
            Method::Lzw(lzw) => lzw.read(into),
            Method::Deflate(decoder) => decoder.read(into),
            Method::PackBits(runs) => runs.read(into),
        }
    }
}

/// Bytes as they are, or with the bits of each turned round (TIFF 6.0, `FillOrder`).
struct Bytes<'a> {
    rest: &'a [u8],
    /// The next of them turned round, where they have to be.
    turned: Option<Box<Turned>>,
}

struct Turned {
    bytes: [u8; 512],
    from: usize,
    to: usize,
}

impl<'a> Bytes<'a> {
    fn new(rest: &'a [u8], reversed: bool) -> Self {
        Self { rest, turned: reversed.then(|| Box::new(Turned { bytes: [0; 512], from: 0, to: 0 })) }
    }
}

impl BufRead for Bytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let Some(turned) = &mut self.turned else { return Ok(self.rest) };
        if turned.from == turned.to {
            let (some, rest) = self.rest.split_at(self.rest.len().min(turned.bytes.len()));
            for (turned, byte) in turned.bytes.iter_mut().zip(some) {
                *turned = byte.reverse_bits();
            }
            (turned.from, turned.to, self.rest) = (0, some.len(), rest);
        }
        Ok(&turned.bytes[turned.from..turned.to])
    }

    fn consume(&mut self, bytes: usize) {
        match &mut self.turned {
            Some(turned) => turned.from += bytes,
            None => self.rest = &self.rest[bytes..],
        }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.fill_buf()?;
        let some = from.len().min(into.len());
        into[..some].copy_from_slice(&from[..some]);
        self.consume(some);
        Ok(some)
    }
}

/// LZW as TIFF 6.0 has it, and as programs wrote it before: with the bits of codes in the other order, and a step
/// later to longer codes. Which of the two it is shows in its first code, which both begin with.
struct Lzw<'a> {
    bytes: Bytes<'a>,
    usual: decode::Decoder,
    /// Made when it is met.
    old: Option<decode::Decoder>,
    is_old: bool,
    /// What is wrong behind the bytes that were given.
    fault: Option<LzwError>,
}

impl<'a> Lzw<'a> {
    fn new(bytes: Bytes<'a>) -> Self {
        let usual = decode::Configuration::with_tiff_size_switch(BitOrder::Msb, 8);
        let usual = usual.with_yield_on_full_buffer(true).build();
        Self { bytes, usual, old: None, is_old: false, fault: None }
    }

    fn begin(&mut self, mut bytes: Bytes<'a>) {
        // A code of nine bits, 256, from the lowest bit on.
        self.is_old = matches!(bytes.fill_buf(), Ok([0, second, ..]) if second & 1 == 1);
        (self.bytes, self.fault) = (bytes, None);
        if self.is_old {
            let old = || decode::Configuration::new(BitOrder::Lsb, 8).with_yield_on_full_buffer(true).build();
            self.old.get_or_insert_with(old).reset();
        } else {
            self.usual.reset();
        }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // The decoder says that it stands still also where it has taken nothing but a code that clears its table
        // out of bits that it had read before. It holds no more than seven codes.
        const CODES_HELD: usize = 8;
        let mut still = 0;
        loop {
            if let Some(fault) = self.fault {
                return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
            }
            let packed = self.bytes.fill_buf()?;
            let decoder = self.old.as_mut().filter(|_| self.is_old).unwrap_or(&mut self.usual);
            let result = decoder.decode_bytes(packed, into);
            self.bytes.consume(result.consumed_in);
            self.fault = result.status.as_ref().err().copied();
            match result.status {
                _ if result.consumed_out > 0 => return Ok(result.consumed_out),
                Ok(LzwStatus::Done) => return Ok(0),
                Ok(LzwStatus::NoProgress) if still == CODES_HELD => return Ok(0),
                Ok(LzwStatus::NoProgress) => still += 1,
                Ok(LzwStatus::Ok) | Err(_) => {}
            }
        }
    }
}

/// Apple's runs of bytes (TIFF 6.0, section 9).
struct PackBits<'a> {
    bytes: Bytes<'a>,
    run: Run,
}

/// What is left of a run.
enum Run {
    None,
    Of(u8, usize),
    Literal(usize),
}

impl Read for PackBits<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.run {
                Run::Of(byte, left) if *left > 0 => {
                    let some = (*left).min(into.len());
                    into[..some].fill(*byte);
                    *left -= some;
                    return Ok(some);
                }
                Run::Literal(left) if *left > 0 => {
                    let most = (*left).min(into.len());
                    let some = self.bytes.read(&mut into[..most])?;
                    *left -= some;
                    return Ok(some);
                }
                _ => {
                    let Some(head) = self.next()? else { return Ok(0) };
                    self.run = match head as i8 {
                        count @ 0.. => Run::Literal(count as usize + 1),
                        // Says nothing.
                        i8::MIN => Run::None,
                        count => match self.next()? {
                            Some(byte) => Run::Of(byte, (1 - isize::from(count)) as usize),
                            None => return Ok(0),
                        },
                    };
                }
            }
        }
    }
}

impl PackBits<'_> {
    fn next(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        Ok((self.bytes.read(&mut byte)? == 1).then_some(byte[0]))
    }
}
