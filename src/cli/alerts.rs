//! `girasol alerts`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    app::App,
    db::alerts::{OpenAlert, Past},
    domain::{
        alerts::{Silence, all_rules},
        audit::Actor,
    },
};

use super::{OUTPUT, failure::CliError, print_result, table::table, timestamp, words::from_to};

/// Entries of the past in a list.
const LISTED: u32 = 20;

/// Arguments of `girasol alerts`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  girasol alerts
  girasol alerts silence purge-old --minutes 60 --reason planned
  girasol alerts unsilence purge-old")]
pub(super) struct AlertsArgs {
    #[command(subcommand)]
    command: Option<AlertsCommand>,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    /// Do not notify channels of an alert for a while.
    #[command(after_help = "Example:
  girasol alerts silence purge-old --subject edge --minutes 60 --reason planned")]
    Silence {
        /// The alert's name, as purge-old.
        #[arg(value_name = "NAME", value_parser = alert)]
        name: String,
        /// One cache or server; all of them without it.
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// For how many minutes.
        #[arg(long, value_name = "N", value_parser = from_to::<u32>(1, 43_200))]
        minutes: u32,
        /// Why.
        #[arg(long, default_value = "", value_name = "TEXT")]
        reason: String,
    },
    /// End the silences of an alert.
    #[command(after_help = "Example:
  girasol alerts unsilence purge-old")]
    Unsilence {
        /// The alert's name, as purge-old.
        #[arg(value_name = "NAME", value_parser = alert)]
        name: String,
    },
}

pub(super) async fn run(app: &App, args: AlertsArgs) -> Result<(), CliError> {
    let actor = Actor::command_line();
    match args.command {
        None => {}
        Some(AlertsCommand::Silence { name, subject, minutes, reason }) => {
            let until_ms = app.db.now_ms() + i64::from(minutes) * 60_000;
            let silence = Silence { rule: name, subject, until_ms, reason, actor: actor.name.clone() };
            app.db.silence_alert(&silence, &actor).await?;
        }
        Some(AlertsCommand::Unsilence { name }) => {
            app.db.end_silences(&name, &actor).await?;
        }
    }
    let (open, silences) = (app.db.open_alerts().await?, app.db.silences().await?);
    let past = app.db.last_alert_history(LISTED).await?;
    app.db.close().await;
    print_result(&if args.json {
        as_json(&open, &silences, &past)
    } else {
        as_text(&open, &silences, &past)
    });
    Ok(())
}

/// What is wrong, in words.
fn says(name: &str, value: f64) -> String {
    all_rules().iter().find(|rule| rule.name == name).map(|rule| rule.sentence(value)).unwrap_or_default()
}

fn as_text(open: &[OpenAlert], silences: &[Silence], past: &[Past]) -> String {
    let mut parts = Vec::new();
    if open.is_empty() {
        parts.push("No alert fires.".to_owned());
    } else {
        let rows = open.iter().map(|OpenAlert { alert, .. }| {
            let state = if alert.fired_at_ms.is_some() { "firing" } else { "pending" };
            let (since, text) = (timestamp(alert.since_ms), says(&alert.rule, alert.value));
            [alert.rule.clone(), alert.subject.clone(), state.to_owned(), since, text]
        });
        parts.push(table(["alert", "subject", "state", "since", "what is wrong"], rows));
    }
    if !silences.is_empty() {
        let rows = silences.iter().map(|silence| {
            let Silence { rule, subject, until_ms, reason, actor } = silence;
            let subject = subject.clone().unwrap_or_else(|| "all".to_owned());
            [rule.clone(), subject, timestamp(*until_ms), actor.clone(), reason.clone()]
        });
        parts.push(table(["silenced", "subject", "until", "by", "reason"], rows));
    }
    if !past.is_empty() {
        let rows = past.iter().map(|past| {
            let Past { at_ms, kind, rule, subject, value, .. } = past;
            [timestamp(*at_ms), kind.clone(), rule.clone(), subject.clone(), says(rule, *value)]
        });
        parts.push(table(["at", "became", "alert", "subject", "what was wrong"], rows));
    }
    parts.join("\n\n")
}

fn as_json(open: &[OpenAlert], silences: &[Silence], past: &[Past]) -> String {
    let alert = |OpenAlert { alert, .. }: &OpenAlert| -> Value {
        json!({
            "name": alert.rule,
            "subject": alert.subject,
            "state": if alert.fired_at_ms.is_some() { "firing" } else { "pending" },
            "since": timestamp(alert.since_ms),
            "value": alert.value,
            "text": says(&alert.rule, alert.value),
        })
    };
    let silence = |Silence { rule, subject, until_ms, reason, actor }: &Silence| -> Value {
        json!({ "name": rule, "subject": subject, "until": timestamp(*until_ms), "reason": reason, "actor": actor })
    };
    let event = |past: &Past| -> Value {
        let Past { id, at_ms, kind, rule, subject, value, .. } = past;
        json!({
            "id": id,
            "at": timestamp(*at_ms),
            "state": kind,
            "name": rule,
            "subject": subject,
            "text": says(rule, *value),
        })
    };
    json!({
        "alerts": open.iter().map(alert).collect::<Vec<_>>(),
        "silences": silences.iter().map(silence).collect::<Vec<_>>(),
        "past": past.iter().map(event).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The name of an alert.
fn alert(name: &str) -> Result<String, String> {
    let rules = all_rules();
    if rules.iter().any(|rule| rule.name == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
    Err(format!("write one of {}", names.join(", ")))
}
