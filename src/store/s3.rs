//! The second backend: a bucket on an S3 server.
//!
//! What is public and written carries all that a CDN needs to read the bucket itself: media type, `Cache-Control` and the
//! tag that purges it.

mod failure;
mod identity;
mod multipart;
mod opened;
mod reads;
#[cfg(test)]
pub(super) mod tests;
mod trace;
mod write;

use std::{
    collections::HashMap,
    io,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig, meta::region::RegionProviderChain};
use aws_sdk_s3::{
    Client,
    config::{
        RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
        retry::RetryConfig, timeout::TimeoutConfig,
    },
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::ChecksumAlgorithm,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    config::{Checksums, StoreConfig},
    domain::{backoff::Backoff, namespace::Namespace},
};

pub(super) use self::failure::{is_of_object, trouble};
pub(super) use self::opened::{Arriving, Opened};
use self::reads::Reads;
use super::{Address, Cause};

pub(crate) use self::{
    failure::Failure,
    write::{Body, Object, Writer},
};

/// The region of servers that have none, where none is set.
const ANY_REGION: &str = "us-east-1";
/// The pauses before another attempt.
const RETRY: Backoff = Backoff { first_ms: 100, most_ms: 6_400 };
/// The header `x-amz-meta-surrogate-key`, which a CDN can be configured to use as its own.
const TAG: &str = "surrogate-key";
/// The header `x-amz-meta-sha256`: the SHA-256 of a large object, in base64.
const SHA256: &str = "sha256";
/// The object that is written and deleted to see whether a bucket can be used.
const PROBE: &str = "probe";
/// A shorter object comes as soon as its beginning does.
const LARGE_BYTES: usize = 64 * 1024;
/// The most that a server lists at once.
const PAGE_KEYS: i32 = 1000;

/// Objects in a bucket, under the prefix and their keys.
#[derive(Debug)]
pub(super) struct S3 {
    client: Client,
    bucket: String,
    /// Empty, or with a slash at its end.
    prefix: String,
    attempts: u32,
    attempt_timeout: Duration,
    reads: Reads,
    /// Whether the server has refused a conditional write that it took without its condition.
    knows_no_conditions: AtomicBool,
    connection: Box<Connection>,
}

/// How a bucket is reached, for what else is in it than objects.
#[derive(Debug)]
pub struct Connection {
    /// For requests to the bucket.
    pub(crate) client: Client,
    /// For what is written to it.
    pub(crate) writer: Writer,
    /// For clients of other services.
    pub(crate) sdk: SdkConfig,
    /// As they were read.
    pub(crate) settings: StoreConfig,
}

impl Connection {
    /// See [`StoreConfig::staged_prefix`].
    pub(crate) fn staged_prefix(&self) -> String {
        self.settings.staged_prefix()
    }
}

/// Whether an object may take the place of another.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Only where there is none yet.
    Free,
    /// Whatever is there.
    Any,
}

impl S3 {
    /// A bucket as it is set. Nothing is asked of the server yet.
    pub(super) async fn open(settings: &StoreConfig) -> io::Result<Self> {
        Ok(Self::with(settings, &loader(settings).load().await))
    }

    fn with(settings: &StoreConfig, shared: &SdkConfig) -> Self {
        let (request, response, checksum) = match settings.checksums {
            Checksums::WhenRequired => {
                (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired, None)
            }
            Checksums::WhenSupported => (
                RequestChecksumCalculation::WhenSupported,
                ResponseChecksumValidation::WhenSupported,
                Some(ChecksumAlgorithm::Sha256),
            ),
        };
        let config = aws_sdk_s3::config::Builder::from(shared)
            .interceptor(trace::SendTrace)
            .force_path_style(settings.path_style)
            .request_checksum_calculation(request)
            .response_checksum_validation(response);
        let client = Client::from_conf(config.clone().build());
        let replicas = settings.read_endpoints.iter();
        let replicas = replicas.map(|url| Client::from_conf(config.clone().endpoint_url(url).build()));
        let hedge = (settings.hedge_ms > 0).then(|| Duration::from_millis(settings.hedge_ms));
        let reads = Reads::of(std::iter::once(client.clone()).chain(replicas).collect(), hedge);
        Self {
            connection: Box::new(Connection {
                client: client.clone(),
                writer: Writer { client: client.clone(), bucket: settings.bucket.clone(), checksum },
                sdk: shared.clone(),
                settings: settings.clone(),
            }),
            client,
            bucket: settings.bucket.clone(),
            prefix: settings.objects_prefix(),
            attempts: settings.attempts,
            attempt_timeout: Duration::from_millis(settings.attempt_timeout_ms),
            reads,
            knows_no_conditions: AtomicBool::new(false),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let at = |s3: &Self| (s3.connection.settings.endpoint.clone(), s3.bucket.clone(), s3.prefix.clone());
        at(self) == at(other)
    }

    /// The same bucket as each address shows it that is read, the store's own first. Each is read alone.
    pub(super) fn endpoints(&self) -> Vec<Self> {
        let StoreConfig { endpoint, read_endpoints, .. } = &self.connection.settings;
        let addresses = std::iter::once(endpoint).cloned().chain(read_endpoints.iter().cloned().map(Some));
        let alone = |(client, endpoint): (Client, Option<String>)| Self {
            connection: Box::new(Connection {
                client: client.clone(),
                writer: Writer { client: client.clone(), ..self.connection.writer.clone() },
                sdk: self.connection.sdk.clone(),
                settings: StoreConfig {
                    endpoint,
                    read_endpoints: Vec::new(),
                    ..self.connection.settings.clone()
                },
            }),
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            attempts: self.attempts,
            attempt_timeout: self.attempt_timeout,
            reads: Reads::of(vec![client.clone()], None),
            knows_no_conditions: AtomicBool::new(false),
            client,
        };
        self.reads.clients().iter().cloned().zip(addresses).map(alone).collect()
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn checksum(&self) -> Option<ChecksumAlgorithm> {
        self.connection.writer.checksum.clone()
    }

    pub(super) fn request_timeout(&self) -> Duration {
        self.attempt_timeout * self.attempts
    }

    pub(super) async fn put(&self, key: &Address, bytes: &[u8]) -> Result<(), Cause> {
        if self.knows_no_conditions.load(Ordering::Relaxed) {
            // The same bytes are in the place of those that may be there.
            return Ok(self.write(key, bytes, Place::Any).await?);
        }
        match self.write(key, bytes, Place::Free).await {
            Err(failure) if failure.may_be_there() => {
                if self.get_patiently(&self.client, &self.name(key)).await?.as_deref() == Some(bytes) {
                    return Ok(());
                }
                self.write(key, bytes, Place::Any).await?;
                if failure.is_not_implemented() {
                    self.knows_no_conditions.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            written => Ok(written?),
        }
    }

    async fn write(&self, key: &Address, bytes: &[u8], place: Place) -> Result<(), Failure> {
        let object = Object {
            key: self.name(key),
            content_type: Some(key.key.media_type()),
            cache_control: Some(cache_control(key)),
            metadata: metadata(key, bytes),
            only_if_new: matches!(place, Place::Free),
        };
        self.connection.writer.write(&object, Body::Bytes(bytes)).await
    }

    pub(super) async fn presigned(&self, key: &Address, lasts: Duration) -> Result<String, Cause> {
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(key));
        // Otherwise a header that asks for the checksum would be signed, which no browser sends.
        let plain = aws_sdk_s3::config::Builder::new()
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        let config = PresigningConfig::expires_in(lasts)?;
        let presigned = request.customize().config_override(plain).presigned(config).await;
        let presigned = presigned.map_err(Failure::from)?;
        Ok(presigned.uri().to_owned())
    }

    pub(super) async fn list(&self, leftover: Duration) -> Result<Vec<Address>, Cause> {
        self.list_by(PAGE_KEYS, leftover).await
    }

    async fn list_by(&self, page: i32, leftover: Duration) -> Result<Vec<Address>, Cause> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
        let mut pages = request.into_paginator().page_size(page).send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(Failure::from)?;
            let names = page.contents().iter().filter_map(|object| object.key());
            // What is no object of ours stays as it is.
            keys.extend(names.filter_map(|name| name.strip_prefix(&self.prefix)?.parse::<Address>().ok()));
        }
        if let Some(before) = SystemTime::now().checked_sub(leftover)
            && let Err(error) = self.abort_parts(before).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "uploads to S3 that were never finished could not be removed");
        }
        Ok(keys)
    }

    pub(super) async fn remove(&self, key: &Address) -> Result<(), Cause> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.name(key));
        match request.send().await.map_err(Failure::from) {
            Err(failure) if !failure.is_absence() => Err(failure.into()),
            _ => Ok(()),
        }
    }

    /// Asks once: health checks are repeated by their callers.
    pub(super) async fn ping(&self) -> Result<(), Cause> {
        let once = aws_sdk_s3::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = self.client.head_bucket().bucket(&self.bucket);
        request.customize().config_override(once).send().await.map_err(Failure::from)?;
        Ok(())
    }

    /// Lists, writes and deletes once: what a bucket can refuse of all that is asked of it later.
    pub(super) async fn probe(&self) -> Result<(), Cause> {
        let key = format!("{}{PROBE}", self.prefix);
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(&key).max_keys(1);
        list.send().await.map_err(Failure::from)?;
        let put = self.client.put_object().bucket(&self.bucket).key(&key);
        let put = put.set_checksum_algorithm(self.checksum()).body(ByteStream::from_static(b"probe"));
        put.send().await.map_err(Failure::from)?;
        let delete = self.client.delete_object().bucket(&self.bucket).key(&key);
        delete.send().await.map_err(Failure::from)?;
        Ok(())
    }

    /// For messages.
    pub(super) fn place(&self) -> String {
        let Connection { sdk, settings, .. } = self.connection.as_ref();
        let at = match (&settings.endpoint, sdk.region()) {
            (Some(endpoint), _) => format!("at {endpoint}"),
            (None, region) => format!("in {}", region.map(AsRef::as_ref).unwrap_or_default()),
        };
        format!("the bucket {} {at}", self.bucket)
    }

    fn name(&self, key: &Address) -> String {
        format!("{}{key}", self.prefix)
    }
}

/// Objects are named by their content, and never change. Private objects must not be cached, should someone let
/// the world read the bucket.
fn cache_control(key: &Address) -> &'static str {
    match key.namespace {
        Namespace::Public => "public, max-age=31536000, immutable",
        Namespace::Private(_) => "private, no-store",
    }
}

/// Whether an object of this length may be given before all of it has come.
const fn is_large(length: usize) -> bool {
    length > LARGE_BYTES
}

/// What stands beside an object: the tag of one that is public, and of one that is large what its reader has to know before
/// all of it has come.
fn metadata(key: &Address, bytes: &[u8]) -> Option<HashMap<String, String>> {
    let tag = (!key.namespace.is_private()).then(|| (TAG.to_owned(), key.key.cache_tag()));
    let sha256 =
        is_large(bytes.len()).then(|| (SHA256.to_owned(), BASE64_STANDARD.encode(Sha256::digest(bytes))));
    let metadata: HashMap<_, _> = tag.into_iter().chain(sha256).collect();
    (!metadata.is_empty()).then_some(metadata)
}

/// Settings over those of the environment; credentials are the environment's alone.
fn loader(settings: &StoreConfig) -> ConfigLoader {
    let attempt = Duration::from_millis(settings.attempt_timeout_ms);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt * settings.attempts)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(settings.attempts)
        .with_initial_backoff(Duration::from_millis(RETRY.first_ms as u64));
    let region = RegionProviderChain::first_try(settings.region.clone().map(Region::new));
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region.or_default_provider().or_else(ANY_REGION))
        .timeout_config(timeouts)
        .retry_config(retries)
        // The time of a body is bounded here, where it is read.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    match &settings.endpoint {
        Some(endpoint) => loader.endpoint_url(endpoint),
        None => loader,
    }
}

/// Before another attempt, after so many failures in a row. Without chance, what failed together is tried again together.
pub(crate) fn pause(failures: u32) -> Duration {
    let chance = getrandom::u32().map_or(0, |chance| chance as u8);
    Duration::from_millis(RETRY.spread_ms(failures, chance) as u64)
}
