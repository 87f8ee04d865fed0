//! Stands in for places in a bucket in a build without the feature `cloud`: no value of these types exists there.

use std::{convert::Infallible, error::Error, path::Path, time::Duration};

use crate::{domain::frameset::FramesetId, store::Connection};

use super::InboxError;

/// No error comes from a bucket.
pub(super) fn is_of_another_length(_: &(dyn Error + Send + Sync + 'static)) -> bool {
    false
}

/// What is in an object.
#[derive(Debug)]
pub struct Contents(Infallible);

#[expect(clippy::unused_async, reason = "as with S3")]
impl Contents {
    /// The next bytes.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, InboxError> {
        match self.0 {}
    }
}

/// Names under a prefix.
#[derive(Debug, Clone)]
pub enum Area {}

#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

#[expect(clippy::unused_async, reason = "as with S3")]
impl Area {
    pub(crate) fn of(connection: &Connection, _: String) -> Self {
        match *connection {}
    }

    pub(crate) async fn put(&self, _: &str, _: &[u8]) -> Result<(), Infallible> {
        match *self {}
    }

    pub(crate) async fn put_file(&self, _: &str, _: &Path, _: u64) -> Result<(), Infallible> {
        match *self {}
    }

    pub(crate) async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Infallible> {
        match *self {}
    }

    pub(crate) fn read(&self, _: &str, _: u64, _: Option<String>) -> Contents {
        match *self {}
    }

    pub(crate) async fn list(&self, _: &str, _: usize) -> Result<Vec<Listed>, Infallible> {
        match *self {}
    }

    pub(crate) async fn remove(&self, _: &str) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn clear(&self, _: &str) -> Result<(), Infallible> {
        match *self {}
    }

    pub(crate) async fn abort_left(&self, _: &str, _: Duration) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn sets(&self) -> Result<Vec<FramesetId>, Infallible> {
        match *self {}
    }
}
