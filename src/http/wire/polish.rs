//! Polishing: what it has done for a live version, or will.

use assets_pipeline::plan::tiers::{Format, TierKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::polishes::Polish as Tried,
    domain::{
        gain::Gain,
        names::ConfigId,
        polish::{Standing, State},
    },
};

use super::{names, timestamp::Timestamp};

/// What polishing has done for a live version, or will.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Polish {
    pub(crate) configuration: ConfigId,
    state: PolishState,
    /// The version that was polished.
    from: Option<i64>,
    /// The version that it made.
    version: Option<i64>,
    /// When anything of it changed last.
    changed: Option<Timestamp>,
    /// CPU time that it took.
    cpu_seconds: f64,
    /// The quality of each rendition, before and after; empty until that is known.
    gains: Vec<PolishGain>,
}

/// How far polishing is, or why nothing is polished.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PolishState {
    /// It is polished once nothing else is to do, and more popular spins have had their turn.
    Due,
    /// It is next.
    Queued,
    /// It is being encoded.
    Running,
    /// It was better, and went live.
    Better,
    /// It was not better in every tier, and nothing of it is stored.
    NotBetter,
    /// Something else went live, or the spin was rolled back, taken down or protected meanwhile.
    Overtaken,
    /// The raw frames were deleted meanwhile.
    FramesGone,
    /// It could not be encoded.
    Failed,
    /// The settings forbid it.
    Disabled,
    /// Nothing is live, or only a preview.
    NothingLive,
    /// Protected configurations are not polished.
    Protected,
    /// A newer version waits to be published, or an artist has rolled back.
    NotNewest,
    /// It was made with as much effort.
    Unneeded,
    /// The raw frames are gone, or were never stored.
    NoFrames,
}

/// The quality of a rendition, before it was polished and after.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolishGain {
    #[schema(value_type = names::Tier)]
    tier: TierKey,
    #[schema(value_type = names::Format)]
    format: Format,
    /// SSIMULACRA2 against the resized originals: the mean.
    before: f64,
    /// The same, as it was polished.
    after: f64,
}

impl From<State> for PolishState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Running => Self::Running,
            State::Better => Self::Better,
            State::NotBetter => Self::NotBetter,
            State::Overtaken => Self::Overtaken,
            State::FramesGone => Self::FramesGone,
            State::Failed => Self::Failed,
        }
    }
}

impl From<Standing> for PolishState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Due => Self::Due,
            Standing::Disabled => Self::Disabled,
            Standing::NothingLive => Self::NothingLive,
            Standing::Protected => Self::Protected,
            Standing::NotNewest => Self::NotNewest,
            Standing::Unneeded => Self::Unneeded,
            Standing::NoFrames => Self::NoFrames,
        }
    }
}

impl Polish {
    /// A configuration whose live version was tried.
    pub(crate) fn tried(tried: Tried) -> Self {
        let gain = |Gain { tier, format, before, after }| PolishGain { tier, format, before, after };
        Self {
            configuration: tried.configuration,
            state: tried.state.into(),
            from: Some(tried.version),
            version: tried.made,
            changed: Some(Timestamp(tried.changed_at_ms)),
            cpu_seconds: tried.cpu_ms as f64 / 1000.0,
            gains: tried.gains.into_iter().map(gain).collect(),
        }
    }

    /// A configuration whose live version was not.
    pub(crate) fn not_tried(configuration: ConfigId, standing: Standing) -> Self {
        let (from, version, changed, gains) = (None, None, None, Vec::new());
        Self { configuration, state: standing.into(), from, version, changed, cpu_seconds: 0.0, gains }
    }
}
