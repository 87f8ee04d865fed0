//! `girasol store`.

mod copy;
mod repair;
mod verify;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    db::objects::ObjectCounts,
    domain::retention::{Retention, Share},
    library::{
        collect::{CollectError, Collected, collect},
        identity::adopt,
        intact::Progress,
        references::adopt_unknown,
        verify::Extent,
    },
};

use super::{
    OUTPUT,
    failure::CliError,
    print_result,
    progress_bar::{Look, Noted},
    words::from_to,
};

/// Arguments of `girasol store`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol store gc
  girasol store verify
  girasol store copy --to 's3://spins/live?region=eu-central-1'")]
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
    /// Copy every object into a bucket, or into objects/ of another data folder. Servers may run meanwhile: run it once more
    /// after they are stopped, and name the copy in the settings. A copy that was interrupted goes on when it is run again.
    #[command(after_help = "Examples:
  girasol store copy --to 's3://spins/live?region=eu-central-1'
  girasol store copy --to 's3://spins?endpoint=https://s3.example&path_style=true'
  girasol store copy --to /mnt/disk/girasol")]
    Copy {
        /// Bucket with the prefix of its objects, or data folder. Of a bucket, region, endpoint and path_style are those of
        /// [store] where the address does not say them; credentials are found as for [store].
        #[arg(long, value_name = "URL|DIR")]
        to: String,
    },
    /// Read every object that versions need, and say which are missing, damaged or unreadable, and which versions need them. With
    /// --repair they are made sound again, also while servers run; a repair that was interrupted is run again. Exits with 1
    /// if an object is not as it should be in the end.
    #[command(after_help = "Examples:
  girasol store verify
  girasol store verify --all --json
  girasol store verify --repair --from /backup/monday.tar
  girasol store verify --repair --from 's3://spins-copy?region=eu-west-1'")]
    Verify(VerifyArgs),
}

/// Arguments of `girasol store verify`.
#[derive(Debug, Args)]
struct VerifyArgs {
    /// Read also what waits to be deleted, and what the database does not know of.
    #[arg(long)]
    all: bool,
    /// Make what is missing, damaged or unreadable again: from a copy of the store, or else from the raw frames that are still
    /// there. Only bytes that are what an object's name says are written.
    #[arg(long)]
    repair: bool,
    /// A copy of the store, as girasol store copy writes it (bucket with the prefix of its objects, or data folder), or a backup
    /// (folder, .tar, or bucket with its prefix). It may be given several times; the store's read_endpoints are asked after it.
    #[arg(long, value_name = "URL|PLACE", requires = "repair")]
    from: Vec<String>,
    /// Queue a job where the raw frames give other bytes by the settings of this command, and no other version of them is sound.
    /// It has the settings of the server that runs it, and makes the version again where those are the ones of then; else it
    /// makes a new one, which waits to be published.
    #[arg(long, requires = "repair")]
    new_versions: bool,
}

pub(super) async fn run(app: &App, args: &StoreArgs) -> Result<(), CliError> {
    match &args.command {
        StoreCommand::Gc { grace_hours, force } => {
            Ok(collect_garbage(app, args, *grace_hours, *force).await?)
        }
        StoreCommand::Adopt => Ok(adopt_store(app, args).await?),
        StoreCommand::Copy { to } => Box::pin(copy::run(app, to, args.json)).await,
        StoreCommand::Verify(verify) => {
            let extent = if verify.all { Extent::All } else { Extent::Needed };
            let means = if verify.repair {
                let copies = repair::copies(app, &verify.from).await?;
                Some(repair::Means { copies, new_versions: verify.new_versions })
            } else {
                None
            };
            Box::pin(verify::run(app, extent, means, args.json)).await
        }
    }
}

/// Notes progress for the bar.
fn noting(noted: &Noted, stage: &'static str) -> impl Fn(Progress) + Sync {
    move |Progress { done, total }| noted.note(Look { stage, done, total, unit: "objects" })
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
    let ObjectCounts { needed, waiting } = app.db.count_objects().await?;
    app.db.close().await;
    let Collected { retired, versions, objects } = collected;
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
