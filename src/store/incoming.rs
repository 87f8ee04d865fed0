//! Objects that are given as they come, so that a visitor of a slow store waits for the beginning and not for the end.

use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;

use crate::{
    domain::object_key::ObjectKey,
    traces::{self, Part},
};

use super::{
    Address, Backend, Facts, Store, StoreError,
    disk_cache::{DiskCache, Moment},
    s3,
};

/// How an object begins.
#[derive(Debug)]
pub enum Opened {
    /// It is all there.
    Whole(Vec<u8>),
    /// Its bytes are still to come.
    Incoming(Incoming),
}

/// A large object on its way from the backend. The bytes may be other ones than its name says: the reader compares
/// them with its digest.
#[derive(Debug)]
pub struct Incoming {
    store: Store,
    address: Address,
    arriving: Box<s3::Arriving>,
    began: Instant,
    /// When it was asked for, as the copies on local disk count time.
    before: Option<Moment>,
}

impl Store {
    /// Begins to read an object; `None` where there is none. One that is large and has to come from a bucket is given before it
    /// has come, if its facts are recorded there.
    pub async fn open_object(&self, key: &ObjectKey) -> Result<Option<Opened>, StoreError> {
        let Backend::S3(s3) = &self.parts.backend else {
            return self.get(key).await.map(|bytes| bytes.map(Opened::Whole));
        };
        let address = key.within(self.namespace);
        let copies = self.parts.copies.as_ref();
        if let Some(copies) = copies {
            let began = Instant::now();
            let copy = copies.get(&address).await;
            traces::note(Part::Cache, "disk cache get", began, |span| {
                span.text("girasol.cache.outcome", if copy.is_some() { "hit" } else { "miss" });
            });
            if let Some(bytes) = copy {
                return Ok(Some(Opened::Whole(bytes)));
            }
        }
        let (before, began) = (copies.map(DiskCache::moment), Instant::now());
        let mut span = self.span("store get", key);
        let opened = span.ask(Part::Store, s3.open_object(&address).boxed()).await;
        if opened.is_err() {
            span.fail();
        }
        self.parts.asked.kind(key.kind()).note(&opened);
        let opened = match opened {
            Ok(Some(s3::Opened::Arriving(arriving))) => {
                let store = self.clone();
                return Ok(Some(Opened::Incoming(Incoming { store, address, arriving, began, before })));
            }
            Ok(Some(s3::Opened::Whole(bytes))) => Ok(Some(bytes)),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        self.parts.figures.got(opened.as_ref().map(|bytes| bytes.as_ref().map(Vec::len)), began);
        let whole = opened.map_err(StoreError::of(&address, "read"))?;
        if let (Some(copies), Some(before), Some(bytes)) = (copies, before, &whole)
            && key.may_name(bytes)
        {
            copies.insert(&address, bytes, before).await;
        }
        Ok(whole.map(Opened::Whole))
    }
}

impl Incoming {
    /// What is known of it.
    pub fn facts(&self) -> Facts {
        self.arriving.facts
    }

    /// The next bytes; `None` when all have come, which are as many as its facts say.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let next = self.arriving.next().boxed().await;
        let figures = &self.store.parts.figures;
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => figures.got(Ok(Some(self.facts().length)), self.began),
            Err(error) => figures.got(Err(error), self.began),
        }
        next.map_err(StoreError::of(&self.address, "read"))
    }

    /// Keeps a copy on local disk of what has come, once it is known to be the object.
    pub async fn keep(self, bytes: &[u8]) {
        if let (Some(copies), Some(before)) = (&self.store.parts.copies, self.before) {
            copies.insert(&self.address, bytes, before).await;
        }
    }
}
