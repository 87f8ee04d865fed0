//! Frame sets and their frames.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    db::framesets::StoredFrame,
    domain::{
        frameset::{self, TurnSettings},
        names::{Choices, ProductId},
    },
};

use super::{
    jobs::Job,
    names,
    settings::{Settings, SettingsChange},
    timestamp::Timestamp,
};

/// A frame set to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewFrameset {
    /// Jewelry type and base model, with a dot or a slash between them.
    #[schema(
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*[./][a-z0-9]+(-[a-z0-9]+)*$",
        max_length = 129,
        examples("ring.solitaire")
    )]
    pub(crate) product: String,
    #[serde(default)]
    #[schema(value_type = names::Choices)]
    pub(crate) choices: BTreeMap<String, String>,
    /// Whether the choices may add options and choices to a product that exists. They stay on it, and it is public.
    #[serde(default)]
    pub(crate) new_choices: bool,
    /// The number of frames that follow: at most as many as the server allows, 1000 by default. The set commits itself with
    /// the last one, as soon as the check has looked at them. Where the check asks something, the set stays open until
    /// `commit` acknowledges it, or until another frame takes the place of one.
    #[schema(minimum = 1)]
    pub(crate) frames: Option<u32>,
    /// Whether to protect the configuration before anything of it is stored. The job fails if the configuration is public.
    #[serde(default)]
    pub(crate) protected: bool,
    #[serde(default)]
    #[schema(value_type = SettingsChange)]
    pub(crate) settings: serde_json::Map<String, serde_json::Value>,
}

/// Other names for frames.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenameFrames {
    /// By the name of now, the name from now on. Two frames may change places.
    pub(crate) names: BTreeMap<String, String>,
    /// The revision of the set. Nothing is renamed if the set has another one by now.
    #[schema(value_type = names::Digest)]
    pub(crate) revision: String,
}

/// Frame sets.
#[derive(Serialize, ToSchema)]
pub(crate) struct Framesets {
    /// The set that changed last comes first.
    pub(crate) framesets: Vec<Frameset>,
}

/// The raw frames of one configuration.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Frameset {
    #[schema(value_type = names::Id)]
    id: String,
    product: ProductId,
    #[schema(value_type = names::Choices)]
    choices: Choices,
    state: FramesetState,
    #[schema(value_type = Settings)]
    settings: TurnSettings,
    /// The number of frames that the client announced.
    expected: Option<u32>,
    /// Whether the configuration is protected before anything of it is stored.
    protected: bool,
    /// The number of frames.
    frames: u32,
    /// The bytes of all frames.
    bytes: u64,
    opened: Timestamp,
    #[schema(value_type = names::KeyId)]
    opened_by: String,
    /// Names the frames and their contents as they are. A mend names the revision that it was decided on. Lists leave it
    /// out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = names::Digest, nullable = false)]
    pub(crate) revision: Option<String>,
    /// The job, once the set is committed. Lists leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) job: Option<Job>,
    /// The frames in turn order. Lists leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) files: Option<Vec<Frame>>,
}

/// Whether a set takes frames.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FramesetState {
    /// It takes frames.
    Open,
    /// It takes no more frames and has a job.
    Committed,
}

impl From<frameset::FramesetState> for FramesetState {
    fn from(state: frameset::FramesetState) -> Self {
        match state {
            frameset::FramesetState::Open => Self::Open,
            frameset::FramesetState::Committed => Self::Committed,
        }
    }
}

impl From<frameset::Frameset> for Frameset {
    fn from(set: frameset::Frameset) -> Self {
        Self {
            id: set.id.to_string(),
            product: set.wanted.product,
            choices: set.wanted.choices,
            state: set.state.into(),
            settings: set.wanted.settings,
            expected: set.wanted.expected,
            protected: set.wanted.protected,
            frames: set.frames,
            bytes: set.bytes,
            opened: Timestamp(set.created_at_ms),
            opened_by: set.key.to_string(),
            revision: None,
            job: None,
            files: None,
        }
    }
}

/// A frame of a set.
#[derive(Serialize, ToSchema)]
pub(crate) struct Frame {
    #[schema(value_type = names::FileName)]
    name: String,
    bytes: u64,
    #[schema(value_type = names::Digest)]
    digest: String,
}

impl From<StoredFrame> for Frame {
    fn from(frame: StoredFrame) -> Self {
        Self { name: frame.name.to_string(), bytes: frame.bytes, digest: frame.digest.to_string() }
    }
}

/// The frames that a file became.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Added {
    /// A frame.
    Frame(Frame),
    /// The frames of an archive.
    Archive(Archive),
}

/// The frames of a zip or tar.
#[derive(Serialize, ToSchema)]
pub(crate) struct Archive {
    #[schema(value_type = names::FileName)]
    pub(crate) name: String,
    pub(crate) frames: Vec<Frame>,
}
