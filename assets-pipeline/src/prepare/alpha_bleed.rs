//! Colour under full transparency: it is invisible, but the encoder spends bytes on it, and most where it
//! ends abruptly at the piece's edge.

use image::{GrayImage, RgbImage};

/// Gives every pixel of no opacity the colours of the piece nearby, the smoother the farther away.
///
/// Known colours are averaged to ever smaller images, and what is unknown takes its colour from the next
/// smaller one: the "push-pull" of Gortler and others, "The Lumigraph" (SIGGRAPH 1996).
pub fn bleed_alpha(colour: &mut RgbImage, alpha: &GrayImage) {
    let (width, height) = colour.dimensions();
    let known: Vec<Known> = colour
        .pixels()
        .zip(alpha.pixels())
        .map(|(colour, alpha)| (alpha.0[0] > 0).then(|| colour.0.map(f32::from)))
        .collect();
    if known.iter().all(Option::is_some) || known.iter().all(Option::is_none) {
        return;
    }
    let filled = pulled(&known, (width as usize, height as usize));
    for ((pixel, known), filled) in colour.pixels_mut().zip(&known).zip(filled) {
        if known.is_none() {
            pixel.0 = filled.map(|value| value.round() as u8);
        }
    }
}

type Known = Option<[f32; 3]>;

/// Every pixel's colour; there is at least one known.
fn pulled(known: &[Known], (width, height): (usize, usize)) -> Vec<[f32; 3]> {
    if known.iter().all(Option::is_some) {
        return known.iter().copied().flatten().collect();
    }
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut halves = Vec::with_capacity(half_width * half_height);
    for y in 0..half_height {
        for x in 0..half_width {
            let rows = 2 * y..(2 * y + 2).min(height);
            let of_row = |row: usize| &known[row * width..][2 * x..(2 * x + 2).min(width)];
            let (mut sum, mut count) = ([0.0; 3], 0.0f32);
            for colour in rows.flat_map(of_row).flatten() {
                count += 1.0;
                for (sum, value) in sum.iter_mut().zip(colour) {
                    *sum += value;
                }
            }
            halves.push((count > 0.0).then(|| sum.map(|sum| sum / count)));
        }
    }
    let coarse = pulled(&halves, (half_width, half_height));
    let at = |x: usize, y: usize| coarse[y.min(half_height - 1) * half_width + x.min(half_width - 1)];
    let unknown = |index: usize| {
        // Between the four nearest of the smaller image, three parts of the nearer to one of the farther.
        let (x, y) = (index % width, index / width);
        let beside = |at: usize| if at.is_multiple_of(2) { (at / 2).saturating_sub(1) } else { at / 2 + 1 };
        let [near, across, along, far] =
            [at(x / 2, y / 2), at(beside(x), y / 2), at(x / 2, beside(y)), at(beside(x), beside(y))];
        std::array::from_fn(|i| (9.0 * near[i] + 3.0 * across[i] + 3.0 * along[i] + far[i]) / 16.0)
    };
    known.iter().enumerate().map(|(index, colour)| colour.unwrap_or_else(|| unknown(index))).collect()
}

#[cfg(test)]
mod tests {
    use image::{Luma, Rgb};

    use super::*;

    #[test]
    fn unseen_colours_come_from_the_piece_and_seen_ones_stay() {
        let seen = |x: u32, y: u32| (20..40).contains(&x) && (10..30).contains(&y);
        let mut colour =
            RgbImage::from_fn(61, 43, |x, y| if seen(x, y) { Rgb([200, 160, 80]) } else { Rgb([0; 3]) });
        let alpha = GrayImage::from_fn(61, 43, |x, y| Luma([u8::from(seen(x, y)) * 9]));
        bleed_alpha(&mut colour, &alpha);
        assert!(colour.pixels().all(|pixel| pixel.0 == [200, 160, 80]));
    }

    #[test]
    fn far_from_two_colours_is_between_them() {
        let mut colour = RgbImage::from_fn(64, 8, |x, _| Rgb([if x < 8 { 0 } else { 240 }; 3]));
        let alpha = GrayImage::from_fn(64, 8, |x, _| Luma([if (8..56).contains(&x) { 0 } else { 255 }]));
        bleed_alpha(&mut colour, &alpha);
        let row: Vec<u8> = (8..56).map(|x| colour.get_pixel(x, 4).0[0]).collect();
        assert!(row.is_sorted() && row.windows(2).all(|pair| pair[1] - pair[0] < 48), "{row:?}");
    }

    #[test]
    fn nothing_to_see_is_left_alone() {
        let mut colour = RgbImage::new(4, 4);
        bleed_alpha(&mut colour, &GrayImage::new(4, 4));
        assert_eq!(colour, RgbImage::new(4, 4));
    }
}
