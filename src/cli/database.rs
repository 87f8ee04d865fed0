//! `girasol db`.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::{self, App},
    config::{Config, ConfigError},
    db::{
        Place,
        copy::{Began, Copied, Progress, Source, copy, unseal},
    },
};

use super::{
    OUTPUT,
    failure::CliError,
    print_result,
    progress_bar::{Look, Noted, ProgressBar},
};

/// Arguments of `girasol db`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:
  girasol db copy --to postgres://girasol@db.example/girasol
  girasol db unseal"
)]
pub(super) struct DbArgs {
    #[command(subcommand)]
    action: Action,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Copy the database into an empty one of a Postgres server or in another data folder, compare the two, and seal the one
    /// that was copied: no program runs on it any more. Stop all servers and workers first. A copy that was interrupted goes
    /// on when it is run again.
    #[command(after_help = "Examples:
  girasol db copy --to postgres://girasol@db.example/girasol
  girasol db copy --to /var/lib/girasol --config from-the-server.toml
  girasol db copy --to postgres://girasol@db.example/trial --keep-source")]
    Copy(CopyArgs),
    /// Open a database again that a copy has sealed. Stop all servers and workers of the copy first: two databases with one
    /// store delete each other's objects.
    #[command(after_help = "Example:
  girasol db unseal --data /var/lib/girasol")]
    Unseal,
}

#[derive(Debug, Args)]
struct CopyArgs {
    /// Database of a Postgres server, as for database.url (its password may be in PGPASSWORD or in the file that PGPASSFILE
    /// names); or a data folder.
    #[arg(long, value_name = "URL|DIR")]
    to: String,
    /// Leave the database that is copied open. Run nothing on one of the two: they have one store.
    #[arg(long)]
    keep_source: bool,
}

pub(super) async fn run(config: Config, args: DbArgs) -> Result<(), CliError> {
    match args.action {
        Action::Copy(CopyArgs { to, keep_source }) => {
            let to = target(&config, to)?;
            let source = if keep_source { Source::Open } else { Source::Sealed };
            Box::pin(run_copy(config, &to, source, args.json)).await
        }
        Action::Unseal => {
            let place = app::place(&config);
            let to = unseal(&place).await?;
            print_result(&match (args.json, to) {
                (true, to) => json!({ "database": place.to_string(), "copiedTo": to }).to_string(),
                (false, Some(to)) => {
                    format!("{place} is open again. Run nothing on its copy, {to}: the two have one store.")
                }
                (false, None) => format!("{place} is not sealed."),
            });
            Ok(())
        }
    }
}

/// Where the copy is to be. An address has to do for `database.url` too.
fn target(config: &Config, to: String) -> Result<Place, ConfigError> {
    if !to.contains("://") {
        return Ok(Place::Folder(PathBuf::from(to)));
    }
    let mut there = config.clone();
    there.database = config.database.at("--to", to)?;
    Ok(app::place(&there))
}

async fn run_copy(config: Config, to: &Place, source: Source, json: bool) -> Result<(), CliError> {
    let from = app::place(&config);
    let app = App::open_existing(config).await?;
    // The copy is known by the name of its source.
    app.db.make_identity().await?;
    app.db.close().await;
    drop(app);

    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    let report = move |Progress { stage, done, total }: Progress| {
        noted.note(Look { stage, done, total, unit: "rows" });
    };
    let copied = copy(&from, to, source, &report).await;
    bar.end();
    let copied = copied?;
    print_result(&if json {
        as_json(&from, to, source, &copied)
    } else {
        as_text(&from, to, source, &copied)
    });
    Ok(())
}

fn as_json(from: &Place, to: &Place, source: Source, copied: &Copied) -> String {
    let tables: Vec<_> = copied
        .tables
        .iter()
        .map(|table| json!({ "table": table.table, "rows": table.rows, "digest": table.digest }))
        .collect();
    json!({
        "from": from.to_string(),
        "to": to.to_string(),
        "identity": copied.identity,
        "began": match copied.began {
            Began::Empty => "empty",
            Began::Resumed => "resumed",
            Began::Anew => "anew",
            Began::Complete => "complete",
        },
        "tables": tables,
        "sealed": source == Source::Sealed,
    })
    .to_string()
}

fn as_text(from: &Place, to: &Place, source: Source, copied: &Copied) -> String {
    let rows: u64 = copied.tables.iter().map(|table| table.rows).sum();
    let tables = copied.tables.len();
    let began = match copied.began {
        Began::Empty => "",
        Began::Resumed => "An earlier copy was gone on with.\n",
        Began::Anew => "The database had changed since an earlier copy was begun: it was copied anew.\n",
        Began::Complete => "An earlier copy was complete.\n",
    };
    let sealed = match source {
        Source::Sealed => format!(
            "{from} is sealed: no program runs on it any more. The way back is girasol db copy from there; girasol db unseal \
             opens it as it is."
        ),
        Source::Open => format!("{from} is open still. Run nothing on one of the two: they have one store."),
    };
    let next = match (from, to) {
        (_, Place::Server(_)) => "Name the copy as database.url in girasol.toml, and start.".to_owned(),
        (Place::Server(_), Place::Folder(data)) => {
            format!("Take database.url out of girasol.toml, and start with --data {}.", data.display())
        }
        (Place::Folder(before), Place::Folder(data)) => {
            let (before, data) = (before.display(), data.display());
            format!(
                "Objects and what artists have sent stay where they were. Unless that is a bucket, take them along: \
                 cp -a {before}/objects {before}/incoming {data}\nThen start with --data {data}."
            )
        }
    };
    format!(
        "{began}{rows} rows of {tables} tables are in {to}, and compared with {from}.\nBoth have the name {}, which their \
         store has too.\n{sealed}\n{next}",
        copied.identity
    )
}
