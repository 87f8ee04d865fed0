//! Alerts and silences.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    db::alerts::{OpenAlert, Past},
    domain::alerts,
};

use super::timestamp::Timestamp;

/// What is wrong, what is silenced, and what was wrong lately.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertList {
    /// Conditions that hold.
    pub(crate) alerts: Vec<Alert>,
    /// Silences that hold.
    pub(crate) silences: Vec<Silence>,
    /// What became of alerts, the newest first, at most 100.
    pub(crate) past: Vec<AlertEvent>,
}

/// A condition that holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alert {
    /// Its name, and its section in the runbook.
    #[schema(examples("purge-old"))]
    name: String,
    severity: Option<AlertSeverity>,
    state: AlertState,
    /// What it is about, as a cache or a server; empty where the name says it.
    subject: String,
    /// In words.
    text: String,
    /// What was measured last.
    value: f64,
    since: Timestamp,
    /// When it began to fire.
    fired: Option<Timestamp>,
    /// When channels were notified.
    notified: Option<Timestamp>,
    /// Whether a silence holds for it.
    silenced: bool,
}

/// How urgent it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AlertSeverity {
    /// A person has to act now.
    Critical,
    /// It waits for the next working day.
    Warning,
}

/// The state of a condition.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AlertState {
    /// It has not held long enough.
    Pending,
    /// It has.
    Firing,
}

/// A silence.
#[derive(Serialize, ToSchema)]
pub(crate) struct Silence {
    name: String,
    /// One subject of the alert; `null` where it is silenced for all.
    subject: Option<String>,
    until: Timestamp,
    reason: String,
    /// A key's id, or `command line`.
    actor: String,
}

/// Something that became of an alert.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertEvent {
    /// Grows with time.
    pub(crate) id: i64,
    at: Timestamp,
    name: String,
    subject: String,
    /// `firing`, `escalated` or `resolved`; `report` of a launch that is over.
    #[schema(examples("firing"))]
    state: String,
    since: Timestamp,
    value: f64,
    text: String,
}

/// A silence to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceRequest {
    /// For how long, from 1 minute to 30 days.
    #[schema(minimum = 1, maximum = 43200)]
    pub(crate) minutes: u32,
    /// One subject of the alert; all of them where it is left out.
    #[serde(default)]
    pub(crate) subject: Option<String>,
    /// Why, on one line.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub(crate) reason: String,
}

impl From<alerts::Severity> for AlertSeverity {
    fn from(severity: alerts::Severity) -> Self {
        match severity {
            alerts::Severity::Critical => Self::Critical,
            alerts::Severity::Warning => Self::Warning,
        }
    }
}

impl Alert {
    /// A condition, and whether one of these silences holds for it.
    pub(crate) fn of(open: OpenAlert, silences: &[alerts::Silence], now_ms: i64) -> Self {
        let OpenAlert { alert, .. } = open;
        let silenced = silences.iter().any(|silence| silence.covers(&alert, now_ms));
        let rule = alerts::all_rules().into_iter().find(|rule| rule.name == alert.rule);
        Self {
            severity: rule.as_ref().map(|rule| rule.severity.into()),
            state: if alert.fired_at_ms.is_some() { AlertState::Firing } else { AlertState::Pending },
            text: rule.map(|rule| rule.sentence(alert.value)).unwrap_or_default(),
            name: alert.rule,
            subject: alert.subject,
            value: alert.value,
            since: Timestamp(alert.since_ms),
            fired: alert.fired_at_ms.map(Timestamp),
            notified: alert.notified_at_ms.map(Timestamp),
            silenced,
        }
    }
}

impl From<alerts::Silence> for Silence {
    fn from(silence: alerts::Silence) -> Self {
        let alerts::Silence { rule, subject, until_ms, reason, actor } = silence;
        Self { name: rule, subject, until: Timestamp(until_ms), reason, actor }
    }
}

impl From<Past> for AlertEvent {
    fn from(past: Past) -> Self {
        let Past { id, at_ms, kind, rule, subject, since_ms, value } = past;
        let known = alerts::all_rules().into_iter().find(|known| known.name == rule);
        let text = known.map(|known| known.sentence(value)).unwrap_or_default();
        let (at, since) = (Timestamp(at_ms), Timestamp(since_ms));
        Self { id, at, name: rule, subject, state: kind, since, value, text }
    }
}
