//! The progress of a spin that is being encoded, as far as it is public: an answer, or a stream of changes.

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
use tokio::time::Instant;

use crate::{
    domain::{names::ConfigId, product::Product},
    signals::{Listener, Topic},
};

use crate::http::{
    caching::{Caching, answer},
    catalog::Catalog,
    draining::Draining,
    problem::{At as _, Error, Failure},
    query,
    representation::JSON,
    scope::Scope,
    segment,
    wire::{
        parameters as param, problems,
        status::{Progress, Status},
        to_json,
    },
};

/// How often a stream reads the progress of ingests of other processes, and whether one has ended.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Proxies close streams that are silent for longer.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// The longest stream; clients reconnect by themselves.
const MAX_DURATION: Duration = Duration::from_mins(5);
/// Concurrent streams. A further client gets one event and reconnects.
const MAX_STREAMS: usize = 200;
/// How long clients wait before they reconnect.
const RETRY_MS: u32 = 3000;

static STREAMS: AtomicUsize = AtomicUsize::new(0);

/// Stage and progress while a spin is being encoded
///
/// JSON, or server-sent events (HTML standard, section 9.2) for clients that ask for those first.
#[utoipa::path(
    get,
    path = "/api/products/customizable/{configuration}/status",
    operation_id = "showStatus",
    tag = "Storefront",
    params(param::Configuration),
    responses(
        (status = 200, description = "The progress. A client that accepts `text/event-stream` gets an event at each \
                                      change, until the spin is ready or unavailable.",
            content((Progress = "application/json"), ("text/event-stream"))),
        (status = 204, description = "The spin is ready or unavailable, and the client with `Last-Event-ID` knows that."),
        problems::BadQuery,
        problems::Protected,
        problems::NoSpin,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn status(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let id: ConfigId = segment(&request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::configuration(&id);
    query::none(&request).at(&scope)?;
    let now = load(&catalog, &id).await.at(&scope)?;
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.trim_start().starts_with("text/event-stream") {
        let json = to_json(&now);
        return Ok(answer(StatusCode::OK, Caching::Private, &scope).content_type(JSON).body(json));
    }
    if now.is_over() && request.headers().contains_key("last-event-id") {
        // The client has had the last event; 204 stops it from reconnecting (HTML standard, section 9.2.3).
        return Ok(answer(StatusCode::NO_CONTENT, Caching::Private, &scope).finish());
    }
    Ok(answer(StatusCode::OK, Caching::Private, &scope)
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // nginx buffers answers unless this header forbids it.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(watch(catalog, request.app_data::<Data<Draining>>().cloned(), id, now)))
}

async fn load(catalog: &Catalog, id: &ConfigId) -> Result<Progress, Error> {
    if catalog.protected(id).await?.is_some() {
        return Err(Error::Protected);
    }
    // Before the product: an ingest ends after the pointer has moved.
    let progress = catalog.ingest_progress(id).await?;
    let product = catalog.product(&id.product()).await?;
    let product = product.as_ref().as_ref();
    let live = product.is_some_and(|product| product.spins.iter().any(|spin| spin.configuration == *id));
    let known = |product: &Product| {
        product
            .complete(&id.choices())
            .is_ok_and(|choices| product.config_id(&choices).is_ok_and(|own| own == *id))
    };
    let status = if live {
        Status::Ready
    } else if progress.is_some() {
        Status::Processing
    } else if product.is_some_and(known) {
        Status::Unavailable
    } else {
        return Err(Error::NoSpin(id.clone()));
    };
    let (stage, done, total) =
        progress.map_or((None, None, None), |at| (Some(at.stage), Some(at.done), Some(at.total)));
    Ok(Progress { config_id: id.clone(), status, stage, done, total })
}

/// One of the concurrent streams; the drop of the stream releases it.
struct Slot;

impl Slot {
    fn take() -> Option<Self> {
        let taken = STREAMS.fetch_add(1, Ordering::Relaxed);
        let slot = Self;
        (taken < MAX_STREAMS).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        STREAMS.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Watch {
    catalog: Data<Catalog>,
    draining: Option<Data<Draining>>,
    signals: Listener,
    slot: Option<Slot>,
    began: Instant,
    sent_at: Instant,
    number: u32,
    sent: Option<Progress>,
    next: Option<Progress>,
}

fn watch(
    catalog: Data<Catalog>,
    draining: Option<Data<Draining>>,
    id: ConfigId,
    now: Progress,
) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    let began = Instant::now();
    let slot = Slot::take();
    let signals = catalog.db.signals().listen(&[Topic::Progress, Topic::Pointers]);
    let sent_at = began;
    let watch =
        Watch { catalog, draining, signals, slot, began, sent_at, number: 0, sent: None, next: Some(now) };
    stream::try_unfold(watch, move |mut watch| {
        let id = id.clone();
        async move {
            loop {
                if let Some(next) = watch.next.take() {
                    watch.number += 1;
                    watch.sent_at = Instant::now();
                    let data = String::from_utf8(to_json(&next)).expect("JSON is UTF-8");
                    let event =
                        format!("retry: {RETRY_MS}\nid: {}\nevent: status\ndata: {data}\n\n", watch.number);
                    watch.sent = Some(next);
                    return Ok(Some((Bytes::from(event), watch)));
                }
                let is_over = watch.sent.as_ref().is_some_and(Progress::is_over);
                // A stream that goes on would hold the server back from its end.
                let is_draining = watch.draining.as_ref().is_some_and(|draining| draining.has_begun());
                if is_over || is_draining || watch.slot.is_none() || watch.began.elapsed() > MAX_DURATION {
                    return Ok(None);
                }
                watch.signals.wait(POLL_EVERY).await;
                let now = load(&watch.catalog, &id).await?;
                if watch.sent.as_ref() != Some(&now) {
                    watch.next = Some(now);
                } else if watch.sent_at.elapsed() >= KEEP_ALIVE_EVERY {
                    watch.sent_at = Instant::now();
                    return Ok(Some((Bytes::from_static(b":\n\n"), watch)));
                }
            }
        }
    })
}
