//! What a run is held against: budgets that are limits, and the recorded run.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    catalog::Kind,
    figures::{Figures, ms},
    process::slope_per_hour,
    root,
    scenarios::{Held, Scenario},
    visits::Whole,
};

/// What is recorded of a run of which only what is stable is held.
const REQUESTS: &str = "requests of a visit";
const BYTES: &str = "bytes of a visit";
const MEMORY: &str = "memory";

/// `benches/load/budgets.toml`, where each is explained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budgets {
    latency: f64,
    load_time: f64,
    cpu: f64,
    bundle: f64,
    p95_ms: f64,
    switch_p95_ms: f64,
    hit_p50_ms: f64,
    failed: u64,
    memory_mib: f64,
    slope_mib_per_hour: f64,
    requests: f64,
    bytes: f64,
    memory: f64,
}

impl Budgets {
    pub(crate) fn read() -> Self {
        toml::from_str(include_str!("../budgets.toml")).expect("budgets.toml is sound")
    }
}

/// The figures of one run, by scenario and by what was measured, and the bytes of the viewer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) bundle: u64,
    pub(crate) scenarios: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Recorded {
    fn file() -> PathBuf {
        root().join("benches/load/recorded.json")
    }

    /// Empty where no run was recorded yet.
    pub(crate) fn read() -> Self {
        let Ok(json) = fs::read(Self::file()) else { return Self::default() };
        serde_json::from_slice(&json).expect("recorded.json is what --record wrote")
    }

    /// Keeps the scenarios of this run, and those of others that did not run.
    pub(crate) fn write(&self) {
        let mut json = serde_json::to_string_pretty(self).unwrap();
        json.push('\n');
        fs::write(Self::file(), json).unwrap();
    }
}

/// One scenario at both servers.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) scenario: &'static Scenario,
    pub(crate) girasol: Figures,
    pub(crate) nginx: Figures,
}

impl Outcome {
    /// How many times as long as nginx's Girasol's median is.
    pub(crate) fn ratio(&self, kind: Kind) -> Option<f64> {
        let (own, peer) = (self.girasol.kinds.get(&kind)?, self.nginx.kinds.get(&kind)?);
        Some(ms(own, 0.5) / ms(peer, 0.5))
    }

    pub(crate) fn ratio_of_whole(&self, whole: Whole) -> Option<f64> {
        let (own, peer) = (self.girasol.wholes.get(&whole)?, self.nginx.wholes.get(&whole)?);
        Some(ms(own, 0.5) / ms(peer, 0.5))
    }

    pub(crate) fn cpu_ratio(&self) -> f64 {
        self.girasol.cpu_per_request() / self.nginx.cpu_per_request()
    }

    /// What later runs are held against, by what was measured.
    pub(crate) fn figures(&self) -> BTreeMap<String, f64> {
        match self.scenario.held {
            Held::All => self.ratios(),
            Held::Stable => self.stable(),
        }
    }

    /// What does not depend on what else the machine does.
    fn stable(&self) -> BTreeMap<String, f64> {
        let of_a_visit = |count: u64| round(count as f64 / self.girasol.visits.max(1) as f64);
        [
            (REQUESTS, of_a_visit(self.girasol.requests)),
            (BYTES, of_a_visit(self.girasol.bytes)),
            (MEMORY, round(most_mib(&self.girasol))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// All ratios, by what was measured.
    fn ratios(&self) -> BTreeMap<String, f64> {
        let kinds =
            Kind::ALL.into_iter().filter_map(|kind| Some((kind.name().to_owned(), self.ratio(kind)?)));
        let of_whole = |whole: Whole| Some((whole.name().to_owned(), self.ratio_of_whole(whole)?));
        let cpu = ("cpu".to_owned(), self.cpu_ratio());
        let all = kinds.chain(Whole::ALL.into_iter().filter_map(of_whole)).chain([cpu]);
        // What cannot be divided by is no ratio.
        all.filter(|(_, ratio)| ratio.is_finite()).map(|(name, ratio)| (name, round(ratio))).collect()
    }
}

fn round(ratio: f64) -> f64 {
    (ratio * 1e3).round() / 1e3
}

/// What exceeds its budget, in words.
pub(crate) fn exceeded(
    budgets: &Budgets,
    recorded: &Recorded,
    outcomes: &[Outcome],
    bundle: u64,
) -> Vec<String> {
    let mut over = Vec::new();
    for outcome in outcomes {
        over.extend(limits(budgets, outcome));
        over.extend(against(budgets, recorded, outcome));
    }
    let allowed = recorded.bundle as f64 * budgets.bundle;
    if recorded.bundle > 0 && bundle as f64 > allowed {
        over.push(format!("the viewer: {bundle} bytes, {allowed:.0} at the most"));
    }
    over
}

/// What is above a limit of its own.
fn limits(budgets: &Budgets, Outcome { scenario, girasol, .. }: &Outcome) -> Vec<String> {
    let is_timed = scenario.held == Held::All;
    let mut over = Vec::new();
    let mut hold = |what: &str, value: f64, most: f64, unit: &str| {
        if value > most {
            over.push(format!("{}, {what}: {value:.1} {unit}, {most:.1} at the most", scenario.name));
        }
    };
    for (kind, times) in girasol.kinds.iter().filter(|_| is_timed) {
        hold(&format!("P95 of {}", kind.name()), ms(times, 0.95), budgets.p95_ms, "ms");
        if scenario.name == "browse" && matches!(kind, Kind::Manifest | Kind::Frame) {
            hold(&format!("P50 of {}", kind.name()), ms(times, 0.5), budgets.hit_p50_ms, "ms");
        }
    }
    if let Some(times) = girasol.wholes.get(&Whole::Switch).filter(|_| is_timed) {
        hold("P95 of a switch", ms(times, 0.95), budgets.switch_p95_ms, "ms");
    }
    hold("requests that failed", girasol.failed as f64, budgets.failed as f64, "");
    hold("memory", most_mib(girasol), budgets.memory_mib, "MiB");
    if let Some(slope) = slope_per_hour(&girasol.memory) {
        hold("growth of memory", slope, budgets.slope_mib_per_hour, "MiB an hour");
    }
    over
}

/// What is more than it was in the recorded run.
fn against(budgets: &Budgets, recorded: &Recorded, outcome: &Outcome) -> Vec<String> {
    let name = outcome.scenario.name;
    let Some(before) = recorded.scenarios.get(name) else { return Vec::new() };
    let wholes = Whole::ALL.map(Whole::name);
    let mut over = Vec::new();
    for (what, now) in outcome.figures() {
        let Some(before) = before.get(&what) else { continue };
        let (times, unit) = match what.as_str() {
            REQUESTS => (budgets.requests, ""),
            BYTES => (budgets.bytes, ""),
            MEMORY => (budgets.memory, " MiB"),
            "cpu" => (budgets.cpu, " times nginx's"),
            whole if wholes.contains(&whole) => (budgets.load_time, " times nginx's"),
            _ => (budgets.latency, " times nginx's"),
        };
        let most = before * times;
        if now > most {
            over.push(format!(
                "{name}, {what}: {now:.2}{unit}, {most:.2} at the most, since it was {before:.2}"
            ));
        }
    }
    over
}

pub(crate) fn most_mib(figures: &Figures) -> f64 {
    figures.memory.iter().map(|at| at.1).fold(0.0, f64::max)
}
