//! What becomes of alerts: pending, firing, resolved.

use std::collections::BTreeMap;

use super::{
    measure::Snapshot,
    rule::{Rule, Severity},
};

/// How long a critical alert fires before it is escalated.
pub const ESCALATE_AFTER_MS: i64 = 30 * 60_000;
/// How long a value is missing before what it says is not believed any more.
pub const STALE_AFTER_MS: i64 = 5 * 60_000;

/// A condition that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The name of its rule.
    pub rule: String,
    /// What it is about, as a cache; empty where the rule says it all.
    pub subject: String,
    /// Since when the condition holds, in milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
    /// Since when it fires; `None` while it is pending.
    pub fired_at_ms: Option<i64>,
    /// When it was measured last.
    pub seen_ms: i64,
    /// What was measured then.
    pub value: f64,
    /// When channels were notified; `None` where they were not.
    pub notified_at_ms: Option<i64>,
    /// Whether it was escalated.
    pub escalated: bool,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// Of which alert.
    pub alert: Alert,
    /// When.
    pub at_ms: i64,
}

/// What becomes of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum ChangeKind {
    /// It fires.
    Firing,
    /// It has fired for long, and is critical.
    Escalated,
    /// It is over.
    Resolved,
}

impl ChangeKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Alerts of which an operator knows already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// The name of the rule.
    pub rule: String,
    /// One subject of it; all of them where it is left out.
    pub subject: Option<String>,
    /// Until when, in milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
    /// Why, for people.
    pub reason: String,
    /// Who asked for it: a key's id, or `command line`.
    pub actor: String,
}

impl Silence {
    /// Whether it holds for an alert at a moment.
    pub fn covers(&self, alert: &Alert, now_ms: i64) -> bool {
        let is_of_it = || self.subject.as_ref().is_none_or(|subject| *subject == alert.subject);
        now_ms < self.until_ms && self.rule == alert.rule && is_of_it()
    }
}

/// All conditions that hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alerts {
    open: BTreeMap<(String, String), Alert>,
    /// When this process began to evaluate: what it has not measured yet is not gone.
    resumed_ms: i64,
}

impl Alerts {
    /// Goes on with what another process has left, or this one before it was started again.
    pub fn resume(open: impl IntoIterator<Item = Alert>, now_ms: i64) -> Self {
        let keyed = |alert: Alert| ((alert.rule.clone(), alert.subject.clone()), alert);
        Self { open: open.into_iter().map(keyed).collect(), resumed_ms: now_ms }
    }

    /// Every alert, pending or firing.
    pub fn open(&self) -> impl Iterator<Item = &Alert> {
        self.open.values()
    }

    /// Evaluates rules by what was measured. Rules that are not among them have no alerts any more.
    pub fn step(
        &mut self,
        now_ms: i64,
        rules: &[Rule],
        snapshot: &Snapshot,
        silences: &[Silence],
    ) -> Vec<Change> {
        let mut over = Vec::new();
        for rule in rules {
            for (subject, value) in snapshot.of(rule.measure) {
                over.extend(self.observe(now_ms, rule, subject, value));
            }
        }
        over.extend(self.expire(now_ms, rules));
        let told = over.into_iter().filter(|alert| alert.notified_at_ms.is_some());
        let mut changes: Vec<Change> =
            told.map(|alert| Change { kind: ChangeKind::Resolved, alert, at_ms: now_ms }).collect();
        changes.extend(self.notify(now_ms, rules, silences));
        changes
    }

    /// Notes a value. Answers the alert that it ends.
    fn observe(&mut self, now_ms: i64, rule: &Rule, subject: &str, value: f64) -> Option<Alert> {
        let key = (rule.name.to_owned(), subject.to_owned());
        let Some(alert) = self.open.get_mut(&key) else {
            if rule.is_raised_by(value) {
                let alert = Alert {
                    rule: key.0.clone(),
                    subject: key.1.clone(),
                    since_ms: now_ms,
                    fired_at_ms: (rule.hold_ms <= 0).then_some(now_ms),
                    seen_ms: now_ms,
                    value,
                    notified_at_ms: None,
                    escalated: false,
                };
                self.open.insert(key, alert);
            }
            return None;
        };
        let was_missing = now_ms - alert.seen_ms > STALE_AFTER_MS;
        (alert.seen_ms, alert.value) = (now_ms, value);
        let is_over = match alert.fired_at_ms {
            Some(_) => rule.is_cleared_by(value),
            None => !rule.is_raised_by(value),
        };
        if is_over {
            return self.open.remove(&key);
        }
        if alert.fired_at_ms.is_none() {
            if was_missing {
                // Nothing is known of the time in between.
                alert.since_ms = now_ms;
            }
            if now_ms - alert.since_ms >= rule.hold_ms {
                alert.fired_at_ms = Some(now_ms);
            }
        }
        None
    }

    /// Ends alerts whose rule is gone, or that have not been measured for long.
    fn expire(&mut self, now_ms: i64, rules: &[Rule]) -> Vec<Alert> {
        let resumed_ms = self.resumed_ms;
        let is_over = |alert: &Alert| {
            let is_missing = now_ms - alert.seen_ms.max(resumed_ms) > STALE_AFTER_MS;
            is_missing || !rules.iter().any(|rule| rule.name == alert.rule)
        };
        let over: Vec<_> =
            self.open.iter().filter(|(_, alert)| is_over(alert)).map(|(key, _)| key.clone()).collect();
        over.iter().filter_map(|key| self.open.remove(key)).collect()
    }

    /// What channels are to be told of alerts that fire.
    fn notify(&mut self, now_ms: i64, rules: &[Rule], silences: &[Silence]) -> Vec<Change> {
        let fires = |alert: &&Alert| alert.fired_at_ms.is_some();
        let rule_of = |name: &str| rules.iter().find(|rule| rule.name == name);
        // A severe alert speaks for the milder one of the same kind.
        let covered: Vec<(String, String)> = self
            .open
            .values()
            .filter(fires)
            .filter_map(|alert| Some((rule_of(&alert.rule)?.covers?.to_owned(), alert.subject.clone())))
            .collect();
        let mut changes = Vec::new();
        for (key, alert) in &mut self.open {
            let is_muted =
                covered.contains(key) || silences.iter().any(|silence| silence.covers(alert, now_ms));
            if alert.fired_at_ms.is_none() || is_muted {
                continue;
            }
            let is_critical = || rule_of(&key.0).is_some_and(|rule| rule.severity == Severity::Critical);
            let kind = match alert.notified_at_ms {
                None => {
                    alert.notified_at_ms = Some(now_ms);
                    ChangeKind::Firing
                }
                Some(at_ms) if !alert.escalated && now_ms - at_ms >= ESCALATE_AFTER_MS && is_critical() => {
                    alert.escalated = true;
                    ChangeKind::Escalated
                }
                Some(_) => continue,
            };
            changes.push(Change { kind, alert: alert.clone(), at_ms: now_ms });
        }
        changes
    }
}
