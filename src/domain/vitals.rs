//! What a viewer measured while somebody looked at a spin. Nothing in it says who.

use assets_pipeline::tiers::{Format, TierKey};
use serde::Deserialize;

use super::names::ConfigId;

/// Longest time that is believed, in milliseconds: ten minutes.
const MAX_MS: u32 = 600_000;
/// Most bytes that are believed: some hundred spins.
const MAX_BYTES: u64 = 200_000_000;
const MAX_FRAMES: u32 = 1_000_000;
const MAX_ERRORS: u32 = 10_000;
const MAX_SWITCHES: usize = 20;

/// One look at a spin. Times are in milliseconds from when the viewer began to load.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// What was looked at in the end.
    #[serde(deserialize_with = "parsed")]
    pub configuration: ConfigId,
    /// The best tier that was shown.
    #[serde(deserialize_with = "parsed")]
    pub tier: TierKey,
    /// What it was shown in.
    #[serde(deserialize_with = "parsed")]
    pub format: Format,
    /// Until the first frame was painted.
    #[serde(default)]
    pub first_frame: Option<u32>,
    /// Until the preview could be turned.
    #[serde(default)]
    pub first_spin: Option<u32>,
    /// Until all of standard was there.
    #[serde(default)]
    pub full_standard: Option<u32>,
    /// From each choice of a metal or stone until it was painted.
    #[serde(default)]
    pub switches: Vec<u32>,
    /// Frames painted while somebody turned the piece.
    #[serde(default)]
    pub drag_frames: u32,
    /// Of them, those that were the wanted angle and not a neighbour.
    #[serde(default)]
    pub drag_wanted: u32,
    /// Loaded from the network, as far as the browser says.
    #[serde(default)]
    pub bytes: u64,
    /// Requests that failed, also if they were repeated well.
    #[serde(default)]
    pub errors: u32,
}

impl Vitals {
    /// Whether a browser can have measured this; otherwise which field it cannot have.
    pub fn plausible(&self) -> Result<(), &'static str> {
        let times = [self.first_frame, self.first_spin, self.full_standard];
        let checks = [
            ("firstFrame, firstSpin and fullStandard", times.iter().flatten().all(|ms| *ms <= MAX_MS)),
            ("switches", self.switches.len() <= MAX_SWITCHES && self.switches.iter().all(|ms| *ms <= MAX_MS)),
            ("dragFrames", self.drag_frames <= MAX_FRAMES),
            ("dragWanted", self.drag_wanted <= self.drag_frames),
            ("bytes", self.bytes <= MAX_BYTES),
            ("errors", self.errors <= MAX_ERRORS),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(field, _)| Err(field))
    }

    /// The switch in the middle: of two the slower one.
    pub fn median_switch(&self) -> Option<u32> {
        let mut switches = self.switches.clone();
        switches.sort_unstable();
        switches.get(switches.len() / 2).copied()
    }
}

fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vitals(rest: &str) -> Vitals {
        let text = format!(
            r#"{{"configuration": "ring.solitaire.metal-platinum", "tier": "standard", "format": "avif"{rest}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_no_browser_can_have_measured_is_found() {
        assert_eq!(vitals("").plausible(), Ok(()));
        for (rest, field) in [
            (r#", "firstSpin": 600001"#, "firstFrame, firstSpin and fullStandard"),
            (r#", "switches": [1, 700000]"#, "switches"),
            (r#", "dragFrames": 3, "dragWanted": 4"#, "dragWanted"),
            (r#", "bytes": 200000001"#, "bytes"),
            (r#", "errors": 10001"#, "errors"),
        ] {
            assert_eq!(vitals(rest).plausible(), Err(field));
        }
    }

    #[test]
    fn the_switch_in_the_middle_is_taken() {
        assert_eq!(vitals("").median_switch(), None);
        assert_eq!(vitals(r#", "switches": [300, 100, 200]"#).median_switch(), Some(200));
        assert_eq!(vitals(r#", "switches": [300, 100]"#).median_switch(), Some(300));
    }
}
