//! `[jobs]`

use super::setting::{Kind, count_from, section, whole};

section! {
    /// Encoding of committed frame sets.
    #[derive(Copy, Eq)]
    "jobs" JobsConfig {
        /// Whether servers encode too. With false, `girasol work` has to run.
        in_server: bool = true, Kind::Flag;
        /// Seconds after which the job of a worker that gives no sign is claimed by another one.
        lease_seconds: u32 = 8, whole(1, 3600);
        /// Days that the events of a job are stored after the job has ended.
        keep_events_days: u32 = 30, count_from(1);
    }
}
