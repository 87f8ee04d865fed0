//! `girasol protect`, `unprotect`, `sign` and `signing`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    cdn::purge::Purger,
    db::{DbError, secrets::Retired},
    domain::{
        audit::Actor,
        names::ConfigId,
        signed::{Grant, Shown, SigningKeyId},
    },
    library::protect::{Moved, ProtectError, protect, unprotect},
};

use super::{
    First, OUTPUT,
    failure::{CliError, Details, Explain},
    known, print_message, print_result,
    publish::ConfigurationArgs,
    purge::deliver,
    timestamp,
    words::{configuration, from_to},
};

/// Arguments of `girasol protect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol protect ring.solitaire.metal-yellow-gold.stone-diamond")]
pub(super) struct ProtectArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// Arguments of `girasol unprotect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol unprotect ring.solitaire.metal-yellow-gold.stone-diamond")]
pub(super) struct UnprotectArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// Arguments of `girasol sign`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol sign ring.solitaire.metal-yellow-gold.stone-diamond --hours 48 --base https://spins.example")]
pub(super) struct SignArgs {
    /// The configuration, as ring.solitaire.metal-yellow-gold.stone-diamond.
    #[arg(value_name = "CONFIGURATION", value_parser = configuration)]
    configuration: ConfigId,
    /// Lifetime of the address, in hours.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = from_to::<i64>(1, 24 * 366))]
    hours: i64,
    /// Origin to put before the path, as https://spins.example.
    #[arg(long, value_name = "URL", default_value = "")]
    base: String,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Arguments of `girasol signing`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol signing list
  girasol signing rotate")]
pub(super) struct SigningArgs {
    #[command(subcommand)]
    command: SigningCommand,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

impl SigningArgs {
    pub(super) fn makes_first(&self) -> First {
        match self.command {
            SigningCommand::Rotate => First::May,
            SigningCommand::List | SigningCommand::Retire { .. } => First::MayNot,
        }
    }
}

#[derive(Debug, Subcommand)]
enum SigningCommand {
    /// List the keys that verify signed addresses.
    #[command(after_help = "Example:
  girasol signing list --json")]
    List,
    /// Create the key that signs from now on, and print it. It is shown once.
    #[command(after_help = "Example:
  girasol signing rotate")]
    Rotate,
    /// Retire a key: addresses that it has signed stop working.
    #[command(after_help = "Example:
  girasol signing retire 01234567")]
    Retire {
        /// The key's id, as `girasol signing list` shows it.
        id: SigningKeyId,
    },
}

/// Why a command about private configurations failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SigningError {
    /// There is no such configuration.
    #[error("there is no configuration {configuration}")]
    NoSuchConfiguration {
        /// The id that was given.
        configuration: ConfigId,
        /// The ids that would do, in a sentence.
        known: String,
    },
    /// A public configuration needs no signature.
    #[error("{0} is not protected")]
    NotProtected(ConfigId),
    /// There is no key yet.
    #[error("there is no signing key")]
    NoKey,
    /// There is no such key.
    #[error("there is no signing key {0}")]
    NoSuchKey(SigningKeyId),
    /// The key that signs cannot be retired.
    #[error("{0} is the key that signs")]
    Signs(SigningKeyId),
}

impl SigningError {
    async fn no_configuration(app: &App, configuration: ConfigId) -> Result<Self, DbError> {
        let known = known::configurations_like(&app.db, &configuration).await?;
        Ok(Self::NoSuchConfiguration { configuration, known })
    }
}

impl Explain for SigningError {
    fn details(&self) -> Details {
        match self {
            Self::NoSuchConfiguration { known, .. } => Details::with("no-configuration", known),
            Self::NotProtected(id) => {
                Details::with("not-protected", format!("It is public. Make it private: girasol protect {id}"))
            }
            Self::NoKey | Self::NoSuchKey(_) => {
                Details::with("no-signing-key", "List the keys: girasol signing list")
            }
            Self::Signs(_) => Details::with("signs", "Create another one first: girasol signing rotate"),
        }
    }
}

pub(super) async fn protect_one(app: &App, args: &ProtectArgs) -> Result<(), CliError> {
    let id = &args.configuration.configuration;
    let purger = app.purger().await?;
    let moved = protect(&app.db, &app.store, id, &Actor::command_line()).await;
    let and_the_cdn = if purger.is_idle() { " Purge the CDN by hand: none is configured here." } else { "" };
    let done = format!(
        "{id} is protected: sign addresses with girasol sign {id}. Copies in browsers' caches cannot be recalled.{and_the_cdn}"
    );
    ended(app, &purger, id, moved, "protected", &done).await
}

pub(super) async fn unprotect_one(app: &App, args: &UnprotectArgs) -> Result<(), CliError> {
    let id = &args.configuration.configuration;
    let purger = app.purger().await?;
    let moved = unprotect(&app.db, &app.store, id, &Actor::command_line()).await;
    ended(app, &purger, id, moved, "public", &format!("{id} is public.")).await
}

async fn ended(
    app: &App,
    purger: &Arc<Purger>,
    id: &ConfigId,
    moved: Result<Option<Moved>, ProtectError>,
    state: &str,
    done: &str,
) -> Result<(), CliError> {
    match moved {
        Err(ProtectError::NoSuchConfiguration(id)) => {
            return Err(SigningError::no_configuration(app, id).await?.into());
        }
        Err(error) => return Err(error.into()),
        Ok(Some(Moved { live, purges })) => {
            let live = live.map_or("Nothing is live.".to_owned(), |live| format!("Version {live} is live."));
            print_result(&format!("{done} {live}"));
            deliver(purger, &purges).await?;
        }
        Ok(None) => print_result(&format!("{id} is already {state}.")),
    }
    app.db.close().await;
    Ok(())
}

pub(super) async fn sign(app: &App, args: &SignArgs) -> Result<(), CliError> {
    let id = &args.configuration;
    let namespace = app.db.namespace(id).await?;
    let Some(namespace) = namespace else {
        return Err(SigningError::no_configuration(app, id.clone()).await?.into());
    };
    if !namespace.is_private() {
        return Err(SigningError::NotProtected(id.clone()).into());
    }
    let keys = app.db.signing_keys().await?;
    let key = keys.first().map(|stored| &stored.key).ok_or(SigningError::NoKey)?;
    let until_s = app.db.now_ms() / 1000 + args.hours * 3600;
    let grant = Grant { configuration: id.clone(), shown: Shown::Live, until_s };
    let expires = timestamp(until_s * 1000);
    app.db.note_signed(id, key.id.as_str(), &expires, &Actor::command_line()).await?;
    let sequence = format!("{}/signed/{}/sequence", args.base.trim_end_matches('/'), grant.sign(key));
    if args.json {
        print_result(&json!({ "sequence": sequence, "expires": expires }).to_string());
    } else {
        // stdout gets the address alone, so that a script can read it.
        print_message(&format!("Valid until {expires}:"));
        print_result(&sequence);
    }
    app.db.close().await;
    Ok(())
}

pub(super) async fn keys(app: &App, args: &SigningArgs) -> Result<(), CliError> {
    match &args.command {
        SigningCommand::List => {
            let keys = app.db.signing_keys().await?;
            let keys =
                keys.iter().enumerate().map(|(at, stored)| (&stored.key.id, stored.created_at_ms, at == 0));
            if args.json {
                let key = |(id, at_ms, signs): (&SigningKeyId, i64, bool)| json!({ "id": id.as_str(), "created": timestamp(at_ms), "signs": signs });
                print_result(&json!({ "keys": keys.map(key).collect::<Vec<_>>() }).to_string());
            } else {
                for (id, at_ms, signs) in keys {
                    print_result(&format!(
                        "{id}  {}  {}",
                        timestamp(at_ms),
                        if signs { "signs" } else { "verifies" }
                    ));
                }
            }
        }
        SigningCommand::Rotate => {
            let key = app.db.rotate_signing_key(&Actor::command_line()).await?;
            if args.json {
                print_result(&json!({ "id": key.id.as_str(), "key": key.secret() }).to_string());
            } else {
                // stdout gets the key alone, so that a script can read it.
                print_message(&format!(
                    "Signing key {} signs from now on; keep it, it is not shown again:",
                    key.id
                ));
                print_result(&key.secret());
            }
        }
        SigningCommand::Retire { id } => match app.db.retire_signing_key(id, &Actor::command_line()).await? {
            Retired::Done if args.json => {
                print_result(&json!({ "id": id.as_str(), "outcome": "retired" }).to_string());
            }
            Retired::Done => {
                print_result(&format!("{id} is retired: addresses that it has signed stop working."));
            }
            Retired::Signs => return Err(SigningError::Signs(id.clone()).into()),
            Retired::NoSuchKey => return Err(SigningError::NoSuchKey(id.clone()).into()),
        },
    }
    app.db.close().await;
    Ok(())
}
