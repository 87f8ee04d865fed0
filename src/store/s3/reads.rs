//! Reading objects: of the store's own endpoint, and of replicas where there are any.
//!
//! A read that takes longer than most is asked for once more, of the next endpoint, and the first answer counts. Such second
//! questions are a small share of all, so that a server that is slow because of its load gets no more of it. While nothing
//! answers, a read fails at once.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use aws_sdk_s3::{Client, operation::get_object::GetObjectOutput};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{sleep, timeout};

use crate::{
    domain::circuit::Circuit,
    store::{Address, Cause},
};

use super::{Failure, S3, pause};

/// Of a hundred reads, how many may be asked twice.
const SECOND_PERCENT: i64 = 5;
/// How many second questions may follow each other where there were none for a while.
const MOST_SECONDS: i64 = 10;

/// Where objects are read, and how.
#[derive(Debug)]
pub(super) struct Reads {
    /// The store's own, and then replicas of it.
    clients: Vec<Client>,
    /// After how long a read is asked for once more.
    hedge: Option<Duration>,
    circuit: Circuit,
    /// In hundredths of a second question.
    budget: AtomicI64,
}

impl Reads {
    pub(super) fn of(clients: Vec<Client>, hedge: Option<Duration>) -> Self {
        let budget = AtomicI64::new(MOST_SECONDS * 100);
        Self { clients, hedge, circuit: Circuit::default(), budget }
    }

    pub(super) fn clients(&self) -> &[Client] {
        &self.clients
    }

    pub(super) fn hedge(&self) -> Option<Duration> {
        self.hedge
    }

    /// Every read pays into what second questions cost.
    pub(super) fn earn(&self) {
        let earned = |budget: i64| Some((budget + SECOND_PERCENT).min(MOST_SECONDS * 100));
        let _ = self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
    }

    pub(super) fn may_ask_again(&self) -> bool {
        let spent = |budget: i64| (budget >= 100).then_some(budget - 100);
        self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent).is_ok()
    }
}

impl S3 {
    pub(in crate::store) async fn get(&self, key: &Address) -> Result<Option<Vec<u8>>, Cause> {
        let name = &self.name(key);
        let read = self.first_answer(|at| self.get_patiently(&self.reads.clients[at], name));
        self.in_time(read).await
    }

    /// The answer to a read, which ends in time, unless it is known that there is none.
    pub(super) async fn in_time<T>(
        &self,
        read: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Cause> {
        let Reads { circuit, .. } = &self.reads;
        if circuit.refuses() {
            return Err(Failure::Away.into());
        }
        let read = timeout(self.request_timeout(), read);
        tokio::pin!(read);
        let got = tokio::select! {
            got = &mut read => got,
            // The others need not find this out as well.
            () = sleep(self.attempt_timeout) => {
                circuit.note(false);
                read.await
            }
        };
        let got = got.map_err(|_elapsed| Failure::TooSlow).flatten();
        self.note(got.as_ref().err());
        Ok(got?)
    }

    /// Notes whether the server answered, by what a read failed of.
    pub(super) fn note(&self, failure: Option<&Failure>) {
        self.reads.circuit.note(!failure.is_some_and(Failure::is_silence));
    }

    /// The first answer of the endpoints, each of which is asked by its number. That there is no object, the store's own
    /// endpoint alone can say: a replica may not have it yet.
    pub(super) async fn first_answer<T, F>(&self, ask: impl Fn(usize) -> F) -> Result<Option<T>, Failure>
    where
        F: Future<Output = Result<Option<T>, Failure>>,
    {
        let Reads { clients, hedge, .. } = &self.reads;
        self.reads.earn();
        let ask = |turn: usize| {
            let at = turn % clients.len();
            let asked = ask(at);
            async move { (at, asked.await) }
        };
        let (mut asked, mut turns, mut failure) = (FuturesUnordered::new(), 1, None);
        let mut second = *hedge;
        asked.push(ask(0));
        loop {
            let (at, got) = tokio::select! {
                Some(answer) = asked.next() => answer,
                () = sleep(second.unwrap_or_default()), if second.is_some() => {
                    second = None;
                    if self.reads.may_ask_again() {
                        asked.push(ask(turns));
                        turns += 1;
                    }
                    continue;
                }
            };
            match got {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) if at == 0 => return Ok(None),
                Ok(None) => {}
                // What the store's own endpoint says counts.
                Err(error) if at == 0 => failure = Some(error),
                Err(error) => failure = failure.or(Some(error)),
            }
            if asked.is_empty() {
                if turns < clients.len() {
                    asked.push(ask(turns));
                    turns += 1;
                } else {
                    return failure.map_or(Ok(None), Err);
                }
            }
        }
    }

    /// Reads the whole of an object, of one endpoint.
    pub(super) async fn get_patiently(
        &self,
        client: &Client,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.patiently(name, || async {
            match self.ask(client, name).await? {
                Some(answer) => self.whole(answer).await.map(Some),
                None => Ok(None),
            }
        })
        .await
    }

    /// The SDK tries again by itself until there is an answer, and leaves the answer's body to its caller.
    pub(super) async fn patiently<T, F>(&self, name: &str, read: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        for attempt in 1..self.attempts {
            match read().await {
                Err(error @ (Failure::CutShort { .. } | Failure::Body(_))) => {
                    tracing::debug!(name, attempt, %error, "the body of an object is read again");
                    sleep(pause(attempt)).await;
                }
                settled => return settled,
            }
        }
        read().await
    }

    /// The answer that begins an object; `None` where there is none.
    pub(super) async fn ask(&self, client: &Client, name: &str) -> Result<Option<GetObjectOutput>, Failure> {
        let request = client.get_object().bucket(&self.bucket).key(name);
        match request.send().await.map_err(Failure::from) {
            Ok(answer) => Ok(Some(answer)),
            Err(failure) if failure.is_absence() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// All that an answer announces.
    pub(super) async fn whole(&self, answer: GetObjectOutput) -> Result<Vec<u8>, Failure> {
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok());
        let body = timeout(self.attempt_timeout, answer.body.collect()).await;
        let body = body.map_err(|_elapsed| Failure::TooSlow)?.map_err(|error| Failure::Body(error.into()))?;
        let bytes = body.to_vec();
        match length {
            Some(length) if length != bytes.len() => Err(Failure::CutShort { length, got: bytes.len() }),
            _ => Ok(bytes),
        }
    }
}
