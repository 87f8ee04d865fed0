//! What stands for the piece before any frame is there: a ThumbHash and a colour.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{RgbImage, RgbaImage};

use crate::{
    prepare::colour::Rgb,
    prepare::ground::{Bounds, Edge},
};

/// Longest side of what a ThumbHash may be made from, in pixels.
pub const THUMB_PX: u32 = 100;

/// The ThumbHash of an image of at most [`THUMB_PX`] a side, in base64.
pub fn thumb_hash(image: &RgbImage) -> String {
    let rgba: Vec<u8> = image.pixels().flat_map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2], 255]).collect();
    STANDARD.encode(thumbhash::rgba_to_thumb_hash(image.width() as usize, image.height() as usize, &rgba))
}

/// The piece's dominant colour: the mean of the commonest kind of pixel, where strong colours of
/// middling light count more than highlights and shadows.
pub fn dominant_colour(frame: &RgbaImage, bounds: Bounds, edge: Edge) -> Rgb {
    let of_piece = |pixel: &[u8; 4]| match edge {
        Edge::Transparent => pixel[3] > 127,
        Edge::Plain(ground) | Edge::Busy(ground) => {
            pixel.iter().zip(ground.0).any(|(a, b)| a.abs_diff(b) > 24)
        }
    };
    // Five bits of hue's plane would be finer than metals need: 3 bits a channel, 512 kinds.
    let mut kinds = vec![(0.0f64, [0.0f64; 3]); 512];
    for y in bounds.top..bounds.bottom {
        for x in bounds.left..bounds.right {
            let pixel = &frame.get_pixel(x, y).0;
            if !of_piece(pixel) {
                continue;
            }
            let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f64::from);
            let (most, least) = (r.max(g).max(b), r.min(g).min(b));
            let middling = 1.0 - ((most + least) / 255.0 - 1.0).abs();
            let weight = (0.02 + middling) * (0.2 + (most - least) / 255.0);
            let kind = [pixel[0], pixel[1], pixel[2]]
                .iter()
                .fold(0, |kind, value| kind << 3 | usize::from(value >> 5));
            kinds[kind].0 += weight;
            for (sum, value) in kinds[kind].1.iter_mut().zip([r, g, b]) {
                *sum += weight * value;
            }
        }
    }
    let Some((weight, sum)) =
        kinds.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).filter(|kind| kind.0 > 0.0)
    else {
        return Rgb([128; 3]);
    };
    Rgb(sum.map(|value| (value / weight).round() as u8))
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn gold_with_highlights_and_shadows_is_gold() {
        let frame = RgbaImage::from_fn(64, 64, |x, y| {
            Rgba(match (x + y) % 8 {
                0 | 1 => [255, 255, 250, 255],
                2 => [20, 14, 4, 255],
                _ => [200, 160, 80, 255],
            })
        });
        let colour = dominant_colour(&frame, Bounds::whole(64, 64), Edge::Transparent);
        assert_eq!(colour, Rgb([200, 160, 80]));
    }

    #[test]
    fn an_empty_frame_is_grey() {
        let colour = dominant_colour(&RgbaImage::new(4, 4), Bounds::whole(4, 4), Edge::Transparent);
        assert_eq!(colour, Rgb([128; 3]));
    }

    #[test]
    fn a_thumb_hash_is_short() {
        let hash = thumb_hash(&RgbImage::from_pixel(90, 60, image::Rgb([200, 160, 80])));
        assert!((8..40).contains(&hash.len()), "{hash}");
    }
}
