//! Problem responses (RFC 9457) that operations share: a status, and the slugs that it can stand for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{
        ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
        schema::{AllOfBuilder, SchemaType},
    },
};

use crate::domain::{
    names::{OptionName, Slug},
    news,
};

use super::headers;

/// An error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Problem {
    /// Names the error: `urn:problem-type:girasol:` and a slug that does not change.
    #[schema(pattern = "^urn:problem-type:girasol:[a-z0-9-]+$")]
    pub(crate) r#type: String,
    /// The same for every error of the type.
    pub(crate) title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    /// What is wrong with this request. An internal error has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) detail: Option<String>,
    /// Each fault of a product file, with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) faults: Option<Vec<Fault>>,
    /// Each option and choice that the product does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) new_choices: Option<Vec<NewChoice>>,
}

/// A fault of a product file.
#[derive(Serialize, ToSchema)]
#[schema(as = ProductFault)]
pub(crate) struct Fault {
    /// Its place in the file.
    #[schema(examples("options[0].choices[2].swatch"))]
    pub(crate) at: String,
    /// A sentence for people.
    pub(crate) message: String,
}

/// An option or a choice that a product does not have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewChoice {
    option: OptionName,
    choice: Slug,
    /// Whether the option itself is new.
    is_new_option: bool,
    /// The choice that is meant perhaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    near: Option<Slug>,
}

impl From<&news::NewChoice> for NewChoice {
    fn from(new: &news::NewChoice) -> Self {
        let news::NewChoice { option, choice, is_new_option, near, .. } = new.clone();
        Self { option, choice, is_new_option, near }
    }
}

/// What a file that is no frame, or no archive of frames, can be refused for.
const FILE_REFUSED: &[&str] = &[
    "bad-field",
    "not-a-folder-or-archive",
    "no-images",
    "archive-unsafe-name",
    "archive-link",
    "archive-duplicate",
    "tar-broken",
    "zip-broken",
    "zip-bomb",
    "zip-encrypted",
    "zip-method",
    "unreadable",
    "truncated",
    "not-what-its-name-says",
    "cmyk",
    "unsupported",
    "single-frame",
    "several-folders",
    "frame-missing",
    "number-twice",
    "out-of-step",
    "closing-frame",
    "no-number",
    "stray-name",
    "name-twice",
    "several-turns",
    "no-count",
    "orientations-differ",
    "sizes-differ",
];

/// Each name stands in the `responses` of an operation and refers to `components/responses`.
macro_rules! problems {
    ($(#[doc = $about:literal] $name:ident($status:literal $(, $header:literal)*) = $slugs:expr;)*) => {
        $(
            #[doc = $about]
            pub(crate) enum $name {}

            impl IntoResponses for $name {
                fn responses() -> BTreeMap<String, RefOr<Response>> {
                    let reference = Ref::from_response_name(stringify!($name));
                    BTreeMap::from([(stringify!($status).to_owned(), RefOr::Ref(reference))])
                }
            }
        )*

        /// Every problem response, for `components/responses`.
        pub(crate) fn all() -> Vec<(&'static str, Response)> {
            vec![$((stringify!($name), problem($about, $slugs, &[$($header),*]))),*]
        }
    };
}

problems! {
    /// An unknown query key or value.
    BadQuery(400) = &["bad-query"];
    /// An unknown query key or value, or one that this spin does not offer.
    BadChoice(400) = &["bad-query", "not-offered"];
    /// The body is not the expected JSON, or the address has a query.
    BadBody(400) = &["bad-json", "body-cut-short", "bad-query"];
    /// No key, a key that is not accepted, or an expired session.
    KeyNeeded(401, "WWW-Authenticate") = &["key-missing", "key-refused", "session-expired"];
    /// The key is unknown or was revoked.
    KeyRefused(401, "WWW-Authenticate") = &["key-refused"];
    /// The key's role does not include this operation.
    InsufficientRole(403) = &["insufficient-role"];
    /// The key's role does not include this operation, or a page of another origin uses the session.
    MayNotWrite(403) = &["insufficient-role", "cross-origin"];
    /// A page of another origin sent the request.
    CrossOrigin(403) = &["cross-origin"];
    /// The spin is protected: only signed addresses show it.
    Protected(403) = &["protected"];
    /// The signature is not accepted, or the address has expired.
    NotSigned(403) = &["signature-refused", "signature-expired"];
    /// The product does not exist.
    NoSuchProduct(404) = &["no-such-product", "not-found"];
    /// The configuration has no spin.
    NoSpin(404) = &["no-spin", "not-found"];
    /// The file does not exist.
    NoSuchFile(404) = &["no-such-file", "not-found"];
    /// The configuration has no spin, or the file does not exist.
    NoSpinOrFile(404) = &["no-spin", "no-such-file", "not-found"];
    /// The key does not exist.
    NoSuchKey(404) = &["no-such-key", "not-found"];
    /// The alert does not exist.
    NoSuchAlert(404) = &["no-such-alert", "not-found"];
    /// The launch does not exist.
    NoSuchLaunch(404) = &["no-such-launch", "not-found"];
    /// The frame set does not exist.
    NoSuchFrameset(404) = &["no-such-frameset", "not-found"];
    /// The frame set does not exist, or has no such frame.
    NoSuchFrame(404) = &["no-such-frameset", "no-such-file", "not-found"];
    /// The frame set or the picture does not exist.
    NoSuchEvidence(404) = &["no-such-frameset", "no-such-file", "not-found"];
    /// The job does not exist.
    NoSuchJob(404) = &["no-such-job", "not-found"];
    /// The sequence does not exist.
    NoSuchSequence(404) = &["no-such-sequence", "not-found"];
    /// The sequence or the version does not exist.
    NoSuchVersion(404) = &["no-such-sequence", "no-such-version", "not-found"];
    /// The link does not exist.
    NoSuchLink(404) = &["no-such-link", "not-found"];
    /// The body took too long.
    BodyTooSlow(408) = &["body-too-slow"];
    /// Configuration ids that are in use keep their meaning.
    ProductInUse(409) = &["product-in-use"];
    /// The configuration has versions, or frames that wait to become one.
    SequenceInUse(409) = &["sequence-in-use"];
    /// The product exists and lacks an option or a choice; `newChoices` lists what is new.
    NewChoices(409) = &["new-choice"];
    /// The frame set is committed.
    SetCommitted(409) = &["set-committed"];
    /// The check of the frames still runs, it found what is not acknowledged, or the frames are others than the acknowledged ones.
    NotAcknowledged(409) = &["check-running", "findings-unacknowledged", "frameset-changed"];
    /// The frame set is committed, or the server stores no objects in a bucket.
    NotInBucket(409) = &["set-committed", "no-bucket"];
    /// The frame set is committed or changed meanwhile, or the server stores no objects in a bucket.
    NotFetched(409) = &["set-committed", "frameset-changed", "no-bucket"];
    /// The frame set is committed or changed meanwhile.
    NotRenamed(409) = &["set-committed", "frameset-changed"];
    /// The frame set is committed or changed meanwhile, or it has nothing of this kind to mend.
    NotMended(409) = &["set-committed", "frameset-changed", "nothing-to-mend"];
    /// The job is in a state that does not allow this.
    JobState(409) = &["job-state"];
    /// A full version is live and this one is early, there is no version with every tier to take by itself, or another version went live at the same moment.
    NotPublished(409) = &["early-version", "overtaken"];
    /// No earlier version was live, or another version went live at the same moment.
    NotRolledBack(409) = &["nothing-before", "overtaken"];
    /// Another version went live at the same moment.
    Overtaken(409) = &["overtaken"];
    /// There is neither a version nor a raw frame.
    NothingStored(409) = &["nothing-stored"];
    /// The configuration is public and needs no signature.
    NotProtected(409) = &["not-protected"];
    /// The spin was taken down.
    TakenDown(410) = &["taken-down"];
    /// The link has expired, or the version is deleted.
    LinkExpired(410) = &["link-expired"];
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed(412) = &["precondition-failed"];
    /// The body is larger than 16 KiB.
    BodyTooLarge(413) = &["body-too-large"];
    /// The body is larger than 4 KiB.
    VitalsTooLarge(413) = &["body-too-large"];
    /// The body is larger than 1 MiB.
    NamesTooLarge(413) = &["body-too-large"];
    /// The body is larger than 256 KiB.
    ProductTooLarge(413) = &["body-too-large"];
    /// The frame has more pixels than the server's limit.
    TooManyPixels(413) = &["too-large"];
    /// The body is larger than 512 KiB, a file is too large, or there are too many files.
    TooManyToPresign(413) = &["body-too-large", "file-too-large", "too-many-files"];
    /// The file is too large, there are too many files, or the key has too many bytes in sets that are not encoded.
    FileTooLarge(413) = &["file-too-large", "too-large", "too-many-frames", "too-many-files", "quota-exceeded"];
    /// The body is larger than 16 KiB, or the key has too many bytes in sets that are not encoded.
    TooMuchToMend(413) = &["body-too-large", "quota-exceeded"];
    /// The body is not application/json, or it is compressed.
    NotJson(415) = &["not-json", "body-encoded"];
    /// The body is compressed.
    BodyEncoded(415) = &["body-encoded"];
    /// The range begins after the end.
    RangeOutside(416, "Content-Range") = &["range-outside"];
    /// A field has a value that is not allowed.
    BadField(422) = &["bad-field"];
    /// The name is not allowed, or the frame cannot be read.
    FrameUnreadable(422) = &["bad-field", "unreadable", "truncated", "not-what-its-name-says", "cmyk", "unsupported"];
    /// The body does not repeat the configuration's id.
    NotConfirmed(422) = &["not-confirmed"];
    /// The product does not offer this choice.
    UnknownChoice(422) = &["unknown-choice"];
    /// The product file has faults; `faults` lists all of them.
    BadProduct(422) = &["bad-product", "bad-field"];
    /// The name is not allowed, or the archive cannot be used.
    FileRefused(422) = FILE_REFUSED;
    /// The frame set has no frame.
    SetEmpty(422) = &["set-empty"];
    /// The server knows no such mend, or the frame set has no frame.
    BadMend(422) = &["bad-field", "set-empty"];
    /// The key has too many open frame sets, or has made too many requests: commit or discard a set, or wait.
    TooManySets(429, "Retry-After") = &["too-many-sets", "too-many-requests"];
    /// The client has made too many requests of this class, or its address has sent too many keys that were not accepted.
    TooManyRequests(429, "Retry-After", "RateLimit", "RateLimit-Policy") = &["too-many-requests"];
    /// Internal server error; the server's log has the cause.
    Internal(500) = &["internal"];
    /// The database or the store does not answer, or the server has more to load than it can in time.
    NotReady(503, "Retry-After") = &["not-ready", "overloaded"];
    /// The disk of the server is full, or has no room for the file.
    DiskFull(507) = &["disk-full"];
    /// The file changed in transit, or a header cannot be read.
    BadFile(400) = &["digest-mismatch", "bad-header", "body-cut-short", "bad-query"];
    /// A header is missing or cannot be read, or the body ended early.
    TusBadHeader(400, "Tus-Resumable") = &["bad-header", "body-cut-short", "bad-query"];
    /// No key, a key that is not accepted, or an expired session.
    TusKeyNeeded(401, "WWW-Authenticate", "Tus-Resumable") = &["key-missing", "key-refused", "session-expired"];
    /// The key's role does not include this operation, or a page of another origin uses the session.
    TusMayNotWrite(403, "Tus-Resumable") = &["insufficient-role", "cross-origin"];
    /// The frame set does not exist.
    TusNoSuchFrameset(404, "Tus-Resumable") = &["no-such-frameset"];
    /// The upload does not exist.
    TusNoSuchUpload(404, "Tus-Resumable") = &["no-such-upload", "not-found"];
    /// The body took too long.
    TusBodyTooSlow(408, "Tus-Resumable") = &["body-too-slow"];
    /// The frame set is committed.
    TusSetCommitted(409, "Tus-Resumable") = &["set-committed"];
    /// The upload is at another offset, or the frame set is committed.
    TusOffsetMismatch(409, "Tus-Resumable") = &["offset-mismatch", "set-committed"];
    /// The request does not name a version of the protocol that the server speaks.
    TusUnsupportedVersion(412, "Tus-Resumable", "Tus-Version") = &["unsupported-tus-version"];
    /// The request names no version of the protocol that the server speaks, or a condition of the upload does not hold.
    TusPreconditionFailed(412, "Tus-Resumable") = &["unsupported-tus-version", "precondition-failed"];
    /// The file is too large, there are too many files, or the key has too many bytes in sets that are not encoded.
    TusFileTooLarge(413, "Tus-Resumable") = &["file-too-large", "too-large", "too-many-frames", "too-many-files", "quota-exceeded"];
    /// The body is compressed.
    TusBodyEncoded(415, "Tus-Resumable") = &["body-encoded"];
    /// The body is not a part of an upload, or it is compressed.
    TusNotAPart(415, "Tus-Resumable") = &["not-a-part", "body-encoded"];
    /// The name is not allowed, or the archive cannot be used.
    TusFileRefused(422, "Tus-Resumable") = FILE_REFUSED;
    /// The part does not match `Upload-Checksum`.
    TusChecksumMismatch(460, "Tus-Resumable") = &["checksum-mismatch"];
    /// Internal server error; the server's log has the cause.
    TusInternal(500, "Tus-Resumable") = &["internal"];
    /// The disk of the server is full, or has no room for the file.
    TusDiskFull(507, "Tus-Resumable") = &["disk-full"];
}

/// Problems that many operations share.
macro_rules! groups {
    ($($(#[doc = $about:literal])+ $name:ident: $($part:ident),+;)*) => {$(
        $(#[doc = $about])+
        pub(crate) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let mut all = BTreeMap::new();
                $(all.extend($part::responses());)+
                all
            }
        }
    )*};
}

groups! {
    /// Of every keyed operation that reads.
    Read: BadQuery, KeyNeeded, InsufficientRole, Internal;
    /// Of every keyed operation that writes, without a body.
    Write: BadQuery, KeyNeeded, MayNotWrite, Internal, DiskFull;
    /// Of every keyed operation that takes JSON.
    WriteJson: BadBody, KeyNeeded, MayNotWrite, BodyTooSlow, BodyTooLarge, NotJson, Internal, DiskFull;
}

fn problem(about: &str, slugs: &[&str], names: &[&str]) -> Response {
    let types: Vec<_> = slugs.iter().map(|slug| json!(format!("urn:problem-type:girasol:{slug}"))).collect();
    let own = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .property("type", ObjectBuilder::new().schema_type(SchemaType::AnyValue).enum_values(Some(types)));
    let schema = AllOfBuilder::new().item(Ref::from_schema_name("Problem")).item(own);
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response =
        ResponseBuilder::new().description(about.trim()).content("application/problem+json", content);
    headers::with(response.build(), names)
}
