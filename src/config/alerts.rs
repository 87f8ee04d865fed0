//! `[alerts]`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::domain::alerts::{Override, Severity, Side, all_rules};

use super::{
    problem::Problem,
    secret::SecretText,
    setting::{Kind, Setting, count_from, entries, section, whole, word},
    text::{is_endpoint, is_word},
};

section! {
    /// What the service watches of itself, and who is notified. docs/runbook.md has a section for each alert.
    #[derive(Eq)]
    "alerts" AlertsConfig {
        /// Whether servers evaluate the rules. `/metrics` has what Prometheus needs to do it instead, by
        /// deploy/monitoring/rules.yaml.
        enabled: bool = true, Kind::Flag;
        /// Seconds between two evaluations.
        every_seconds: u32 = 15, whole(1, 300);
        /// The address of the runbook, to which `#` and the name of an alert are added in notifications.
        runbook: Option<String> = None, Kind::Text, "\"https://wiki.example/girasol/runbook\"";
        /// What is different from the rules as they are, each a table.
        rules: Vec<RuleConfig> = Vec::new(), Kind::Tables(rule_settings());
        /// Where notifications go beside the log and the API, each a table.
        channels: Vec<Channel> = Vec::new(), Kind::Tables(channel_settings());
    }
}

/// What is different about a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleConfig {
    /// Its name.
    pub name: String,
    /// Whether it is evaluated.
    pub on: Option<bool>,
    /// The bound that raises it.
    pub raises: Option<f64>,
    /// The bound that clears it.
    pub clears: Option<f64>,
    /// How long the condition has to hold.
    pub for_seconds: Option<u32>,
}

impl Eq for RuleConfig {}

fn rule_settings() -> Vec<Setting> {
    entries! {
        name: Kind::Text, "\"disk-low\"", "The name of the alert, as docs/runbook.md has it.", required;
        on: Kind::Flag, "false", "Whether the rule is evaluated.";
        raises: Kind::Number { least: 0.0, most: 1e12 }, "15",
            "The bound beyond which a value raises the alert, in the unit of the rule. It holds during launches too.";
        clears: Kind::Number { least: 0.0, most: 1e12 }, "20",
            "The bound at which a value clears it. Without it, and with `raises`, the two are the same.";
        for_seconds: count_from(0), "60", "How many seconds the condition has to hold before the alert fires.";
    }
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The name in logs.
    pub name: String,
    /// The format.
    pub kind: ChannelKind,
    /// The address of a webhook; often a secret.
    pub url: Option<SecretText>,
    /// The variable that holds it.
    pub url_env: Option<String>,
    /// The file that holds it.
    pub url_file: Option<PathBuf>,
    /// The variable that holds PagerDuty's routing key, or the secret that signs a webhook.
    pub token_env: Option<String>,
    /// The file that holds it.
    pub token_file: Option<PathBuf>,
    /// A program and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
    /// The least severity that is sent.
    #[serde(default)]
    pub least: Least,
    /// What is sent.
    #[serde(default)]
    pub send: Sends,
}

/// The formats of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// An incoming webhook of Slack, or of a service that takes the same.
    Slack,
    /// A webhook of a workflow of Microsoft Teams.
    Teams,
    /// PagerDuty's Events API, version 2.
    Pagerduty,
    /// A server of one's own.
    Webhook,
    /// A program, as one that sends mail.
    Command,
}

/// The least severity that a channel is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Least {
    /// Everything.
    #[default]
    Warning,
    /// What is urgent.
    Critical,
}

/// Which changes a channel is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sends {
    /// Every change.
    #[default]
    All,
    /// What was escalated, and its end.
    Escalations,
}

fn channel_settings() -> Vec<Setting> {
    entries! {
        name: Kind::Text, "\"on-call\"", "The name in logs, different for each channel.", required;
        kind: word(&["slack", "teams", "pagerduty", "webhook", "command"]), "\"slack\"",
            "The format: an incoming webhook of Slack or of what takes the same, a workflow of Teams, PagerDuty's Events API, \
             Girasol's own JSON, or a program that reads the text from its input.",
            required;
        url: Kind::Text, "\"https://hooks.example/T0/B0\"",
            "The address of the webhook. It is shown nowhere. PagerDuty has a default.";
        url_env: Kind::Text, "\"ON_CALL_URL\"", "The environment variable that holds the address, in place of `url`.";
        url_file: Kind::Path, "\"/run/secrets/on-call\"", "The file that holds it, in place of `url`.";
        token_env: Kind::Text, "\"ON_CALL_KEY\"",
            "The environment variable that holds PagerDuty's routing key, or the secret that signs a webhook's body.";
        token_file: Kind::Path, "\"/run/secrets/on-call-key\"", "The file that holds it, in place of `token_env`.";
        command: Kind::Texts, "[\"mail\", \"-s\", \"Girasol\", \"ops@shop.example\"]",
            "The program of a command and its arguments. No shell reads them. Its variables are PATH, HOME, LANG, and \
             ALERT_NAME, ALERT_STATE, ALERT_SEVERITY and ALERT_SUBJECT.";
        least: word(&["warning", "critical"]), "\"critical\"", "The least severity that is sent.";
        send: word(&["all", "escalations"]), "\"escalations\"",
            "What is sent: every change, or critical alerts that fire for more than 30 minutes, and their end.";
    }
}

impl AlertsConfig {
    /// What differs from the rules.
    pub fn overrides(&self) -> Vec<Override> {
        let change = |rule: &RuleConfig| Override {
            name: rule.name.clone(),
            on: rule.on,
            raises: rule.raises,
            clears: rule.clears,
            hold_ms: rule.for_seconds.map(|seconds| i64::from(seconds) * 1000),
        };
        self.rules.iter().map(change).collect()
    }

    pub(crate) fn validate(&self) -> Result<(), Problem> {
        if self.runbook.as_ref().is_some_and(|address| !is_endpoint(address)) {
            return Err(Problem::of("alerts.runbook", "must be an address as https://wiki.example/runbook"));
        }
        for (at, rule) in self.rules.iter().enumerate() {
            if let Some(problem) = rule.problem() {
                return Err(Problem::of(
                    &format!("alerts.rules[{at}]"),
                    &format!("{:?}: {problem}", rule.name),
                ));
            }
        }
        for (at, channel) in self.channels.iter().enumerate() {
            let is_named_twice = self.channels[..at].iter().any(|before| before.name == channel.name);
            let problem = if is_named_twice {
                Some("another channel has this name".to_owned())
            } else {
                channel.problem()
            };
            if let Some(problem) = problem {
                let name = &channel.name;
                return Err(Problem::of(&format!("alerts.channels[{at}]"), &format!("{name:?}: {problem}")));
            }
        }
        Ok(())
    }
}

impl RuleConfig {
    fn problem(&self) -> Option<String> {
        let rules = all_rules();
        let Some(rule) = rules.iter().find(|rule| rule.name == self.name) else {
            let near = crate::domain::nearest::nearest(&self.name, rules.iter().map(|rule| rule.name));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            return Some(format!("is no alert{hint}"));
        };
        let raises = self.raises.unwrap_or(rule.bounds.raises);
        let clears = self.clears.or(self.raises).unwrap_or(rule.bounds.clears);
        let (is_apart, word) = match rule.side {
            Side::Above => (clears <= raises, "above"),
            Side::Below => (clears >= raises, "below"),
        };
        (!is_apart).then(|| format!("what clears it ({clears}) must not be {word} what raises it ({raises})"))
    }
}

impl Channel {
    fn problem(&self) -> Option<String> {
        if self.name.len() > 64 || !is_word(&self.name) {
            return Some(
                "name must be letters, digits, dots, hyphens and underscores, at most 64".to_owned(),
            );
        }
        let urls = [self.url.is_some(), self.url_env.is_some(), self.url_file.is_some()];
        let urls = urls.into_iter().filter(|is_set| *is_set).count();
        let has_token = self.token_env.is_some() || self.token_file.is_some();
        let refused = |problem: &str| Some(problem.to_owned());
        if urls > 1 {
            return refused("give one of url, url_env and url_file");
        }
        if self.token_env.is_some() && self.token_file.is_some() {
            return refused("give token_env or token_file, not both");
        }
        if self.url.as_ref().is_some_and(|url| !is_endpoint(url.expose())) {
            return refused("url must be an address as https://hooks.example, without credentials");
        }
        let is_command = self.kind == ChannelKind::Command;
        if is_command == self.command.is_empty() {
            return refused("a command has command, and no other channel does");
        }
        match self.kind {
            ChannelKind::Command if urls > 0 || has_token => refused("a command has no url and no token"),
            ChannelKind::Slack | ChannelKind::Teams | ChannelKind::Webhook if urls == 0 => {
                refused("needs url, url_env or url_file")
            }
            ChannelKind::Slack | ChannelKind::Teams if has_token => {
                refused("has no token: its url is the secret")
            }
            ChannelKind::Pagerduty if !has_token => {
                refused("needs token_env or token_file, for the routing key")
            }
            ChannelKind::Slack
            | ChannelKind::Teams
            | ChannelKind::Pagerduty
            | ChannelKind::Webhook
            | ChannelKind::Command => None,
        }
    }
}

impl Least {
    /// Whether a severity is sent.
    pub fn includes(self, severity: Severity) -> bool {
        match self {
            Self::Warning => true,
            Self::Critical => severity == Severity::Critical,
        }
    }
}
