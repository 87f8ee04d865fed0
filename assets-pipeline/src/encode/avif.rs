//! The AVIF container and its decoder, whoever encoded. rav1d decodes.

use image::{GrayImage, Luma, RgbImage};
use re_rav1d::dav1d::{self, Decoder, PixelLayout, PlanarImageComponent, Settings};

use super::CodecError;
use crate::picture::Picture;

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, CodecError> {
    let container =
        avif_parse::read_avif(&mut &*bytes).map_err(|error| CodecError::new("avif-parse", error))?;
    let colour = colour(&Planes::decode(&container.primary_item, PixelLayout::I444)?);
    let alpha = container.alpha_item.map(|item| Planes::decode(&item, PixelLayout::I400)).transpose()?;
    let alpha = alpha.map(|planes| {
        let opacity = |x, y| Luma([planes.sample(0, x, y).round().clamp(0.0, 255.0) as u8]);
        GrayImage::from_fn(planes.width, planes.height, opacity)
    });
    Ok(Picture { colour, alpha })
}

fn colour(planes: &Planes) -> RgbImage {
    RgbImage::from_fn(planes.width, planes.height, |x, y| {
        // BT.601 in full range, which is what both engines write.
        let [luma, blue, red] = [0, 1, 2].map(|plane| planes.sample(plane, x, y));
        let (blue, red) = (blue - 128.0, red - 128.0);
        let rgb = [luma + 1.402 * red, luma - 0.344_136 * blue - 0.714_136 * red, luma + 1.772 * blue];
        image::Rgb(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8))
    })
}

/// The decoded samples of one AV1 picture.
struct Planes {
    width: u32,
    height: u32,
    depth: usize,
    scale: f32,
    /// Bytes and the bytes of a row.
    rows: Vec<(dav1d::Plane, usize)>,
}

impl Planes {
    fn decode(item: &[u8], layout: PixelLayout) -> Result<Self, CodecError> {
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        let failed = |error: dav1d::Error| CodecError::new("rav1d", error);
        let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
        decoder.send_data(item.to_vec(), None, None, None).map_err(failed)?;
        let picture = decoder.get_picture().map_err(failed)?;
        if picture.pixel_layout() != layout {
            return Err(CodecError::new(
                "rav1d",
                "samples are laid out otherwise than they are written here",
            ));
        }
        let depth = picture.bit_depth();
        let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
        let count = if layout == PixelLayout::I400 { 1 } else { 3 };
        let rows = components[..count]
            .iter()
            .map(|component| (picture.plane(*component), picture.stride(*component) as usize))
            .collect();
        let scale = 255.0 / ((1u32 << depth) - 1) as f32;
        Ok(Self { width: picture.width(), height: picture.height(), depth, scale, rows })
    }

    /// A sample, 0 to 255 at any depth.
    fn sample(&self, plane: usize, x: u32, y: u32) -> f32 {
        let (samples, stride) = &self.rows[plane];
        let row = &samples[y as usize * stride..];
        let value = if self.depth == 8 {
            u16::from(row[x as usize])
        } else {
            u16::from_le_bytes([row[2 * x as usize], row[2 * x as usize + 1]])
        };
        f32::from(value) * self.scale
    }
}
