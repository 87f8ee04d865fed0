//! A frame made small enough that a whole turn of them can be compared.

use std::ops::Range;

use image::RgbaImage;

use crate::prepare::colour::{encoded, linear};

/// The longer side of a sketch in pixels: 360 of them take 49 MB, and a piece's shift by a two-hundredth of the
/// frame still shows.
pub(super) const SIDE: u32 = 184;

/// The frame at [`SIDE`], by averaging light; colours count by their alpha. Nothing is enlarged.
pub(super) fn sketch(frame: &RgbaImage) -> RgbaImage {
    let (width, height) = frame.dimensions();
    let longer = width.max(height).max(1);
    if longer <= SIDE {
        return frame.clone();
    }
    let scaled = |side: u32| ((u64::from(side) * u64::from(SIDE) / u64::from(longer)) as u32).max(1);
    let (across, down) = (scaled(width), scaled(height));
    let target = |at: u32, from: u32, to: u32| (u64::from(at) * u64::from(to) / u64::from(from)) as usize;
    // The columns that become one, of each.
    let columns: Vec<Range<usize>> = (0..across)
        .map(|column| {
            let first =
                |column: u32| (u64::from(column) * u64::from(width)).div_ceil(u64::from(across)) as usize;
            first(column)..first(column + 1)
        })
        .collect();
    let light: [u64; 256] = std::array::from_fn(|value| linear(value as u8).into());
    let mut small = RgbaImage::new(across, down);
    // Light times alpha of three channels, alpha, and how many pixels.
    let mut sums = vec![[0_u64; 5]; across as usize];
    let mut row = 0;
    // Two rows or more of those that become one say enough of them.
    let every = (height / (2 * down)).max(1) as usize;
    for (y, pixels) in frame.as_raw().chunks_exact(width as usize * 4).enumerate().step_by(every) {
        let into = target(y as u32, height, down);
        if into != row {
            write_row(&mut small, row as u32, &mut sums);
            row = into;
        }
        let pixels = pixels.as_chunks::<4>().0;
        for (sum, columns) in sums.iter_mut().zip(&columns) {
            let mut part = [0_u64; 4];
            for &[r, g, b, alpha] in &pixels[columns.clone()] {
                let weight = u64::from(alpha);
                part[0] += light[usize::from(r)] * weight;
                part[1] += light[usize::from(g)] * weight;
                part[2] += light[usize::from(b)] * weight;
                part[3] += weight;
            }
            for (sum, part) in sum.iter_mut().zip(part) {
                *sum += part;
            }
            sum[4] += columns.len() as u64;
        }
    }
    write_row(&mut small, row as u32, &mut sums);
    small
}

fn write_row(small: &mut RgbaImage, y: u32, sums: &mut [[u64; 5]]) {
    for (x, sum) in sums.iter_mut().enumerate() {
        let [r, g, b, alpha, pixels] = std::mem::take(sum);
        let colour = |light: u64| encoded(((light + alpha / 2) / alpha.max(1)).min(65535) as u16);
        let alpha = ((alpha + pixels / 2) / pixels.max(1)) as u8;
        small.get_pixel_mut(x as u32, y).0 = [colour(r), colour(g), colour(b), alpha];
    }
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn light_is_averaged_by_alpha_and_nothing_is_enlarged() {
        let stripes = RgbaImage::from_fn(1000, 368, |x, y| {
            if y < 184 {
                Rgba(if x % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] })
            } else {
                Rgba(if x % 2 == 0 { [200, 100, 50, 255] } else { [0; 4] })
            }
        });
        let small = sketch(&stripes);
        assert_eq!(small.dimensions(), (184, 67));
        let [grey, .., alpha] = small.get_pixel(90, 10).0;
        assert!(grey.abs_diff(188) <= 20 && alpha == 255, "{grey}: half the light");
        let [r, g, b, alpha] = small.get_pixel(90, 50).0;
        assert!([r, g, b] == [200, 100, 50] && alpha.abs_diff(127) <= 30, "{alpha}");
        assert_eq!(sketch(&RgbaImage::new(60, 40)).dimensions(), (60, 40));
    }
}
