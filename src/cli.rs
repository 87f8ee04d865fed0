//! The command line.

mod alerts;
mod ask;
mod audit;
mod backup;
mod check;
mod check_config;
mod completions;
mod database;
mod demo;
mod edge;
mod failure;
mod ingest;
mod jobs;
mod key;
mod known;
mod launches;
mod loupes;
mod migrate;
mod monitoring;
mod optimize;
mod outcome;
mod performance;
mod polish;
mod product;
mod progress_bar;
mod publish;
mod purge;
mod reference;
mod report;
mod serve;
mod settings;
mod signing;
mod snippet;
mod source;
mod store;
mod table;
mod take_down;
mod versions;
mod words;

use std::{
    borrow::Cow,
    ffi::OsString,
    io::Write as _,
    path::PathBuf,
    process::ExitCode,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app::{App, AppError},
    config::{Config, Flags},
    db,
    telemetry::{self, metrics::Metrics},
};

use self::failure::CliError;
pub use self::reference::reference;

/// The heading of the options that every command takes.
const GLOBAL: &str = "Global options";
/// The heading of what decides how results are written.
const OUTPUT: &str = "Output";

/// `0.1.0 (abc1234)`, with the commit that `make build` names.
static VERSION: LazyLock<String> = LazyLock::new(db::program);

/// 360-degree jewelry spins, delivered progressively.
#[derive(Debug, Parser)]
#[command(
    name = "girasol",
    version = VERSION.as_str(),
    about,
    max_term_width = 100,
    propagate_version = true,
    after_help = "Examples:
  girasol demo
  girasol ingest ring-gold/ --product ring/solitaire --choice metal=yellow-gold
  girasol serve --listen 0.0.0.0:8360"
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = GLOBAL)]
struct GlobalArgs {
    /// Folder of the database and the objects [default: ./data].
    #[arg(long, global = true, env = "GIRASOL_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port that the server listens on [default: 127.0.0.1:8360].
    #[arg(long, global = true, env = "GIRASOL_LISTEN", value_name = "ADDR")]
    listen: Option<String>,
    /// File of settings [default: ./girasol.toml, if it exists].
    #[arg(long, global = true, env = "GIRASOL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Lowest level of the log on stderr: error, warn, info, debug, trace, or directives such as
    /// girasol=debug,warn [default: info for serve and work, warn for other commands].
    #[arg(long, global = true, env = "GIRASOL_LOG", value_name = "LEVEL")]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ingest the sample rings and serve them on a demo page.
    Demo(demo::DemoArgs),
    /// Serve products, manifests, packs, frames and the studio.
    #[command(after_help = "Example:
  girasol serve --data /var/lib/girasol --listen 0.0.0.0:8360
  girasol serve --no-jobs")]
    Serve(serve::ServeArgs),
    /// Encode committed frame sets without serving, beside any number of servers.
    #[command(after_help = "Example:
  girasol work --data /var/lib/girasol")]
    Work,
    /// Turn a folder, zip or tar of raw frames into a published spin.
    Ingest(Box<ingest::IngestArgs>),
    /// Check a folder, zip or tar of raw frames, and explain what is wrong with them.
    Check(check::CheckArgs),
    /// Encode a folder, zip or tar of raw frames, and write an HTML page about the result.
    Report(report::ReportArgs),
    /// List the versions of a configuration, or of all.
    Versions(versions::VersionsArgs),
    /// Make a version of a configuration live.
    Publish(publish::PublishArgs),
    /// Make the previous live version live again.
    Rollback(publish::RollbackArgs),
    /// Take a configuration's spin down: visitors get 410 Gone.
    TakeDown(take_down::TakeDownArgs),
    /// List, check, import, export and remove products: options, choices, swatches, hotspots.
    Product(product::ProductArgs),
    /// Make a configuration private: only signed addresses show it.
    Protect(signing::ProtectArgs),
    /// Make a protected configuration public.
    Unprotect(signing::UnprotectArgs),
    /// Print a signed address that shows a protected configuration for some hours.
    Sign(signing::SignArgs),
    /// List, rotate and retire the keys that sign addresses.
    Signing(signing::SigningArgs),
    /// Copy and verify objects, and delete those that no version needs.
    Store(store::StoreArgs),
    /// Delete what has expired and what no version needs, and care for the database, all at once. Servers do most of it by
    /// themselves, and may run meanwhile.
    Optimize(optimize::OptimizeArgs),
    /// Back up the database in the data folder, its objects, and what artists have sent, while servers run.
    Backup(backup::BackupArgs),
    /// Make an installation of a backup, in a data folder that has none.
    Restore(backup::RestoreArgs),
    /// Check the settings as a server would read them, and print them as they apply.
    CheckConfig(check_config::CheckConfigArgs),
    /// Print the set-up of a cache or CDN in front of Girasol.
    Edge(edge::EdgeArgs),
    /// Print the lines that put a spin on a page.
    Snippet(snippet::SnippetArgs),
    /// List the jobs that encode frame sets, or show one with its log.
    Jobs(jobs::JobsArgs),
    /// List the loupes: frames for visitors who zoom further than hd goes.
    Loupes(loupes::LoupesArgs),
    /// List the spins that were encoded again while nothing else was to do, and what that has won.
    Polish(polish::PolishArgs),
    /// Print the rules for Prometheus, or the dashboard for Grafana, by the settings.
    Monitoring(monitoring::MonitoringArgs),
    /// Show what is wrong, and silence alerts.
    Alerts(alerts::AlertsArgs),
    /// List, plan and remove launches: sales that are known beforehand.
    Launches(launches::LaunchesArgs),
    /// List what was changed, by which key and from which address.
    Audit(audit::AuditArgs),
    /// Show how well visitors are served: latency, errors, hit rates, trend, health and what is left.
    Performance(performance::PerformanceArgs),
    /// Purge caches by hand, or list the deliveries that are still open.
    Purge(purge::PurgeArgs),
    /// Show, bring up to date or undo the schema of the database.
    Migrate(migrate::MigrateArgs),
    /// Move the database to a Postgres server, and back.
    Db(database::DbArgs),
    /// Create, list and revoke keys for the API and the studio.
    Key(key::KeyArgs),
    /// Print a script that completes the command line in a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page.
    Man(completions::ManArgs),
}

impl Command {
    /// Whether the result is for a script.
    fn json(&self) -> bool {
        match self {
            Self::Ingest(args) => args.json,
            Self::Versions(args) => args.json,
            Self::Jobs(args) => args.json,
            Self::Polish(args) => args.json,
            Self::Loupes(args) => args.json,
            Self::Alerts(args) => args.json,
            Self::Launches(args) => args.json,
            Self::Audit(args) => args.json,
            Self::Check(args) => args.json,
            Self::CheckConfig(args) => args.json,
            Self::Report(args) => args.json,
            Self::Key(args) => args.json,
            Self::Migrate(args) => args.json,
            Self::Performance(args) => args.json,
            Self::Db(args) => args.json,
            Self::Store(args) => args.json,
            Self::Optimize(args) => args.json,
            Self::Backup(args) => args.json,
            Self::Restore(args) => args.json,
            Self::Product(args) => args.json,
            Self::Purge(args) => args.json,
            Self::Sign(args) => args.json,
            Self::Signing(args) => args.json,
            Self::Demo(_)
            | Self::Serve(_)
            | Self::Work
            | Self::Publish(_)
            | Self::Rollback(_)
            | Self::TakeDown(_)
            | Self::Protect(_)
            | Self::Unprotect(_)
            | Self::Edge(_)
            | Self::Snippet(_)
            | Self::Monitoring(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

impl Cli {
    /// Parses the arguments of a process, its name first. The error prints itself and knows its exit code.
    pub fn parse_arguments(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        Self::try_parse_from(arguments).map_err(|error| words::name_subcommands(error, &Self::command()))
    }
}

/// A file that would grow beyond the process's limit (`LimitFSIZE` of systemd) is an error then, as on a full disk. Left
/// alone, the signal ends the process without a word.
fn outlive_size_limits() {
    let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    if let Err(error) = signal(too_large) {
        tracing::warn!(%error, "a limit of file size would end the process");
    }
}

/// Runs the command that the arguments name.
pub async fn run(cli: Cli) -> ExitCode {
    let json = cli.command.json();
    outlive_size_limits();
    match Box::pin(dispatch(cli)).await {
        Ok(()) if RESULT_IS_LOST.load(Ordering::Relaxed) => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_printed() {
                error.print(json);
            }
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), CliError> {
    // These need no settings, and work where those are wrong; and what is missing is said before anything is made.
    match &cli.command {
        Command::Completions(args) => {
            completions::completions(args);
            return Ok(());
        }
        Command::Man(args) => return Ok(completions::man(args)?),
        Command::Ingest(args) => source::require(&args.source)?,
        Command::Check(args) => source::require(&args.source)?,
        Command::Report(args) => source::require(&args.source)?,
        _ => {}
    }
    let GlobalArgs { data, listen, config, log } = cli.global;
    let is_quiet = !matches!(cli.command, Command::Serve(_) | Command::Work | Command::CheckConfig(_));
    let flags = Flags { config, data, listen, log, is_quiet };
    if let Command::CheckConfig(args) = &cli.command {
        return Ok(check_config::run(&flags, variables(), args)?);
    }
    let config = Config::load(&flags, variables())?;
    telemetry::logs::start(&config.log);
    match cli.command {
        Command::Demo(args) => {
            let metrics = Metrics::start();
            Box::pin(demo::run(App::open_to_write(config).await?.measured_by(metrics), &args)).await
        }
        Command::Serve(args) => {
            let metrics = Metrics::start();
            serve::run(&App::open(args.applied_to(config)).await?.measured_by(metrics)).await
        }
        Command::Work => {
            let metrics = Metrics::start();
            Ok(App::open(config).await?.measured_by(metrics).work().await?)
        }
        Command::Ingest(args) => Box::pin(ingest::run(config, *args)).await,
        Command::Check(args) => Ok(check::run(args).await?),
        Command::Report(args) => Ok(report::run(&config, args).await?),
        Command::Versions(args) => Ok(versions::run(&App::open_existing(config).await?, args).await?),
        Command::Snippet(args) => Ok(snippet::run(&App::open_existing(config).await?, args).await?),
        Command::Jobs(args) => Ok(jobs::run(&App::open_existing(config).await?, args).await?),
        Command::Loupes(args) => Ok(loupes::run(&App::open_existing(config).await?, args).await?),
        Command::Polish(args) => Ok(polish::run(&App::open_existing(config).await?, args).await?),
        Command::Alerts(args) => alerts::run(&App::open_existing(config).await?, args).await,
        Command::Launches(args) => Ok(launches::run(&App::open_existing(config).await?, args).await?),
        Command::Audit(args) => Ok(audit::run(&App::open_existing(config).await?, args).await?),
        Command::Performance(args) => Ok(performance::run(&App::open_existing(config).await?, args).await?),
        Command::Publish(args) => Ok(publish::publish(&App::open_existing(config).await?, &args).await?),
        Command::Rollback(args) => Ok(publish::roll_back(&App::open_existing(config).await?, &args).await?),
        Command::TakeDown(args) => {
            Ok(take_down::run(&App::open_existing_to_write(config).await?, &args).await?)
        }
        Command::Product(args) if args.only_reads_files() => Ok(product::check(&args)?),
        Command::Product(args) => {
            let offers = args.read()?;
            Ok(product::run(&open(config, args.makes_first()).await?, &args, &offers).await?)
        }
        Command::Protect(args) => {
            Ok(signing::protect_one(&App::open_existing_to_write(config).await?, &args).await?)
        }
        Command::Unprotect(args) => {
            Ok(signing::unprotect_one(&App::open_existing_to_write(config).await?, &args).await?)
        }
        Command::Sign(args) => Ok(signing::sign(&App::open_existing(config).await?, &args).await?),
        Command::Signing(args) => Ok(signing::keys(&open(config, args.makes_first()).await?, &args).await?),
        Command::Store(args) if args.makes_known() => {
            Box::pin(store::run(&App::open_unknown(config).await?, &args)).await
        }
        Command::Store(args) => {
            Box::pin(store::run(&App::open_existing_to_write(config).await?, &args)).await
        }
        Command::Optimize(args) => {
            Box::pin(optimize::run(&App::open_existing_to_write(config).await?, &args)).await
        }
        Command::Backup(args) => Box::pin(backup::run_backup(&App::open_existing(config).await?, args)).await,
        Command::Restore(args) => Box::pin(backup::run_restore(&config, args)).await,
        Command::Purge(args) => Ok(purge::run(&App::open_existing(config).await?, args).await?),
        Command::Edge(args) => Ok(edge::run(&config, args)?),
        Command::Monitoring(args) => {
            monitoring::run(&config, &args);
            Ok(())
        }
        Command::Migrate(args) => migrate::run(config, args).await,
        Command::Db(args) => Box::pin(database::run(config, args)).await,
        Command::Key(args) => Ok(key::run(&open(config, args.makes_first()).await?, &args).await?),
        Command::Completions(_) | Command::Man(_) | Command::CheckConfig(_) => Ok(()),
    }
}

/// Whether a command can be the first one over a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// It makes something that needs no other command before it.
    May,
    /// It shows or changes what another command has made.
    MayNot,
}

async fn open(config: Config, first: First) -> Result<App, AppError> {
    match first {
        First::May => App::open(config).await,
        First::MayNot => App::open_existing(config).await,
    }
}

/// The variables whose name and value are text: no others can be settings.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// A time in milliseconds since 1970-01-01 UTC as text, in UTC to the second: 2026-11-21T09:30:00Z.
fn timestamp(at_ms: i64) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time::OffsetDateTime::from_unix_timestamp(at_ms / 1000)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// Whether a result could not be written, as into a file on a full disk: the command fails then.
static RESULT_IS_LOST: AtomicBool = AtomicBool::new(false);

/// Writes a result to stdout. A reader that has closed its end is no failure.
fn print_result(text: &str) {
    let Err(error) = writeln!(std::io::stdout(), "{}", harmless(text)) else { return };
    // A reader that has seen enough is no failure, as in `girasol key list | head`.
    if error.kind() != std::io::ErrorKind::BrokenPipe && !RESULT_IS_LOST.swap(true, Ordering::Relaxed) {
        print_message(&format!("error: the result could not be written: {error}"));
    }
}

/// Writes a message for the person at the terminal to stderr.
fn print_message(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// Text that may have names of files in it, fit for a terminal: control characters would be commands to it.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_command = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if text.contains(is_command) { text.replace(is_command, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_no_command_to_the_terminal() {
        assert_eq!(harmless("a\tring\nis live"), "a\tring\nis live");
        assert_eq!(
            harmless("\u{1b}]0;owned\u{7}.png\r\u{9b}2J"),
            "\u{fffd}]0;owned\u{fffd}.png\u{fffd}\u{fffd}2J"
        );
    }

    #[test]
    fn clap_finds_no_fault_in_the_command_line() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for arguments in [["girasol", "--data", "d", "serve"], ["girasol", "serve", "--data", "d"]] {
            assert_eq!(Cli::parse_arguments(arguments).unwrap().global.data, Some(PathBuf::from("d")));
        }
    }

    #[test]
    fn every_command_has_an_example_that_parses() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            // A command that only holds others is never run by itself.
            if !command.is_subcommand_required_set() || command.get_after_help().is_some() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                let examples: Vec<&str> =
                    help.lines().map(str::trim).filter(|line| line.starts_with("girasol ")).collect();
                assert!(!examples.is_empty(), "{name} has no example");
                for example in examples {
                    let words = example.split(['|', '>']).next().unwrap_or_default();
                    let parsed = Cli::parse_arguments(words.split_whitespace());
                    assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                }
            }
            for command in command.get_subcommands() {
                check(command);
            }
        }
        check(&Cli::command());
    }

    #[test]
    fn a_wrong_product_names_the_way_to_write_it() {
        let error = Cli::parse_arguments(["girasol", "ingest", "raw", "--product", "solitaire"]).unwrap_err();
        assert!(error.to_string().contains("as ring/solitaire"), "{error}");
    }
}
