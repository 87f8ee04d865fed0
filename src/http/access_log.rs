//! One span, one line and one measurement for each request.

use std::{borrow::Cow, time::Instant};

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use percent_encoding::percent_decode_str;
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};

use crate::traces;

use super::{measure, trace::Traced};

/// Spans with method, path, a request id, and the id of the trace that the client named or this server began. They have no query, address or user agent, and no signature that a reader
/// of the log could use.
#[derive(Debug)]
pub struct AccessLog;

struct Begun(Instant);

impl RootSpanBuilder for AccessLog {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Begun(Instant::now()));
        let id = request.extensions().get::<RequestId>().map(ToString::to_string);
        let path = without_secrets(request.uri().path());
        let path = shortened(&path);
        let mut traced = Traced::begin(request);
        let trace = traced.work.context().map(|context| context.id());
        traced.span.text("http.request.method", measure::word(request.method()));
        traced.span.text("url.path", &*path);
        request.extensions_mut().insert(traced);
        tracing::info_span!("request", method = %request.method(), %path, id, trace.id = trace)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        // Errors are answers by now, except a broken connection.
        let Ok(response) = outcome else { return };
        let took = response.request().extensions().get::<Begun>().map(|Begun(at)| at.elapsed());
        if let Some(took) = took {
            measure::answered(response, took);
        }
        let duration_ms = took.map(|took| took.as_secs_f64() * 1000.0);
        let status = response.status().as_u16();
        if let Some(Traced { span, .. }) = response.request().extensions_mut().remove::<Traced>() {
            end(span, response.request(), status);
        }
        tracing::info!(parent: &span, status, duration_ms, "answered");
    }
}

/// Ends the span of a request, whose address is known by now.
fn end(mut span: traces::Span, request: &HttpRequest, status: u16) {
    let route = measure::pattern(request);
    span.rename(|| format!("{} {route}", measure::word(request.method())));
    span.text("http.route", route);
    span.number("http.response.status_code", status);
    if status >= 500 {
        span.fail();
    }
}

/// The path for the log: without what signs a token, and without a key that stands there by mistake, however both are
/// spelled. The server decodes a path once; whatever a reader of the log could decode is looked at.
fn without_secrets(path: &str) -> Cow<'_, str> {
    let Some(decoded) = decode(path) else { return "\u{2026}".into() };
    let shown: Vec<Cow<'_, str>> = decoded.split('/').map(cut).collect();
    if shown.iter().all(|segment| matches!(segment, Cow::Borrowed(_))) {
        return path.into();
    }
    let harmless = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    shown.join("/").chars().map(harmless).collect::<String>().into()
}

/// The path without percent codes, and without those that appear when these are decoded; `None` if that has no end soon.
fn decode(path: &str) -> Option<String> {
    let mut text = path.to_owned();
    for _ in 0..DECODINGS {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return Some(text);
        }
        text = decoded;
    }
    None
}

/// The beginning of a path that is too long for a line.
fn shortened(path: &str) -> Cow<'_, str> {
    if path.len() <= MAX_SHOWN {
        return path.into();
    }
    let end = path.floor_char_boundary(MAX_SHOWN);
    format!("{}\u{2026}", &path[..end]).into()
}

/// A segment without what follows a token's fourth part, without anything as long as a signature, and without a key.
fn cut(segment: &str) -> Cow<'_, str> {
    let signed = segment.match_indices('~').nth(TOKEN_PARTS - 1).map(|(at, _)| at + 1);
    let long = long_hex(segment);
    let key = segment.find(KEY).map(|at| at + KEY.len());
    match [signed, long, key].into_iter().flatten().min() {
        Some(at) => format!("{}\u{2026}", &segment[..at]).into(),
        None => segment.into(),
    }
}

/// Where a run of hex digits begins that is longer than a digest.
fn long_hex(segment: &str) -> Option<usize> {
    let is_hex = |letter: char| letter.is_ascii_hexdigit();
    let runs = segment.split(|letter| !is_hex(letter));
    runs.filter(|run| run.len() > DIGEST_DIGITS)
        .map(|run| run.as_ptr() as usize - segment.as_ptr() as usize)
        .next()
}

/// Bytes of a path in the log, at most. No address is as long but one with a long name of a frame.
const MAX_SHOWN: usize = 1024;
/// How often a path is decoded. No program writes a path that is encoded so often.
const DECODINGS: usize = 8;
/// Parts of a token before its signature: configuration, version, expiry and key.
const TOKEN_PARTS: usize = 4;
const DIGEST_DIGITS: usize = 32;
/// Every key begins with this.
const KEY: &str = "girasol_";

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f5e6f";

    #[test]
    fn signatures_are_not_written_down() {
        let token = format!("ring~live~1~0a1b2c3d~{SIGNATURE}");
        assert_eq!(
            without_secrets(&format!("/signed/{token}/s/x/000.avif")),
            "/signed/ring~live~1~0a1b2c3d~\u{2026}/s/x/000.avif"
        );
        assert_eq!(without_secrets(&format!("/preview/{token}")), "/preview/ring~live~1~0a1b2c3d~\u{2026}");
    }

    #[test]
    fn no_spelling_of_a_token_writes_its_signature_down() {
        let token = format!("ring~live~1~0a1b2c3d~{SIGNATURE}");
        let coded = SIGNATURE.replace('5', "%35").replace('e', "%65").replace('6', "%36").replace('f', "%66");
        for path in [
            format!("/signed/{}/sequence", token.replace('~', "%7E")),
            format!("/signed/{}/sequence", token.replace('~', "%7e")),
            format!("/signed/{}/sequence", token.replace('~', "%257E")),
            format!("/signed/{}/sequence", token.replace('~', "%25257e")),
            format!("/signed/{token}~"),
            format!("/signed/{token}~/sequence"),
            format!("/signed/{token}/x~y/~"),
            format!("/signed/~{token}"),
            format!("/signed/{}", token.replace('~', "~~")),
            format!("/signed//{token}"),
            format!("/%73igned/{token}"),
            format!("/signed%2F{token}"),
            format!("/signed/ring/live/1/0a1b2c3d/{SIGNATURE}"),
            format!("/signed/ring~live~1~{SIGNATURE}"),
            format!("/signed/{}", token.to_uppercase()),
            format!("/signed/ring~live~1~0a1b2c3d~{coded}"),
            format!("/signed/ring-live-1-0a1b2c3d-{coded}"),
            format!("/signed/{token};x"),
            format!("/signed/{token}%00~"),
        ] {
            let shown = decode(&without_secrets(&path)).unwrap().to_lowercase();
            assert!(!shown.contains(&SIGNATURE[..8]), "{path}: {shown}");
        }
    }

    #[test]
    fn a_path_that_is_encoded_without_end_is_not_written_down() {
        let path = format!("/signed/ring~live~1~0a1b2c3d%{}7E{SIGNATURE}", "25".repeat(1000));
        assert_eq!(without_secrets(&path), "\u{2026}");
    }

    #[test]
    fn a_path_without_end_is_cut() {
        assert_eq!(shortened("/s/x"), "/s/x");
        let shown = shortened(&format!("/{}", "\u{e4}".repeat(40_000))).into_owned();
        assert!(shown.len() <= MAX_SHOWN + 3 && shown.ends_with('\u{2026}'), "{}", shown.len());
    }

    #[test]
    fn a_key_in_a_path_is_not_written_down() {
        assert_eq!(without_secrets("/api/keys/girasol_0a1b_secret"), "/api/keys/girasol_\u{2026}");
    }

    #[test]
    fn a_path_in_the_log_stays_one_line() {
        let shown = without_secrets("/signed/a~b~c~d~e/%0a2026 INFO forged");
        assert_eq!(shown, "/signed/a~b~c~d~\u{2026}/\u{fffd}2026 INFO forged");
    }

    #[test]
    fn other_paths_are_written_as_they_came() {
        for path in [
            "/s/0123456789abcdef0123456789abcdef/000.avif",
            "/api/framesets/0123456789abcdef0123456789abcdef/frames/ring%20~1.png",
            "/%2e%2e/x",
        ] {
            assert_eq!(without_secrets(path), path);
        }
    }
}
