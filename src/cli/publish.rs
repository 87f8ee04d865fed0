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

use super::{CliError, purge::deliver, say};

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
    // Before anything is changed: a cache that cannot be reached as configured is a mistake in the config.
    let purger = app.purger().await?;
    let id = &args.configuration;
    let published = publish::publish(&app.db, id, args.version, &Actor::command_line()).await?;
    report(app, &purger, id, &published).await
}

pub(super) async fn roll_back(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let id = &args.configuration;
    let published = publish::roll_back(&app.db, id, &Actor::command_line()).await?;
    report(app, &purger, id, &published).await
}

pub(super) async fn take_down(app: &App, args: &ConfigurationArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let id = &args.configuration;
    let App { db, store, staging, .. } = app;
    let purges = take_down::take_down(db, store, staging, id, &Actor::command_line()).await?;
    say(&format!(
        "{id}: the spin is taken down and deleted, with every version of it and its raw frames. Copies in visitors' \
         browsers cannot be deleted from here.{}",
        if purger.is_idle() { " Purge the CDN: none is configured here." } else { "" }
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
    say(&format!("{id}: version {} is live.", published.version));
    deliver(purger, &published.purges).await?;
    app.db.close().await;
    Ok(())
}
