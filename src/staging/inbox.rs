//! What artists put into the bucket themselves: a place for each frame set, which the server hands out and fetches from.

mod contents;
mod grants;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{
    Client,
    config::{Builder, RequestChecksumCalculation},
    presigning::PresigningConfig,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    domain::frameset::{FileName, FramesetId},
    store::{Connection, S3Failure as Failure},
};

use super::InboxError;

pub use self::{contents::Contents, grants::Scoped};

/// The part of a bucket where frames arrive; cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    /// Who gives credentials away, and of which role.
    grants: Option<(aws_sdk_sts::Client, String)>,
    bucket: String,
    /// With a slash at its end.
    prefix: String,
    region: String,
    endpoint: Option<String>,
    path_style: bool,
    attempts: u32,
    attempt_timeout: Duration,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("bucket", &self.shared.bucket)
            .field("prefix", &self.shared.prefix)
            .finish()
    }
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
    etag: String,
}

fn failed(did: &'static str) -> impl Fn(Failure) -> InboxError {
    move |failure| InboxError::Bucket { did, source: failure.into() }
}

impl Inbox {
    pub(super) fn of(Connection { client, sdk, settings }: &Connection) -> Self {
        let role = settings.upload_role.clone();
        let shared = Shared {
            client: client.clone(),
            grants: role.map(|role| (aws_sdk_sts::Client::new(sdk), role)),
            bucket: settings.bucket.clone(),
            prefix: settings.uploads_prefix(),
            region: sdk.region().map(ToString::to_string).unwrap_or_default(),
            endpoint: settings.endpoint.clone(),
            path_style: settings.path_style,
            attempts: settings.attempts,
            attempt_timeout: Duration::from_millis(settings.attempt_timeout_ms),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.shared.bucket
    }

    /// Where a set's frames are put: what stands before their names, with a slash at its end.
    pub fn place(&self, set: &FramesetId) -> String {
        format!("{}{set}/", self.shared.prefix)
    }

    /// The bucket's region.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// The server's address; Amazon's where it is left out.
    pub fn endpoint(&self) -> Option<&str> {
        self.shared.endpoint.as_deref()
    }

    /// Whether the bucket stands in the path of an address and not in its host.
    pub fn path_style(&self) -> bool {
        self.shared.path_style
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
        let Shared { client, bucket, .. } = &*self.shared;
        let request = client
            .put_object()
            .bucket(bucket)
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
        let Shared { client, bucket, .. } = &*self.shared;
        let place = self.place(set);
        let request = client.list_objects_v2().bucket(bucket).prefix(&place);
        let mut pages = request.into_paginator().send();
        let mut waiting = Vec::new();
        while waiting.len() <= max
            && let Some(page) = Box::pin(pages.next()).await
        {
            let page = page.map_err(Failure::from).map_err(failed("listed"))?;
            waiting.extend(page.contents().iter().filter_map(|object| {
                Some(Waiting {
                    name: object.key()?.strip_prefix(&place)?.to_owned(),
                    bytes: object.size()?.try_into().ok()?,
                    etag: object.e_tag()?.to_owned(),
                })
            }));
        }
        waiting.truncate(max.saturating_add(1));
        Ok(waiting)
    }

    /// Begins to read what waits; what is put there in its stead meanwhile is an error.
    pub fn read(&self, set: &FramesetId, waiting: &Waiting) -> Contents {
        Contents::of(self.clone(), format!("{}{}", self.place(set), waiting.name), waiting)
    }

    /// Removes what was fetched.
    pub async fn remove(&self, set: &FramesetId, waiting: &Waiting) -> Result<(), InboxError> {
        self.remove_object(&format!("{}{}", self.place(set), waiting.name)).await.map_err(failed("removed"))
    }

    /// Removes all that is in a set's place, begun uploads with it.
    pub async fn clear(&self, set: &FramesetId) -> Result<(), InboxError> {
        let Shared { client, bucket, .. } = &*self.shared;
        let place = self.place(set);
        let clear = async {
            let begun = client.list_multipart_uploads().bucket(bucket).prefix(&place).send().await?;
            for upload in begun.uploads() {
                if let (Some(name), Some(id)) = (upload.key(), upload.upload_id()) {
                    client.abort_multipart_upload().bucket(bucket).key(name).upload_id(id).send().await?;
                }
            }
            let mut pages = client.list_objects_v2().bucket(bucket).prefix(&place).into_paginator().send();
            while let Some(page) = pages.next().await {
                for name in page?.contents().iter().filter_map(|object| object.key()) {
                    self.remove_object(name).await?;
                }
            }
            Ok(())
        };
        Box::pin(clear).await.map_err(failed("removed"))
    }

    /// Sets in whose places there is something.
    pub async fn sets(&self) -> Result<Vec<FramesetId>, InboxError> {
        let Shared { client, bucket, prefix, .. } = &*self.shared;
        let list = async {
            let request = client.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
            let (mut pages, mut sets) = (request.into_paginator().send(), Vec::new());
            while let Some(page) = pages.next().await {
                let page = page?;
                let places = page.common_prefixes().iter().filter_map(|place| place.prefix());
                // Objects beside the prefix are not the inbox's.
                sets.extend(places.filter_map(|place| {
                    place.strip_prefix(prefix.as_str())?.strip_suffix('/')?.parse().ok()
                }));
            }
            Ok::<_, Failure>(sets)
        };
        Box::pin(list).await.map_err(failed("listed"))
    }

    async fn remove_object(&self, name: &str) -> Result<(), Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        match Box::pin(client.delete_object().bucket(bucket).key(name).send()).await.map_err(Failure::from) {
            Err(failure) if !failure.is_absence() => Err(failure),
            _ => Ok(()),
        }
    }
}

/// The moment until which something lasts that begins now, in milliseconds since 1970-01-01 UTC.
fn until_ms(lasts: Duration) -> i64 {
    let until = SystemTime::now() + lasts;
    until.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
