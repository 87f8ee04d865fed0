//! `girasol purge`, and the purges of other commands.

use std::{sync::Arc, time::Duration};

use clap::Args;
use serde_json::{Value, json};

use crate::{
    app::App,
    cdn::purge::{Outcome, OutcomeState, Purger, Rounds},
    db::{DbError, purges::Delivery},
    domain::{
        audit::Actor,
        names::{ConfigId, ProductId},
        purge::{Purge, is_tag},
    },
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    print_message, print_result, timestamp,
    words::configuration,
};

/// How long a command waits for slow caches.
const PATIENCE: Duration = Duration::from_secs(8);
/// The most deliveries in a list.
const MAX_LISTED: u32 = 200;

/// Arguments of `girasol purge`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol purge --product ring/solitaire
  girasol purge --configuration ring.solitaire.metal-yellow-gold --soft
  girasol purge --list")]
pub(super) struct PurgeArgs {
    /// A tag of `Surrogate-Key`; repeatable.
    #[arg(long = "tag", help_heading = "What to purge", value_name = "TAG", value_parser = parse_tag)]
    tags: Vec<String>,
    /// A configuration's manifests and stills, as ring.solitaire.metal-yellow-gold; repeatable.
    #[arg(long = "configuration", help_heading = "What to purge", value_name = "ID", value_parser = configuration)]
    configurations: Vec<ConfigId>,
    /// A product and the manifests of its spins, as ring/solitaire; repeatable.
    #[arg(long = "product", help_heading = "What to purge", value_name = "TYPE/MODEL")]
    products: Vec<ProductId>,
    /// Purge softly: a cache that can do so answers once more with its old copy while it fetches the new one.
    #[arg(long)]
    soft: bool,
    /// List the deliveries that caches have not acknowledged, and those that have failed for good.
    #[arg(long, conflicts_with_all = ["tags", "configurations", "products", "soft"])]
    list: bool,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Why a purge by hand ended without success.
#[derive(Debug, thiserror::Error)]
pub(super) enum PurgingError {
    /// A cache did not acknowledge the purge.
    #[error("not every cache is purged")]
    NotPurged,
    /// No option names anything.
    #[error("there is nothing to purge")]
    NothingToPurge,
    /// The settings name no cache.
    #[error("no cache is configured")]
    NoCaches,
}

impl Explain for PurgingError {
    fn details(&self) -> Details {
        match self {
            Self::NotPurged => Details::of("not-purged"),
            Self::NothingToPurge => {
                Details::with("nothing-to-purge", "Name it with --tag, --configuration or --product.")
            }
            Self::NoCaches => Details::with("no-caches", "Name them as [[purge.targets]] in girasol.toml."),
        }
    }

    fn is_printed(&self) -> bool {
        matches!(self, Self::NotPurged)
    }
}

pub(super) async fn run(app: &App, args: PurgeArgs) -> Result<(), CliError> {
    let PurgeArgs { tags, configurations, products, soft, list, json } = args;
    if list {
        let open = app.db.open_deliveries(MAX_LISTED).await?;
        let is_idle = app.purger().await?.is_idle();
        print_result(&if json { list_json(&open) } else { list_text(&open, is_idle) });
        app.db.close().await;
        return Ok(());
    }
    let mut purge = Purge { tags: tags.into_iter().collect(), ..Purge::default() };
    for id in &configurations {
        purge.merge(Purge::configuration(id));
    }
    for id in &products {
        purge.merge(Purge::product(id));
    }
    if purge == Purge::default() {
        return Err(PurgingError::NothingToPurge.into());
    }
    let purger = app.purger().await?;
    if purger.is_idle() {
        return Err(PurgingError::NoCaches.into());
    }
    let id = app.db.purge_by_hand(&purge.subject(), &purge, soft, &Actor::command_line()).await?;
    let told = purger.deliver(&[id], Some(&purge), Rounds::First, PATIENCE).await?;
    if json {
        print_result(&json!({ "purged": told.iter().map(delivery_json).collect::<Vec<_>>() }).to_string());
    } else {
        for told in &told {
            print_result(&delivery_text(told));
        }
    }
    app.db.close().await;
    let is_done = |told: &Outcome| matches!(told.state, OutcomeState::Purged | OutcomeState::Skipped);
    if told.iter().all(is_done) { Ok(()) } else { Err(PurgingError::NotPurged.into()) }
}

/// Delivers the purges of a change that this command made. What is not delivered in time is left to a server.
pub(super) async fn deliver(purger: &Arc<Purger>, purges: &[i64]) -> Result<(), DbError> {
    if purger.is_idle() {
        return Ok(());
    }
    for told in purger.deliver(purges, None, Rounds::Second, PATIENCE).await? {
        print_message(&delivery_text(&told));
    }
    Ok(())
}

fn delivery_text(Outcome { name, kind, state }: &Outcome) -> String {
    let kind = kind.as_str();
    match state {
        OutcomeState::Purged => format!("{name} ({kind}) is purged."),
        OutcomeState::Skipped => {
            format!("{name} ({kind}) supports no tags: name a configuration or a product.")
        }
        OutcomeState::Failed { error } => {
            format!("{name} ({kind}) failed: {}", error.as_deref().unwrap_or("the reason is unknown"))
        }
        OutcomeState::Pending { error, next_at_ms } => format!(
            "{name} ({kind}) is not purged yet: {}. A server tries again at {} or later.",
            error.as_deref().unwrap_or("it has not answered"),
            timestamp(*next_at_ms)
        ),
    }
}

fn delivery_json(told: &Outcome) -> Value {
    json!({
        "name": told.name,
        "kind": told.kind.as_str(),
        "state": told.state.as_str(),
        "error": told.state.error(),
    })
}

fn list_text(open: &[Delivery], is_idle: bool) -> String {
    match (open.is_empty(), is_idle) {
        (true, true) => {
            return "No cache is configured, so nothing is purged. Name caches as [[purge.targets]] in girasol.toml."
                .to_owned();
        }
        (true, false) => return "Every purge is delivered.".to_owned(),
        (false, _) => {}
    }
    let mut lines = Vec::new();
    for delivery in open {
        let Delivery { subject, target, soft, failed, attempts, next_at_ms, error, at_ms, .. } = delivery;
        let hardness = if *soft { "soft" } else { "hard" };
        let next = if *failed { "failed".to_owned() } else { format!("next {}", timestamp(*next_at_ms)) };
        let error = error.as_deref().unwrap_or("not tried yet");
        let made = timestamp(*at_ms);
        lines.push(format!("{made}  {target}: {subject} ({hardness}), {attempts} attempts, {next}: {error}"));
    }
    lines.join("\n")
}

fn list_json(open: &[Delivery]) -> String {
    let delivery = |open: &Delivery| {
        json!({
            "id": open.id,
            "name": open.target,
            "subject": open.subject,
            "soft": open.soft,
            "state": if open.failed { "failed" } else { "pending" },
            "attempts": open.attempts,
            "created": timestamp(open.at_ms),
            "next": (!open.failed).then(|| timestamp(open.next_at_ms)),
            "error": open.error,
        })
    };
    json!({ "deliveries": open.iter().map(delivery).collect::<Vec<_>>() }).to_string()
}

fn parse_tag(text: &str) -> Result<String, &'static str> {
    if is_tag(text) { Ok(text.to_owned()) } else { Err("write 1 to 64 of a to z, 0 to 9 and hyphens") }
}
