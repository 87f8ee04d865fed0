//! One span and one line for each request.

use std::{borrow::Cow, time::Instant};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// Spans with method, path and a request id. They have no query, address or user agent, and no signature that a reader
/// of the log could use.
#[derive(Debug)]
pub struct AccessLog;

struct Begun(Instant);

impl RootSpanBuilder for AccessLog {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Begun(Instant::now()));
        let id = request.extensions().get::<RequestId>().map(ToString::to_string);
        tracing::info_span!("request", method = %request.method(), path = %unsigned(request.path()), id)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        // Errors are answers by now, except a broken connection.
        let Ok(response) = outcome else { return };
        let duration_ms = response
            .request()
            .extensions()
            .get::<Begun>()
            .map(|Begun(at)| at.elapsed().as_secs_f64() * 1000.0);
        let status = response.status().as_u16();
        tracing::info!(parent: &span, status, duration_ms, "answered");
    }
}

/// A path without the last part of its token.
fn unsigned(path: &str) -> Cow<'_, str> {
    let Some(at) = path.rfind('~') else { return path.into() };
    let rest = path[at..].find('/').map_or("", |end| &path[at + end..]);
    format!("{}{rest}", &path[..=at]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_not_written_down() {
        assert_eq!(
            unsigned("/signed/ring~live~1~0a1b2c3d~5e6f/s/x/000.avif"),
            "/signed/ring~live~1~0a1b2c3d~/s/x/000.avif"
        );
        assert_eq!(unsigned("/preview/ring~3~1~0a1b2c3d~5e6f"), "/preview/ring~3~1~0a1b2c3d~");
        assert_eq!(unsigned("/s/x/000.avif"), "/s/x/000.avif");
    }
}
