//! What an operator looks at: a list of plots, from which the dashboard for Grafana and the page `/ops` are made.
//!
//! Each plot answers one question, and says which. They stand in the order in which a person asks: are visitors served, what
//! is slow, is work done, what is used up.

use super::{
    alerts::{Measure, OBJECTIVES, Objective, Pace, Targets, value_for_plots},
    performance::history::Figure,
};

/// The unit of a plot's values, as Grafana calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub enum PlotUnit {
    /// Seconds.
    #[strum(serialize = "s")]
    Seconds,
    /// Milliseconds.
    #[strum(serialize = "ms")]
    Milliseconds,
    /// Bytes.
    #[strum(serialize = "bytes")]
    Bytes,
    /// Bytes in a second.
    #[strum(serialize = "Bps")]
    BytesPerSecond,
    /// Things in a second.
    #[strum(serialize = "ops")]
    PerSecond,
    /// Per cent.
    #[strum(serialize = "percent")]
    Percent,
    /// A plain number.
    #[strum(serialize = "short")]
    Number,
}

impl PlotUnit {
    /// Grafana's word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A line of a plot, or several by their labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name, with `{{label}}` for labels.
    pub legend: &'static str,
    /// In the language of Prometheus.
    pub query: String,
}

/// A plot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// Its title.
    pub title: &'static str,
    /// The question that it answers.
    pub says: String,
    /// The unit of all its lines.
    pub unit: PlotUnit,
    /// What Grafana shows, from Prometheus.
    pub lines: Vec<Line>,
    /// What `/ops` shows, from what the service keeps itself; `None` where it does not keep that.
    pub kept: Option<Figure>,
}

impl Panel {
    /// The same plot, which `/ops` has too.
    fn kept(self, figure: Figure) -> Self {
        Self { kept: Some(figure), ..self }
    }

    /// The measure whose rules have bounds for its lines.
    pub const fn measure(&self) -> Option<Measure> {
        match self.kept {
            Some(Figure::Latency) => Some(Measure::Latency),
            Some(Figure::Errors) => Some(Measure::Errors),
            Some(Figure::HitRates) => Some(Measure::HitRate),
            Some(Figure::QueueAge) => Some(Measure::QueueAge),
            Some(Figure::Memory) => Some(Measure::Memory),
            Some(Figure::DiskFree) => Some(Measure::DiskFree),
            _ => None,
        }
    }
}

/// Plots under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The heading.
    pub title: &'static str,
    /// Its plots.
    pub panels: Vec<Panel>,
}

fn line(legend: &'static str, query: impl Into<String>) -> Line {
    Line { legend, query: query.into() }
}

fn panel<const LINES: usize>(
    title: &'static str,
    unit: PlotUnit,
    says: impl Into<String>,
    lines: [Line; LINES],
) -> Panel {
    Panel { title, says: says.into(), unit, lines: lines.into(), kept: None }
}

/// A quantile of a histogram over five minutes, by labels.
fn quantile(share: f64, name: &str, by: &str) -> String {
    let by = if by.is_empty() { "le".to_owned() } else { format!("le, {by}") };
    format!("histogram_quantile({share}, sum by ({by}) (rate({name}_bucket[5m])))")
}

/// 0.95 is 95, and 0.999 is 99.9.
fn percent(share: f64) -> f64 {
    (share * 100_000.0).round() / 1000.0
}

fn rate(name: &str, by: &str) -> String {
    format!("sum by ({by}) (rate({name}[5m]))")
}

/// Every plot.
pub fn rows(targets: &Targets) -> Vec<Row> {
    vec![
        Row { title: "Visitors", panels: visitors(targets) },
        Row { title: "In browsers", panels: browsers(targets) },
        Row { title: "Behind the answers", panels: behind() },
        Row { title: "Work", panels: work(targets) },
        Row { title: "Machines", panels: machines(targets) },
    ]
}

fn visitors(targets: &Targets) -> Vec<Panel> {
    const ANSWERS: &str = "girasol_http_request_duration_seconds";
    vec![
        panel(
            "Alerts that fire",
            PlotUnit::Number,
            "What is wrong at the moment? docs/runbook.md has a section for each.",
            [line(
                "{{alertname}} {{cache}} {{instance}}",
                "ALERTS{alertstate=\"firing\",alertname=~\"Girasol.*\"}",
            )],
        ),
        panel(
            "Requests",
            PlotUnit::PerSecond,
            "How much is asked, and for what?",
            [line("{{route}}", rate(&format!("{ANSWERS}_count"), "route"))],
        )
        .kept(Figure::Requests),
        panel(
            "Latency of manifests and frames",
            PlotUnit::Milliseconds,
            "Are answers as fast as promised? The P95 has to stay under 300 ms.",
            [line("P95", value_for_plots(Measure::Latency, targets))],
        )
        .kept(Figure::Latency),
        panel(
            "Latency by address",
            PlotUnit::Seconds,
            "Which address is slow?",
            [line("P95 {{route}}", quantile(0.95, ANSWERS, "route"))],
        )
        .kept(Figure::LatencyByAddress),
        panel(
            "Errors",
            PlotUnit::Percent,
            "Which share of manifests and frames fails?",
            [line("errors", value_for_plots(Measure::Errors, targets))],
        )
        .kept(Figure::Errors),
        Panel {
            title: "Budgets",
            says: "How many times faster than planned is each error budget spent, over an hour? 14.4 pages."
                .to_owned(),
            unit: PlotUnit::Number,
            lines: OBJECTIVES.into_iter().map(|objective| budget(objective, targets)).collect(),
            kept: None,
        },
        panel(
            "Delivery classes",
            PlotUnit::PerSecond,
            "Which tiers and formats do visitors get?",
            [line("{{tier}} {{format}}", rate("girasol_negotiations_total", "tier, format"))],
        )
        .kept(Figure::Classes),
        panel(
            "Bytes sent",
            PlotUnit::BytesPerSecond,
            "How much is sent to clients?",
            [line("{{instance}}", rate("girasol_http_sent_bytes_total", "instance"))],
        )
        .kept(Figure::Sent),
    ]
}

fn browsers(targets: &Targets) -> Vec<Panel> {
    const TURNED: &str = "girasol_viewer_turned_frames_total";
    let quantiles = |name: &str| {
        [("P50", 0.5), ("P75", 0.75), ("P95", 0.95)]
            .map(|(legend, share)| line(legend, quantile(share, name, "")))
    };
    vec![
        panel(
            "Views",
            PlotUnit::PerSecond,
            "How many spins do visitors look at?",
            [line("views", "sum(rate(girasol_viewer_views_total[5m]))")],
        )
        .kept(Figure::Views),
        panel(
            "First frame",
            PlotUnit::Seconds,
            "How long do visitors wait for the first picture?",
            quantiles("girasol_viewer_first_frame_duration_seconds"),
        )
        .kept(Figure::FirstFrame),
        panel(
            "Whole turn",
            PlotUnit::Seconds,
            "How long do visitors wait for all frames of their tier?",
            quantiles("girasol_viewer_whole_turn_duration_seconds"),
        )
        .kept(Figure::WholeTurn),
        panel(
            "Switches",
            PlotUnit::Seconds,
            format!(
                "How long do visitors wait for another choice? {} % have to wait for {} ms at most.",
                percent(targets.switch),
                targets.switch_ms
            ),
            quantiles("girasol_viewer_switch_duration_seconds"),
        )
        .kept(Figure::Switches),
        panel(
            "Frames at the wanted angle",
            PlotUnit::Percent,
            "Do pieces follow the hand that turns them?",
            [line(
                "at the wanted angle",
                format!("100 * sum(rate({TURNED}{{outcome=\"wanted\"}}[5m])) / sum(rate({TURNED}[5m]))"),
            )],
        )
        .kept(Figure::Wanted),
    ]
}

fn budget(objective: Objective, targets: &Targets) -> Line {
    line(targets.counted(objective).name, value_for_plots(Measure::Burn(objective, Pace::Fast), targets))
}

fn behind() -> Vec<Panel> {
    const CACHE: &str = "girasol_cache_requests_total";
    const ANSWERED: &str = "girasol_http_memory_answers_total";
    vec![
        panel(
            "Hit rate by level",
            PlotUnit::Percent,
            "Where do answers come from?",
            [line(
                "{{level}}",
                format!(
                    "100 * sum by (level) (rate({CACHE}{{outcome=\"hit\"}}[5m])) / sum by (level) (rate({CACHE}[5m]))"
                ),
            )],
        )
        .kept(Figure::HitRates),
        panel(
            "Answers in memory by address",
            PlotUnit::Percent,
            "For which addresses is something fetched or made?",
            [line(
                "{{route}}",
                format!(
                    "100 * sum by (route) (rate({ANSWERED}{{outcome=\"hit\"}}[5m])) / sum by (route) (rate({ANSWERED}[5m]))"
                ),
            )],
        )
        .kept(Figure::HitRatesByAddress),
        panel(
            "Evictions",
            PlotUnit::PerSecond,
            "Is memory too small for what is asked?",
            [line("{{level}} {{kind}}", rate("girasol_cache_evictions_total", "level, kind"))],
        )
        .kept(Figure::Evictions),
        panel(
            "Store",
            PlotUnit::Seconds,
            "How fast does the store answer, and does it fail?",
            [line(
                "P95 {{operation}} {{outcome}}",
                quantile(0.95, "girasol_store_operation_duration_seconds", "operation, outcome"),
            )],
        ),
        panel(
            "Statements that take most time",
            PlotUnit::Seconds,
            "What keeps the database busy? Seconds of work in a second.",
            [line(
                "{{statement}}",
                "topk(10, sum by (statement) (rate(girasol_db_statement_duration_seconds_sum[5m])))",
            )],
        ),
        panel(
            "Waiting for a connection",
            PlotUnit::Seconds,
            "Are there enough connections to the database?",
            [line("P95 {{pool}}", quantile(0.95, "girasol_db_pool_wait_seconds", "pool"))],
        ),
        panel(
            "Parts",
            PlotUnit::Number,
            "Which part is not well? 0 is well, 1 degraded, 2 failed.",
            [line("{{part}} {{instance}}", "girasol_health_condition")],
        ),
    ]
}

fn work(targets: &Targets) -> Vec<Panel> {
    vec![
        panel(
            "Queue",
            PlotUnit::Number,
            "How many jobs wait, and how many run?",
            [line("{{state}}", "max by (state) (girasol_service_jobs)")],
        )
        .kept(Figure::Queue),
        panel(
            "Age of the oldest job",
            PlotUnit::Seconds,
            "How long do artists wait?",
            [line("age", value_for_plots(Measure::QueueAge, targets))],
        )
        .kept(Figure::QueueAge),
        panel(
            "Encodes",
            PlotUnit::PerSecond,
            "How much is encoded, and how much reused?",
            [line("{{outcome}}", rate("girasol_encodes_total", "outcome"))],
        )
        .kept(Figure::Encodes),
        panel(
            "Stages of ingests",
            PlotUnit::Seconds,
            "Which stage takes the time?",
            [line("P95 {{stage}}", quantile(0.95, "girasol_ingest_stage_duration_seconds", "stage"))],
        ),
        panel(
            "Quality",
            PlotUnit::Number,
            "How good are new renditions? SSIMULACRA2, the median of their means.",
            [line("{{tier}} {{format}}", quantile(0.5, "girasol_rendition_quality_score", "tier, format"))],
        ),
        panel(
            "Purges",
            PlotUnit::Seconds,
            "Do the caches in front follow?",
            [line("{{cache}}", value_for_plots(Measure::PurgeAge, targets))],
        ),
    ]
}

fn machines(targets: &Targets) -> Vec<Panel> {
    vec![
        panel(
            "CPU",
            PlotUnit::Percent,
            "Is there CPU time left? 100 is one core.",
            [line("{{instance}}", "100 * rate(process_cpu_seconds_total{job=~\".*girasol.*\"}[5m])")],
        )
        .kept(Figure::Cpu),
        panel(
            "Memory of the process",
            PlotUnit::Bytes,
            "Does a process grow?",
            [line("{{instance}}", "process_resident_memory_bytes{job=~\".*girasol.*\"}")],
        ),
        panel(
            "Memory that is used",
            PlotUnit::Percent,
            "Is there memory left?",
            [line("{{instance}}", value_for_plots(Measure::Memory, targets))],
        )
        .kept(Figure::Memory),
        panel(
            "Disk that is free",
            PlotUnit::Percent,
            "Is there room for uploads and jobs?",
            [line("{{instance}}", value_for_plots(Measure::DiskFree, targets))],
        )
        .kept(Figure::DiskFree),
        panel(
            "Versions",
            PlotUnit::Number,
            "Which program runs, and since when? A step is a deployment.",
            [line("{{version}} {{commit}}", "count by (version, commit) (girasol_build_info)")],
        )
        .kept(Figure::Programs),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_service_keeps_is_in_one_plot() {
        let mut kept: Vec<Figure> = rows(&Targets::default())
            .iter()
            .flat_map(|row| &row.panels)
            .filter_map(|panel| panel.kept)
            .collect();
        for figure in <Figure as strum::VariantArray>::VARIANTS {
            let at = kept.iter().position(|one| one == figure);
            kept.swap_remove(at.unwrap_or_else(|| panic!("{figure:?}")));
        }
        assert_eq!(kept, []);
    }

    #[test]
    fn every_plot_has_a_question_and_something_to_show() {
        let mut titles = Vec::new();
        for panel in rows(&Targets::default()).into_iter().flat_map(|row| row.panels) {
            assert!(panel.says.contains('?'), "{}", panel.title);
            assert!(!panel.lines.is_empty(), "{}", panel.title);
            assert!(!titles.contains(&panel.title), "{}", panel.title);
            titles.push(panel.title);
        }
    }
}
