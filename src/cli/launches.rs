//! `girasol launches`.

mod keda;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::{App, AppError},
    db::{
        DbError,
        launches::{MOST_LAUNCHES, Planning},
    },
    domain::{
        alerts::{BadLaunch, WrittenLaunch},
        audit::Actor,
        launch_report::LaunchReport,
    },
    launches::Listed,
};

use super::{
    OUTPUT,
    failure::{Details, Explain},
    print_result,
    table::table,
    timestamp,
    words::from_to,
};

/// Arguments of `girasol launches`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  girasol launches
  girasol launches add autumn-sale --from 2026-11-27T06:00:00+01:00 --to 2026-11-30T23:59:00+01:00
  girasol launches remove autumn-sale
  girasol launches reports
  girasol launches keda --replicas 10 > schedule.yaml")]
pub(super) struct LaunchesArgs {
    #[command(subcommand)]
    command: Option<LaunchesCommand>,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum LaunchesCommand {
    /// Plan a launch, which servers and workers know within seconds.
    #[command(after_help = "Examples:
  girasol launches add autumn-sale --from 2026-11-27T06:00:00+01:00 --to 2026-11-30T23:59:00+01:00
  girasol launches add drop --from 2026-12-01T18:00:00Z --to 2026-12-01T20:00:00Z --product ring/solitaire --edge https://cdn.shop.example")]
    Add(AddArgs),
    /// Remove a launch that was planned. Those of the settings are removed there.
    #[command(after_help = "Example:
  girasol launches remove autumn-sale")]
    Remove {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show launches that are over: what was asked, what visitors had, and which alerts fired. A server makes a report some minutes
    /// after the end.
    #[command(after_help = "Examples:
  girasol launches reports
  girasol launches reports --json")]
    Reports,
    /// Print launches that are not over as triggers of KEDA: a patch for the ScaledObject of workers.
    #[command(after_help = "Example:
  girasol launches keda --replicas 10 > schedule.yaml")]
    Keda {
        /// Least workers while a launch is on, and half an hour before.
        #[arg(long, value_name = "N", value_parser = from_to::<u32>(1, 10_000))]
        replicas: u32,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// Its name, in logs and in the report.
    #[arg(value_name = "NAME")]
    name: String,
    /// When it begins, with the offset from UTC.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// A product whose live spins are loaded into memory beforehand; may be given more than once.
    #[arg(long = "product", value_name = "PRODUCT")]
    products: Vec<String>,
    /// Address of the CDN or of a cache in front that is warmed too; may be given more than once.
    #[arg(long = "edge", value_name = "URL")]
    edges: Vec<String>,
}

/// Why a command about launches failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum LaunchesError {
    #[error("the launch cannot be planned: {0}")]
    Bad(#[from] BadLaunch),
    #[error("another launch has the name {0:?}")]
    NameTaken(String),
    #[error("there are {MOST_LAUNCHES} launches")]
    TooMany,
    #[error("no launch of the name {0:?} was planned")]
    Unknown(String),
    #[error("the settings name the launch {0:?}")]
    OfSettings(String),
    #[error(transparent)]
    App(#[from] AppError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Explain for LaunchesError {
    fn details(&self) -> Details {
        match self {
            Self::Bad(_) => {
                Details::with("bad-launch", "Correct it: `girasol launches add --help` has an example.")
            }
            Self::NameTaken(_) => {
                Details::with("launch-exists", "Give another name, or remove that one: `girasol launches`.")
            }
            Self::TooMany => {
                Details::with("too-many-launches", "Remove one that is over: `girasol launches remove NAME`.")
            }
            Self::Unknown(_) => Details::with("no-such-launch", "`girasol launches` lists all of them."),
            Self::OfSettings(_) => {
                Details::with("launch-of-settings", "Remove its [[launches]] table, and start servers again.")
            }
            Self::App(error) => error.details(),
            Self::Db(error) => error.details(),
        }
    }
}

pub(super) async fn run(app: &App, args: LaunchesArgs) -> Result<(), LaunchesError> {
    let (launches, actor) = (app.launches(), Actor::command_line());
    if let Some(LaunchesCommand::Reports) = args.command {
        let reports = app.db.launch_reports().await?;
        app.db.close().await;
        print_result(&if args.json { App::launch_reports_json(reports) } else { reports_as_text(&reports) });
        return Ok(());
    }
    launches.refresh().await?;
    match args.command {
        None | Some(LaunchesCommand::Reports) => {}
        Some(LaunchesCommand::Keda { replicas }) => {
            let all: Vec<_> = launches.known().into_iter().map(|listed| listed.launch).collect();
            print_result(keda::patch(&all, replicas, app.db.now_ms()).trim_end());
            app.db.close().await;
            return Ok(());
        }
        Some(LaunchesCommand::Add(AddArgs { name, from, to, products, edges })) => {
            let launch = WrittenLaunch { name, from, to, products, edges }.launch()?;
            match launches.plan(&launch, &actor).await? {
                Planning::Planned => {}
                Planning::Bad(bad) => return Err(bad.into()),
                Planning::NameTaken => return Err(LaunchesError::NameTaken(launch.name)),
                Planning::TooMany => return Err(LaunchesError::TooMany),
            }
        }
        Some(LaunchesCommand::Remove { name }) => {
            let found = launches.known().into_iter().find(|listed| listed.launch.name == name);
            let Some(Listed { id, .. }) = found else { return Err(LaunchesError::Unknown(name)) };
            let Some(id) = id else { return Err(LaunchesError::OfSettings(name)) };
            if !launches.remove(id, &actor).await? {
                return Err(LaunchesError::Unknown(name));
            }
        }
    }
    let (all, now_ms) = (launches.known(), app.db.now_ms());
    app.db.close().await;
    print_result(&if args.json { as_json(&all, now_ms) } else { as_text(&all, now_ms) });
    Ok(())
}

fn as_text(all: &[Listed], now_ms: i64) -> String {
    if all.is_empty() {
        return "No launch is planned.".to_owned();
    }
    let rows = all.iter().map(|Listed { id, launch }| {
        let state = match () {
            () if launch.is_over(now_ms) => "over",
            () if launch.is_on(now_ms) => "on",
            () => "planned",
        };
        let of = if id.is_some() { "plan" } else { "settings" };
        let products: Vec<String> = launch.products.iter().map(ToString::to_string).collect();
        let (from, to) = (timestamp(launch.from_ms), timestamp(launch.until_ms));
        [launch.name.clone(), state.to_owned(), from, to, of.to_owned(), products.join(" ")]
    });
    table(["launch", "state", "from", "to", "by", "products"], rows)
}

fn reports_as_text(reports: &[LaunchReport]) -> String {
    if reports.is_empty() {
        return "No launch is over yet.".to_owned();
    }
    let one = |report: &LaunchReport| {
        let (from, to) = (timestamp(report.from_ms), timestamp(report.until_ms));
        format!("{}, {from} to {to}\n{}", report.name, report.text(timestamp))
    };
    reports.iter().map(one).collect::<Vec<_>>().join("\n\n")
}

fn as_json(all: &[Listed], now_ms: i64) -> String {
    let launch = |Listed { id, launch }: &Listed| {
        json!({
            "id": id,
            "name": launch.name,
            "from": timestamp(launch.from_ms),
            "to": timestamp(launch.until_ms),
            "products": launch.products.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "edges": launch.edges,
            "on": launch.is_on(now_ms),
        })
    };
    json!({ "launches": all.iter().map(launch).collect::<Vec<_>>() }).to_string()
}
