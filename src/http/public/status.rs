//! What the public may know of a spin under way: its stage and how far it is, asked for or told as it changes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
    },
    web::{Bytes, Data},
};
use futures_util::stream;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::domain::{names::ConfigId, product::Product};

use crate::http::{
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{At as _, Error, Failure},
    query,
    representation::JSON,
    scope::Scope,
    segment,
    wire::to_json,
};

/// How often a stream looks for news.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Proxies close streams that are silent for longer.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_secs(15);
/// How long a stream lasts at most; whoever watches comes back by itself.
const LASTS: Duration = Duration::from_mins(5);
/// Streams at once. Whoever comes later is told once, and comes back.
const MAX_STREAMS: usize = 200;
/// After how many milliseconds watchers come back.
const RETRY_MS: u32 = 3000;

static STREAMS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    config_id: ConfigId,
    status: &'static str,
    stage: Option<String>,
    done: Option<i64>,
    total: Option<i64>,
}

impl StatusAnswer {
    fn is_over(&self) -> bool {
        self.status != "processing"
    }
}

/// `GET /api/products/customizable/{configId}/status`: JSON; or server-sent events (HTML standard, 9.2) for whoever
/// accepts nothing else, until it is over.
pub(crate) async fn status(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let id: ConfigId = segment(&request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::configuration(&id);
    query::none(&request).at(&scope)?;
    let now = look(&catalog, &id).await.at(&scope)?;
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.trim_start().starts_with("text/event-stream") {
        let json = to_json(&now);
        return Ok(answer(StatusCode::OK, Caching::Private, &scope).content_type(JSON).body(json));
    }
    if now.is_over() && request.headers().contains_key("last-event-id") {
        // Whoever comes back has heard of it: so they stay away (HTML standard, 9.2.3).
        return Ok(answer(StatusCode::NO_CONTENT, Caching::Private, &scope).finish());
    }
    Ok(answer(StatusCode::OK, Caching::Private, &scope)
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // nginx would collect what it can before it sends it on.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(watch(catalog, id, now)))
}

async fn look(catalog: &Catalog, id: &ConfigId) -> Result<StatusAnswer, Error> {
    if catalog.protected(id).await?.is_some() {
        return Err(Error::Protected);
    }
    let product = catalog.product(&id.product()).await?;
    let product = product.as_ref().as_ref();
    let live = product.is_some_and(|product| product.spins.iter().any(|spin| spin.configuration == *id));
    let progress = catalog.db.ingest_progress(id).await?;
    let known = |product: &Product| {
        product
            .complete(&id.choices())
            .is_ok_and(|choices| product.config_id(&choices).is_ok_and(|own| own == *id))
    };
    let status = if live {
        "ready"
    } else if progress.is_some() {
        "processing"
    } else if product.is_some_and(known) {
        "unavailable"
    } else {
        return Err(Error::NoSpin(id.clone()));
    };
    let (stage, done, total) =
        progress.map_or((None, None, None), |at| (Some(at.stage), Some(at.done), Some(at.total)));
    Ok(StatusAnswer { config_id: id.clone(), status, stage, done, total })
}

/// A place among the streams; given back when the stream is dropped.
struct Seat;

impl Seat {
    fn take() -> Option<Self> {
        let taken = STREAMS.fetch_add(1, Ordering::Relaxed);
        // Dropped at once where there is none.
        let seat = Self;
        (taken < MAX_STREAMS).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Watch {
    catalog: Data<Catalog>,
    seat: Option<Seat>,
    began: Instant,
    spoke: Instant,
    number: u32,
    told: Option<StatusAnswer>,
    next: Option<StatusAnswer>,
}

fn watch(
    catalog: Data<Catalog>,
    id: ConfigId,
    now: StatusAnswer,
) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    let began = Instant::now();
    let seat = Seat::take();
    let watch = Watch { catalog, seat, began, spoke: began, number: 0, told: None, next: Some(now) };
    stream::try_unfold(watch, move |mut watch| {
        let id = id.clone();
        async move {
            loop {
                if let Some(next) = watch.next.take() {
                    watch.number += 1;
                    watch.spoke = Instant::now();
                    let data = String::from_utf8(to_json(&next)).unwrap_or_default();
                    let event =
                        format!("retry: {RETRY_MS}\nid: {}\nevent: status\ndata: {data}\n\n", watch.number);
                    watch.told = Some(next);
                    return Ok(Some((Bytes::from(event), watch)));
                }
                let is_over = watch.told.as_ref().is_some_and(StatusAnswer::is_over);
                if is_over || watch.seat.is_none() || watch.began.elapsed() > LASTS {
                    return Ok(None);
                }
                sleep(LOOK_EVERY).await;
                let now = look(&watch.catalog, &id).await?;
                if watch.told.as_ref() != Some(&now) {
                    watch.next = Some(now);
                } else if watch.spoke.elapsed() >= SIGN_OF_LIFE_EVERY {
                    watch.spoke = Instant::now();
                    return Ok(Some((Bytes::from_static(b":\n\n"), watch)));
                }
            }
        }
    })
}
