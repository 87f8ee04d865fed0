//! Alerts: what is wrong, as a list and as a stream of events; and silences.

use std::{collections::VecDeque, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data, Payload},
};
use futures_util::stream;
use tokio::time::Instant;

use crate::{
    db::{Db, alerts::Past},
    domain::{
        alerts::{Silence, all_rules},
        line::is_line,
    },
    http::{
        auth::{Admin, Observer},
        body,
        catalog::Catalog,
        live,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{alerts, parameters as param, problems, to_json},
    },
    signals::{Listener, Topic},
};

/// The most entries of the past in an answer, and in one read of a stream.
const LISTED: u32 = 100;
/// How often a stream reads the database for what other processes wrote.
const POLL_EVERY: Duration = Duration::from_secs(2);
/// Proxies close streams that are silent for longer.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The longest silence: 30 days.
const MAX_MINUTES: u32 = 43_200;
const REASON_MAX_CHARS: usize = 200;
const EXAMPLE: &str = r#"{"minutes": 60, "reason": "the edge is replaced"}"#;

/// What is wrong
///
/// For the role `metrics`.
#[utoipa::path(
    get,
    path = "/api/alerts",
    operation_id = "listAlerts",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    responses(
        (status = 200, description = "Alerts, silences, and what was wrong lately.", body = alerts::AlertList),
        problems::Read,
    ),
)]
pub(super) async fn list(_: NoQuery, _: Observer, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    answer(&catalog.db).await
}

async fn answer(db: &Db) -> Result<HttpResponse, Failure> {
    let now_ms = db.now_ms();
    let silences = db.silences().await?;
    let open = db.open_alerts().await?.into_iter();
    let open = open.map(|open| alerts::Alert::of(open, &silences, now_ms)).collect();
    let past = db.last_alert_history(LISTED).await?.into_iter().map(Into::into).collect();
    let silences = silences.into_iter().map(Into::into).collect();
    Ok(secret_json(StatusCode::OK, &alerts::AlertList { alerts: open, silences, past }))
}

/// Silence an alert
///
/// For admins. Channels are not notified of it until the silence is over; it takes the place of an earlier one.
#[utoipa::path(
    post,
    path = "/api/alerts/{alert}/silence",
    operation_id = "silenceAlert",
    tag = "Operation",
    params(param::Alert),
    request_body = alerts::SilenceRequest,
    responses(
        (status = 200, description = "Alerts and silences.", body = alerts::AlertList),
        problems::WriteJson,
        problems::NoSuchAlert,
        problems::BadField,
    ),
)]
pub(super) async fn silence(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let rule = name(&request)?;
    let alerts::SilenceRequest { minutes, subject, reason } =
        body::read_json(&request, body, EXAMPLE).await?;
    if !(1..=MAX_MINUTES).contains(&minutes) {
        return Err(Error::BadField(format!("minutes: from 1 to {MAX_MINUTES}")).into());
    }
    let is_short_line = |text: &str| text.chars().count() <= REASON_MAX_CHARS && is_line(text);
    if !is_short_line(&reason) || !subject.as_deref().is_none_or(is_short_line) {
        let rule = format!("reason and subject: at most {REASON_MAX_CHARS} characters on one line");
        return Err(Error::BadField(rule).into());
    }
    let until_ms = catalog.db.now_ms() + i64::from(minutes) * 60_000;
    let subject = subject.filter(|subject| !subject.is_empty());
    let silence = Silence { rule, subject, until_ms, reason, actor: caller.actor.name.clone() };
    catalog.db.silence_alert(&silence, &caller.actor).await?;
    answer(&catalog.db).await
}

/// End the silences of an alert
///
/// For admins. Ending what has ended already changes nothing.
#[utoipa::path(
    delete,
    path = "/api/alerts/{alert}/silence",
    operation_id = "unsilenceAlert",
    tag = "Operation",
    params(param::Alert),
    responses(
        (status = 200, description = "Alerts and silences.", body = alerts::AlertList),
        problems::Write,
        problems::NoSuchAlert,
    ),
)]
pub(super) async fn unsilence(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let rule = name(&request)?;
    catalog.db.end_silences(&rule, &caller.actor).await?;
    answer(&catalog.db).await
}

/// What becomes of alerts, as a stream
///
/// For the role `metrics`. Server-sent events (HTML standard, section 9.2): what is new from now on, or with `Last-Event-ID` what came
/// after that event.
#[utoipa::path(
    get,
    path = "/api/alerts/events",
    operation_id = "watchAlerts",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    params(param::LastEventId),
    responses(
        (
            status = 200,
            description = "`event` is the state: `firing`, `escalated`, `resolved` or `report`; `data` is JSON.",
            body = alerts::AlertEvent,
            content_type = "text/event-stream",
        ),
        problems::Read,
    ),
)]
pub(super) async fn events(
    _: NoQuery,
    _: Observer,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let last = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let after = match last {
        Some(after) => after,
        None => catalog.db.last_alert_history(1).await?.first().map_or(0, |past| past.id),
    };
    live::stream(&request, watch(catalog.db.clone(), after))
}

/// A stream of what becomes of alerts.
struct EventStream {
    db: Db,
    signals: Listener,
    after: i64,
    pending: VecDeque<Past>,
    sent: Instant,
}

fn watch(db: Db, after: i64) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    let signals = db.signals().listen(&[Topic::Alerts]);
    let watch = EventStream { db, signals, after, pending: VecDeque::new(), sent: Instant::now() };
    stream::try_unfold(watch, |mut watch| async move {
        loop {
            if let Some(past) = watch.pending.pop_front() {
                (watch.after, watch.sent) = (past.id, Instant::now());
                return Ok(Some((to_sse(past), watch)));
            }
            watch.pending = watch.db.alert_history(watch.after, LISTED).await?.into();
            if watch.pending.is_empty() {
                if watch.sent.elapsed() >= KEEP_ALIVE_EVERY {
                    watch.sent = Instant::now();
                    return Ok(Some((Bytes::from_static(b":\n\n"), watch)));
                }
                watch.signals.wait(POLL_EVERY).await;
            }
        }
    })
}

fn to_sse(past: Past) -> Bytes {
    let (id, kind) = (past.id, past.kind.clone());
    let data = to_json(&alerts::AlertEvent::from(past));
    // JSON has no line breaks outside of strings, and escapes them inside.
    let mut event = format!("id: {id}\nevent: {kind}\ndata: ").into_bytes();
    event.extend(data);
    event.extend(b"\n\n");
    Bytes::from(event)
}

fn name(request: &HttpRequest) -> Result<String, Error> {
    let name = segment(request, "alert");
    let rules = all_rules();
    rules.iter().find(|rule| rule.name == name).map(|rule| rule.name.to_owned()).ok_or(Error::NoSuchAlert)
}
