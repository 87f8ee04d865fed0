//! What plots show of some hours, from the database.

use super::users::UserRecorder;
use crate::{
    db::{Db, DbError},
    domain::{
        alerts::{Rule, Targets},
        performance::history::History,
        plots::{Plots, draw},
    },
};

/// Puts together what all servers have measured and written in the last hours; rules and targets are those of the settings. A server adds views
/// that it has not written yet.
pub async fn load(
    db: &Db,
    hours: u32,
    rules: &[Rule],
    targets: &Targets,
    users: Option<&UserRecorder>,
) -> Result<Plots, DbError> {
    let db = db.for_reports();
    let now_ms = db.now_ms();
    let mut history = History::of(hours, now_ms);
    let since_ms = history.since_ms();
    db.each_performance(since_ms, i64::MAX, |row| {
        history.add_requests(row.at_ms, &row.series, &row.tally);
    })
    .await?;
    // No plot shows what statements took, which is most of it.
    db.each_performance_sample(since_ms, "sql-%", |sample| history.add_sample(&sample)).await?;
    db.each_user_group(history.views_since_ms(), |hour_ms, _, tally| history.add_views(hour_ms, tally))
        .await?;
    if let Some(users) = users {
        users.each_waiting(|_, tally| history.add_views(now_ms - 1, tally));
    }
    Ok(draw(&history, rules, targets))
}
