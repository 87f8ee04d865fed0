//! BT.601 in full range, which is what the engines write: luma, blue and red difference (ITU-T T.871, 7).
//!
//! In fixed point of 16 bits. With floating point and rounding it is a twentieth of an ingest's time.

use image::{Rgb, RgbImage};

const HALF: i32 = 1 << 15;
/// No difference.
const MIDDLE: i32 = 128;

const fn sample(fixed: i32) -> u8 {
    let value = (fixed + HALF) >> 16;
    // Written out, since `clamp` is not yet const.
    if value < 0 {
        0
    } else if value > 255 {
        255
    } else {
        value as u8
    }
}

const fn from_rgb([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (r, g, b) = (r as i32, g as i32, b as i32);
    [
        sample(19_595 * r + 38_470 * g + 7_471 * b),
        sample((MIDDLE << 16) - 11_059 * r - 21_709 * g + 32_768 * b),
        sample((MIDDLE << 16) + 32_768 * r - 27_439 * g - 5_329 * b),
    ]
}

const fn to_rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let (luma, blue, red) = ((luma as i32) << 16, blue as i32 - MIDDLE, red as i32 - MIDDLE);
    [sample(luma + 91_881 * red), sample(luma - 22_554 * blue - 46_802 * red), sample(luma + 116_130 * blue)]
}

/// Planes of luma, blue and red difference, each of the picture's size.
pub(super) fn planes(colour: &RgbImage) -> [Vec<u8>; 3] {
    let samples = colour.len() / 3;
    let mut planes = [(); 3].map(|()| vec![0; samples]);
    let [luma, blue, red] = &mut planes;
    for (index, pixel) in colour.pixels().enumerate() {
        [luma[index], blue[index], red[index]] = from_rgb(pixel.0);
    }
    planes
}

/// One row of pixels from the three rows of its samples.
pub(super) fn fill_row<'a>(row: impl Iterator<Item = &'a mut Rgb<u8>>, [luma, blue, red]: [&[u8]; 3]) {
    for (((pixel, luma), blue), red) in row.zip(luma).zip(blue).zip(red) {
        pixel.0 = to_rgb([*luma, *blue, *red]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_and_primaries_are_as_in_the_standard() {
        for (rgb, ycbcr) in [
            ([0; 3], [0, 128, 128]),
            ([255; 3], [255, 128, 128]),
            ([127; 3], [127, 128, 128]),
            ([255, 0, 0], [76, 85, 255]),
            ([0, 255, 0], [150, 44, 21]),
            ([0, 0, 255], [29, 255, 107]),
        ] {
            assert_eq!(from_rgb(rgb), ycbcr, "{rgb:?}");
        }
    }

    #[test]
    fn there_and_back_is_off_by_a_little_at_most() {
        let steps = || (0..=255u8).step_by(5);
        for r in steps() {
            for (g, b) in steps().flat_map(|g| steps().map(move |b| (g, b))) {
                let back = to_rgb(from_rgb([r, g, b]));
                assert!([r, g, b].iter().zip(back).all(|(a, b)| a.abs_diff(b) <= 2), "{r} {g} {b} {back:?}");
            }
        }
    }
}
