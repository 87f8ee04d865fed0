//! Launches: sales that are known beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{
        alerts::WrittenLaunch,
        launch_report::{self, LaunchReport as Made},
    },
    launches::Listed,
};

use super::timestamp::Timestamp;

/// Every launch, the earliest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchList {
    launches: Vec<Launch>,
}

/// A sale that is known beforehand.
#[derive(Serialize, ToSchema)]
pub(crate) struct Launch {
    /// Its number, where it was planned while servers ran; those of the settings have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<i64>,
    #[schema(examples("autumn sale"))]
    name: String,
    from: Timestamp,
    to: Timestamp,
    /// What is sold; none: everything.
    #[schema(examples(json!(["ring.solitaire"])))]
    products: Vec<String>,
    /// Addresses of caches in front, which are warmed too.
    #[schema(examples(json!(["https://cdn.shop.example"])))]
    edges: Vec<String>,
    /// Whether alerts have tighter bounds now, and work rests that can wait.
    on: bool,
}

/// A launch to plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LaunchRequest {
    /// On one line; no other launch has it.
    #[schema(min_length = 1, max_length = 100, examples("autumn sale"))]
    name: String,
    /// RFC 3339, with the offset from UTC.
    #[schema(format = DateTime, examples("2026-11-27T06:00:00+01:00"))]
    from: String,
    /// When it ends.
    #[schema(format = DateTime, examples("2026-11-30T23:59:00+01:00"))]
    to: String,
    /// Products whose live spins are loaded into memory beforehand; the most popular ones where it is left out.
    #[serde(default)]
    #[schema(max_items = 500)]
    products: Vec<String>,
    /// Addresses of the CDN or of caches in front, as visitors have them.
    #[serde(default)]
    #[schema(max_items = 50)]
    edges: Vec<String>,
}

/// Launches that are over, the newest first, at most 100.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchReports {
    reports: Vec<LaunchReport>,
}

/// What is known of a launch that is over.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchReport {
    #[schema(examples("autumn sale"))]
    name: String,
    from: Timestamp,
    to: Timestamp,
    /// Requests for manifests.
    manifests: LaunchAnswers,
    /// Requests for frames and packs.
    frames: LaunchAnswers,
    /// How long answers took; left out where there were none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latency: Option<LaunchLatency>,
    /// What visitors had during it.
    during: LaunchVisitors,
    /// What visitors had in the same hours of earlier weeks, the last one first. Weeks of which nothing is known are left out.
    before: Vec<LaunchWeek>,
    /// How many alerts fired.
    fired: u64,
    /// The first of them, at most 100.
    alerts: Vec<LaunchAlert>,
}

/// Requests of a kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchAnswers {
    all: u64,
    failed: u64,
}

/// How long answers took, in milliseconds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "each name carries its unit")]
pub(crate) struct LaunchLatency {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// What visitors' browsers measured; what none has measured is left out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaunchVisitors {
    views: u64,
    /// Failures that visitors were shown.
    errors: u64,
    /// Until the first frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_frame: Option<LaunchTimes>,
    /// Until the piece could be turned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_spin: Option<LaunchTimes>,
    /// From a choice to its paint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    switch: Option<LaunchTimes>,
}

/// Within which time half of the visitors had something, and 95 of 100, in milliseconds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LaunchTimes {
    p50_ms: u64,
    p95_ms: u64,
}

/// What visitors had some weeks earlier.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchWeek {
    weeks: u32,
    visitors: LaunchVisitors,
}

/// An alert that fired.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaunchAlert {
    at: Timestamp,
    #[schema(examples("purge-old"))]
    name: String,
    subject: String,
}

impl LaunchList {
    /// What is known of a moment.
    pub(crate) fn of(listed: Vec<Listed>, now_ms: i64) -> Self {
        let launch = |Listed { id, launch }: Listed| Launch {
            id,
            on: launch.is_on(now_ms),
            from: Timestamp(launch.from_ms),
            to: Timestamp(launch.until_ms),
            products: launch.products.iter().map(ToString::to_string).collect(),
            name: launch.name,
            edges: launch.edges,
        };
        Self { launches: listed.into_iter().map(launch).collect() }
    }
}

impl From<LaunchRequest> for WrittenLaunch {
    fn from(request: LaunchRequest) -> Self {
        let LaunchRequest { name, from, to, products, edges } = request;
        Self { name, from, to, products, edges }
    }
}

impl LaunchReports {
    pub(crate) fn of(reports: Vec<Made>) -> Self {
        Self { reports: reports.into_iter().map(Into::into).collect() }
    }
}

impl From<Made> for LaunchReport {
    fn from(made: Made) -> Self {
        let Made { name, from_ms, until_ms, manifests, frames, times, during, before, fired, alerts } = made;
        let week = |launch_report::Week { weeks, visitors }| LaunchWeek { weeks, visitors: visitors.into() };
        let alert = |launch_report::Fired { at_ms, rule: name, subject }| LaunchAlert {
            at: Timestamp(at_ms),
            name,
            subject,
        };
        Self {
            name,
            from: Timestamp(from_ms),
            to: Timestamp(until_ms),
            manifests: manifests.into(),
            frames: frames.into(),
            latency: times.map(Into::into),
            during: during.into(),
            before: before.into_iter().map(week).collect(),
            fired,
            alerts: alerts.into_iter().map(alert).collect(),
        }
    }
}

impl From<launch_report::Answered> for LaunchAnswers {
    fn from(launch_report::Answered { all, failed }: launch_report::Answered) -> Self {
        Self { all, failed }
    }
}

impl From<launch_report::Times> for LaunchLatency {
    fn from(launch_report::Times { p50_ms, p95_ms, p99_ms }: launch_report::Times) -> Self {
        Self { p50_ms, p95_ms, p99_ms }
    }
}

impl From<launch_report::Visitors> for LaunchVisitors {
    fn from(visitors: launch_report::Visitors) -> Self {
        let launch_report::Visitors { views, errors, frame, spin, switch } = visitors;
        let [first_frame, first_spin, switch] = [frame, spin, switch].map(|within| within.map(Into::into));
        Self { views, errors, first_frame, first_spin, switch }
    }
}

impl From<launch_report::Within> for LaunchTimes {
    fn from(launch_report::Within { p50_ms, p95_ms }: launch_report::Within) -> Self {
        Self { p50_ms, p95_ms }
    }
}
