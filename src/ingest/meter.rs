//! CPU time of the threads that work for one ingest.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

thread_local! {
    /// What of this thread's CPU time is counted; `None` where it works for others too.
    static COUNTED: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Adds up CPU time. Each thread notes its own, since no other one can ask for it everywhere.
#[derive(Debug, Default)]
pub(super) struct Meter {
    spent_micros: AtomicU64,
    taken_ms: AtomicU64,
}

impl Meter {
    /// Counts the thread that calls it from now on. It has to work for nothing else.
    pub(super) fn begin() {
        COUNTED.set(Some(cpu_time()));
    }

    /// Adds what the thread that calls it has spent since it noted it last; nothing where it is not counted.
    pub(super) fn note(&self) {
        if let Some(before) = COUNTED.get() {
            let now = cpu_time();
            COUNTED.set(Some(now));
            let micros = now.saturating_sub(before).as_micros() as u64;
            self.spent_micros.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// All that is noted.
    pub(super) fn spent(&self) -> Duration {
        Duration::from_micros(self.spent_micros.load(Ordering::Relaxed))
    }

    /// Whole milliseconds that are noted since they were taken last.
    pub(super) fn take_ms(&self) -> i64 {
        let spent_ms = self.spent().as_millis() as u64;
        let before_ms = self.taken_ms.swap(spent_ms, Ordering::Relaxed);
        spent_ms.saturating_sub(before_ms) as i64
    }
}

/// CPU time of the calling thread.
#[cfg(target_os = "linux")]
fn cpu_time() -> Duration {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeVal,
    };

    let duration = |time: TimeVal| {
        let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
        Duration::from_micros(micros.unsigned_abs())
    };
    getrusage(UsageWho::RUSAGE_THREAD)
        .map_or(Duration::ZERO, |usage| duration(usage.user_time()) + duration(usage.system_time()))
}

/// Elsewhere the time of the clock, which is as much at the least.
#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Duration {
    use std::{sync::OnceLock, time::Instant};

    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(millis: u64) {
        let began = cpu_time();
        while cpu_time().saturating_sub(began) < Duration::from_millis(millis) {
            std::hint::black_box(blake3::hash(&[0; 4096]));
        }
    }

    #[test]
    fn only_threads_that_are_counted_are_and_each_of_their_milliseconds_once() {
        let meter = Meter::default();
        std::thread::scope(|threads| {
            threads.spawn(|| {
                spend(5);
                meter.note();
            });
        });
        assert_eq!(meter.take_ms(), 0);
        std::thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| {
                    spend(20);
                    Meter::begin();
                    spend(10);
                    meter.note();
                    spend(10);
                    meter.note();
                });
            }
        });
        let taken = meter.take_ms();
        assert!((40..80).contains(&taken), "{taken} ms");
        assert_eq!(meter.take_ms(), 0);
        assert_eq!(meter.spent().as_millis() as i64, taken);
    }
}
