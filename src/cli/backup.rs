//! `girasol backup` and `girasol restore`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde_json::json;

use crate::{
    app::{self, App, AppError},
    config::{Config, StoreConfig, StoreKind},
    db::Place,
    library::{
        backup::{BackupError, BackupList, BackupPlace, FaultyFile, ObjectsIn, Restored, back_up, restore},
        intact::Progress,
    },
    store::Store,
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
  girasol backup /backup/monday.tar
  girasol backup /backup/monday --data /var/lib/girasol --json
  girasol backup 's3://backups/girasol?region=eu-central-1'")]
pub(super) struct BackupArgs {
    /// A file that ends in .tar and does not exist yet; a folder, which must be empty or not exist yet; or a bucket with the
    /// prefix of the backup, which is brought up to date if it has one. Of a bucket, region, endpoint and path_style are
    /// those of [store] where the address does not say them; credentials are found as for [store].
    #[arg(value_name = "PLACE")]
    into: String,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Arguments of `girasol restore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol restore /backup/monday.tar --data /var/lib/girasol
  girasol restore 's3://backups/girasol?region=eu-central-1'")]
pub(super) struct RestoreArgs {
    /// File, folder or bucket of the backup.
    #[arg(value_name = "PLACE")]
    from: String,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Why the work came to no end.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// By Ctrl-C, or SIGTERM.
    #[error("interrupted")]
    Told,
    /// The system refuses.
    #[error("signals cannot be caught")]
    Signals(#[from] std::io::Error),
}

impl Explain for Stopped {
    fn details(&self) -> Details {
        match self {
            Self::Told => Details::with(
                "interrupted",
                "Run the same command again: in a folder or a bucket it goes on with what is there, and a file is begun anew.",
            ),
            Self::Signals(_) => Details::of("internal"),
        }
    }
}

/// Why a backup is not as it should be.
#[derive(Debug, thiserror::Error)]
enum FaultyBackup {
    /// Something could not be copied, which is printed.
    #[error("{0} files were missing, damaged or unreadable before")]
    Faulty(usize),
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
                "Nothing was changed. Name an empty folder or another prefix, or move what is there away.",
            ),
            Self::Inside { .. } => Details::with(
                "inside-data",
                "Nothing was changed. Name a place outside of the data folder, best on another disk.",
            ),
            Self::Busy { .. } => {
                Details::with("busy", "Nothing was changed. Wait until it has ended, or name another folder.")
            }
            Self::Unfinished { .. } => Details::with(
                "unfinished",
                "Nothing was changed. Name another folder, or delete what is in that one but girasol.toml: it was not finished.",
            ),
            Self::TooMuch { .. } => Details::with(
                "backup-damaged",
                "No database was written. Delete what was restored, and use another backup.",
            ),
            Self::Exists(_) => Details::with("exists", "Nothing was changed. Name another file."),
            Self::Other { .. } => Details::with("other-backup", "Nothing was changed. Name another prefix."),
            Self::NoBackup { .. } => {
                Details::with("no-backup", "Name the file, folder or bucket of a backup that was finished.")
            }
            Self::Damaged { .. } => Details::with(
                "backup-damaged",
                "No database was written. Once the backup is mended, run the same command again; or delete what was restored, and \
                 use another backup.",
            ),
            Self::File { .. } | Self::Unread { .. } => Details::with(
                "data",
                "Once that is mended, run the same command again: it goes on with what is there.",
            ),
            Self::NoBucket => Details::with(
                "other-store",
                "Nothing was changed. Name the bucket under [store] in the settings, as it was, and run the same command again.",
            ),
            Self::InFolder => Details::with(
                "other-store",
                "Nothing was changed. Restore it with store.kind = \"folder\" (GIRASOL_STORE__KIND=folder), and bring the objects \
                 into a bucket with girasol store copy --to.",
            ),
            Self::Bucket { trouble, .. } => Details::with("store", trouble.remedy()),
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
    let into = match bucket(&app.config, &args.into).await? {
        Some(bucket) => bucket,
        None if Path::new(&args.into).extension().is_some_and(|end| end == "tar") => {
            BackupPlace::File(PathBuf::from(&args.into))
        }
        None => BackupPlace::Folder(PathBuf::from(&args.into)),
    };
    let (bar, report) = progress("copy files");
    let work = back_up(&app.db, store, &app.staging, &app.config.data, &into, &report);
    let made = Box::pin(unless_stopped(work)).await;
    bar.end();
    // A copy of the database that is still being written is not waited for.
    let made = made?;
    app.db.close().await;
    let made = made?;
    print("is backed up in", &args.into, &made, &made.faults, args.json)
}

pub(super) async fn run_restore(config: &Config, args: RestoreArgs) -> Result<(), CliError> {
    if matches!(app::place(config), Place::Server(_)) {
        return Err(BackupError::Server.into());
    }
    let from = match bucket(config, &args.from).await? {
        Some(bucket) => bucket,
        None if Path::new(&args.from).is_file() => BackupPlace::File(PathBuf::from(&args.from)),
        None => BackupPlace::Folder(PathBuf::from(&args.from)),
    };
    app::make_data_folder(config)?;
    let (bar, report) = progress("restore files");
    let objects_in = match config.store.kind {
        StoreKind::Folder => ObjectsIn::Folder,
        StoreKind::S3 => ObjectsIn::Bucket,
    };
    let restored = Box::pin(unless_stopped(restore(&from, &config.data, objects_in, &report))).await;
    bar.end();
    let Restored { list, faults } = restored??;
    print("is restored in", &config.data.display().to_string(), &list, &faults, args.json)
}

/// Does the work until the process is told to end. What the work has for itself is removed then.
async fn unless_stopped<T>(work: impl Future<Output = T>) -> Result<T, Stopped> {
    use tokio::signal::unix::{SignalKind, signal};
    // Caught from here on: otherwise the process would end at once.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        done = work => Ok(done),
        _ = terminate.recv() => Err(Stopped::Told),
        _ = interrupt.recv() => Err(Stopped::Told),
    }
}

/// The place in a bucket that an address names; `None` where it is a path.
async fn bucket(config: &Config, place: &str) -> Result<Option<BackupPlace>, CliError> {
    if !place.contains("://") {
        return Ok(None);
    }
    let there = config.store.at("PLACE", place)?;
    let prefix = there.objects_prefix();
    let objects = StoreConfig { prefix: format!("{prefix}objects"), ..there };
    let name = format!("s3://{}/{prefix}", objects.bucket);
    let store = Store::open(&objects, &config.data).await;
    let objects = store.map_err(|source| AppError::Data { path: config.data.clone(), source })?;
    Ok(Some(BackupPlace::Bucket { name, prefix, objects }))
}

fn progress(stage: &'static str) -> (ProgressBar, impl Fn(Progress) + Sync) {
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    (bar, move |Progress { done, total }| noted.note(Look { stage, done, total, unit: "files" }))
}

fn print(
    what: &str,
    place: &str,
    list: &BackupList,
    faults: &[FaultyFile],
    json: bool,
) -> Result<(), CliError> {
    print_result(&if json {
        json!({
            "place": place,
            "identity": list.identity.as_str(),
            "at": timestamp(list.at_ms),
            "objects": list.objects,
            "staged": list.staged,
            "faulty": faults.len(),
            "faults": faults,
        })
        .to_string()
    } else {
        let objects = match list.objects {
            Some(objects) => format!("{objects} objects"),
            None => "no objects, which are in the bucket of the store,".to_owned(),
        };
        let mut faulty = String::new();
        if !faults.is_empty() {
            faulty =
                format!("\n{} of them were not copied, for they were not as they should be:", faults.len());
        }
        for fault in faults {
            faulty = format!("{faulty}\n  {fault}");
        }
        format!(
            "The database {} of {} {what} {place}, with {objects} and {} files that artists have sent.{faulty}",
            list.identity,
            timestamp(list.at_ms),
            list.staged
        )
    });
    if faults.is_empty() { Ok(()) } else { Err(FaultyBackup::Faulty(faults.len()).into()) }
}
