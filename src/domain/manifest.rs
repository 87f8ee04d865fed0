//! The manifest of a version: schema `girasol.manifest/1`.
//!
//! It names set digests and URL templates, never a hash for each frame. What can change without a
//! new version (digest, policy, siblings, selected) stands in the negotiated answer only.

use std::collections::BTreeMap;

use assets_pipeline::{
    digest::Digest,
    pack::{bare::Head, renditions},
    plan::tiers::{Format, TierKey},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{keys::hex, names::ConfigId, namespace::Namespace};

pub mod schema;

/// The value of [`Manifest::schema`].
pub const SCHEMA: &str = "girasol.manifest/1";

/// One immutable version of a configuration's spin. Fields are serialised in this order; the
/// manifest's digest is over exactly those bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    #[schema(value_type = schema::Name)]
    pub schema: String,
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// Counts up from 1 within the configuration.
    #[schema(minimum = 1)]
    pub version: i64,
    /// The raw turn.
    pub turn: Turn,
    /// Where the frames lie in the artist's frames.
    pub view: View,
    /// Colour behind the piece, `#rrggbb` or `transparent`.
    #[schema(pattern = "^(#[0-9a-f]{6}|transparent)$")]
    pub ground: String,
    /// ThumbHash of the hero frame, in base64.
    pub placeholder: String,
    /// The piece's dominant colour.
    #[schema(value_type = schema::Colour)]
    pub colour: String,
    /// Degree of the hero frame.
    #[schema(maximum = 359)]
    pub hero: u16,
    /// URL templates, resolved against the manifest's own URL.
    pub urls: Urls,
    /// What can be loaded, by tier.
    #[schema(value_type = BTreeMap<schema::Tier, Tier>)]
    pub tiers: BTreeMap<TierKey, Tier>,
}

/// The raw turn that a version was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Turn {
    /// Raw frames.
    pub frames: usize,
}

/// Where the published frames lie in the artist's frames, in the pixels of those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct View {
    /// Width and height of the raw frames.
    pub source: [u32; 2],
    /// Left, top, width and height of what was kept.
    pub crop: [u32; 4],
}

/// URL templates. Those of a protected configuration are relative: its manifest, frames and packs are reached by signed
/// addresses alone, which differ before the last part, and so the manifest is the same bytes for all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Urls {
    /// One frame.
    pub frame: String,
    /// One pack.
    pub pack: String,
    /// The live hero frame.
    pub still: String,
    /// An immutable manifest.
    pub manifest: String,
}

impl Urls {
    /// Where the files of a version in this namespace are found.
    pub fn of(namespace: Namespace) -> Self {
        match namespace {
            Namespace::Public => Self::default(),
            Namespace::Private(_) => Self::below(""),
        }
    }

    /// Behind a signed address.
    pub fn signed(token: &str) -> Self {
        Self::below(&format!("/signed/{token}/"))
    }

    fn below(base: &str) -> Self {
        Self {
            frame: format!("{base}s/{{set}}/{{degree}}.{{format}}"),
            pack: format!("{base}p/{{pack}}.pack"),
            still: format!("{base}still.{{format}}"),
            manifest: format!("{base}{{digest}}.json"),
        }
    }
}

impl Default for Urls {
    fn default() -> Self {
        Self {
            frame: "/s/{set}/{degree}.{format}".to_owned(),
            pack: "/p/{pack}.pack".to_owned(),
            still: "/still/{configuration}.{format}".to_owned(),
            manifest: "/m/{digest}.json".to_owned(),
        }
    }
}

/// One tier of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TierFrames)]
pub struct Tier {
    /// Frames a turn.
    pub frames: usize,
    /// Whole degree of each frame, ascending.
    pub degrees: Vec<u16>,
    /// True angles in degrees, where a whole degree had to be rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub angles: Option<Vec<f64>>,
    /// Ceiling in bytes for the tier's own frames, as viewers load them.
    pub budget: u64,
    /// Bytes of all that a client loads for the tier as whole files, by format.
    #[schema(value_type = BTreeMap<schema::Format, u64>)]
    pub load_bytes: BTreeMap<Format, u64>,
    /// The renditions that exist.
    #[schema(value_type = BTreeMap<schema::Format, Rendition>)]
    pub formats: BTreeMap<Format, Rendition>,
}

/// One tier of one version in one format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rendition {
    /// The set that the frames are addressed in.
    #[schema(value_type = schema::Digest)]
    pub set: Digest,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Bytes of the tier's own frames as whole files: never above the budget, or by 7 % at most where there are bare packs.
    pub bytes: u64,
    /// How close the frames are to what the artist gave.
    pub quality: Quality,
    /// What has to be loaded, in order.
    pub packs: Vec<PackEntry>,
    /// The same frames in fewer bytes, for clients that put files together: to be preferred. Only where it takes fewer, and not in
    /// versions that were made before there was such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bare: Option<Bare>,
}

impl Rendition {
    /// Bytes of the tier's own frames as viewers load them, never above the budget.
    pub fn loaded_bytes(&self) -> u64 {
        self.bare.as_ref().map_or(self.bytes, |bare| bare.bytes)
    }

    /// The packs that viewers load, in order.
    pub fn loaded_packs(&self) -> Vec<Digest> {
        match &self.bare {
            Some(bare) => bare.packs.clone(),
            None => self.packs.iter().map(|entry| entry.pack).collect(),
        }
    }
}

/// Packs of bare frames. A frame's file is the head, with the first bytes of the bare frame put into its holes, followed by the rest
/// of the bare frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Bare {
    /// What all frames of the set have in common, in hexadecimal digits: they compress better than base64.
    pub head: String,
    /// Offsets in the head of bytes that each frame has of its own, ascending.
    pub holes: Vec<u32>,
    /// Bytes of the tier's own bare frames and of the head, never above the budget.
    pub bytes: u64,
    /// A pack of bare frames for each of the rendition's packs, with the same degrees. Each frame is shorter than its file by the bytes of the
    /// head that are no holes.
    #[schema(value_type = Vec<schema::Digest>)]
    pub packs: Vec<Digest>,
}

impl Bare {
    /// Says what a pipeline's bare rendition is.
    pub fn of(bare: &renditions::Bare) -> Self {
        Self {
            head: hex(&bare.head.bytes),
            holes: bare.head.holes.clone(),
            bytes: bare.bytes,
            packs: bare.packs.iter().map(|pack| pack.digest).collect(),
        }
    }

    /// The head, if this is one.
    pub fn head(&self) -> Option<Head> {
        let digits =
            Some(self.head.as_str()).filter(|head| head.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?;
        Some(Head { bytes, holes: self.holes.clone() })
    }
}

/// A perceptual score of a rendition's frames against their resized originals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quality {
    /// Always `ssimulacra2`.
    #[schema(value_type = schema::Metric)]
    pub metric: String,
    /// Mean over the tier's frames.
    pub mean: f64,
    /// The worst frame.
    pub min: f64,
    /// The standard deviation round the turn. Versions that were made before it was measured have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub spread: Option<f64>,
    /// The largest difference between neighbours on the turn. Versions that were made before it was measured have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub step: Option<f64>,
}

/// One pack: enough to cut it into frames while it streams in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PackEntry {
    /// Names the object.
    #[schema(value_type = schema::Digest)]
    pub pack: Digest,
    /// Degree of each frame, in load order.
    pub degrees: Vec<u16>,
    /// Length of each frame in bytes, in the same order.
    pub lengths: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let bare = |head: &str| Bare { head: head.to_owned(), holes: vec![1], bytes: 0, packs: Vec::new() };
        let head = Head { bytes: vec![0, 0xff, 0x1a], holes: vec![1] };
        assert_eq!(bare(&hex(&head.bytes)).head(), Some(head));
        for other in ["0", "00f", "+1", "zz", "\u{e9}0"] {
            assert_eq!(bare(other).head(), None, "{other}");
        }
    }
}
