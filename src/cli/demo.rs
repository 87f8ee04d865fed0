//! `girasol demo`.

use std::{path::PathBuf, sync::Arc};

use clap::Args;

use crate::{
    app::{App, Pages},
    db::import::ImportError,
    domain::{
        audit::Actor,
        keys::{ApiKey, Role},
        names::{OptionName, ProductId, Slug},
    },
    ingest::{Failure, Order, Outcome, check, ingest, tracker::Tracker},
};

use super::{
    failure::{CliError, Details, Explain},
    print_message, print_result, product,
    progress_bar::ProgressBar,
};

/// The ring's metals; each has a folder, `solitaire-METAL`. The first is the product's default.
const METALS: [&str; 3] = ["yellow-gold", "rose-gold", "platinum"];

/// The label of the demo's key.
const KEY_LABEL: &str = "girasol demo";

/// Arguments of `girasol demo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol demo
  girasol demo --data /tmp/girasol-demo --listen 0.0.0.0:8360")]
pub(super) struct DemoArgs {
    /// Folder of the sample frames and of the product file.
    #[arg(long, value_name = "DIR", default_value = "fixtures")]
    fixtures: PathBuf,
}

/// The folder of the fixtures has no frames.
#[derive(Debug, thiserror::Error)]
#[error("there are no fixtures in {}", .0.display())]
struct NoFixtures(PathBuf);

impl Explain for NoFixtures {
    fn details(&self) -> Details {
        Details::with(
            "no-fixtures",
            "Run the demo in Girasol's own folder, or name the frames with --fixtures.",
        )
    }
}

/// Serves at once and ingests meanwhile: the page shows the progress, and the ring as soon as its preview is live.
pub(super) async fn run(app: App, args: &DemoArgs) -> Result<(), CliError> {
    if !folder(args, METALS[0]).is_dir() {
        return Err(NoFixtures(args.fixtures.clone()).into());
    }
    let (announced, is_announced) = tokio::sync::oneshot::channel();
    let served = app.serve(Pages::Demo, |address| {
        print_result(&format!("Girasol is at {address}"));
        let _: Result<(), ()> = announced.send(());
    });
    let ingested = async {
        // The address is printed before the key. A server that cannot start ends the command.
        if is_announced.await.is_err() {
            return std::future::pending().await;
        }
        let key = fresh_key(&app).await?;
        import_product(&app, args).await?;
        print_result(&format!("Artists sign in to the studio, at /studio, with the key {key}"));
        for metal in METALS {
            ingest_metal(&app, args, metal).await?;
        }
        print_message("Every ring is ready. Ctrl-C stops the server.");
        Ok::<(), CliError>(())
    };
    tokio::pin!(served);
    tokio::select! {
        served = &mut served => return Ok(served?),
        ingested = ingested => ingested?,
    }
    Ok(served.await?)
}

/// A key for the studio. A key cannot be shown twice, so each demo creates one and revokes the ones before.
async fn fresh_key(app: &App) -> Result<ApiKey, CliError> {
    let actor = Actor::command_line();
    for key in app.db.keys().await? {
        if key.label == KEY_LABEL && key.revoked_at_ms.is_none() {
            app.db.revoke_key(&key.id, &actor).await?;
        }
    }
    Ok(app.db.create_key(Role::Artist, KEY_LABEL, &actor).await?)
}

/// Imports the product's file. A data folder with a product that is in use keeps its own.
async fn import_product(app: &App, args: &DemoArgs) -> Result<(), CliError> {
    let file = args.fixtures.join("solitaire.toml");
    if !file.is_file() {
        // Other fixtures have no file: the ingest creates the product.
        return Ok(());
    }
    let offer = product::read(&file)?;
    match app.db.import_product(&offer, &Actor::command_line(), false).await {
        Err(ImportError::InUse { why, .. }) => {
            print_message(&format!("The product stays unchanged: {}", why.join("; ")));
        }
        imported => drop(imported?),
    }
    Ok(())
}

async fn ingest_metal(app: &App, args: &DemoArgs, metal: &str) -> Result<(), CliError> {
    let order = Order {
        source: folder(args, metal),
        product: ProductId::new("ring", "solitaire").map_err(Failure::Name)?,
        choices: vec![choice("metal", metal)?, choice("stone", "diamond")?],
        settings: app.config.settings(),
        publish: true,
        early: true,
        protected: false,
        actor: Actor::command_line(),
        machine: app.config.jobs.budget().now(),
        job: None,
        encodes: None,
    };
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    let made = async {
        let checked = check(&order, &tracker).await?;
        ingest(&app.db, &app.store, &app.config.data, &order, checked, &tracker).await
    };
    let report = made.await;
    bar.end();
    let report = report?;
    if report.outcome != Outcome::Unchanged {
        print_message(&format!("{}: {} encodes", report.configuration, report.encoded));
    }
    Ok(())
}

/// Where a metal's frames are.
fn folder(args: &DemoArgs, metal: &str) -> PathBuf {
    args.fixtures.join(format!("solitaire-{metal}"))
}

fn choice(option: &str, choice: &str) -> Result<(OptionName, Slug), Failure> {
    Ok((option.parse()?, choice.parse()?))
}
