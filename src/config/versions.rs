//! `[versions]`

use crate::domain::retention::{Retention, Share};

use super::setting::{count_from, section, whole};

section! {
    /// How long versions are stored that are not live.
    #[derive(Copy, Eq)]
    "versions" VersionsConfig {
        /// Newest versions of each configuration that are always stored, besides the live one.
        keep: u32 = 10, count_from(0);
        /// Days that other versions are stored, counted from when they were made or were last live.
        keep_days: u32 = 90, count_from(0);
        /// Hours that objects outlive the last version that needs them. Cached manifests name them for an hour, and for
        /// a day more while the origin is down.
        grace_hours: u32 = 26, count_from(0);
        /// Percent of the store's objects that a collection may delete at once. One that would delete more deletes nothing,
        /// and says so: `girasol store gc --force` confirms it. Spins that are taken down do not count.
        collect_max_percent: u32 = 20, whole(0, 100);
        /// Objects that a collection may delete at once, whatever share of a small store they are.
        collect_always: u32 = 500, count_from(0);
        /// Days that the list of removed objects is stored. Servers evict by it what they cached.
        keep_removals_days: u32 = 30, count_from(1);
    }
}

impl VersionsConfig {
    /// How much a collection may delete.
    pub const fn share(&self) -> Share {
        Share { max_percent: self.collect_max_percent, always: self.collect_always }
    }

    /// In the units of the database.
    pub fn retention(&self) -> Retention {
        let (keep_ms, grace_ms) =
            (i64::from(self.keep_days) * 86_400_000, i64::from(self.grace_hours) * 3_600_000);
        Retention { keep: self.keep, keep_ms, grace_ms }
    }
}
