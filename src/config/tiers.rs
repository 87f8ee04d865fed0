//! `formats`, `[tiers.*]` and `[sizes.*]`: the keys of the tier table, whose rules are the pipeline's.

use assets_pipeline::plan::tiers::{Family, Format, TierKey, TierTable};
use toml::Value;

use super::setting::{Kind, Section, Setting, default_of, whole};

/// The setting that stands before all sections.
pub(super) fn formats() -> Setting {
    Setting {
        name: "formats",
        kind: Kind::Words(Format::ALL.iter().map(|format| format.as_str()).collect()),
        default: default_of(&TierTable::default().formats),
        example: None,
        required: false,
        about: "The formats that frames are published in.".to_owned(),
    }
}

/// A section for each tier and each size.
pub(super) fn sections() -> Vec<Section> {
    let table = TierTable::default();
    let tiers = TierKey::ALL.into_iter().map(|key| {
        let spec = &table.tiers[&key];
        let frames = if key == TierKey::Still { whole(1, 1) } else { whole(2, 360) };
        Section {
            name: format!("tiers.{key}"),
            about: about_tier(key).to_owned(),
            settings: vec![
                setting(
                    "frames",
                    frames,
                    spec.frames.into(),
                    "Frames of a turn, at most; the divisors of the turn decide.",
                ),
                setting(
                    "max_bytes",
                    whole(1_000, 100_000_000),
                    spec.max_bytes,
                    "Most bytes of all frames of the tier together, in each format.",
                ),
            ],
        }
    });
    let sizes = Family::ALL.into_iter().map(|family| {
        let size = &table.sizes[&family];
        Section {
            name: format!("sizes.{family}"),
            about: about_size(family).to_owned(),
            settings: vec![
                setting("avif_px", whole(16, 4096), size.avif_px.into(), "Longer side in pixels, AVIF."),
                setting("webp_px", whole(16, 4096), size.webp_px.into(), "Longer side in pixels, WebP."),
                setting(
                    "min_quality",
                    whole(0, 85),
                    size.min_quality.into(),
                    "Least mean SSIMULACRA2. Frames that would be poorer are published at fewer pixels instead.",
                ),
            ],
        }
    });
    tiers.chain(sizes).collect()
}

fn setting(name: &'static str, kind: Kind, default: u64, about: &str) -> Setting {
    let default = i64::try_from(default).ok().map(Value::Integer);
    Setting { name, kind, default, example: None, required: false, about: about.to_owned() }
}

const fn about_tier(key: TierKey) -> &'static str {
    match key {
        TierKey::Still => "The hero frame alone.",
        TierKey::Preview => "The tier of the first paint, for every visitor.",
        TierKey::Standard24 => "The standard tier of mid-range devices, with fewer frames.",
        TierKey::Standard => "The tier that most visitors get.",
        TierKey::Hd => "The tier for zoom and fullscreen, and for requests that ask for it.",
    }
}

const fn about_size(family: Family) -> &'static str {
    match family {
        Family::Still => "Pixels of the still.",
        Family::Spin => "Pixels of the tiers preview, standard-24 and standard, which share their frames.",
        Family::Hd => "Pixels of the tier hd.",
    }
}
