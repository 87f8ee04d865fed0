//! Small images of every format, whole and broken, made on the spot.

#![allow(dead_code, unreachable_pub, reason = "unit tests and integration tests use different parts of it")]
#![allow(clippy::unwrap_used, reason = "a sample that cannot be made fails the test that needs it")]

use std::io::{Cursor, Write as _};

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A picture in which no two rows or columns are alike, transparent to the left.
pub fn picture(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([(x * 5) as u8, (y * 7) as u8, (x * y) as u8, (x * 255 / width.max(1)) as u8])
    })
}

pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&picture(width, height).into(), ImageFormat::Png)
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(&DynamicImage::from(picture(width, height)).into_rgb8().into(), ImageFormat::Jpeg)
}

pub fn tiff(width: u32, height: u32) -> Vec<u8> {
    encoded(&picture(width, height).into(), ImageFormat::Tiff)
}

pub fn webp(width: u32, height: u32) -> Vec<u8> {
    encoded(&picture(width, height).into(), ImageFormat::WebP)
}

/// A whole file of each format, under its name.
pub fn of_each_format(width: u32, height: u32) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("r1.png", png(width, height)),
        ("r1.jpg", jpeg(width, height)),
        ("r1.tif", tiff(width, height)),
        ("r1.webp", webp(width, height)),
    ]
}

pub fn zip_of<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes.as_ref()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut covered = kind.to_vec();
    covered.extend(data);
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend(&covered);
    chunk.extend(crc32fast::hash(&covered).to_be_bytes());
    chunk
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A PNG of a row of pixels, one of each colour of its palette.
pub fn palette_png(colours: &[[u8; 3]]) -> Vec<u8> {
    let width = colours.len() as u32;
    let row: Vec<u8> = (0..=width as u8).map(|at| at.saturating_sub(1)).collect();
    let header = [&width.to_be_bytes()[..], &1_u32.to_be_bytes(), &[8, 3, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(*b"IHDR", &header),
        png_chunk(*b"PLTE", colours.as_flattened()),
        png_chunk(*b"IDAT", &zlib(&row)),
        png_chunk(*b"IEND", &[]),
    ]
    .concat()
}

/// The PNG with a further chunk behind its header.
pub fn png_with(png: &[u8], kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    const HEADER_BYTES: usize = 8 + 25;
    [&png[..HEADER_BYTES], &png_chunk(kind, data), &png[HEADER_BYTES..]].concat()
}

/// A sound PNG by its structure, with a header of this size and hardly any pixels.
pub fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let empty_zlib_stream = [0x78, 0x9c, 3, 0, 0, 0, 0, 1];
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        png_chunk(*b"IHDR", &header),
        png_chunk(*b"IDAT", &empty_zlib_stream),
        png_chunk(*b"IEND", &[]),
    ]
    .concat()
}

pub fn jpeg_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&[0xff, marker], &length[..], content].concat()
}

/// The JPEG with a further segment at its beginning.
pub fn jpeg_with(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    [&jpeg[..2], &jpeg_segment(marker, content), &jpeg[2..]].concat()
}

/// A sound JPEG by its structure, with a frame header of this kind.
pub fn jpeg_of_kind(start_of_frame: u8, precision: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut frame = vec![precision];
    frame.extend(height.to_be_bytes());
    frame.extend(width.to_be_bytes());
    frame.push(components);
    frame.extend((1..=components).flat_map(|id| [id, 0x11, 0]));
    let mut scan = vec![components];
    scan.extend((1..=components).flat_map(|id| [id, 0]));
    scan.extend([0, 63, 0]);
    let compressed = [0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
    [
        &[0xff, 0xd8][..],
        &jpeg_segment(start_of_frame, &frame),
        &jpeg_segment(0xda, &scan),
        &compressed,
        &[0xff, 0xd9],
    ]
    .concat()
}

/// An EXIF block with nothing in it but an orientation.
pub fn exif(orientation: u16) -> Vec<u8> {
    let entry = [&0x0112_u16.to_le_bytes()[..], &3_u16.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    let value = [orientation.to_le_bytes(), [0, 0]].concat();
    [b"II\x2a\0\x08\0\0\0\x01\0", &entry[..], &value, &[0; 4]].concat()
}

/// An EXIF block with a colour space in it, and an index of interoperability.
pub fn exif_colours(space: u16, index: [u8; 4]) -> Vec<u8> {
    const DIRECTORY_AT: u32 = 8 + 2 + 12 + 4;
    let pointer = tiff_entry(0x8769, 4, DIRECTORY_AT.to_le_bytes());
    [b"II\x2a\0\x08\0\0\0\x01\0", &pointer[..], &[0; 4], &exif_directory(DIRECTORY_AT, space, index)].concat()
}

/// The part of a TIFF or EXIF block that says the colour space, for this offset in it.
pub fn exif_directory(at: u32, space: u16, index: [u8; 4]) -> Vec<u8> {
    let space = tiff_entry(0xa001, 3, u32::from(space).to_le_bytes());
    let interoperability = tiff_entry(0xa005, 4, (at + 2 + 2 * 12 + 4).to_le_bytes());
    let mut index = tiff_entry(1, 2, index);
    index[4] = 4;
    [&[2, 0][..], &space, &interoperability, &[0; 4], &[1, 0], &index, &[0; 4]].concat()
}

/// An entry with one value.
fn tiff_entry(tag: u16, kind: u16, value: [u8; 4]) -> Vec<u8> {
    [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &1_u32.to_le_bytes(), &value].concat()
}

/// A WebP with an extended header of these flags before its picture, and a chunk behind it.
pub fn webp_extended(
    webp: &[u8],
    flags: u8,
    width: u32,
    height: u32,
    last: Option<([u8; 4], &[u8])>,
) -> Vec<u8> {
    let chunk = |kind: [u8; 4], data: &[u8]| {
        [&kind[..], &(data.len() as u32).to_le_bytes(), data, &[0][..data.len() % 2]].concat()
    };
    let side = |side: u32| (side - 1).to_le_bytes();
    let header = [&[flags, 0, 0, 0][..], &side(width)[..3], &side(height)[..3]].concat();
    let last = last.map(|(kind, data)| chunk(kind, data)).unwrap_or_default();
    let body = [b"WEBP", &chunk(*b"VP8X", &header)[..], &webp[12..], &last].concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// A TIFF, written by hand because no encoder writes all of these.
#[derive(Clone)]
pub struct Tiff {
    pub big: bool,
    pub big_endian: bool,
    pub width: u16,
    pub height: u16,
    pub photometric: u16,
    pub bits: u16,
    pub samples: u16,
    pub extra: Vec<u16>,
    /// Further tags of type SHORT, or other values of those that are written anyway; thousandths for white point and
    /// primaries.
    pub tags: Vec<(u16, Vec<u16>)>,
    /// Tags that are not written.
    pub without: Vec<u16>,
    /// The first strip or tile, as it is packed.
    pub data: Vec<u8>,
    /// The other ones.
    pub more: Vec<Vec<u8>>,
    /// Width and height of tiles, where there are some.
    pub tile: Option<(u16, u16)>,
}

impl Tiff {
    pub fn rgb(width: u16, height: u16, data: Vec<u8>) -> Self {
        Self {
            big: false,
            big_endian: false,
            width,
            height,
            photometric: 2,
            bits: 8,
            samples: 3,
            extra: vec![],
            tags: vec![],
            without: vec![],
            data,
            more: vec![],
            tile: None,
        }
    }

    /// The table of contents in front of the pixels.
    pub fn bytes(&self) -> Vec<u8> {
        const SHORT: u16 = 3;
        const LONG: u16 = 4;
        const RATIONAL: u16 = 5;
        let number = |value: u64, width: usize| {
            let little = value.to_le_bytes()[..width].to_vec();
            if self.big_endian { little.into_iter().rev().collect() } else { little }
        };
        let pieces: Vec<&Vec<u8>> = std::iter::once(&self.data).chain(&self.more).collect();
        let (offsets, counts) = if self.tile.is_some() { (324, 325) } else { (273, 279) };
        let mut tags: Vec<(u16, Vec<u64>)> = vec![
            (256, vec![self.width.into()]),
            (257, vec![self.height.into()]),
            (258, vec![self.bits.into(); self.samples.into()]),
            (262, vec![self.photometric.into()]),
            (277, vec![self.samples.into()]),
            (counts, pieces.iter().map(|piece| piece.len() as u64).collect()),
            (offsets, vec![0; pieces.len()]),
        ];
        match self.tile {
            Some((width, height)) => tags.extend([(322, vec![width.into()]), (323, vec![height.into()])]),
            None => tags.push((278, vec![self.height.into()])),
        }
        tags.extend(
            Some((338, self.extra.iter().map(|&kind| kind.into()).collect()))
                .filter(|_| !self.extra.is_empty()),
        );
        for (tag, values) in &self.tags {
            let values = values.iter().map(|&value| value.into()).collect();
            // A tag may be given twice, to see what becomes of it.
            match tags.iter_mut().find(|(known, _)| known == tag && matches!(tag, 258 | 278)) {
                Some(known) => known.1 = values,
                None => tags.push((*tag, values)),
            }
        }
        tags.retain(|(tag, _)| !self.without.contains(tag));
        tags.sort_by_key(|(tag, _)| *tag);

        let (entry_bytes, inline, head) = if self.big { (20, 8, 16 + 8 + 8) } else { (12, 4, 8 + 2 + 4) };
        let kind = |tag| match tag {
            318 | 319 => (RATIONAL, 8),
            _ if tag == offsets || tag == counts => (LONG, 4),
            _ => (SHORT, 2),
        };
        let values_at = head + tags.len() * entry_bytes;
        let values_bytes: usize = tags
            .iter()
            .map(|(tag, values)| values.len() * kind(*tag).1)
            .filter(|&bytes| bytes > inline)
            .sum();
        let word = |value: usize| number(value as u64, if self.big { 8 } else { 4 });
        let mut at = values_at + values_bytes;
        let mut piece_offsets = Vec::new();
        for piece in &pieces {
            piece_offsets.push(at as u64);
            at += piece.len();
        }
        let mut bytes = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        bytes.extend(number(if self.big { 43 } else { 42 }, 2));
        if self.big {
            bytes.extend([number(8, 2), number(0, 2), number(16, 8), number(tags.len() as u64, 8)].concat());
        } else {
            bytes.extend([number(8, 4), number(tags.len() as u64, 2)].concat());
        }
        let mut out_of_line = Vec::new();
        for (tag, values) in &tags {
            let values = if *tag == offsets { &piece_offsets } else { values };
            let (kind, width) = kind(*tag);
            let written = |&value: &u64| match kind {
                RATIONAL => [number(value, 4), number(1000, 4)].concat(),
                _ => number(value, width),
            };
            let content: Vec<u8> = values.iter().flat_map(written).collect();
            bytes.extend([number((*tag).into(), 2), number(kind.into(), 2), word(values.len())].concat());
            let mut field =
                if content.len() > inline { word(values_at + out_of_line.len()) } else { content.clone() };
            field.resize(inline, 0);
            bytes.extend(field);
            if content.len() > inline {
                out_of_line.extend(content);
            }
        }
        bytes.extend(word(0));
        assert_eq!(bytes.len(), values_at);
        bytes.extend(out_of_line);
        for piece in pieces {
            bytes.extend(piece);
        }
        bytes
    }
}
