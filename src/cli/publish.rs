//! `girasol publish` and `rollback`.

use std::sync::Arc;

use clap::Args;

use crate::{
    app::App,
    cdn::purge::Purger,
    domain::{audit::Actor, names::ConfigId},
    library::publish::{self, PublishError, Published},
};

use super::{
    failure::{CliError, Details, Explain},
    known, print_result,
    purge::deliver,
    words::configuration,
};

/// Arguments of `girasol publish`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol publish ring.solitaire.metal-yellow-gold.stone-diamond
  girasol publish ring.solitaire.metal-yellow-gold.stone-diamond 3")]
pub(super) struct PublishArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
    /// The version's number, as `girasol versions` lists it [default: the newest one that has every tier].
    #[arg(value_name = "VERSION", value_parser = version)]
    version: Option<i64>,
}

fn version(text: &str) -> Result<i64, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or("write the version's number, as 3; girasol versions lists them")
}

/// Arguments of `girasol rollback`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  girasol rollback ring.solitaire.metal-yellow-gold.stone-diamond")]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
}

/// The one argument of several commands.
#[derive(Debug, Args)]
pub(super) struct ConfigurationArgs {
    /// The configuration, as ring.solitaire.metal-yellow-gold.stone-diamond.
    #[arg(value_name = "CONFIGURATION", value_parser = configuration)]
    pub(super) configuration: ConfigId,
}

/// There is no such version.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
struct NoSuchVersion {
    /// What was given.
    error: PublishError,
    /// What would do, in a sentence.
    known: String,
}

impl Explain for NoSuchVersion {
    fn details(&self) -> Details {
        Details::with("no-version", &self.known)
    }
}

pub(super) async fn publish(app: &App, args: &PublishArgs) -> Result<(), CliError> {
    // Before any change: a cache that cannot be purged is a mistake in the settings.
    let purger = app.purger().await?;
    let (id, actor) = (&args.configuration.configuration, Actor::command_line());
    let published = match args.version {
        Some(version) => publish::publish(&app.db, id, version, &actor).await,
        None => publish::publish_newest(&app.db, id, &actor).await,
    };
    match published {
        Ok(published) => report(app, &purger, id, &published).await,
        Err(error @ (PublishError::NoSuchVersion { .. } | PublishError::NoVersion(_))) => {
            let known = known::versions_of(&app.db, id).await?;
            Err(NoSuchVersion { error, known }.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn roll_back(app: &App, args: &RollbackArgs) -> Result<(), CliError> {
    let id = &args.configuration.configuration;
    let purger = app.purger().await?;
    let published = publish::roll_back(&app.db, id, &Actor::command_line()).await?;
    report(app, &purger, id, &published).await
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
