//! Asking a service over HTTP, and what came of it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use reqwest::{Client, RequestBuilder, StatusCode, header::RETRY_AFTER, redirect::Policy};

/// How long a service may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The most of an answer that is looked at.
const ANSWER_MAX_BYTES: usize = 4096;
/// The most of it that is repeated, in characters.
const REPEATED_CHARS: usize = 200;
/// The longest pause that a service may ask for.
const MAX_PAUSE: Duration = Duration::from_hours(24);

/// What nobody is to see.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Why a cache was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(super) struct Failure {
    /// What can be done.
    pub(super) kind: FailureKind,
    /// For people; holds no secret.
    pub(super) words: String,
}

/// What can be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// Nobody answered, or somebody who is not well.
    Away,
    /// It has too much to do, and may say for how long.
    Busy(Option<Duration>),
    /// It knows who asks, or does not, and refuses.
    Forbidden,
    /// It refuses what it was asked.
    Refused,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }

    /// Any but a success, with what the answer says of it.
    pub(super) fn of_status(
        status: StatusCode,
        pause: Option<Duration>,
        body: &str,
        hidden: &[&Secret],
    ) -> Self {
        let kind = match status.as_u16() {
            401 | 403 => FailureKind::Forbidden,
            429 | 503 => FailureKind::Busy(pause.map(|pause| pause.min(MAX_PAUSE))),
            408 | 425 | 500..=599 => FailureKind::Away,
            _ => FailureKind::Refused,
        };
        let said: String =
            body.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        // Before it is cut, or half of a secret would be left.
        let said = hidden
            .iter()
            .filter(|secret| !secret.0.is_empty())
            .fold(said, |said, secret| said.replace(&secret.0, "[hidden]"));
        let said: String = said.trim().chars().take(REPEATED_CHARS).collect();
        let colon = if said.is_empty() { "" } else { ": " };
        Self { kind, words: format!("it answered {status}{colon}{said}") }
    }
}

/// An answer that is a success, or one of those that were asked for.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: String,
}

/// Whoever sends the requests of all targets.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) client: Client,
}

impl Asker {
    /// Neither redirects nor the proxies of the environment are followed: both would be given the tokens.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("girasol/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }

    /// Sends a request. `also` are statuses that mean as much as a success.
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        also: &[u16],
        hidden: &[&Secret],
    ) -> Result<Answered, Failure> {
        // Addresses may hold secrets too.
        let away = |error: reqwest::Error| {
            // A token that fits into no header will not do so another time.
            let kind = if error.is_builder() { FailureKind::Refused } else { FailureKind::Away };
            Failure::new(kind, why(&error.without_url()))
        };
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        let pause = response.headers().get(RETRY_AFTER).and_then(|value| pause(value.to_str().ok()?));
        let mut body = Vec::new();
        while body.len() < ANSWER_MAX_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // What matters was said before.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(away(error)),
            }
        }
        body.truncate(ANSWER_MAX_BYTES);
        let body = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() || also.contains(&status.as_u16()) {
            Ok(Answered { status, body })
        } else {
            Err(Failure::of_status(status, pause, &body, hidden))
        }
    }
}

/// The error with its causes: `error sending request` alone says nothing.
fn why(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
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
    fn a_secret_that_is_echoed_stays_hidden() {
        let secret = Secret::new("s3cret\n");
        assert_eq!(format!("{secret:?}"), "[hidden]");
        let body = format!("{} no token s3cret\n", "x".repeat(REPEATED_CHARS - 12));
        let failure = Failure::of_status(StatusCode::FORBIDDEN, None, &body, &[&secret]);
        assert_eq!(failure.kind, FailureKind::Forbidden);
        assert!(!failure.words.contains("s3"), "{}", failure.words);
        let kinds = [400, 404, 408, 429, 500, 503].map(|status| {
            let hour = Some(Duration::from_hours(48));
            Failure::of_status(StatusCode::from_u16(status).unwrap(), hour, "", &[]).kind
        });
        let busy = FailureKind::Busy(Some(MAX_PAUSE));
        let (refused, away) = (FailureKind::Refused, FailureKind::Away);
        assert_eq!(kinds, [refused, refused, away, busy, away, busy]);
    }
}
