//! Reports of launches that are over: each is made once, kept, and sent to channels.
//!
//! A report may read weeks of views. It is made beside the evaluation of rules, which waits for nothing.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    background::Background,
    db::{Db, DbError, alerts::Past},
    domain::{
        alerts::{ChangeKind, Launch, Objective, Ratio},
        histogram::Histogram,
        launch_report::{Answered, Fired, LaunchReport, MOST_ALERTS, Times, Views},
    },
    launches::Launches,
};

use super::{channel::Channel, notice::timestamp};

/// How often it is looked whether a launch is over.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// How long after a launch its report is made, if no server ran when it ended.
const STILL_MS: i64 = 7 * 86_400_000;
/// How long after the end the last figures have arrived.
const LATE_MS: i64 = 3 * 60_000;

/// Makes reports of launches.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    pub(super) db: Db,
    pub(super) launches: Launches,
    pub(super) channels: Vec<Arc<Channel>>,
}

impl Reporter {
    pub(super) fn start(self, background: &mut Background) {
        background.every("report_launches", LOOK_EVERY, move || {
            let reporter = self.clone();
            async move { reporter.report().await }
        });
    }

    /// Every server looks; the first one keeps its report, and tells channels of it.
    async fn report(&self) -> Result<(), DbError> {
        let (all, now_ms) = (self.launches.all().await, self.db.now_ms());
        for launch in all.iter().filter(|launch| is_due(launch, now_ms)) {
            // A server that ended between the two leaves the second to another one.
            if self.db.has_launch_report(launch).await? && self.db.is_launch_reported(launch).await? {
                continue;
            }
            let report = make(&self.db, launch).await?;
            self.db.keep_launch_report(&report).await?;
            let message = message(&report);
            let takes = self.channels.iter().filter(|channel| channel.takes_reports());
            let messages: Vec<_> = takes.map(|channel| (channel.name(), message.clone())).collect();
            if self.db.note_launch_report(launch, &messages).await? {
                let text = message["text"].as_str().unwrap_or_default();
                tracing::info!(launch = launch.name, text, "a launch is over");
            }
        }
        Ok(())
    }
}

/// Whether a report is due, by the time alone.
const fn is_due(launch: &Launch, now_ms: i64) -> bool {
    launch.until_ms + LATE_MS <= now_ms && now_ms < launch.until_ms + STILL_MS
}

async fn make(db: &Db, launch: &Launch) -> Result<LaunchReport, DbError> {
    let Launch { name, from_ms, until_ms, .. } = launch.clone();
    let past = db.alert_history_between(from_ms, until_ms).await?;
    let (mut manifests, mut frames) = (Ratio::default(), Ratio::default());
    let mut times = Histogram::default();
    let figures = db.for_reports();
    let each = |row: crate::db::performance::Row| {
        let ratio = Ratio { bad: row.tally.errors as f64, all: row.tally.requests as f64 };
        match Objective::of_route(&row.series.route) {
            Some(Objective::Manifests) => manifests.merge(ratio),
            Some(Objective::Frames) => frames.merge(ratio),
            _ => return,
        }
        times.merge(&row.tally.times);
    };
    figures.each_performance(from_ms, until_ms, each).await?;
    let mut views = Views::of(launch);
    let hours = figures.user_hours(views.since_ms()).await?;
    for hour_ms in hours.into_iter().filter(|hour_ms| views.counts(*hour_ms)).collect::<Vec<_>>() {
        figures.each_user_group_of(hour_ms, |tally| views.add(hour_ms, tally)).await?;
    }
    let (during, before) = views.visitors();
    let firing = || past.iter().filter(|past| past.kind == ChangeKind::Firing.as_str());
    let fired =
        |past: &Past| Fired { at_ms: past.at_ms, rule: past.rule.clone(), subject: past.subject.clone() };
    Ok(LaunchReport {
        name,
        from_ms,
        until_ms,
        manifests: Answered::of(manifests),
        frames: Answered::of(frames),
        times: Times::of(&times),
        during,
        before,
        fired: firing().count() as u64,
        alerts: firing().take(MOST_ALERTS).map(fired).collect(),
    })
}

/// A report, as channels are told of it.
fn message(report: &LaunchReport) -> Value {
    json!({
        "schema": "girasol.alert/1",
        "name": report.name,
        "state": "report",
        "severity": "warning",
        "subject": "",
        "text": report.text(timestamp),
        "since": timestamp(report.from_ms),
        "at": timestamp(report.until_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::users::Users,
        domain::performance::{
            series::HOUR_MS,
            users::{Group, UserTally},
        },
    };

    fn launch(from_ms: i64, until_ms: i64) -> Launch {
        Launch { name: "sale".to_owned(), from_ms, until_ms, products: vec![], edges: vec![] }
    }

    #[test]
    fn a_report_is_due_when_the_last_figures_are_there() {
        let launch = launch(0, 1_000);
        let due = [1_000, 1_000 + LATE_MS, 1_000 + STILL_MS].map(|now| is_due(&launch, now));
        assert_eq!(due, [false, true, false]);
    }

    #[tokio::test]
    async fn a_launch_that_is_over_is_reported_once_and_its_report_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let hour_ms = (db.now_ms() / HOUR_MS - 2) * HOUR_MS;
        for (weeks, views, frame_ms) in [(0, 50, 20), (2, 10, 30)] {
            let mut tally = UserTally { views, ..UserTally::default() };
            (0..views).for_each(|_| tally.frame.record(frame_ms));
            let groups = [(Group::default(), tally)].into();
            let at_ms = hour_ms - weeks * 7 * 24 * HOUR_MS;
            db.add_users(at_ms, Users { groups, ..Users::default() }).await.unwrap();
        }
        let over = launch(hour_ms, hour_ms + HOUR_MS);
        let of = |launch: &Launch| {
            let launches = Launches::of(&db, vec![launch.clone()]);
            Reporter { db: db.clone(), launches, channels: Vec::new() }
        };
        of(&over).report().await.unwrap();
        of(&over).report().await.unwrap();
        // It is on still.
        of(&launch(hour_ms, db.now_ms() + HOUR_MS)).report().await.unwrap();
        let [report] = &db.launch_reports().await.unwrap()[..] else { panic!("there is one") };
        let before: Vec<_> = report.before.iter().map(|week| (week.weeks, week.visitors.views)).collect();
        assert_eq!((report.during.views, before), (50, vec![(2, 10)]));
        let past = db.last_alert_history(9).await.unwrap();
        assert_eq!(past.iter().map(|past| past.kind.as_str()).collect::<Vec<_>>(), ["report"]);
    }
}
