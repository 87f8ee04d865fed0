//! Workers: they claim committed frame sets from the queue, one at a time, and make versions of them.
//!
//! A worker holds a lease while it works and renews it with its progress. It lays the set's files out under their names,
//! runs the doctor over them, and ingests the folder as the command line does, without publishing. When a worker dies,
//! its lease runs out and another worker claims the job; finished encodes are in the work folder under everything that
//! decides their bytes, so that nothing is encoded twice. For the same reason a job whose preview is made can give its
//! worker up at any moment, where the preview of another set waits (`db/jobs/previews`). A worker that has lost its lease changes nothing: every write
//! names the lease. A refusal fails at once, because a second attempt would end in the same way; other errors are
//! retried with backoff. Each change is a numbered event in the database, so that a stream of events can continue on
//! any server.

mod advice;
mod keep;
mod loupe;
mod polish;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use assets_pipeline::{
    IngestError,
    encode::Effort,
    progress::{Progress as _, Stage},
    settings::Settings,
};
use metrics::{counter, histogram};
use serde_json::json;
use tracing::Instrument as _;

use crate::{
    background::Task,
    checks::{Checks, Found},
    db::{Db, DbError, jobs::Leased},
    domain::{
        audit::Actor,
        disk,
        frameset::{Frameset, UploadLimits},
        loupe::Rules as LoupeRules,
        polish::Rules,
        trace::TraceContext,
    },
    ingest::{Advice, Failure, Order, Outcome, Report, check, ingest, is_live, tracker::Tracker},
    launches::Launches,
    memory::Budget,
    signals::Topic,
    staging::Staging,
    staging::fetch::{self, FetchError, Parameters, Requester, fetch},
    store::Store,
    traces::{Span, Work},
};

use advice::{FREE_DISK, about, advice};
use keep::Kept;

/// How often an idle worker reads the queue for jobs of other processes.
const POLL: Duration = Duration::from_millis(500);
/// How long a job waits while another process ingests its configuration.
const BUSY_WAIT_MS: i64 = 2_000;

/// What a worker works with.
#[derive(Debug, Clone)]
pub struct Worker {
    /// The queue.
    pub db: Db,
    /// Where versions go.
    pub store: Store,
    /// Where frames come from.
    pub staging: Staging,
    /// What is known of them.
    pub checks: Checks,
    /// What may come from the bucket.
    pub limits: UploadLimits,
    /// The data folder, for what has been encoded.
    pub data: PathBuf,
    /// How long a lease lasts that is not renewed.
    pub lease: Duration,
    /// What a job may use of this machine.
    pub budget: Budget,
    /// How turns are encoded where the artist says nothing else.
    pub settings: Settings,
    /// Sales, during which jobs rest that encode again at several times the cost.
    pub launches: Launches,
    /// What is polished while no job is to do.
    pub polishing: Rules,
    /// The loupes that are made while no job is to do.
    pub loupes: LoupeRules,
}

/// Why an attempt came to nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Ingest(#[from] Failure),
    #[error("the frame set is gone")]
    NoSuchSet,
    #[error("there is no frame in the frame set, and none in the bucket")]
    Empty,
    #[error("the raw frames of the frame set were deleted")]
    Deleted,
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the frames could not be laid out")]
    Layout(#[source] io::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Failed {
    /// Whether another attempt would end in the same way.
    fn is_final(&self) -> bool {
        match self {
            Self::Ingest(failure) => failure.is_final(),
            Self::NoSuchSet | Self::Empty | Self::Deleted => true,
            Self::Fetch(error) => error.is_final(),
            Self::Layout(_) | Self::Db(_) => false,
        }
    }
}

impl Worker {
    /// Works until the task is to stop. A job under way is given back then, and what it has encoded stays.
    pub async fn run(self, mut task: Task) {
        let mut signals = self.db.signals().listen(&[Topic::Jobs]);
        // Claimed already, in place of one that gave way.
        let mut next: Option<Leased> = None;
        while !task.is_stopping() {
            let claimed = match next.take() {
                Some(leased) => Ok(Some(leased)),
                None => self.db.claim_job(self.lease.as_millis() as i64).await,
            };
            let worked = match claimed {
                Ok(Some(leased)) => {
                    // A large future, which would be part of every caller's.
                    next = Box::pin(self.traced(&leased, &mut task)).await;
                    task.succeeded();
                    true
                }
                Ok(None) => {
                    task.succeeded();
                    // A visitor may wait for a loupe.
                    self.has_made_loupe(&mut task).await || self.has_polished(&mut task).await
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, "the queue cannot be read");
                    false
                }
            };
            if !worked {
                tokio::select! {
                    () = signals.wait(POLL) => {}
                    () = task.stopping() => {}
                }
            }
        }
        if let Some(leased) = next {
            self.give_back(&leased).await;
        }
    }

    /// Works on a job, as a part of the trace of the request that queued it.
    async fn traced(&self, leased: &Leased, task: &mut Task) -> Option<Leased> {
        let trace = leased.job.trace;
        let mut span = Span::continuing("job", trace);
        span.text("girasol.job.id", leased.job.id.as_str());
        span.number("girasol.job.attempt", leased.job.attempts);
        let work = span.work().unwrap_or_else(|| Work::new(trace.map(TraceContext::unsampled)));
        let worked = work.run(Box::pin(self.work(leased, task, &mut span)));
        match trace.map(|trace| trace.id()) {
            // The lines of the job are found by its trace too.
            Some(trace) => worked.instrument(tracing::info_span!("job", trace.id = trace)).await,
            None => worked.await,
        }
    }

    /// Returns the job that was claimed in its place, where it gave way.
    async fn work(&self, leased: &Leased, task: &mut Task, span: &mut Span) -> Option<Leased> {
        let (job, attempt) = (&leased.job.id, leased.job.attempts);
        if let Some(wait_ms) = self.rest_ms(leased).await {
            let logged = self.db.log_job(leased, "The job rests until a launch is over").await;
            let rests = self.db.yield_job(leased, wait_ms).await.is_ok() && logged.is_ok();
            tracing::info!(job.id = %job, wait_ms, rests, "the job rests until a launch is over");
            return None;
        }
        tracing::info!(job.id = %job, attempt, "a job has begun");
        counter!("girasol_job_attempts_total").increment(1);
        let began = Instant::now();
        let tracker = Arc::new(Tracker::default().traced());
        let fetching = fetch::Progress::default();
        let gives_way = AtomicBool::new(false);
        let made = self.make(leased, &tracker, &fetching);
        tokio::pin!(made);
        let kept = Kept {
            db: &self.db,
            leased,
            lease: self.lease,
            tracker: &tracker,
            fetching: &fetching,
            gives_way: &gives_way,
        };
        let made = match first(&mut made, kept.keep(), task.stopping()).await {
            First::Made(made) => made,
            First::TakenAway => {
                // Cancelled, or another worker has it: the work ends as soon as it hears of it.
                fetching.stop();
                tracker.stop();
                let _ = made.await;
                tracing::info!(job.id = %job, "the job was taken away");
                measure("taken away", began, span);
                // Of another worker, what it has laid out stays.
                if let Err(error) = self.staging.drop_copies(&leased.job.frameset).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, job.id = %job, "copies of a job's frames stay for some hours");
                }
                return None;
            }
            First::Stopping => {
                fetching.stop();
                tracker.stop();
                let _ = made.await;
                self.give_back(leased).await;
                measure("given back", began, span);
                return None;
            }
        };
        let gives_way = gives_way.load(Ordering::Relaxed);
        measure(word(&made, gives_way), began, span);
        let mut next = None;
        let ended = match made {
            Ok(report) => self.finish(leased, &report).await,
            Err(Failed::Ingest(Failure::Running(_))) => self.db.yield_job(leased, BUSY_WAIT_MS).await,
            Err(Failed::Ingest(Failure::Ingest(IngestError::Stopped))) if gives_way => {
                tracing::info!(job.id = %job, "the job gives way to previews");
                self.db.give_way(leased).await.map(|claimed| next = claimed)
            }
            Err(failed) => self.fail(leased, &failed).await,
        };
        if let Err(error) = ended {
            // Its lease runs out, and it is tried again.
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, job.id = %job, "the end of a job could not be written down");
        }
        let set = &leased.job.frameset;
        for dropped in [self.staging.drop_copies(set).await, self.staging.drop_leftovers(set).await] {
            if let Err(error) = dropped {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, job.id = %job, "copies of a job's frames stay for some hours");
            }
        }
        next
    }

    /// How long a job has to rest that polishes what is live: while a launch is on, visitors have the machine.
    async fn rest_ms(&self, leased: &Leased) -> Option<i64> {
        let now_ms = self.db.now_ms();
        let until_ms =
            self.launches.all().await.iter().filter_map(|launch| launch.rests_until_ms(now_ms)).max()?;
        let set = self.db.frameset(&leased.job.frameset).await.ok()??;
        if set.wanted.settings.effort != Some(Effort::Max) {
            return None;
        }
        let order = self.order(leased, set, PathBuf::new());
        is_live(&self.db, &order).await.ok()?.then_some(until_ms - now_ms)
    }

    /// Returns a job to the queue, because this worker stops.
    async fn give_back(&self, leased: &Leased) {
        let given_back = self.db.yield_job(leased, 0).await;
        tracing::info!(job.id = %leased.job.id, given_back = given_back.is_ok(), "the worker stops");
    }

    async fn finish(&self, leased: &Leased, report: &Report) -> Result<(), DbError> {
        for remark in &report.remarks {
            self.db.log_job(leased, remark).await?;
        }
        let line = format!("{} encodes, {} found from before", report.encoded, report.reused);
        self.db.log_job(leased, &line).await?;
        if report.outcome == Outcome::Published {
            self.db.log_job(leased, "The preview was published, and so the whole spin is live now").await?;
        }
        let version = report.manifest.version;
        self.db.finish_job(leased, &report.configuration, version).await?;
        tracing::info!(job.id = %leased.job.id, configuration = %report.configuration, version, "a job is done");
        Ok(())
    }

    async fn fail(&self, leased: &Leased, failed: &Failed) -> Result<(), DbError> {
        let advice = match failed {
            Failed::Ingest(failure) => failure.advice(),
            Failed::NoSuchSet => about("no-such-set", None, None),
            Failed::Empty => {
                let remedy = "Put frames into the set's place in the bucket and retry the job.".to_owned();
                about("set-empty", None, Some(remedy))
            }
            Failed::Deleted => {
                let remedy = "Send the frames again, as a new frame set.".to_owned();
                about("set-empty", None, Some(remedy))
            }
            Failed::Fetch(error) => advice(error),
            Failed::Layout(_) => about("staging", None, None),
            Failed::Db(_) => about("database", None, None),
        };
        let is_final = failed.is_final();
        let is_full = disk::is_full(failed);
        let advice = if is_full { about("disk-full", None, Some(FREE_DISK.to_owned())) } else { advice };
        let error: &(dyn std::error::Error + Send + Sync) = failed;
        if is_final {
            tracing::info!(error, job.id = %leased.job.id, "the frames of a job cannot be used");
        } else {
            tracing::error!(error, job.id = %leased.job.id, "a job failed");
        }
        // Internal errors are in the log alone; the artist gets the faults of the frames.
        let message = if is_full {
            "the disk of the server is full".to_owned()
        } else if is_final || matches!(advice.slug, "disk-full" | "quota-exceeded" | "too-little-memory") {
            failed.to_string()
        } else {
            "something failed here".to_owned()
        };
        let Advice { slug, file, remedy } = advice;
        let failure = json!({ "slug": slug, "message": message, "file": file, "remedy": remedy });
        self.db.fail_job(leased, &failure, is_final).await.map(drop)
    }

    async fn make(
        &self,
        leased: &Leased,
        tracker: &Arc<Tracker>,
        fetching: &fetch::Progress,
    ) -> Result<Report, Failed> {
        let id = &leased.job.frameset;
        let set = self.db.frameset(id).await?.ok_or(Failed::NoSuchSet)?;
        if set.in_bucket
            && let Some(inbox) = self.staging.inbox()
        {
            let Self { staging, db, limits, .. } = self;
            let parameters = Parameters { inbox, staging, db, key: &set.key, limits };
            let requester = Requester::Job(leased, &Actor::key(&set.key, None));
            Box::pin(fetch(parameters, id, requester, fetching, None)).await?;
            let (fetched, _) = fetching.counts();
            self.db.log_job(leased, &format!("{fetched} files fetched from the bucket")).await?;
        }
        let frames = self.db.frames(id).await?;
        if frames.is_empty() {
            return Err(if set.in_bucket { Failed::Empty } else { Failed::Deleted });
        }
        let turn = self.staging.lay_out(id, &frames).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failed::Deleted,
            _ => Failed::Layout(error),
        })?;
        let order = self.order(leased, set, turn.path());
        let checked = check(&order, tracker).await;
        // Before a frame is decoded. What is wrong with the files is the doctor's to say first.
        if let Ok(checked) = &checked {
            checked.fit(&order).map_err(Failure::Memory)?;
        }
        self.examine(leased, tracker).await?;
        let checked = checked?;
        Ok(ingest(&self.db, &self.store, &self.data, &order, checked, tracker).await?)
    }

    /// Has the frames looked at, and writes down what the artist should know. What blocks is left to the ingest,
    /// which refuses it.
    async fn examine(&self, leased: &Leased, tracker: &Tracker) -> Result<(), DbError> {
        let check = match self.checks.ask(&leased.job.frameset).await {
            Ok(check) => check,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, job.id = %leased.job.id, "the frames could not be checked");
                return Ok(());
            }
        };
        tracker.begin(Stage::Check, check.progress().1);
        let mut shown = 0;
        let found = loop {
            let (done, _) = check.progress();
            (shown..done).for_each(|_| tracker.step());
            shown = shown.max(done);
            match check.found() {
                Some(found) => break found,
                None => check.progressed().await,
            }
        };
        if let Found::Diagnosis(diagnosis) = found {
            for finding in &diagnosis.findings {
                self.db.log_job(leased, &format!("{} {}", finding.message, finding.remedy)).await?;
            }
        }
        Ok(())
    }

    fn order(&self, leased: &Leased, set: Frameset, source: PathBuf) -> Order {
        let wanted = set.wanted;
        Order {
            source,
            product: wanted.product,
            choices: wanted.choices.into_iter().collect(),
            settings: wanted.settings.over(&self.settings),
            // Versions made from uploads wait for an artist to publish them, and the preview can be looked at before.
            publish: false,
            early: true,
            protected: wanted.protected,
            actor: Actor::key(&set.key, None),
            machine: self.budget.now(),
            job: Some(leased.clone()),
            encodes: self.staging.encodes(&set.id),
        }
    }
}

/// How an attempt ended.
fn word(made: &Result<Report, Failed>, gives_way: bool) -> &'static str {
    match made {
        Ok(_) => "ready",
        Err(Failed::Ingest(Failure::Running(_))) => "yielded",
        Err(Failed::Ingest(Failure::Ingest(IngestError::Stopped))) if gives_way => "yielded",
        Err(failed) if failed.is_final() => "refused",
        Err(_) => "failed",
    }
}

fn measure(outcome: &'static str, began: Instant, span: &mut Span) {
    span.text("girasol.job.outcome", outcome);
    histogram!("girasol_job_duration_seconds", "outcome" => outcome).record(began.elapsed().as_secs_f64());
}

/// What comes first of a job's work.
enum First<T> {
    Made(T),
    TakenAway,
    Stopping,
}

/// Waits for what comes first. The renewal is dropped with it: it may be in the middle of a transaction, and one that goes no
/// further would keep the only connection that writes from all who come after it.
async fn first<T>(
    made: impl Future<Output = T>,
    renewed: impl Future<Output = ()>,
    stopping: impl Future<Output = ()>,
) -> First<T> {
    tokio::select! {
        made = made => First::Made(made),
        () = renewed => First::TakenAway,
        () = stopping => First::Stopping,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_renewal_that_is_under_way_keeps_nothing_once_the_work_is_done() {
        // As the only connection that writes.
        let connection = tokio::sync::Mutex::new(());
        let (under_way, is_under_way) = tokio::sync::oneshot::channel();
        let renewed = async {
            let _held = connection.lock().await;
            under_way.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let work = std::pin::pin!(is_under_way);
        let came = first(work, renewed, std::future::pending()).await;
        assert!(matches!(came, First::Made(Ok(()))));
        assert!(connection.try_lock().is_ok());
    }
}
