//! Response headers that several answers share. An answer names them; the document describes each once.

use serde_json::json;
use utoipa::openapi::{
    Header, HeaderBuilder, Object, ObjectBuilder, Ref, RefOr, Response,
    extensions::Extensions,
    schema::{SchemaFormat, Type},
};

/// A header by its name in `components`, which is its own.
pub(crate) fn reference(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// An answer with these headers.
pub(crate) fn with(mut response: Response, names: &[&str]) -> Response {
    response.headers.extend(names.iter().map(|name| ((*name).to_owned(), reference(name))));
    response
}

/// Every header that is described once.
pub(crate) fn all() -> Vec<(&'static str, Header)> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let bytes = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let address = text().format(Some(SchemaFormat::Custom("uri-reference".to_owned())));
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).examples([json!(5)]).build();
    vec![
        ("ETag", required(etag(), "A strong entity tag of the content. Each encoding has its own.")),
        (
            "Cache-Control",
            required(
                text().examples([json!("public, max-age=31536000, immutable")]).build(),
                "Which caches may store the answer, and for how long.",
            ),
        ),
        (
            "Vary",
            required(
                text().examples([json!("Accept-Encoding")]).build(),
                "The request headers that choose the answer.",
            ),
        ),
        (
            "Link",
            required(
                text()
                    .examples([json!("<https://spins.example/girasol-spin.js>; rel=modulepreload")])
                    .build(),
                "What a page that shows the spin may request at once (RFC 8288).",
            ),
        ),
        ("Accept-Ranges", required(text().enum_values(Some(["bytes"])).build(), "Byte ranges are served.")),
        (
            "Repr-Digest",
            required(
                text().pattern(Some("^sha-256=:[A-Za-z0-9+/]{43}=:$")).build(),
                "SHA-256 of the whole representation (RFC 9530).",
            ),
        ),
        (
            "Content-Range",
            required(
                text()
                    .pattern(Some(r"^bytes ([0-9]+-[0-9]+|\*)/[0-9]+$"))
                    .examples([json!("bytes 0-99/4101")])
                    .build(),
                "The part, and the length of the whole.",
            ),
        ),
        ("Location", required(address.build(), "The address of the resource.")),
        ("Retry-After", required(seconds, "Seconds.")),
        (
            "RateLimit",
            required(
                text().examples([json!("\"reads\";r=0;t=3")]).build(),
                "How the client stands: `r` requests are left, and `t` is the seconds until all of them are, or where none is \
                 left, until the next one (draft-ietf-httpapi-ratelimit-headers-10).",
            ),
        ),
        (
            "RateLimit-Policy",
            required(
                text().examples([json!("\"reads\";q=12000;w=60")]).build(),
                "The limit of this class: `q` requests in `w` seconds.",
            ),
        ),
        (
            "WWW-Authenticate",
            required(
                text().examples([json!("Bearer realm=\"Girasol\"")]).build(),
                "The scheme of authentication.",
            ),
        ),
        (
            "Set-Cookie",
            required(
                text().build(),
                "The session: HttpOnly, SameSite=Strict, and Secure where the server is reached over https.",
            ),
        ),
        (
            "Tus-Resumable",
            required(text().enum_values(Some(["1.0.0"])).build(), "The version of the protocol."),
        ),
        (
            "Tus-Version",
            required(text().enum_values(Some(["1.0.0"])).build(), "The versions that the server speaks."),
        ),
        (
            "Tus-Extension",
            required(
                text()
                    .examples([json!("creation,creation-with-upload,termination,expiration,checksum")])
                    .build(),
                "The extensions of the protocol that the server has.",
            ),
        ),
        (
            "Tus-Checksum-Algorithm",
            required(text().examples([json!("sha1,sha256")]).build(), "The algorithms of checksums."),
        ),
        (
            "Tus-Max-Size",
            required(
                ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build(),
                "The most bytes of one file.",
            ),
        ),
        ("Upload-Offset", required(bytes(), "Bytes that are stored.")),
        ("Upload-Length", required(bytes(), "Bytes of the whole file.")),
        ("Upload-Metadata", required(text().build(), "The metadata as the client sent it.")),
        (
            "Upload-Expires",
            header(text().build(), "When an unfinished upload expires without a further part."),
        ),
    ]
}

/// The schema of an entity tag.
pub(crate) fn etag() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^\"[0-9a-f]{32}\"$"))
        .examples([json!("\"4be19c0d5a7f4c2e8d316f20b7a9e415\"")])
        .build()
}

/// A header that the answer may lack.
pub(crate) fn header(schema: Object, about: &str) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).build()
}

/// A header that the answer always has. The builder knows no `required`, which the specification has.
pub(crate) fn required(schema: Object, about: &str) -> Header {
    let extensions = Extensions::from_iter([("required", true)]);
    HeaderBuilder::new().schema(Some(schema)).description(Some(about)).extensions(Some(extensions)).build()
}
