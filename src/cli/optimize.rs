//! `girasol optimize`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::json;

use crate::{
    app::App,
    db::maintain::Maintained,
    domain::audit::Actor,
    library::{
        collect::Collected,
        expire::Expired,
        optimize::{Optimized, optimize},
    },
};

use super::{
    OUTPUT,
    failure::{CliError, Details, Explain},
    print_result,
};

/// Arguments of `girasol optimize`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  girasol optimize
  girasol optimize --json")]
pub(super) struct OptimizeArgs {
    /// Print the result as JSON.
    #[arg(long, help_heading = OUTPUT)]
    pub(super) json: bool,
}

/// Some steps failed, which is printed.
#[derive(Debug, thiserror::Error)]
#[error("{0} steps failed")]
struct StepsFailed(usize);

impl Explain for StepsFailed {
    fn details(&self) -> Details {
        Details::of("steps-failed")
    }

    fn is_printed(&self) -> bool {
        true
    }
}

pub(super) async fn run(app: &App, args: &OptimizeArgs) -> Result<(), CliError> {
    let actor = Actor::command_line();
    let done = optimize(&app.db, &app.store, &app.staging, &app.rules(), &actor).await?;
    app.db.close().await;
    print_result(&if args.json { as_json(&done) } else { as_text(&done) });
    match done.failed.len() {
        0 => Ok(()),
        failed => Err(StepsFailed(failed).into()),
    }
}

fn as_json(Optimized { expired, collected, database, failed }: &Optimized) -> String {
    let expired = expired.map(|Expired { uploads, framesets, raw_framesets, rows }| {
        json!({ "uploads": uploads, "framesets": framesets, "rawFramesets": raw_framesets, "rows": rows })
    });
    let collected = collected.map(|Collected { retired, versions, objects }| {
        json!({ "retired": retired, "versions": versions, "objects": objects })
    });
    let database = database.map(|Maintained { before_bytes, after_bytes }| {
        json!({ "beforeBytes": before_bytes, "afterBytes": after_bytes })
    });
    let failed: Vec<_> =
        failed.iter().map(|(step, reason)| json!({ "step": step, "reason": reason })).collect();
    json!({ "expired": expired, "collected": collected, "database": database, "failed": failed }).to_string()
}

fn as_text(Optimized { expired, collected, database, failed }: &Optimized) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if let Some(Expired { uploads, framesets, raw_framesets, rows }) = expired {
        let _ = writeln!(
            text,
            "Expired: {uploads} uploads, {framesets} frame sets, the raw frames of {raw_framesets} sets, and {rows} rows."
        );
    }
    if let Some(Collected { retired, versions, objects }) = collected {
        let _ = writeln!(
            text,
            "Collected: {retired} versions retired, {versions} versions and {objects} objects deleted."
        );
    }
    if let Some(Maintained { before_bytes, after_bytes }) = database {
        let _ = writeln!(text, "Database: {before_bytes} bytes before, {after_bytes} now.");
    }
    for (step, reason) in failed {
        let _ = writeln!(text, "The step {step} failed: {reason}.");
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_and_what_failed_is_said() {
        let done = Optimized {
            expired: Some(Expired { uploads: 1, rows: 20, ..Expired::default() }),
            collected: None,
            database: Some(Maintained { before_bytes: 4096, after_bytes: 1024 }),
            failed: vec![("collect", "the objects could not be listed".to_owned())],
        };
        let text = as_text(&done);
        assert!(text.starts_with("Expired: 1 uploads, "), "{text}");
        assert!(text.ends_with("The step collect failed: the objects could not be listed."), "{text}");
        let json: serde_json::Value = serde_json::from_str(&as_json(&done)).unwrap();
        assert_eq!(json["expired"]["rows"], 20);
        assert_eq!(json["collected"], serde_json::Value::Null);
        assert_eq!(json["failed"][0]["step"], "collect");
    }
}
