//! What a report of performance says, in sections: text and page show the same.

use crate::{
    cli::timestamp,
    domain::{
        histogram::Histogram,
        performance::{
            advice::Advice,
            capacity::End,
            report::{CacheFigures, Capacity, Figures, Report, StatementFigures},
            score::Part,
            trend::{Evidence, Trend, Verdict},
            users::{Looks, UserReport, UserTally},
        },
    },
};

/// Addresses, and values of a property of views, that are listed.
const LISTED: usize = 20;

/// A table and what is to be said of it. One without rows and notes is left out.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) head: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
    /// Lines below it; those of a plan begin with spaces.
    pub(super) notes: Vec<String>,
}

/// What the report is about, and how things are, in a few lines.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let hours = if report.hours == 1 { "1 hour".to_owned() } else { format!("{} hours", report.hours) };
    vec![
        format!("{} to {}, {hours}", timestamp(report.since_ms), timestamp(report.until_ms)),
        report.score.points.map_or_else(
            || "Health: nothing was measured.".to_owned(),
            |points| format!("Health: {points:.0} of 100."),
        ),
        trend(report),
    ]
}

/// Everything else.
pub(super) fn sections(report: &Report, users: &UserReport) -> Vec<Section> {
    let all = [
        routes(report),
        slowest(report),
        parts(report),
        views(users),
        looks(users),
        caches(report),
        statements(report),
        capacity(report),
    ];
    all.into_iter().filter(|section| !section.rows.is_empty() || !section.notes.is_empty()).collect()
}

fn trend(report: &Report) -> String {
    let Trend { verdict, values: [before, since], evidence } = report.trend;
    let (Some(Evidence { ratio, interval: [low, high], p }), false) = (evidence, verdict == Verdict::Unknown)
    else {
        return format!("Trend: unknown; there are {before} and {since} P95s, and 5 of each are needed.");
    };
    let word: &str = verdict.into();
    let (from, first) = (timestamp(report.periods.since_ms), timestamp(report.periods.before_ms));
    format!(
        "Trend: {word}. {since} P95s from {from} on are {ratio:.2} times the {before} from {first} on \
         ({low:.2} to {high:.2} at 95 %, p = {p:.3})."
    )
}

fn routes(report: &Report) -> Section {
    let row = |name: &str, class: &str, figures: &Figures| {
        let mut row = vec![
            name.to_owned(),
            class.to_owned(),
            figures.requests.to_string(),
            format!("{:.2}", figures.per_second),
            percent(figures.error_rate),
            percent(figures.hit_rate),
        ];
        row.extend(quantiles(figures));
        row
    };
    let mut rows = vec![row("all", "", &report.all), row("visitors", "", &report.visitors)];
    let listed = report.series.iter().take(LISTED);
    rows.extend(listed.map(|one| row(&one.series.route, &one.series.class, &one.figures)));
    Section {
        head: "Requests",
        columns: &[
            "address",
            "delivered",
            "requests",
            "per s",
            "errors",
            "in memory",
            "P50 ms",
            "P90 ms",
            "P95 ms",
            "P99 ms",
        ],
        rows,
        notes: Vec::new(),
    }
}

fn slowest(report: &Report) -> Section {
    let row = |(route, figures): &(String, Figures)| {
        let [_, _, p95, p99] = quantiles(figures);
        vec![route.clone(), figures.requests.to_string(), p95, p99]
    };
    Section {
        head: "Slowest",
        columns: &["address", "requests", "P95 ms", "P99 ms"],
        rows: report.slowest.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn parts(report: &Report) -> Section {
    let row = |part: &Part| {
        let rule = part.rule;
        Some(vec![
            rule.name.to_owned(),
            format!("{:.2} {}", part.measured?, rule.unit),
            format!("{:.1} of {:.0}", part.points?, rule.weight),
            format!("all up to {} {unit}, none from {} {unit}", rule.good, rule.bad, unit = rule.unit),
        ])
    };
    Section {
        head: "Health",
        columns: &["part", "measured", "points", "rule"],
        rows: report.score.parts.iter().filter_map(row).collect(),
        notes: Vec::new(),
    }
}

fn views(users: &UserReport) -> Section {
    let row = |property: &str, value: &str, tally: &UserTally| {
        let p75 = |histogram: &Histogram, unit: f64, digits: usize| {
            histogram
                .quantile(0.75)
                .map_or_else(String::new, |value| format!("{:.digits$}", value as f64 / unit))
        };
        vec![
            property.to_owned(),
            if value.is_empty() { "unknown" } else { value }.to_owned(),
            tally.views.to_string(),
            p75(&tally.frame, 1.0, 0),
            p75(&tally.spin, 1.0, 0),
            p75(&tally.full, 1.0, 0),
            p75(&tally.switch, 1.0, 0),
            percent(tally.wanted_share()),
            tally.errors.to_string(),
            p75(&tally.bytes, 1000.0, 0),
            p75(&tally.lcp, 1.0, 0),
            p75(&tally.cls, 1000.0, 3),
            p75(&tally.inp, 1.0, 0),
        ]
    };
    let mut rows = Vec::new();
    if users.all.views > 0 {
        rows.push(row("all", "all", &users.all));
    }
    for (property, values) in &users.by {
        let is_known = values.iter().any(|(value, _)| !value.is_empty());
        let listed = values.iter().take(LISTED).filter(|_| is_known);
        rows.extend(listed.map(|(value, tally)| row(property.into(), value, tally)));
    }
    Section {
        head: "Views, P75",
        columns: &[
            "by",
            "of",
            "views",
            "frame ms",
            "spin ms",
            "full ms",
            "switch ms",
            "wanted",
            "failures",
            "kB",
            "LCP ms",
            "CLS",
            "INP ms",
        ],
        rows,
        notes: Vec::new(),
    }
}

fn looks(users: &UserReport) -> Section {
    let row = |(product, looks): &(crate::domain::names::ProductId, Looks)| {
        let degree = looks.longest_degree()?;
        let share = looks.0[degree as usize / 10] as f64 / looks.total_ms() as f64;
        let seconds = looks.total_ms() as f64 / 1000.0;
        Some(vec![product.to_string(), format!("{seconds:.0}"), degree.to_string(), percent(Some(share))])
    };
    Section {
        head: "Looks",
        columns: &["product", "seconds", "longest at degree", "share"],
        rows: users.looks.iter().take(LISTED).filter_map(row).collect(),
        notes: Vec::new(),
    }
}

fn caches(report: &Report) -> Section {
    let row = |cache: &CacheFigures| {
        vec![
            cache.level.clone(),
            cache.kind.clone(),
            format!("{:.0}", cache.hits),
            format!("{:.0}", cache.misses),
            percent(cache.hit_rate()),
            format!("{:.0}", cache.evictions),
            format!("{:.0}", cache.early_evictions),
        ]
    };
    let note = |cache: &CacheFigures| Some(format!("{} {}: {}", cache.level, cache.kind, cache.advice()?));
    Section {
        head: "Caches",
        columns: &["level", "kind", "hits", "misses", "hit rate", "evicted", "too early"],
        rows: report.caches.iter().map(row).collect(),
        notes: report.caches.iter().filter_map(note).collect(),
    }
}

fn statements(report: &Report) -> Section {
    let row = |statement: &StatementFigures| {
        let StatementFigures { name, calls, seconds, .. } = statement;
        vec![
            name.clone(),
            format!("{calls:.0}"),
            format!("{seconds:.2}"),
            format!("{:.2}", statement.mean_ms()),
        ]
    };
    let mut notes = Vec::new();
    for StatementFigures { name, plan, advice, .. } in &report.statements {
        if plan.is_none() && advice.is_empty() {
            continue;
        }
        notes.push(format!("{name}:"));
        notes.extend(plan.iter().flat_map(|plan| plan.lines()).map(|line| format!("  {line}")));
        notes.extend(advice.iter().map(Advice::text));
    }
    Section {
        head: "Database",
        columns: &["statement", "calls", "seconds", "mean ms"],
        rows: report.statements.iter().map(row).collect(),
        notes,
    }
}

fn capacity(report: &Report) -> Section {
    let row = |capacity: &Capacity| {
        let Capacity { name, used, limit, growth } = capacity;
        let end = growth.map_or_else(|| "unknown".to_owned(), |(_, end)| ends(end));
        let daily = growth.map_or_else(String::new, |(growth, _)| amount(name, 24.0 * growth.per_hour));
        vec![(*name).to_owned(), amount(name, *used), amount(name, (limit - used).max(0.0)), daily, end]
    };
    Section {
        head: "Capacity",
        columns: &["of", "used", "left", "a day", "ends in"],
        rows: report.capacity.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

/// A share in per cent, or seconds.
fn amount(name: &str, value: f64) -> String {
    if name.ends_with("seconds") { format!("{value:.0} s") } else { format!("{:.1} %", 100.0 * value) }
}

fn ends(End { hours, earliest_hours, latest_hours }: End) -> String {
    let Some(hours) = hours else { return "never at this growth".to_owned() };
    let latest = latest_hours.map_or_else(|| "never".to_owned(), days);
    format!("{} ({} to {latest})", days(hours), earliest_hours.map_or_else(|| days(hours), days))
}

fn days(hours: f64) -> String {
    if hours < 48.0 { format!("{hours:.0} h") } else { format!("{:.0} days", (hours / 24.0).min(99_999.0)) }
}

fn quantiles(figures: &Figures) -> [String; 4] {
    figures.quantiles_ms.map_or_else(Default::default, |quantiles| quantiles.map(|ms| format!("{ms:.1}")))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("{:.2} %", 100.0 * share))
}
