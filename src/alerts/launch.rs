//! The report that follows a launch.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    db::{Db, DbError, alerts::Past},
    domain::{
        alerts::{ChangeKind, Launch, Objective, Ratio},
        histogram::Histogram,
        performance::{series::Period, users::UserTally},
    },
};

use super::notice::timestamp;

/// How long after a launch its report is made, if no server ran when it ended.
const STILL_MS: i64 = 7 * 86_400_000;
/// How long after the end the last figures have arrived.
const LATE_MS: i64 = 3 * 60_000;

const WEEK_MS: i64 = 7 * 86_400_000;

/// Whether a report is due, by the time alone.
pub(super) const fn is_due(launch: &Launch, now_ms: i64) -> bool {
    launch.until_ms + LATE_MS <= now_ms && now_ms < launch.until_ms + STILL_MS
}

/// What was asked and answered during a launch.
#[derive(Debug, Default)]
struct Figures {
    manifests: Ratio,
    frames: Ratio,
    times: Histogram,
    views: Views,
}

/// What visitors' browsers measured in the hours of a launch, and in the same hours of an earlier week.
#[derive(Debug, Default)]
struct Views {
    during: UserTally,
    before: UserTally,
    weeks: i64,
}

impl Views {
    /// Views are kept by the hour. Weeks differ less than days, so that a launch is compared with the last week that ended
    /// before it began.
    async fn load(db: &Db, launch: &Launch) -> Result<Self, DbError> {
        let (from_ms, until_ms) = (Period::Hour.begin_ms(launch.from_ms), launch.until_ms);
        let weeks = (until_ms - from_ms + WEEK_MS - 1).div_euclid(WEEK_MS);
        let earlier_ms = weeks * WEEK_MS;
        let mut views = Self { weeks, ..Self::default() };
        db.for_reports()
            .each_user_group(from_ms - earlier_ms, |hour_ms, _, tally| {
                let is_within = |from_ms: i64, until_ms: i64| from_ms <= hour_ms && hour_ms < until_ms;
                if is_within(from_ms, until_ms) {
                    views.during.merge(tally);
                } else if is_within(from_ms - earlier_ms, until_ms - earlier_ms) {
                    views.before.merge(tally);
                }
            })
            .await?;
        Ok(views)
    }

    fn write(&self, text: &mut String) {
        let Self { during, before, weeks } = self;
        if during.views == 0 {
            text.push_str("No browser has reported a view.\n");
            return;
        }
        let ago = if *weeks == 1 { "a week".to_owned() } else { format!("{weeks} weeks") };
        let earlier = if before.views == 0 { "none".to_owned() } else { before.views.to_string() };
        let _ = writeln!(text, "{} views; in the same hours {ago} before, {earlier}.", during.views);
        let quantiles = |times: &Histogram| {
            times.quantile(0.5).zip(times.quantile(0.95)).map(|(p50, p95)| format!("{p50} ms, 95 % {p95} ms"))
        };
        for (what, times) in [
            ("First frame", (|tally: &UserTally| &tally.frame) as fn(&UserTally) -> &Histogram),
            ("First spin", |tally| &tally.spin),
            ("From a choice to its paint", |tally| &tally.switch),
        ] {
            let Some(measured) = quantiles(times(during)) else { continue };
            let _ = write!(text, "{what}: half within {measured}");
            let before = quantiles(times(before)).map(|before| format!("; before, half within {before}"));
            let _ = writeln!(text, "{}.", before.unwrap_or_default());
        }
        let failed = |tally: &UserTally| 100.0 * tally.errors as f64 / tally.views as f64;
        let _ = write!(
            text,
            "Failures that visitors were shown: {} ({:.2} per 100 views",
            during.errors,
            failed(during)
        );
        let before = (before.views > 0).then(|| format!("; before, {:.2}", failed(before)));
        let _ = writeln!(text, "{}).", before.unwrap_or_default());
    }
}

/// The report of a launch, as channels are told of it.
pub(super) async fn report(db: &Db, launch: &Launch) -> Result<Value, DbError> {
    let past = db.alert_history_between(launch.from_ms, launch.until_ms).await?;
    let mut figures = Figures { views: Views::load(db, launch).await?, ..Figures::default() };
    db.for_reports()
        .each_performance(launch.from_ms, launch.until_ms, |row| {
            let ratio = Ratio { bad: row.tally.errors as f64, all: row.tally.requests as f64 };
            match Objective::of_route(&row.series.route) {
                Some(Objective::Manifests) => figures.manifests.merge(ratio),
                Some(Objective::Frames) => figures.frames.merge(ratio),
                _ => return,
            }
            figures.times.merge(&row.tally.times);
        })
        .await?;
    Ok(json!({
        "schema": "girasol.alert/1",
        "name": launch.name,
        "state": "report",
        "severity": "warning",
        "subject": "",
        "text": text(&figures, &past),
        "since": timestamp(launch.from_ms),
        "at": timestamp(launch.until_ms),
    }))
}

fn text(figures: &Figures, past: &[Past]) -> String {
    let mut text = String::new();
    for (what, Ratio { bad, all }) in [("manifests", figures.manifests), ("frames and packs", figures.frames)]
    {
        let percent = if all > 0.0 { 100.0 * bad / all } else { 0.0 };
        let _ = writeln!(text, "{all:.0} {what}, of which {bad:.0} failed ({percent:.2} %).");
    }
    let quantile = |share: f64| figures.times.quantile(share).map(|micros| micros as f64 / 1000.0);
    if let (Some(p50), Some(p95), Some(p99)) = (quantile(0.5), quantile(0.95), quantile(0.99)) {
        let _ = writeln!(text, "Half of them took at most {p50:.1} ms, 95 % {p95:.1} ms, 99 % {p99:.1} ms.");
    }
    figures.views.write(&mut text);
    let fired: Vec<&Past> = past.iter().filter(|past| past.kind == ChangeKind::Firing.as_str()).collect();
    if fired.is_empty() {
        text.push_str("No alert fired.");
    } else {
        let _ = writeln!(text, "Alerts that fired: {}.", fired.len());
        for Past { at_ms, rule, subject, .. } in fired {
            let _ = writeln!(text, "{} {rule} {subject}", timestamp(*at_ms));
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::users::Users,
        domain::performance::{series::HOUR_MS, users::Group},
    };

    #[test]
    fn a_report_says_what_was_asked_and_what_went_wrong() {
        let mut figures = Figures { manifests: Ratio { bad: 1.0, all: 400.0 }, ..Figures::default() };
        (1..=100).for_each(|ms| figures.times.record(ms * 1000));
        let past = |kind: &str| Past {
            id: 1,
            at_ms: 1_700_000_000_000,
            kind: kind.to_owned(),
            rule: "purge-old".to_owned(),
            subject: "edge".to_owned(),
            since_ms: 0,
            value: 1.0,
        };
        let report = text(&figures, &[past("firing"), past("resolved")]);
        assert!(report.starts_with("400 manifests, of which 1 failed (0.25 %).\n0 frames"), "{report}");
        assert!(report.contains("Half of them took at most 50."), "{report}");
        assert!(report.ends_with("Alerts that fired: 1.\n2023-11-14T22:13:20Z purge-old edge"), "{report}");
        let nothing = text(&Figures::default(), &[]);
        assert!(nothing.ends_with("No browser has reported a view.\nNo alert fired."), "{nothing}");
    }

    #[tokio::test]
    async fn views_are_compared_with_the_same_hours_of_an_earlier_week() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let from_ms = 3_000 * HOUR_MS;
        let add = async |at_ms: i64, views: u64, frame_ms: u64| {
            let mut tally = UserTally { views, errors: 1, ..UserTally::default() };
            (0..views).for_each(|_| tally.frame.record(frame_ms));
            let groups = [(Group::default(), tally)].into();
            db.add_users(at_ms, Users { groups, ..Users::default() }).await.unwrap();
        };
        add(from_ms + HOUR_MS, 50, 20).await;
        // The hours around it, and those of the day before, do not count.
        add(from_ms - 1, 900, 9).await;
        add(from_ms + 3 * HOUR_MS, 900, 9).await;
        add(from_ms - 24 * HOUR_MS, 900, 9).await;
        add(from_ms - WEEK_MS, 10, 30).await;
        let launch = Launch {
            name: "sale".to_owned(),
            from_ms: from_ms + 60_000,
            until_ms: from_ms + 2 * HOUR_MS + 60_000,
            products: vec![],
            edges: vec![],
        };
        let views = Views::load(&db, &launch).await.unwrap();
        assert_eq!((views.during.views, views.before.views, views.weeks), (50, 10, 1));
        let mut text = String::new();
        views.write(&mut text);
        assert_eq!(
            text,
            "50 views; in the same hours a week before, 10.\n\
             First frame: half within 20 ms, 95 % 20 ms; before, half within 30 ms, 95 % 30 ms.\n\
             Failures that visitors were shown: 1 (2.00 per 100 views; before, 10.00).\n"
        );
        let long = Launch { until_ms: launch.from_ms + WEEK_MS + 1, ..launch };
        assert_eq!(Views::load(&db, &long).await.unwrap().weeks, 2);
    }

    #[test]
    fn a_report_is_due_when_the_last_figures_are_there() {
        let launch =
            Launch { name: "sale".to_owned(), from_ms: 0, until_ms: 1_000, products: vec![], edges: vec![] };
        let due = [1_000, 1_000 + LATE_MS, 1_000 + STILL_MS].map(|now| is_due(&launch, now));
        assert_eq!(due, [false, true, false]);
    }
}
