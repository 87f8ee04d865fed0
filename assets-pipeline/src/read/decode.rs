//! A file's bytes in, upright sRGB pixels with straight alpha out.

mod colours;
mod conversion;
mod curve;
mod error;
mod jpeg;
mod samples;
mod tiff;

use std::borrow::Cow;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, RgbaImage};

use crate::read::integrity::{self, Format, Header};
use crate::read::limits::Limits;
use crate::read::refusal::Refusal;
use crate::read::remark::Remark;
use conversion::Conversion;
use error::Fault;
use samples::rgba8;

/// What a PNG's colour profile, texts and other metadata may unpack to: a few times the largest profiles of
/// printers.
const MAX_METADATA_BYTES: u64 = 8 << 20;

/// A decoded frame.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The pixels: upright, sRGB, 8 bits a channel, alpha not multiplied into the colours.
    pub image: RgbaImage,
    /// Whether any pixel is not fully opaque.
    pub had_alpha: bool,
    /// The name of the colours that the pixels were converted from: of a profile, or what else says what they
    /// are; `None` where they were sRGB or said nothing.
    pub converted_profile: Option<String>,
    /// What was assumed of the colours, and what was done to them. [`Header::remarks`] has what is known without
    /// decoding.
    pub remarks: Vec<Remark>,
}

/// Decodes a file, whose `name` serves for its extension and in messages.
///
/// Colours are converted to sRGB from what the file says that they are: the module `colours` decides what counts. What
/// cannot be used of it is remarked.
///
/// # Errors
///
/// Refuses what [`integrity::inspect`] refuses, and what turns out to be damaged on decoding.
pub fn decode(name: &str, bytes: &[u8], limits: &Limits) -> Result<Decoded, Refusal> {
    let header = integrity::inspect(name, bytes, limits)?;
    // Codecs meet arbitrary bytes here. One that panics has found an unreadable frame; it must not end a
    // worker with it.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let (pixels, icc) = stored(bytes, &header, limits)?;
        let conversion = Conversion::to_srgb(icc.as_deref(), &header);
        Ok((rgba8(pixels, &header, &conversion), conversion))
    }));
    let (image, conversion) = match decoded {
        Ok(Ok((Ok(image), conversion))) => (image, conversion),
        Ok(Ok((Err(what), _))) => return Err(Refusal::Unsupported { file: name.into(), what }),
        Ok(Err(fault)) => return Err(error::refusal(name, fault, &header)),
        Err(_panic) => {
            let reason = "its picture data is damaged".into();
            return Err(Refusal::Unreadable { file: name.into(), reason });
        }
    };
    let mut upright = DynamicImage::ImageRgba8(image);
    upright.apply_orientation(header.orientation);
    let image = upright.into_rgba8();
    Ok(Decoded {
        had_alpha: header.alpha && image.pixels().any(|pixel| pixel.0[3] != u8::MAX),
        image,
        converted_profile: conversion.profile,
        remarks: conversion.remarks,
    })
}

/// Pixels as a file stores them, and its ICC profile.
type Stored<'a> = (DynamicImage, Option<Cow<'a, [u8]>>);

fn stored<'a>(bytes: &'a [u8], header: &Header, limits: &Limits) -> Result<Stored<'a>, Fault> {
    let mut codec_limits = image::Limits::no_limits();
    codec_limits.max_image_width = Some(limits.max_width);
    codec_limits.max_image_height = Some(limits.max_height);
    codec_limits.max_alloc = Some(limits.max_alloc_bytes);
    let file = Cursor::new(bytes);
    match header.format {
        Format::Png => {
            // Of a PNG the codec does not count the pixels, only what it unpacks beside them.
            codec_limits.max_alloc = Some(limits.max_alloc_bytes.min(MAX_METADATA_BYTES));
            finish(PngDecoder::with_limits(file, codec_limits)?, header)
        }
        Format::Jpeg => jpeg::stored(bytes, header),
        Format::Tiff => tiff_picture(bytes),
        Format::WebP => {
            let file = Cursor::new(webp_announcing(bytes, header.alpha));
            let (pixels, icc) = limited(WebPDecoder::new(file)?, codec_limits, header)?;
            // The codec shows transparency that stands behind the picture.
            let pixels = if header.alpha { pixels } else { pixels.into_rgb8().into() };
            Ok((pixels, icc))
        }
    }
}

/// A WebP whose header announces the transparency that it has, and no other: the codec goes by it.
fn webp_announcing(bytes: &[u8], alpha: bool) -> Cow<'_, [u8]> {
    const FLAGS: usize = 20;
    const ALPHA: u8 = 0x10;
    let announces = |flags: &u8| flags & ALPHA != 0;
    if bytes.get(12..16) != Some(b"VP8X") || bytes.get(FLAGS).is_none_or(|flags| announces(flags) == alpha) {
        return bytes.into();
    }
    let mut bytes = bytes.to_vec();
    bytes[FLAGS] ^= ALPHA;
    bytes.into()
}

fn tiff_picture(bytes: &[u8]) -> Result<Stored<'_>, Fault> {
    // It was there when the file was inspected.
    let (layout, icc) = integrity::tiff::layout(bytes).ok_or(Fault::Tiff(tiff::Fault::Incomplete))?;
    Ok((tiff::picture(&layout).map_err(Fault::Tiff)?, icc.map(Cow::Borrowed)))
}

fn limited(
    mut decoder: impl ImageDecoder,
    limits: image::Limits,
    header: &Header,
) -> Result<Stored<'static>, Fault> {
    decoder.set_limits(limits)?;
    finish(decoder, header)
}

fn finish(mut decoder: impl ImageDecoder, header: &Header) -> Result<Stored<'static>, Fault> {
    // A file that states its size twice must not get past the limits with one and be decoded with the other.
    if decoder.dimensions() != (header.width, header.height) {
        return Err(Fault::OtherSize);
    }
    // A profile that cannot be had is no reason to refuse the pixels. It is none that can be used, then.
    let icc = header.has_profile.then(|| decoder.icc_profile().ok().flatten().unwrap_or_default());
    Ok((DynamicImage::from_decoder(decoder)?, icc.map(Cow::Owned)))
}

#[cfg(test)]
mod tests;
