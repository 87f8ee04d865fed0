//! `[loupe]`

use assets_pipeline::settings::Settings;

use crate::domain::{loupe::Rules, polish::Bounds};

use super::setting::{Kind, section, whole};

section! {
    /// The loupe: frames at the raw frames' own size, 2400 pixels on the longer side at the most, for visitors who zoom further than
    /// hd goes. They are made of the most looked-at spins while nothing waits in the queue, from the raw frames that artists have
    /// sent, and are part of no tier's bytes.
    #[derive(Copy, Eq)]
    "loupe" LoupeConfig {
        /// Whether servers queue loupes to be made, and this process makes them. Those that are stored are shown all the same.
        enabled: bool = true, Kind::Flag;
        /// Minutes of CPU time that all processes together may spend on it within 24 hours. A turn of 72 frames of 2400 pixels takes
        /// some 10. What is interrupted goes on when minutes are free again.
        cpu_minutes_a_day: u32 = 120, whole(1, 1_000_000);
        /// Minutes since the last job has ended, after which a loupe is queued: an artist who has sent one set may send more.
        idle_minutes: u32 = 10, whole(0, 1440);
        /// Loupes that visitors may ask for within 24 hours, all together: those go first. With 0 visitors ask for none.
        asked_a_day: u32 = 20, whole(0, 100_000);
    }
}

impl LoupeConfig {
    /// The rules, where turns are encoded with these settings.
    pub fn rules(&self, settings: Settings) -> Rules {
        let bounds = Bounds {
            is_enabled: self.enabled,
            cpu_ms_a_day: i64::from(self.cpu_minutes_a_day) * 60_000,
            idle_ms: i64::from(self.idle_minutes) * 60_000,
        };
        Rules { bounds, asked_a_day: self.asked_a_day, settings }
    }
}
