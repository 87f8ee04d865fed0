//! `girasol publish`, `rollback` and `take-down`.

use std::sync::Arc;

use clap::Args;

use crate::{
    app::App,
    cdn::purge::Purger,
    domain::{audit::Actor, names::ConfigId},
    library::{
        publish::{self, Published},
        take_down,
    },
};

use super::{CliError, print_result, purge::deliver};

/// Arguments of `girasol publish`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol publish ring.solitaire.metal-yellow-gold.stone-diamond 3")]
pub(super) struct PublishArgs {
    /// The configuration, as ring.solitaire.metal-yellow-gold.stone-diamond.
    #[arg(value_name = "CONFIGURATION")]
    configuration: ConfigId,
    /// The version's number, as `girasol ingest` prints it.
    version: i64,
}

/// Arguments of `girasol rollback`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol rollback ring.solitaire.metal-yellow-gold.stone-diamond")]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// Arguments of `girasol take-down`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol take-down ring.solitaire.metal-yellow-gold.stone-diamond")]
pub(super) struct TakeDownArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// The one argument of several commands.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArgs {
    /// The configuration, as ring.solitaire.metal-yellow-gold.stone-diamond.
    #[arg(value_name = "CONFIGURATION")]
    pub(super) configuration: ConfigId,
}

pub(super) async fn publish(app: &App, args: &PublishArgs) -> Result<(), CliError> {
    // Before any change: a cache that cannot be purged is a mistake in the settings.
    let purger = app.purger().await?;
    let id = &args.configuration;
    let published = publish::publish(&app.db, id, args.version, &Actor::command_line()).await?;
    report(app, &purger, id, &published).await
}

pub(super) async fn roll_back(app: &App, args: &RollbackArgs) -> Result<(), CliError> {
    let id = &args.configuration.configuration;
    let purger = app.purger().await?;
    let published = publish::roll_back(&app.db, id, &Actor::command_line()).await?;
    report(app, &purger, id, &published).await
}

pub(super) async fn take_down(app: &App, args: &TakeDownArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let id = &args.configuration.configuration;
    let App { db, store, staging, .. } = app;
    let purges = take_down::take_down(db, store, staging, id, &Actor::command_line()).await?;
    print_result(&format!(
        "{id}: the spin is deleted, with all of its versions and raw frames. Copies in browsers' caches cannot be \
         recalled.{}",
        if purger.is_idle() { " Purge the CDN by hand: none is configured here." } else { "" }
    ));
    deliver(&purger, &purges).await?;
    app.db.close().await;
    Ok(())
}

async fn report(
    app: &App,
    purger: &Arc<Purger>,
    id: &ConfigId,
    published: &Published,
) -> Result<(), CliError> {
    print_result(&format!("{id}: version {} is live.", published.version));
    deliver(purger, &published.purges).await?;
    app.db.close().await;
    Ok(())
}
