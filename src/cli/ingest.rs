//! `girasol ingest`.

use std::{path::PathBuf, sync::Arc};

use assets_pipeline::encode::Effort;
use clap::Args;

use crate::{
    app::App,
    config::Config,
    domain::{
        audit::Actor,
        names::{OptionName, ProductId, Slug},
    },
    ingest::{Order, check_thoroughly, forget, ingest, tracker::Tracker},
};

use super::{
    CliError, outcome, progress_bar::ProgressBar, purge::deliver, say, settings::SettingsArgs, tell,
};

/// What `girasol ingest` takes.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct IngestArgs {
    /// Folder, zip or tar of raw frames: PNG, JPEG, TIFF or WebP, numbered in turn order.
    #[arg(value_name = "DIR|ARCHIVE")]
    source: PathBuf,
    /// Jewelry type and base model, as ring/solitaire; made where it is missing.
    #[arg(long, value_name = "TYPE/MODEL")]
    product: ProductId,
    /// A choice for each of the product's options, as metal=yellow-gold; made where it is missing.
    #[arg(long = "choice", value_name = "OPTION=CHOICE", value_parser = parse_choice)]
    choices: Vec<(OptionName, Slug)>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Keep what is live; publish the version later.
    #[arg(long)]
    no_publish: bool,
    /// Protect the configuration from the first moment: nothing of it is public, and only signed addresses show it.
    #[arg(long)]
    protected: bool,
    /// Check every frame, say what would be made, and encode nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_choice(text: &str) -> Result<(OptionName, Slug), String> {
    let (option, choice) = text.split_once('=').ok_or("write it as metal=yellow-gold")?;
    Ok((
        option.parse().map_err(|error| format!("{error}"))?,
        choice.parse().map_err(|error| format!("{error}"))?,
    ))
}

/// Lets whatever else runs on the machine go first: what takes minutes can wait for a visitor.
fn be_nice() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::nice(10) {
        tracing::debug!(%error, "the priority could not be lowered");
    }
}

pub(super) async fn run(config: Config, args: IngestArgs) -> Result<(), CliError> {
    let IngestArgs { dry_run, json, .. } = args;
    let order = Order {
        source: args.source,
        product: args.product,
        choices: args.choices,
        settings: args.settings.over(&config),
        publish: !args.no_publish,
        protected: args.protected,
        actor: Actor::command_line(),
    };
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    if dry_run {
        let checked = check_thoroughly(&order, &tracker).await;
        bar.end();
        let checked = checked?;
        say(&if json { outcome::plan_json(&checked, &order) } else { outcome::plan_text(&checked, &order) });
        return Ok(());
    }
    if order.settings.effort == Effort::Max {
        be_nice();
    }
    let app = App::open(config).await?;
    let purger = app.purger().await?;
    // A preview goes live long before the rest.
    let telling = purger.start(|| {});
    let started = std::time::Instant::now();
    let ended = tokio::select! {
        ended = ingest(&app.db, &app.store, &app.config.data, &order, &tracker) => ended.map_err(CliError::from),
        _ = tokio::signal::ctrl_c() => {
            forget(&app.db, &order).await?;
            Err(CliError::Interrupted)
        }
    };
    bar.end();
    telling.end().await;
    let report = ended?;
    say(&if json {
        outcome::json(&report, started.elapsed())
    } else {
        outcome::text(&report, started.elapsed())
    });
    if !json {
        for remark in &report.remarks {
            tell(&format!("note: {remark}"));
        }
    }
    deliver(&purger, &report.purges).await?;
    app.db.close().await;
    Ok(())
}
