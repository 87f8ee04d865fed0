//! Loupes, as artists see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::loupes::Entry,
    domain::{loupe::State, names::ConfigId},
    library::loupe::Standing,
};

use super::timestamp::Timestamp;

/// The loupe of a live version: frames for visitors who zoom further than hd goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoupeStanding {
    configuration: ConfigId,
    /// The live version.
    version: Option<i64>,
    state: LoupeState,
    /// Bytes of its frames in all formats, which are stored beside those of the tiers.
    bytes: u64,
    /// CPU time that it took.
    cpu_seconds: f64,
    /// Whether a visitor asked for it.
    asked: bool,
    /// When anything of it changed last.
    changed: Option<Timestamp>,
}

/// How far the loupe is, or why there is none.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LoupeState {
    /// It is made once nothing else is to do, and more popular spins have had their turn.
    Due,
    /// It is next.
    Queued,
    /// It is being encoded.
    Running,
    /// Visitors get it.
    Ready,
    /// The raw frames show hardly more than hd does.
    Unneeded,
    /// The raw frames were deleted meanwhile.
    FramesGone,
    /// It could not be made.
    Failed,
    /// The settings forbid it.
    Disabled,
    /// Nothing is live, or only a preview.
    NothingLive,
    /// The raw frames are gone, or were never stored.
    NoFrames,
}

impl From<State> for LoupeState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Ready => Self::Ready,
            State::Unneeded => Self::Unneeded,
            State::FramesGone => Self::FramesGone,
            State::Failed => Self::Failed,
        }
    }
}

impl LoupeStanding {
    pub(crate) fn new(configuration: ConfigId, version: Option<i64>, standing: Standing) -> Self {
        let state = match standing {
            Standing::Known(entry) => return Self::known(entry),
            Standing::Due => LoupeState::Due,
            Standing::Disabled => LoupeState::Disabled,
            Standing::NothingLive => LoupeState::NothingLive,
            Standing::NoFrames => LoupeState::NoFrames,
        };
        Self { configuration, version, state, bytes: 0, cpu_seconds: 0.0, asked: false, changed: None }
    }

    fn known(entry: Entry) -> Self {
        Self {
            configuration: entry.configuration,
            version: Some(entry.version),
            state: entry.state.into(),
            bytes: entry.bytes,
            cpu_seconds: entry.cpu_ms as f64 / 1000.0,
            asked: entry.was_asked,
            changed: Some(Timestamp(entry.changed_at_ms)),
        }
    }
}
