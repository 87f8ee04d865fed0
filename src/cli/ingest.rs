//! `girasol ingest`.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use assets_pipeline::encode::Effort;
use clap::Args;

use crate::{
    app::App,
    background::Background,
    cdn::purge::Purger,
    config::Config,
    domain::{
        audit::Actor,
        names::{OptionName, ProductId, Slug},
        news::{NewChoice, new_choices},
    },
    ingest::{Order, Report, check, check_thoroughly, forget, ingest, tracker::Tracker},
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    outcome, print_message, print_result,
    progress_bar::ProgressBar,
    purge::deliver,
    settings::SettingsArgs,
};

/// Arguments of `girasol ingest`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol ingest ring-gold/ --product ring/solitaire --choice metal=yellow-gold --choice stone=diamond
  girasol ingest ring-gold.zip --product ring/solitaire --choice metal=yellow-gold --dry-run
  girasol ingest ring-rose/ --product ring/solitaire --choice metal=rose-gold --new-choice
  girasol ingest bracelet/ --product bracelet/tennis --effort max --no-publish --json")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct IngestArgs {
    /// Folder, zip or tar of raw frames: PNG, JPEG, TIFF or WebP, numbered in turn order.
    #[arg(value_name = "DIR|ARCHIVE")]
    pub(super) source: PathBuf,
    /// Jewelry type and base model, as ring/solitaire; a new product is created.
    #[arg(long, help_heading = "Product", value_name = "TYPE/MODEL")]
    product: ProductId,
    /// A choice for each of the product's options, as metal=yellow-gold; repeatable. An option or choice that the product
    /// does not have is created, after a question at the terminal or with --new-choice.
    #[arg(long = "choice", help_heading = "Product", value_name = "OPTION=CHOICE", value_parser = parse_choice)]
    choices: Vec<(OptionName, Slug)>,
    /// Create options and choices that the product does not have yet, without a question.
    #[arg(long, help_heading = "Product")]
    new_choice: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Leave the live version in place; `girasol publish` makes the new one live.
    #[arg(long, help_heading = "Publishing")]
    no_publish: bool,
    /// Protect the configuration from the start: only signed addresses show it.
    #[arg(long, help_heading = "Publishing")]
    protected: bool,
    /// Check every frame, print the plan, and encode nothing.
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Ctrl-C.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
struct Interrupted;

impl Explain for Interrupted {
    fn details(&self) -> Details {
        Details::with(
            "interrupted",
            "What was live stays live. Run the same command again: it continues where it stopped.",
        )
    }
}

/// The product does not have what was chosen.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct UnknownChoice(Box<NewChoice>);

impl Explain for UnknownChoice {
    fn details(&self) -> Details {
        Details::with(
            "new-choice",
            "Correct the spelling; or name it with --new-choice, which creates it for the whole product.",
        )
    }
}

/// Asks at the terminal whether what is new is to be created; without a terminal it has to be said on the command line.
fn confirm(new: Vec<NewChoice>) -> Result<(), UnknownChoice> {
    for new in new {
        let can_ask = io::stdin().is_terminal() && io::stderr().is_terminal();
        let refused = UnknownChoice(new.into());
        if !can_ask {
            return Err(refused);
        }
        print_message(&format!("{refused}. Create it? [y/N]"));
        let mut answer = String::new();
        let is_read = io::stdin().read_line(&mut answer).is_ok();
        if !is_read || !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Err(refused);
        }
    }
    Ok(())
}

fn parse_choice(text: &str) -> Result<(OptionName, Slug), String> {
    let (option, choice) = text.split_once('=').ok_or("write OPTION=CHOICE, as metal=yellow-gold")?;
    Ok((
        option.parse().map_err(|error| format!("{error}"))?,
        choice.parse().map_err(|error| format!("{error}"))?,
    ))
}

/// Lowers the priority of the process: an ingest of several minutes must not slow down a server beside it.
fn lower_priority() {
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
        early: !args.no_publish,
        protected: args.protected,
        actor: Actor::command_line(),
        machine: config.jobs.budget().now(),
        job: None,
        encodes: None,
    };
    let news = if args.new_choice { News::Wanted } else { News::Asked };
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    if dry_run {
        let checked = check_thoroughly(&order, &tracker).await;
        bar.end();
        let checked = checked?;
        print_result(&if json {
            outcome::plan_json(&checked, &order)
        } else {
            outcome::plan_text(&checked, &order)
        });
        return Ok(());
    }
    if order.settings.effort == Effort::Max {
        lower_priority();
    }
    let started = std::time::Instant::now();
    let made = Box::pin(make(config, &order, news, &tracker)).await;
    bar.end();
    let Made { app, purger, report } = made?;
    print_result(&if json {
        outcome::json(&report, started.elapsed())
    } else {
        outcome::text(&report, started.elapsed())
    });
    if !json {
        for remark in &report.remarks {
            print_message(&format!("note: {remark}"));
        }
    }
    deliver(&purger, &report.purges).await?;
    app.db.close().await;
    Ok(())
}

/// An ingest's result, and what it was made with.
struct Made {
    app: App,
    purger: Arc<Purger>,
    report: Report,
}

/// What becomes of options and choices that the product does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// They are wanted: --new-choice.
    Wanted,
    /// The person at the terminal is asked.
    Asked,
}

async fn make(config: Config, order: &Order, news: News, tracker: &Arc<Tracker>) -> Result<Made, CliError> {
    // Before the data folder is opened: frames that are refused leave nothing behind.
    let checked = tokio::select! {
        checked = check(order, tracker) => checked?,
        _ = tokio::signal::ctrl_c() => return Err(Interrupted.into()),
    };
    let app = App::open_to_write(config).await?;
    if news == News::Asked {
        let product = app.db.load_product(&order.product).await?;
        let chosen = order.choices.iter().cloned().collect();
        confirm(product.map(|product| new_choices(&product, &chosen)).unwrap_or_default())?;
    }
    let purger = app.purger().await?;
    // A preview goes live long before the other tiers, and is purged at once.
    let mut background = Background::default();
    purger.start(&mut background, || {});
    let ended = tokio::select! {
        ended = ingest(&app.db, &app.store, &app.config.data, order, checked, tracker) => ended.map_err(CliError::from),
        _ = tokio::signal::ctrl_c() => {
            forget(&app.db, order).await?;
            Err(Interrupted.into())
        }
    };
    background.stop(Duration::from_secs(10)).await;
    Ok(Made { report: ended?, app, purger })
}
