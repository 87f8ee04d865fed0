//! The progress of an ingest, for a terminal and for the public status.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use assets_pipeline::{
    plan::tiers::Format,
    progress::{Progress, Stage},
};
use metrics::histogram;

use crate::{
    db::{Db, ingests::IngestProgress},
    domain::names::ConfigId,
    traces::{self, Work},
};

use super::meter::Meter;

/// How often the database hears of progress.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// Counts steps from many threads; watchers look when they like.
#[derive(Debug, Default)]
pub struct Tracker {
    stage: Mutex<Option<(Stage, Instant)>>,
    done: AtomicUsize,
    total: AtomicUsize,
    preview_is_live: AtomicBool,
    rest: OnceLock<Rest>,
    stopped: AtomicBool,
    /// What the stages and encodes are part of.
    work: Option<Work>,
    /// CPU time of the threads that work for this ingest alone.
    meter: Meter,
}

/// What is known once standard and hd are all that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    /// The early version, where there is one.
    pub preview: Option<(ConfigId, i64)>,
}

/// One look at a [`Tracker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// What is being done.
    pub stage: Stage,
    /// Steps done in this stage, at most `total`.
    pub done: usize,
    /// Steps in this stage, as well as it could be foretold.
    pub total: usize,
}

impl Tracker {
    /// The same, whose stages and encodes are part of what the current task works for.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.work = traces::current();
        self
    }

    /// How far it is; `None` before the first stage.
    pub fn snapshot(&self) -> Option<Snapshot> {
        let (stage, _) = (*self.stage.lock().unwrap_or_else(PoisonError::into_inner))?;
        let total = self.total.load(Ordering::Relaxed);
        Some(Snapshot { stage, done: self.done.load(Ordering::Relaxed).min(total), total })
    }

    /// Notes that visitors can see the preview.
    pub fn preview_is_live(&self) {
        self.preview_is_live.store(true, Ordering::Relaxed);
    }

    /// Whether visitors can see the preview.
    pub fn is_preview_live(&self) -> bool {
        self.preview_is_live.load(Ordering::Relaxed)
    }

    /// Notes that standard and hd are all that is left, and the early version if there is one.
    pub(super) fn only_rest_is_left(&self, preview: Option<(ConfigId, i64)>) {
        // The first word holds.
        let _ = self.rest.set(Rest { preview });
    }

    /// What is known once standard and hd are all that is left; `None` before.
    pub fn rest(&self) -> Option<&Rest> {
        self.rest.get()
    }

    /// Ends the ingest as soon as may be. What it has encoded is kept for the next one.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Notes the CPU time of the calling thread, where it works for this ingest alone.
    pub(super) fn note_cpu(&self) {
        self.meter.note();
    }

    /// Milliseconds of CPU time that such threads have noted since they were taken last.
    pub fn take_cpu_ms(&self) -> i64 {
        self.meter.take_ms()
    }

    /// All CPU time that such threads have noted.
    pub fn cpu_time(&self) -> Duration {
        self.meter.spent()
    }

    /// Tells the database how far the configuration's ingest is, until told to end.
    pub(super) fn announce(self: &Arc<Self>, db: Db, configuration: ConfigId) -> Announced {
        let tracker = self.clone();
        let task = tokio::spawn({
            let (db, configuration) = (db.clone(), configuration.clone());
            async move {
                loop {
                    if let Some(Snapshot { stage, done, total }) = tracker.snapshot() {
                        let stage = stage.as_str().to_owned();
                        let progress = IngestProgress { stage, done: done as i64, total: total as i64 };
                        if let Err(error) = db.report_ingest(&configuration, &progress).await {
                            tracing::warn!(%error, "progress could not be reported");
                        }
                    }
                    tokio::time::sleep(REPORT_EVERY).await;
                }
            }
        });
        Announced { task, db, configuration }
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        if let Some(last) = self.stage.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            measure(last, self.work.as_ref());
        }
    }
}

/// Measures a stage that has ended.
fn measure((stage, began): (Stage, Instant), work: Option<&Work>) {
    let took = began.elapsed();
    histogram!("girasol_ingest_stage_duration_seconds", "stage" => stage.as_str()).record(took.as_secs_f64());
    if let Some(work) = work {
        work.note(stage.as_str(), took, |_span| ());
    }
}

impl Progress for Tracker {
    fn begin(&self, stage: Stage, total: usize) {
        let mut current = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        if let Some(ended) = current.replace((stage, Instant::now())) {
            measure(ended, self.work.as_ref());
        }
    }

    fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.note_cpu();
    }

    fn encoded(&self, format: Format, bytes: usize, took: Duration) {
        self.note_cpu();
        if let Some(work) = &self.work {
            work.note("encode", took, |span| {
                span.text("girasol.format", format.as_str());
                span.number("girasol.encode.bytes", bytes);
            });
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// An ingest that the database knows of.
pub(super) struct Announced {
    task: tokio::task::JoinHandle<()>,
    db: Db,
    configuration: ConfigId,
}

impl Announced {
    /// The ingest ended, well or not.
    pub(super) async fn end(self) {
        self.task.abort();
        // A report under way would come after the row was removed.
        let _ = self.task.await;
        if let Err(error) = self.db.end_ingest(&self.configuration).await {
            tracing::warn!(%error, "the end of an ingest could not be reported");
        }
    }
}
