//! `girasol backup` and `girasol restore`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde_json::json;

use crate::{
    app::{self, App},
    config::{Config, StoreKind},
    db::Place,
    library::{
        backup::{BackupError, BackupList, back_up, restore},
        intact::Progress,
    },
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    print_result,
    progress_bar::{Look, Noted, ProgressBar},
    timestamp,
};

/// Arguments of `girasol backup`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol backup /backup/monday
  girasol backup /backup/monday --data /var/lib/girasol --json")]
pub(super) struct BackupArgs {
    /// Folder of the backup, which must be empty or not exist yet.
    #[arg(value_name = "DIR")]
    into: PathBuf,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Arguments of `girasol restore`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol restore /backup/monday --data /var/lib/girasol")]
pub(super) struct RestoreArgs {
    /// Folder of the backup.
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Why a backup is not as it should be.
#[derive(Debug, thiserror::Error)]
enum FaultyBackup {
    /// Something could not be copied, which is printed.
    #[error("{0} files were missing or damaged before")]
    Faulty(u64),
}

impl Explain for FaultyBackup {
    fn details(&self) -> Details {
        Details::of("faulty-objects")
    }

    fn is_printed(&self) -> bool {
        true
    }
}

impl Explain for BackupError {
    fn details(&self) -> Details {
        match self {
            Self::Server => Details::with(
                "server-database",
                "Use pg_dump and pg_restore, and copy the objects after the database (docs/guides/backup-and-restore.md).",
            ),
            Self::NotEmpty { .. } => Details::with(
                "not-empty",
                "Nothing was changed. Name an empty folder, or move that one away.",
            ),
            Self::NoBackup { .. } => {
                Details::with("no-backup", "Name the folder of a backup that was finished.")
            }
            Self::Damaged { .. } => Details::with(
                "backup-damaged",
                "No database was written. Delete what was restored, and use another backup.",
            ),
            Self::File { .. } => {
                Details::with("data", "Delete what was written, and run the same command again.")
            }
            Self::Collect(error) => error.details(),
            Self::Db(error) => error.details(),
            Self::Store(error) => error.details(),
        }
    }
}

pub(super) async fn run_backup(app: &App, args: BackupArgs) -> Result<(), CliError> {
    if matches!(app::place(&app.config), Place::Server(_)) {
        return Err(BackupError::Server.into());
    }
    let store = (app.config.store.kind == StoreKind::Folder).then_some(&app.store);
    let (bar, report) = progress("copy files");
    let made = back_up(&app.db, store, &app.staging, &args.into, &report).await;
    bar.end();
    app.db.close().await;
    print("is backed up in", &args.into, &made?, args.json)
}

pub(super) async fn run_restore(config: &Config, args: RestoreArgs) -> Result<(), CliError> {
    if matches!(app::place(config), Place::Server(_)) {
        return Err(BackupError::Server.into());
    }
    app::make_data_folder(config)?;
    let (bar, report) = progress("restore files");
    let restored = restore(&args.from, &config.data, &report).await;
    bar.end();
    print("is restored in", &config.data, &restored?, args.json)
}

fn progress(stage: &'static str) -> (ProgressBar, impl Fn(Progress) + Sync) {
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    (bar, move |Progress { done, total }| noted.note(Look { stage, done, total, unit: "files" }))
}

fn print(what: &str, place: &Path, list: &BackupList, json: bool) -> Result<(), CliError> {
    let place = place.display();
    print_result(&if json {
        json!({
            "place": place.to_string(),
            "identity": list.identity.as_str(),
            "at": timestamp(list.at_ms),
            "objects": list.objects,
            "staged": list.staged,
            "faulty": list.faulty,
        })
        .to_string()
    } else {
        let objects = match list.objects {
            Some(objects) => format!("{objects} objects"),
            None => "no objects, which are in the bucket,".to_owned(),
        };
        let faulty = match list.faulty {
            0 => String::new(),
            faulty => format!(
                "\n{faulty} of them were missing or damaged before it, and are not in it: girasol store verify names objects."
            ),
        };
        format!(
            "The database {} of {} {what} {place}, with {objects} and {} files that artists have sent.{faulty}",
            list.identity,
            timestamp(list.at_ms),
            list.staged
        )
    });
    if list.faulty > 0 { Err(FaultyBackup::Faulty(list.faulty).into()) } else { Ok(()) }
}
