//! `girasol protect`, `unprotect`, `sign` and `signing`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::App,
    cdn::purge::Purger,
    db::{now_ms, secrets::Retired},
    domain::{
        audit::Actor,
        names::ConfigId,
        signed::{Grant, Shown, SigningKeyId},
    },
    library::protect::{Moved, protect, unprotect},
};

use super::{CliError, moment, publish::ConfigurationArgs, purge::deliver, say, tell};

/// What `girasol sign` takes.
#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// As ring.solitaire.metal-yellow-gold.stone-diamond.
    configuration: ConfigId,
    /// How long the address is worth something.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(i64).range(1..=24 * 366))]
    hours: i64,
    /// What stands before the path, as https://spins.example.
    #[arg(long, value_name = "URL", default_value = "")]
    base: String,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `girasol signing` takes.
#[derive(Debug, Args)]
pub(super) struct SigningArgs {
    #[command(subcommand)]
    command: SigningCommand,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum SigningCommand {
    /// List the keys that signed addresses are verified with.
    List,
    /// Make a key that signs from now on, and print it: the only time that it is shown.
    Rotate,
    /// Make all worthless that a key has signed.
    Retire {
        /// As `girasol signing list` shows it.
        id: SigningKeyId,
    },
}

pub(super) async fn protect_one(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let id = &args.configuration;
    let purger = app.purger().await?;
    let moved = protect(&app.db, &app.store, id, &Actor::command_line()).await?;
    let and_the_cdn = if purger.is_idle() { " Purge the CDN: none is configured here." } else { "" };
    let done = format!(
        "{id} is protected: sign addresses with girasol sign {id}. What browsers have kept cannot be called back from \
         here.{and_the_cdn}"
    );
    ended(app, &purger, id, moved, &done).await
}

pub(super) async fn unprotect_one(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let id = &args.configuration;
    let purger = app.purger().await?;
    let moved = unprotect(&app.db, &app.store, id, &Actor::command_line()).await?;
    ended(app, &purger, id, moved, &format!("{id} is public.")).await
}

async fn ended(
    app: &App,
    purger: &Arc<Purger>,
    id: &ConfigId,
    moved: Moved,
    done: &str,
) -> Result<(), CliError> {
    match moved {
        Moved::Done { live, purges } => {
            let live = live.map_or("Nothing is live.".to_owned(), |live| format!("Version {live} is live."));
            say(&format!("{done} {live}"));
            deliver(purger, &purges).await?;
        }
        Moved::Already => say(&format!("{id} is so already.")),
    }
    app.db.close().await;
    Ok(())
}

pub(super) async fn sign(app: &App, args: &SignArgs) -> Result<(), CliError> {
    let id = &args.configuration;
    let namespace = app.db.namespace(id).await?.ok_or_else(|| CliError::NoConfiguration(id.clone()))?;
    if !namespace.is_private() {
        return Err(CliError::NotProtected(id.clone()));
    }
    let keys = app.db.signing_keys().await?;
    let key = keys.first().map(|stored| &stored.key).ok_or(CliError::NoSigningKey(None))?;
    let until_s = now_ms() / 1000 + args.hours * 3600;
    let grant = Grant { configuration: id.clone(), shown: Shown::Live, until_s };
    let expires = moment(until_s * 1000);
    app.db.note_signed(id, key.id.as_str(), &expires, &Actor::command_line()).await?;
    let sequence = format!("{}/signed/{}/sequence", args.base.trim_end_matches('/'), grant.sign(key));
    if args.json {
        say(&json!({ "sequence": sequence, "expires": expires }).to_string());
    } else {
        // The address alone goes to stdout, so that a script can use it.
        tell(&format!("Until {expires}:"));
        say(&sequence);
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
                let key = |(id, at_ms, signs): (&SigningKeyId, i64, bool)| json!({ "id": id.as_str(), "created": moment(at_ms), "signs": signs });
                say(&json!({ "keys": keys.map(key).collect::<Vec<_>>() }).to_string());
            } else {
                for (id, at_ms, signs) in keys {
                    say(&format!("{id}  {}  {}", moment(at_ms), if signs { "signs" } else { "verifies" }));
                }
            }
        }
        SigningCommand::Rotate => {
            let key = app.db.rotate_signing_key(&Actor::command_line()).await?;
            if args.json {
                say(&json!({ "id": key.id.as_str(), "key": key.secret() }).to_string());
            } else {
                // The key alone goes to stdout, so that a script can keep it.
                tell(&format!("Signing key {} signs from now on; it is not shown again:", key.id));
                say(&key.secret());
            }
        }
        SigningCommand::Retire { id } => match app.db.retire_signing_key(id, &Actor::command_line()).await? {
            Retired::Done if args.json => {
                say(&json!({ "id": id.as_str(), "outcome": "retired" }).to_string());
            }
            Retired::Done => say(&format!("What {id} has signed is worth nothing any more.")),
            Retired::Signs => return Err(CliError::Signs(id.clone())),
            Retired::NoSuchKey => return Err(CliError::NoSigningKey(Some(id.clone()))),
        },
    }
    app.db.close().await;
    Ok(())
}
