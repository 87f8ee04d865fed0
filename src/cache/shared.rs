//! A second level of the cache, which servers share: what one of them has made, the others need not make again.
//!
//! Nothing depends on it. A key names everything that its value depends on, so that no entry is ever out of date, none is
//! invalidated, and a value that arrives late stands under a key that no request asks for; entries end by themselves. Each
//! value is sealed over its key with a secret of the installation: half a value, or one that another program wrote there, is
//! a miss. While the server is slow, full or away, a question costs `timeout` at most, and after one without an answer a
//! single question a second is asked, so that everything else comes from the next level at its usual speed. The same holds
//! for what it refuses: a server that stores nothing, for it is full or a replica, is still asked for what it has.

mod failure;
mod gate;
#[cfg(not(feature = "cloud"))]
#[path = "shared/no_redis.rs"]
mod redis;
#[cfg(feature = "cloud")]
mod redis;
mod seal;
#[cfg(feature = "cloud")]
#[cfg(test)]
mod tests;
mod waits;

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use crate::{
    domain::keys::hex,
    traces::{self, Part},
};

use self::{failure::Failed, gate::Gate, redis::Redis, seal::Seal, waits::Waits};

use super::levels::{Level, Requests};

/// How long an entry stays.
const LIFETIME: Duration = Duration::from_mins(15);
/// How long a server has to make a value before another one makes it too.
const TURN: Duration = Duration::from_secs(2);
/// How long a server waits for a value that another one makes.
const PATIENCE: Duration = Duration::from_millis(300);
/// The pause between two looks for it, at first.
const PAUSE: Duration = Duration::from_millis(5);
/// A larger value costs more to carry than to make.
const MAX_BYTES: usize = 1 << 20;

/// The address of a server is none.
#[derive(Debug, thiserror::Error)]
#[error("cache.redis: {0}")]
pub struct BadAddress(String);

/// Why the server is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It answers that it does not do what is asked.
    #[error("{0}")]
    Refused(&'static str),
    /// It does not answer.
    #[error("no answer comes")]
    Away,
}

/// One kind of value.
#[derive(Debug, Clone)]
pub struct Kind {
    name: &'static str,
    requests: Requests,
}

impl Kind {
    /// Keys of different kinds are different.
    pub fn of(name: &'static str) -> Self {
        Self { name, requests: Requests::of(Level::Redis, name) }
    }
}

/// A value that servers can send each other.
pub trait Portable: Sized {
    /// The value as bytes.
    fn pack(&self) -> Vec<u8>;

    /// The value of these bytes; `None` if another version of the program has packed them.
    fn unpack(bytes: &[u8]) -> Option<Self>;
}

/// The shared level; cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    redis: Redis,
    /// Every question; those below are asked only where this is.
    reads: Gate,
    /// Those that store something.
    writes: Gate,
    /// Those that count, which are scripts.
    counts: Gate,
    waits: Waits,
    timeout: Duration,
    seal: Arc<Seal>,
}

/// Whether this server makes a value.
enum Turn {
    /// With the token of the lock.
    Ours(String),
    /// Another one makes it.
    Other,
}

impl Shared {
    /// Opens no connection yet. A question takes `timeout` at most. `secret` is the installation's own, and with
    /// `settings`, of which every answer depends, part of every key.
    pub fn open(url: &str, timeout: Duration, secret: &[u8], settings: &str) -> Result<Self, BadAddress> {
        let redis = Redis::open(url, timeout).map_err(BadAddress)?;
        Ok(Self {
            redis,
            reads: Gate::of("read"),
            writes: Gate::of("store"),
            counts: Gate::of("count"),
            waits: Waits::default(),
            timeout,
            seal: Arc::new(Seal::new(secret, settings)),
        })
    }

    /// The value under a key. Without one, `load` makes it, in one server at a time where that does not take long.
    ///
    /// `of` is everything that the value depends on, but for the settings.
    #[cfg_attr(
        not(feature = "cloud"),
        allow(unused_variables, reason = "without Redis there is no such level")
    )]
    pub async fn get_or_load<T: Portable, E>(
        &self,
        kind: &Kind,
        of: &str,
        load: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let key = self.seal.key(kind.name, of);
        let token = match self.wait_for(kind, &key).await {
            Found::Value(value) => return Ok(value),
            Found::Nothing(token) => token,
        };
        let made = load.await;
        let sealed = made.as_ref().ok().map(|value| self.seal.seal(&key, &value.pack()));
        let this = self.clone();
        // The visitor does not wait for it.
        tokio::spawn(async move { this.end_turn(&key, token, sealed).await });
        made
    }

    /// Puts a better value in the place of one that means the same.
    pub async fn replace(&self, kind: &Kind, of: &str, value: &impl Portable) {
        let key = self.seal.key(kind.name, of);
        let sealed = self.seal.seal(&key, &value.pack());
        self.end_turn(&key, None, Some(sealed)).await;
    }

    /// Asks the server for nothing, so that it is known whether it answers, and once more for what it has refused. One that
    /// has just not answered is asked by one question a second, whichever that is.
    pub async fn ping(&self) -> Result<(), NoAnswer> {
        let key = self.seal.key("health", "");
        match self.ask(&self.reads, self.redis.get(&key, MAX_BYTES)).await {
            Ok(_) | Err(Failed::Unfit) => {}
            Err(Failed::Refused(refusal)) => return Err(NoAnswer::Refused(refusal.why)),
            Err(Failed::NoAnswer(_)) => return Err(NoAnswer::Away),
            Err(Failed::NotAsked) => return Err(self.reads.why().map_or(NoAnswer::Away, NoAnswer::Refused)),
        }
        if self.writes.is_shut() {
            let _ = self.ask(&self.writes, self.redis.set(&key, b"health".to_vec(), TURN)).await;
        }
        if self.counts.is_shut() {
            self.count("health", 60, 1).await;
        }
        match self.writes.why().or_else(|| self.counts.why()) {
            Some(why) => Err(NoAnswer::Refused(why)),
            None => Ok(()),
        }
    }

    /// Takes `cost` from a count of which there are `per_minute` in a minute, and as many at once: what remains of it, and
    /// how long to wait if that was too little. `None` without an answer. A count is made of no value, and takes no more than
    /// a minute to be whole again.
    pub async fn count(&self, of: &str, per_minute: u32, cost: u32) -> Option<(u32, Option<Duration>)> {
        let key = self.seal.key("limits", of);
        let (remaining, wait_us) =
            self.ask(&self.counts, self.redis.count(&key, per_minute, cost)).await.ok()?;
        Some((remaining, (wait_us > 0).then(|| Duration::from_micros(wait_us))))
    }

    async fn wait_for<T: Portable>(&self, kind: &Kind, key: &str) -> Found<T> {
        let deadline = Instant::now() + PATIENCE;
        let (mut pause, mut waits) = (PAUSE, false);
        loop {
            match self.look(kind, key).await {
                Ok(Some(value)) => {
                    self.was_worth_it(waits);
                    return Found::Value(value);
                }
                Ok(None) | Err(Failed::Unfit) => {}
                Err(_) => return Found::Nothing(None),
            }
            match self.take_turn(key).await {
                // Another server's turn may have ended since this one looked.
                Ok(Turn::Ours(token)) => {
                    self.was_worth_it(waits);
                    return match self.look(kind, key).await {
                        Ok(Some(value)) => {
                            self.end_turn(key, Some(token), None).await;
                            Found::Value(value)
                        }
                        Ok(None) | Err(_) => Found::Nothing(Some(token)),
                    };
                }
                Ok(Turn::Other) if waits && Instant::now() < deadline => {}
                Ok(Turn::Other) if !waits && self.may_wait(key).await => waits = true,
                Ok(Turn::Other) | Err(_) => return Found::Nothing(None),
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Whether another one's turn is waited for: not if it lasts longer than any of ours, and not if too many waits were
    /// in vain.
    async fn may_wait(&self, key: &str) -> bool {
        let ends = self.ask(&self.reads, self.redis.expires(&lock_of(key))).await;
        matches!(ends, Ok(Some(after)) if after <= TURN) && self.waits.take()
    }

    fn was_worth_it(&self, waits: bool) {
        if waits {
            self.waits.give_back();
        }
    }

    async fn look<T: Portable>(&self, kind: &Kind, key: &str) -> Result<Option<T>, Failed> {
        let asked = self.ask(&self.reads, self.redis.get(key, MAX_BYTES)).await;
        let found = asked.map(|sealed| T::unpack(&self.seal.open(key, sealed?)?));
        kind.requests.note(&found);
        found
    }

    async fn take_turn(&self, key: &str) -> Result<Turn, Failed> {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| Failed::NoAnswer(error.to_string()))?;
        let token = hex(&token);
        let taken = self.ask(&self.writes, self.redis.lock(&lock_of(key), &token, TURN)).await?;
        Ok(if taken { Turn::Ours(token) } else { Turn::Other })
    }

    /// Stores a value that was made, and lets the next server have its turn.
    async fn end_turn(&self, key: &str, token: Option<String>, sealed: Option<Vec<u8>>) {
        if let Some(sealed) = sealed.filter(|sealed| sealed.len() <= MAX_BYTES) {
            // Without room the value is made again; the server has counted the refusal.
            let _ = self.ask(&self.writes, self.redis.set(key, sealed, LIFETIME)).await;
        }
        if let Some(token) = token {
            // It ends by itself where the server runs no scripts, which says nothing about reads.
            let _ = self.ask(&self.counts, self.redis.unlock(&lock_of(key), &token)).await;
        }
    }

    /// Asks the server, unless it has just not answered, or refused a question of this kind.
    async fn ask<T>(
        &self,
        gate: &Gate,
        question: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let is_read = std::ptr::eq(gate, &raw const self.reads);
        if !is_read && gate.refuses() || self.reads.refuses() {
            return Err(Failed::NotAsked);
        }
        let began = Instant::now();
        let answer = timeout(self.timeout, question)
            .await
            .unwrap_or(Err(Failed::NoAnswer("no answer in time".to_owned())));
        traces::note(Part::Cache, "shared cache", began.into_std(), |span| {
            if answer.is_err() {
                span.fail();
            }
        });
        let is_back = match &answer {
            Err(Failed::NoAnswer(why)) => {
                if self.reads.note_silence() {
                    tracing::warn!(why, "the shared cache does not answer");
                }
                false
            }
            Err(Failed::Refused(refusal)) => {
                gate.note_refusal(refusal);
                !is_read && self.reads.note_answer()
            }
            Ok(_) | Err(Failed::Unfit | Failed::NotAsked) => gate.note_answer() | self.reads.note_answer(),
        };
        if is_back {
            tracing::info!("the shared cache answers again");
        }
        answer
    }
}

/// The result of a look.
enum Found<T> {
    Value(T),
    /// To be made, by this server alone if there is a token.
    Nothing(Option<String>),
}

fn lock_of(key: &str) -> String {
    format!("{key}:turn")
}
