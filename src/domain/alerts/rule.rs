//! The rules: the thresholds of the field, and two for each objective.

use super::{
    measure::{Measure, Unit},
    objective::{OBJECTIVES, Objective, Pace},
};

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// A ticket: it waits for the next working day.
    Warning,
    /// A page: a person has to act now.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// How it reaches a person: `page` or `ticket`.
    pub const fn notify(self) -> &'static str {
        match self {
            Self::Warning => "ticket",
            Self::Critical => "page",
        }
    }
}

/// On which side of its bound a value is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Values above are bad.
    Above,
    /// Values below are bad.
    Below,
}

/// From which value on an alert is raised, and at which it is cleared. In between it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// A value beyond it raises the alert.
    pub raises: f64,
    /// A value at it, or better, clears the alert.
    pub clears: f64,
}

impl Bounds {
    const fn of(raises: f64, clears: f64) -> Self {
        Self { raises, clears }
    }
}

/// When something is worth a person's attention.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, and the anchor of its section in the runbook.
    pub name: &'static str,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about.
    pub measure: Measure,
    /// Which values are bad.
    pub side: Side,
    /// The bounds.
    pub bounds: Bounds,
    /// Tighter ones during a launch.
    pub launch: Option<Bounds>,
    /// How long the condition holds before the alert fires, in milliseconds.
    pub hold_ms: i64,
    /// The milder rule that is not notified while this one fires.
    pub covers: Option<&'static str>,
    /// What is wrong, in a sentence.
    pub says: &'static str,
}

const MINUTE_MS: i64 = 60_000;

impl Rule {
    const fn new(name: &'static str, severity: Severity, measure: Measure, says: &'static str) -> Self {
        let (bounds, side) = (Bounds::of(0.0, 0.0), Side::Above);
        Self { name, severity, measure, side, bounds, launch: None, hold_ms: 0, covers: None, says }
    }

    const fn warning(name: &'static str, measure: Measure, says: &'static str) -> Self {
        Self::new(name, Severity::Warning, measure, says)
    }

    const fn critical(name: &'static str, measure: Measure, says: &'static str) -> Self {
        Self::new(name, Severity::Critical, measure, says)
    }

    const fn above(self, raises: f64, clears: f64) -> Self {
        Self { side: Side::Above, bounds: Bounds::of(raises, clears), ..self }
    }

    const fn below(self, raises: f64, clears: f64) -> Self {
        Self { side: Side::Below, bounds: Bounds::of(raises, clears), ..self }
    }

    /// Of something that is 1, and should be.
    const fn away(self) -> Self {
        self.below(0.5, 0.5)
    }

    const fn at_launch(self, raises: f64, clears: f64) -> Self {
        Self { launch: Some(Bounds::of(raises, clears)), ..self }
    }

    const fn holds(self, minutes: i64) -> Self {
        Self { hold_ms: minutes * MINUTE_MS, ..self }
    }

    const fn covers(self, milder: &'static str) -> Self {
        Self { covers: Some(milder), ..self }
    }

    /// Whether a value raises the alert.
    pub fn is_raised_by(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value > self.bounds.raises,
            Side::Below => value < self.bounds.raises,
        }
    }

    /// Whether a value clears the alert.
    pub fn is_cleared_by(&self, value: f64) -> bool {
        match self.side {
            Side::Above => value <= self.bounds.clears,
            Side::Below => value >= self.bounds.clears,
        }
    }

    /// The same rule as it is during a launch.
    #[must_use]
    pub fn tightened(self) -> Self {
        Self { bounds: self.launch.unwrap_or(self.bounds), ..self }
    }

    /// What is wrong, with the value and the bound.
    pub fn sentence(&self, value: f64) -> String {
        let unit = self.measure.unit();
        match self.side {
            _ if unit == Unit::Truth => format!("{}.", self.says),
            Side::Above => {
                format!("{}: {}, more than {}.", self.says, unit.shown(value), unit.shown(self.bounds.raises))
            }
            Side::Below => {
                format!("{}: {}, less than {}.", self.says, unit.shown(value), unit.shown(self.bounds.raises))
            }
        }
    }
}

/// What the settings change about a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Override {
    /// The rule.
    pub name: String,
    /// Whether it is evaluated.
    pub on: Option<bool>,
    /// Other bounds, also during a launch.
    pub raises: Option<f64>,
    /// Where it is left out and `raises` is not, the two are the same.
    pub clears: Option<f64>,
    /// Another time to hold, in milliseconds.
    pub hold_ms: Option<i64>,
}

/// Every rule as it is without settings.
pub fn all_rules() -> Vec<Rule> {
    use Measure::{
        BackupAge, Database, DiskFree, Errors, FailedPurges, FaultyObjects, HitRate, Latency, Memory,
        PoorRenditions, PurgeAge, QueueAge, Replica, SharedCache, Store, Tasks,
    };
    let plain = [
        Rule::critical("latency-critical", Latency, "The P95 of manifests and frames breaks its promise")
            .above(300.0, 250.0)
            .at_launch(250.0, 225.0)
            .holds(5)
            .covers("latency-warning"),
        Rule::warning("latency-warning", Latency, "The P95 of manifests and frames is near its promise")
            .above(250.0, 225.0)
            .at_launch(200.0, 175.0)
            .holds(5),
        Rule::critical("errors-critical", Errors, "Requests for manifests and frames fail")
            .above(1.0, 0.5)
            .at_launch(0.5, 0.25)
            .holds(5)
            .covers("errors-warning"),
        Rule::warning("errors-warning", Errors, "Some requests for manifests and frames fail")
            .above(0.5, 0.25)
            .at_launch(0.25, 0.1)
            .holds(5),
        Rule::warning("hit-rate-low", HitRate, "Too little of what visitors ask for is in memory")
            .below(80.0, 85.0)
            .at_launch(90.0, 93.0)
            .holds(15),
        Rule::warning("memory-high", Memory, "The memory of a process is nearly used up")
            .above(80.0, 75.0)
            .holds(5),
        Rule::warning("queue-old", QueueAge, "A job waits for long")
            .above(600.0, 300.0)
            .at_launch(300.0, 120.0)
            .holds(1),
        Rule::critical("purge-old", PurgeAge, "A cache in front has not acknowledged a purge")
            .above(60.0, 30.0)
            .at_launch(30.0, 15.0)
            .holds(1),
        Rule::warning("purges-failed", FailedPurges, "Purges were given up").above(0.5, 0.5),
        Rule::critical("disk-low", DiskFree, "The disk with the data folder is nearly full")
            .below(10.0, 12.0)
            .holds(1),
        Rule::critical("objects-faulty", FaultyObjects, "Objects that versions need are missing or damaged")
            .above(0.5, 0.5),
        Rule::warning("quality-low", PoorRenditions, "Live renditions are below the floor of their family")
            .above(0.5, 0.5),
        Rule::warning("backup-old", BackupAge, "The last backup is old").above(26.0, 25.0),
        Rule::warning("replica-away", Replica, "The replica of the database cannot be used").away().holds(5),
        Rule::critical("database-away", Database, "The database does not take reads and writes")
            .away()
            .holds(1),
        Rule::critical("store-away", Store, "The object store does not answer").away().holds(1),
        Rule::warning("shared-cache-away", SharedCache, "The cache that servers share does not answer")
            .away()
            .holds(5),
        Rule::warning("task-overdue", Tasks, "A task beside requests has not done its work in time")
            .away()
            .holds(5),
    ];
    plain.into_iter().chain(OBJECTIVES.into_iter().flat_map(burns)).collect()
}

/// The two rules of an objective.
fn burns(objective: Objective) -> [Rule; 2] {
    let (fast, slow, says) = match objective {
        Objective::Manifests => {
            ("burn-manifests-fast", "burn-manifests-slow", "The error budget of manifests is spent too fast")
        }
        Objective::Frames => {
            ("burn-frames-fast", "burn-frames-slow", "The error budget of frames is spent too fast")
        }
        Objective::Latency => {
            ("burn-latency-fast", "burn-latency-slow", "The budget of slow answers is spent too fast")
        }
        Objective::Switch => {
            ("burn-switch-fast", "burn-switch-slow", "The budget of slow switches is spent too fast")
        }
        Objective::Hits => {
            ("burn-hits-fast", "burn-hits-slow", "The budget of cache misses is spent too fast")
        }
        Objective::Queue => {
            ("burn-queue-fast", "burn-queue-slow", "The budget of waiting jobs is spent too fast")
        }
    };
    let (page, ticket) = (Measure::Burn(objective, Pace::Fast), Measure::Burn(objective, Pace::Slow));
    [
        Rule::critical(fast, page, says).above(Pace::Fast.rate(), 13.0).covers(slow),
        Rule::warning(slow, ticket, says).above(Pace::Slow.rate(), 5.0),
    ]
}

/// The rules with what the settings change, as they are at the moment.
pub fn rules(overrides: &[Override], is_launch: bool) -> Vec<Rule> {
    let tightened = |rule: Rule| if is_launch { rule.tightened() } else { rule };
    let changed = |rule: Rule| {
        let Some(change) = overrides.iter().find(|change| change.name == rule.name) else {
            return Some(rule);
        };
        if change.on == Some(false) {
            return None;
        }
        let raises = change.raises.unwrap_or(rule.bounds.raises);
        let clears = change.clears.or(change.raises).unwrap_or(rule.bounds.clears);
        Some(Rule {
            bounds: Bounds { raises, clears },
            hold_ms: change.hold_ms.unwrap_or(rule.hold_ms),
            ..rule
        })
    };
    all_rules().into_iter().map(tightened).filter_map(changed).collect()
}
