//! Parameters that several operations share.

use serde_json::json;
use utoipa::{
    IntoParams, PartialSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
    },
};

/// Each name stands in the `params` of an operation.
macro_rules! parameters {
    ($($(#[doc = $about:literal])+ $name:ident: $place:ident $key:literal, $required:ident, $schema:expr, $example:expr;)*) => {$(
        $(#[doc = $about])+
        pub(crate) enum $name {}

        impl IntoParams for $name {
            fn into_params(_place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                let parameter = ParameterBuilder::new()
                    .name($key)
                    .parameter_in(ParameterIn::$place)
                    .required(Required::$required)
                    .description(Some(concat!($($about),+).trim()))
                    .schema(Some($schema))
                    .example(example($example));
                vec![parameter.build()]
            }
        }
    )*};
}

parameters! {
    /// The jewelry type.
    JewelryType: Path "jewelryType", True, named("Slug"), "ring";
    /// Any slug but the words of the addresses: auto, configure, manifest, sequence, status, still.
    BaseModel: Path "baseModel", True, named("Slug"), "solitaire";
    /// The product.
    Product: Path "product", True, named("ProductId"), "ring.solitaire";
    /// The configuration.
    Configuration: Path "configuration", True, named("ConfigId"), "ring.solitaire.metal-yellow-gold.stone-diamond";
    /// The set, as the manifest names it.
    Set: Path "set", True, named("Digest"), "4be19c0d5a7f4c2e8d316f20b7a9e415";
    /// The digest, as the manifest names it.
    Digest: Path "digest", True, named("Digest"), "4be19c0d5a7f4c2e8d316f20b7a9e415";
    /// Three digits, 000 to 359.
    Degree: Path "degree", True, pattern("^([012][0-9]{2}|3[0-5][0-9])$"), "030";
    /// The format of a frame.
    FrameFormat: Path "format", True, named("Format"), "avif";
    /// The format of a still.
    StillFormat: Path "format", True, one_of(&["avif", "webp", "jpg"]), "jpg";
    /// The frame set.
    Frameset: Path "frameset", True, named("Id"), "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    /// The file's name, percent-encoded. The order of the frames comes from the names; the server unpacks `.zip` and
    /// `.tar`.
    Name: Path "name", True, named("FileName"), "ring-000.png";
    /// The finding's number.
    Finding: Path "finding", True, integer(0, Some(9999)), 0;
    /// The upload.
    Upload: Path "upload", True, named("Id"), "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    /// The job.
    Job: Path "job", True, named("Id"), "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    /// The version.
    Version: Path "version", True, integer(1, None), 1;
    /// The key's id.
    Key: Path "key", True, named("KeyId"), "5f3a1c9b7e20";
    /// The alert's name, as the runbook has it.
    Alert: Path "alert", True, named("Slug"), "purge-old";
    /// The launch's number.
    Launch: Path "launch", True, integer(1, None), 3;
    /// The last part of the link.
    Token: Path "token", True, token(),
        "ring.solitaire.metal-yellow-gold.stone-diamond~2~1795968000~0a1b2c3d~22ffc201c4052dced2bce9ee5617b3d1435fa8989e599e7aea28401b043dc35d";
    /// `CONFIGURATION~SHOWN~UNTIL~KEY~SIGNATURE`.
    Signed: Path "token", True, token(),
        "ring.solitaire.metal-yellow-gold.stone-diamond~live~1795968000~0a1b2c3d~22ffc201c4052dced2bce9ee5617b3d1435fa8989e599e7aea28401b043dc35d";
    /// The revision of the check whose findings are meant.
    Acknowledge: Query "acknowledge", False, named("Digest"), "4be19c0d5a7f4c2e8d316f20b7a9e415";
    /// This tier, or the best tier below it that the version has.
    Tier: Query "tier", False, named("Tier"), "standard";
    /// The tier with this many frames.
    Frames: Query "frames", False, integer(1, Some(u32::MAX.into())), 36;
    /// This format.
    Format: Query "format", False, named("Format"), "webp";
    /// `1` adds the hints that the server saw; caches do not store that answer.
    Explain: Query "explain", False, one_of(&["0", "1"]), "1";
    /// Only if the entity tag is this one.
    IfMatch: Header "If-Match", False, text(), ();
    /// Only if there is a frame of this name whose content has this digest; `*` stands for any.
    IfMatchFrame: Header "If-Match", False, text(), ();
    /// Only if no frame of this name has content of this digest; `*` stands for any.
    IfNoneMatchFrame: Header "If-None-Match", False, text(), ();
    /// Only if the entity tag is another one.
    IfNoneMatch: Header "If-None-Match", False, text(), ();
    /// One range of bytes.
    Range: Header "Range", False, text(), "bytes=0-99";
    /// The part only if the entity tag is this one, otherwise the whole.
    IfRange: Header "If-Range", False, text(), ();
    /// The version of the protocol.
    TusResumable: Header "Tus-Resumable", True, one_of(&["1.0.0"]), "1.0.0";
    /// Algorithm and digest of this part, in base64.
    UploadChecksum: Header "Upload-Checksum", False, pattern("^(sha1|sha256) [A-Za-z0-9+/]+={0,2}$"), ();
    /// Bytes of the whole file.
    UploadLength: Header "Upload-Length", True, integer(0, None), 48213;
    /// `frameset` and `filename`, each with its value in base64.
    UploadMetadata: Header "Upload-Metadata", True, text(),
        "frameset MGExYjJjM2Q0ZTVmNjA3MTgyOTNhNGI1YzZkN2U4Zjk=,filename cmluZy0wMDAucG5n";
    /// Where the part begins.
    UploadOffset: Header "Upload-Offset", True, integer(0, None), 0;
    /// SHA-256 of the body (RFC 9530, section 2). The server refuses a body that does not match.
    ContentDigest: Header "Content-Digest", False, pattern("^sha-256=:[A-Za-z0-9+/]{43}=:$"), ();
    /// Begin after this entry.
    After: Query "after", False, integer(i64::MIN, Some(i64::MAX)), 0;
    /// The format of the answer: a page as JSON, or everything.
    AuditFormat: Query "format", False, one_of(&["json", "ndjson", "csv"]), "json";
    /// The format of the answer.
    DemandFormat: Query "format", False, one_of(&["json", "csv"]), "json";
    /// How many hours back.
    Hours: Query "hours", False, integer(1, Some(720)), 24;
    /// The format of the answer: objects in an array, an object a line, or a table.
    ExportFormat: Query "format", False, one_of(&["json", "ndjson", "csv"]), "ndjson";
    /// Continue after this event.
    LastEventId: Header "Last-Event-ID", False, text(), "0";
}

/// Parameters that come together.
macro_rules! groups {
    ($($(#[doc = $about:literal])+ $name:ident: $($part:ident),+;)*) => {$(
        $(#[doc = $about])+
        pub(crate) enum $name {}

        impl IntoParams for $name {
            fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                [$($part::into_params(&place)),+].concat()
            }
        }
    )*};
}

groups! {
    /// What a request for a negotiated manifest can force.
    Forced: Tier, Frames, Format;
    /// Conditions on the entity tag (RFC 9110, section 13.1).
    Conditions: IfMatch, IfNoneMatch;
    /// Conditions on the frame that has the name.
    FrameConditions: IfMatchFrame, IfNoneMatchFrame;
    /// Conditions, and a range of bytes (RFC 9110, section 14.2).
    Ranged: IfMatch, IfNoneMatch, Range, IfRange;
}

/// A schema in `components`.
fn named(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn text() -> RefOr<Schema> {
    String::schema()
}

fn pattern(pattern: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
}

fn token() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^[a-z0-9.~-]+$"))
        .max_length(Some(700))
        .into()
}

fn one_of(values: &[&str]) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values.iter().copied())).into()
}

fn integer(minimum: i64, maximum: Option<i64>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(minimum)).maximum(maximum).into()
}

/// `()` is no example.
fn example(value: impl serde::Serialize) -> Option<serde_json::Value> {
    Some(json!(value)).filter(|value| !value.is_null())
}
