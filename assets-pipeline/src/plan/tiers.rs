//! The tier table: how many frames, how large, within how many bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A published image format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownWord, parse_err_fn = unknown)]
pub enum Format {
    /// AV1 image file format.
    Avif,
    /// Lossy WebP.
    Webp,
}

impl Format {
    /// Every format, best first.
    pub const ALL: [Self; 2] = [Self::Avif, Self::Webp];

    /// The word in URLs, manifests and file extensions.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
        }
    }
}

/// One row of the tier table, by its key in manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownWord, parse_err_fn = unknown)]
pub enum TierKey {
    /// The hero frame alone.
    Still,
    /// First paint everywhere.
    Preview,
    /// The standard tier for mid-range devices: fewer frames.
    #[serde(rename = "standard-24")]
    #[strum(serialize = "standard-24")]
    Standard24,
    /// What most visitors see.
    Standard,
    /// On demand: zoom, fullscreen, or asked for.
    Hd,
}

impl TierKey {
    /// Every tier, poorest first.
    pub const ALL: [Self; 5] = [Self::Still, Self::Preview, Self::Standard24, Self::Standard, Self::Hd];

    /// The word in manifests and in the config file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The family whose set of frames the tier draws on.
    pub const fn family(self) -> Family {
        match self {
            Self::Still => Family::Still,
            Self::Preview | Self::Standard24 | Self::Standard => Family::Spin,
            Self::Hd => Family::Hd,
        }
    }
}

/// Tiers that share one set of encoded frames: one size, one quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::Display, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownWord, parse_err_fn = unknown)]
pub enum Family {
    /// The still.
    Still,
    /// Preview, standard and standard-24.
    Spin,
    /// hd.
    Hd,
}

impl Family {
    /// Every family, in the order in which they are encoded.
    pub const ALL: [Self; 3] = [Self::Still, Self::Spin, Self::Hd];

    /// The word in the config file.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The text names no tier, family or format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

pub(crate) const fn unknown(_word: &str) -> UnknownWord {
    UnknownWord
}

/// What one tier may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierSpec {
    /// Frames a turn that are aimed at; the turn's own divisors decide (see [`crate::plan`]).
    pub frames: u32,
    /// Ceiling in bytes for the tier's own frames together, in each format.
    pub max_bytes: u64,
}

/// How large the frames of one family are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilySpec {
    /// Longer side in pixels, AVIF.
    pub avif_px: u32,
    /// Longer side in pixels, WebP.
    pub webp_px: u32,
    /// The least mean SSIMULACRA2: frames that would be poorer are published at fewer pixels instead.
    #[serde(default)]
    pub min_quality: u8,
}

impl FamilySpec {
    /// Longer side in pixels for one format.
    pub const fn px(&self, format: Format) -> u32 {
        match format {
            Format::Avif => self.avif_px,
            Format::Webp => self.webp_px,
        }
    }
}

/// The whole table; the default is the one in the README.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TierTable {
    /// Counts and ceilings by tier.
    pub tiers: BTreeMap<TierKey, TierSpec>,
    /// Pixel sizes by family.
    pub sizes: BTreeMap<Family, FamilySpec>,
    /// The formats that are published.
    pub formats: Vec<Format>,
}

impl Default for TierTable {
    fn default() -> Self {
        let tier = |frames, max_bytes| TierSpec { frames, max_bytes };
        let size = |avif_px, webp_px, min_quality| FamilySpec { avif_px, webp_px, min_quality };
        Self {
            tiers: BTreeMap::from([
                (TierKey::Still, tier(1, 10_000)),
                (TierKey::Preview, tier(12, 50_000)),
                (TierKey::Standard24, tier(24, 100_000)),
                (TierKey::Standard, tier(36, 150_000)),
                (TierKey::Hd, tier(60, 500_000)),
            ]),
            sizes: BTreeMap::from([
                (Family::Still, size(640, 640, 40)),
                (Family::Spin, size(640, 400, 40)),
                (Family::Hd, size(800, 560, 50)),
            ]),
            formats: Format::ALL.to_vec(),
        }
    }
}

/// A tier table that cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTable {
    /// A tier that everything rests on is missing.
    #[error("tiers.{0} is missing")]
    MissingTier(TierKey),
    /// A family has tiers but no size.
    #[error("sizes.{0} is missing")]
    MissingSize(Family),
    /// No format at all, or one twice.
    #[error("formats must name avif, webp or both, each once")]
    Formats,
    /// A count or a size is out of range.
    #[error("{0} must be from {1} to {2}")]
    Range(String, u64, u64),
}

impl TierTable {
    /// Checks what the types cannot say.
    pub fn validate(&self) -> Result<(), BadTable> {
        for key in [TierKey::Still, TierKey::Preview, TierKey::Standard] {
            self.tiers.contains_key(&key).then_some(()).ok_or(BadTable::MissingTier(key))?;
        }
        let within = |name: String, value: u64, low: u64, high: u64| {
            if (low..=high).contains(&value) { Ok(()) } else { Err(BadTable::Range(name, low, high)) }
        };
        for (key, spec) in &self.tiers {
            let (fewest, most) = if *key == TierKey::Still { (1, 1) } else { (2, 360) };
            within(format!("tiers.{key}.frames"), spec.frames.into(), fewest, most)?;
            within(format!("tiers.{key}.max_bytes"), spec.max_bytes, 1_000, 100_000_000)?;
            let size = self.sizes.get(&key.family()).ok_or(BadTable::MissingSize(key.family()))?;
            within(format!("sizes.{}.min_quality", key.family()), size.min_quality.into(), 0, 85)?;
            for format in Format::ALL {
                let name = format!("sizes.{}.{format}_px", key.family());
                within(name, size.px(format).into(), 16, 4096)?;
            }
        }
        let mut formats = self.formats.clone();
        formats.sort_unstable();
        formats.dedup();
        if formats.is_empty() || formats.len() != self.formats.len() {
            return Err(BadTable::Formats);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_is_valid() {
        assert_eq!(TierTable::default().validate(), Ok(()));
    }

    #[test]
    fn words_read_back() {
        for key in TierKey::ALL {
            assert_eq!(key.as_str().parse(), Ok(key));
        }
        assert_eq!("jpeg".parse::<Format>(), Err(UnknownWord));
    }

    #[test]
    fn a_table_without_standard_is_refused() {
        let mut table = TierTable::default();
        table.tiers.remove(&TierKey::Standard);
        assert_eq!(table.validate(), Err(BadTable::MissingTier(TierKey::Standard)));
    }

    #[test]
    fn a_still_has_one_frame() {
        let mut table = TierTable::default();
        table.tiers.insert(TierKey::Still, TierSpec { frames: 2, max_bytes: 10_000 });
        assert!(matches!(table.validate(), Err(BadTable::Range(name, 1, 1)) if name == "tiers.still.frames"));
    }
}
