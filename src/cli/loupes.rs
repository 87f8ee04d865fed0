//! `girasol loupes`.

use clap::Args;
use serde_json::{Value, json};

use crate::{app::App, db::loupes::Entry};

use super::{
    OUTPUT, failure::CliError, print_message, print_result, table::table, timestamp, words::from_to,
};

/// Arguments of `girasol loupes`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol loupes
  girasol loupes --limit 200 --json")]
pub(super) struct LoupesArgs {
    /// The most loupes to list.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = from_to::<u32>(1, 10_000))]
    limit: u32,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

pub(super) async fn run(app: &App, args: LoupesArgs) -> Result<(), CliError> {
    let LoupesArgs { limit, json } = args;
    let loupes = app.db.loupes(limit).await?;
    let spent_ms = app.db.loupe_situation().await?.cpu_ms;
    app.db.close().await;
    let config = &app.config.loupe;
    if json {
        let result = json!({
            "enabled": config.enabled,
            "cpuSecondsOfDay": spent_ms as f64 / 1000.0,
            "cpuMinutesADay": config.cpu_minutes_a_day,
            "loupes": loupes.iter().map(as_json).collect::<Vec<Value>>(),
        });
        print_result(&result.to_string());
        return Ok(());
    }
    if loupes.is_empty() {
        print_result("No loupe was made yet.");
    } else {
        let heads = ["configuration", "version", "state", "changed", "CPU", "bytes", "asked for"];
        print_result(&table(heads, loupes.iter().map(row)));
    }
    let minutes = spent_ms as f64 / 60_000.0;
    print_message(&if config.enabled {
        format!("{minutes:.1} of {} minutes of CPU time are spent of 24 hours.", config.cpu_minutes_a_day)
    } else {
        "No loupe is made: loupe.enabled is false.".to_owned()
    });
    Ok(())
}

fn row(loupe: &Entry) -> [String; 7] {
    [
        loupe.configuration.to_string(),
        loupe.version.to_string(),
        loupe.state.as_str().to_owned(),
        timestamp(loupe.changed_at_ms),
        format!("{:.0} s", loupe.cpu_ms as f64 / 1000.0),
        loupe.bytes.to_string(),
        if loupe.was_asked { "yes" } else { "no" }.to_owned(),
    ]
}

fn as_json(loupe: &Entry) -> Value {
    json!({
        "configuration": loupe.configuration,
        "version": loupe.version,
        "state": loupe.state.as_str(),
        "changed": timestamp(loupe.changed_at_ms),
        "cpuSeconds": loupe.cpu_ms as f64 / 1000.0,
        "bytes": loupe.bytes,
        "asked": loupe.was_asked,
    })
}
