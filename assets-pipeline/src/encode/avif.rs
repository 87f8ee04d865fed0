//! The AVIF container and its decoder, for the output of either encoder. rav1d decodes.

use image::{GrayImage, RgbImage};
use re_rav1d::dav1d::{self, Decoder, PixelLayout, PlanarImageComponent, Settings};

use super::{CodecError, ycbcr};
use crate::picture::Picture;

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, CodecError> {
    let container =
        avif_parse::read_avif(&mut &*bytes).map_err(|error| CodecError::new("avif-parse", error))?;
    let colour = colour(&Planes::decode(&container.primary_item, PixelLayout::I444)?);
    let alpha = container.alpha_item.map(|item| Planes::decode(&item, PixelLayout::I400)).transpose()?;
    Ok(Picture { colour, alpha: alpha.as_ref().map(opacity) })
}

fn colour(planes: &Planes) -> RgbImage {
    let mut colour = RgbImage::new(planes.width, planes.height);
    for (y, row) in colour.rows_mut().enumerate() {
        ycbcr::fill_row(row, [0, 1, 2].map(|plane| planes.row(plane, y)));
    }
    colour
}

fn opacity(planes: &Planes) -> GrayImage {
    let mut opacity = GrayImage::new(planes.width, planes.height);
    for (y, row) in opacity.rows_mut().enumerate() {
        row.zip(planes.row(0, y)).for_each(|(pixel, sample)| pixel.0 = [*sample]);
    }
    opacity
}

/// The decoded samples of one AV1 picture, 8 bits each.
struct Planes {
    width: u32,
    height: u32,
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
        if picture.pixel_layout() != layout || picture.bit_depth() != 8 {
            return Err(CodecError::new(
                "rav1d",
                "samples are laid out otherwise than they are written here",
            ));
        }
        let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
        let count = if layout == PixelLayout::I400 { 1 } else { 3 };
        let rows = components[..count]
            .iter()
            .map(|component| (picture.plane(*component), picture.stride(*component) as usize))
            .collect();
        Ok(Self { width: picture.width(), height: picture.height(), rows })
    }

    fn row(&self, plane: usize, y: usize) -> &[u8] {
        let (samples, stride) = &self.rows[plane];
        &samples[y * stride..][..self.width as usize]
    }
}
