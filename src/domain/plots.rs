//! The plots of the page `/ops`: the panels, with what the service keeps of them itself.

use super::{
    alerts::{Rule, Severity, Targets},
    panels::{Panel, PlotUnit, Row, rows},
    performance::history::{Figure, History, PlotLine, Start, Steps},
};

/// Every plot, and what happened meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct Plots {
    /// Until when they go, in milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
    /// Plots under their headings.
    pub rows: Vec<PlotRow>,
    /// When processes started, the earliest first.
    pub starts: Vec<Start>,
}

/// Plots under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotRow {
    /// The heading.
    pub title: &'static str,
    /// Its plots.
    pub plots: Vec<Plot>,
}

/// A plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// What it shows.
    pub figure: Figure,
    /// Its title.
    pub title: &'static str,
    /// The question that it answers.
    pub says: String,
    /// The unit of all its lines.
    pub unit: PlotUnit,
    /// When each value was measured.
    pub steps: Steps,
    /// What was measured; none where nothing was.
    pub lines: Vec<PlotLine>,
    /// From which values on alerts are raised.
    pub bounds: Vec<PlotBound>,
}

/// A value from which on an alert is raised.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotBound {
    /// The rule.
    pub rule: &'static str,
    /// How urgent the alert is.
    pub severity: Severity,
    /// The value, in the unit of the plot.
    pub value: f64,
}

/// Draws every panel that the service has something of, in their order.
pub fn draw(history: &History, rules: &[Rule], targets: &Targets) -> Plots {
    let plot = |panel: Panel| {
        let figure = panel.kept?;
        let (steps, lines) = history.lines(figure);
        let of_panel = |rule: &&Rule| panel.measure() == Some(rule.measure);
        let bound =
            |rule: &Rule| PlotBound { rule: rule.name, severity: rule.severity, value: rule.bounds.raises };
        let bounds = rules.iter().filter(of_panel).map(bound).collect();
        let Panel { title, says, unit, .. } = panel;
        Some(Plot { figure, title, says, unit, steps, lines, bounds })
    };
    let row =
        |Row { title, panels }: Row| PlotRow { title, plots: panels.into_iter().filter_map(plot).collect() };
    Plots {
        until_ms: history.until_ms(),
        rows: rows(targets).into_iter().map(row).collect(),
        starts: history.starts(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alerts::all_rules;

    #[test]
    fn plots_have_the_bounds_of_the_rules_about_them() {
        let plots = draw(&History::of(24, 1_764_273_600_000), &all_rules(), &Targets::default());
        let bounds = |title: &str| -> Vec<(&str, f64)> {
            let plot = plots.rows.iter().flat_map(|row| &row.plots).find(|plot| plot.title == title).unwrap();
            plot.bounds.iter().map(|bound| (bound.rule, bound.value)).collect()
        };
        let latency = bounds("Latency of manifests and frames");
        assert_eq!(latency, [("latency-critical", 300.0), ("latency-warning", 250.0)]);
        assert_eq!(bounds("Disk that is free"), [("disk-low", 10.0)]);
        assert_eq!(bounds("Requests"), []);
    }

    #[test]
    fn what_the_service_does_not_keep_is_left_to_prometheus() {
        let plots = draw(&History::of(1, 0), &[], &Targets::default());
        assert!(plots.rows.iter().all(|row| !row.plots.is_empty()), "{plots:?}");
        assert!(plots.rows.iter().flat_map(|row| &row.plots).all(|plot| plot.title != "Store"));
    }
}
