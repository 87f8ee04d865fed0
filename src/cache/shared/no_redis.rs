//! Stands in for Redis in a build without the feature `cloud`: no value of the type exists.

use std::time::Duration;

use super::failure::Failed;

#[derive(Debug, Clone)]
pub(super) enum Redis {}

#[expect(clippy::unused_async, reason = "as with Redis")]
impl Redis {
    pub(super) fn open(_: &str, _: Duration) -> Result<Self, String> {
        Err("this build has no Redis (feature cloud)".to_owned())
    }

    pub(super) async fn get(&self, _: &str, _: usize) -> Result<Option<Vec<u8>>, Failed> {
        match *self {}
    }

    pub(super) async fn set(&self, _: &str, _: Vec<u8>, _: Duration) -> Result<(), Failed> {
        match *self {}
    }

    pub(super) async fn lock(&self, _: &str, _: &str, _: Duration) -> Result<bool, Failed> {
        match *self {}
    }

    pub(super) async fn expires(&self, _: &str) -> Result<Option<Duration>, Failed> {
        match *self {}
    }

    pub(super) async fn count(&self, _: &str, _: u32, _: u32) -> Result<(u32, u64), Failed> {
        match *self {}
    }

    pub(super) async fn unlock(&self, _: &str, _: &str) -> Result<(), Failed> {
        match *self {}
    }
}
