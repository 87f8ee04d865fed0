//! A frame made small enough that a whole turn of them can be compared.

use image::RgbaImage;

use crate::colour::{encoded, linear};

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
    let columns: Vec<usize> = (0..width).map(|x| target(x, width, across)).collect();
    let mut small = RgbaImage::new(across, down);
    // Light times alpha of three channels, alpha, and how many pixels.
    let mut sums = vec![[0_u64; 5]; across as usize];
    let mut row = 0;
    for (y, pixels) in frame.as_raw().chunks_exact(width as usize * 4).enumerate() {
        let into = target(y as u32, height, down);
        if into != row {
            write_row(&mut small, row as u32, &mut sums);
            row = into;
        }
        for (&column, &[r, g, b, alpha]) in columns.iter().zip(pixels.as_chunks::<4>().0) {
            let sum = &mut sums[column];
            let weight = u64::from(alpha);
            if weight > 0 {
                sum[0] += u64::from(linear(r)) * weight;
                sum[1] += u64::from(linear(g)) * weight;
                sum[2] += u64::from(linear(b)) * weight;
                sum[3] += weight;
            }
            sum[4] += 1;
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
