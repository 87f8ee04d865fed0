//! Amazon CloudFront: invalidations, by tags where the distribution knows them, else by addresses; always hard.

use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_sdk_cloudfront::{
    Client,
    config::{retry::RetryConfig, timeout::TimeoutConfig},
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::{InvalidationBatch, Paths},
};
use reqwest::StatusCode;

use super::{
    asking::{Failure, FailureKind},
    message::{Message, pieces},
};

/// Of what is in progress at once (CloudFront's developer guide, "Concurrent invalidation request maximum").
const MAX_PATHS: usize = 3000;
const MAX_PATTERNS: usize = 15;
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Cloudfront {
    client: Client,
    distribution_id: String,
    pub(super) tags: bool,
}

impl Cloudfront {
    /// With the credentials that all of AWS's tools find.
    pub(super) async fn open(distribution_id: String, tags: bool, api: Option<&str>) -> Self {
        let mut loader = loader();
        if let Some(api) = api {
            loader = loader.endpoint_url(api);
        }
        Self { client: Client::new(&loader.load().await), distribution_id, tags }
    }

    #[cfg(test)]
    pub(super) async fn with_credentials(
        distribution_id: String,
        tags: bool,
        api: &str,
        credentials: aws_sdk_cloudfront::config::Credentials,
    ) -> Self {
        let config = loader().endpoint_url(api).credentials_provider(credentials).load().await;
        Self { client: Client::new(&config), distribution_id, tags }
    }

    pub(super) async fn tell(&self, message: &Message) -> Result<(), Failure> {
        let mut lists = Vec::new();
        let tags: Vec<String>;
        let (patterns, paths): (Vec<String>, Vec<String>);
        if self.tags {
            tags = message.tags.iter().map(|tag| format!("#{tag}")).collect();
            lists.extend(pieces(&tags, MAX_PATHS, usize::MAX, 0));
        } else {
            (patterns, paths) = message.patterns.iter().cloned().partition(|path| path.ends_with('*'));
            lists.extend(pieces(&patterns, MAX_PATTERNS, usize::MAX, 0));
            lists.extend(pieces(&paths, MAX_PATHS, usize::MAX, 0));
        }
        for (at, list) in lists.into_iter().enumerate() {
            self.invalidate(list, &format!("{}-{at}", message.key)).await?;
        }
        Ok(())
    }

    /// Asked twice with the same reference, it is done once.
    async fn invalidate(&self, list: &[String], reference: &str) -> Result<(), Failure> {
        let refused = |error: &dyn std::error::Error| Failure::new(FailureKind::Refused, error.to_string());
        let paths = Paths::builder().quantity(list.len() as i32).set_items(Some(list.to_vec())).build();
        let paths = paths.map_err(|error| refused(&error))?;
        let batch = InvalidationBatch::builder().paths(paths).caller_reference(reference).build();
        let batch = batch.map_err(|error| refused(&error))?;
        let request = self.client.create_invalidation().distribution_id(&self.distribution_id);
        match request.invalidation_batch(batch).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(failure(&error)),
        }
    }
}

fn loader() -> ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        // It is everywhere, and signed for there.
        .region(Region::from_static("us-east-1"))
        .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
        // What goes wrong is tried again from the database.
        .retry_config(RetryConfig::disabled())
}

fn failure<E>(error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Some(response) = error.raw_response() else {
        return Failure::new(FailureKind::Away, DisplayErrorContext(error).to_string());
    };
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let code = error.code().unwrap_or_default();
    let failure = Failure::of_status(status, None, code, &[]);
    match code {
        // In 400s of its own.
        "TooManyInvalidationsInProgress" | "Throttling" | "ThrottlingException" => {
            Failure { kind: FailureKind::Busy(None), ..failure }
        }
        _ => failure,
    }
}
