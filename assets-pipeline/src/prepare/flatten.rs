//! A plain ground made exactly one colour: what a camera or a renderer scatters round it costs bytes and
//! shimmers when the piece turns.

use image::RgbaImage;

use crate::prepare::colour::Rgb;

/// Up to this distance from the ground a pixel is ground.
const GROUND: u8 = 5;
/// From this distance on it is none; between the two it goes over smoothly, so that soft shadows keep
/// soft edges.
const PIECE: u8 = 12;
/// Patches of ground that the edge of the frame does not reach count from this share of the frame on: the
/// inside of a ring, but no facet of a stone.
const LEAST_PATCH: f64 = 1.0 / 400.0;

/// Moves ground of about the colour `found` to exactly `wanted`. Only what is connected to the frame's edge,
/// and large patches besides, is ground; the piece is left as it is.
pub fn flatten(frame: &mut RgbaImage, found: Rgb, wanted: Rgb) {
    let (width, height) = frame.dimensions();
    let distances: Vec<u8> = frame.pixels().map(|pixel| distance(pixel.0, found)).collect();
    let mut seen = vec![false; distances.len()];
    let mut patch = Vec::new();
    let least = (distances.len() as f64 * LEAST_PATCH) as usize;
    for start in 0..distances.len() {
        if seen[start] || distances[start] >= PIECE {
            continue;
        }
        let touches_edge = fill(start, (width, height), &distances, &mut seen, &mut patch);
        if !touches_edge && patch.len() < least {
            continue;
        }
        for &index in &patch {
            let (x, y) = (index as u32 % width, index as u32 / width);
            let pixel = &mut frame.get_pixel_mut(x, y).0;
            // 0 is ground, 256 is piece.
            let kept = u32::from(distances[index].saturating_sub(GROUND)) * 256 / u32::from(PIECE - GROUND);
            for (value, wanted) in pixel[..3].iter_mut().zip(wanted.0) {
                *value = ((u32::from(*value) * kept + u32::from(wanted) * (256 - kept) + 128) / 256) as u8;
            }
            pixel[3] = u8::MAX;
        }
    }
}

/// How far a pixel is from the ground, in its channel that differs most; what is not opaque is no ground.
fn distance(pixel: [u8; 4], ground: Rgb) -> u8 {
    if pixel[3] < u8::MAX {
        return u8::MAX;
    }
    pixel.iter().zip(ground.0).map(|(value, ground)| value.abs_diff(ground)).max().unwrap_or(0)
}

/// Collects the patch of ground around `start`, neighbour by neighbour, and answers whether it touches the
/// frame's edge.
fn fill(
    start: usize,
    (width, height): (u32, u32),
    distances: &[u8],
    seen: &mut [bool],
    patch: &mut Vec<usize>,
) -> bool {
    let (width, height) = (width as usize, height as usize);
    let mut touches_edge = false;
    patch.clear();
    patch.push(start);
    seen[start] = true;
    let mut next = 0;
    while let Some(&index) = patch.get(next) {
        next += 1;
        let (x, y) = (index % width, index / width);
        touches_edge |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
        let left = (x > 0).then(|| index - 1);
        let right = (x + 1 < width).then_some(index + 1);
        let above = (y > 0).then(|| index - width);
        let below = (y + 1 < height).then_some(index + width);
        for neighbour in [left, right, above, below].into_iter().flatten() {
            if !seen[neighbour] && distances[neighbour] < PIECE {
                seen[neighbour] = true;
                patch.push(neighbour);
            }
        }
    }
    touches_edge
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn grey(value: u8) -> Rgba<u8> {
        Rgba([value, value, value, 255])
    }

    #[test]
    fn scattered_ground_becomes_one_colour_and_the_piece_stays() {
        // A ring of 60 on a ground of 246 to 250, with one bright facet in it.
        let ring = |x: u32, y: u32| (8..=16).contains(&x.abs_diff(30).max(y.abs_diff(30)));
        let mut frame = RgbaImage::from_fn(61, 61, |x, y| match (x, y) {
            (30, 18) => grey(248),
            _ if ring(x, y) => grey(60),
            _ => grey(246 + ((x * 7 + y * 13) % 5) as u8),
        });
        flatten(&mut frame, Rgb([248; 3]), Rgb::WHITE);
        for (x, y, pixel) in frame.enumerate_pixels() {
            let want = match (x, y) {
                (30, 18) => 248,
                _ if ring(x, y) => 60,
                _ => 255,
            };
            assert_eq!(pixel.0, [want, want, want, 255], "{x}, {y}");
        }
    }

    #[test]
    fn a_soft_shadow_keeps_a_soft_edge() {
        let mut frame = RgbaImage::from_fn(64, 1, |x, _| grey(255 - x as u8));
        flatten(&mut frame, Rgb::WHITE, Rgb::WHITE);
        let row: Vec<u8> = frame.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(row[..5], [255; 5]);
        assert_eq!(row[12..], (192..=243).rev().collect::<Vec<u8>>());
        assert!(row.windows(2).all(|pair| pair[0] >= pair[1] && pair[0] - pair[1] <= 4), "{row:?}");
    }
}
