//! Answers with a body that is already in memory: preconditions, ranges, or the whole, in the order of RFC 9110,
//! section 13.2.2.

use std::convert::Infallible;

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

pub(super) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// A body that does not change under its entity tag.
#[derive(Debug)]
pub(crate) struct Representation<'a> {
    /// `Content-Type`.
    pub(crate) media_type: &'static str,
    /// The encoded bytes.
    pub(crate) body: &'a Bytes,
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
) -> Result<HttpResponse, Error> {
    let (mut head, body) = respond(request.method(), request.headers(), caching, scope, representation)?;
    Ok(match body {
        Some(body) => head.body(in_slices(body)),
        None => head.finish(),
    })
}

/// The head of the answer to a request with this method and these headers, and what follows it, if anything does.
pub(super) fn respond(
    method: &Method,
    headers: &HeaderMap,
    caching: Caching,
    scope: &Scope,
    representation: &Representation<'_>,
) -> Result<(HttpResponseBuilder, Option<Bytes>), Error> {
    let Representation { media_type, body, etag, encoding, digest } = representation;
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
            range::wanted(only(headers, &RANGE), body.len())
        }
        _ => Wanted::Whole,
    };
    let (status, part) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0..body.len()),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Unsatisfiable => return Err(Error::RangeOutside { length: body.len() }),
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
        let range = format!("bytes {}-{}/{}", part.start, part.end - 1, body.len());
        response.insert_header((CONTENT_RANGE, range));
    }
    Ok((response, Some(body.slice(part))))
}

/// A body in slices: the server copies into the buffer of a connection what it takes at once, and a client that does not
/// read holds that much.
fn in_slices(body: Bytes) -> impl MessageBody {
    const SLICE: usize = 16 * 1024;
    let length = body.len();
    let slices = (0..length).step_by(SLICE).map(move |at| body.slice(at..length.min(at + SLICE)));
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
        body: &coded.body,
        etag: &coded.etag,
        encoding: coded.encoding,
        digest: None,
    };
    serve(request, caching, scope, &representation)
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
