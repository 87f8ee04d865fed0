//! `girasol performance`.

mod page;
mod sections;
mod send;
mod text;

use std::{fs, io, path::PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use serde_json::value::RawValue;

use crate::app::App;

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    print_message, print_result,
    words::from_to,
};

/// Hours of a day and of a week.
const DAY: u32 = 24;
const WEEK: u32 = 168;

/// Arguments of `girasol performance`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  girasol performance
  girasol performance --hours 168
  girasol performance --hours 1 --json
  girasol performance report --weekly --out week.html"
)]
pub(super) struct PerformanceArgs {
    #[command(subcommand)]
    report: Option<PerformanceCommand>,
    /// How many hours back, from 1 to 720.
    #[arg(long, value_name = "N", default_value_t = DAY, value_parser = from_to::<u32>(1, 720))]
    hours: u32,
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum PerformanceCommand {
    /// Write or send the report of a day or a week: for a timer.
    Report(ReportArgs),
}

/// Arguments of `girasol performance report`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("period").required(true).args(["daily", "weekly"]),
    after_help = "Examples:
  girasol performance report --daily
  girasol performance report --weekly --out week.html
  girasol performance report --daily --mail /usr/local/bin/mail-to-operators
  girasol performance report --daily --webhook https://chat.shop.example/hooks/0a1b"
)]
struct ReportArgs {
    /// Of the last 24 hours.
    #[arg(long)]
    daily: bool,
    /// Of the last seven days.
    #[arg(long)]
    weekly: bool,
    /// File to write the report into, as a page.
    #[arg(long, help_heading = OUTPUT, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Address that is sent the report as JSON: its text in `text`, its figures in `report`.
    #[arg(long, help_heading = OUTPUT, value_name = "URL")]
    webhook: Option<String>,
    /// Command of the shell that is given the report as a message, with all headers but the recipient's.
    #[arg(long, help_heading = OUTPUT, value_name = "COMMAND")]
    mail: Option<String>,
}

/// The page could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written", path.display())]
struct Unwritable {
    path: PathBuf,
    source: io::Error,
}

impl Explain for Unwritable {
    fn details(&self) -> Details {
        Details::with("unwritable", "Name another file with --out.")
    }
}

/// Shows what servers have written to the database: a minute that is not over may be missing.
pub(super) async fn run(app: &App, args: PerformanceArgs) -> Result<(), CliError> {
    if let Some(PerformanceCommand::Report(args)) = args.report {
        return report(app, args).await;
    }
    let report = app.performance(args.hours).await?;
    let users = app.user_performance(args.hours).await?;
    app.db.close().await;
    if args.json {
        print_result(&App::performance_json(&report, &users));
    } else {
        print_result(&text::of(&report, &users));
    }
    Ok(())
}

async fn report(app: &App, args: ReportArgs) -> Result<(), CliError> {
    let ReportArgs { daily: _, weekly, out, webhook, mail } = args;
    let (title, hours) =
        if weekly { ("Girasol: weekly report", WEEK) } else { ("Girasol: daily report", DAY) };
    let report = app.performance(hours).await?;
    let users = app.user_performance(hours).await?;
    app.db.close().await;
    let text = text::of(&report, &users);
    let page = page::of(title, &report, &users);
    if out.is_none() && webhook.is_none() && mail.is_none() {
        print_result(&text);
    }
    if let Some(path) = out {
        fs::write(&path, &page).map_err(|source| Unwritable { path: path.clone(), source })?;
        print_message(&format!("The report is in {}.", path.display()));
    }
    if let Some(url) = webhook {
        let figures = App::performance_json(&report, &users);
        let figures = RawValue::from_string(figures).expect("the report is JSON");
        send::to_webhook(&url, title, &text, &figures).await?;
        print_message("The webhook has the report.");
    }
    if let Some(command) = mail {
        send::by_mail(&command, &send::message(title, &text, &page))?;
        print_message("The mail command has the report.");
    }
    Ok(())
}
