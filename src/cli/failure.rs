//! Telling a person, or a script, why a command failed.

use std::error::Error;

use serde_json::json;

use crate::{
    app::AppError,
    config::ConfigError,
    db::DbError,
    domain::{keys::KeyId, names::ConfigId, signed::SigningKeyId},
    ingest::{Advice, Failure},
    library::{
        collect::CollectError, protect::ProtectError, publish::PublishError, take_down::TakeDownError,
    },
};

use super::{
    check::CheckError, completions::ManError, print_message, print_result, product::ProductError,
    report::Unwritable,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A setting is no good.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// An ingest failed.
    #[error(transparent)]
    Ingest(#[from] Failure),
    /// Objects could not be deleted.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The live pointer did not move.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A spin could not be taken down.
    #[error(transparent)]
    TakeDown(#[from] TakeDownError),
    /// A configuration could not be protected, or made public.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// The server failed.
    #[error(transparent)]
    App(#[from] AppError),
    /// The manual cannot be written.
    #[error(transparent)]
    Man(#[from] ManError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-C while a report was made.
    #[error("interrupted")]
    ReportInterrupted,
    /// A report could not be written.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// A check found what an ingest would refuse.
    #[error("the frames have faults that have to be put right first")]
    Blocked,
    /// A cache was not told what it is to let go of.
    #[error("not every cache is purged")]
    NotPurged,
    /// Nothing was named.
    #[error("there is nothing to purge")]
    NothingToPurge,
    /// There is nobody to tell.
    #[error("no cache is configured")]
    NoCaches,
    /// A check could not write what it was asked for.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// A product's file is not taken.
    #[error(transparent)]
    Product(#[from] ProductError),
    /// There is no such key.
    #[error("there is no key {0}")]
    NoKey(KeyId),
    /// There is no such configuration.
    #[error("there is no configuration {0}")]
    NoConfiguration(ConfigId),
    /// What is public needs no signature.
    #[error("{0} is not protected")]
    NotProtected(ConfigId),
    /// The key that signs cannot go.
    #[error("{0} is the key that signs")]
    Signs(SigningKeyId),
    /// There is no such signing key.
    #[error("there is no signing key{}", .0.as_ref().map_or_else(String::new, |id| format!(" {id}")))]
    NoSigningKey(Option<SigningKeyId>),
    /// The server's own address is none that an edge could find it at.
    #[error("an edge cannot find the server at {0}")]
    NoOrigin(String),
    /// The folder of the fixtures is not there.
    #[error("there are no fixtures in {}", .0.display())]
    NoFixtures(std::path::PathBuf),
}

impl CliError {
    /// Writes the error for a person to stderr, or for a script to stdout.
    pub(super) fn print(&self, json: bool) {
        let (slug, file, remedy) = self.details();
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

    /// The error and its causes. Errors that are only another one in this clothing say it once.
    fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.ends_with(&words) {
                text = format!("{text}: {words}");
            }
            cause = error.source();
        }
        text
    }

    fn details(&self) -> (&'static str, Option<String>, Option<String>) {
        let plain = |slug, remedy: &str| (slug, None, Some(remedy.to_owned()));
        match self {
            Self::Config(_) | Self::App(AppError::Target(_)) => ("config", None, None),
            Self::NotPurged => ("not-purged", None, None),
            Self::NothingToPurge => {
                plain("nothing-to-purge", "Name it with --tag, --configuration or --product.")
            }
            Self::NoCaches => plain("no-caches", "Name them as [[purge.targets]] in girasol.toml."),
            Self::Db(_) | Self::App(AppError::Database(_)) => ("database", None, None),
            Self::App(AppError::Data { .. }) => {
                plain("data", "Name another folder with --data, or make this one writable.")
            }
            Self::App(AppError::Listen { .. }) => plain(
                "listen",
                "Stop what uses the address, or name another one with --listen, as 127.0.0.1:8361.",
            ),
            Self::App(AppError::Server(_)) => ("server", None, None),
            Self::Collect(error)
            | Self::TakeDown(TakeDownError::Collect(error))
            | Self::Protect(ProtectError::Collect(error)) => collect(error),
            Self::Publish(PublishError::NoSuchVersion { .. }) => ("no-version", None, None),
            Self::Publish(PublishError::Early { .. }) => plain(
                "early-version",
                "It has no more than a preview. Publish a version that has every tier.",
            ),
            Self::Publish(PublishError::NothingBefore(_)) => ("nothing-before", None, None),
            Self::Publish(PublishError::Overtaken(_)) | Self::Protect(ProtectError::Overtaken(_)) => {
                plain("overtaken", "Look at what is live now, then decide again.")
            }
            Self::Publish(PublishError::Db(_))
            | Self::TakeDown(TakeDownError::Db(_))
            | Self::Protect(ProtectError::Db(_)) => ("database", None, None),
            Self::TakeDown(TakeDownError::NothingLive(_)) => ("nothing-live", None, None),
            Self::TakeDown(TakeDownError::Staging(_)) => ("staging", None, None),
            Self::Protect(ProtectError::Missing(_)) => plain("missing-object", "Ingest its frames again."),
            Self::Protect(ProtectError::Store(_)) => ("store", None, None),
            Self::Protect(ProtectError::Manifest(_)) => ("internal", None, None),
            Self::Man(_) => plain("unwritable", "Name another folder with --into."),
            Self::Interrupted => plain(
                "interrupted",
                "What was live stays live. Run the same command again: it goes on where it stopped.",
            ),
            Self::ReportInterrupted => plain("interrupted", "Nothing was written."),
            Self::Unwritable(_) => plain("unwritable", "Name another file with --out."),
            Self::Blocked => ("blocked", None, None),
            Self::Check(CheckError::Exists(_)) => {
                plain("exists", "Name another folder with --into, or move that one away.")
            }
            Self::Check(CheckError::Unwritable { .. }) => {
                plain("unwritable", "Name another folder with --into or --evidence.")
            }
            Self::Product(ProductError::Unreadable { file, .. } | ProductError::Malformed { file, .. }) => {
                ("bad-product", Some(file.clone()), None)
            }
            Self::Product(ProductError::Faulty { file, .. }) => (
                "bad-product",
                Some(file.clone()),
                Some("Nothing was imported. Put these right, then try again.".to_owned()),
            ),
            Self::Product(ProductError::InUse { .. }) => {
                plain("product-in-use", "Nothing was changed. Ids that are given out keep their meaning.")
            }
            Self::Product(ProductError::NoProduct(_)) => {
                plain("no-such-product", "List the products: girasol product list")
            }
            Self::NoConfiguration(_) | Self::Protect(ProtectError::NoSuchConfiguration(_)) => {
                ("no-configuration", None, None)
            }
            Self::NotProtected(_) => {
                plain("not-protected", "Everybody sees it. Make it private: girasol protect CONFIGURATION")
            }
            Self::Signs(_) => plain("signs", "Make another one first: girasol signing rotate"),
            Self::NoSigningKey(_) => plain("no-signing-key", "List the keys: girasol signing list"),
            Self::NoKey(_) => plain("no-key", "List the keys: girasol key list"),
            Self::NoOrigin(_) => {
                plain("no-origin", "Name its host and port with --origin, as 10.0.0.5:8360.")
            }
            Self::NoFixtures(_) => {
                plain("no-fixtures", "Run it in Girasol's own folder, or name the frames with --fixtures.")
            }
            Self::Ingest(failure) => {
                let Advice { slug, file, remedy } = failure.advice();
                (slug, file, remedy)
            }
        }
    }
}

fn collect(error: &CollectError) -> (&'static str, Option<String>, Option<String>) {
    match error {
        CollectError::Manifest(_) => {
            let remedy = "Ingest its frames again, or take the spin down.";
            ("garbage", None, Some(remedy.to_owned()))
        }
        _ => ("garbage", None, None),
    }
}
