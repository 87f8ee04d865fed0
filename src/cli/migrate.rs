//! `girasol migrate`.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    app::{self, App},
    config::Config,
    db::{
        Db, DbError, Place,
        migrate::{Schema, Step},
    },
};

use super::{OUTPUT, failure::CliError, print_message, print_result, table::table};

/// Arguments of `girasol migrate`.
#[derive(Debug, Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:
  girasol migrate status
  girasol migrate up
  girasol migrate down --to 22"
)]
pub(super) struct MigrateArgs {
    #[command(subcommand)]
    action: Action,
    /// Print the result as JSON.
    #[arg(long, global = true, help_heading = OUTPUT)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the migrations that this program knows, and which of them the database has.
    #[command(after_help = "Example:
  girasol migrate status")]
    Status,
    /// Bring the schema up to date, as every start does.
    #[command(after_help = "Example:
  girasol migrate up --config /etc/girasol.toml")]
    Up,
    /// Undo the newest migrations, before an older program is used again. Stop all servers and workers first.
    #[command(after_help = "Examples:
  girasol migrate down --to 22
  girasol migrate down --to 22 --lose-data")]
    Down(DownArgs),
}

#[derive(Debug, Args)]
struct DownArgs {
    /// Number of the migration that stays the newest; 0 undoes all of them.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    to: i64,
    /// Undo also what loses data.
    #[arg(long)]
    lose_data: bool,
}

pub(super) async fn run(config: Config, args: MigrateArgs) -> Result<(), CliError> {
    let place = app::place(&config);
    // A database of another program is left as it is.
    Db::find(&place).await?;
    match args.action {
        Action::Status => print(&Db::schema(&place).await?, args.json),
        Action::Up => {
            let before = Db::schema(&place).await?;
            match &place {
                // A new folder is made as the first start makes it.
                Place::Folder(_) => App::open(config).await?.db.close().await,
                Place::Server(_) => Db::open_at(&place).await?.close().await,
            }
            let after = Db::schema(&place).await?;
            let migrated = before.pending() - after.pending();
            report("applied", migrated, &after, args.json);
        }
        Action::Down(DownArgs { to, lose_data }) => {
            let undone = Db::migrate_down(&place, to, lose_data).await;
            let after = Db::schema(&place).await?;
            if let Err(DbError::WouldLose { .. }) = &undone {
                print_message(&format!("The schema is {} now.", after.version()));
            }
            report("undone", undone?, &after, args.json);
        }
    }
    Ok(())
}

fn report(what: &str, migrations: usize, schema: &Schema, json: bool) {
    if json {
        print_result(&json!({ what: migrations, "schema": schema.version() }).to_string());
        return;
    }
    let migrations = match migrations {
        0 => "No migration was".to_owned(),
        1 => "1 migration was".to_owned(),
        more => format!("{more} migrations were"),
    };
    print_result(&format!("{migrations} {what}. The schema is {}.", schema.version()));
}

fn print(schema: &Schema, json: bool) {
    if json {
        let steps: Vec<_> = schema.steps.iter().map(as_json).collect();
        print_result(&json!({ "schema": schema.version(), "migrations": steps }).to_string());
        return;
    }
    let rows = schema.steps.iter().map(|step| {
        let state = if step.is_applied { "applied" } else { "pending" };
        let program = step.program.clone().unwrap_or_else(|| "-".to_owned());
        [format!("{:04}", step.version), state.to_owned(), program, step.description.clone()]
    });
    print_result(&table(["migration", "state", "made by", "about"], rows));
}

fn as_json(step: &Step) -> serde_json::Value {
    json!({
        "migration": step.version,
        "applied": step.is_applied,
        "madeBy": step.program,
        "about": step.description,
    })
}
