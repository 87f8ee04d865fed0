//! Wall and CPU time by stage, read off the pipeline's own progress.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use assets_pipeline::progress::{Progress, Stage};
use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};

/// What a stage took; a stage that comes in several parts is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageCost {
    /// Which stage.
    pub stage: Stage,
    /// From its begin to the next one's.
    pub wall: Duration,
    /// User and system time of all threads of the process.
    pub cpu: Duration,
}

/// Passes progress on, and notes when each stage begins.
pub(super) struct StageClock<'a> {
    listener: &'a dyn Progress,
    begun: Mutex<Vec<(Stage, Instant, Duration)>>,
}

impl<'a> StageClock<'a> {
    pub(super) fn new(listener: &'a dyn Progress) -> Self {
        Self { listener, begun: Mutex::default() }
    }

    /// Ends the last stage, and tells what each took.
    pub(super) fn stop(self) -> Vec<StageCost> {
        let begun = self.begun.into_inner().unwrap_or_else(PoisonError::into_inner);
        let now = (Instant::now(), cpu_time());
        let ends = begun.iter().skip(1).map(|(_, wall, cpu)| (*wall, *cpu)).chain([now]);
        let laps = begun.iter().zip(ends).map(|((stage, wall, cpu), (wall_end, cpu_end))| StageCost {
            stage: *stage,
            wall: wall_end.saturating_duration_since(*wall),
            cpu: cpu_end.saturating_sub(*cpu),
        });
        add_up(laps)
    }
}

impl Progress for StageClock<'_> {
    fn begin(&self, stage: Stage, total: usize) {
        let begun = (stage, Instant::now(), cpu_time());
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).push(begun);
        self.listener.begin(stage, total);
    }

    fn step(&self) {
        self.listener.step();
    }
}

/// In the order in which stages began first.
fn add_up(laps: impl Iterator<Item = StageCost>) -> Vec<StageCost> {
    let mut costs: Vec<StageCost> = Vec::new();
    for lap in laps {
        match costs.iter_mut().find(|cost| cost.stage == lap.stage) {
            Some(cost) => {
                cost.wall += lap.wall;
                cost.cpu += lap.cpu;
            }
            None => costs.push(lap),
        }
    }
    costs
}

/// The largest resident set of the process so far, in bytes; 0 where the system does not tell.
pub(super) fn peak_bytes() -> u64 {
    // Kilobytes, but for Apple's systems.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    usage().map_or(0, |usage| u64::try_from(usage.max_rss()).unwrap_or(0) * unit)
}

fn cpu_time() -> Duration {
    let duration = |time: TimeVal| {
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
    };
    usage().map_or(Duration::ZERO, |usage| duration(usage.user_time()) + duration(usage.system_time()))
}

/// The system refuses only what is not asked here.
fn usage() -> Option<Usage> {
    getrusage(UsageWho::RUSAGE_SELF).ok()
}

#[cfg(test)]
mod tests {
    use assets_pipeline::progress::Silent;

    use super::*;

    #[test]
    fn a_stage_that_comes_twice_is_added_up_where_it_came_first() {
        let lap = |stage, wall, cpu| StageCost {
            stage,
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(cpu),
        };
        let laps = [
            lap(Stage::Prepare, 5, 9),
            lap(Stage::EncodeRest, 1, 2),
            lap(Stage::Store, 7, 7),
            lap(Stage::EncodeRest, 3, 4),
        ];
        let want = [lap(Stage::Prepare, 5, 9), lap(Stage::EncodeRest, 4, 6), lap(Stage::Store, 7, 7)];
        assert_eq!(add_up(laps.into_iter()), want);
    }

    #[test]
    fn stages_are_timed_from_begin_to_begin() {
        let clock = StageClock::new(&Silent);
        clock.begin(Stage::Check, 1);
        clock.begin(Stage::Prepare, 1);
        // Work that takes measurable CPU time, however fast the machine is.
        let busy_from = cpu_time();
        while cpu_time() < busy_from + Duration::from_millis(3) {}
        let costs = clock.stop();
        let stages: Vec<Stage> = costs.iter().map(|cost| cost.stage).collect();
        assert_eq!(stages, [Stage::Check, Stage::Prepare]);
        assert!(costs[1].cpu >= Duration::from_millis(3), "{costs:?}");
        assert!(peak_bytes() > 1_000_000);
    }
}
