//! `girasol publish`.

use clap::Args;

use crate::{
    app::App,
    db::versions::VersionKind,
    domain::{audit::Actor, names::ConfigId},
};

use super::{CliError, say};

/// What `girasol publish` takes.
#[derive(Debug, Args)]
pub(super) struct PublishArgs {
    /// As ring.solitaire.metal-yellow-gold.stone-diamond.
    configuration: ConfigId,
    /// The version's number, as `girasol ingest` printed it.
    version: i64,
}

pub(super) async fn run(app: &App, args: &PublishArgs) -> Result<(), CliError> {
    let PublishArgs { configuration, version } = args;
    let Some(kind) = app.db.version_kind(configuration, *version).await? else {
        return Err(CliError::NoVersion { configuration: configuration.clone(), version: *version });
    };
    let live = app.db.pointer(configuration).await?.map(|pointer| pointer.version);
    if let (Some(live), VersionKind::Early) = (live, kind)
        && app.db.version_kind(configuration, live).await? == Some(VersionKind::Full)
    {
        return Err(CliError::EarlyVersion { configuration: configuration.clone(), version: *version });
    }
    let actor = Actor::command_line();
    if live != Some(*version)
        && !app.db.publish(&configuration.product(), configuration, live, *version, &actor).await?
    {
        return Err(CliError::Overtaken(configuration.clone()));
    }
    say(&format!("{configuration}: version {version} is live."));
    app.db.close().await;
    Ok(())
}
