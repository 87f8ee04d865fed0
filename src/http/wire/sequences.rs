//! The versions of a configuration's spin.

use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    db::versions::{ListedVersion, VersionKind as StoredKind},
    domain::{
        figures::{FrameFigures, SetFigures},
        names::ConfigId,
    },
};

use super::{names, purges::DeliveryState, timestamp::Timestamp};

/// The versions of a configuration's spin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the field is called so on the wire")]
pub(crate) struct Sequence {
    pub(crate) configuration: ConfigId,
    /// The live version.
    pub(crate) live: Option<i64>,
    /// The spin was taken down, and no version is live since.
    pub(crate) taken_down: bool,
    /// Only signed addresses show the spin; those in this answer are signed for the caller.
    pub(crate) protected: bool,
    /// The newest version comes first.
    pub(crate) versions: Vec<Version>,
    /// The address of the manifest: public, or signed for the caller.
    #[schema(format = "uri-reference")]
    pub(crate) sequence: String,
    /// After a change: the state of its purge at each CDN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) purged: Option<Vec<DeliveryState>>,
}

/// A version.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the field is called so on the wire")]
pub(crate) struct Version {
    #[schema(minimum = 1)]
    version: i64,
    kind: VersionKind,
    /// The address of its immutable manifest.
    #[schema(format = "uri-reference")]
    manifest: String,
    created: Timestamp,
    /// When it went live last.
    published: Option<Timestamp>,
    live: bool,
    /// The version that this one was polished from: of the same frames by the same rules, only better.
    #[serde(rename = "polishedFrom")]
    polished_from: Option<i64>,
}

/// How much of a spin a version has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VersionKind {
    /// The still and the preview.
    Early,
    /// Every tier.
    Full,
}

impl From<StoredKind> for VersionKind {
    fn from(kind: StoredKind) -> Self {
        match kind {
            StoredKind::Early => Self::Early,
            StoredKind::Full => Self::Full,
        }
    }
}

impl Version {
    /// A version whose manifest has an address by this template.
    pub(crate) fn of(version: &ListedVersion, template: &str) -> Self {
        Self {
            version: version.version,
            kind: version.kind.into(),
            manifest: template.replace("{digest}", &version.digest.to_string()),
            created: Timestamp(version.created_at_ms),
            published: version.published_at_ms.map(Timestamp),
            live: version.is_live,
            polished_from: version.variant_of,
        }
    }
}

/// A version with the figures of its frames.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionDetail {
    pub(crate) configuration: ConfigId,
    #[serde(flatten)]
    pub(crate) version: Version,
    /// The address of its negotiated manifest, for the caller.
    #[schema(format = "uri-reference")]
    pub(crate) sequence: String,
    pub(crate) sets: Vec<FrameFiguresOfSet>,
}

/// The frames of one size and format.
#[derive(Serialize, ToSchema)]
pub(crate) struct FrameFiguresOfSet {
    #[schema(value_type = names::Digest)]
    set: Digest,
    #[schema(value_type = names::Format)]
    format: Format,
    /// The tiers that use the set.
    #[schema(value_type = Vec<names::Tier>)]
    tiers: Vec<TierKey>,
    /// Width and height in pixels.
    #[schema(value_type = Vec<u32>, min_items = 2, max_items = 2)]
    size: [u32; 2],
    /// By degree, ascending.
    frames: Vec<FrameFigure>,
}

/// A frame.
#[derive(Serialize, ToSchema)]
pub(crate) struct FrameFigure {
    #[schema(maximum = 359)]
    degree: u16,
    bytes: u32,
    /// SSIMULACRA2 against the resized original.
    quality: Option<f64>,
}

impl From<SetFigures> for FrameFiguresOfSet {
    fn from(set: SetFigures) -> Self {
        let SetFigures { set, format, tiers, size, frames } = set;
        let frame = |FrameFigures { degree, bytes, quality }| FrameFigure { degree, bytes, quality };
        Self { set, format, tiers, size, frames: frames.into_iter().map(frame).collect() }
    }
}

/// A version to publish.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publish {
    /// Its number. Without it, the newest version goes live that has every tier.
    #[schema(examples(1), nullable = false)]
    pub(crate) version: Option<i64>,
}

/// That a take-down is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeDown {
    /// The configuration's id once more.
    #[schema(examples("ring.solitaire.metal-rose-gold.stone-diamond"))]
    pub(crate) confirm: String,
}

/// How long a preview link is valid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreatePreviewLink {
    #[schema(minimum = 1, maximum = 2160, examples(72))]
    pub(crate) hours: i64,
}

/// A preview link.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviewLink {
    /// A page that shows the version.
    #[schema(format = "uri")]
    pub(crate) link: String,
    /// The `src` of a `<girasol-spin>` on another page.
    #[schema(format = "uri")]
    pub(crate) sequence: String,
    pub(crate) expires: Timestamp,
}

/// How long a signed address is valid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    #[schema(minimum = 1, maximum = 8784, examples(24))]
    pub(crate) hours: i64,
}

/// A signed address.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedAddress {
    /// The `src` of a `<girasol-spin>`.
    #[schema(format = "uri")]
    pub(crate) sequence: String,
    pub(crate) expires: Timestamp,
}
