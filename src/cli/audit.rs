//! `girasol audit`.

use clap::Args;
use serde_json::{Value, json};
use time::{
    Date, OffsetDateTime, UtcOffset,
    format_description::well_known::{Iso8601, Rfc3339},
};

use crate::{
    app::App,
    db::{DbError, listing::AuditFilter},
    domain::audit::Entry,
};

use super::{
    OUTPUT, print_message, print_result,
    table::{PageArgs, table},
    timestamp,
};

/// Arguments of `girasol audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol audit
  girasol audit --action version.publish --since 2026-11-01
  girasol audit --subject ring.solitaire.metal-yellow-gold --json")]
pub(super) struct AuditArgs {
    /// List one kind of change, as version.publish.
    #[arg(long, help_heading = "Filters", value_name = "ACTION")]
    action: Option<String>,
    /// List the changes of one key by its id, or those of `command line`.
    #[arg(long, help_heading = "Filters", value_name = "ACTOR")]
    actor: Option<String>,
    /// List the changes of one thing: a configuration, a product, a frame set, a job or a key.
    #[arg(long, help_heading = "Filters", value_name = "ID")]
    subject: Option<String>,
    /// List changes from this day or moment on, in UTC: 2026-11-01 or 2026-11-01T09:30:00Z.
    #[arg(long, help_heading = "Filters", value_name = "TIME", value_parser = moment)]
    since: Option<i64>,
    #[command(flatten)]
    page: PageArgs,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

pub(super) async fn run(app: &App, args: AuditArgs) -> Result<(), DbError> {
    let AuditArgs { action, actor, subject, since: since_ms, page, json } = args;
    let filter = AuditFilter { action, actor, subject, since_ms };
    let listed = app.db.list_audit(&filter, page.page()).await?;
    app.db.close().await;
    if json {
        let entries: Vec<Value> = listed.entries.iter().map(as_json).collect();
        print_result(&json!({ "entries": entries, "total": listed.total }).to_string());
        return Ok(());
    }
    if listed.entries.is_empty() {
        print_result("There is no such change.");
        return Ok(());
    }
    let heads = ["at", "actor", "action", "subject", "detail"];
    let rows = listed.entries.iter().map(|entry| {
        let actor = match &entry.address {
            Some(address) => format!("{} ({address})", entry.actor),
            None => entry.actor.clone(),
        };
        let (action, subject) = (entry.action.clone(), entry.subject.clone());
        [timestamp(entry.at_ms), actor, action, subject, facts(&entry.detail)]
    });
    print_result(&table(heads, rows));
    if let Some(rest) = page.rest(&listed) {
        print_message(&rest);
    }
    Ok(())
}

/// The fields of an entry's detail in one line.
fn facts(detail: &Value) -> String {
    let fields = detail.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let fact = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    };
    fields.map(fact).collect::<Vec<_>>().join(", ")
}

fn as_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": timestamp(entry.at_ms),
        "actor": entry.actor,
        "address": entry.address,
        "action": entry.action,
        "subject": entry.subject,
        "detail": entry.detail,
    })
}

/// A day or a moment, in milliseconds since 1970-01-01 UTC.
fn moment(text: &str) -> Result<i64, &'static str> {
    let day = Date::parse(text, &Iso8601::DATE).map(|day| day.midnight().assume_offset(UtcOffset::UTC));
    let moment = day.or_else(|_no_day| OffsetDateTime::parse(text, &Rfc3339));
    let moment =
        moment.map_err(|_no_moment| "write a day or a moment, as 2026-11-01 or 2026-11-01T09:30:00Z")?;
    Ok(moment.unix_timestamp() * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(moment("yesterday").is_err());
    }
}
