//! Fetches files through a cache in front, so that it has them before visitors ask.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use reqwest::{
    RequestBuilder,
    header::{ACCEPT, ACCEPT_ENCODING},
};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Requests at once: the servers behind the cache answer them beside those of visitors.
const AT_ONCE: usize = 8;
/// An edge that has failed so often is left alone.
const MAX_FAILURES: u64 = 20;

/// A file that is fetched as a visitor does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its address behind that of the cache.
    pub(crate) path: String,
    /// What the visitor accepts.
    pub(crate) accept: &'static str,
}

/// What was fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Files that have arrived.
    pub(crate) files: u64,
    /// Their bytes, as they were sent.
    pub(crate) bytes: u64,
    /// Files that have not.
    pub(crate) failed: u64,
}

/// Fetches files through the cache at an address. Nothing is stored.
pub(crate) async fn fetch_through(edge: &str, wanted: &[Wanted]) -> Result<Fetched, reqwest::Error> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("girasol/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let edge = edge.trim_end_matches('/');
    let request = |Wanted { path, accept }: &Wanted| {
        let request = client.get(format!("{edge}{path}")).header(ACCEPT, *accept);
        // What browsers accept: the cache may have a copy for each.
        request.header(ACCEPT_ENCODING, "gzip, br, zstd")
    };
    let requests: Vec<RequestBuilder> = wanted.iter().map(request).collect();
    let mut answers = stream::iter(requests.into_iter().map(fetch)).buffer_unordered(AT_ONCE);
    let mut fetched = Fetched::default();
    while fetched.failed < MAX_FAILURES
        && let Some(answer) = answers.next().await
    {
        match answer {
            Ok(bytes) => (fetched.files, fetched.bytes) = (fetched.files + 1, fetched.bytes + bytes),
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "a file could not be fetched through a cache");
                fetched.failed += 1;
            }
        }
    }
    Ok(fetched)
}

async fn fetch(request: RequestBuilder) -> Result<u64, reqwest::Error> {
    let mut response = request.send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use wiremock::{
        Mock, MockServer, ResponseTemplate,
        matchers::{header, path},
    };

    use super::*;

    #[tokio::test]
    async fn files_are_fetched_as_visitors_do_and_failures_are_counted() {
        let edge = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_string("12345");
        Mock::given(path("/a")).and(header("accept", "image/avif")).respond_with(answer).mount(&edge).await;
        let wanted = ["/a", "/b"].map(|path| Wanted { path: path.to_owned(), accept: "image/avif" }).to_vec();
        let fetched = fetch_through(&format!("{}/", edge.uri()), &wanted).await.unwrap();
        assert_eq!(fetched, Fetched { files: 1, bytes: 5, failed: 1 });
    }

    #[tokio::test]
    async fn an_edge_that_fails_is_left_alone() {
        let edge = MockServer::start().await;
        let wanted: Vec<Wanted> =
            (0..1_000).map(|n| Wanted { path: format!("/{n}"), accept: "*/*" }).collect();
        let fetched = fetch_through(&edge.uri(), &wanted).await.unwrap();
        assert_eq!((fetched.files, fetched.failed), (0, MAX_FAILURES));
        let asked = edge.received_requests().await.unwrap().len();
        assert!(asked < 100, "{asked}");
    }
}
