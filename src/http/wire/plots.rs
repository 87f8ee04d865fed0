//! What was measured over some hours, as lines of plots.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        performance::history::{PlotLine as Line, Start, Steps},
        plots::{Plot as Drawn, PlotBound as Bound, PlotRow as DrawnRow, Plots as All},
    },
    launches::Listed,
};

use super::{alerts::AlertSeverity, timestamp::Timestamp};

/// Plots, and what happened meanwhile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Plots {
    hours: u32,
    /// Until when the plots go: all servers have written what they measured before.
    until: Timestamp,
    /// Plots under their headings, in the order in which a person asks.
    rows: Vec<PlotRow>,
    /// When processes started, the earliest first.
    starts: Vec<ProcessStart>,
    /// Launches that are on in these hours, or to come.
    launches: Vec<PlannedLaunch>,
    /// Whether servers evaluate the rules of alerts. Otherwise Prometheus does, or nothing.
    watched: bool,
}

/// Plots under one heading.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlotRow {
    #[schema(examples("Visitors"))]
    title: &'static str,
    plots: Vec<Plot>,
}

/// A plot.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plot {
    /// The name of what it shows, which stays when its title changes.
    #[schema(examples("errors"))]
    figure: &'static str,
    #[schema(examples("Errors"))]
    title: &'static str,
    /// The question that it answers.
    #[schema(examples("Which share of manifests and frames fails?"))]
    question: String,
    unit: PlotUnit,
    /// When the first step begins.
    since: Timestamp,
    /// The length of a step. The last one may be shorter.
    step_seconds: i64,
    /// None where nothing was measured.
    lines: Vec<PlotLine>,
    /// From which values on alerts are raised.
    bounds: Vec<PlotBound>,
}

/// The unit of a plot's values.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PlotUnit {
    Seconds,
    Milliseconds,
    Bytes,
    BytesPerSecond,
    PerSecond,
    Percent,
    Number,
}

/// A line of a plot.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlotLine {
    #[schema(examples("P95"))]
    name: String,
    /// A value for each step, to four digits; `null` where nothing was measured.
    values: Vec<Option<f64>>,
}

/// A value from which on an alert is raised.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlotBound {
    #[schema(examples("errors-critical"))]
    alert: &'static str,
    severity: AlertSeverity,
    value: f64,
}

/// Processes that started.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProcessStart {
    /// To the minute, or to the hour once minutes are added up.
    at: Timestamp,
    /// Its version, and its commit where that is known.
    #[schema(examples("0.1.0 (0a1b2c3)"))]
    program: String,
    processes: u64,
    /// Whether another program ran before.
    deployment: bool,
}

/// A sale that is known beforehand.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlannedLaunch {
    /// Its number, where it was planned while servers ran; those of the settings have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<i64>,
    #[schema(examples("autumn sale"))]
    name: String,
    from: Timestamp,
    until: Timestamp,
    /// Whether alerts have tighter bounds now, and work rests that can wait.
    on: bool,
}

impl Plots {
    /// Plots of some hours, and those of the launches that belong to them. `watched`: whether servers evaluate rules.
    pub(crate) fn of(hours: u32, all: &All, launches: &[Listed], watched: bool, now_ms: i64) -> Self {
        let since_ms = now_ms - i64::from(hours) * crate::domain::performance::series::HOUR_MS;
        let launches = launches.iter().filter(|listed| listed.launch.until_ms > since_ms);
        Self {
            hours,
            until: Timestamp(all.until_ms),
            rows: all.rows.iter().map(Into::into).collect(),
            starts: all.starts.iter().map(Into::into).collect(),
            launches: launches.map(|listed| PlannedLaunch::of(listed, now_ms)).collect(),
            watched,
        }
    }
}

impl PlannedLaunch {
    fn of(Listed { id, launch }: &Listed, now_ms: i64) -> Self {
        Self {
            id: *id,
            name: launch.name.clone(),
            from: Timestamp(launch.from_ms),
            until: Timestamp(launch.until_ms),
            on: launch.is_on(now_ms),
        }
    }
}

impl From<&DrawnRow> for PlotRow {
    fn from(row: &DrawnRow) -> Self {
        Self { title: row.title, plots: row.plots.iter().map(Into::into).collect() }
    }
}

impl From<&Drawn> for Plot {
    fn from(plot: &Drawn) -> Self {
        use crate::domain::panels::PlotUnit as Unit;
        let Drawn { figure, title, says, unit, steps: Steps { since_ms, step_ms, .. }, lines, bounds } = plot;
        let unit = match unit {
            Unit::Seconds => PlotUnit::Seconds,
            Unit::Milliseconds => PlotUnit::Milliseconds,
            Unit::Bytes => PlotUnit::Bytes,
            Unit::BytesPerSecond => PlotUnit::BytesPerSecond,
            Unit::PerSecond => PlotUnit::PerSecond,
            Unit::Percent => PlotUnit::Percent,
            Unit::Number => PlotUnit::Number,
        };
        Self {
            figure: (*figure).into(),
            title,
            question: says.clone(),
            unit,
            since: Timestamp(*since_ms),
            step_seconds: step_ms / 1000,
            lines: lines.iter().map(Into::into).collect(),
            bounds: bounds.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Line> for PlotLine {
    fn from(line: &Line) -> Self {
        Self { name: line.name.clone(), values: line.values.iter().map(|value| value.map(short)).collect() }
    }
}

impl From<&Bound> for PlotBound {
    fn from(bound: &Bound) -> Self {
        Self { alert: bound.rule, severity: bound.severity.into(), value: bound.value }
    }
}

impl From<&Start> for ProcessStart {
    fn from(start: &Start) -> Self {
        let Start { at_ms, program, processes, is_deployment } = start.clone();
        Self { at: Timestamp(at_ms), program, processes, deployment: is_deployment }
    }
}

/// A value to four digits, which no screen shows more of.
fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_four_digits() {
        let values = [0.0, 1.0 / 60.0, 99.999_9, 123_456.0, 3e-9].map(short);
        assert_eq!(serde_json::to_string(&values).unwrap(), "[0.0,0.01667,100.0,123500.0,3e-9]");
    }
}
