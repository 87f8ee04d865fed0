//! Purges: the caches outside drop what changed.
//!
//! The transaction that moves a live pointer writes a purge beside it: the tags of configuration and product, and both by
//! name, because caches without tags get addresses. A take-down writes another purge with every object that it deletes.
//!
//! Every server has one task for each configured cache, so that a cache that is down delays no other. A task turns new
//! purges into one delivery for its cache, leases the deliveries that are due, and sends them as one: tags and addresses
//! are united and split by the service's limits, hard and soft apart. An acknowledged delivery is done. Any other is
//! retried after 1, 2, 4, ... seconds up to an hour, with jitter, and joins the next request to that cache before that.
//! `Retry-After` holds for every server. A rejected purge is retried on its own, so that one bad tag delays no others; a
//! rejected token is retried every five minutes. A process that dies loses its lease after a minute, and another sends the
//! delivery again: purges may be sent twice and are never lost. After three days a delivery is given up, and stays in the
//! list for a month. Without any cache in the settings, purges wait a day for one and are deleted.
//!
//! A change is sent three times: at once, after 1.5 s and after 6.5 s. Before each time the process evicts its own
//! pointers, by raising an epoch in their keys, so that a load under way ends where no request finds it. The second time is
//! for the other servers, which may hold the old pointer for a second; the third for answers that were under way. A
//! publish over HTTP answers after the first time, the command line after the second.

mod adapter;
mod message;

mod akamai;
mod cloudflare;
#[cfg(feature = "cloud")]
mod cloudfront;
#[cfg(not(feature = "cloud"))]
#[path = "purge/no_cloudfront.rs"]
mod cloudfront;
mod fastly;
mod nginx;
mod varnish;
mod webhook;

pub(crate) mod client;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use metrics::{SharedString, histogram};

use crate::{
    background::{Background, Task},
    config::{BadTarget, Hardness, PurgeConfig, TargetKind},
    db::{
        Db, DbError,
        purges::{Delivery, LeasedBatch, Retry},
    },
    domain::{policy::Policy, purge::Purge, trace::TraceContext},
    signals::Topic,
    traces::{Span, Work},
};

use self::{
    adapter::Adapter,
    client::{Client, SendError, SendErrorKind},
    message::Message,
};

/// How often the database is read for purges of other processes.
const POLL: Duration = Duration::from_secs(1);
/// How long a batch is this process's alone, and how long sending it may take: in between, no process sends it.
const LEASE: Duration = Duration::from_mins(1);
const SEND_WITHIN: Duration = Duration::from_secs(50);
/// How soon a purge that a service forbade or rejected is sent again: an operator has to act first.
const FORBIDDEN_WAIT: Duration = Duration::from_mins(5);
const REJECTED_WAIT: Duration = Duration::from_mins(1);
/// How often the database is read for deliveries by other processes while a caller waits for them.
const DELIVERY_POLL: Duration = Duration::from_millis(100);
/// Traces in which a request to a cache shows, at most.
const MOST_SPANS: usize = 16;
/// How long a process that stops goes on with a delivery under way.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Evicts what this process has cached from before a change.
type Evict = dyn Fn() + Send + Sync;

/// All caches of the config.
pub struct Purger {
    db: Db,
    policy: Policy,
    avif: bool,
    is_soft: bool,
    caches: Vec<Arc<Cache>>,
    names: Vec<String>,
    client: Client,
}

struct Cache {
    name: String,
    kind: TargetKind,
    adapter: Adapter,
}

impl Cache {
    fn measure(&self, sent: &Result<(), SendError>, took: Duration, spans: &mut [Span]) {
        let outcome = sent.as_ref().map_or_else(|error| error.kind.as_str(), |()| "acknowledged");
        for span in spans {
            span.text("girasol.purge.cache", &self.name);
            span.text("girasol.purge.outcome", outcome);
            if sent.is_err() {
                span.fail();
            }
        }
        let labels = [("cache", self.name.clone().into()), ("outcome", SharedString::from(outcome))];
        histogram!("girasol_purge_request_duration_seconds", &labels).record(took.as_secs_f64());
    }
}

impl fmt::Debug for Purger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.names).finish()
    }
}

/// What became of a purge at one cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The cache's name.
    pub name: String,
    /// Its protocol.
    pub kind: TargetKind,
    /// How far the purge is there.
    pub state: OutcomeState,
}

/// How far a purge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutcomeState {
    /// The cache has acknowledged it.
    Purged,
    /// It has not, and the purge is sent again.
    Pending {
        /// Why not, if it was tried.
        error: Option<String>,
        /// When it is sent next, in milliseconds since 1970-01-01 UTC.
        next_at_ms: i64,
    },
    /// The purge is not sent any more.
    Failed {
        /// Why.
        error: Option<String>,
    },
    /// The cache knows addresses alone, and the purge names tags alone.
    Skipped,
}

impl OutcomeState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Purged => "purged",
            Self::Pending { .. } => "pending",
            Self::Failed { .. } => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Why it is not purged.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Pending { error, .. } | Self::Failed { error } => error.as_deref(),
            Self::Purged | Self::Skipped => None,
        }
    }

    fn of(open: &[&Delivery]) -> Self {
        if let Some(failed) = open.iter().find(|delivery| delivery.failed) {
            return Self::Failed { error: failed.error.clone() };
        }
        match open.iter().find(|delivery| delivery.attempts > 0 || delivery.round == 0) {
            Some(open) => Self::Pending { error: open.error.clone(), next_at_ms: open.next_at_ms },
            // An acknowledged purge is sent again, for responses that were under way.
            None => Self::Purged,
        }
    }
}

/// How many rounds of a purge a caller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounds {
    /// The first: this process answers from the new state.
    First,
    /// The second too: every server does.
    Second,
}

impl Purger {
    /// Reads tokens and credentials. No request is sent yet.
    pub async fn open(
        db: Db,
        settings: &PurgeConfig,
        policy: &Policy,
        avif: bool,
    ) -> Result<Self, BadTarget> {
        let mut caches = Vec::new();
        for target in &settings.targets {
            let adapter = Adapter::open(target).await?;
            caches.push(Arc::new(Cache { name: target.name.clone(), kind: target.kind, adapter }));
        }
        let no_client = |error: reqwest::Error| BadTarget::of_purges("all", error.to_string());
        let client = Client::new().map_err(no_client)?;
        let is_soft = settings.publish == Hardness::Soft;
        let names = settings.targets.iter().map(|target| target.name.clone()).collect();
        Ok(Self { db, policy: policy.clone(), avif, is_soft, caches, names, client })
    }

    /// Whether no cache is configured.
    pub const fn is_idle(&self) -> bool {
        self.caches.is_empty()
    }

    /// The names of all caches, and their protocols.
    pub fn caches(&self) -> impl Iterator<Item = (&str, TargetKind)> {
        self.caches.iter().map(|cache| (cache.name.as_str(), cache.kind))
    }

    /// Starts a task for each cache that sends what is due. Before each batch it calls `evict`: a cache that has purged
    /// asks again at once, and must not get what this process cached before the change.
    pub fn start(self: &Arc<Self>, background: &mut Background, evict: impl Fn() + Send + Sync + 'static) {
        let evict: Arc<Evict> = Arc::new(evict);
        for cache in &self.caches {
            let (purger, cache, evict) = (self.clone(), cache.clone(), evict.clone());
            background.run("deliver_purges", move |task| {
                let (purger, cache, evict) = (purger.clone(), cache.clone(), evict.clone());
                async move { purger.deliver_to(&cache, &*evict, task).await }
            });
        }
    }

    async fn deliver_to(&self, cache: &Cache, evict: &Evict, mut task: Task) {
        let mut signals = self.db.signals().listen(&[Topic::Purges]);
        let mut last_moments = task.clone();
        let deadline = async move {
            last_moments.stopping().await;
            tokio::time::sleep(STOP_WITHIN).await;
        };
        tokio::pin!(deadline);
        while !task.is_stopping() {
            let delivered = tokio::select! {
                delivered = self.deliver_due(cache, evict) => delivered,
                // The lease of the batch runs out, and another process sends it again.
                () = &mut deadline => return,
            };
            match delivered {
                Ok(true) => task.succeeded(),
                Ok(false) => {
                    task.succeeded();
                    tokio::select! {
                        () = signals.wait(POLL) => {}
                        () = task.stopping() => {}
                    }
                }
                Err(error) => {
                    tracing::warn!(target = cache.name, %error, "purges cannot be read");
                    tokio::select! {
                        () = tokio::time::sleep(POLL) => {}
                        () = task.stopping() => {}
                    }
                }
            }
        }
    }

    /// Sends one batch of what is due. Answers whether there was any.
    async fn deliver_due(&self, cache: &Cache, evict: &Evict) -> Result<bool, DbError> {
        self.db.create_deliveries(&self.names, self.is_soft).await?;
        let Some(batch) = self.db.claim_purges(&cache.name, LEASE.as_millis() as i64).await? else {
            return Ok(false);
        };
        evict();
        let (sent_at_ms, began) = (self.db.now_ms(), Instant::now());
        let mut spans = spans_of(&batch);
        let work = spans.first().and_then(Span::work);
        let work = work.unwrap_or_else(|| Work::new(batch.traces.first().map(|trace| trace.unsampled())));
        let sent = work.run(tokio::time::timeout(SEND_WITHIN, self.send(cache, &batch))).await;
        let sent = sent.unwrap_or_else(|_elapsed| Ok(Err(too_slow())))?;
        cache.measure(&sent, began.elapsed(), &mut spans);
        drop(spans);
        match sent {
            Ok(()) => {
                tracing::info!(
                    target = cache.name,
                    tags = batch.purge.tags.len(),
                    soft = batch.soft,
                    "purged"
                );
                self.db.acknowledge_purges(&batch, sent_at_ms).await?;
            }
            Err(error) => self.retry(cache, &batch, &error).await?,
        }
        self.db.signals().send(Topic::Deliveries);
        Ok(true)
    }

    async fn send(&self, cache: &Cache, batch: &LeasedBatch) -> Result<Result<(), SendError>, DbError> {
        let message = Message::build(&batch.purge, &self.db, &self.policy, self.avif).await?;
        let message = Message { key: batch.key.clone(), soft: batch.soft, ..message };
        Ok(cache.adapter.send(&self.client, &message).await)
    }

    /// Notes when the batch is sent again, or that it is not.
    async fn retry(&self, cache: &Cache, batch: &LeasedBatch, error: &SendError) -> Result<(), DbError> {
        let (pause, wait) = match error.kind {
            SendErrorKind::Unreachable => (None, Duration::ZERO),
            SendErrorKind::Busy(pause) => (pause, Duration::ZERO),
            SendErrorKind::Forbidden => (None, FORBIDDEN_WAIT),
            SendErrorKind::Rejected => (None, REJECTED_WAIT),
        };
        let name = &cache.name;
        match error.kind {
            SendErrorKind::Forbidden | SendErrorKind::Rejected => {
                tracing::error!(target = name, %error, "a purge was rejected");
            }
            SendErrorKind::Unreachable | SendErrorKind::Busy(_) => {
                tracing::warn!(target = name, %error, "a purge was not acknowledged and is sent again");
            }
        }
        let retry = Retry {
            error: error.to_string(),
            pause_ms: pause.map(|pause| pause.as_millis() as i64),
            wait_ms: wait.as_millis() as i64,
            is_refused: error.kind == SendErrorKind::Rejected,
        };
        for subject in self.db.retry_purges(name, batch, &retry).await? {
            tracing::error!(target = name, subject, %error, "a purge was sent for days and is given up");
        }
        Ok(())
    }

    /// Waits until these purges were sent everywhere, and no longer than `patience`; then says what became of them.
    /// A process has to deliver meanwhile: this one after [`Self::start`], or another one.
    pub async fn wait_until_delivered(
        &self,
        purges: &[i64],
        what: Option<&Purge>,
        rounds: Rounds,
        patience: Duration,
    ) -> Result<Vec<Outcome>, DbError> {
        if self.is_idle() {
            return Ok(Vec::new());
        }
        let mut signals = self.db.signals().listen(&[Topic::Deliveries]);
        self.db.signals().send(Topic::Purges);
        let until = Instant::now() + patience;
        let rounds = if rounds == Rounds::First { 1 } else { 2 };
        let is_sent = |open: &Delivery| open.failed || open.attempts > 0 || open.round >= rounds;
        let open = loop {
            let waiting = self.db.is_to_hand_out(purges).await?;
            let open = self.db.deliveries_of(purges).await?;
            if (!waiting && open.iter().all(is_sent)) || Instant::now() > until {
                break open;
            }
            signals.wait(DELIVERY_POLL).await;
        };
        let outcomes = self.caches.iter().map(|cache| {
            let of_it: Vec<&Delivery> = open.iter().filter(|open| open.target == cache.name).collect();
            let state = if what.is_some_and(Purge::is_tags_alone) && !cache.adapter.knows_tags() {
                OutcomeState::Skipped
            } else {
                OutcomeState::of(&of_it)
            };
            Outcome { name: cache.name.clone(), kind: cache.kind, state }
        });
        Ok(outcomes.collect())
    }

    /// Sends these purges and waits for them, in a process that has no tasks for it.
    pub async fn deliver(
        self: &Arc<Self>,
        purges: &[i64],
        what: Option<&Purge>,
        rounds: Rounds,
        patience: Duration,
    ) -> Result<Vec<Outcome>, DbError> {
        let mut background = Background::default();
        self.start(&mut background, || {});
        let outcomes = self.wait_until_delivered(purges, what, rounds, patience).await;
        background.stop(2 * STOP_WITHIN).await;
        outcomes
    }
}

/// A span in each trace that a purge of the batch was caused in, of a few. The request to the cache is part of the first.
fn spans_of(batch: &LeasedBatch) -> Vec<Span> {
    let mut traces: Vec<TraceContext> =
        batch.traces.iter().copied().filter(|trace| trace.is_sampled).collect();
    traces.dedup();
    traces.into_iter().take(MOST_SPANS).map(|trace| Span::continuing("purge", Some(trace))).collect()
}

fn too_slow() -> SendError {
    SendError::new(SendErrorKind::Unreachable, format!("it took more than {} s", SEND_WITHIN.as_secs()))
}

#[cfg(test)]
mod tests;
