//! Large objects, which are given as they come.
//!
//! The first endpoint that begins to answer is read. Where it breaks off, the rest is asked for by its range, of the next one;
//! where it says nothing for longer than a read takes mostly, the rest is asked for once more as well, and the first of
//! the two that goes on counts. The bytes may come from several answers: the reader compares them with the object's
//! digest.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{
    config::ResponseChecksumValidation, operation::get_object::GetObjectOutput, primitives::ByteStream,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Buf as _, Bytes};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::store::{Address, Cause, facts::Facts};

use super::{Failure, S3, SHA256, is_large, pause};

/// How an object begins.
#[derive(Debug)]
pub(in crate::store) enum Opened {
    /// It is all there.
    Whole(Vec<u8>),
    /// Its bytes are still to come.
    Arriving(Box<Arriving>),
}

/// A large object on its way.
#[derive(Debug)]
pub(in crate::store) struct Arriving {
    s3: Arc<S3>,
    name: String,
    pub(in crate::store) facts: Facts,
    /// Bytes that have come.
    got: usize,
    rest: Rest,
    /// How often the rest may be asked for.
    attempts: u32,
    /// Whether the rest may be asked for because nothing comes.
    hedge: Option<Duration>,
    until: Instant,
}

/// What is still to come, of one endpoint.
#[derive(Debug)]
struct Rest {
    /// The endpoint's number.
    at: usize,
    body: ByteStream,
    /// Bytes before those that were asked for, from a server that knows no ranges.
    skip: usize,
}

impl Rest {
    /// The next of its bytes; `None` at its end.
    async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>, Failure> {
        loop {
            let next = timeout(patience, self.body.next()).await.map_err(|_elapsed| Failure::TooSlow)?;
            let Some(mut piece) = next.transpose().map_err(|error| Failure::Body(error.into()))? else {
                return Ok(None);
            };
            let skipped = self.skip.min(piece.len());
            piece.advance(skipped);
            self.skip -= skipped;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

impl Arriving {
    /// The next bytes; `None` when all have come.
    pub(in crate::store) async fn next(&mut self) -> Result<Option<Bytes>, Cause> {
        let s3 = self.s3.clone();
        let left = self.facts.length - self.got;
        if left == 0 {
            s3.note(None);
            return Ok(None);
        }
        let piece = timeout_at(self.until, s3.next_piece(self)).await;
        match piece.map_err(|_elapsed| Failure::TooSlow).flatten() {
            Ok(mut piece) => {
                piece.truncate(left);
                self.got += piece.len();
                Ok(Some(piece))
            }
            Err(failure) => {
                s3.note(Some(&failure));
                Err(failure.into())
            }
        }
    }
}

impl S3 {
    /// Begins to read an object. One that is large is given before it has come, if its facts are recorded.
    pub(in crate::store) async fn open_object(
        self: &Arc<Self>,
        key: &Address,
    ) -> Result<Option<Opened>, Cause> {
        let name = &self.name(key);
        let opened = self.first_answer(|at| self.patiently(name, move || self.open_at(at, name)));
        self.in_time(opened).await
    }

    async fn open_at(self: &Arc<Self>, at: usize, name: &str) -> Result<Option<Opened>, Failure> {
        let client = &self.reads.clients()[at];
        let Some(answer) = self.ask(client, name).await? else { return Ok(None) };
        let Some(facts) = facts(&answer) else {
            return self.whole(answer).await.map(Opened::Whole).map(Some);
        };
        Ok(Some(Opened::Arriving(Box::new(Arriving {
            s3: self.clone(),
            name: name.to_owned(),
            facts,
            got: 0,
            rest: Rest { at, body: answer.body, skip: 0 },
            attempts: self.attempts,
            hedge: self.reads.hedge(),
            until: Instant::now() + self.request_timeout(),
        }))))
    }

    /// The next bytes, of whichever endpoint has them.
    async fn next_piece(&self, arriving: &mut Arriving) -> Result<Bytes, Failure> {
        let length = arriving.facts.length;
        loop {
            let failure = match self.next_or_hedged(arriving).await {
                Ok(Some(piece)) => return Ok(piece),
                Ok(None) => Failure::CutShort { length, got: arriving.got },
                Err(failure) => failure,
            };
            let Arriving { name, got, .. } = arriving;
            tracing::debug!(name, got, error = %failure, "the rest of an object is asked for again");
            self.resume(arriving, failure).await?;
        }
    }

    /// The next bytes. Where they do not come soon, another endpoint is asked for them too.
    async fn next_or_hedged(&self, arriving: &mut Arriving) -> Result<Option<Bytes>, Failure> {
        let Arriving { name, got, rest, hedge, .. } = arriving;
        let Some(soon) = *hedge else { return rest.next(self.attempt_timeout).await };
        let next_endpoint = self.after(rest.at);
        let other = {
            let next = rest.next(self.attempt_timeout);
            tokio::pin!(next);
            tokio::select! {
                piece = &mut next => return piece,
                () = sleep(soon) => *hedge = None,
            }
            if !self.reads.may_ask_again() {
                return next.await;
            }
            tokio::select! {
                piece = &mut next => return piece,
                Ok(Some(other)) = self.rest(next_endpoint, name, *got) => other,
            }
        };
        *rest = other;
        rest.next(self.attempt_timeout).await
    }

    /// Asks for the rest of an object, whose reading has failed, until an endpoint begins to give it.
    async fn resume(&self, arriving: &mut Arriving, mut failure: Failure) -> Result<(), Failure> {
        let mut at = arriving.rest.at;
        loop {
            arriving.attempts = arriving.attempts.saturating_sub(1);
            if arriving.attempts == 0 {
                return Err(failure);
            }
            sleep(pause(self.attempts - arriving.attempts)).await;
            at = self.after(at);
            match self.rest(at, &arriving.name, arriving.got).await {
                Ok(Some(rest)) => {
                    arriving.rest = rest;
                    return Ok(());
                }
                // It was deleted, or a replica does not have it yet.
                Ok(None) => {}
                Err(error) => failure = error,
            }
        }
    }

    /// The number of the endpoint after this one.
    fn after(&self, at: usize) -> usize {
        (at + 1) % self.reads.clients().len()
    }

    /// An object from its byte `from` on.
    async fn rest(&self, at: usize, name: &str, from: usize) -> Result<Option<Rest>, Failure> {
        let request = self.reads.clients()[at].get_object().bucket(&self.bucket).key(name);
        // A checksum would be that of the whole.
        let plain = aws_sdk_s3::config::Builder::new()
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let request = request.range(format!("bytes={from}-")).customize().config_override(plain);
        let answer = match request.send().await.map_err(Failure::from) {
            Ok(answer) => answer,
            Err(failure) if failure.is_absence() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let skip = match answer.content_range().map(first_byte) {
            None => from,
            Some(Some(first)) if first == from => 0,
            Some(_) => return Err(Failure::Body("S3 answered with another range".into())),
        };
        Ok(Some(Rest { at, body: answer.body, skip }))
    }
}

/// The facts of a large object, where they are recorded: by this program beside the object, or by S3, which has compared the
/// bytes with their checksum.
fn facts(answer: &GetObjectOutput) -> Option<Facts> {
    let length = usize::try_from(answer.content_length()?).ok().filter(|length| is_large(*length))?;
    let recorded = answer.metadata().and_then(|metadata| metadata.get(SHA256)).map(String::as_str);
    let sha256 = BASE64_STANDARD.decode(recorded.or(answer.checksum_sha256())?).ok()?;
    Some(Facts { length, sha256: sha256.try_into().ok()? })
}

/// Of `bytes 10-19/100`, 10.
fn first_byte(range: &str) -> Option<usize> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
