//! `[jobs]`

use crate::memory::Budget;

use super::setting::{Kind, count_from, section, whole, whole_from};

section! {
    /// Encoding of committed frame sets.
    #[derive(Copy, Eq)]
    "jobs" JobsConfig {
        /// Whether servers encode too. With false, `girasol work` has to run.
        in_server: bool = true, Kind::Flag;
        /// Seconds after which the job of a worker that gives no sign is claimed by another one.
        lease_seconds: u32 = 8, whole(1, 3600);
        /// MiB of memory that the job of a process may take beside what the process has. 0: four fifths of what its control
        /// group has left when the job begins, or half of what the machine has, whichever is less.
        memory_mib: u64 = 0, whole_from(0);
        /// Frames that a job works on at once, at the most: as many as fit into its memory. 0: as many as there are cores.
        threads: u32 = 0, whole(0, 1024);
        /// Days that the events of a job are stored after the job has ended.
        keep_events_days: u32 = 30, count_from(1);
    }
}

impl JobsConfig {
    /// What a job may use of this machine.
    pub fn budget(&self) -> Budget {
        Budget::new(self.memory_mib, self.threads)
    }
}
