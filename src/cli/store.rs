//! `girasol store`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    domain::retention::{Retention, Share},
    library::{
        collect::{CollectError, Collected, collect},
        identity::adopt,
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
        /// Delete however large a share of the store it is (versions.collect_max_percent).
        #[arg(long)]
        force: bool,
    },
    /// Make the store belong to this database, whatever it belonged to before: after a restore, or to begin anew over the
    /// objects of a database that is lost.
    #[command(after_help = "Example:
  girasol store adopt")]
    Adopt,
}

pub(super) async fn run(app: &App, args: &StoreArgs) -> Result<(), CollectError> {
    match args.command {
        StoreCommand::Gc { grace_hours, force } => collect_garbage(app, args, grace_hours, force).await,
        StoreCommand::Adopt => adopt_store(app, args).await,
    }
}

impl StoreArgs {
    /// Whether the database and the store need not know each other yet.
    pub(super) const fn makes_known(&self) -> bool {
        matches!(self.command, StoreCommand::Adopt)
    }
}

async fn adopt_store(app: &App, args: &StoreArgs) -> Result<(), CollectError> {
    let identity = adopt(&app.db, &app.store).await?;
    let known = app.db.count_objects().await?.all();
    app.db.close().await;
    print_result(&if args.json {
        json!({ "identity": identity.as_str(), "known": known }).to_string()
    } else {
        format!("The store belongs to the database {identity} now, which knows {known} objects.")
    });
    Ok(())
}

async fn collect_garbage(
    app: &App,
    args: &StoreArgs,
    grace_hours: Option<u32>,
    force: bool,
) -> Result<(), CollectError> {
    let mut versions = app.config.versions;
    versions.grace_hours = grace_hours.unwrap_or(versions.grace_hours);
    let rules: Retention = versions.retention();
    let share = if force { Share::ANY } else { versions.share() };
    adopt_unknown(&app.db, &app.store, rules.grace_ms, share).await?;
    let collected = collect(&app.db, &app.store, rules, share).await?;
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
