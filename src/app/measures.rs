//! What the rules of alerts are about, as this server sees it at the moment.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metrics::gauge;

use crate::{
    db::{Db, DbError, ReplicaState},
    domain::{
        alerts::{Measure, Minute, Ratio, Snapshot, Targets, Traffic},
        health::{Board, Condition, PartName},
        performance::series::Period,
    },
    library::readiness::Readiness,
    performance::Recorder,
};

use super::App;

/// How long the database may take. What was read until then is measured.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long renditions count that are below their floor, from when they were made.
const NEW_MS: i64 = 86_400_000;
/// How often live versions are looked at for them.
const LOOK_EVERY_MS: i64 = 60_000;
/// How late a server writes a minute's figures, at most.
const LATE_MS: i64 = 3 * 60_000;
const HOUR_MS: f64 = 3_600_000.0;

/// What is measured from one evaluation to the next.
#[derive(Debug)]
pub(super) struct Measures {
    app: App,
    instance: String,
    readiness: Arc<Readiness>,
    recorder: Recorder,
    caches: Vec<String>,
    known: Mutex<Known>,
}

/// What is not read anew each time.
#[derive(Debug, Default)]
struct Known {
    traffic: Traffic,
    read_ms: i64,
    poor: Option<(i64, f64)>,
}

impl Measures {
    pub(super) fn new(
        app: &App,
        instance: &str,
        readiness: &Arc<Readiness>,
        recorder: &Recorder,
        caches: Vec<String>,
    ) -> Self {
        Self {
            app: app.clone(),
            instance: instance.to_owned(),
            readiness: readiness.clone(),
            recorder: recorder.clone(),
            caches,
            known: Mutex::default(),
        }
    }

    /// Measures everything once. What cannot be read has no value.
    pub(super) async fn read(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        measure_parts(self.readiness.board(), self.readiness.replica(), &self.instance, &mut snapshot);
        let db = self.app.db.for_reports();
        let now_ms = db.now_ms();
        let reads = async {
            self.service(&db, &mut snapshot).await?;
            self.traffic(&db, now_ms, &mut snapshot).await?;
            self.poor_renditions(&db, now_ms, &mut snapshot).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, reads).await {
            // The rule about the database says so to people.
            tracing::debug!(%error, "measures cannot be read");
        }
        snapshot
    }

    async fn service(&self, db: &Db, snapshot: &mut Snapshot) -> Result<(), DbError> {
        let figures = db.service_figures().await?;
        snapshot.set(Measure::QueueAge, "", figures.oldest_job_ms as f64 / 1000.0);
        snapshot.set(Measure::FaultyObjects, "", figures.scrub.faults.values().sum::<i64>() as f64);
        for cache in &self.caches {
            let of_cache = figures.purges.get(cache).copied().unwrap_or_default();
            snapshot.set(Measure::PurgeAge, cache, of_cache.oldest_ms as f64 / 1000.0);
            snapshot.set(Measure::FailedPurges, cache, of_cache.failed as f64);
        }
        if let Some(at_ms) = db.last_backup_ms().await? {
            let age_ms = (db.now_ms() - at_ms).max(0) as f64;
            snapshot.set(Measure::BackupAge, "", age_ms / HOUR_MS);
            gauge!("girasol_service_backup_age_seconds").set(age_ms / 1000.0);
        }
        Ok(())
    }

    /// Reads the minutes that may have changed since the last time, and adds what this server has not written yet.
    async fn traffic(&self, db: &Db, now_ms: i64, snapshot: &mut Snapshot) -> Result<(), DbError> {
        let targets = self.app.config.objectives.targets();
        let since_ms = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let first_ms = Traffic::since_ms(now_ms);
            if known.traffic.is_empty() { first_ms } else { (known.read_ms - LATE_MS).max(first_ms) }
        };
        let since_ms = Traffic::minute_of(since_ms);
        let mut minutes: BTreeMap<i64, Minute> = BTreeMap::new();
        let mut after = None;
        loop {
            let (rows, next) = db.performance(Period::Minute, since_ms, i64::MAX, after).await?;
            for row in rows {
                let minute = minutes.entry(row.at_ms).or_default();
                minute.add_requests(
                    &row.series.route,
                    row.tally.requests,
                    row.tally.errors,
                    &row.tally.times,
                );
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        for sample in db.performance_samples(since_ms).await? {
            add_sample(
                minutes.entry(sample.at_ms).or_default(),
                &sample.name,
                sample.sum.total,
                sample.sum.mean(),
                &targets,
            );
        }
        for (minute_ms, slow, all) in db.slow_switches(since_ms, targets.switch_ms).await? {
            let ratio = Ratio { bad: slow as f64, all: all as f64 };
            minutes.entry(minute_ms).or_default().switches.merge(ratio);
        }
        let (waiting_since_ms, waiting) = self.recorder.waiting();
        let of_waiting = minutes.entry(Traffic::minute_of(waiting_since_ms.midpoint(now_ms))).or_default();
        for (series, tally) in &waiting.series {
            of_waiting.add_requests(&series.route, tally.requests, tally.errors, &tally.times);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.read_ms = now_ms;
        known.traffic.replace(since_ms, minutes, now_ms);
        known.traffic.measure(now_ms, &targets, snapshot);
        Ok(())
    }

    async fn poor_renditions(&self, db: &Db, now_ms: i64, snapshot: &mut Snapshot) -> Result<(), DbError> {
        let before = self.known.lock().unwrap_or_else(PoisonError::into_inner).poor;
        let poor = match before {
            Some((at_ms, poor)) if now_ms - at_ms < LOOK_EVERY_MS => poor,
            _ => {
                let families = self.app.config.tier_table().sizes;
                let versions = db.live_figures(now_ms - NEW_MS).await?;
                let poor = versions.iter().flatten().filter(|set| set.is_poor(&families)).count() as f64;
                self.known.lock().unwrap_or_else(PoisonError::into_inner).poor = Some((now_ms, poor));
                poor
            }
        };
        snapshot.set(Measure::PoorRenditions, "", poor);
        gauge!("girasol_service_poor_renditions").set(poor);
        Ok(())
    }
}

/// What is known of the parts of this server, without a question to any of them.
fn measure_parts(board: &Board, replica: Option<ReplicaState>, own: &str, snapshot: &mut Snapshot) {
    for (name, part) in board.parts() {
        let is_ok = if part.look.condition == Condition::Ok { 1.0 } else { 0.0 };
        let figure =
            |name: &str| part.look.figures.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let free = figure("free_bytes").zip(figure("whole_bytes"));
        let free = free.filter(|(_, whole)| *whole > 0.0).map(|(free, whole)| 100.0 * free / whole);
        match name {
            PartName::Database => snapshot.set(Measure::Database, own, is_ok),
            PartName::Store => snapshot.set(Measure::Store, own, is_ok),
            PartName::Redis => snapshot.set(Measure::SharedCache, own, is_ok),
            PartName::Background => snapshot.set(Measure::Tasks, own, is_ok),
            PartName::Disk => snapshot.set_some(Measure::DiskFree, own, free),
            PartName::Memory => snapshot.set_some(Measure::Memory, own, free.map(|free| 100.0 - free)),
            PartName::Objects | PartName::Queue => {}
        }
    }
    let replica = replica.filter(|state| *state != ReplicaState::Unknown);
    let is_ready = replica.map(|state| if state == ReplicaState::Ready { 1.0 } else { 0.0 });
    snapshot.set_some(Measure::Replica, own, is_ready);
}

/// Adds what servers measured of themselves, by its name.
fn add_sample(minute: &mut Minute, name: &str, total: f64, mean: Option<f64>, targets: &Targets) {
    let mut words = name.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("cache"), Some("memory"), Some(_kind), Some(outcome)) => {
            let bad = if outcome == "hit" { 0.0 } else { total };
            minute.missed.merge(Ratio { bad, all: total });
        }
        (Some("queue-age-seconds"), ..) => {
            if let Some(age) = mean {
                minute.add_queue_age(age, targets);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        alerts::{Alerts, ChangeKind, Rule, all_rules},
        health::TaskState,
    };

    #[test]
    fn a_task_that_does_not_do_its_work_in_time_is_told_until_it_does() {
        let rules: Vec<Rule> = all_rules().into_iter().filter(|rule| rule.name == "task-overdue").collect();
        let (board, mut alerts) = (Board::default(), Alerts::resume([], 0));
        let mut step = |minute: i64, is_overdue: bool| {
            let state = TaskState { name: "expire_old", last_success: None, restarts: 0, is_overdue };
            board.note_tasks(vec![state]);
            let mut snapshot = Snapshot::default();
            measure_parts(&board, None, "a:80", &mut snapshot);
            let changes = alerts.step(minute * 60_000, &rules, &snapshot, &[]);
            changes.into_iter().map(|change| (change.kind, change.alert.subject)).collect::<Vec<_>>()
        };
        assert_eq!(step(0, false), []);
        assert_eq!(step(1, true), []);
        assert_eq!(step(6, true), [(ChangeKind::Firing, "a:80".to_owned())]);
        assert_eq!(step(7, false), [(ChangeKind::Resolved, "a:80".to_owned())]);
    }
}
