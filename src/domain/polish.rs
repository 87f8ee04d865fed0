//! Polishing: a live spin is encoded again with more effort while nothing else is to do, and takes the place of what is live
//! where it is better.

use assets_pipeline::{digest::Digest, encode::Effort, settings::Settings};

use super::{
    frameset::{FramesetId, TurnSettings},
    names::ConfigId,
};

/// CPU time is bounded over this time, which ends now: a day.
pub const DAY_MS: i64 = 86_400_000;

/// What an operator has set.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Whether anything is polished.
    pub is_enabled: bool,
    /// CPU time in milliseconds that all processes together may spend in a day.
    pub cpu_ms_a_day: i64,
    /// How long no job has to have ended before a spin is queued, in milliseconds.
    pub idle_ms: i64,
    /// How turns are encoded where the artist says nothing else.
    pub settings: Settings,
}

/// What the queue and the books show at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Situation {
    /// Whether a job waits for a worker, or anything is being encoded for an artist.
    pub is_busy: bool,
    /// When the last job ended, if any did.
    pub ended_at_ms: Option<i64>,
    /// CPU time that polishing took within the last [`DAY_MS`].
    pub cpu_ms: i64,
}

/// Why nothing is polished now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Hindrance {
    /// The settings forbid it.
    Disabled,
    /// Artists need the machines.
    Busy,
    /// Visitors need them: a launch is on.
    Launch,
    /// The CPU time of a day is spent.
    CpuSpent,
}

impl Hindrance {
    /// The word for it on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Bounds of work for idle time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Whether it is done at all.
    pub is_enabled: bool,
    /// CPU time in milliseconds that all processes together may spend in a day.
    pub cpu_ms_a_day: i64,
    /// How long no job has to have ended before work is queued, in milliseconds.
    pub idle_ms: i64,
}

impl Bounds {
    /// Why what is under way has to stop, or may not go on.
    pub const fn hindrance(self, now: Situation, launch_is_on: bool) -> Option<Hindrance> {
        if !self.is_enabled {
            Some(Hindrance::Disabled)
        } else if now.is_busy {
            Some(Hindrance::Busy)
        } else if launch_is_on {
            Some(Hindrance::Launch)
        } else if now.cpu_ms >= self.cpu_ms_a_day {
            Some(Hindrance::CpuSpent)
        } else {
            None
        }
    }

    /// Why nothing may be queued: the same, and artists who have just sent frames may send more.
    pub fn hindrance_to_queue(self, now: Situation, launch_is_on: bool, now_ms: i64) -> Option<Hindrance> {
        let is_recent = || now.ended_at_ms.is_some_and(|ended| now_ms - ended < self.idle_ms);
        self.hindrance(now, launch_is_on).or_else(|| is_recent().then_some(Hindrance::Busy))
    }
}

impl Rules {
    const fn bounds(&self) -> Bounds {
        let Self { is_enabled, cpu_ms_a_day, idle_ms, settings: _ } = self;
        Bounds { is_enabled: *is_enabled, cpu_ms_a_day: *cpu_ms_a_day, idle_ms: *idle_ms }
    }

    /// Why what is being polished has to stop, or may not go on.
    pub const fn hindrance(&self, now: Situation, launch_is_on: bool) -> Option<Hindrance> {
        self.bounds().hindrance(now, launch_is_on)
    }

    /// Why no spin may be queued: the same, and artists who have just sent frames may send more.
    pub fn hindrance_to_queue(&self, now: Situation, launch_is_on: bool, now_ms: i64) -> Option<Hindrance> {
        self.bounds().hindrance_to_queue(now, launch_is_on, now_ms)
    }

    /// How a spin is polished; `None` where it was made with as much effort.
    pub fn polished(&self, spin: &Spin) -> Option<Settings> {
        let (settings, polished) = (spin.turn.over(&self.settings), self.more_effort(&spin.turn));
        let was_asked_for = settings.effort == Effort::Max;
        (!was_asked_for && polished.digest() != spin.settings && spin.is_of_same_rules(&settings))
            .then_some(polished)
    }

    /// The settings of a turn, with the most effort.
    pub fn more_effort(&self, turn: &TurnSettings) -> Settings {
        Settings { effort: Effort::Max, ..turn.over(&self.settings) }
    }
}

/// A live spin, and raw frames that it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Spin {
    /// What was asked for with the raw frames.
    pub turn: TurnSettings,
    /// Of all that shaped the encodes of the live version.
    pub settings: Digest,
    /// Whether the job of these raw frames has made the very version.
    pub is_of_job: bool,
}

impl Spin {
    /// Whether the settings of these raw frames are those of the version. Frames can be sent twice, with another hero angle, say.
    fn is_of_same_rules(&self, settings: &Settings) -> bool {
        self.is_of_job || settings.digest() == self.settings
    }
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case", parse_err_ty = UnknownState, parse_err_fn = unknown)]
pub enum State {
    /// It waits until nothing else is to do.
    Queued,
    /// A worker encodes it.
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
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Better,
        Self::NotBetter,
        Self::Overtaken,
        Self::FramesGone,
        Self::Failed,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is no state of a polish")]
pub struct UnknownState;

const fn unknown(_word: &str) -> UnknownState {
    UnknownState
}

/// Why a live spin is not polished, where nothing of it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Standing {
    /// It is, once nothing else is to do and more popular spins have had their turn.
    Due,
    /// The settings forbid it.
    Disabled,
    /// Nothing is live, or only a preview.
    NothingLive,
    /// The configuration is protected.
    Protected,
    /// A newer version waits to be published, or an artist has rolled back.
    NotNewest,
    /// It was made with as much effort.
    Unneeded,
    /// Its raw frames are gone, or were never stored.
    NoFrames,
}

impl Standing {
    /// The word for it on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What is known of a live spin that was not polished.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    /// Whether a version with every tier is live.
    pub is_live: bool,
    /// Whether the configuration is protected.
    pub is_protected: bool,
    /// Whether no newer version of the artist's is there.
    pub is_newest: bool,
    /// Whether it is itself what polishing made.
    pub is_polished: bool,
    /// For each set of its raw frames that is still stored.
    pub spins: Vec<Spin>,
}

impl Rules {
    /// Where a live spin stands that was not polished.
    pub fn standing(&self, facts: &Facts) -> Standing {
        let is_gaining = |spin| self.polished(spin).is_some();
        if !facts.is_live {
            Standing::NothingLive
        } else if facts.is_protected {
            Standing::Protected
        } else if facts.is_polished {
            Standing::Unneeded
        } else if !facts.is_newest {
            Standing::NotNewest
        } else if facts.spins.is_empty() {
            Standing::NoFrames
        } else if !facts.spins.iter().any(is_gaining) {
            Standing::Unneeded
        } else if self.is_enabled {
            Standing::Due
        } else {
            Standing::Disabled
        }
    }
}

/// A spin that can be polished, and what to polish it from.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// The live version.
    pub version: i64,
    /// When it went live.
    pub published_at_ms: i64,
    /// The frame set.
    pub frameset: FramesetId,
    /// Of its raw frames in turn order.
    pub source: Digest,
    /// What is known of how it was made.
    pub spin: Spin,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn rules() -> Rules {
        Rules { is_enabled: true, cpu_ms_a_day: HOUR_MS, idle_ms: 1_000, settings: Settings::default() }
    }

    fn spin() -> Spin {
        Spin { turn: TurnSettings::default(), settings: Settings::default().digest(), is_of_job: true }
    }

    #[test]
    fn artists_launches_and_the_bound_of_cpu_go_first() {
        let idle = Situation { is_busy: false, ended_at_ms: None, cpu_ms: HOUR_MS - 1 };
        let rules = rules();
        assert_eq!(rules.hindrance(idle, false), None);
        assert_eq!(rules.hindrance(Situation { is_busy: true, ..idle }, false), Some(Hindrance::Busy));
        assert_eq!(rules.hindrance(idle, true), Some(Hindrance::Launch));
        let spent = Situation { cpu_ms: HOUR_MS, ..idle };
        assert_eq!(rules.hindrance(spent, false), Some(Hindrance::CpuSpent));
        let disabled = Rules { is_enabled: false, ..rules };
        assert_eq!(disabled.hindrance(idle, false), Some(Hindrance::Disabled));
    }

    #[test]
    fn a_spin_is_queued_some_time_after_the_last_job() {
        let rules = rules();
        let after = |ms: i64| {
            let now = Situation { ended_at_ms: Some(50_000), ..Situation::default() };
            rules.hindrance_to_queue(now, false, 50_000 + ms)
        };
        assert_eq!(after(999), Some(Hindrance::Busy));
        assert_eq!(after(1_000), None);
        assert_eq!(rules.hindrance_to_queue(Situation::default(), false, 0), None);
        assert_eq!(rules.hindrance_to_queue(Situation::default(), true, 0), Some(Hindrance::Launch));
    }

    #[test]
    fn what_was_made_with_as_much_effort_is_not_polished() {
        let rules = rules();
        let polished = rules.polished(&spin()).unwrap();
        assert_eq!(polished, Settings { effort: Effort::Max, ..Settings::default() });
        // From the command line, or by polishing.
        assert_eq!(rules.polished(&Spin { settings: polished.digest(), ..spin() }), None);
        let asked = TurnSettings { effort: Some(Effort::Max), ..TurnSettings::default() };
        assert_eq!(rules.polished(&Spin { turn: asked, ..spin() }), None);
        let always = Rules { settings: polished, ..rules };
        assert_eq!(always.polished(&spin()), None);
    }

    #[test]
    fn frames_that_were_sent_with_other_settings_are_not_taken() {
        let rules = rules();
        let turned = TurnSettings { hero: 90.0, ..TurnSettings::default() };
        let other = Spin { turn: turned.clone(), is_of_job: false, ..spin() };
        assert_eq!(rules.polished(&other), None);
        let same = Spin { settings: turned.over(&rules.settings).digest(), ..other };
        assert_eq!(rules.polished(&same).map(|settings| settings.hero_degrees), Some(90.0));
        // An older program has made it, whose settings have another name.
        let older = Spin { settings: Digest::of(b"older"), ..spin() };
        assert!(rules.polished(&older).is_some());
        assert!(rules.polished(&Spin { is_of_job: false, ..older }).is_none());
    }

    #[test]
    fn what_stands_in_the_way_of_a_spin_is_named() {
        let rules = rules();
        let facts = || Facts {
            is_live: true,
            is_protected: false,
            is_newest: true,
            is_polished: false,
            spins: vec![spin()],
        };
        let check = |facts: &Facts, want| assert_eq!(rules.standing(facts), want, "{facts:?}");
        check(&facts(), Standing::Due);
        check(&Facts { is_live: false, ..facts() }, Standing::NothingLive);
        check(&Facts { is_protected: true, ..facts() }, Standing::Protected);
        check(&Facts { is_newest: false, ..facts() }, Standing::NotNewest);
        check(&Facts { is_polished: true, ..facts() }, Standing::Unneeded);
        check(&Facts { spins: Vec::new(), ..facts() }, Standing::NoFrames);
        let asked = TurnSettings { effort: Some(Effort::Max), ..TurnSettings::default() };
        check(&Facts { spins: vec![Spin { turn: asked, ..spin() }], ..facts() }, Standing::Unneeded);
        let disabled = Rules { is_enabled: false, ..rules.clone() };
        assert_eq!(disabled.standing(&facts()), Standing::Disabled);
        // What is not there would not be there either if it were enabled.
        assert_eq!(disabled.standing(&Facts { spins: Vec::new(), ..facts() }), Standing::NoFrames);
    }

    #[test]
    fn states_are_words() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("lost".parse::<State>(), Err(UnknownState));
    }
}
