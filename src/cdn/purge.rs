//! Telling caches outside what changed.
//!
//! What is to be told stands in the database, one delivery for each cache. Every server tells what is due: one task a
//! cache, so that one that is down holds up none of the others.

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

mod asking;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    config::{BadTarget, Hardness, PurgeConfig, TargetKind},
    db::{
        Db, DbError, now_ms,
        purges::{Delivery, LeasedBatch, Setback},
    },
    domain::{policy::Policy, purge::Purge},
};

use self::{
    adapter::Adapter,
    asking::{Asker, Failure, FailureKind},
    message::Message,
};

/// How soon what another process has written down is seen.
const POLL: Duration = Duration::from_secs(1);
/// How long a batch is this process's alone, and how long telling it may take: in between, nobody else does.
const LEASE: Duration = Duration::from_mins(1);
const TELL_AT_MOST: Duration = Duration::from_secs(50);
/// How soon somebody who refused is asked again: a person has to act first.
const FORBIDDEN_WAIT: Duration = Duration::from_mins(5);
const REFUSED_WAIT: Duration = Duration::from_mins(1);
/// How soon whoever waits for an outcome looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a process that ends waits for what it is telling.
const END_WITHIN: Duration = Duration::from_secs(5);

/// Lets go of what a process knows from before a change.
type Forget = dyn Fn() + Send + Sync;

/// All caches of the config.
pub struct Purger {
    db: Db,
    policy: Policy,
    avif: bool,
    is_soft: bool,
    caches: Vec<Arc<Cache>>,
    names: Vec<String>,
    asker: Asker,
    wake: watch::Sender<()>,
}

struct Cache {
    name: String,
    kind: TargetKind,
    adapter: Adapter,
}

impl fmt::Debug for Purger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.names).finish()
    }
}

/// The tasks that tell, one a cache.
#[derive(Debug)]
pub struct Telling {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What became of a purge at one cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The cache's name.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// What became of it.
    pub state: ToldState,
}

/// How far a purge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldState {
    /// The cache has heard of it.
    Purged,
    /// It has not, and is told again.
    Pending {
        /// Why not, if it was tried.
        error: Option<String>,
        /// When it is tried next, in milliseconds since 1970-01-01 UTC.
        next_at_ms: i64,
    },
    /// It was given up.
    Failed {
        /// Why.
        error: Option<String>,
    },
    /// The cache knows addresses alone, and only tags were named.
    Skipped,
}

impl ToldState {
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
            // What was heard is told again, for what may be under way.
            None => Self::Purged,
        }
    }
}

/// How often a purge has to be heard for somebody who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Once: this process answers from nothing old any more.
    Once,
    /// Again when servers elsewhere have let go of what was before.
    Everywhere,
}

impl Purger {
    /// Reads tokens and credentials. Nobody is asked yet.
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
        let no_client =
            |error: reqwest::Error| BadTarget { name: "all".to_owned(), problem: error.to_string() };
        let asker = Asker::new().map_err(no_client)?;
        let is_soft = settings.publish == Hardness::Soft;
        let (policy, wake) = (policy.clone(), watch::Sender::new(()));
        let names = settings.targets.iter().map(|target| target.name.clone()).collect();
        Ok(Self { db, policy, avif, is_soft, caches, names, asker, wake })
    }

    /// Whether there is nobody to tell.
    pub const fn is_idle(&self) -> bool {
        self.caches.is_empty()
    }

    /// The names of all caches, and what they are.
    pub fn caches(&self) -> impl Iterator<Item = (&str, TargetKind)> {
        self.caches.iter().map(|cache| (cache.name.as_str(), cache.kind))
    }

    /// Tells what is due until it is ended. Before each time, `forget` lets go of what this process knows from before:
    /// a cache that has let go asks again at once.
    pub fn start(self: &Arc<Self>, forget: impl Fn() + Send + Sync + 'static) -> Telling {
        let (forget, stop): (Arc<Forget>, _) = (Arc::new(forget), watch::Sender::new(false));
        let mut tasks = JoinSet::new();
        for cache in &self.caches {
            let (purger, cache) = (self.clone(), cache.clone());
            let (forget, stopped) = (forget.clone(), stop.subscribe());
            tasks.spawn(async move { purger.keep_telling(&cache, &*forget, stopped).await });
        }
        Telling { stop, tasks }
    }

    async fn keep_telling(&self, cache: &Cache, forget: &Forget, mut stopped: watch::Receiver<bool>) {
        let mut woken = self.wake.subscribe();
        while !*stopped.borrow_and_update() {
            match self.tell_due(cache, forget).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(target = cache.name, %error, "purges cannot be read"),
            }
            tokio::select! {
                _ = woken.changed() => {}
                _ = stopped.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Tells one batch of what is due. Answers whether there was any.
    async fn tell_due(&self, cache: &Cache, forget: &Forget) -> Result<bool, DbError> {
        self.db.hand_out_purges(&self.names, self.is_soft).await?;
        let Some(batch) = self.db.claim_purges(&cache.name, LEASE.as_millis() as i64).await? else {
            return Ok(false);
        };
        forget();
        let told_at_ms = now_ms();
        let told = tokio::time::timeout(TELL_AT_MOST, self.tell(cache, &batch)).await;
        match told.unwrap_or_else(|_elapsed| Ok(Err(too_slow())))? {
            Ok(()) => {
                tracing::info!(
                    target = cache.name,
                    tags = batch.purge.tags.len(),
                    soft = batch.soft,
                    "purged"
                );
                self.db.heard_purges(&batch, told_at_ms).await?;
            }
            Err(failure) => self.set_back(cache, &batch, &failure).await?,
        }
        Ok(true)
    }

    async fn tell(&self, cache: &Cache, batch: &LeasedBatch) -> Result<Result<(), Failure>, DbError> {
        let message = Message::build(&batch.purge, &self.db, &self.policy, self.avif).await?;
        let message = Message { key: batch.key.clone(), soft: batch.soft, ..message };
        Ok(cache.adapter.tell(&self.asker, &message).await)
    }

    async fn set_back(&self, cache: &Cache, batch: &LeasedBatch, failure: &Failure) -> Result<(), DbError> {
        let (pause, wait) = match failure.kind {
            FailureKind::Away => (None, Duration::ZERO),
            FailureKind::Busy(pause) => (pause, Duration::ZERO),
            FailureKind::Forbidden => (None, FORBIDDEN_WAIT),
            FailureKind::Refused => (None, REFUSED_WAIT),
        };
        let name = &cache.name;
        match failure.kind {
            FailureKind::Forbidden | FailureKind::Refused => {
                tracing::error!(target = name, error = %failure, "a purge was refused");
            }
            FailureKind::Away | FailureKind::Busy(_) => {
                tracing::warn!(target = name, error = %failure, "a purge was not heard, and is told again");
            }
        }
        let setback = Setback {
            error: failure.to_string(),
            pause_ms: pause.map(|pause| pause.as_millis() as i64),
            wait_ms: wait.as_millis() as i64,
            is_refused: failure.kind == FailureKind::Refused,
        };
        for subject in self.db.set_back_purges(name, batch, &setback).await? {
            tracing::error!(target = name, subject, error = %failure, "a purge was given up");
        }
        Ok(())
    }

    /// Waits until these purges were tried everywhere, and no longer than `patience`; then says what became of them.
    /// Somebody has to be telling meanwhile.
    pub async fn settle(
        &self,
        purges: &[i64],
        what: Option<&Purge>,
        heard: Heard,
        patience: Duration,
    ) -> Result<Vec<Told>, DbError> {
        if self.is_idle() {
            return Ok(Vec::new());
        }
        self.wake.send_replace(());
        let until = Instant::now() + patience;
        let rounds = if heard == Heard::Once { 1 } else { 2 };
        let is_tried = |open: &Delivery| open.failed || open.attempts > 0 || open.round >= rounds;
        let open = loop {
            let waiting = self.db.is_to_hand_out(purges).await?;
            let open = self.db.deliveries_of(purges).await?;
            if (!waiting && open.iter().all(is_tried)) || Instant::now() > until {
                break open;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let told = self.caches.iter().map(|cache| {
            let of_it: Vec<&Delivery> = open.iter().filter(|open| open.target == cache.name).collect();
            let state = if what.is_some_and(Purge::is_tags_alone) && !cache.adapter.knows_tags() {
                ToldState::Skipped
            } else {
                ToldState::of(&of_it)
            };
            Told { name: cache.name.clone(), kind: cache.kind, state }
        });
        Ok(told.collect())
    }

    /// The same for a process that tells nothing otherwise.
    pub async fn deliver(
        self: &Arc<Self>,
        purges: &[i64],
        what: Option<&Purge>,
        heard: Heard,
        patience: Duration,
    ) -> Result<Vec<Told>, DbError> {
        let telling = self.start(|| {});
        let told = self.settle(purges, what, heard, patience).await;
        telling.end().await;
        told
    }
}

impl Telling {
    /// Lets the tasks finish what they are at, for a while.
    pub async fn end(mut self) {
        self.stop.send_replace(true);
        let ended = async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "whoever tells a cache what changed died");
                }
            }
        };
        // What is under way then ends with the tasks, and is told again when its lease is over.
        let _ = tokio::time::timeout(END_WITHIN, ended).await;
    }
}

fn too_slow() -> Failure {
    Failure::new(FailureKind::Away, format!("it took more than {} s", TELL_AT_MOST.as_secs()))
}

#[cfg(test)]
mod tests;
