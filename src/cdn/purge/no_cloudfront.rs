//! Stands in for CloudFront in a build without the feature `cloud`: the settings refuse such a target there, and no
//! request is sent.

use super::{
    asking::{Failure, FailureKind},
    message::Message,
};

#[derive(Debug)]
pub(super) struct Cloudfront {
    pub(super) tags: bool,
}

#[expect(clippy::unused_async, reason = "as with CloudFront")]
impl Cloudfront {
    pub(super) async fn open(_: String, tags: bool, _: Option<&str>) -> Self {
        Self { tags }
    }

    pub(super) async fn tell(&self, _: &Message) -> Result<(), Failure> {
        Err(Failure::new(FailureKind::Refused, "this build has no CloudFront (feature cloud)"))
    }
}
