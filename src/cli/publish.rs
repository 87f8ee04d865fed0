//! `girasol publish`, `rollback` and `take-down`.

use std::sync::Arc;

use clap::Args;

use crate::{
    app::App,
    cdn::purge::Purger,
    db::versions::MadeLive,
    domain::{audit::Actor, names::ConfigId},
    library::collect,
};

use super::{CliError, purge::changed, say};

/// What `girasol publish` takes.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// As ring.solitaire.metal-yellow-gold.stone-diamond.
    configuration: ConfigId,
    /// The version's number, as `girasol ingest` printed it.
    version: i64,
}

/// What commands take that are about a configuration alone.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArgs {
    /// As ring.solitaire.metal-yellow-gold.stone-diamond.
    pub(super) configuration: ConfigId,
}

pub(super) async fn publish(app: &App, args: &PublishArgs) -> Result<(), CliError> {
    // Before anything is changed: a cache that cannot be told is a mistake in the config.
    let purger = app.purger().await?;
    let made = app.db.make_live(&args.configuration, args.version, &Actor::command_line()).await?;
    tell(app, &purger, &args.configuration, args.version, made).await
}

pub(super) async fn roll_back(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let made = app.db.roll_back(&args.configuration, &Actor::command_line()).await?;
    tell(app, &purger, &args.configuration, 0, made).await
}

pub(super) async fn take_down(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let configuration = &args.configuration;
    if !collect::take_down(&app.db, &app.store, configuration, &Actor::command_line()).await? {
        return Err(CliError::NothingLive(configuration.clone()));
    }
    say(&format!(
        "{configuration}: the spin is gone, with every version of it. What browsers have kept cannot be called back from \
         here.{}",
        if purger.is_idle() { " Purge the CDN: none is configured here." } else { "" }
    ));
    changed(app, &purger, configuration).await?;
    app.db.close().await;
    Ok(())
}

async fn tell(
    app: &App,
    purger: &Arc<Purger>,
    configuration: &ConfigId,
    wanted: i64,
    made: MadeLive,
) -> Result<(), CliError> {
    let configuration = configuration.clone();
    match made {
        MadeLive::Done { version, .. } => {
            say(&format!("{configuration}: version {version} is live."));
            changed(app, purger, &configuration).await?;
        }
        MadeLive::NoSuchVersion => return Err(CliError::NoVersion { configuration, version: wanted }),
        MadeLive::Early => return Err(CliError::EarlyVersion { configuration, version: wanted }),
        MadeLive::NothingBefore => return Err(CliError::NothingBefore(configuration)),
        MadeLive::Overtaken => return Err(CliError::Overtaken(configuration)),
    }
    app.db.close().await;
    Ok(())
}
