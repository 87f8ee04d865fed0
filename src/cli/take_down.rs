//! `girasol take-down`.

use std::fmt::Write as _;

use clap::Args;

use crate::{
    app::App,
    db::{configuration_sets::RawFrames, take_down::StoredSpin},
    domain::{audit::Actor, names::ConfigId},
    library::take_down::{Extent, TakeDownError, extent, take_down},
};

use super::{
    ask::{Answer, ask},
    failure::{CliError, Details, Explain},
    known, print_message, print_result,
    publish::ConfigurationArgs,
    purge::deliver,
};

/// Arguments of `girasol take-down`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol take-down ring.solitaire.metal-yellow-gold.stone-diamond
  girasol take-down ring.solitaire.metal-yellow-gold.stone-diamond --yes")]
pub(super) struct TakeDownArgs {
    #[command(flatten)]
    configuration: ConfigurationArgs,
    /// Delete without asking.
    #[arg(long)]
    yes: bool,
}

/// Why nothing was taken down.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakingDownError {
    /// There is nothing to take down.
    #[error("{configuration} has no version and no raw frames")]
    NothingStored {
        /// The configuration that was given.
        configuration: ConfigId,
        /// What would do, in a sentence.
        known: String,
    },
    /// No person could be asked.
    #[error("a take-down cannot be undone, and there is no terminal to ask at")]
    NotAsked,
    /// The person said no.
    #[error("nothing was deleted")]
    Declined,
}

impl Explain for TakingDownError {
    fn details(&self) -> Details {
        match self {
            Self::NothingStored { known, .. } => Details::with("nothing-stored", known),
            Self::NotAsked => {
                Details::with("not-confirmed", "Add --yes to delete all of it without being asked.")
            }
            Self::Declined => Details::of("declined"),
        }
    }
}

pub(super) async fn run(app: &App, args: &TakeDownArgs) -> Result<(), CliError> {
    let purger = app.purger().await?;
    let id = &args.configuration.configuration;
    let App { db, store, staging, .. } = app;
    let found = match extent(db, id).await {
        Err(TakeDownError::NothingStored(configuration)) => {
            let known = known::configurations_like(db, &configuration).await?;
            return Err(TakingDownError::NothingStored { configuration, known }.into());
        }
        found => found?,
    };
    print_message(&describe(id, &found));
    if !args.yes {
        match ask("Delete all of it for good?") {
            Answer::Yes => {}
            Answer::No => return Err(TakingDownError::Declined.into()),
            Answer::NotAsked => return Err(TakingDownError::NotAsked.into()),
        }
    }
    let purges = take_down(db, store, staging, id, &Actor::command_line()).await?;
    print_result(&format!(
        "{id}: the spin is deleted, with all of its versions and raw frames. Copies in browsers' caches cannot be \
         recalled.{}",
        if purger.is_idle() { " Purge the CDN by hand: none is configured here." } else { "" }
    ));
    deliver(&purger, &purges).await?;
    app.db.close().await;
    Ok(())
}

/// What goes, a line each.
fn describe(id: &ConfigId, extent: &Extent) -> String {
    let Extent { spin: StoredSpin { live, versions, objects, bytes }, raw } = extent;
    let mut text = format!("A take-down of {id} deletes:");
    if !versions.is_empty() {
        let numbers = versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let shown = live.map_or_else(|| "none is live".to_owned(), |live| format!("{live} is live"));
        let files = if *objects == 1 { "1 file".to_owned() } else { format!("{objects} files") };
        let _ = write!(
            text,
            "\n  versions    {numbers} ({shown}): {files} that no other spin shows, about {}",
            megabytes(*bytes)
        );
    }
    let RawFrames { sets, frames, bytes, under_way } = *raw;
    if sets > 0 {
        let sets = if sets == 1 { "1 frame set".to_owned() } else { format!("{sets} frame sets") };
        let _ = write!(text, "\n  raw frames  {frames} of {sets}, {}", megabytes(bytes));
    }
    if live.is_some() {
        let _ = write!(
            text,
            "\n  addresses   /api/products/customizable/{id}/sequence and /still/{id}.* answer 410 from then on"
        );
    }
    if under_way > 0 {
        let jobs = if under_way == 1 { "1 job".to_owned() } else { format!("{under_way} jobs") };
        let _ = write!(text, "\n  jobs        {jobs} that would make a version of it again: cancelled");
    }
    text
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
