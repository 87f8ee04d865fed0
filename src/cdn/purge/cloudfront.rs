//! Amazon CloudFront: invalidations, by tags where the distribution knows them, else by addresses; always hard.
//!
//! One request of the REST API (`CreateInvalidation`), signed here: the SDK's crate for CloudFront has hundreds of
//! operations and takes minutes to compile.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use aws_config::BehaviorVersion;
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider},
};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use reqwest::header::CONTENT_TYPE;
use tokio::sync::Mutex;

use super::{
    client::{Client, Response, SendError, SendErrorKind},
    message::{Message, pieces},
};

/// Most invalidations in progress (CloudFront's developer guide, "Concurrent invalidation request maximum").
const MAX_PATHS: usize = 3000;
const MAX_PATTERNS: usize = 15;
const API: &str = "https://cloudfront.amazonaws.com";
/// CloudFront is global, and requests are signed for this region.
const REGION: &str = "us-east-1";
/// Credentials are read again so long before they expire, and this often where they do not.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
const RENEW_EVERY: Duration = Duration::from_mins(15);

#[derive(Debug)]
pub(super) struct Cloudfront {
    url: String,
    pub(super) tags: bool,
    provider: Option<SharedCredentialsProvider>,
    /// The credentials in use, and when they are read again.
    credentials: Mutex<Option<(Credentials, SystemTime)>>,
}

impl Cloudfront {
    /// With the credentials that all of AWS's tools find.
    pub(super) async fn open(distribution_id: &str, tags: bool, api: Option<&str>) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
        Self::with_provider(distribution_id, tags, api, config.credentials_provider())
    }

    pub(super) fn with_provider(
        distribution_id: &str,
        tags: bool,
        api: Option<&str>,
        provider: Option<SharedCredentialsProvider>,
    ) -> Self {
        let api = api.unwrap_or(API).trim_end_matches('/');
        let url = format!("{api}/2020-05-31/distribution/{distribution_id}/invalidation");
        Self { url, tags, provider, credentials: Mutex::default() }
    }

    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
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
            self.invalidate(client, list, &format!("{}-{at}", message.key)).await?;
        }
        Ok(())
    }

    /// A second request with the same reference has no effect.
    async fn invalidate(&self, client: &Client, list: &[String], reference: &str) -> Result<(), SendError> {
        let body = batch(list, reference);
        let credentials = self.credentials().await?;
        let mut request = client.http.post(&self.url).header(CONTENT_TYPE, "text/xml");
        for (name, value) in signature(&credentials, &self.url, &body)? {
            request = request.header(name, value);
        }
        // The error's code stands in the body, and decides more than the status.
        let Response { status, body } = client.send(request.body(body), &[400, 403, 404], &[]).await?;
        if status.is_success() {
            return Ok(());
        }
        let code = code_of(&body).unwrap_or_default();
        let error = SendError::of_status(status, None, code, &[]);
        Err(match code {
            "TooManyInvalidationsInProgress" | "Throttling" | "ThrottlingException" => {
                SendError { kind: SendErrorKind::Busy(None), ..error }
            }
            _ => error,
        })
    }

    async fn credentials(&self) -> Result<Credentials, SendError> {
        let now = SystemTime::now();
        let mut held = self.credentials.lock().await;
        if let Some((credentials, until)) = &*held
            && now < *until
        {
            return Ok(credentials.clone());
        }
        let none = || SendError::new(SendErrorKind::Forbidden, "there are no AWS credentials");
        let provider = self.provider.as_ref().ok_or_else(none)?;
        let credentials = provider.provide_credentials().await.map_err(|error| {
            SendError::new(SendErrorKind::Unreachable, format!("no AWS credentials: {error}"))
        })?;
        let until = credentials.expiry().map_or(now + RENEW_EVERY, |expiry| expiry - RENEW_BEFORE);
        *held = Some((credentials.clone(), until));
        Ok(credentials)
    }
}

/// The headers that sign a POST with this body (AWS Signature Version 4).
fn signature(credentials: &Credentials, url: &str, body: &str) -> Result<Vec<(String, String)>, SendError> {
    let rejected = |error: &dyn std::error::Error| SendError::new(SendErrorKind::Rejected, error.to_string());
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("cloudfront")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| rejected(&error))?;
    let headers = std::iter::once(("content-type", "text/xml"));
    let request = SignableRequest::new("POST", url, headers, SignableBody::Bytes(body.as_bytes()))
        .map_err(|error| rejected(&error))?;
    let (instructions, _signature) =
        sign(request, &params.into()).map_err(|error| rejected(&error))?.into_parts();
    Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// The body of `CreateInvalidation` (Amazon CloudFront API reference).
fn batch(paths: &[String], reference: &str) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">",
    );
    // Writing to a string cannot fail.
    let _ = write!(xml, "<Paths><Quantity>{}</Quantity><Items>", paths.len());
    for path in paths {
        let _ = write!(xml, "<Path>{}</Path>", escaped(path));
    }
    let _ = write!(
        xml,
        "</Items></Paths><CallerReference>{}</CallerReference></InvalidationBatch>",
        escaped(reference)
    );
    xml
}

/// The code of an error, as `AccessDenied`.
fn code_of(xml: &str) -> Option<&str> {
    let (_, rest) = xml.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_in_xml() {
        expect_test::expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Paths><Quantity>2</Quantity><Items><Path>/a?b=1&amp;c=2</Path><Path>/still/*</Path></Items></Paths><CallerReference>girasol-1</CallerReference></InvalidationBatch>"#]]
        .assert_eq(&batch(&["/a?b=1&c=2".to_owned(), "/still/*".to_owned()], "girasol-1"));
    }
}
