//! Request bodies: small JSON, within a size and a time.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
    web::{BytesMut, Payload},
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use crate::domain::input;

use super::problem::Error;

/// Enough for all JSON bodies but the largest, which name their own limit.
const MAX_BYTES: usize = 16 * 1024;
/// The server's own timeout covers the headers only.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Reads a JSON object. The error for any other body includes the `example`.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Payload,
    example: &'static str,
) -> Result<T, Error> {
    read_json_of(request, body, MAX_BYTES, example).await
}

/// The same of at most `max_bytes`.
pub(crate) async fn read_json_of<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Payload,
    max_bytes: usize,
    example: &'static str,
) -> Result<T, Error> {
    if !is_of(request, "application/json") {
        return Err(Error::NotJson);
    }
    read_object(request, body, max_bytes, example).await
}

/// The same with the media type of text, which browsers send without a preflight.
pub(crate) async fn read_text<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Payload,
    max_bytes: usize,
    example: &'static str,
) -> Result<T, Error> {
    if !is_of(request, "text/plain") && !is_of(request, "application/json") {
        return Err(Error::NotJson);
    }
    read_object(request, body, max_bytes, example).await
}

fn is_of(request: &HttpRequest, media_type: &str) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

async fn read_object<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Payload,
    max_bytes: usize,
    example: &'static str,
) -> Result<T, Error> {
    if is_encoded(request.headers()) {
        return Err(Error::BodyEncoded);
    }
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > max_bytes) {
        return Err(Error::BodyTooLarge(max_bytes));
    }
    let bytes = tokio::time::timeout(MAX_TIME, read(body, max_bytes))
        .await
        .map_err(|_elapsed| Error::BodyTooSlow)??;
    input::from_json_object(&bytes).map_err(|why| Error::BadJson { why, example })
}

/// Whether a body is compressed. No address unpacks one.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING);
    codings.any(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

async fn read(mut body: Payload, max_bytes: usize) -> Result<BytesMut, Error> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_cut| Error::BodyCutShort)?;
        if bytes.len() + chunk.len() > max_bytes {
            return Err(Error::BodyTooLarge(max_bytes));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
