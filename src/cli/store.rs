//! `girasol store`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    domain::retention::Retention,
    library::{
        collect::{CollectError, Collected, collect},
        references::adopt_unknown,
    },
};

use super::{OUTPUT, print_result, words::from_to};

/// Arguments of `girasol store`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol store gc")]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Retire old versions, and delete the objects that no version needs. Servers do so every hour; this also looks
    /// through the store for objects that the database does not know, which servers do once a day.
    #[command(after_help = "Example:
  girasol store gc --grace-hours 48 --json")]
    Gc {
        /// Hours that objects outlive the last version that needed them [default: versions.grace_hours]. If a manifest
        /// may be cached for longer, visitors can meet missing frames.
        #[arg(long, value_name = "HOURS", value_parser = from_to(0, u32::MAX))]
        grace_hours: Option<u32>,
    },
}

pub(super) async fn run(app: &App, args: &StoreArgs) -> Result<(), CollectError> {
    let StoreCommand::Gc { grace_hours } = args.command;
    let mut versions = app.config.versions;
    versions.grace_hours = grace_hours.unwrap_or(versions.grace_hours);
    let rules: Retention = versions.retention();
    adopt_unknown(&app.db, &app.store, rules.grace_ms).await?;
    let collected = collect(&app.db, &app.store, rules).await?;
    app.db.close().await;
    let Collected { retired, versions, objects, waiting, needed } = collected;
    print_result(&if args.json {
        json!({ "retired": retired, "versions": versions, "objects": objects, "waiting": waiting, "needed": needed })
            .to_string()
    } else {
        format!(
            "{retired} versions retired. {versions} versions and {objects} objects deleted; {waiting} objects wait for the \
             end of their grace period, {needed} are needed."
        )
    });
    Ok(())
}
