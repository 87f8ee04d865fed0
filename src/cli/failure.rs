//! Why a command failed, written for a person or for a script.

use std::error::Error;

use serde_json::json;

use crate::{
    app::AppError,
    config::ConfigError,
    db::{self, DbError, copy::CopyError, import::ImportError, keys::RevokeError},
    domain::{disk, plain::plain},
    ingest::{Advice, Failure},
    library::{
        collect::CollectError, copy_store::CopyStoreError, identity::IdentityError, protect::ProtectError,
        publish::PublishError, take_down::TakeDownError,
    },
    store::{StoreError, Trouble},
};

use super::{print_message, print_result};

/// Why a command failed: an error that explains itself, of the command or of what it called.
#[derive(Debug)]
pub(super) struct CliError(Box<dyn Explain>);

impl<E: Explain + 'static> From<E> for CliError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

const FULL_DISK: &str = "disk-full";
/// What to do where it is not known why a server does not let this program in.
const ANY_WAY_IN: &str =
    "Check the address (database.url, or --to), that the server runs, and that it lets this user in.";

/// What is known of an error besides its message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// A word for the error that stays the same.
    pub(super) slug: &'static str,
    /// The file that the error is about.
    pub(super) file: Option<String>,
    /// What to do, in a sentence.
    pub(super) remedy: Option<String>,
}

impl Details {
    pub(super) fn of(slug: &'static str) -> Self {
        Self { slug, file: None, remedy: None }
    }

    pub(super) fn with(slug: &'static str, remedy: impl Into<String>) -> Self {
        Self { slug, file: None, remedy: Some(remedy.into()) }
    }
}

/// An error with a slug for scripts and a remedy for people.
pub(super) trait Explain: Error {
    fn details(&self) -> Details;

    /// Whether the command has printed the reason as its result.
    fn is_printed(&self) -> bool {
        false
    }
}

impl CliError {
    /// Whether the command has printed the reason as its result.
    pub(super) fn is_printed(&self) -> bool {
        self.0.is_printed()
    }

    /// Writes the error to stderr for a person, or to stdout for a script.
    pub(super) fn print(&self, json: bool) {
        let Details { slug, file, remedy } = self.details();
        if json {
            let error = json!({ "slug": slug, "message": self.chain(), "file": file, "remedy": remedy });
            print_result(&json!({ "error": error }).to_string());
            return;
        }
        print_message(&format!("error: {}", self.chain()));
        if let Some(remedy) = remedy {
            print_message(&format!("  {remedy}"));
        }
    }

    /// A full disk is the same error wherever it shows.
    fn details(&self) -> Details {
        let details = self.0.details();
        let error: &(dyn Error + 'static) = &*self.0;
        if disk::is_full(error) && details.slug != FULL_DISK {
            return Details::with(FULL_DISK, "Free space on the disk, and run the same command again.");
        }
        details
    }

    /// The message and those of its causes. A wrapper that repeats its cause adds nothing.
    pub(super) fn chain(&self) -> String {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let message = db::said(error).unwrap_or_else(|| plain(error));
            if !text.ends_with(&message) {
                text = format!("{text}: {message}");
            }
            cause = error.source();
        }
        text
    }
}

impl Explain for ConfigError {
    fn details(&self) -> Details {
        Details::of("config")
    }
}

impl Explain for DbError {
    fn details(&self) -> Details {
        match self {
            Self::Newer { program, .. } => Details::with(
                "database-newer",
                format!(
                    "Use girasol {} or newer, or restore the backup from before the upgrade (docs/guides/upgrade.md).",
                    program.as_deref().unwrap_or("of that version")
                ),
            ),
            Self::Foreign { .. } => Details::with(
                "foreign-database",
                "Move the file away, or name another folder with --data; on a server, make a database for Girasol alone. If it \
                 stands in the place of Girasol's own database, restore that from its backup.",
            ),
            Self::Schemas { found, .. } => Details::with(
                "two-schemas",
                format!(
                    "Name one schema alone: options[search_path]={found} in database.url (or --to) for the tables that are there."
                ),
            ),
            Self::Unusable { .. } => {
                Details::with("unusable-database", "Restore the database from its backup.")
            }
            Self::Unreachable { source, .. } => {
                Details::with("unreachable-database", db::way_in(source).unwrap_or(ANY_WAY_IN))
            }
            Self::Sealed { .. } => Details::with(
                "database-sealed",
                "Name that database: as database.url, or its folder with --data. To go on with this one in its place, stop all \
                 programs on the copy, and run girasol db unseal.",
            ),
            Self::Unfinished { .. } => Details::with(
                "database-unfinished",
                "Run the same girasol db copy again: it goes on where it stopped. Or delete this database.",
            ),
            Self::WouldLose { .. } => Details::with(
                "would-lose-data",
                "Back the database up, and run the same command with --lose-data.",
            ),
            busy if busy.is_busy() => Details::with(
                "database",
                "It does not answer, or another process has it for itself, as girasol db copy. Run the same command again when \
                 that has ended.",
            ),
            _ => Details::of("database"),
        }
    }
}

impl Explain for CopyError {
    fn details(&self) -> Details {
        match self {
            Self::Same { .. } => Details::with("same-database", "Name another place with --to."),
            Self::Missing { .. } => Details::with(
                "no-data",
                "Name its folder with --data, or the server's database as database.url.",
            ),
            Self::InUse { .. } => Details::with(
                "database-in-use",
                "Stop all servers, workers and other commands that use it, and run the same command again.",
            ),
            Self::NotEmpty { .. } | Self::OtherCopy { .. } => Details::with(
                "not-empty",
                "Nothing was changed. Name a new database or folder with --to, or delete that one.",
            ),
            Self::Schema(_) => Details::with(
                "other-schema",
                "Delete the target, and run the same command again with a program of one version.",
            ),
            Self::Differs(_) => Details::with(
                "copy-differs",
                "The source is open, and no program runs on the copy. Delete the target, and run the same command again.",
            ),
            Self::Table { source, .. } => match source {
                DbError::Statement { .. } => Details::with(
                    "database",
                    "Both databases are as they were up to there. Run the same command again: it goes on where it stopped.",
                ),
                other => other.details(),
            },
            Self::Folder { .. } => Details::with("data", "Name another folder with --to."),
            Self::Db(error) => error.details(),
        }
    }
}

impl Explain for CopyStoreError {
    fn details(&self) -> Details {
        match self {
            Self::Same { .. } => {
                Details::with("same-store", "Name another bucket, prefix or data folder with --to.")
            }
            Self::Other { .. } | Self::NotEmpty { .. } => Details::with(
                "not-empty",
                "Nothing was changed. Name an empty bucket, prefix or folder with --to.",
            ),
            Self::Damaged { .. } => Details::with(
                "faulty-objects",
                "All others were copied. Repair them with girasol store verify --repair, and run the same command again.",
            ),
            Self::Identity(error) => error.details(),
            Self::Db(error) => error.details(),
            Self::Store(error) => error.details(),
        }
    }
}

/// What to do where a database may have been lost.
const RESTORE: &str = "Restore the database from its backup. To go on with this one, and give up what it does not know of, run \
    girasol store adopt.";

impl Explain for IdentityError {
    fn details(&self) -> Details {
        match self {
            Self::Other { .. } | Self::Strange { .. } => Details::with(
                "other-store",
                "Name the store and the data folder that belong together. If these do, run girasol store adopt.",
            ),
            Self::Emptied => Details::with("lost-database", RESTORE),
            Self::Db(error) => error.details(),
            Self::Store(error) => error.details(),
        }
    }
}

impl Explain for AppError {
    fn details(&self) -> Details {
        match self {
            Self::Target(_) => Details::of("config"),
            Self::Database(error) => error.details(),
            Self::Lost { .. } => Details::with("lost-database", RESTORE),
            Self::Data { .. } => {
                Details::with("data", "Name another folder with --data, or make this one writable.")
            }
            Self::OtherOwner { path, owner } => Details::with(
                "other-owner",
                format!(
                    "Run the command as that user, as in sudo -u '#{owner}' girasol; or give the folder to root: chown -R root {}",
                    path.display()
                ),
            ),
            Self::Store(error) => error.details(),
            Self::NoData(_) => Details::with(
                "no-data",
                "Name the folder with --data or GIRASOL_DATA. girasol ingest, girasol product import and girasol serve \
                 create one.",
            ),
            Self::EmptyServer(_) => Details::with(
                "no-data",
                "Name the database that has it as database.url. girasol ingest, girasol product import and girasol serve begin a new \
                 one; girasol db copy --to brings the data of a folder there.",
            ),
            Self::Listen { setting: "server.listen", .. } => Details::with(
                "listen",
                "Stop the program that uses the address, or name another address with --listen, as 127.0.0.1:8361.",
            ),
            Self::Listen { setting, .. } => Details::with(
                "listen",
                format!("Stop the program that uses the address, or name another address with {setting}."),
            ),
            Self::Traces(_) | Self::Server(_) => Details::of("server"),
        }
    }
}

impl Explain for Failure {
    fn details(&self) -> Details {
        let Advice { slug, file, remedy } = self.advice();
        Details { slug, file, remedy }
    }
}

impl Explain for ImportError {
    fn details(&self) -> Details {
        match self {
            Self::NoSuchProduct(_) => Details::of("no-such-product"),
            Self::InUse { .. } | Self::HasConfigurations(_) => Details::with(
                "product-in-use",
                "Nothing was changed. Ids that are in use keep their meaning.",
            ),
            Self::Db(error) => error.details(),
        }
    }
}

impl Explain for RevokeError {
    fn details(&self) -> Details {
        match self {
            Self::NoSuchKey(_) => Details::with("no-key", "List the keys: girasol key list"),
            Self::Db(error) => error.details(),
        }
    }
}

impl Explain for CollectError {
    fn details(&self) -> Details {
        match self {
            Self::Unlisted { .. } => {
                Details::with("garbage", "Ingest its frames again, or take the spin down.")
            }
            Self::Undeleted { .. } => Details::with(
                "undeleted-objects",
                "Delete them by hand, or let this user delete them, and run the same command again.",
            ),
            Self::Identity(error) => error.details(),
            Self::TooMany { .. } | Self::TooManyUnknown { .. } => Details::with(
                "too-many-objects",
                "Look whether the database is the one that belongs to this store, and no older copy of it. If all of them are \
                 to go, run girasol store gc --force.",
            ),
            Self::Db(error) => error.details(),
            Self::Store(error) => error.details(),
        }
    }
}

impl Explain for StoreError {
    fn details(&self) -> Details {
        Details::with("store", self.trouble().remedy())
    }
}

impl Explain for PublishError {
    fn details(&self) -> Details {
        match self {
            Self::NoSuchVersion { .. } | Self::NoVersion(_) => Details::of("no-version"),
            Self::Early { .. } => Details::with(
                "early-version",
                "It has only a preview. Publish a version that has every tier.",
            ),
            Self::OnlyEarly { configuration, version } => Details::with(
                "early-version",
                format!(
                    "Wait until its job is done (girasol jobs), or publish the preview, which the whole spin follows by itself: \
                     girasol publish {configuration} {version}"
                ),
            ),
            Self::NothingBefore(_) => Details::of("nothing-before"),
            Self::Overtaken(_) => Details::with("overtaken", OVERTAKEN),
            Self::Db(error) => error.details(),
        }
    }
}

impl Explain for TakeDownError {
    fn details(&self) -> Details {
        match self {
            Self::NothingStored(_) => Details::of("nothing-stored"),
            Self::Collect(error) => error.details(),
            Self::Inbox(_) => Details::of("bucket"),
            Self::Staging(_) => Details::of("staging"),
            Self::Db(error) => error.details(),
        }
    }
}

impl Explain for ProtectError {
    fn details(&self) -> Details {
        match self {
            Self::NoSuchConfiguration(_) => Details::of("no-configuration"),
            Self::Overtaken(_) => Details::with("overtaken", OVERTAKEN),
            Self::Missing(_) => Details::with("missing-object", "Ingest its frames again."),
            Self::Manifest(_) => Details::of("internal"),
            Self::Collect(error) => error.details(),
            Self::Store(error) => error.details(),
            Self::TooSlow(_) => Details::with("store", Trouble::Unreachable.remedy()),
            Self::Db(error) => error.details(),
        }
    }
}

const OVERTAKEN: &str = "Look at what is live now, then decide again.";

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_full_disk_has_one_word_and_a_remedy_wherever_it_shows() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let errors: [CliError; 4] = [
            AppError::Data { path: "data".into(), source: full() }.into(),
            DbError::Full { name: "test", source: full() }.into(),
            AppError::Database(DbError::Full { name: "test", source: full() }).into(),
            CollectError::Db(DbError::Full { name: "test", source: full() }).into(),
        ];
        for error in errors {
            let Details { slug, remedy, .. } = error.details();
            assert_eq!(slug, FULL_DISK, "{error:?}");
            assert!(remedy.unwrap().starts_with("Free space"));
        }
        let other: CliError = AppError::Server(io::ErrorKind::PermissionDenied.into()).into();
        assert_ne!(other.details().slug, FULL_DISK);
    }
}
