//! Reading what waits, a chunk at a time: where a line breaks off, it goes on at the byte that comes next.

use std::error::Error;

use aws_sdk_s3::primitives::ByteStream;

use crate::{staging::InboxError, store::s3_pause};

use super::{Area, Failure, Shared};

/// Whether an object has other bytes than those that were counted, since it is longer or shorter.
pub(in crate::staging) fn is_of_another_length(cause: &(dyn Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(Failure::CutShort { .. }))
}

/// What is in an object, from its first byte to its last.
#[derive(Debug)]
pub struct Contents {
    area: Area,
    key: String,
    etag: Option<String>,
    bytes: u64,
    read: u64,
    body: Option<ByteStream>,
    /// Failures since the last byte that came.
    failures: u32,
}

impl Contents {
    pub(super) fn of(area: Area, key: String, bytes: u64, etag: Option<String>) -> Self {
        Self { area, key, etag, bytes, read: 0, body: None, failures: 0 }
    }

    /// The next bytes; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, InboxError> {
        loop {
            match Box::pin(self.attempt()).await {
                Ok(chunk) => {
                    self.failures = 0;
                    return Ok(chunk);
                }
                Err(failure) if failure.is_absence() => return Err(InboxError::Gone),
                Err(failure) => {
                    self.body = None;
                    self.failures += 1;
                    // Its checksum is wrong, or another object is there by now: that does not get better.
                    let is_over = self.read == self.bytes || matches!(failure, Failure::Answer { .. });
                    if is_over || self.failures >= self.area.shared.attempts {
                        return Err(InboxError::Bucket { did: "fetched", source: failure.into() });
                    }
                    tracing::debug!(key = self.key, error = %failure, "the rest of an upload is read again");
                    tokio::time::sleep(s3_pause(self.failures)).await;
                }
            }
        }
    }

    async fn attempt(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, Failure> {
        let Shared { client, bucket, attempt_timeout, .. } = &*self.area.shared;
        if self.body.is_none() {
            if self.read == self.bytes {
                return Ok(None);
            }
            let request = client.get_object().bucket(bucket).key(&self.key).set_if_match(self.etag.clone());
            let rest = (self.read > 0).then(|| format!("bytes={}-", self.read));
            let answer = request.set_range(rest).send().await?;
            // Not all of it would tell, and a body that is too short ends like any other.
            let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
            if let Some(length) = length.filter(|length| *length != self.bytes - self.read) {
                let (length, got) = ((self.bytes - self.read) as usize, length as usize);
                return Err(Failure::CutShort { length, got });
            }
            self.body = Some(answer.body);
        }
        let Some(body) = &mut self.body else { return Ok(None) };
        let chunk = tokio::time::timeout(*attempt_timeout, body.try_next()).await;
        let chunk =
            chunk.map_err(|_elapsed| Failure::TooSlow)?.map_err(|error| Failure::Body(error.into()))?;
        let read = self.read + chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if read > self.bytes || (chunk.is_none() && read < self.bytes) {
            return Err(Failure::CutShort { length: self.bytes as usize, got: read as usize });
        }
        self.read = read;
        Ok(chunk)
    }
}
