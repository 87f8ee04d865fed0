//! `girasol ingest`.

use std::{path::PathBuf, sync::Arc};

use assets_pipeline::{encode::Effort, ground::Ground, settings::Settings};
use clap::Args;

use crate::{
    app::App,
    config::Config,
    domain::names::{OptionName, ProductId, Slug},
    ingest::{Order, check_thoroughly, forget, ingest, tracker::Tracker},
};

use super::{CliError, progress_bar::ProgressBar, report, say, tell};

/// What `girasol ingest` takes.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub(super) struct IngestArgs {
    /// Folder or zip of raw frames: PNG, JPEG, TIFF or WebP, numbered in turn order.
    #[arg(value_name = "DIR|ZIP")]
    source: PathBuf,
    /// Jewelry type and base model, as ring/solitaire; made where it is missing.
    #[arg(long, value_name = "TYPE/MODEL")]
    product: ProductId,
    /// A choice for each of the product's options, as metal=yellow-gold; made where it is missing.
    #[arg(long = "choice", value_name = "OPTION=CHOICE", value_parser = parse_choice)]
    choices: Vec<(OptionName, Slug)>,
    /// Angle that stands for the piece, in degrees; snapped to one that all tiers have.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    hero: f64,
    /// Angle that the first frame shows, in degrees.
    #[arg(long, value_name = "DEGREES", default_value_t = 0.0, allow_negative_numbers = true, value_parser = parse_degrees)]
    start: f64,
    /// The piece turns clockwise seen from above.
    #[arg(long)]
    clockwise: bool,
    /// What to lay the frames on, or `transparent` to keep their transparency [default: white for
    /// transparent frames, their own ground for opaque ones].
    #[arg(long, value_name = "#RRGGBB|transparent")]
    ground: Option<Ground>,
    /// Take a photograph's noise out before encoding.
    #[arg(long)]
    denoise: bool,
    /// How long encoders may take: default, or max for several times as long and a better spin.
    #[arg(long, value_name = "default|max")]
    effort: Option<Effort>,
    /// Keep what is live; publish the version later.
    #[arg(long)]
    no_publish: bool,
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

fn parse_degrees(text: &str) -> Result<f64, String> {
    let degrees: f64 = text.parse().map_err(|_wrong| "write an angle in degrees, as 30")?;
    if (-360.0..=360.0).contains(&degrees) { Ok(degrees) } else { Err("must be from -360 to 360".to_owned()) }
}

pub(super) async fn run(config: Config, args: IngestArgs) -> Result<(), CliError> {
    let IngestArgs { dry_run, json, .. } = args;
    let order = Order {
        source: args.source,
        product: args.product,
        choices: args.choices,
        settings: Settings {
            hero_degrees: args.hero,
            start_degrees: args.start,
            clockwise: args.clockwise,
            ground: args.ground,
            denoise: args.denoise,
            effort: args.effort.unwrap_or(config.encode.effort),
            ..config.settings()
        },
        publish: !args.no_publish,
    };
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    if dry_run {
        let checked = check_thoroughly(&order, &tracker).await;
        bar.end();
        let checked = checked?;
        say(&if json { report::plan_json(&checked, &order) } else { report::plan_text(&checked, &order) });
        return Ok(());
    }
    let app = App::open(config).await?;
    let started = std::time::Instant::now();
    let ended = tokio::select! {
        ended = ingest(&app.db, &app.store, &app.config.data, &order, &tracker) => ended.map_err(CliError::from),
        _ = tokio::signal::ctrl_c() => {
            forget(&app.db, &order).await?;
            Err(CliError::Interrupted)
        }
    };
    bar.end();
    let report = ended?;
    say(&if json {
        report::json(&report, started.elapsed())
    } else {
        report::text(&report, started.elapsed())
    });
    if !json {
        for remark in &report.remarks {
            tell(&format!("note: {remark}"));
        }
    }
    app.db.close().await;
    Ok(())
}
