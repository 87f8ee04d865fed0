//! Keeping a job while its work goes on: its lease is renewed, its progress is written down, and a job that gives way is stopped.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use assets_pipeline::progress::Stage;

use crate::{
    db::{
        Db,
        jobs::{JobProgress, Leased},
    },
    ingest::tracker::{Snapshot, Tracker},
    staging::fetch,
};

/// How often progress is written to the database.
const PROGRESS_EVERY: Duration = Duration::from_millis(300);
/// How often a job that is at standard and hd asks whether previews wait.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A job whose work goes on elsewhere.
pub(super) struct Kept<'a> {
    pub(super) db: &'a Db,
    pub(super) leased: &'a Leased,
    /// How long the lease lasts that is not renewed.
    pub(super) lease: Duration,
    pub(super) tracker: &'a Tracker,
    pub(super) fetching: &'a fetch::Progress,
    /// Set once its work was stopped for the sake of previews.
    pub(super) gives_way: &'a AtomicBool,
}

impl Kept<'_> {
    /// Keeps the job until it is not this worker's any more.
    pub(super) async fn keep(self) {
        let Self { db, leased, lease, tracker, fetching, gives_way } = self;
        let began = tokio::time::Instant::now();
        let (mut last_renewed, mut last_asked, mut is_noted) = (began, began, false);
        loop {
            tokio::time::sleep(PROGRESS_EVERY).await;
            let snapshot = tracker.snapshot();
            let progress = match (snapshot, fetching.counts()) {
                (None, (done, total)) if total > 0 => {
                    JobProgress { stage: "fetch", done: done as i64, total: total as i64, left_ms: None }
                }
                (snapshot, _) => progress(snapshot, began.elapsed()),
            };
            match db.renew_job(leased, &progress).await {
                Ok(true) => last_renewed = tokio::time::Instant::now(),
                // While the database cannot be reached, the lease is this worker's until it runs out.
                Err(error) if last_renewed.elapsed() < lease => {
                    tracing::warn!(%error, job.id = %leased.job.id, "a lease could not be renewed");
                    continue;
                }
                Ok(false) | Err(_) => return,
            }
            let Some(rest) = tracker.rest() else { continue };
            if !is_noted {
                let preview = rest.preview.as_ref().map(|(configuration, version)| (configuration, *version));
                match db.note_rest(leased, preview).await {
                    Ok(true) => is_noted = true,
                    Ok(false) => return,
                    Err(error) => {
                        tracing::warn!(%error, job.id = %leased.job.id, "a preview could not be noted");
                    }
                }
            } else if last_asked.elapsed() >= ASK_EVERY
                && snapshot.is_some_and(|snapshot| snapshot.stage == Stage::EncodeRest)
                && !gives_way.load(Ordering::Relaxed)
            {
                last_asked = tokio::time::Instant::now();
                match db.is_to_give_way(leased).await {
                    Ok(true) => {
                        gives_way.store(true, Ordering::Relaxed);
                        // The lease is renewed until the last encodes have ended.
                        tracker.stop();
                    }
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(%error, job.id = %leased.job.id, "the queue could not be read");
                    }
                }
            }
        }
    }
}

/// The least share of the whole from which the rest is foretold.
const FORETOLD_FROM: f64 = 0.05;

fn progress(snapshot: Option<Snapshot>, elapsed: Duration) -> JobProgress {
    let Some(Snapshot { stage, done, total }) = snapshot else {
        return JobProgress { stage: Stage::Check.as_str(), done: 0, total: 0, left_ms: None };
    };
    // Of the time that all of it takes: what is done before a stage, and the stage itself, as measured.
    let (before, own) = match stage {
        Stage::Check | Stage::Decode => (0.0, 0.01),
        Stage::Prepare => (0.01, 0.08),
        Stage::EncodePreview => (0.09, 0.14),
        Stage::EncodeRest => (0.23, 0.75),
        Stage::Store | Stage::Measure => (0.98, 0.02),
    };
    let share = before + own * done as f64 / total.max(1) as f64;
    let left_ms =
        (share >= FORETOLD_FROM).then(|| (elapsed.as_millis() as f64 * (1.0 - share) / share).round() as i64);
    JobProgress { stage: stage.as_str(), done: done as i64, total: total as i64, left_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_shrinks_to_nothing() {
        let left = |stage, done| {
            let snapshot = Snapshot { stage, done, total: 10 };
            progress(Some(snapshot), Duration::from_secs(10)).left_ms
        };
        assert_eq!(progress(None, Duration::ZERO).left_ms, None);
        assert_eq!(left(Stage::Check, 10), None);
        assert_eq!(left(Stage::Prepare, 1), None);
        let times = [
            left(Stage::Prepare, 10),
            left(Stage::EncodePreview, 5),
            left(Stage::EncodeRest, 0),
            left(Stage::EncodeRest, 10),
            left(Stage::Store, 10),
        ];
        assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
        assert_eq!(times[4], Some(0));
    }
}
