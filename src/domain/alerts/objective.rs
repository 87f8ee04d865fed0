//! Objectives: which share of what visitors ask for has to be good, and how fast the rest of it is used up.
//!
//! An objective of 99.9 % has a budget of 0.1 % for what is bad. It burns at a rate of 1 where it lasts as long as it is meant
//! to, which is 30 days. At 14.4 times that, two per cent of it are gone after an hour: this pages. At 6 times, five per cent
//! are gone after six hours: this is a ticket. Each long window has a short one beside it, so that an alert ends soon after
//! its cause.

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Objective {
    /// Manifests are answered.
    Manifests,
    /// Frames, packs and stills are answered.
    Frames,
    /// Both in time.
    Latency,
    /// The viewer shows the piece in another choice in time.
    Switch,
    /// Objects and answers are in memory.
    Hits,
    /// No job waits for long.
    Queue,
}

/// How an objective is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counted {
    /// The word in names of alerts.
    pub name: &'static str,
    /// The share that has to be good, from 0 to 1.
    pub target: f64,
    /// Fewer of them in the long window prove nothing.
    pub least: f64,
}

/// What is promised of each objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Targets {
    /// Manifests that are answered, from 0 to 1, as all shares here.
    pub manifests: f64,
    /// Frames, packs and stills that are answered.
    pub frames: f64,
    /// Both within `latency_ms`.
    pub latency: f64,
    /// What an answer may take, in milliseconds.
    pub latency_ms: u32,
    /// Views whose switches take `switch_ms` at most.
    pub switch: f64,
    /// What a switch may take, in milliseconds.
    pub switch_ms: u32,
    /// Questions to the memory that it has the answer for.
    pub hits: f64,
    /// Minutes in which no job waits for longer than `queue_seconds`.
    pub queue: f64,
    /// How long a job may wait, in seconds.
    pub queue_seconds: u32,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            manifests: 0.999,
            frames: 0.999,
            latency: 0.95,
            latency_ms: 300,
            switch: 0.95,
            switch_ms: 300,
            hits: 0.95,
            queue: 0.95,
            queue_seconds: 600,
        }
    }
}

/// Every objective.
pub const OBJECTIVES: [Objective; 6] = [
    Objective::Manifests,
    Objective::Frames,
    Objective::Latency,
    Objective::Switch,
    Objective::Hits,
    Objective::Queue,
];

impl Targets {
    /// How an objective is counted.
    pub const fn counted(&self, objective: Objective) -> Counted {
        let (name, target, least) = match objective {
            Objective::Manifests => ("manifests", self.manifests, 100.0),
            Objective::Frames => ("frames", self.frames, 100.0),
            Objective::Latency => ("latency", self.latency, 100.0),
            Objective::Switch => ("switch", self.switch, 50.0),
            Objective::Hits => ("hits", self.hits, 100.0),
            Objective::Queue => ("queue", self.queue, 0.0),
        };
        Counted { name, target, least }
    }

    /// How many times faster than planned the budget of an objective is spent, by the long window and the short one of a
    /// pace: the lesser of the two. `None` where too little was counted.
    pub fn burn(&self, objective: Objective, [long, short]: [Ratio; 2]) -> Option<f64> {
        let Counted { target, least, .. } = self.counted(objective);
        let rate = |ratio: Ratio| (ratio.all > 0.0).then(|| ratio.bad / ratio.all / (1.0 - target));
        if long.all < least {
            return None;
        }
        Some(rate(long)?.min(rate(short)?))
    }
}

/// How fast a budget is spent that raises an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    /// 14.4 times, over 1 hour and 5 minutes.
    Fast,
    /// 6 times, over 6 hours and 30 minutes.
    Slow,
}

impl Pace {
    /// The rate that raises the alert.
    pub const fn rate(self) -> f64 {
        match self {
            Self::Fast => 14.4,
            Self::Slow => 6.0,
        }
    }

    /// The long window and the short one, in minutes.
    pub const fn windows(self) -> [u32; 2] {
        match self {
            Self::Fast => [60, 5],
            Self::Slow => [360, 30],
        }
    }
}

/// What was counted in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ratio {
    /// What was bad.
    pub bad: f64,
    /// All of it.
    pub all: f64,
}

impl Ratio {
    /// Adds what was counted elsewhere, or at another time.
    pub fn merge(&mut self, other: Self) {
        self.bad += other.bad;
        self.all += other.all;
    }
}

impl Objective {
    /// The objective that answers of an address count for, by the address's pattern: those that a visitor waits for.
    pub fn of_route(route: &str) -> Option<Self> {
        let is_manifest = route.starts_with("/api/products/customizable/") && route.ends_with("/sequence");
        if is_manifest || route.starts_with("/m/") {
            return Some(Self::Manifests);
        }
        ["/s/", "/p/", "/still/"].iter().any(|start| route.starts_with(start)).then_some(Self::Frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_objective_can_burn_fast_enough_to_page() {
        for objective in OBJECTIVES {
            let worst = 1.0 / (1.0 - Targets::default().counted(objective).target);
            assert!(worst > Pace::Fast.rate(), "{objective:?}: all that fails burns {worst} times");
        }
    }

    #[test]
    fn what_visitors_wait_for_counts() {
        let of = Objective::of_route;
        assert_eq!(of("/api/products/customizable/{configuration}/sequence"), Some(Objective::Manifests));
        assert_eq!(of("/m/{file}"), Some(Objective::Manifests));
        assert_eq!(of("/s/{set}/{file}"), Some(Objective::Frames));
        for other in ["/api/products/customizable/{configuration}/status", "/studio", "/metrics", "none"] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn both_windows_have_to_burn() {
        let ratio = |bad, all| Ratio { bad, all };
        let burn = |long, short| Targets::default().burn(Objective::Manifests, [long, short]);
        assert!((burn(ratio(20.0, 1000.0), ratio(3.0, 100.0)).unwrap() - 20.0).abs() < 1e-9);
        assert!((burn(ratio(20.0, 1000.0), ratio(0.0, 100.0)).unwrap()).abs() < 1e-9, "it is over");
        assert_eq!(burn(ratio(1.0, 3.0), ratio(1.0, 3.0)), None, "three requests prove nothing");
        assert_eq!(burn(ratio(20.0, 1000.0), ratio(0.0, 0.0)), None);
        let lenient = Targets { manifests: 0.98, ..Targets::default() };
        let burn = lenient.burn(Objective::Manifests, [ratio(20.0, 1000.0), ratio(3.0, 100.0)]);
        assert!((burn.unwrap() - 1.0).abs() < 1e-9, "a larger budget lasts longer");
    }
}
