//! Memory and processor time of a process and its children, from /proc.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// The kernel counts processor time in hundredths of a second on every machine that Girasol is built for.
const TICKS_A_SECOND: f64 = 100.0;
const MIB: f64 = 1024.0 * 1024.0;

/// Processor time of a process and its children so far, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> f64 {
    family(pid).iter().filter_map(|pid| cpu_of(*pid)).sum()
}

fn cpu_of(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program stands in parentheses and may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

/// Resident memory of a process and its children, in MiB.
fn resident_mib(pid: u32) -> f64 {
    let own = |pid: u32| -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    family(pid).iter().filter_map(|pid| own(*pid)).sum::<f64>() * 1024.0 / MIB
}

fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    [pid].into_iter().chain(children.split_whitespace().filter_map(|child| child.parse().ok())).collect()
}

/// Memory over time: seconds since the beginning, and MiB.
pub(crate) type Memory = Vec<(f64, f64)>;

/// Looks at a process twice a second until it is asked for what it saw.
#[derive(Debug)]
pub(crate) struct Watch {
    seen: Arc<Mutex<Memory>>,
    end: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn begin(pid: u32) -> Self {
        let (seen, end) = (Arc::new(Mutex::new(Memory::new())), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (seen, end, began) = (seen.clone(), end.clone(), Instant::now());
            move || {
                while !end.load(Ordering::Relaxed) {
                    seen.lock().unwrap().push((began.elapsed().as_secs_f64(), resident_mib(pid)));
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
        });
        Self { seen, end, thread }
    }

    pub(crate) fn end(self) -> Memory {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// MiB an hour by which memory grows, by least squares over the second half of the time: caches fill in the first.
/// `None` where a minute and less was looked at.
pub(crate) fn slope_per_hour(memory: &Memory) -> Option<f64> {
    let half = &memory[memory.len() / 2..];
    let time = half.last()?.0 - half.first()?.0;
    if time < 30.0 {
        return None;
    }
    let n = half.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| half.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|at| at.0), mean(|at| at.1));
    let (over, under) = half
        .iter()
        .fold((0.0, 0.0), |(over, under), at| (over + (at.0 - x) * (at.1 - y), under + (at.0 - x).powi(2)));
    Some(over / under * 3600.0)
}
