//! `girasol versions`.

use clap::Args;
use serde_json::json;

use crate::{
    app::App,
    db::{
        listing::VersionFilter,
        versions::{ListedVersion, VersionKind},
    },
    domain::names::{ConfigId, ProductId},
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    known, print_message, print_result,
    table::{PageArgs, table},
    timestamp,
    words::configuration,
};

/// Arguments of `girasol versions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol versions
  girasol versions ring.solitaire.metal-yellow-gold.stone-diamond
  girasol versions --product ring/solitaire --live --json")]
pub(super) struct VersionsArgs {
    /// A configuration, as ring.solitaire.metal-yellow-gold.stone-diamond [default: all].
    #[arg(value_name = "CONFIGURATION", value_parser = configuration)]
    configuration: Option<ConfigId>,
    /// List the versions of one product, as ring/solitaire.
    #[arg(long, help_heading = "Filters", value_name = "TYPE/MODEL")]
    product: Option<ProductId>,
    /// List live versions alone.
    #[arg(long, help_heading = "Filters")]
    live: bool,
    #[command(flatten)]
    page: PageArgs,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// The configuration has no version.
#[derive(Debug, thiserror::Error)]
#[error("{configuration} has no version")]
struct NoVersion {
    configuration: ConfigId,
    /// What would do, in a sentence.
    known: String,
}

impl Explain for NoVersion {
    fn details(&self) -> Details {
        Details::with("no-version", &self.known)
    }
}

pub(super) async fn run(app: &App, args: VersionsArgs) -> Result<(), CliError> {
    let VersionsArgs { configuration, product, live: only_live, page, json } = args;
    let filter = VersionFilter { configuration, product, only_live };
    let listed = app.db.list_versions(&filter, page.page()).await?;
    if let Some(configuration) = filter.configuration.filter(|_| listed.total == 0 && !only_live) {
        let known = known::configurations_like(&app.db, &configuration).await?;
        return Err(NoVersion { configuration, known }.into());
    }
    app.db.close().await;
    if json {
        let versions: Vec<_> = listed.entries.iter().map(|(id, version)| as_json(id, version)).collect();
        print_result(&json!({ "versions": versions, "total": listed.total }).to_string());
        return Ok(());
    }
    if listed.entries.is_empty() {
        print_result("There is no such version.");
        return Ok(());
    }
    let heads = ["configuration", "version", "state", "made", "published"];
    let rows = listed.entries.iter().map(|(id, version)| {
        let published = version.published_at_ms.map_or_else(|| "-".to_owned(), timestamp);
        let (number, made) = (version.version.to_string(), timestamp(version.created_at_ms));
        [id.to_string(), number, state(version).to_owned(), made, published]
    });
    print_result(&table(heads, rows));
    if let Some(rest) = page.rest(&listed) {
        print_message(&rest);
    }
    Ok(())
}

/// As docs/concepts/storage-and-versions.md names it.
fn state(version: &ListedVersion) -> &'static str {
    match (version.is_live, version.kind, version.published_at_ms) {
        (true, VersionKind::Full, _) if version.variant_of.is_some() => "live, polished",
        (false, VersionKind::Full, Some(_)) if version.variant_of.is_some() => "earlier, polished",
        (true, VersionKind::Early, _) => "live, preview only",
        (true, VersionKind::Full, _) => "live",
        (false, VersionKind::Early, _) => "preview only",
        (false, VersionKind::Full, None) => "waiting",
        (false, VersionKind::Full, Some(_)) => "earlier",
    }
}

fn as_json(id: &ConfigId, version: &ListedVersion) -> serde_json::Value {
    json!({
        "configuration": id,
        "version": version.version,
        "kind": version.kind.as_str(),
        "live": version.is_live,
        "created": timestamp(version.created_at_ms),
        "published": version.published_at_ms.map(timestamp),
        "polishedFrom": version.variant_of,
    })
}
