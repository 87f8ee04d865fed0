//! Reading objects: of the store's own endpoint, and of replicas where there are any.
//!
//! A read that takes longer than most is asked for once more, of the next endpoint, and the first answer counts. Such second
//! questions are a small share of all, so that a server that is slow because of its load gets no more of it. While nothing
//! answers, a read fails at once.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use aws_sdk_s3::Client;
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
        let Reads { circuit, .. } = &self.reads;
        if circuit.refuses() {
            return Err(Failure::Away.into());
        }
        let read = timeout(self.request_timeout(), self.get_of_any(key));
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
        circuit.note(!got.as_ref().err().is_some_and(Failure::is_silence));
        Ok(got?)
    }

    /// The first answer of the endpoints. That there is no object, the store's own endpoint alone can say: a replica may not
    /// have it yet.
    async fn get_of_any(&self, key: &Address) -> Result<Option<Vec<u8>>, Failure> {
        let Reads { clients, hedge, .. } = &self.reads;
        self.reads.earn();
        let ask = |turn: usize| async move {
            let at = turn % clients.len();
            (at, self.get_patiently(&clients[at], &self.name(key)).await)
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
                Ok(Some(bytes)) => return Ok(Some(bytes)),
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

    /// The SDK tries again by itself until there is an answer, and leaves the answer's body to its caller.
    pub(super) async fn get_patiently(
        &self,
        client: &Client,
        name: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        for attempt in 1..self.attempts {
            match self.get_once(client, name).await {
                Err(error @ (Failure::CutShort { .. } | Failure::Body(_))) => {
                    tracing::debug!(name, attempt, %error, "the body of an object is read again");
                    sleep(pause(attempt)).await;
                }
                settled => return settled,
            }
        }
        self.get_once(client, name).await
    }

    async fn get_once(&self, client: &Client, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let request = client.get_object().bucket(&self.bucket).key(name);
        let answer = match request.send().await.map_err(Failure::from) {
            Ok(answer) => answer,
            Err(failure) if failure.is_absence() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok());
        let body = timeout(self.attempt_timeout, answer.body.collect()).await;
        let body = body.map_err(|_elapsed| Failure::TooSlow)?.map_err(|error| Failure::Body(error.into()))?;
        let bytes = body.to_vec();
        match length {
            Some(length) if length != bytes.len() => Err(Failure::CutShort { length, got: bytes.len() }),
            _ => Ok(Some(bytes)),
        }
    }
}
