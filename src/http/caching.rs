//! The header policies: which caches may store an answer, and for how long. No handler writes these by hand.

use std::{fmt::Write as _, time::Duration};

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CROSS_ORIGIN_RESOURCE_POLICY,
            HeaderMap, HeaderName, HeaderValue, LINK, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
};

use crate::traces::Took;

use super::scope::Scope;

/// How an answer is cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Content-addressed answers: stored for a year, never revalidated.
    Immutable,
    /// Answers that follow the live pointer: browsers store them for 10 minutes, CDNs for an hour, and CDNs serve them
    /// stale while they revalidate; publishing purges them.
    Manifest,
    /// Redirects to immutable objects: the operator may change where these are.
    Redirect,
    /// Small files of the binary: stored, and revalidated for each request.
    Pointer,
    /// Answers for one request.
    Private,
    /// An error, by its status.
    Error(StatusCode),
}

/// Response headers that scripts of other origins may read, beyond the ones that CORS always allows.
const EXPOSED: &str = "Accept-Ranges, Age, Content-Encoding, Content-Range, ETag, Link, RateLimit, RateLimit-Policy, \
     Repr-Digest, Retry-After, Server-Timing";

pub(super) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// A header line that is there from the start: nothing is parsed or copied to write it.
type Line = (HeaderName, HeaderValue);

const fn line(name: &'static str, value: &'static str) -> Line {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// The headers of every public answer.
static ALWAYS: [Line; 5] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED)),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin")),
    line("timing-allow-origin", "*"),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

static IMMUTABLE: [Line; 1] = [line("cache-control", "public, max-age=31536000, immutable")];
// CDN-Cache-Control (RFC 9213) is for CDNs; most ignore it, and Fastly reads the older Surrogate-Control. Caches that know
// neither read s-maxage.
static MANIFEST: [Line; 3] = [
    line(
        "cache-control",
        "public, max-age=600, s-maxage=3600, stale-while-revalidate=60, stale-if-error=86400",
    ),
    line("cdn-cache-control", "public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400"),
    line("surrogate-control", "max-age=3600, stale-while-revalidate=600, stale-if-error=86400"),
];
static REDIRECT: [Line; 1] = [line("cache-control", "public, max-age=600")];
static POINTER: [Line; 1] = [line("cache-control", "public, no-cache")];
static NOT_FOUND: [Line; 1] = [line("cache-control", "public, max-age=10")];
static GONE: [Line; 1] = [line("cache-control", "public, max-age=300")];
static LATER: [Line; 2] = [line("cache-control", "private, no-store"), line("retry-after", "5")];
static NEVER: [Line; 1] = [line("cache-control", "private, no-store")];

/// Where the tags of an answer stand, for caches that read one or the other.
const TAGS: [HeaderName; 3] = [
    HeaderName::from_static("surrogate-key"),
    HeaderName::from_static("cache-tag"),
    HeaderName::from_static("xkey"),
];

impl Caching {
    fn lines(self) -> &'static [Line] {
        match self {
            Self::Immutable => &IMMUTABLE,
            Self::Manifest => &MANIFEST,
            Self::Redirect => &REDIRECT,
            Self::Pointer => &POINTER,
            Self::Error(StatusCode::NOT_FOUND) => &NOT_FOUND,
            Self::Error(StatusCode::GONE) => &GONE,
            Self::Error(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => &LATER,
            Self::Private | Self::Error(_) => &NEVER,
        }
    }

    /// The same policy, without storage in any cache.
    fn for_one(self) -> Self {
        match self {
            Self::Immutable
            | Self::Manifest
            | Self::Redirect
            | Self::Pointer
            | Self::Error(StatusCode::NOT_FOUND | StatusCode::GONE) => Self::Private,
            Self::Private | Self::Error(_) => self,
        }
    }
}

/// Begins a public answer with all headers of its policy: caching, CORS, `Vary` and tags.
pub(crate) fn answer(status: StatusCode, caching: Caching, scope: &Scope) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    for (name, value) in &ALWAYS {
        answer.insert_header((name.clone(), value.clone()));
    }
    let caching = if scope.is_secret { caching.for_one() } else { caching };
    for (name, value) in caching.lines() {
        answer.insert_header((name.clone(), value.clone()));
    }
    if scope.is_secret {
        answer.insert_header((REFERRER_POLICY, "no-referrer"));
    }
    if let Some(vary) = scope.vary {
        answer.insert_header((VARY, vary));
    }
    if !scope.tags.is_empty() {
        let [surrogate_key, cache_tag, xkey] = TAGS;
        let spaced = scope.tags.join(" ");
        answer
            .insert_header((surrogate_key, spaced.as_str()))
            .insert_header((cache_tag, scope.tags.join(",")))
            .insert_header((xkey, spaced));
    }
    answer
}

/// The headers of a public answer that is immutable, with this tag: those that [`answer`] writes.
pub(super) fn immutable(headers: &mut HeaderMap, tag: &HeaderValue) {
    for (name, value) in ALWAYS.iter().chain(Caching::Immutable.lines()) {
        headers.insert(name.clone(), value.clone());
    }
    for name in TAGS {
        headers.insert(name, tag.clone());
    }
}

/// Makes a browser, or a CDN that sends early hints, fetch a file of this server at once (HTML standard, "preload"), with
/// the CORS mode of scripts of other origins.
pub(crate) fn preload(path: &str) -> Option<(HeaderName, HeaderValue)> {
    let value = format!("<{path}>; rel=preload; as=fetch; crossorigin");
    Some((LINK, HeaderValue::try_from(value).ok()?))
}

/// The time that the server took for an answer, and what of it the parts took that were asked (Server Timing, section 2). A
/// cached copy has the times of the original.
pub(crate) fn server_timing(took: Duration, parts: Took) -> Option<(HeaderName, HeaderValue)> {
    let ms = |took: Duration| took.as_secs_f64() * 1000.0;
    let mut value = format!("origin;dur={:.1}", ms(took));
    for (name, took) in [("cache", parts.cache), ("db", parts.database), ("store", parts.store)] {
        if !took.is_zero() {
            // Writing to a string cannot fail.
            let _ = write!(value, ", {name};dur={:.1}", ms(took));
        }
    }
    Some((SERVER_TIMING, HeaderValue::try_from(value).ok()?))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_policy_in_full() {
        let tags = vec!["c-1".to_owned(), "p-2".to_owned()];
        let scope = Scope { tags, vary: Some("Accept-Encoding"), is_secret: false };
        let mut table = Vec::new();
        for (name, caching) in [
            ("immutable", Caching::Immutable),
            ("manifest", Caching::Manifest),
            ("redirect", Caching::Redirect),
            ("pointer", Caching::Pointer),
            ("private", Caching::Private),
            ("400", Caching::Error(StatusCode::BAD_REQUEST)),
            ("404", Caching::Error(StatusCode::NOT_FOUND)),
            ("410", Caching::Error(StatusCode::GONE)),
            ("429", Caching::Error(StatusCode::TOO_MANY_REQUESTS)),
            ("500", Caching::Error(StatusCode::INTERNAL_SERVER_ERROR)),
            ("503", Caching::Error(StatusCode::SERVICE_UNAVAILABLE)),
        ] {
            table.push(name.to_owned());
            for (header, value) in caching.lines() {
                table.push(format!("  {header}: {}", value.to_str().unwrap()));
            }
            let control = &caching.lines().iter().find(|(header, _)| header == "cache-control").unwrap().1;
            let control = control.to_str().unwrap();
            assert!(!(control.contains("no-store") && control.contains("max-age")), "{name}");
        }
        table.push("always".to_owned());
        let always = answer(StatusCode::OK, Caching::Private, &scope).finish();
        let lines = always.headers().iter();
        let mut lines: Vec<_> =
            lines.map(|(header, value)| format!("  {header}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        table.extend(lines);
        expect![[r#"
            immutable
              cache-control: public, max-age=31536000, immutable
            manifest
              cache-control: public, max-age=600, s-maxage=3600, stale-while-revalidate=60, stale-if-error=86400
              cdn-cache-control: public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400
              surrogate-control: max-age=3600, stale-while-revalidate=600, stale-if-error=86400
            redirect
              cache-control: public, max-age=600
            pointer
              cache-control: public, no-cache
            private
              cache-control: private, no-store
            400
              cache-control: private, no-store
            404
              cache-control: public, max-age=10
            410
              cache-control: public, max-age=300
            429
              cache-control: private, no-store
              retry-after: 5
            500
              cache-control: private, no-store
            503
              cache-control: private, no-store
              retry-after: 5
            always
              access-control-allow-origin: *
              access-control-expose-headers: Accept-Ranges, Age, Content-Encoding, Content-Range, ETag, Link, RateLimit, RateLimit-Policy, Repr-Digest, Retry-After, Server-Timing
              cache-control: private, no-store
              cache-tag: c-1,p-2
              cross-origin-resource-policy: cross-origin
              surrogate-key: c-1 p-2
              timing-allow-origin: *
              vary: Accept-Encoding
              x-content-type-options: nosniff
              xkey: c-1 p-2"#]].assert_eq(&table.join("\n"));
    }

    #[test]
    fn the_parts_that_were_asked_say_how_long_they_took() {
        let value = |parts| server_timing(Duration::from_micros(12_340), parts).unwrap().1;
        assert_eq!(value(Took::default()), "origin;dur=12.3");
        let (database, store) = (Duration::from_micros(1_260), Duration::from_millis(9));
        let asked = Took { database, store, cache: Duration::ZERO };
        assert_eq!(value(asked), "origin;dur=12.3, db;dur=1.3, store;dur=9.0");
        assert_eq!(
            value(Took { cache: Duration::from_millis(1), ..asked }),
            "origin;dur=12.3, cache;dur=1.0, db;dur=1.3, store;dur=9.0"
        );
    }

    #[test]
    fn no_cache_stores_a_secret_answer() {
        for caching in [
            Caching::Immutable,
            Caching::Manifest,
            Caching::Pointer,
            Caching::Private,
            Caching::Error(StatusCode::NOT_FOUND),
            Caching::Error(StatusCode::GONE),
            Caching::Error(StatusCode::FORBIDDEN),
            Caching::Error(StatusCode::SERVICE_UNAVAILABLE),
        ] {
            let answer = answer(StatusCode::OK, caching, &Scope::secret()).finish();
            let lines: Vec<_> = answer.headers().get_all("cache-control").collect();
            assert_eq!(lines, ["private, no-store"], "{caching:?}");
            assert_eq!(answer.headers().get("referrer-policy").unwrap(), "no-referrer");
            for name in ["cdn-cache-control", "surrogate-control", "surrogate-key", "cache-tag", "xkey"] {
                assert!(!answer.headers().contains_key(name), "{name}");
            }
        }
    }
}
