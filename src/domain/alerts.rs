//! Alerts: rules about what is measured, and what becomes of them over time.
//!
//! A rule is data: what it measures, from which bound on it raises an alert and at which other bound that is cleared, how
//! long the condition has to hold, and how urgent it is. The service evaluates the rules by itself, and the rules of
//! Prometheus are made from the same data. [`Alerts::step`] is a pure function of a moment and of what was measured then, so
//! that it goes on after a restart where it was.
//!
//! Each measure is optional: what an installation does not have, or what has no value at the moment, raises nothing.

mod engine;
mod launch;
mod measure;
mod objective;
mod promql;
mod rule;
mod traffic;

#[cfg(test)]
mod tests;

pub use self::{
    engine::{Alert, Alerts, Change, ChangeKind, ESCALATE_AFTER_MS, STALE_AFTER_MS, Silence},
    launch::{BEFORE_MS as LAUNCH_BEFORE_MS, BadLaunch, Launch, Written as WrittenLaunch, is_endpoint},
    measure::{Measure, Scope, Snapshot, Unit},
    objective::{Counted, OBJECTIVES, Objective, Pace, Ratio, Targets},
    promql::{condition, prometheus_name, rules_file, value_for_plots},
    rule::{Bounds, Override, Rule, Severity, Side, all_rules, rules},
    traffic::{Minute, Traffic},
};
