//! `girasol store`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    domain::retention::Retention,
    library::collect::{Collected, collect},
};

use super::{CliError, say};

/// What `girasol store` takes.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Give up old versions, and remove the objects that no version needs. Servers do so every hour.
    Gc {
        /// How long objects outlive the last version that needed them [default: versions.grace_hours]. With fewer
        /// hours than a manifest may be cached, visitors can meet missing frames.
        #[arg(long, value_name = "HOURS")]
        grace_hours: Option<u32>,
    },
}

pub(super) async fn run(app: &App, args: &StoreArgs) -> Result<(), CliError> {
    let StoreCommand::Gc { grace_hours } = args.command;
    let mut versions = app.config.versions;
    versions.grace_hours = grace_hours.unwrap_or(versions.grace_hours);
    let rules: Retention = versions.retention();
    let collected = collect(&app.db, &app.store, rules).await?;
    app.db.close().await;
    let Collected { retired, versions, objects, waiting, needed } = collected;
    say(&if args.json {
        json!({ "retired": retired, "versions": versions, "objects": objects, "waiting": waiting, "needed": needed })
            .to_string()
    } else {
        format!(
            "{retired} versions given up. {versions} versions and {objects} objects removed; {waiting} objects wait for \
             their time, {needed} are needed."
        )
    });
    Ok(())
}
