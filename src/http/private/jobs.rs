//! Jobs: their progress, also as a live stream of events; cancelling, retrying and priorities.

use std::{collections::VecDeque, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::HeaderMap},
    web::{Bytes, Data, Payload},
};
use futures_util::stream;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    db::{Db, jobs::JobEvent},
    domain::job::JobId,
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        live,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{jobs as wire, parameters as param, problems, timestamp::Timestamp},
    },
    signals::{Listener, Topic},
};

/// The last lines of the log in a job's answer; the stream of events has all lines.
const LOG_LINES: u32 = 100;
/// The most jobs in an answer.
const LISTED: u32 = 200;
/// How often a stream reads the database for events of other processes.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// Proxies close streams that are silent for longer.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The priorities that a client may set.
const PRIORITIES: std::ops::RangeInclusive<i32> = -100..=100;

/// The jobs that changed last
#[utoipa::path(
    get,
    path = "/api/jobs",
    operation_id = "listJobs",
    tag = "Jobs",
    responses((status = 200, description = "At most 200.", body = wire::Jobs), problems::Read),
)]
pub(super) async fn list(_: NoQuery, _: Artist, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let jobs = catalog.db.for_reports().jobs(LISTED).await?;
    Ok(secret_json(StatusCode::OK, &wire::Jobs { jobs: jobs.into_iter().map(Into::into).collect() }))
}

/// A job and its progress
#[utoipa::path(
    get,
    path = "/api/jobs/{job}",
    operation_id = "showJob",
    tag = "Jobs",
    params(param::Job),
    responses(
        (status = 200, description = "The job.", body = wire::Job),
        problems::Read,
        problems::NoSuchJob,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    answer(&catalog.db, &id(&request)?).await
}

/// Change the priority of a job
#[utoipa::path(
    patch,
    path = "/api/jobs/{job}",
    operation_id = "prioritizeJob",
    tag = "Jobs",
    params(param::Job),
    request_body = wire::SetPriority,
    responses(
        (status = 200, description = "The job.", body = wire::Job),
        problems::WriteJson,
        problems::NoSuchJob,
        problems::JobState,
        problems::BadField,
    ),
)]
pub(super) async fn prioritize(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let wire::SetPriority { priority } = body::read_json(&request, body, r#"{"priority": 10}"#).await?;
    if !PRIORITIES.contains(&priority) {
        let (low, high) = PRIORITIES.into_inner();
        return Err(Error::BadField(format!("priority: from {low} to {high}")).into());
    }
    catalog.db.prioritize_job(&id, priority, &caller.actor).await?;
    answer(&catalog.db, &id).await
}

/// Cancel a job
#[utoipa::path(
    post,
    path = "/api/jobs/{job}/cancel",
    operation_id = "cancelJob",
    tag = "Jobs",
    params(param::Job),
    responses(
        (status = 200, description = "The job.", body = wire::Job),
        problems::Write,
        problems::NoSuchJob,
        problems::JobState,
    ),
)]
pub(super) async fn cancel(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    catalog.db.cancel_job(&id, &caller.actor).await?;
    answer(&catalog.db, &id).await
}

/// Queue a failed or cancelled job again
#[utoipa::path(
    post,
    path = "/api/jobs/{job}/retry",
    operation_id = "retryJob",
    tag = "Jobs",
    params(param::Job),
    responses(
        (status = 200, description = "The job.", body = wire::Job),
        problems::Write,
        problems::NoSuchJob,
        problems::JobState,
    ),
)]
pub(super) async fn retry(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    catalog.db.retry_job(&id, &caller.actor).await?;
    answer(&catalog.db, &id).await
}

/// Past and new events of a job, as a stream
///
/// Server-sent events (HTML standard, section 9.2). The stream ends with the job; with `Last-Event-ID` it continues
/// after that event.
#[utoipa::path(
    get,
    path = "/api/jobs/{job}/events",
    operation_id = "watchJob",
    tag = "Jobs",
    params(param::Job, param::LastEventId),
    responses(
        (
            status = 200,
            description = "`event` is a state (`queued`, `running`, `ready`, `failed`, `cancelled`), \
                           `progress`, `preview` or `log`; `data` is JSON.",
            body = String,
            content_type = "text/event-stream",
        ),
        problems::Read,
        problems::NoSuchJob,
    ),
)]
pub(super) async fn events(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    if catalog.db.job(&id).await?.is_none() {
        return Err(Error::NoSuchJob.into());
    }
    let after = last_event(request.headers());
    live::stream(&request, watch(catalog.db.clone(), id, after))
}

/// A stream of the events of one job.
struct EventStream {
    db: Db,
    signals: Listener,
    job: JobId,
    after: i64,
    pending: VecDeque<JobEvent>,
    sent: Instant,
    over: bool,
}

fn watch(db: Db, job: JobId, after: i64) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    let signals = db.signals().listen(&[Topic::Progress]);
    let watch =
        EventStream { db, signals, job, after, pending: VecDeque::new(), sent: Instant::now(), over: false };
    stream::try_unfold(watch, |mut watch| async move {
        loop {
            if let Some(event) = watch.pending.pop_front() {
                (watch.after, watch.sent) = (event.id, Instant::now());
                return Ok(Some((to_sse(&event), watch)));
            }
            if watch.over {
                return Ok(None);
            }
            // The job is loaded before its events, so that a finished job has no events that come later.
            let job = watch.db.job(&watch.job).await?;
            watch.pending = watch.db.job_events(&watch.job, watch.after).await?.into();
            watch.over = watch.pending.is_empty() && job.is_none_or(|job| job.state.is_over());
            if watch.pending.is_empty() && !watch.over {
                if watch.sent.elapsed() >= KEEP_ALIVE_EVERY {
                    watch.sent = Instant::now();
                    return Ok(Some((Bytes::from_static(b":\n\n"), watch)));
                }
                watch.signals.wait(POLL_EVERY).await;
            }
        }
    })
}

fn to_sse(event: &JobEvent) -> Bytes {
    let mut data = event.data.clone();
    if let Some(fields) = data.as_object_mut() {
        fields.insert("at".to_owned(), json!(Timestamp(event.at_ms)));
    }
    // JSON has no line breaks outside of strings, and escapes them inside.
    Bytes::from(format!("id: {}\nevent: {}\ndata: {data}\n\n", event.id, event.kind))
}

/// The id in `Last-Event-ID`. Without a number there, the stream begins with the first event.
fn last_event(headers: &HeaderMap) -> i64 {
    headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
}

fn id(request: &HttpRequest) -> Result<JobId, Error> {
    segment(request, "job").parse().map_err(|_no_id| Error::NoSuchJob)
}

async fn answer(db: &Db, id: &JobId) -> Result<HttpResponse, Failure> {
    let job = db.job(id).await?.ok_or(Error::NoSuchJob)?;
    let lines = db.job_log(id, LOG_LINES).await?;
    let log = lines.into_iter().map(Into::into).collect();
    let mut answer = wire::Job::from(job);
    answer.log = Some(log);
    Ok(secret_json(StatusCode::OK, &answer))
}
