//! The exporter: spans wait in a bounded queue, and a task sends them in batches (OTLP 1, HTTP with protobuf).
//!
//! No request ever waits for it. What the queue has no room for is dropped, and a batch that the collector does not take is not
//! sent again; both are counted.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use metrics::{Counter, counter};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{InstrumentationScope, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span as Message},
};
use prost::Message as _;
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    redirect::Policy,
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::{message::attribute, sampler::Sampler};

/// Spans that wait, at most. Each has a few attributes: together they take some megabytes.
const QUEUE: usize = 8192;
/// Spans of one request.
const BATCH: usize = 512;
/// How long the first span of a batch waits for the others.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// How long the exporter waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of a response that are read.
const ANSWER_MAX_BYTES: usize = 64 << 10;
/// Where a collector takes traces, on its own address (OTLP 1, section "OTLP/HTTP").
const PATH: &str = "/v1/traces";

static ON: OnceLock<On> = OnceLock::new();

struct On {
    sampler: Sampler,
    queue: mpsc::Sender<Message>,
    dropped: Counter,
}

/// Where traces go, and which.
#[derive(Debug)]
pub struct Settings {
    /// The collector's address. Without a path, that of OTLP is added.
    pub endpoint: Url,
    /// What `Authorization` says to it.
    pub authorization: Option<HeaderValue>,
    /// How long it may take to answer.
    pub timeout: Duration,
    /// The name of this service in traces.
    pub service: String,
    /// Which requests are recorded.
    pub sampler: Sampler,
}

/// The exporter cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("the exporter of traces cannot be started")]
pub struct StartError(#[from] reqwest::Error);

/// The task that sends spans.
#[derive(Debug)]
pub struct Exporter {
    stopping: Arc<Notify>,
    task: JoinHandle<()>,
}

/// Whether this process exports traces.
pub fn is_on() -> bool {
    ON.get().is_some()
}

/// What decides which requests this process records; `None` where it exports nothing.
pub fn sampler() -> Option<&'static Sampler> {
    ON.get().map(|on| &on.sampler)
}

/// Queues a span that has ended, or drops it.
pub(super) fn send(span: Message) {
    if let Some(on) = ON.get()
        && on.queue.try_send(span).is_err()
    {
        on.dropped.increment(1);
    }
}

/// Counts a span that is not made.
pub(super) fn dropped() {
    if let Some(on) = ON.get() {
        on.dropped.increment(1);
    }
}

/// From now on this process exports traces. Where it does so already, the first exporter stays, and this one has nothing to do.
pub fn start(settings: Settings) -> Result<Exporter, StartError> {
    let Settings { mut endpoint, authorization, timeout, service, sampler } = settings;
    if endpoint.path() == "/" {
        endpoint.set_path(PATH);
    }
    // It follows neither redirects nor the environment's proxies: both would get the token.
    let client = Client::builder()
        .timeout(timeout)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("girasol/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let (queue, spans) = mpsc::channel(QUEUE);
    let counted = |outcome: &'static str| counter!("girasol_trace_spans_total", "outcome" => outcome);
    let sending = Sending {
        client,
        endpoint,
        authorization,
        resource: resource(service),
        sent: counted("sent"),
        rejected: counted("rejected"),
        failed: counted("failed"),
        is_away: false,
    };
    let _ = ON.set(On { sampler, queue, dropped: counted("dropped") });
    let stopping = Arc::new(Notify::new());
    let task = tokio::spawn(sending.run(spans, stopping.clone()));
    Ok(Exporter { stopping, task })
}

impl Exporter {
    /// Sends what waits, and no longer than this; what is left then is lost.
    pub async fn flush(self, within: Duration) {
        let Self { stopping, mut task } = self;
        stopping.notify_one();
        if timeout(within, &mut task).await.is_err() {
            tracing::warn!("the last spans could not be sent in time");
            task.abort();
        }
    }
}

/// What every span of this process has in common.
fn resource(service: String) -> Resource {
    let text = |key, text: String| attribute(key, Value::StringValue(text));
    let mut attributes = vec![
        text("service.name", service),
        text("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        attribute("process.pid", Value::IntValue(std::process::id().into())),
    ];
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    attributes.extend(name.ok().map(|name| text("host.name", name.trim().to_owned())));
    Resource { attributes, ..Resource::default() }
}

/// How the collector answered.
struct Answered {
    rejected: u64,
}

/// Why it did not take a batch; names no address, which may hold a token.
struct NotTaken(String);

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<reqwest::Error> for NotTaken {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self(text)
    }
}

struct Sending {
    client: Client,
    endpoint: Url,
    authorization: Option<HeaderValue>,
    resource: Resource,
    sent: Counter,
    rejected: Counter,
    failed: Counter,
    is_away: bool,
}

impl Sending {
    async fn run(mut self, mut spans: mpsc::Receiver<Message>, stopping: Arc<Notify>) {
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            tokio::select! {
                received = spans.recv_many(&mut batch, BATCH) => if received == 0 { return },
                () = stopping.notified() => break,
            }
            let until = Instant::now() + BATCH_WAIT;
            let filled = async {
                while batch.len() < BATCH {
                    let room = BATCH - batch.len();
                    match timeout_at(until, spans.recv_many(&mut batch, room)).await {
                        Ok(received) if received > 0 => {}
                        Ok(_) | Err(_) => break,
                    }
                }
            };
            let is_stopping = tokio::select! {
                () = filled => false,
                () = stopping.notified() => true,
            };
            self.send(batch).await;
            if is_stopping {
                break;
            }
        }
        spans.close();
        loop {
            let mut batch = Vec::with_capacity(BATCH);
            if spans.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
            self.send(batch).await;
        }
    }

    async fn send(&mut self, batch: Vec<Message>) {
        let spans = batch.len() as u64;
        match self.ask(batch).await {
            Ok(Answered { rejected }) => {
                self.sent.increment(spans.saturating_sub(rejected));
                self.rejected.increment(rejected.min(spans));
                if std::mem::take(&mut self.is_away) {
                    tracing::info!("the collector takes traces again");
                }
            }
            Err(why) => {
                self.failed.increment(spans);
                if !std::mem::replace(&mut self.is_away, true) {
                    tracing::warn!(%why, "the collector takes no traces");
                }
            }
        }
    }

    async fn ask(&self, batch: Vec<Message>) -> Result<Answered, NotTaken> {
        let scope = InstrumentationScope {
            name: "girasol".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let scope_spans = ScopeSpans { scope: Some(scope), spans: batch, schema_url: String::new() };
        let resource_spans = ResourceSpans {
            resource: Some(self.resource.clone()),
            scope_spans: vec![scope_spans],
            schema_url: String::new(),
        };
        let body = ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec();
        let mut request = self.client.post(self.endpoint.clone()).body(body);
        request = request.header(CONTENT_TYPE, "application/x-protobuf");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let mut response = request.send().await?;
        if !response.status().is_success() {
            return Err(NotTaken(format!("the response is {}", response.status())));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            answer.extend_from_slice(&chunk);
            if answer.len() > ANSWER_MAX_BYTES {
                return Ok(Answered { rejected: 0 });
            }
        }
        // A collector may say that it takes a part alone.
        let partial = ExportTraceServiceResponse::decode(answer.as_slice()).ok();
        let partial = partial.and_then(|answer| answer.partial_success);
        let rejected = partial.map_or(0, |partial| partial.rejected_spans);
        Ok(Answered { rejected: u64::try_from(rejected).unwrap_or(0) })
    }
}
