//! The machine as this process finds it: how much of it is used.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    thread,
    time::Instant,
};

use super::figures::Counters;
use crate::memory;

/// Reads the machine, and the counters of the process.
#[derive(Debug)]
pub(super) struct System {
    data: PathBuf,
    cores: f64,
    counters: Counters,
    read: Instant,
}

impl System {
    /// Of a process whose files are in this folder.
    pub(super) fn of(data: &Path) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
        Self { data: data.to_owned(), cores, counters: Counters::default(), read: Instant::now() }
    }

    /// Gauges of now, and counters since the last time. Shares are from 0 to 1. What the system does not tell is left out.
    pub(super) fn read(&mut self, figures: &str) -> BTreeMap<String, f64> {
        let elapsed = std::mem::replace(&mut self.read, Instant::now()).elapsed();
        let mut samples = self.counters.grown(figures);
        // A share over less than a second is noise.
        let busy = samples.get("cpu-seconds").copied().filter(|_| elapsed.as_secs() > 0);
        let cpu = busy.map(|seconds| seconds / elapsed.as_secs_f64() / self.cores);
        let memory = memory::system().filter(|memory| memory.whole_bytes > 0);
        let memory = memory.map(|memory| 1.0 - memory.free_bytes as f64 / memory.whole_bytes as f64);
        let disk = rustix::fs::statvfs(&self.data).ok().filter(|disk| disk.f_blocks > 0);
        let free = disk.as_ref().map(|disk| disk.f_bavail as f64 * disk.f_frsize as f64);
        let all = disk.as_ref().map(|disk| disk.f_blocks as f64 * disk.f_frsize as f64);
        let used = free.zip(all).map(|(free, all)| 1.0 - free / all);
        let gauges = [("cpu", cpu), ("memory", memory), ("disk", used), ("disk-free-bytes", free)];
        samples.extend(gauges.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_neither_empty_nor_full() {
        let folder = tempfile::tempdir().unwrap();
        let mut system = System::of(folder.path());
        let samples = system.read("process_cpu_seconds_total 1\n");
        assert!((0.0..=1.0).contains(&samples["disk"]) && samples["disk-free-bytes"] > 0.0, "{samples:?}");
        assert!((0.0..=1.0).contains(&samples["memory"]), "{samples:?}");
        assert!(!samples.contains_key("cpu") && (samples["cpu-seconds"] - 1.0).abs() < 1e-9, "{samples:?}");
        system.read -= std::time::Duration::from_secs(10);
        let cpu = system.read("process_cpu_seconds_total 2\n")["cpu"];
        assert!((cpu - 0.1 / system.cores).abs() < 0.01, "{cpu}");
    }
}
