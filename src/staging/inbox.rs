//! What artists put into the bucket themselves: a place for each frame set, which the server hands out and fetches from.

mod grants;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{
    config::{Builder, RequestChecksumCalculation},
    presigning::PresigningConfig,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    domain::frameset::{FileName, FramesetId},
    store::{Connection, S3Failure as Failure},
};

use super::{
    InboxError,
    area::{Area, Contents, Listed},
};

pub use self::grants::Scoped;

/// The part of a bucket where frames arrive; cheap to clone.
#[derive(Debug, Clone)]
pub struct Inbox {
    area: Area,
    role: Option<Arc<Role>>,
    region: Arc<str>,
    endpoint: Option<Arc<str>>,
    path_style: bool,
}

/// Who gives credentials away, and of which role.
#[derive(Debug)]
struct Role {
    sts: aws_sdk_sts::Client,
    arn: String,
}

/// A request that everyone who knows it can make. It has no `Debug`, so that no log shows it.
pub struct Presigned {
    /// With the signature in it.
    pub url: String,
    /// What has to be sent with it, as it is signed.
    pub headers: Vec<(String, String)>,
}

/// An object that waits to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What its name has after the place of its set.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Which of all that were put under this name.
    etag: Option<String>,
}

fn failed(did: &'static str) -> impl Fn(Failure) -> InboxError {
    move |failure| InboxError::Bucket { did, source: failure.into() }
}

impl Inbox {
    pub(super) fn of(connection: &Connection) -> Self {
        let Connection { sdk, settings, .. } = connection;
        let role = settings.upload_role.clone();
        Self {
            area: Area::of(connection, settings.uploads_prefix()),
            role: role.map(|arn| Arc::new(Role { sts: aws_sdk_sts::Client::new(sdk), arn })),
            region: sdk.region().map(AsRef::as_ref).unwrap_or_default().into(),
            endpoint: settings.endpoint.as_deref().map(Into::into),
            path_style: settings.path_style,
        }
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        self.area.bucket()
    }

    /// Where a set's frames are put: what stands before their names, with a slash at its end.
    pub fn place(&self, set: &FramesetId) -> String {
        self.area.key(&place(set))
    }

    /// The bucket's region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The server's address; Amazon's where it is left out.
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Whether the bucket stands in the path of an address and not in its host.
    pub fn path_style(&self) -> bool {
        self.path_style
    }

    /// Leave to put one file of this length, and of this SHA-256 where it is known, into a set's place.
    ///
    /// Length and checksum are signed, so that the bucket takes nothing else under that signature.
    pub async fn presign(
        &self,
        set: &FramesetId,
        name: &FileName,
        bytes: u64,
        sha256: Option<[u8; 32]>,
        lasts: Duration,
    ) -> Result<Presigned, InboxError> {
        let request = self
            .area
            .client()
            .put_object()
            .bucket(self.bucket())
            .key(format!("{}{name}", self.place(set)))
            .content_length(i64::try_from(bytes).unwrap_or(i64::MAX))
            .set_checksum_sha256(sha256.map(|digest| BASE64_STANDARD.encode(digest)));
        // The SDK would add the checksum of a body that it does not have.
        let plain = Builder::new().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let config = PresigningConfig::expires_in(lasts)
            .map_err(|bad| failed("signed for")(Failure::NoAnswer(bad.into())))?;
        let request = Box::pin(request.customize().config_override(plain).presigned(config)).await;
        let request = request.map_err(Failure::from).map_err(failed("signed for"))?;
        let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Presigned { url: request.uri().to_owned(), headers: headers.collect() })
    }

    /// What waits in a set's place, by name; of more than `max`, the first ones and one more.
    pub async fn waiting(&self, set: &FramesetId, max: usize) -> Result<Vec<Waiting>, InboxError> {
        let listed = self.area.list(&place(set), max).await.map_err(failed("listed"))?;
        let waiting = |Listed { name, bytes, etag }| Waiting { name, bytes, etag };
        Ok(listed.into_iter().map(waiting).collect())
    }

    /// Begins to read what waits; what is put there in its stead meanwhile is an error.
    pub fn read(&self, set: &FramesetId, Waiting { name, bytes, etag }: &Waiting) -> Contents {
        self.area.read(&format!("{}{name}", place(set)), *bytes, etag.clone())
    }

    /// Removes what was fetched.
    pub async fn remove(&self, set: &FramesetId, waiting: &Waiting) -> Result<(), InboxError> {
        let name = format!("{}{}", place(set), waiting.name);
        self.area.remove(&name).await.map_err(failed("removed"))
    }

    /// Removes all that is in a set's place, begun uploads with it.
    pub async fn clear(&self, set: &FramesetId) -> Result<(), InboxError> {
        self.area.clear(&place(set)).await.map_err(failed("removed"))
    }

    /// Sets in whose places there is something.
    pub async fn sets(&self) -> Result<Vec<FramesetId>, InboxError> {
        self.area.sets().await.map_err(failed("listed"))
    }
}

fn place(set: &FramesetId) -> String {
    format!("{set}/")
}

/// The moment until which something lasts that begins now, in milliseconds since 1970-01-01 UTC.
fn until_ms(lasts: Duration) -> i64 {
    let until = SystemTime::now() + lasts;
    until.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
