//! The report of some hours, from the database and from what this process has not written yet.

use std::collections::BTreeMap;

use super::Recorder;
use crate::{
    db::{Db, DbError},
    domain::{
        alerts::Targets,
        performance::report::{Gathering, Report, Samples},
    },
};

/// Puts together what all servers have measured in the last hours. A server adds what it has not written yet.
pub async fn load(
    db: &Db,
    hours: u32,
    targets: &Targets,
    recorder: Option<&Recorder>,
) -> Result<Report, DbError> {
    let db = db.for_reports();
    let mut gathering = Gathering::of(hours, db.now_ms(), *targets);
    let from_ms = gathering.from_ms();
    db.each_performance(from_ms, i64::MAX, |row| {
        gathering.add(row.at_ms, &row.instance, &row.series, &row.tally);
    })
    .await?;
    if let Some(recorder) = recorder {
        let (since_ms, waiting) = recorder.waiting();
        for (series, tally) in &waiting.series {
            gathering.add(since_ms, recorder.instance(), series, tally);
        }
    }
    let mut samples = Samples::default();
    db.each_performance_sample(gathering.since_ms(), "", |sample| samples.add(sample)).await?;
    let plans: BTreeMap<String, String> =
        db.statement_plans().await?.into_iter().map(|plan| (plan.name, plan.plan)).collect();
    Ok(gathering.report(&samples.sums(), &plans))
}
