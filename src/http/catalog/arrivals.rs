//! Objects on their way from the store.
//!
//! One task reads an object for all that ask for it, and goes on when they leave. Of a large one each visitor is sent what has
//! come and then what comes, but not the end of its answer, which waits until the object is known to be the one of its
//! name. All visitors share the bytes, so that an object takes its own length of memory, however slowly they read.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use actix_web::{http::header::HeaderValue, web::Bytes};
use assets_pipeline::digest::Digest;
use futures_util::{Stream, stream};
use tokio::sync::watch;

use crate::{
    http::{
        encoding::Encoding,
        problem::Error,
        representation::{Representation, SLICE_BYTES},
    },
    store::{Address, Facts},
};

use super::object::{Object, repr_digest, visible};

/// What is being read.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    under_way: Mutex<HashMap<Address, Arc<watch::Sender<Stage>>>>,
}

/// How far an object is.
#[derive(Debug)]
enum Stage {
    /// The store has not answered.
    Asked,
    /// Its bytes come.
    Coming(Pieces),
    /// It is whole.
    Whole(Arc<Object>),
    /// It is not to be had.
    Failed(Error),
}

/// What has come of an object, without its end.
#[derive(Debug)]
struct Pieces {
    head: Arc<Head>,
    /// Each with its place in the object.
    placed: Vec<(usize, Bytes)>,
    bytes: usize,
}

/// What is known of an object before it is whole.
#[derive(Debug)]
pub(in crate::http) struct Head {
    length: usize,
    etag: HeaderValue,
    repr_digest: HeaderValue,
}

/// The right to read an object for all that ask for it. Those fail that still wait when it is dropped.
#[derive(Debug)]
pub(super) struct Reading {
    arrivals: Arc<Arrivals>,
    address: Address,
    stage: Arc<watch::Sender<Stage>>,
}

/// How an object reaches one that asks for it.
#[derive(Debug)]
pub(in crate::http) enum Fetched {
    /// At once.
    Whole(Arc<Object>),
    /// As it comes.
    Coming(Coming),
}

/// An object as it comes.
#[derive(Debug)]
pub(in crate::http) struct Coming {
    head: Arc<Head>,
    asked: Asked,
}

/// A question for an object.
#[derive(Debug)]
pub(super) struct Asked(watch::Receiver<Stage>);

impl Arrivals {
    fn under_way(&self) -> MutexGuard<'_, HashMap<Address, Arc<watch::Sender<Stage>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for an object. Where no task reads it, the caller has to start one.
    pub(super) fn ask(self: &Arc<Self>, address: Address) -> (Asked, Option<Reading>) {
        let mut under_way = self.under_way();
        if let Some(stage) = under_way.get(&address) {
            return (Asked(stage.subscribe()), None);
        }
        let (stage, asked) = watch::channel(Stage::Asked);
        let stage = Arc::new(stage);
        under_way.insert(address, stage.clone());
        (Asked(asked), Some(Reading { arrivals: self.clone(), address, stage }))
    }
}

impl Asked {
    /// Waits for the beginning of an object.
    pub(super) async fn begun(mut self) -> Result<Fetched, Error> {
        let head = match &*self.until(|stage| !matches!(stage, Stage::Asked)).await? {
            Stage::Coming(pieces) => pieces.head.clone(),
            Stage::Whole(object) => return Ok(Fetched::Whole(object.clone())),
            Stage::Failed(error) => return Err(error.clone()),
            Stage::Asked => return Err(Error::Overloaded),
        };
        Ok(Fetched::Coming(Coming { head, asked: self }))
    }

    async fn until(&mut self, is_met: impl FnMut(&Stage) -> bool) -> Result<watch::Ref<'_, Stage>, Error> {
        // A reading leaves its end behind.
        self.0.wait_for(is_met).await.map_err(|_closed| Error::Overloaded)
    }
}

impl Coming {
    /// The answer that it is.
    pub(in crate::http) fn represent(&self, media_type: &'static str) -> Representation<'_> {
        Representation {
            media_type,
            length: self.head.length,
            etag: self.head.etag.to_str().unwrap_or_default(),
            encoding: Encoding::Identity,
            digest: self.head.repr_digest.to_str().ok(),
        }
    }

    /// Waits for the whole of it.
    pub(in crate::http) async fn whole(mut self) -> Result<Arc<Object>, Error> {
        match &*self.asked.until(Stage::has_ended).await? {
            Stage::Whole(object) => Ok(object.clone()),
            Stage::Failed(error) => Err(error.clone()),
            Stage::Asked | Stage::Coming(_) => Err(Error::Overloaded),
        }
    }

    /// A part of it, slice by slice. An object that turns out to be another one, or does not come to its end, is an error in
    /// place of the last of them.
    pub(in crate::http) fn part(self, part: Range<usize>) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::try_unfold((self.asked, part), |(mut asked, part)| async move {
            if part.is_empty() {
                return Ok(None);
            }
            let slice = {
                let stage = asked.until(|stage| stage.has_ended() || stage.slice(&part).is_some()).await?;
                match &*stage {
                    Stage::Failed(error) => return Err(error.clone()),
                    stage => stage.slice(&part).ok_or(Error::Overloaded)?,
                }
            };
            let rest = part.start + slice.len()..part.end;
            Ok(Some((slice, (asked, rest))))
        })
    }
}

impl Stage {
    fn has_ended(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Failed(_))
    }

    /// The first bytes of a part, if they may be sent: what would complete it waits until the object is whole.
    fn slice(&self, part: &Range<usize>) -> Option<Bytes> {
        let most = part.end.min(part.start + SLICE_BYTES);
        match self {
            Self::Whole(object) => Some(object.body.slice(part.start..most)),
            Self::Coming(Pieces { placed, .. }) => {
                let after = placed.partition_point(|(at, _)| *at <= part.start);
                let (at, piece) = placed.get(after.checked_sub(1)?)?;
                let end = at + piece.len();
                let is_there = part.start < end && end < part.end;
                is_there.then(|| piece.slice(part.start - at..most.min(end) - at))
            }
            Self::Asked | Self::Failed(_) => None,
        }
    }
}

impl Reading {
    pub(super) const fn address(&self) -> Address {
        self.address
    }

    /// The object begins to come.
    pub(super) fn begin(&self, digest: Digest, facts: &Facts) {
        let head = Arc::new(Head {
            length: facts.length,
            etag: visible(format!("\"{digest}\"")),
            repr_digest: repr_digest(&facts.sha256),
        });
        self.stage.send_replace(Stage::Coming(Pieces { head, placed: Vec::new(), bytes: 0 }));
    }

    /// Hands on the next bytes, which are not the last ones.
    pub(super) fn hand_on(&self, piece: Bytes) {
        self.stage.send_modify(|stage| {
            if let Stage::Coming(Pieces { placed, bytes, .. }) = stage {
                let at = *bytes;
                *bytes += piece.len();
                placed.push((at, piece));
            }
        });
    }

    /// Whether some of it may be on its way to visitors.
    pub(super) fn has_begun(&self) -> bool {
        matches!(&*self.stage.borrow(), Stage::Coming(_))
    }

    /// Hands on how it ended. The first end counts.
    pub(super) fn end(&self, ended: Result<Arc<Object>, Error>) {
        self.stage.send_if_modified(|stage| {
            let is_first = !stage.has_ended();
            if is_first {
                *stage = ended.map_or_else(Stage::Failed, Stage::Whole);
            }
            is_first
        });
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.end(Err(Error::Overloaded));
        self.arrivals.under_way().remove(&self.address);
    }
}

#[cfg(test)]
mod tests;
