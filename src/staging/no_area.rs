//! Stands in for places in a bucket in a build without the feature `cloud`: no value of these types exists there.

use std::{convert::Infallible, path::Path};

use crate::{domain::frameset::FramesetId, store::Connection};

use super::InboxError;

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

#[derive(Debug, Clone)]
pub(super) enum Area {}

#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) bytes: u64,
}

#[expect(clippy::unused_async, reason = "as with S3")]
impl Area {
    pub(super) fn of(connection: &Connection, _: String) -> Self {
        match *connection {}
    }

    pub(super) async fn put(&self, _: &str, _: &[u8]) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn put_file(&self, _: &str, _: &Path, _: u64) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Infallible> {
        match *self {}
    }

    pub(super) fn read(&self, _: &str, _: u64, _: Option<String>) -> Contents {
        match *self {}
    }

    pub(super) async fn list(&self, _: &str, _: usize) -> Result<Vec<Listed>, Infallible> {
        match *self {}
    }

    pub(super) async fn remove(&self, _: &str) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn clear(&self, _: &str) -> Result<(), Infallible> {
        match *self {}
    }

    pub(super) async fn sets(&self) -> Result<Vec<FramesetId>, Infallible> {
        match *self {}
    }
}
