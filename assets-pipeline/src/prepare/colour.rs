//! sRGB and linear light, and colours as text.

use std::{fmt, str::FromStr, sync::LazyLock};

/// An opaque 8-bit sRGB colour; written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// White: the ground of transparent frames unless another one is asked for.
    pub const WHITE: Self = Self([255; 3]);
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([r, g, b]) = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// The text was not `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb")]
pub struct NotAColour;

impl FromStr for Rgb {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let hex =
            text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = u32::from_str_radix(hex.ok_or(NotAColour)?, 16).map_err(|_never| NotAColour)?;
        let [_, r, g, b] = value.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

/// Linear light of each sRGB value, 0 to 65535 (IEC 61966-2-1).
pub fn linear(value: u8) -> u16 {
    TO_LINEAR[usize::from(value)]
}

/// The nearest sRGB value of linear light.
pub fn encoded(value: u16) -> u8 {
    TO_SRGB[usize::from(value)]
}

static TO_LINEAR: LazyLock<[u16; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let value = value as f64 / 255.0;
        let light = if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
        (light * 65535.0).round() as u16
    })
});

static TO_SRGB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=u16::MAX)
        .map(|light| {
            let light = f64::from(light) / 65535.0;
            let value =
                if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
            (value * 255.0).round() as u8
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives_linear_light() {
        assert!((0..=255).all(|value| encoded(linear(value)) == value));
    }

    #[test]
    fn half_the_light_is_188() {
        assert_eq!(encoded(32768), 188);
    }

    #[test]
    fn colours_read_back() {
        assert_eq!("#c9a86a".parse::<Rgb>().map(|c| c.to_string()), Ok("#c9a86a".to_owned()));
        for bad in ["", "c9a86a", "#fff", "#gggggg", "#+12345", "#c9a86a0"] {
            assert_eq!(bad.parse::<Rgb>(), Err(NotAColour), "{bad}");
        }
    }
}
