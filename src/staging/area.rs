//! A place in the bucket beside the store's objects: what has names under a prefix.

mod contents;

use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{Client, primitives::DateTime};

use crate::{
    domain::frameset::FramesetId,
    store::{
        Connection, S3Body as Body, S3Failure as Failure, S3Object as Object, S3Writer as Writer, s3_pause,
    },
};

pub use self::contents::Contents;
pub(super) use self::contents::is_of_another_length;

/// Names under a prefix; cheap to clone.
#[derive(Clone)]
pub struct Area {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    writer: Writer,
    bucket: String,
    /// With a slash at its end.
    prefix: String,
    attempts: u32,
    attempt_timeout: Duration,
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Area")
            .field("bucket", &self.shared.bucket)
            .field("prefix", &self.shared.prefix)
            .finish_non_exhaustive()
    }
}

/// What is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name after the place that was listed.
    pub(crate) name: String,
    /// Its length.
    pub(crate) bytes: u64,
    /// Which of all that were put under this name, if the server says so.
    pub(crate) etag: Option<String>,
}

impl Area {
    pub(crate) fn of(connection: &Connection, prefix: String) -> Self {
        let Connection { client, writer, settings, .. } = connection;
        let shared = Shared {
            client: client.clone(),
            writer: writer.clone(),
            bucket: settings.bucket.clone(),
            prefix,
            attempts: settings.attempts,
            attempt_timeout: Duration::from_millis(settings.attempt_timeout_ms),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(super) fn client(&self) -> &Client {
        &self.shared.client
    }

    pub(super) fn bucket(&self) -> &str {
        &self.shared.bucket
    }

    /// The whole key of a name.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.shared.prefix)
    }

    /// Puts bytes under a name, whatever was there.
    pub(crate) async fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.write(name, Body::Bytes(bytes)).await
    }

    /// Puts a file of this length under a name, whatever was there.
    pub(crate) async fn put_file(&self, name: &str, path: &Path, bytes: u64) -> Result<(), Failure> {
        self.write(name, Body::File(path, bytes)).await
    }

    async fn write(&self, name: &str, body: Body<'_>) -> Result<(), Failure> {
        let object = Object { key: self.key(name), ..Object::default() };
        Box::pin(self.shared.writer.write(&object, body)).await
    }

    /// All bytes of what has a name, if anything has. A body that breaks off is read again.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let mut failures = 0;
        loop {
            match Box::pin(self.get_once(name)).await {
                Err(Failure::Body(_)) if failures + 1 < self.shared.attempts => {
                    failures += 1;
                    tokio::time::sleep(s3_pause(failures)).await;
                }
                settled => return settled,
            }
        }
    }

    async fn get_once(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        let request = client.get_object().bucket(bucket).key(self.key(name));
        match request.send().await.map_err(Failure::from) {
            Ok(answer) => {
                let body = answer.body.collect().await.map_err(|error| Failure::Body(error.into()))?;
                Ok(Some(body.to_vec()))
            }
            Err(failure) if failure.is_absence() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Begins to read what has a name, and this length; only what has the ETag, where one is given.
    pub(crate) fn read(&self, name: &str, bytes: u64, etag: Option<String>) -> Contents {
        Contents::of(self.clone(), self.key(name), bytes, etag)
    }

    /// What lies in a place, by name; of more than `max`, the first ones and one more.
    pub(crate) async fn list(&self, place: &str, max: usize) -> Result<Vec<Listed>, Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        let prefix = self.key(place);
        let request = client.list_objects_v2().bucket(bucket).prefix(&prefix);
        let mut pages = request.into_paginator().send();
        let mut listed = Vec::new();
        while listed.len() <= max
            && let Some(page) = Box::pin(pages.next()).await
        {
            listed.extend(page?.contents().iter().filter_map(|object| {
                Some(Listed {
                    name: object.key()?.strip_prefix(&prefix)?.to_owned(),
                    bytes: object.size()?.try_into().ok()?,
                    etag: object.e_tag().map(str::to_owned),
                })
            }));
        }
        listed.truncate(max.saturating_add(1));
        Ok(listed)
    }

    /// Removes what has a name, if anything has.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Failure> {
        self.remove_key(&self.key(name)).await
    }

    /// Removes all that is in a place, begun uploads with it.
    pub(super) async fn clear(&self, place: &str) -> Result<(), Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        let prefix = self.key(place);
        let clear = async {
            let begun = client.list_multipart_uploads().bucket(bucket).prefix(&prefix).send().await;
            let begun = match begun.map_err(Failure::from) {
                Ok(begun) => begun.uploads.unwrap_or_default(),
                // A server that cannot list them removes them by rules of its own.
                Err(failure) if failure.is_not_implemented() => Vec::new(),
                Err(failure) => return Err(failure),
            };
            for upload in begun {
                if let (Some(name), Some(id)) = (upload.key(), upload.upload_id()) {
                    client.abort_multipart_upload().bucket(bucket).key(name).upload_id(id).send().await?;
                }
            }
            let mut pages = client.list_objects_v2().bucket(bucket).prefix(&prefix).into_paginator().send();
            while let Some(page) = pages.next().await {
                for key in page?.contents().iter().filter_map(|object| object.key()) {
                    self.remove_key(key).await?;
                }
            }
            Ok(())
        };
        Box::pin(clear).await
    }

    /// Ends uploads that programs have begun in a place and never finished, if they began so long ago.
    pub(crate) async fn abort_left(&self, place: &str, old: Duration) -> Result<(), Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        let Some(before) = SystemTime::now().checked_sub(old).map(DateTime::from) else { return Ok(()) };
        let abort = async {
            let begun = client.list_multipart_uploads().bucket(bucket).prefix(self.key(place)).send().await;
            let begun = match begun.map_err(Failure::from) {
                // A server that cannot list them removes them by rules of its own.
                Err(failure) if failure.is_not_implemented() => return Ok(()),
                begun => begun?.uploads.unwrap_or_default(),
            };
            for upload in begun {
                if let (Some(name), Some(id), Some(since)) =
                    (upload.key(), upload.upload_id(), upload.initiated())
                    && *since <= before
                {
                    client.abort_multipart_upload().bucket(bucket).key(name).upload_id(id).send().await?;
                }
            }
            Ok(())
        };
        Box::pin(abort).await
    }

    /// Sets of which there is something: a set's place is its id with a slash.
    pub(super) async fn sets(&self) -> Result<Vec<FramesetId>, Failure> {
        let Shared { client, bucket, prefix, .. } = &*self.shared;
        let list = async {
            let request = client.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
            let (mut pages, mut sets) = (request.into_paginator().send(), Vec::new());
            while let Some(page) = pages.next().await {
                let page = page?;
                let places = page.common_prefixes().iter().filter_map(|place| place.prefix());
                // Objects beside the prefix are not this area's.
                sets.extend(places.filter_map(|place| {
                    place.strip_prefix(prefix.as_str())?.strip_suffix('/')?.parse().ok()
                }));
            }
            Ok(sets)
        };
        Box::pin(list).await
    }

    async fn remove_key(&self, key: &str) -> Result<(), Failure> {
        let Shared { client, bucket, .. } = &*self.shared;
        match Box::pin(client.delete_object().bucket(bucket).key(key).send()).await.map_err(Failure::from) {
            Err(failure) if !failure.is_absence() => Err(failure),
            _ => Ok(()),
        }
    }
}
