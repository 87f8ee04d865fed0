//! A photograph's noise taken out, and its edges left: a bilateral filter, whose reach in brightness is set
//! by the noise that it finds.
//!
//! Tomasi and Manduchi, "Bilateral filtering for gray and color images" (ICCV 1998); the estimate of noise
//! is Immerkær's, "Fast noise variance estimation" (CVIU 64, 1996).

use image::RgbImage;

/// Pixels to each side that are looked at.
const RADIUS: i64 = 2;
/// Noise below this, in values of 0 to 255, is none: a render has less.
const LEAST: f64 = 0.6;
/// The most that the mask of the estimate makes of 8 bits.
const MAX_RESPONSE: usize = 8 * 255;
/// Values that differ by so many times the noise still count as alike.
const REACH: f64 = 2.5;

/// The noise of an image, as a standard deviation in values of 0 to 255.
pub fn noise(image: &RgbImage) -> f64 {
    let (width, height) = image.dimensions();
    if width < 3 || height < 3 {
        return 0.0;
    }
    let green = |x: u32, y: u32| i64::from(image.get_pixel(x, y).0[1]);
    // What a smooth surface and a straight edge have none of. The median keeps texture out of it.
    let mut responses = vec![0u64; MAX_RESPONSE + 1];
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let corners =
                green(x - 1, y - 1) + green(x + 1, y - 1) + green(x - 1, y + 1) + green(x + 1, y + 1);
            let sides = green(x, y - 1) + green(x - 1, y) + green(x + 1, y) + green(x, y + 1);
            let response = (corners - 2 * sides + 4 * green(x, y)).unsigned_abs() as usize;
            responses[response] += 1;
        }
    }
    let middle = responses.iter().sum::<u64>() / 2;
    let mut before = 0;
    let median = responses.iter().position(|&count| {
        before += count;
        before > middle
    });
    // The mask's gain is 6; 0.6745 is the median of what is normally distributed.
    median.unwrap_or(0) as f64 / 6.0 / 0.6745
}

/// The image without the noise that it has; where it has none, as it was.
pub fn denoise(image: &RgbImage) -> RgbImage {
    let noise = noise(image);
    if noise < LEAST {
        return image.clone();
    }
    let reach = REACH * noise;
    // By the sum of differences over the channels, which is at most 765.
    let alike: Vec<f32> = (0..=765)
        .map(|difference| (-(f64::from(difference) / 3.0).powi(2) / (2.0 * reach * reach)).exp() as f32)
        .collect();
    let near: Vec<f32> = (0..=2 * RADIUS * RADIUS).map(|squared| (-(squared as f32) / 4.0).exp()).collect();
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let centre = image.get_pixel(x, y).0;
        let (mut sums, mut weights) = ([0f32; 3], 0f32);
        for dy in -RADIUS..=RADIUS {
            for dx in -RADIUS..=RADIUS {
                let (nx, ny) = (i64::from(x) + dx, i64::from(y) + dy);
                if !(0..width).contains(&nx) || !(0..height).contains(&ny) {
                    continue;
                }
                let other = image.get_pixel(nx as u32, ny as u32).0;
                let difference: u32 = centre.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b))).sum();
                let weight = alike[difference as usize] * near[(dx * dx + dy * dy) as usize];
                weights += weight;
                for (sum, value) in sums.iter_mut().zip(other) {
                    *sum += weight * f32::from(value);
                }
            }
        }
        image::Rgb(sums.map(|sum| (sum / weights).round() as u8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of a standard deviation of about `strength`: the sum of four even ones.
    fn noisy(strength: f64, clean: impl Fn(u32, u32) -> f64) -> RgbImage {
        let mut state = 1u64;
        let mut even = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
        };
        RgbImage::from_fn(120, 80, |x, y| {
            let clean = clean(x, y);
            image::Rgb(std::array::from_fn(|_| {
                let noise = (0..4).map(|_| even()).sum::<f64>() * 3f64.sqrt();
                (clean + noise * strength).round().clamp(0.0, 255.0) as u8
            }))
        })
    }

    fn edge(x: u32, _y: u32) -> f64 {
        if x < 60 { 60.0 } else { 190.0 }
    }

    #[test]
    fn noise_is_measured() {
        for strength in [2.0, 5.0, 10.0] {
            let found = noise(&noisy(strength, edge));
            assert!((found / strength - 1.0).abs() < 0.25, "{strength}: {found}");
        }
        assert!(noise(&noisy(0.0, edge)) < LEAST);
    }

    #[test]
    fn noise_goes_and_edges_stay() {
        let (clean, noisy) = (noisy(0.0, edge), noisy(5.0, edge));
        let error = |image: &RgbImage| {
            let squares = image.iter().zip(clean.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
            (squares.sum::<f64>() / image.len() as f64).sqrt()
        };
        let denoised = denoise(&noisy);
        assert!(error(&denoised) < error(&noisy) / 2.0, "{} of {}", error(&denoised), error(&noisy));
        let steps = |x| f64::from(denoised.get_pixel(x, 40).0[1]);
        assert!(steps(62) - steps(57) > 115.0, "the edge was blurred");
    }

    #[test]
    fn a_clean_image_is_left_alone() {
        let clean = noisy(0.0, edge);
        assert_eq!(denoise(&clean), clean);
    }
}
