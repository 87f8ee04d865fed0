//! Requests to caches over HTTP, and what their responses mean.

use std::time::{Duration, SystemTime};

use hmac::{Hmac, Mac as _};
use reqwest::{RequestBuilder, StatusCode, header::RETRY_AFTER, redirect::Policy};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::{domain::keys::hex, traces};

/// How long one response may take.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Bytes of a response body that are read.
const ANSWER_MAX_BYTES: usize = 4096;
/// Characters of it that are logged.
const LOGGED_CHARS: usize = 200;
/// The longest pause that `Retry-After` may ask for.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// A token, or another text that no log may show.
#[derive(Debug, Clone)]
pub(crate) struct Secret(SecretString);

impl Secret {
    /// Without white space around it, as files end with a line break.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().into())
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// HMAC-SHA256 (RFC 2104).
#[expect(clippy::expect_used, reason = "RFC 2104 allows keys of every length")]
pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// What a webhook gets in `Girasol-Signature`. The time is signed too, so that the receiver can refuse an old message that
/// a third party sends again.
pub(crate) fn signature(secret: &Secret, at_s: i64, body: &str) -> String {
    let signature = hmac_sha256(secret.expose().as_bytes(), format!("{at_s}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex(&signature))
}

/// Why a request was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct SendError {
    /// What to do about it.
    pub(crate) kind: SendErrorKind,
    /// For people; holds no secret.
    pub(crate) message: String,
}

/// What to do about a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendErrorKind {
    /// No response came, or one of a server that is unwell: try again.
    Unreachable,
    /// The service asks for a pause, if known for how long.
    Busy(Option<Duration>),
    /// The token is missing or wrong: an operator has to act.
    Forbidden,
    /// The service rejects this request: another try changes nothing.
    Rejected,
}

impl SendErrorKind {
    /// The word for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Busy(_) => "busy",
            Self::Forbidden => "forbidden",
            Self::Rejected => "rejected",
        }
    }
}

impl SendError {
    pub(crate) fn new(kind: SendErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Of a response that is no success, with what its body says.
    pub(crate) fn of_status(
        status: StatusCode,
        pause: Option<Duration>,
        body: &str,
        secrets: &[&Secret],
    ) -> Self {
        let kind = match status.as_u16() {
            401 | 403 => SendErrorKind::Forbidden,
            429 | 503 => SendErrorKind::Busy(pause.map(|pause| pause.min(MAX_PAUSE))),
            408 | 425 | 500..=599 => SendErrorKind::Unreachable,
            _ => SendErrorKind::Rejected,
        };
        let said: String =
            body.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        // Before the text is cut, or half of a secret would be left.
        let said = secrets
            .iter()
            .filter(|secret| !secret.expose().is_empty())
            .fold(said, |said, secret| said.replace(secret.expose(), "[hidden]"));
        let said: String = said.trim().chars().take(LOGGED_CHARS).collect();
        let colon = if said.is_empty() { "" } else { ": " };
        Self { kind, message: format!("the response is {status}{colon}{said}") }
    }
}

/// A response that is a success, or has one of the statuses that the caller takes for one.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// Sends the requests of all targets; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
}

impl Client {
    /// It follows neither redirects nor the environment's proxies: both would get the tokens.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("girasol/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http })
    }

    /// Sends a request. `also` are statuses that count as a success.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        also: &[u16],
        secrets: &[&Secret],
    ) -> Result<Response, SendError> {
        // Addresses may hold secrets too, and are left out.
        let unreachable = |error: reqwest::Error| {
            // A token that no header can hold fails the same way every time.
            let kind = if error.is_builder() { SendErrorKind::Rejected } else { SendErrorKind::Unreachable };
            SendError::new(kind, chain(&error.without_url()))
        };
        let request = match traces::context() {
            Some(trace) => request.header("traceparent", trace.to_string()),
            None => request,
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let pause = response.headers().get(RETRY_AFTER).and_then(|value| pause(value.to_str().ok()?));
        let mut body = Vec::new();
        while body.len() < ANSWER_MAX_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status is enough.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(unreachable(error)),
            }
        }
        body.truncate(ANSWER_MAX_BYTES);
        let body = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() || also.contains(&status.as_u16()) {
            Ok(Response { status, body })
        } else {
            Err(SendError::of_status(status, pause, &body, secrets))
        }
    }
}

/// The error with its causes: `error sending request` alone says nothing.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// RFC 9110, section 10.2.3: seconds, or a date.
fn pause(value: &str) -> Option<Duration> {
    let value = value.trim();
    let date = || {
        let until = httpdate::parse_http_date(value).ok()?;
        Some(until.duration_since(SystemTime::now()).unwrap_or_default())
    };
    value.parse().map(Duration::from_secs).ok().or_else(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        assert_eq!(pause("120"), Some(Duration::from_mins(2)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = SystemTime::now() + Duration::from_secs(90);
        assert!(pause(&httpdate::fmt_http_date(later)).unwrap() > Duration::from_mins(1));
        assert_eq!(pause("soon"), None);
    }

    #[test]
    fn a_signature_covers_moment_and_body() {
        let secret = Secret::new("key");
        let signed = signature(&secret, 1, "body");
        // As openssl computes it.
        assert_eq!(signed, "t=1,v1=91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5");
        assert_ne!(signed[4..], signature(&secret, 2, "body")[4..]);
    }

    #[test]
    fn a_secret_that_is_echoed_stays_hidden() {
        let secret = Secret::new("s3cret\n");
        assert!(!format!("{secret:?}").contains("s3cret"));
        let body = format!("{} no token s3cret\n", "x".repeat(LOGGED_CHARS - 12));
        let failure = SendError::of_status(StatusCode::FORBIDDEN, None, &body, &[&secret]);
        assert_eq!(failure.kind, SendErrorKind::Forbidden);
        assert!(!failure.message.contains("s3"), "{}", failure.message);
        let kinds = [400, 404, 408, 429, 500, 503].map(|status| {
            let hour = Some(Duration::from_hours(48));
            SendError::of_status(StatusCode::from_u16(status).unwrap(), hour, "", &[]).kind
        });
        let busy = SendErrorKind::Busy(Some(MAX_PAUSE));
        let (rejected, unreachable) = (SendErrorKind::Rejected, SendErrorKind::Unreachable);
        assert_eq!(kinds, [rejected, rejected, unreachable, busy, unreachable, busy]);
    }
}
