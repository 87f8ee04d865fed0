//! Small images of every format, whole and broken, made on the spot.

#![allow(dead_code, unreachable_pub, reason = "unit tests and integration tests use different parts of it")]
#![allow(clippy::unwrap_used, reason = "a sample that cannot be made fails the test that needs it")]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

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

pub fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut covered = kind.to_vec();
    covered.extend(data);
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend(&covered);
    chunk.extend(crc32fast::hash(&covered).to_be_bytes());
    chunk
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
    let scan = [1, 1, 0, 0, 63, 0];
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

/// An uncompressed TIFF of one strip, written by hand because no encoder writes all of these.
#[derive(Clone)]
pub struct Tiff {
    pub big: bool,
    pub width: u16,
    pub height: u16,
    pub photometric: u16,
    pub bits: u16,
    pub samples: u16,
    pub extra: Vec<u16>,
    /// Further tags of type SHORT.
    pub tags: Vec<(u16, Vec<u16>)>,
    pub data: Vec<u8>,
}

impl Tiff {
    pub fn rgb(width: u16, height: u16, data: Vec<u8>) -> Self {
        Self {
            big: false,
            width,
            height,
            photometric: 2,
            bits: 8,
            samples: 3,
            extra: vec![],
            tags: vec![],
            data,
        }
    }

    /// Little-endian bytes, the table of contents in front of the pixels.
    pub fn bytes(&self) -> Vec<u8> {
        const SHORT: u16 = 3;
        const LONG: u16 = 4;
        let mut tags: Vec<(u16, Vec<u16>)> = vec![
            (256, vec![self.width]),
            (257, vec![self.height]),
            (258, vec![self.bits; self.samples.into()]),
            (262, vec![self.photometric]),
            (277, vec![self.samples]),
            (278, vec![self.height]),
        ];
        if !self.extra.is_empty() {
            tags.push((338, self.extra.clone()));
        }
        tags.extend(self.tags.clone());
        let (entry_bytes, inline, head) = if self.big { (20, 8, 16 + 8 + 8) } else { (12, 4, 8 + 2 + 4) };
        let values_at = head + (tags.len() + 2) * entry_bytes;
        let values_bytes: usize = tags.iter().map(|(_, v)| v.len() * 2).filter(|&bytes| bytes > inline).sum();
        let data_at = values_at + values_bytes;
        let word = |value: usize| {
            if self.big {
                (value as u64).to_le_bytes().to_vec()
            } else {
                (value as u32).to_le_bytes().to_vec()
            }
        };
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for (tag, numbers) in &tags {
            let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
            let mut field = if bytes.len() > inline { word(values_at + values.len()) } else { bytes.clone() };
            field.resize(inline, 0);
            if bytes.len() > inline {
                values.extend(bytes);
            }
            entries.push((*tag, SHORT, numbers.len(), field));
        }
        for (tag, value) in [(273, data_at), (279, self.data.len())] {
            let mut field = (value as u32).to_le_bytes().to_vec();
            field.resize(inline, 0);
            entries.push((tag, LONG, 1, field));
        }
        entries.sort_by_key(|entry| entry.0);
        let mut bytes = if self.big {
            b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec()
        } else {
            b"II\x2a\0\x08\0\0\0".to_vec()
        };
        if self.big {
            bytes.extend((entries.len() as u64).to_le_bytes());
        } else {
            bytes.extend((entries.len() as u16).to_le_bytes());
        }
        for (tag, kind, count, field) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(word(count));
            bytes.extend(field);
        }
        bytes.extend(word(0));
        assert_eq!(bytes.len(), values_at);
        [bytes, values, self.data.clone()].concat()
    }
}
