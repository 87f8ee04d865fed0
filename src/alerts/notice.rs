//! What is said of an alert.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::domain::alerts::{Alert, Change, ChangeKind, Severity, all_rules};

/// One message, as it is stored and as a webhook gets it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    /// The alert.
    pub(super) name: String,
    /// What became of it.
    pub(super) state: ChangeKind,
    pub(super) severity: Severity,
    /// What it is about; empty where its name says it.
    pub(super) subject: String,
    /// In words.
    pub(super) text: String,
    /// Where the runbook is, if the settings say so.
    pub(super) runbook: Option<String>,
    /// Since when the condition holds, in milliseconds since 1970-01-01 UTC.
    pub(super) since_ms: i64,
    /// When this became of it.
    pub(super) at_ms: i64,
    /// What was measured.
    pub(super) value: f64,
}

pub(super) fn timestamp(at_ms: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000));
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

impl Notice {
    /// Of a change; `None` if this program does not know its rule.
    pub(super) fn of(change: &Change, runbook: Option<&str>) -> Option<Self> {
        let Change { kind, alert, at_ms } = change;
        let Alert { rule: name, subject, since_ms, value, .. } = alert;
        let rules = all_rules();
        let rule = rules.iter().find(|rule| rule.name == *name)?;
        Some(Self {
            name: name.clone(),
            state: *kind,
            severity: rule.severity,
            subject: subject.clone(),
            text: rule.sentence(*value),
            runbook: runbook.map(|address| format!("{address}#{name}")),
            since_ms: *since_ms,
            at_ms: *at_ms,
            value: *value,
        })
    }

    /// As it is stored, and as a webhook gets it.
    pub(super) fn json(&self) -> Value {
        let Self { name, state, severity, subject, text, runbook, since_ms, at_ms, value } = self;
        json!({
            "schema": "girasol.alert/1",
            "name": name,
            "state": state.as_str(),
            "severity": severity.as_str(),
            "subject": subject,
            "text": text,
            "runbook": runbook,
            "since": timestamp(*since_ms),
            "at": timestamp(*at_ms),
            "value": value,
        })
    }
}

/// A stored message, read back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'a>(pub(super) &'a Value);

impl Stored<'_> {
    pub(super) fn field(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    pub(super) fn is_over(self) -> bool {
        self.field("state") == ChangeKind::Resolved.as_str()
    }

    /// The first line: what became of which alert, and how urgent it is.
    pub(super) fn title(self) -> String {
        let (name, subject) = (self.field("name"), self.field("subject"));
        let about = if subject.is_empty() { name.to_owned() } else { format!("{name} ({subject})") };
        match self.field("state") {
            "report" => format!("The launch is over: {name}"),
            "resolved" => format!("Resolved: {about}"),
            "escalated" => format!("Escalated after 30 minutes: {about}"),
            _ => format!("{}: {about}", capital(self.field("severity"))),
        }
    }

    /// Everything, for people.
    pub(super) fn text(self) -> String {
        let mut lines = vec![self.title(), self.field("text").to_owned()];
        let since = self.field("since");
        if !since.is_empty() && self.field("state") != "report" {
            lines.push(format!("Since {since}."));
        }
        if !self.field("runbook").is_empty() && !self.is_over() {
            lines.push(format!("What to do: {}", self.field("runbook")));
        }
        lines.join("\n")
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind) -> Change {
        let alert = Alert {
            rule: "purge-old".to_owned(),
            subject: "edge".to_owned(),
            since_ms: 1_700_000_000_000,
            fired_at_ms: Some(1_700_000_060_000),
            seen_ms: 1_700_000_060_000,
            value: 75.4,
            notified_at_ms: None,
            escalated: false,
        };
        Change { kind, alert, at_ms: 1_700_000_060_000 }
    }

    #[test]
    fn a_notice_says_what_is_wrong_and_where_to_read_on() {
        let notice = Notice::of(&change(ChangeKind::Firing), Some("https://wiki.example/runbook")).unwrap();
        let json = notice.json();
        assert_eq!(
            Stored(&json).text(),
            "Critical: purge-old (edge)\n\
             A cache in front has not acknowledged a purge: 75 s, more than 60 s.\n\
             Since 2023-11-14T22:13:20Z.\n\
             What to do: https://wiki.example/runbook#purge-old"
        );
        let resolved =
            Notice::of(&change(ChangeKind::Resolved), Some("https://wiki.example/runbook")).unwrap();
        let json = resolved.json();
        assert!(Stored(&json).text().starts_with("Resolved: purge-old (edge)\n"));
        assert!(!Stored(&json).text().contains("What to do"));
    }

    #[test]
    fn a_rule_of_another_program_says_nothing() {
        let mut change = change(ChangeKind::Firing);
        "of-a-newer-one".clone_into(&mut change.alert.rule);
        assert_eq!(Notice::of(&change, None), None);
    }
}
