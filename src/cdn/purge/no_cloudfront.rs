//! Stands in for CloudFront in a build without the feature `cloud`: the settings refuse such a target there, and no
//! request is sent.

use super::{
    client::{Client, SendError, SendErrorKind},
    message::Message,
};

#[derive(Debug)]
pub(super) struct Cloudfront {
    pub(super) tags: bool,
}

#[expect(clippy::unused_async, reason = "as with CloudFront")]
impl Cloudfront {
    pub(super) async fn open(_: &str, tags: bool, _: Option<&str>) -> Self {
        Self { tags }
    }

    pub(super) async fn send(&self, _: &Client, _: &Message) -> Result<(), SendError> {
        Err(SendError::new(SendErrorKind::Rejected, "this build has no CloudFront (feature cloud)"))
    }
}
