//! Stands in for S3 in a build without the feature `cloud`: the settings refuse `store.kind = "s3"` there, and no value
//! of these types exists.

use std::{convert::Infallible, io, time::Duration};

use crate::{
    config::StoreConfig,
    domain::frameset::{FileName, FramesetId},
};

use super::{Address, Cause, StoreError, Trouble};

/// No error comes from a bucket.
pub(super) fn trouble(_: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<Trouble> {
    None
}

#[derive(Debug)]
pub(super) enum S3 {}

#[expect(clippy::unused_async, reason = "as with S3")]
impl S3 {
    pub(super) async fn open(_: &StoreConfig) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this build has no S3 (feature cloud)"))
    }

    pub(super) fn inbox(&self) -> &Inbox {
        match *self {}
    }

    pub(super) fn request_timeout(&self) -> Duration {
        match *self {}
    }

    pub(super) async fn get(&self, _: &Address) -> Result<Option<Vec<u8>>, Cause> {
        match *self {}
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

/// No build without S3 has one.
#[derive(Debug, Clone)]
pub enum Inbox {}

/// A request that is signed in its URL.
pub struct Presigned {
    /// With the signature in it.
    pub url: String,
    /// Headers that are signed too.
    pub headers: Vec<(String, String)>,
}

/// Temporary credentials.
pub struct Scoped {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
}

/// An object that waits to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What its name has after the place of its set.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// What is in an object.
#[derive(Debug)]
pub struct Contents(Infallible);

impl Contents {
    /// The next bytes.
    #[expect(clippy::unused_async, reason = "as with S3")]
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0 {}
    }
}

#[expect(missing_docs, clippy::unused_async, reason = "as with S3")]
impl Inbox {
    pub fn bucket(&self) -> &str {
        match *self {}
    }

    pub fn place(&self, _: &FramesetId) -> String {
        match *self {}
    }

    pub fn region(&self) -> &str {
        match *self {}
    }

    pub fn endpoint(&self) -> Option<&str> {
        match *self {}
    }

    pub fn path_style(&self) -> bool {
        match *self {}
    }

    pub fn gives_credentials(&self) -> bool {
        match *self {}
    }

    pub async fn credentials(&self, _: &FramesetId) -> Result<Option<Scoped>, StoreError> {
        match *self {}
    }

    pub async fn presign(
        &self,
        _: &FramesetId,
        _: &FileName,
        _: u64,
        _: Option<[u8; 32]>,
        _: Duration,
    ) -> Result<Presigned, StoreError> {
        match *self {}
    }

    pub async fn waiting(&self, _: &FramesetId, _: usize) -> Result<Vec<Waiting>, StoreError> {
        match *self {}
    }

    pub fn read(&self, _: &FramesetId, _: &Waiting) -> Contents {
        match *self {}
    }

    pub async fn remove(&self, _: &FramesetId, _: &Waiting) -> Result<(), StoreError> {
        match *self {}
    }

    pub async fn clear(&self, _: &FramesetId) -> Result<(), StoreError> {
        match *self {}
    }

    pub async fn sets(&self) -> Result<Vec<FramesetId>, StoreError> {
        match *self {}
    }
}
