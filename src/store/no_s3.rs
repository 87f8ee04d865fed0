//! Stands in for S3 in a build without the feature `cloud`: the settings refuse `store.kind = "s3"` there, and no value
//! of these types exists.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::config::StoreConfig;

use super::{Address, Cause, Facts, Trouble};

/// No error comes from a bucket.
pub(super) fn trouble(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Trouble> {
    None
}

/// No error comes from a bucket.
pub(super) fn is_of_object(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<bool> {
    None
}

#[derive(Debug)]
pub(super) enum S3 {}

#[expect(clippy::unused_async, reason = "as with S3")]
impl S3 {
    pub(super) async fn open(_: &StoreConfig) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this build has no S3 (feature cloud)"))
    }

    pub(super) fn endpoints(&self) -> Vec<Self> {
        match *self {}
    }

    pub(super) fn is_same(&self, _: &Self) -> bool {
        match *self {}
    }

    pub(super) fn connection(&self) -> &Connection {
        match *self {}
    }

    pub(super) fn request_timeout(&self) -> Duration {
        match *self {}
    }

    pub(super) async fn get(&self, _: &Address) -> Result<Option<Vec<u8>>, Cause> {
        match *self {}
    }

    pub(super) async fn open_object(self: &Arc<Self>, _: &Address) -> Result<Option<Opened>, Cause> {
        match **self {}
    }

    pub(super) async fn put(&self, _: &Address, _: &[u8]) -> Result<(), Cause> {
        match *self {}
    }

    pub(super) async fn presigned(&self, _: &Address, _: Duration) -> Result<String, Cause> {
        match *self {}
    }

    pub(super) async fn list(&self, _: Duration) -> Result<Vec<Address>, Cause> {
        match *self {}
    }

    pub(super) async fn remove(&self, _: &Address) -> Result<(), Cause> {
        match *self {}
    }

    pub(super) async fn identity(&self) -> Result<Option<String>, Cause> {
        match *self {}
    }

    pub(super) async fn set_identity(&self, _: &str) -> Result<(), Cause> {
        match *self {}
    }

    pub(super) async fn is_empty(&self) -> Result<bool, Cause> {
        match *self {}
    }

    pub(super) async fn ping(&self) -> Result<(), Cause> {
        match *self {}
    }

    pub(super) async fn probe(&self) -> Result<(), Cause> {
        match *self {}
    }

    pub(super) fn place(&self) -> String {
        match *self {}
    }
}

/// Nothing comes from a bucket.
#[derive(Debug)]
#[allow(dead_code, reason = "no value exists")]
pub(super) enum Opened {
    Whole(Vec<u8>),
    Arriving(Box<Arriving>),
}

/// Nothing comes from a bucket.
#[derive(Debug)]
#[allow(dead_code, reason = "no value exists")]
pub(super) struct Arriving {
    pub(super) facts: Facts,
    never: S3,
}

#[expect(clippy::unused_async, reason = "as with S3")]
impl Arriving {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Cause> {
        match self.never {}
    }
}

/// No build without S3 has one.
#[derive(Debug)]
pub enum Connection {}

impl Connection {
    pub(crate) fn staged_prefix(&self) -> String {
        match *self {}
    }
}
