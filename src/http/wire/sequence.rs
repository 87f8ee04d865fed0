//! The negotiated manifest: a version's manifest, and the decision for one request.

use std::collections::BTreeMap;

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    hints::Ect,
    loupe,
    manifest::Manifest,
    names::{Choices, ConfigId},
    policy,
};

use super::names;

/// A manifest, and the decision for this request.
///
/// The server appends the decision to the stored bytes of the manifest, so that it never serialises this.
#[derive(ToSchema)]
pub(crate) struct NegotiatedManifest {
    #[serde(flatten)]
    manifest: Manifest,
    #[serde(flatten)]
    decision: Decision,
}

/// What a negotiated manifest has beyond the version's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// The version's own manifest, at `/m/{digest}.json`.
    #[schema(value_type = names::Digest)]
    pub(crate) digest: Digest,
    pub(crate) policy: Policy,
    /// Live configurations that differ in one choice.
    #[schema(max_items = 24)]
    pub(crate) siblings: Vec<Sibling>,
    pub(crate) selected: Selected,
    /// Frames at the raw frames' own size, for a look closer than hd; once they are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) loupe: Option<Loupe>,
    /// Where such frames can be asked for by POST, while there are none: relative to the manifest's own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) loupe_request: Option<&'static str>,
    /// The hints that the server saw; with `explain=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) hints: Option<BTreeMap<&'static str, String>>,
}

/// A live configuration that differs in one choice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sibling {
    pub(crate) configuration: ConfigId,
    /// The choices that differ.
    #[schema(value_type = names::Choices)]
    pub(crate) choices: Choices,
    #[schema(value_type = names::Digest)]
    pub(crate) digest: Digest,
    /// The sets that standard draws on, by format.
    #[schema(value_type = BTreeMap<names::Format, names::Digest>)]
    pub(crate) sets: BTreeMap<Format, Digest>,
}

/// The server's choice: the delivery class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Selected {
    #[schema(value_type = SelectedTier)]
    pub(crate) tier: &'static str,
    #[schema(minimum = 1)]
    pub(crate) frames: u32,
    #[schema(value_type = names::Format)]
    pub(crate) format: Format,
    /// The rules that decided.
    #[schema(examples(json!(["network: 4g or unknown", "device: high-end"])))]
    pub(crate) because: Vec<String>,
}

/// Frames that lie exactly over those of hd, at the raw frames' own size: at most 2400 pixels on the longer side. Each is a file at
/// the manifest's `urls.frame`; no pack has them, and they are part of no tier.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Loupe {
    /// Width and height in pixels.
    pub(crate) size: [u32; 2],
    /// The whole degree of each frame, ascending.
    pub(crate) degrees: Vec<u16>,
    /// By format.
    #[schema(value_type = BTreeMap<names::Format, LoupeFrames>)]
    pub(crate) formats: BTreeMap<Format, LoupeFrames>,
}

/// A loupe in one format.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoupeFrames {
    /// The set of its frames.
    #[schema(value_type = names::Digest)]
    pub(crate) set: Digest,
    /// Bytes of each frame, in the order of their degrees.
    pub(crate) bytes: Vec<u32>,
}

impl From<loupe::Loupe> for Loupe {
    fn from(loupe::Loupe { size, degrees, formats }: loupe::Loupe) -> Self {
        let frames = |(format, loupe::Frames { set, bytes })| (format, LoupeFrames { set, bytes });
        Self { size, degrees, formats: formats.into_iter().map(frames).collect() }
    }
}

/// A tier as clients force it: `standard` has either of its counts of frames.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum SelectedTier {
    Still,
    Preview,
    Standard,
    Hd,
}

/// The table of evidence. In each list the first rule that applies sets a ceiling; the lower ceiling wins.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    /// The best tier for a client that forces none.
    #[schema(value_type = names::Tier)]
    pub(crate) unasked: TierKey,
    pub(crate) network: Vec<NetworkRule>,
    pub(crate) device: Vec<DeviceRule>,
    /// The number of frames that each tier aims at.
    #[schema(value_type = BTreeMap<names::Tier, u32>)]
    pub(crate) frames: BTreeMap<TierKey, u32>,
}

/// Evidence of the network. Any part of it applies the rule; a rule without evidence always applies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NetworkRule {
    pub(crate) name: String,
    /// This effective connection type, or a slower one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ConnectionType, required = false)]
    pub(crate) ect_to: Option<Ect>,
    /// A round trip of this many milliseconds, or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) rtt_ms_from: Option<u32>,
    /// A bandwidth below this, in Mbit/s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) downlink_mbps_under: Option<f64>,
    /// `Save-Data: on`.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    pub(crate) save_data: bool,
    #[schema(value_type = names::Tier)]
    pub(crate) ceiling: TierKey,
}

/// An effective connection type.
#[derive(ToSchema)]
pub(crate) enum ConnectionType {
    #[schema(rename = "slow-2g")]
    Slow2g,
    #[schema(rename = "2g")]
    G2,
    #[schema(rename = "3g")]
    G3,
    #[schema(rename = "4g")]
    G4,
}

/// Evidence of the device. Any part of it applies the rule; a rule without evidence always applies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceRule {
    pub(crate) name: String,
    /// Memory of this many GiB, or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) memory_gib_to: Option<f64>,
    /// Memory below this many GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) memory_gib_under: Option<f64>,
    /// A mobile device whose memory is unknown.
    #[serde(skip_serializing_if = "is_false")]
    #[schema(required = false)]
    pub(crate) mobile: bool,
    #[schema(value_type = names::Tier)]
    pub(crate) ceiling: TierKey,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl From<&policy::Policy> for Policy {
    fn from(policy: &policy::Policy) -> Self {
        let policy::Policy { unasked, network, device, frames } = policy;
        let network = network.iter().cloned().map(|rule| {
            let policy::NetworkRule { name, ect_to, rtt_ms_from, downlink_mbps_under, save_data, ceiling } =
                rule;
            NetworkRule { name, ect_to, rtt_ms_from, downlink_mbps_under, save_data, ceiling }
        });
        let device = device.iter().cloned().map(|rule| {
            let policy::DeviceRule { name, memory_gib_to, memory_gib_under, mobile, ceiling } = rule;
            DeviceRule { name, memory_gib_to, memory_gib_under, mobile, ceiling }
        });
        Self {
            unasked: *unasked,
            network: network.collect(),
            device: device.collect(),
            frames: frames.clone(),
        }
    }
}
