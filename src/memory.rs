//! How much memory there is for jobs: as configured, or as the system says.
//!
//! A process may be in control groups, each of which has a bound: the tightest one counts, beside the memory of the machine.
//! What is free now is counted and not the bound, since servers, their caches and other processes have some of it already.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assets_pipeline::memory::Machine;

const MIB: u64 = 1 << 20;
/// Control groups without a bound say some number of this order.
const UNBOUNDED: u64 = 1 << 60;

/// What jobs may use.
#[derive(Debug, Clone)]
pub struct Budget {
    threads: Option<usize>,
    max_bytes: Option<u64>,
    root: PathBuf,
}

impl Budget {
    /// As configured: MiB of memory, and threads; 0 where the system is asked.
    pub fn new(memory_mib: u64, threads: u32) -> Self {
        Self {
            threads: (threads > 0).then_some(threads as usize),
            max_bytes: (memory_mib > 0).then(|| memory_mib.saturating_mul(MIB)),
            root: PathBuf::from("/"),
        }
    }

    /// What a job may use that begins now.
    pub fn now(&self) -> Machine {
        let whole = Machine::whole();
        Machine {
            threads: self.threads.map_or(whole.threads, |most| most.min(whole.threads)),
            max_bytes: self.max_bytes.or_else(|| free_bytes(&self.root)).unwrap_or(whole.max_bytes),
        }
    }
}

/// Memory, where it is tightest: that of the machine, or of a control group of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What can be taken of it.
    pub free_bytes: u64,
    /// All of it.
    pub whole_bytes: u64,
}

/// How much memory there is; `None` where the system does not say.
pub fn system() -> Option<Memory> {
    tightest(Path::new("/"))
}

fn tightest(root: &Path) -> Option<Memory> {
    of_machine(root).into_iter().chain(of_groups(root)).min_by_key(|memory| memory.free_bytes)
}

/// What a job may take of the memory that is free, by the files of a system under `root`: four fifths of what the control
/// group has left, or half of what the machine has, since that is shared with more. None where the system does not say.
fn free_bytes(root: &Path) -> Option<u64> {
    let in_group = of_groups(root).map(|memory| memory.free_bytes / 5 * 4);
    let of_machine = of_machine(root).map(|memory| memory.free_bytes / 2);
    in_group.into_iter().chain(of_machine).min()
}

/// `MemAvailable` and `MemTotal` of the machine.
fn of_machine(root: &Path) -> Option<Memory> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib.saturating_mul(1024))
    };
    let free_bytes = bytes("MemAvailable:")?;
    Some(Memory { free_bytes, whole_bytes: bytes("MemTotal:").unwrap_or(free_bytes) })
}

/// The tightest control group of the process.
fn of_groups(root: &Path) -> Option<Memory> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mut least: Option<Memory> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (mount, files) = match controllers {
            "" => ("sys/fs/cgroup", &V2),
            one if one.split(',').any(|controller| controller == "memory") => ("sys/fs/cgroup/memory", &V1),
            _ => continue,
        };
        let mount = root.join(mount);
        // In a container the path may be the host's, of which the container sees the last part alone, as its root.
        let own = mount.join(path.trim_start_matches('/'));
        for folder in own.ancestors().take_while(|folder| folder.starts_with(&mount)) {
            least = left_in(folder, files).into_iter().chain(least).min_by_key(|memory| memory.free_bytes);
        }
    }
    least
}

/// The names of a control group's files.
struct Files {
    max: &'static str,
    used: &'static str,
    /// Copies of files that the system drops when it needs their memory.
    droppable: &'static str,
}

const V2: Files = Files { max: "memory.max", used: "memory.current", droppable: "inactive_file " };
const V1: Files =
    Files { max: "memory.limit_in_bytes", used: "memory.usage_in_bytes", droppable: "total_inactive_file " };

/// What a control group has; none where it has no bound.
fn left_in(folder: &Path, files: &Files) -> Option<Memory> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let max = number(files.max).filter(|max| *max < UNBOUNDED)?;
    let used = number(files.used).unwrap_or(0);
    let droppable = fs::read_to_string(folder.join("memory.stat")).ok().and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix(files.droppable))?.trim().parse::<u64>().ok()
    });
    let free_bytes = max.saturating_sub(used.saturating_sub(droppable.unwrap_or(0)));
    Some(Memory { free_bytes, whole_bytes: max })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct System(tempfile::TempDir);

    impl System {
        fn new(files: &[(&str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let file = root.path().join(name);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(root)
        }

        /// What is free in MiB.
        fn free(&self) -> Option<u64> {
            free_bytes(self.0.path()).map(|bytes| bytes / MIB)
        }
    }

    const MEMORY: (&str, &str) =
        ("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1024 kB\nMemAvailable:    8388608 kB\n");

    #[test]
    fn half_of_what_a_machine_has_left_is_for_jobs() {
        assert_eq!(System::new(&[MEMORY]).free(), Some(4096));
        assert_eq!(System::new(&[("proc/meminfo", "MemTotal: 5 kB\n")]).free(), None);
        assert_eq!(System::new(&[]).free(), None);
    }

    #[test]
    fn a_container_has_four_fifths_of_what_its_bound_leaves() {
        // As Docker and Kubernetes show it, with cgroup v2 and a namespace: 1 GiB, of which 300 MiB are used, 100 of them by
        // copies of files.
        let files = [
            MEMORY,
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1073741824\n"),
            ("sys/fs/cgroup/memory.current", "314572800\n"),
            ("sys/fs/cgroup/memory.stat", "anon 209715200\ninactive_file 104857600\nactive_file 0\n"),
        ];
        assert_eq!(System::new(&files).free(), Some((1024 - 200) * 4 / 5));
        let mut unbounded = files;
        unbounded[2].1 = "max\n";
        assert_eq!(System::new(&unbounded).free(), Some(4096));
    }

    #[test]
    fn the_tightest_of_nested_groups_counts() {
        let system = System::new(&[
            MEMORY,
            ("proc/self/cgroup", "0::/system.slice/girasol.service\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "536870912\n"),
            ("sys/fs/cgroup/system.slice/memory.current", "0\n"),
            ("sys/fs/cgroup/system.slice/girasol.service/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/system.slice/girasol.service/memory.current", "0\n"),
        ]);
        assert_eq!(system.free(), Some(409));
        let bytes = 512 * MIB;
        assert_eq!(tightest(system.0.path()), Some(Memory { free_bytes: bytes, whole_bytes: bytes }));
    }

    #[test]
    fn the_first_version_of_control_groups_is_read_too() {
        let files = [
            MEMORY,
            ("proc/self/cgroup", "9:name=systemd:/\n5:cpu,memory:/docker/0af3\n0::/\n"),
            // The path is the host's: the container sees its own group as the root.
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "134217728\n"),
            ("sys/fs/cgroup/memory/memory.stat", "inactive_file 1\ntotal_inactive_file 67108864\n"),
        ];
        assert_eq!(System::new(&files).free(), Some(153));
        let mut unbounded = files;
        unbounded[2].1 = "9223372036854771712\n";
        assert_eq!(System::new(&unbounded).free(), Some(4096));
    }

    #[test]
    fn a_group_that_is_full_leaves_nothing() {
        let system = System::new(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1000\n"),
            ("sys/fs/cgroup/memory.current", "2000\n"),
        ]);
        assert_eq!(system.free(), Some(0));
    }

    #[test]
    fn what_is_configured_counts_before_what_the_system_says() {
        let root = System::new(&[MEMORY]);
        let budget = |memory_mib, threads| Budget {
            root: root.0.path().to_owned(),
            ..Budget::new(memory_mib, threads)
        };
        assert_eq!(budget(100, 0).now().max_bytes, 100 * MIB);
        assert_eq!(budget(0, 0).now().max_bytes, 4096 * MIB);
        assert_eq!(budget(0, 1).now().threads, 1);
        assert_eq!(budget(0, 10_000).now().threads, Machine::whole().threads);
    }
}
