//! How well visitors are served: a report, a live stream, and everything that is kept.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};

use crate::{
    cache::Cache,
    db::{
        Db, DbError,
        performance::{After, Row},
    },
    domain::{
        alerts::{Override, Targets, rules},
        performance::{
            report::Report,
            series::{HOUR_MS, Period},
            users::UserReport,
        },
        plots::Plots,
    },
    launches::Launches,
    performance::{
        Recorder, history, report,
        users::{self, UserRecorder},
    },
};

use crate::http::{
    auth::Observer,
    export::ExportFormat,
    live,
    private_scope::secret_json,
    problem::{Error, Failure},
    query::{self, NoQuery},
    spreadsheet,
    wire::{
        parameters as param,
        performance::{LiveFigures, Performance, PerformanceLine},
        plots, problems, to_json,
        users::UserPerformance,
    },
};

/// How old a report may be: many readers cost no more than one.
const FRESH: Duration = Duration::from_secs(5);
/// The same of plots: servers write what they measure once a minute.
const PLOTS_FRESH: Duration = Duration::from_secs(20);
/// How often the live stream has an event.
const LIVE_EVERY: Duration = Duration::from_secs(5);
/// The hours of a report where the query names none.
const HOURS: u32 = 24;
/// The most hours of a report: what is kept.
const MOST_HOURS: u32 = 720;

/// What reports are made from.
#[derive(Debug)]
pub struct Reports {
    db: Db,
    recorder: Recorder,
    users: Arc<UserRecorder>,
    made: Cache<u32, Report>,
    made_of_users: Cache<u32, UserReport>,
    drawn: Cache<u32, Plots>,
    targets: Targets,
    overrides: Vec<Override>,
    launches: Launches,
    watched: bool,
}

impl Reports {
    /// Of this process, and of the installation that it belongs to, which promises these targets.
    pub fn new(db: &Db, recorder: &Recorder, users: &Arc<UserRecorder>, targets: Targets) -> Self {
        Self {
            db: db.for_reports(),
            recorder: recorder.clone(),
            users: users.clone(),
            made: Cache::of_entries("reports", 16, FRESH),
            made_of_users: Cache::of_entries("user reports", 16, FRESH),
            drawn: Cache::of_entries("plots", 16, PLOTS_FRESH),
            targets,
            overrides: Vec::new(),
            launches: Launches::of(db, Vec::new()),
            watched: false,
        }
    }

    /// The same, whose plots have the bounds of the rules as these settings change them. `watched`: whether servers evaluate
    /// them.
    #[must_use]
    pub fn watched_by(self, overrides: Vec<Override>, launches: Launches, watched: bool) -> Self {
        Self { overrides, launches, watched, ..self }
    }

    async fn draw(&self, hours: u32) -> Result<Arc<Plots>, Error> {
        let load = async {
            let now_ms = self.db.now_ms();
            let all = self.launches.all().await;
            let rules = rules(&self.overrides, all.iter().any(|launch| launch.is_on(now_ms)));
            Ok(history::load(&self.db, hours, &rules, &self.targets, Some(&self.users)).await?)
        };
        self.drawn.get_or_load(hours, load).await
    }

    async fn load_users(&self, hours: u32) -> Result<Arc<UserReport>, Error> {
        let load = async { Ok(users::load(&self.db, hours, Some(&self.users)).await?) };
        self.made_of_users.get_or_load(hours, load).await
    }

    async fn load(&self, hours: u32) -> Result<Arc<Report>, Error> {
        let load = async { Ok(report::load(&self.db, hours, &self.targets, Some(&self.recorder)).await?) };
        self.made.get_or_load(hours, load).await
    }
}

/// How well visitors are served
///
/// For the role `metrics`. Figures of all servers: latency, throughput, errors, hit rates, by address and delivery class;
/// whether they become worse, how healthy the installation is, what is slow, and what is left.
#[utoipa::path(
    get,
    path = "/api/performance",
    operation_id = "showPerformance",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    params(param::Hours),
    responses(
        (status = 200, description = "The report.", body = Performance),
        problems::Read,
    ),
)]
pub(super) async fn show(
    _: Observer,
    request: HttpRequest,
    reports: Data<Reports>,
) -> Result<HttpResponse, Failure> {
    let report = reports.load(hours(&request)?).await?;
    Ok(secret_json(StatusCode::OK, &Performance::from(&*report)))
}

/// What visitors' browsers measured
///
/// For the role `metrics`. Views by product, tier, format, network, device and country; how long visitors looked at which
/// angle. Nothing identifies a visitor.
#[utoipa::path(
    get,
    path = "/api/performance/users",
    operation_id = "showUserPerformance",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    params(param::Hours),
    responses(
        (status = 200, description = "The report.", body = UserPerformance),
        problems::Read,
    ),
)]
pub(super) async fn show_users(
    _: Observer,
    request: HttpRequest,
    reports: Data<Reports>,
) -> Result<HttpResponse, Failure> {
    let report = reports.load_users(hours(&request)?).await?;
    Ok(secret_json(StatusCode::OK, &UserPerformance::from(&*report)))
}

/// What was measured, step by step
///
/// For the role `metrics`. The plots of the page `/ops`: at most 241 steps each, the bounds of alerts, and when processes
/// started.
#[utoipa::path(
    get,
    path = "/api/performance/plots",
    operation_id = "showPlots",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    params(param::Hours),
    responses(
        (status = 200, description = "Plots.", body = plots::Plots),
        problems::Read,
    ),
)]
pub(super) async fn show_plots(
    _: Observer,
    request: HttpRequest,
    reports: Data<Reports>,
) -> Result<HttpResponse, Failure> {
    let hours = hours(&request)?;
    let drawn = reports.draw(hours).await?;
    // The drawing has read them, unless it was there before.
    reports.launches.all().await;
    let launches = reports.launches.known();
    let plots = plots::Plots::of(hours, &drawn, &launches, reports.watched, reports.db.now_ms());
    Ok(secret_json(StatusCode::OK, &plots))
}

/// The hours that a query names.
fn hours(request: &HttpRequest) -> Result<u32, Error> {
    let mut hours = HOURS;
    for (key, value) in query::pairs(request.query_string())? {
        match key {
            "hours" => hours = parse_hours(value)?,
            _ => return Err(query::no_such_key(key, &["hours"])),
        }
    }
    Ok(hours)
}

/// A report as `GET /api/performance` answers it, and that of `GET /api/performance/users` under `users`.
pub fn performance_json(report: &Report, users: &UserReport) -> String {
    let mut whole = serde_json::json!(Performance::from(report));
    whole["users"] = serde_json::json!(UserPerformance::from(users));
    whole.to_string()
}

fn parse_hours(value: &str) -> Result<u32, Error> {
    let hours = query::count(value).filter(|hours| *hours <= MOST_HOURS);
    hours.ok_or_else(|| query::no_such_value("hours", value, "a whole number from 1 to 720"))
}

/// Figures of the last hour, as a stream
///
/// For the role `metrics`. Server-sent events (HTML standard, section 9.2): one every five seconds.
#[utoipa::path(
    get,
    path = "/api/performance/events",
    operation_id = "watchPerformance",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    responses(
        (
            status = 200,
            description = "`event` is `figures`; `data` is JSON.",
            body = LiveFigures,
            content_type = "text/event-stream",
        ),
        problems::Read,
    ),
)]
pub(super) async fn events(
    _: NoQuery,
    _: Observer,
    request: HttpRequest,
    reports: Data<Reports>,
) -> Result<HttpResponse, Failure> {
    live::stream(&request, watch(reports))
}

fn watch(reports: Data<Reports>) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold((reports, None::<Instant>), |(reports, sent)| async move {
        if let Some(sent) = sent {
            tokio::time::sleep(LIVE_EVERY.saturating_sub(sent.elapsed())).await;
        }
        let sent = Instant::now();
        let figures = to_json(&LiveFigures::from(&*reports.load(1).await?));
        let event = [b"event: figures\ndata: ", figures.as_slice(), b"\n\n"].concat();
        Ok(Some((Bytes::from(event), (reports, Some(sent)))))
    })
}

/// Everything that is kept of some hours
///
/// For the role `metrics`. A line for each server, address, delivery class and minute; hours of all servers together
/// come first.
#[utoipa::path(
    get,
    path = "/api/performance/export",
    operation_id = "exportPerformance",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    params(param::Hours, param::ExportFormat),
    responses(
        (
            status = 200,
            description = "A stream.",
            content(
                (Vec<PerformanceLine> = "application/json"),
                (String = "application/x-ndjson"),
                (String = "text/csv"),
            ),
        ),
        problems::Read,
    ),
)]
pub(super) async fn export(
    _: Observer,
    request: HttpRequest,
    reports: Data<Reports>,
) -> Result<HttpResponse, Failure> {
    let (mut hours, mut format) = (HOURS, ExportFormat::Ndjson);
    for (key, value) in query::pairs(request.query_string())? {
        match key {
            "hours" => hours = parse_hours(value)?,
            "format" => format = ExportFormat::parse(key, value)?,
            _ => return Err(query::no_such_key(key, &["hours", "format"]).into()),
        }
    }
    let since_ms = reports.db.now_ms() - i64::from(hours) * HOUR_MS;
    format.stream(&request, "performance", lines(reports.db.clone(), since_ms, format)).await
}

/// How far an export is.
enum Place {
    Begin,
    Rows(Period, Option<After>),
    End,
    Over,
}

/// Streams the rows a page at a time, so that none but a page is ever in memory.
fn lines(db: Db, since_ms: i64, format: ExportFormat) -> impl Stream<Item = Result<Bytes, Error>> {
    let state = (db, Place::Begin, true);
    stream::try_unfold(state, move |(db, place, mut is_first)| async move {
        let mut text = Vec::new();
        let next = match place {
            Place::Begin => {
                text.extend_from_slice(match format {
                    ExportFormat::Json => b"[",
                    ExportFormat::Ndjson => b"",
                    ExportFormat::Csv => {
                        b"at,seconds,instance,route,class,requests,errors,bytes,hits,misses,p50Ms,p90Ms,p95Ms,p99Ms\n"
                    }
                });
                Place::Rows(Period::Hour, None)
            }
            Place::Rows(period, after) => {
                let (rows, after) = page(&db, period, since_ms, after).await?;
                write(&mut text, rows, format, &mut is_first)?;
                match (after, period) {
                    (Some(after), period) => Place::Rows(period, Some(after)),
                    (None, Period::Hour) => Place::Rows(Period::Minute, None),
                    (None, Period::Minute) => Place::End,
                }
            }
            Place::End => {
                if format == ExportFormat::Json {
                    text.extend_from_slice(b"]\n");
                }
                Place::Over
            }
            Place::Over => return Ok(None),
        };
        Ok(Some((Bytes::from(text), (db, next, is_first))))
    })
}

async fn page(
    db: &Db,
    period: Period,
    since_ms: i64,
    after: Option<After>,
) -> Result<(Vec<Row>, Option<After>), DbError> {
    db.performance(period, since_ms, i64::MAX, after).await
}

fn write(text: &mut Vec<u8>, rows: Vec<Row>, format: ExportFormat, is_first: &mut bool) -> Result<(), Error> {
    let lines = rows.into_iter().map(PerformanceLine::from);
    match format {
        ExportFormat::Csv => spreadsheet::write(text, lines.map(cells))?,
        ExportFormat::Ndjson => {
            for line in lines {
                text.extend(to_json(&line));
                text.push(b'\n');
            }
        }
        ExportFormat::Json => {
            for line in lines {
                text.extend_from_slice(if mem::take(is_first) { b"\n" } else { b",\n" });
                text.extend(to_json(&line));
            }
        }
    }
    Ok(())
}

fn cells(line: PerformanceLine) -> [String; 14] {
    let PerformanceLine { at, seconds, instance, route, class, requests, errors, bytes, .. } = line;
    let PerformanceLine { hits, misses, p50_ms, p90_ms, p95_ms, p99_ms, .. } = line;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let [requests, errors, bytes, hits, misses] =
        [requests, errors, bytes, hits, misses].map(|count| count.to_string());
    let [p50, p90, p95, p99] = [p50_ms, p90_ms, p95_ms, p99_ms].map(number);
    let [at, seconds] = [at.to_string(), seconds.to_string()];
    [at, seconds, instance, route, class, requests, errors, bytes, hits, misses, p50, p90, p95, p99]
}
