//! Answers whose body is a file, or a shape that caches store: the same headers and statuses each time.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::headers;

type Responses = BTreeMap<String, RefOr<Response>>;

/// The statuses that every answer with an entity tag can have beside its own.
pub(crate) enum Conditional {}

impl IntoResponses for Conditional {
    fn responses() -> Responses {
        let named = |name| RefOr::Ref(Ref::from_response_name(name));
        BTreeMap::from([
            ("304".to_owned(), named("NotModified")),
            ("412".to_owned(), named("PreconditionFailed")),
        ])
    }
}

/// Each name stands in the `responses` of an operation that sends a file whole or in part.
macro_rules! files {
    ($(#[doc = $about:literal] $name:ident: $($media_type:literal),+;)*) => {$(
        #[doc = $about]
        pub(crate) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> Responses {
                ranged($about.trim(), &[$($media_type),+])
            }
        }
    )*};
}

files! {
    /// Immutable for a year.
    Frame: "image/avif", "image/webp";
    /// Immutable for a year.
    Pack: "application/octet-stream";
    /// The picture.
    Still: "image/avif", "image/webp", "image/jpeg";
    /// For this caller alone.
    SignedFrame: "image/avif", "image/webp";
    /// For this caller alone.
    SignedPack: "application/octet-stream";
    /// For this caller alone.
    SignedStill: "image/avif", "image/webp", "image/jpeg";
}

fn ranged(about: &str, media_types: &[&str]) -> Responses {
    let mut responses = Conditional::responses();
    let whole = ["ETag", "Cache-Control", "Accept-Ranges", "Repr-Digest"];
    let part = [&whole[..], &["Content-Range"]].concat();
    responses.insert("200".to_owned(), file(about, &whole, media_types));
    responses.insert("206".to_owned(), file("The part that `Range` names.", &part, media_types));
    responses.insert("416".to_owned(), RefOr::Ref(Ref::from_response_name("RangeOutside")));
    responses
}

fn file(about: &str, names: &[&str], media_types: &[&str]) -> RefOr<Response> {
    let response = ResponseBuilder::new().description(about);
    let content = || ContentBuilder::new().build();
    let response = media_types.iter().fold(response, |response, kind| response.content(*kind, content()));
    RefOr::T(headers::with(response.build(), names))
}

/// Answers without a problem that operations refer to, for `components/responses`.
pub(crate) fn all() -> Vec<(&'static str, Response)> {
    let with = |about: &str, names| headers::with(Response::new(about), names);
    vec![
        ("NotModified", with("The client has the current content.", &["ETag", "Cache-Control"][..])),
        (
            "Redirected",
            with(
                "The address of the file where a CDN or a bucket delivers files. The server does not check that the \
                 file exists there.",
                &["Location", "Cache-Control"],
            ),
        ),
        (
            "TusAbilities",
            with(
                "What the server can do.",
                &["Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Checksum-Algorithm", "Tus-Max-Size"],
            ),
        ),
    ]
}

/// Each name stands in the `responses` of an operation and refers to one of [`all`].
macro_rules! named {
    ($(#[doc = $about:literal] $name:ident($status:literal);)*) => {$(
        #[doc = $about]
        pub(crate) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> Responses {
                let reference = Ref::from_response_name(stringify!($name));
                BTreeMap::from([(stringify!($status).to_owned(), RefOr::Ref(reference))])
            }
        }
    )*};
}

named! {
    /// A CDN or a bucket has the file.
    Redirected(307);
    /// What a tus server can do.
    TusAbilities(204);
}
