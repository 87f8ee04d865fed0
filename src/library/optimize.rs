//! Housekeeping at once, in place of waiting for the tasks that do it by and by: what has expired and what no version needs is
//! deleted, and the database is cared for. Each step is safe while servers run, and one that fails does not stop the others.

use std::{error::Error, time::Duration};

use serde_json::json;

use crate::{
    db::{Db, DbError, maintain::Maintained},
    domain::{
        audit::Actor,
        retention::{Retention, Share},
    },
    staging::{Staging, StagingError},
    store::Store,
};

use super::{
    collect::{Collected, collect},
    expire::{Expired, Keep, expire},
};

/// What may be deleted.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long things are stored.
    pub keep: Keep,
    /// Which versions, and for how long.
    pub retention: Retention,
    /// How much of the store at once.
    pub share: Share,
    /// How long copies of raw frames stay that are in the bucket.
    pub copies: Duration,
}

/// A step of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// Rows and files that have expired.
    Expire,
    /// What processes that died have left in the data folder.
    Tidy,
    /// Objects that no version needs.
    Collect,
    /// The database itself.
    Database,
}

/// What was done. A step that failed has nothing here, and stands in `failed`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Optimized {
    /// What had expired.
    pub expired: Option<Expired>,
    /// What no version needed.
    pub collected: Option<Collected>,
    /// The database's size.
    pub database: Option<Maintained>,
    /// The steps that failed, and why: in words that name nothing of the inside.
    pub failed: Vec<(&'static str, String)>,
}

/// Does all of it, and notes it in the audit trail.
pub async fn optimize(
    db: &Db,
    store: &Store,
    staging: &Staging,
    rules: &Rules,
    actor: &Actor,
) -> Result<Optimized, DbError> {
    let mut failed = Vec::new();
    let expired = done(Step::Expire, expire(db, staging, &rules.keep).await, &mut failed);
    let _: Option<()> = done(Step::Tidy, tidy(staging, rules.copies).await, &mut failed);
    let collected = collect(db, store, rules.retention, rules.share).await;
    let collected = done(Step::Collect, collected, &mut failed);
    let database = done(Step::Database, db.maintain().await, &mut failed);
    let optimized = Optimized { expired, collected, database, failed };
    db.note_optimization(actor, &detail(&optimized)).await?;
    Ok(optimized)
}

async fn tidy(staging: &Staging, copies: Duration) -> Result<(), StagingError> {
    staging.discard_abandoned().await?;
    staging.drop_old_copies(copies).await
}

fn done<T, E: Error + 'static>(
    step: Step,
    result: Result<T, E>,
    failed: &mut Vec<(&'static str, String)>,
) -> Option<T> {
    let name: &str = step.into();
    match result {
        Ok(done) => Some(done),
        Err(error) => {
            failed.push((name, error.to_string()));
            let error: &dyn Error = &error;
            tracing::error!(error, step = name, "a step of an optimization failed");
            None
        }
    }
}

/// What stands in the audit trail.
fn detail(optimized: &Optimized) -> serde_json::Value {
    let Expired { uploads, framesets, raw_framesets, rows } = optimized.expired.unwrap_or_default();
    let Collected { retired, versions, objects } = optimized.collected.unwrap_or_default();
    let freed_bytes =
        optimized.database.map_or(0, |database| database.before_bytes.saturating_sub(database.after_bytes));
    let failed: Vec<&str> = optimized.failed.iter().map(|(step, _)| *step).collect();
    json!({
        "uploads": uploads, "framesets": framesets, "rawFramesets": raw_framesets, "rows": rows,
        "retired": retired, "versions": versions, "objects": objects,
        "databaseFreedBytes": freed_bytes, "failed": failed,
    })
}
