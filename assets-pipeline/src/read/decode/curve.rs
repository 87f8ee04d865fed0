//! Curves from what is stored to light.

use moxcms::ToneReprCurve;

/// Whether a curve is that of sRGB, as far as 8 bits can show.
pub(super) fn is_srgb_curve(curve: &ToneReprCurve) -> bool {
    // Less than three quarters of a level of 8 bits; a plain gamma of 2.2 is beyond that.
    const CLOSE: f32 = 0.75 / 255.0;
    (0..=64)
        .map(|i| i as f32 / 64.0)
        .all(|encoded| (srgb_encoded(linear(curve, encoded)) - encoded).abs() < CLOSE)
}

/// A curve of an ICC profile at `x` (ICC.1:2022, sections 10.6 and 10.18).
#[allow(clippy::many_single_char_names, reason = "the specification's names")]
pub(super) fn linear(curve: &ToneReprCurve, x: f32) -> f32 {
    match curve {
        ToneReprCurve::Lut(table) => match table.as_slice() {
            [] => x,
            [gamma] => x.powf(f32::from(*gamma) / 256.0),
            table => {
                let at = x * (table.len() - 1) as f32;
                let (below, above) = (table[at.floor() as usize], table[at.ceil() as usize]);
                let between = f32::from(below) + (f32::from(above) - f32::from(below)) * at.fract();
                between / f32::from(u16::MAX)
            }
        },
        ToneReprCurve::Parametric(parameters) => match *parameters.as_slice() {
            [g] => x.powf(g),
            [g, a, b] if x >= -b / a => (a * x + b).powf(g),
            [_, _, _] => 0.0,
            [g, a, b, c] if x >= -b / a => (a * x + b).powf(g) + c,
            [_, _, _, c] => c,
            [g, a, b, _, d] if x >= d => (a * x + b).powf(g),
            [_, _, _, c, _] => c * x,
            [g, a, b, _, d, e, _] if x >= d => (a * x + b).powf(g) + e,
            [_, _, _, c, _, _, f] => c * x + f,
            _ => f32::NAN,
        },
    }
}

/// IEC 61966-2-1.
fn srgb_encoded(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

/// The luminance Y, from 0 to 1, of a lightness L*, from 0 to 100 (CIE 15).
pub(super) fn luminance(lightness: f32) -> f32 {
    if lightness > 8.0 { ((lightness + 16.0) / 116.0).powi(3) } else { lightness * 27.0 / 24_389.0 }
}
