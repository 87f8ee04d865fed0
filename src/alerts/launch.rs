//! The report that follows a launch.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    db::{Db, DbError, alerts::Past},
    domain::{
        alerts::{ChangeKind, Launch, Objective, Ratio},
        histogram::Histogram,
    },
};

use super::notice::timestamp;

/// How long after a launch its report is made, if no server ran when it ended.
const STILL_MS: i64 = 7 * 86_400_000;
/// How long after the end the last figures have arrived.
const LATE_MS: i64 = 3 * 60_000;

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
}

/// The report of a launch, as channels are told of it.
pub(super) async fn report(db: &Db, launch: &Launch) -> Result<Value, DbError> {
    let past = db.alert_history_between(launch.from_ms, launch.until_ms).await?;
    let mut figures = Figures::default();
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
        assert!(text(&Figures::default(), &[]).ends_with("No alert fired."));
    }

    #[test]
    fn a_report_is_due_when_the_last_figures_are_there() {
        let launch =
            Launch { name: "sale".to_owned(), from_ms: 0, until_ms: 1_000, products: vec![], edges: vec![] };
        let due = [1_000, 1_000 + LATE_MS, 1_000 + STILL_MS].map(|now| is_due(&launch, now));
        assert_eq!(due, [false, true, false]);
    }
}
