//! How well visitors are served.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::performance::Row,
    domain::performance::{
        advice::Advice,
        report::{CacheFigures, Capacity, Figures, Report, SeriesFigures, StatementFigures},
        score::{Part, Score},
        series::Series,
        trend::{Evidence, Periods, Trend, Verdict},
    },
};

use super::timestamp::Timestamp;

/// What was measured over some hours.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Performance {
    hours: u32,
    since: Timestamp,
    until: Timestamp,
    /// Servers that are told apart: those of the last 26 hours.
    instances: usize,
    /// All requests.
    all: RequestFigures,
    /// Requests that visitors wait for: manifests, products, frames, packs and stills.
    visitors: RequestFigures,
    /// By address and by what was delivered, the most requests first.
    routes: Vec<RouteFigures>,
    /// The addresses with the slowest P95.
    slowest: Vec<SlowRoute>,
    trend: TrendFigures,
    /// By address, of those that visitors wait for.
    trends: Vec<RouteTrend>,
    /// The periods that the trends compare.
    periods: TrendPeriods,
    health: HealthScore,
    /// What each level of the cache was asked.
    caches: Vec<CacheLevel>,
    /// Statements of the database, those that took the most time first.
    statements: Vec<Statement>,
    /// What is left, and when it ends.
    capacity: Vec<CapacityLeft>,
}

/// The figures of some requests.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestFigures {
    requests: u64,
    /// Requests that failed in the server: status 500 and above.
    errors: u64,
    /// Their share, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error_rate: Option<f64>,
    /// On average.
    per_second: f64,
    /// Of the answers' bodies, without streams.
    bytes: u64,
    /// The share of answers that were in memory, from 0 to 1: nothing was fetched or made for them. Only what visitors wait for
    /// counts; refusals, and what asks the memory for nothing, do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hit_rate: Option<f64>,
    /// From the request's head to the answer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latency: Option<Latency>,
}

/// Quantiles, each within 1/32 of the time that it stands for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "each name carries its unit")]
pub(crate) struct Latency {
    p50_ms: f64,
    p90_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// The figures of an address.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteFigures {
    #[schema(examples("/s/{set}/{file}"))]
    route: String,
    /// The tier and the format, as far as they were chosen.
    #[schema(examples("standard/avif"))]
    class: String,
    figures: RequestFigures,
}

/// An address that is slow.
#[derive(Serialize, ToSchema)]
pub(crate) struct SlowRoute {
    #[schema(examples("/s/{set}/{file}"))]
    route: String,
    figures: RequestFigures,
}

/// Whether answers become slower.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrendFigures {
    verdict: TrendVerdict,
    /// P95s of the two periods that were compared, the earlier one first.
    values: [usize; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    evidence: Option<TrendEvidence>,
}

/// The trend of an address.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteTrend {
    #[schema(examples("/s/{set}/{file}"))]
    route: String,
    trend: TrendFigures,
}

/// Where it goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TrendVerdict {
    /// Answers are faster than before: by 10 % at least, and by chance less than once in twenty times.
    Improving,
    /// There is no such change.
    Stable,
    /// Answers are slower than before, as surely.
    Degrading,
    /// There are not enough values.
    Unknown,
}

/// How two periods compare (Mann-Whitney, Hodges-Lehmann).
#[derive(Serialize, ToSchema)]
pub(crate) struct TrendEvidence {
    /// The typical ratio of a P95 to one of before.
    ratio: f64,
    /// Its interval at 95 %.
    interval: [f64; 2],
    /// How often chance alone brings about such a difference.
    p: f64,
}

/// The periods that are compared, and the slots whose P95s are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrendPeriods {
    before: Timestamp,
    since: Timestamp,
    until: Timestamp,
    slot_seconds: i64,
}

/// One number, and the parts that it is made of.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthScore {
    /// 0 to 100, by the parts that were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 100)]
    score: Option<f64>,
    parts: Vec<HealthPart>,
}

/// A part of the score.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthPart {
    #[schema(examples("latency"))]
    name: &'static str,
    #[schema(examples("ms"))]
    unit: &'static str,
    /// Points that it decides.
    weight: f64,
    /// With this value, or a better one, it gives all of them.
    good: f64,
    /// With this value, or a worse one, it gives none.
    bad: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    measured: Option<f64>,
    /// Points that it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    points: Option<f64>,
}

/// The figures of one kind of value at one level of the cache.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CacheLevel {
    #[schema(examples("memory"))]
    level: String,
    #[schema(examples("objects"))]
    kind: String,
    hits: f64,
    misses: f64,
    failures: f64,
    /// From 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    hit_rate: Option<f64>,
    /// Values that made room for others.
    evictions: f64,
    /// Of those, the values that were asked for again soon after.
    early_evictions: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    advice: Option<String>,
}

/// A statement of the database.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement {
    #[schema(examples("jobs.list"))]
    name: String,
    calls: f64,
    seconds: f64,
    mean_ms: f64,
    /// How the database runs it. Only statements that were slow have one, and it is an hour old at the most when they are
    /// slow again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<String>,
    advice: Vec<String>,
}

/// How much of something is used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityLeft {
    /// `cpu`, `memory` and `disk` are shares from 0 to 1; `queue-age-seconds` is how long the oldest job waits.
    #[schema(examples("disk"))]
    name: &'static str,
    used: f64,
    limit: f64,
    left: f64,
    /// By a straight line through these hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    growth: Option<CapacityGrowth>,
}

/// How it grows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CapacityGrowth {
    per_hour: f64,
    /// Its interval at 95 %.
    interval: [f64; 2],
    /// When the limit is reached at this growth; nothing stands for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ends_in_hours: Option<f64>,
    /// The same at the upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    earliest_in_hours: Option<f64>,
    /// The same at its lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latest_in_hours: Option<f64>,
}

/// A line of an export: one address and what was delivered, in one period, of one server.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PerformanceLine {
    pub(crate) at: Timestamp,
    /// 60, or 3600 once minutes are added up.
    pub(crate) seconds: i64,
    /// Empty where servers are added up.
    pub(crate) instance: String,
    pub(crate) route: String,
    pub(crate) class: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) bytes: u64,
    /// Answers that were in memory.
    pub(crate) hits: u64,
    /// Answers for which something was fetched or made.
    pub(crate) misses: u64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p90_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
}

/// An event of the live stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiveFigures {
    at: Timestamp,
    /// Of the last hour.
    visitors: RequestFigures,
    health: HealthScore,
    trend: TrendFigures,
}

impl From<&Report> for Performance {
    fn from(report: &Report) -> Self {
        let Report { hours, since_ms, until_ms, instances, all, visitors, series, slowest, .. } = report;
        let Report { trend, trends, periods, score, caches, statements, capacity, .. } = report;
        let trend_of =
            |(route, trend): &(String, Trend)| RouteTrend { route: route.clone(), trend: (*trend).into() };
        let slow = |(route, figures): &(String, Figures)| SlowRoute {
            route: route.clone(),
            figures: (*figures).into(),
        };
        Self {
            hours: *hours,
            since: Timestamp(*since_ms),
            until: Timestamp(*until_ms),
            instances: *instances,
            all: (*all).into(),
            visitors: (*visitors).into(),
            routes: series.iter().map(Into::into).collect(),
            slowest: slowest.iter().map(slow).collect(),
            trend: (*trend).into(),
            trends: trends.iter().map(trend_of).collect(),
            periods: (*periods).into(),
            health: score.into(),
            caches: caches.iter().map(Into::into).collect(),
            statements: statements.iter().map(Into::into).collect(),
            capacity: capacity.iter().map(Into::into).collect(),
        }
    }
}

impl From<&Report> for LiveFigures {
    fn from(report: &Report) -> Self {
        Self {
            at: Timestamp(report.until_ms),
            visitors: report.visitors.into(),
            health: (&report.score).into(),
            trend: report.trend.into(),
        }
    }
}

impl From<Figures> for RequestFigures {
    fn from(figures: Figures) -> Self {
        let Figures { requests, errors, error_rate, per_second, bytes, hit_rate, quantiles_ms } = figures;
        let latency =
            quantiles_ms.map(|[p50_ms, p90_ms, p95_ms, p99_ms]| Latency { p50_ms, p90_ms, p95_ms, p99_ms });
        Self { requests, errors, error_rate, per_second, bytes, hit_rate, latency }
    }
}

impl From<&SeriesFigures> for RouteFigures {
    fn from(of: &SeriesFigures) -> Self {
        let Series { route, class } = of.series.clone();
        Self { route, class, figures: of.figures.into() }
    }
}

impl From<Trend> for TrendFigures {
    fn from(Trend { verdict, values, evidence }: Trend) -> Self {
        let verdict = match verdict {
            Verdict::Improving => TrendVerdict::Improving,
            Verdict::Stable => TrendVerdict::Stable,
            Verdict::Degrading => TrendVerdict::Degrading,
            Verdict::Unknown => TrendVerdict::Unknown,
        };
        let evidence = evidence.map(|Evidence { ratio, interval, p }| TrendEvidence { ratio, interval, p });
        Self { verdict, values, evidence }
    }
}

impl From<Periods> for TrendPeriods {
    fn from(Periods { before_ms, since_ms, until_ms, slot_ms }: Periods) -> Self {
        let [before, since, until] = [before_ms, since_ms, until_ms].map(Timestamp);
        Self { before, since, until, slot_seconds: slot_ms / 1000 }
    }
}

impl From<&Score> for HealthScore {
    fn from(score: &Score) -> Self {
        let part = |Part { rule, measured, points }: &Part| HealthPart {
            name: rule.name,
            unit: rule.unit,
            weight: rule.weight,
            good: rule.good,
            bad: rule.bad,
            measured: *measured,
            points: *points,
        };
        Self { score: score.points, parts: score.parts.iter().map(part).collect() }
    }
}

impl From<&CacheFigures> for CacheLevel {
    fn from(cache: &CacheFigures) -> Self {
        let CacheFigures { level, kind, hits, misses, failures, evictions, early_evictions } = cache.clone();
        let (hit_rate, advice) = (cache.hit_rate(), cache.advice());
        Self { level, kind, hits, misses, failures, hit_rate, evictions, early_evictions, advice }
    }
}

impl From<&StatementFigures> for Statement {
    fn from(statement: &StatementFigures) -> Self {
        let mean_ms = statement.mean_ms();
        let StatementFigures { name, calls, seconds, plan, advice } = statement.clone();
        Self { name, calls, seconds, mean_ms, plan, advice: advice.iter().map(Advice::text).collect() }
    }
}

impl From<&Capacity> for CapacityLeft {
    fn from(capacity: &Capacity) -> Self {
        let Capacity { name, used, limit, growth } = capacity.clone();
        let growth = growth.map(|(growth, end)| CapacityGrowth {
            per_hour: growth.per_hour,
            interval: growth.interval,
            ends_in_hours: end.hours,
            earliest_in_hours: end.earliest_hours,
            latest_in_hours: end.latest_hours,
        });
        Self { name, used, limit, left: (limit - used).max(0.0), growth }
    }
}

impl From<Row> for PerformanceLine {
    fn from(row: Row) -> Self {
        let Row { period, at_ms, instance, series: Series { route, class }, tally } = row;
        let [p50_ms, p90_ms, p95_ms, p99_ms] = [0.5, 0.9, 0.95, 0.99].map(|share| tally.quantile_ms(share));
        Self {
            at: Timestamp(at_ms),
            seconds: period.ms() / 1000,
            instance,
            route,
            class,
            requests: tally.requests,
            errors: tally.errors,
            bytes: tally.bytes,
            hits: tally.hits,
            misses: tally.misses,
            p50_ms,
            p90_ms,
            p95_ms,
            p99_ms,
        }
    }
}
