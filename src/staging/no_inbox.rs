//! Stands in for the inbox in a build without the feature `cloud`: no value of these types exists there.

use std::time::Duration;

use crate::{
    domain::frameset::{FileName, FramesetId},
    store::Connection,
};

use super::{InboxError, area::Contents};

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

#[expect(missing_docs, clippy::unused_async, reason = "as with S3")]
impl Inbox {
    pub(super) fn of(connection: &Connection) -> Self {
        match *connection {}
    }

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

    pub async fn credentials(&self, _: &FramesetId) -> Result<Option<Scoped>, InboxError> {
        match *self {}
    }

    pub async fn presign(
        &self,
        _: &FramesetId,
        _: &FileName,
        _: u64,
        _: Option<[u8; 32]>,
        _: Duration,
    ) -> Result<Presigned, InboxError> {
        match *self {}
    }

    pub async fn waiting(&self, _: &FramesetId, _: usize) -> Result<Vec<Waiting>, InboxError> {
        match *self {}
    }

    pub fn read(&self, _: &FramesetId, _: &Waiting) -> Contents {
        match *self {}
    }

    pub async fn remove(&self, _: &FramesetId, _: &Waiting) -> Result<(), InboxError> {
        match *self {}
    }

    pub async fn clear(&self, _: &FramesetId) -> Result<(), InboxError> {
        match *self {}
    }

    pub async fn sets(&self) -> Result<Vec<FramesetId>, InboxError> {
        match *self {}
    }
}
