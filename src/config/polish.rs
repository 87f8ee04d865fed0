//! `[polish]`

use assets_pipeline::settings::Settings;

use crate::domain::polish::Rules;

use super::setting::{Kind, section, whole};

section! {
    /// Polishing: while nothing waits in the queue, the most looked-at spins are encoded again with the effort `max`, from the raw
    /// frames that artists have sent. What comes of it takes the place of the live version where it is better in every tier.
    #[derive(Copy, Eq)]
    "polish" PolishConfig {
        /// Whether servers queue spins to be polished, and this process polishes them.
        enabled: bool = true, Kind::Flag;
        /// Minutes of CPU time that all processes together may spend on it within 24 hours. An hour of one core is 60. What
        /// is interrupted goes on when minutes are free again.
        cpu_minutes_a_day: u32 = 240, whole(1, 1_000_000);
        /// Minutes since the last job has ended, after which a spin is queued: an artist who has sent one set may send more.
        idle_minutes: u32 = 10, whole(0, 1440);
    }
}

impl PolishConfig {
    /// The rules, where turns are encoded with these settings.
    pub fn rules(&self, settings: Settings) -> Rules {
        Rules {
            is_enabled: self.enabled,
            cpu_ms_a_day: i64::from(self.cpu_minutes_a_day) * 60_000,
            idle_ms: i64::from(self.idle_minutes) * 60_000,
            settings,
        }
    }
}
