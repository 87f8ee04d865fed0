//! Answers with a body whose length and tag are known: preconditions, ranges, or the whole, in the order of RFC 9110,
//! section 13.2.2.

use std::{convert::Infallible, ops::Range};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{MessageBody, SizedStream},
    http::{
        Method, StatusCode,
        header::{
            ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderName,
            IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
        },
    },
    web::Bytes,
};
use futures_util::stream;

use super::{
    caching::{Caching, answer},
    conditional,
    encoding::{self, Coded, Encoding},
    problem::Error,
    range::{self, Wanted},
    scope::Scope,
};

/// The media type of most answers.
pub(crate) const JSON: &str = "application/json";

/// What the server copies into the buffer of a connection at once, at the most: a client that does not read holds that much.
pub(super) const SLICE_BYTES: usize = 16 * 1024;

pub(super) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// A body that does not change under its entity tag.
#[derive(Debug)]
pub(crate) struct Representation<'a> {
    /// `Content-Type`.
    pub(crate) media_type: &'static str,
    /// Of the encoded bytes.
    pub(crate) length: usize,
    /// Quoted.
    pub(crate) etag: &'a str,
    /// `Content-Encoding`.
    pub(crate) encoding: Encoding,
    /// The value of `Repr-Digest` (RFC 9530); a body that has one is also served in ranges.
    pub(crate) digest: Option<&'a str>,
}

/// Answers GET and HEAD; the server sends no body for HEAD, but the headers of the whole.
pub(crate) fn serve(
    request: &HttpRequest,
    caching: Caching,
    scope: &Scope,
    representation: &Representation<'_>,
    body: &Bytes,
) -> Result<HttpResponse, Error> {
    let (mut head, part) = respond(request.method(), request.headers(), caching, scope, representation)?;
    Ok(match part {
        Some(part) => head.body(in_slices(body.slice(part))),
        None => head.finish(),
    })
}

/// The head of the answer to a request with this method and these headers, and the part of the body that follows it, if any
/// does.
pub(super) fn respond(
    method: &Method,
    headers: &HeaderMap,
    caching: Caching,
    scope: &Scope,
    representation: &Representation<'_>,
) -> Result<(HttpResponseBuilder, Option<Range<usize>>), Error> {
    let Representation { media_type, length, etag, encoding, digest } = representation;
    if !conditional::client_expects(lines(headers, &IF_MATCH), etag) {
        return Err(Error::PreconditionFailed);
    }
    if conditional::client_has(lines(headers, &IF_NONE_MATCH), etag) {
        let mut head = answer(StatusCode::NOT_MODIFIED, caching, scope);
        head.insert_header((ETAG, *etag));
        return Ok((head, None));
    }

    let wanted = match *method {
        // Ranges are defined for GET alone (RFC 9110, section 14.2).
        Method::GET if digest.is_some() && conditional::part_allowed(only(headers, &IF_RANGE), etag) => {
            range::wanted(only(headers, &RANGE), *length)
        }
        _ => Wanted::Whole,
    };
    let (status, part) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..*length),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Unsatisfiable => return Err(Error::RangeOutside { length: *length }),
    };
    let mut response = answer(status, caching, scope);
    response.content_type(*media_type).insert_header((ETAG, *etag));
    if *encoding != Encoding::Identity {
        response.insert_header((CONTENT_ENCODING, encoding.token()));
    }
    if let Some(digest) = digest {
        response.insert_header((ACCEPT_RANGES, "bytes")).insert_header((REPR_DIGEST, *digest));
    }
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", part.start, part.end - 1, length);
        response.insert_header((CONTENT_RANGE, range));
    }
    Ok((response, Some(part)))
}

/// A body in slices.
fn in_slices(body: Bytes) -> impl MessageBody {
    let length = body.len();
    let slices = (0..length).step_by(SLICE_BYTES).map(move |at| body.slice(at..length.min(at + SLICE_BYTES)));
    SizedStream::new(length as u64, stream::iter(slices.map(Ok::<_, Infallible>)))
}

/// The coding that the request accepts best.
pub(crate) fn accepted(request: &HttpRequest) -> Encoding {
    encoding::choose(lines(request.headers(), &ACCEPT_ENCODING))
}

/// Answers with a body in the coding that the request accepts best.
pub(crate) fn serve_coded(
    request: &HttpRequest,
    caching: Caching,
    scope: &Scope,
    media_type: &'static str,
    coded: &Coded,
) -> Result<HttpResponse, Error> {
    let representation = Representation {
        media_type,
        length: coded.body.len(),
        etag: &coded.etag,
        encoding: coded.encoding,
        digest: None,
    };
    serve(request, caching, scope, &representation, &coded.body)
}

/// Every line of a header that is text.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).map(|value| value.to_str().unwrap_or_default())
}

/// A header that stands once; a repeated one counts as malformed, which no range survives.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut lines = lines(headers, name);
    let first = lines.next()?;
    Some(if lines.next().is_some() { "" } else { first })
}
