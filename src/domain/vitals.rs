//! What a viewer measured while a visitor looked at a spin. Nothing in it identifies the visitor.

use assets_pipeline::plan::tiers::{Format, TierKey};
use serde::Deserialize;

use super::names::ConfigId;

/// What a look calls itself.
const SCHEMA: &str = "girasol.vitals/1";
/// Longest time that is believed, in milliseconds: an hour.
const MAX_MS: u32 = 3_600_000;
/// Most bytes that are believed: some thousand spins.
const MAX_BYTES: u64 = 1_000_000_000;
/// Most paints, switches and failures.
const MAX_COUNT: u32 = 1_000_000;
/// The largest shift of a layout that is believed, in thousandths.
const MAX_CLS: u32 = 100_000;
/// Sectors of a turn, of 10 degrees each.
pub const SECTORS: usize = 36;

/// One look at a spin. Times are in milliseconds from when it came near the viewport; what did not happen is left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Vitals {
    schema: String,
    /// What was looked at in the end.
    #[serde(deserialize_with = "parsed")]
    pub configuration: ConfigId,
    /// The tier that was shown in the end.
    #[serde(deserialize_with = "parsed")]
    pub tier: TierKey,
    /// Until the first frame was painted.
    #[serde(default)]
    pub frame_ms: Option<u32>,
    /// Until the first tier could be turned.
    #[serde(default)]
    pub spin_ms: Option<u32>,
    /// Until the last tier was whole.
    #[serde(default)]
    pub full_ms: Option<u32>,
    /// How often another metal or stone was chosen.
    #[serde(default)]
    pub switches: u32,
    /// The slowest of them, from the choice to its paint.
    #[serde(default)]
    pub switch_ms: Option<u32>,
    /// Frames painted while the piece turned.
    #[serde(default)]
    pub turned: u32,
    /// Of them, those that were the wanted angle and not a neighbour.
    #[serde(default)]
    pub wanted: u32,
    /// Encoded bytes of the frames that came.
    #[serde(default)]
    pub bytes: u64,
    /// Failures that the visitor was shown.
    #[serde(default)]
    pub errors: u32,
    /// The format of the frames.
    #[serde(default)]
    pub format: Option<Format>,
    /// How long the visitor looked at each sector of the turn, from 0 degrees on, in milliseconds.
    #[serde(default)]
    pub looks: Vec<u32>,
    /// Frames of hd that were painted while the piece rested.
    #[serde(default)]
    pub rested: u32,
    /// Frames of a loupe that were painted.
    #[serde(default)]
    pub loupes: u32,
    /// Of the page: its largest contentful paint.
    #[serde(default)]
    pub lcp_ms: Option<u32>,
    /// Of the page: how much its layout shifted, in thousandths.
    #[serde(default)]
    pub cls_thousandths: Option<u32>,
    /// Of the page: its slowest interaction, to the next paint.
    #[serde(default)]
    pub inp_ms: Option<u32>,
}

impl Vitals {
    /// Whether a viewer can have measured this; otherwise which field it cannot have.
    pub fn plausible(&self) -> Result<(), &'static str> {
        let times = [self.frame_ms, self.spin_ms, self.full_ms, self.switch_ms];
        let counts = [self.switches, self.turned, self.rested, self.loupes, self.errors];
        let checks = [
            ("schema", self.schema == SCHEMA),
            ("frame_ms, spin_ms, full_ms and switch_ms", times.iter().flatten().all(|ms| *ms <= MAX_MS)),
            ("switches, turned, rested, loupes and errors", counts.iter().all(|count| *count <= MAX_COUNT)),
            ("wanted", self.wanted <= self.turned),
            ("bytes", self.bytes <= MAX_BYTES),
            ("looks", self.looks.len() <= SECTORS && self.looks.iter().all(|ms| *ms <= MAX_MS)),
            ("lcp_ms and inp_ms", [self.lcp_ms, self.inp_ms].iter().flatten().all(|ms| *ms <= MAX_MS)),
            ("cls_thousandths", self.cls_thousandths.is_none_or(|shift| shift <= MAX_CLS)),
        ];
        checks.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(field, _)| Err(field))
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
            r#"{{"schema": "girasol.vitals/1", "configuration": "ring.solitaire.metal-platinum", "tier": "standard"{rest}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_no_viewer_can_have_measured_is_found() {
        assert_eq!(vitals("").plausible(), Ok(()));
        assert_eq!(
            vitals(r#", "turned": 4, "wanted": 4, "switch_ms": 90, "switches": 1"#).plausible(),
            Ok(())
        );
        for (rest, field) in [
            (r#", "spin_ms": 3600001"#, "frame_ms, spin_ms, full_ms and switch_ms"),
            (r#", "switches": 1000001"#, "switches, turned, rested, loupes and errors"),
            (r#", "rested": 1000001"#, "switches, turned, rested, loupes and errors"),
            (r#", "loupes": 1000001"#, "switches, turned, rested, loupes and errors"),
            (r#", "turned": 3, "wanted": 4"#, "wanted"),
            (r#", "bytes": 1000000001"#, "bytes"),
            (r#", "looks": [1, 3600001]"#, "looks"),
            (r#", "inp_ms": 3600001"#, "lcp_ms and inp_ms"),
            (r#", "cls_thousandths": 100001"#, "cls_thousandths"),
        ] {
            assert_eq!(vitals(rest).plausible(), Err(field));
        }
        let looks = format!(r#", "looks": {:?}"#, [1; SECTORS + 1]);
        assert_eq!(vitals(&looks).plausible(), Err("looks"));
        let other = Vitals { schema: "girasol.vitals/2".to_owned(), ..vitals("") };
        assert_eq!(other.plausible(), Err("schema"));
    }
}
