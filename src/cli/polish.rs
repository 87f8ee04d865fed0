//! `girasol polish`.

use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    db::polishes::Polish,
    domain::gain::{Gain, mean_points},
};

use super::{
    OUTPUT, failure::CliError, print_message, print_result, table::table, timestamp, words::from_to,
};

/// Arguments of `girasol polish`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol polish
  girasol polish --limit 200 --json")]
pub(super) struct PolishArgs {
    /// The most spins to list.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = from_to::<u32>(1, 10_000))]
    limit: u32,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

pub(super) async fn run(app: &App, args: PolishArgs) -> Result<(), CliError> {
    let PolishArgs { limit, json } = args;
    let tried = app.db.polishes(limit).await?;
    let spent_ms = app.db.polish_situation().await?.cpu_ms;
    app.db.close().await;
    let config = &app.config.polish;
    if json {
        let spins: Vec<Value> = tried.iter().map(as_json).collect();
        let result = json!({
            "enabled": config.enabled,
            "cpuSecondsOfDay": spent_ms as f64 / 1000.0,
            "cpuMinutesADay": config.cpu_minutes_a_day,
            "spins": spins,
        });
        print_result(&result.to_string());
        return Ok(());
    }
    if tried.is_empty() {
        print_result("No spin was polished yet.");
    } else {
        let heads = ["configuration", "version", "outcome", "changed", "CPU", "points"];
        print_result(&table(heads, tried.iter().map(row)));
    }
    let minutes = spent_ms as f64 / 60_000.0;
    print_message(&if config.enabled {
        format!("{minutes:.1} of {} minutes of CPU time are spent of 24 hours.", config.cpu_minutes_a_day)
    } else {
        "Nothing is polished: polish.enabled is false.".to_owned()
    });
    Ok(())
}

fn row(tried: &Polish) -> [String; 6] {
    let version = match tried.made {
        Some(made) => format!("{} from {}", made, tried.version),
        None => tried.version.to_string(),
    };
    let points = mean_points(&tried.gains).map_or_else(|| "-".to_owned(), |points| format!("{points:+.1}"));
    [
        tried.configuration.to_string(),
        version,
        tried.state.as_str().to_owned(),
        timestamp(tried.changed_at_ms),
        format!("{:.0} s", tried.cpu_ms as f64 / 1000.0),
        points,
    ]
}

fn as_json(tried: &Polish) -> Value {
    let gain = |gain: &Gain| {
        let Gain { tier, format, before, after } = gain;
        json!({ "tier": tier.as_str(), "format": format.as_str(), "before": before, "after": after })
    };
    json!({
        "configuration": tried.configuration,
        "version": tried.version,
        "state": tried.state.as_str(),
        "made": tried.made,
        "changed": timestamp(tried.changed_at_ms),
        "cpuSeconds": tried.cpu_ms as f64 / 1000.0,
        "gains": tried.gains.iter().map(gain).collect::<Vec<_>>(),
    })
}
