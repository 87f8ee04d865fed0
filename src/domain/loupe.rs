//! The loupe: frames at the raw frames' own size, which lie over those of hd for a look at one angle. They are no tier, belong
//! to one version, and are made while nothing else is to do.

use std::collections::BTreeMap;

use assets_pipeline::{
    digest::Digest,
    encode::Effort,
    loupe::Under,
    plan::tiers::{Format, TierKey},
    prepare::ground::Bounds as Crop,
    settings::Settings,
};
use serde::{Deserialize, Serialize};

use super::{
    frameset::FramesetId,
    manifest::Manifest,
    names::ConfigId,
    object_key::ObjectKey,
    polish::{Bounds, Spin},
};

/// What an operator has set.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// When loupes are made, and for how much CPU time.
    pub bounds: Bounds,
    /// How many visitors may ask for in a day, all together.
    pub asked_a_day: u32,
    /// How turns are encoded where the artist says nothing else.
    pub settings: Settings,
}

impl Rules {
    /// How the raw frames of a spin were prepared; `None` where others may have been used for it.
    pub fn settings_of(&self, spin: &Spin) -> Option<Settings> {
        let settings = spin.turn.over(&self.settings);
        let polished = Settings { effort: Effort::Max, ..settings.clone() };
        let is_of_same_rules = || [&settings, &polished].iter().any(|one| one.digest() == spin.settings);
        (spin.is_of_job || is_of_same_rules()).then_some(settings)
    }
}

/// A live spin without a loupe, and raw frames that one may be made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// The live version.
    pub version: i64,
    /// The frame set.
    pub frameset: FramesetId,
    /// What is known of how it was made.
    pub spin: Spin,
}

/// What became of a loupe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownState, parse_err_fn = unknown)]
pub enum State {
    /// It waits until nothing else is to do.
    Queued,
    /// A worker encodes it.
    Running,
    /// Visitors get it.
    Ready,
    /// The raw frames show hardly more than hd does.
    Unneeded,
    /// The raw frames were deleted meanwhile.
    FramesGone,
    /// It could not be made.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Ready, Self::Unneeded, Self::FramesGone, Self::Failed];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no state of a loupe")]
pub struct UnknownState;

const fn unknown(_word: &str) -> UnknownState {
    UnknownState
}

/// A loupe that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loupe {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The whole degree of each frame, ascending.
    pub degrees: Vec<u16>,
    /// By format.
    pub formats: BTreeMap<Format, Frames>,
}

/// A loupe in one format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frames {
    /// The set of its frames.
    pub set: Digest,
    /// Bytes of each frame, in the order of their degrees.
    pub bytes: Vec<u32>,
}

impl Loupe {
    /// Every object of it, each once.
    pub fn keys(&self) -> Vec<ObjectKey> {
        let of_format = |(format, frames): (&Format, &Frames)| {
            let (set, format) = (frames.set, *format);
            let frame = move |degree: &u16| ObjectKey::Frame { set, degree: *degree, format };
            std::iter::once(ObjectKey::SetList(set)).chain(self.degrees.iter().map(frame)).collect::<Vec<_>>()
        };
        self.formats.iter().flat_map(of_format).collect()
    }

    /// Bytes of all frames.
    pub fn bytes(&self) -> u64 {
        self.formats.values().flat_map(|frames| &frames.bytes).copied().map(u64::from).sum()
    }
}

/// What the loupe of a version lies over; `None` where the version has no hd, or its manifest says what cannot be.
pub fn under(manifest: &Manifest) -> Option<Under> {
    let hd = manifest.tiers.get(&TierKey::Hd)?;
    let [left, top, width, height] = manifest.view.crop;
    let (right, bottom) = (left.checked_add(width)?, top.checked_add(height)?);
    let turn = manifest.turn.frames;
    // Of whole degrees where all angles are.
    let angle = |nth: usize| hd.angles.as_ref().map_or(f64::from(hd.degrees[nth]), |angles| angles[nth]);
    let position = |nth: usize| (angle(nth) * turn as f64 / 360.0).round() as usize % turn.max(1);
    if hd.angles.as_ref().is_some_and(|angles| angles.len() != hd.degrees.len()) {
        return None;
    }
    let degrees = hd.degrees.iter().enumerate().map(|(nth, degree)| (position(nth), *degree)).collect();
    let sides = hd.formats.values().flat_map(|rendition| rendition.size);
    Some(Under {
        crop: Crop { left, top, right, bottom },
        ground: manifest.ground.parse().ok()?,
        degrees,
        px: sides.max()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frameset::TurnSettings;

    fn rules() -> Rules {
        let bounds = Bounds { is_enabled: true, cpu_ms_a_day: 1, idle_ms: 1 };
        Rules { bounds, asked_a_day: 1, settings: Settings::default() }
    }

    #[test]
    fn frames_that_were_sent_with_other_settings_are_not_taken() {
        let rules = rules();
        let turned = TurnSettings { hero: 90.0, ..TurnSettings::default() };
        let settings = turned.over(&rules.settings);
        let of_job = Spin { turn: turned, settings: Digest::of(b"older"), is_of_job: true };
        assert_eq!(rules.settings_of(&of_job), Some(settings.clone()));
        let sent_again = Spin { is_of_job: false, ..of_job };
        assert_eq!(rules.settings_of(&sent_again), None);
        let polished = Settings { effort: Effort::Max, ..settings.clone() };
        for same in [settings.digest(), polished.digest()] {
            let spin = Spin { settings: same, ..sent_again.clone() };
            assert_eq!(rules.settings_of(&spin), Some(settings.clone()));
        }
    }

    #[test]
    fn every_frame_and_list_of_a_loupe_is_an_object() {
        let set = Digest::of(b"set");
        let frames = Frames { set, bytes: vec![7, 9] };
        let loupe = Loupe {
            size: [2400, 1600],
            degrees: vec![0, 180],
            formats: BTreeMap::from([(Format::Avif, frames)]),
        };
        let frame = |degree| ObjectKey::Frame { set, degree, format: Format::Avif };
        assert_eq!(loupe.keys(), [ObjectKey::SetList(set), frame(0), frame(180)]);
        assert_eq!(loupe.bytes(), 16);
    }

    #[test]
    fn states_are_words() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("lost".parse::<State>(), Err(UnknownState));
    }
}
