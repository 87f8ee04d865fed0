//! The command line.

mod check;
mod demo;
mod edge;
mod failure;
mod ingest;
mod key;
mod outcome;
mod product;
mod progress_bar;
mod publish;
mod purge;
mod report;
mod settings;
mod signing;
mod store;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    app::{App, Pages},
    config::{Config, Flags},
    telemetry,
};

use self::failure::CliError;

/// 360-degree jewelry spins, delivered progressively.
#[derive(Debug, Parser)]
#[command(name = "girasol", version, about, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// Folder of the database and the objects [default: ./data].
    #[arg(long, global = true, env = "GIRASOL_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port that the server listens on [default: 127.0.0.1:8360].
    #[arg(long, global = true, env = "GIRASOL_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// Settings [default: ./girasol.toml, if it is there].
    #[arg(long, global = true, env = "GIRASOL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Lowest level to log, or directives as girasol=debug,warn [default: info for serve and work, warn for others].
    #[arg(long, global = true, env = "GIRASOL_LOG", value_name = "LEVEL")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ingest the fixtures, serve them, and print the address of a page that shows them.
    Demo(demo::DemoArgs),
    /// Serve products, manifests, packs and frames.
    Serve,
    /// Encode committed frame sets, beside servers that do so as well.
    Work,
    /// Turn a folder, zip or tar of raw frames into a published spin.
    Ingest(Box<ingest::IngestArgs>),
    /// Check a folder, zip or tar of raw frames, and say in plain words what is wrong with them.
    Check(check::CheckArgs),
    /// Encode a folder, zip or tar of raw frames, and write one HTML page that shows what became of them.
    Report(report::ReportArgs),
    /// Make a version of a configuration live.
    Publish(publish::PublishArgs),
    /// Make the version live again that was live before.
    Rollback(publish::ConfigurationArgs),
    /// Take a configuration's spin down: visitors are told that it is gone.
    TakeDown(publish::ConfigurationArgs),
    /// List, import, export and check products: options, choices, swatches, hotspots.
    Product(product::ProductArgs),
    /// Make all of a configuration private: signed addresses alone show it from then on.
    Protect(publish::ConfigurationArgs),
    /// Make a protected configuration public.
    Unprotect(publish::ConfigurationArgs),
    /// Print an address that shows a protected configuration for a while.
    Sign(signing::SignArgs),
    /// Change the key that addresses are signed with, list the keys, or make worthless what one has signed.
    Signing(signing::SigningArgs),
    /// Remove what no version needs any more.
    Store(store::StoreArgs),
    /// Print the set-up of a cache or CDN in front of Girasol, made from the policy.
    Edge(edge::EdgeArgs),
    /// Tell the caches outside to let go, or list what they have not heard yet.
    Purge(purge::PurgeArgs),
    /// Give out keys for the API and the studio, list them, or make one worthless.
    Key(key::KeyArgs),
}

/// Runs the command that the arguments name.
pub async fn run(cli: Cli) -> ExitCode {
    let json = match &cli.command {
        Command::Ingest(args) => args.json,
        Command::Check(args) => args.json,
        Command::Report(args) => args.json,
        Command::Key(args) => args.json,
        Command::Store(args) => args.json,
        Command::Product(args) => args.json,
        Command::Purge(args) => args.json,
        Command::Sign(args) => args.json,
        Command::Signing(args) => args.json,
        Command::Demo(_)
        | Command::Serve
        | Command::Work
        | Command::Publish(_)
        | Command::Rollback(_)
        | Command::TakeDown(_)
        | Command::Protect(_)
        | Command::Unprotect(_)
        | Command::Edge(_) => false,
    };
    match Box::pin(dispatch(cli)).await {
        Ok(()) => ExitCode::SUCCESS,
        // The findings have been said, and say why.
        Err(CliError::Blocked | CliError::NotPurged) => ExitCode::FAILURE,
        Err(error) => {
            error.print(json);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), CliError> {
    let flags = Flags {
        config: cli.config,
        data: cli.data,
        listen: cli.listen,
        log: cli.log,
        is_quiet: !matches!(cli.command, Command::Serve | Command::Work),
    };
    let config = Config::load(&flags, variables())?;
    telemetry::logs::start(&config.log);
    match cli.command {
        Command::Demo(args) => demo::run(App::open(config).await?, &args).await,
        Command::Serve => Ok(App::open(config).await?.serve(Pages::None).await?),
        Command::Work => Ok(App::open(config).await?.work().await?),
        Command::Ingest(args) => ingest::run(config, *args).await,
        Command::Check(args) => check::run(args).await,
        Command::Report(args) => report::run(&config, args).await,
        Command::Publish(args) => publish::publish(&App::open(config).await?, &args).await,
        Command::Rollback(args) => publish::roll_back(&App::open(config).await?, &args).await,
        Command::TakeDown(args) => publish::take_down(&App::open(config).await?, &args).await,
        Command::Product(args) if args.only_reads_files() => product::check(&args),
        Command::Product(args) => product::run(&App::open(config).await?, &args).await,
        Command::Protect(args) => signing::protect_one(&App::open(config).await?, &args).await,
        Command::Unprotect(args) => signing::unprotect_one(&App::open(config).await?, &args).await,
        Command::Sign(args) => signing::sign(&App::open(config).await?, &args).await,
        Command::Signing(args) => signing::keys(&App::open(config).await?, &args).await,
        Command::Store(args) => store::run(&App::open(config).await?, &args).await,
        Command::Purge(args) => purge::run(&App::open(config).await?, args).await,
        Command::Edge(args) => edge::run(&config, args),
        Command::Key(args) => key::run(&App::open(config).await?, &args).await,
    }
}

/// Variables whose name or value is no text cannot be settings.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// A moment in milliseconds since 1970-01-01 UTC, in UTC to the second: 2026-11-21T09:30:00Z.
fn moment(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time::OffsetDateTime::from_unix_timestamp(at_ms / 1000)
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_default()
}

/// Writes a result to stdout. A reader that went away is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes a word to the person at the terminal.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn data_and_listen_stand_before_or_after_the_command() {
        for arguments in [["girasol", "--data", "d", "serve"], ["girasol", "serve", "--data", "d"]] {
            assert_eq!(Cli::try_parse_from(arguments).unwrap().data, Some(PathBuf::from("d")));
        }
    }
}
