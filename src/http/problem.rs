//! Every error of the public API, as RFC 9457 problem details.

use std::{borrow::Cow, fmt, sync::Arc};

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{ACCEPT_ENCODING, ALLOW, CONTENT_RANGE, WWW_AUTHENTICATE},
    },
};
use assets_pipeline::refusal::Refusal;
use serde::Serialize;

use crate::{
    checks::CheckError,
    db::{DbError, framesets::Changed},
    domain::{
        import::Fault, job::JobState, keys::Role, names::ConfigId, negotiate::NotOffered,
        product::UnknownChoice,
    },
    library::{
        collect::CollectError, protect::ProtectError, publish::PublishError, take_down::TakeDownError,
    },
    staging::fetch::FetchError,
    staging::{StagingError, UnpackError},
    store::{Address, StoreError},
};

use super::{
    caching::{Caching, answer},
    scope::Scope,
};

/// Why a request is not answered as asked. What the variants say is public, but for 5xx.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is nothing at this address")]
    NoSuchPath,
    #[error("there is no such product")]
    NoSuchProduct,
    #[error("there is no spin of {0}")]
    NoSpin(ConfigId),
    #[error("the spin of {0} was taken down")]
    TakenDown(ConfigId),
    #[error("it is shown by signed addresses alone")]
    Protected,
    #[error("nobody who may do so has signed this address")]
    SignatureRefused,
    #[error("the address has ended: ask for another one")]
    SignatureExpired,
    #[error("it is public, and needs no signed address")]
    NotProtected,
    #[error("there is no such file")]
    NoSuchFile,
    #[error("{0}")]
    BadQuery(String),
    #[error(transparent)]
    NotOffered(NotOffered),
    #[error("the body has to be JSON like {example}")]
    BadJson { example: &'static str },
    #[error("the body could not be read to its end")]
    BodyCutShort,
    #[error("the body is larger than {0} bytes")]
    BodyTooLarge(usize),
    #[error("the body took too long")]
    BodyTooSlow,
    #[error("the body has to be application/json")]
    NotJson,
    #[error("the body has to be sent without a Content-Encoding")]
    BodyEncoded,
    #[error("{0}")]
    UnknownChoice(String),
    #[error("this address answers {0}")]
    WrongMethod(Cow<'static, str>),
    #[error("the file is not the one that If-Match names")]
    PreconditionFailed,
    #[error("the file has {length} bytes")]
    RangeOutside { length: usize },
    #[error("show a key: Authorization: Bearer KEY")]
    KeyMissing,
    #[error("the key is unknown or was revoked")]
    KeyRefused,
    #[error("the session is over: sign in again")]
    SessionExpired,
    #[error("this takes a key of the role {0}")]
    InsufficientRole(Role),
    #[error("a page of another origin cannot change anything here")]
    CrossOrigin,
    #[error("there is no such key")]
    NoSuchKey,
    #[error("{0}")]
    BadField(String),
    #[error("{}", list(.0))]
    BadProduct(Arc<[Fault]>),
    #[error("ids that are given out keep their meaning: {0}")]
    ProductInUse(String),
    #[error("{0}")]
    BadHeader(&'static str),
    #[error("there is no such frame set")]
    NoSuchFrameset,
    #[error("the frame set was committed, and takes no changes any more")]
    SetCommitted,
    #[error("frames came or went meanwhile: look at the set again")]
    FramesetChanged,
    #[error("the check failed")]
    CheckFailed,
    #[error("there is nothing to mend like this")]
    NothingToMend,
    #[error("there is no such job")]
    NoSuchJob,
    #[error("the job is {}", .0.as_str())]
    JobIs(JobState),
    #[error("there is no such sequence")]
    NoSuchSequence,
    #[error("there is no such version")]
    NoSuchVersion,
    #[error("it has no more than a preview, and a full version is live")]
    EarlyVersion,
    #[error("there is no such link")]
    NoSuchLink,
    #[error("the link has ended: ask for another one")]
    LinkExpired,
    #[error("no earlier version was live before")]
    NothingBefore,
    #[error("another version went live at the same moment: look at what is live now")]
    Overtaken,
    #[error("nothing is live")]
    NothingLive,
    #[error("the frame set has no frame yet")]
    SetEmpty,
    #[error("a key has at most {0} frame sets open: commit or discard one")]
    TooManySets(u32),
    #[error("a frame set has at most {0} files")]
    TooManyFiles(u32),
    #[error("the file may have at most {0} bytes")]
    FileTooLarge(u64),
    #[error("there is no room for this file now")]
    DiskFull,
    #[error("objects are kept in a folder here, and frames are sent to this server")]
    NoBucket,
    #[error("what arrived is not what Content-Digest names")]
    DigestMismatch,
    #[error("there is no such upload")]
    NoSuchUpload,
    #[error("the upload goes on at byte {0}")]
    OffsetMismatch(u64),
    #[error("what arrived is not what Upload-Checksum names")]
    ChecksumMismatch,
    #[error("a part of an upload is application/offset+octet-stream")]
    NotAPart,
    #[error("send Tus-Resumable: 1.0.0")]
    UnsupportedTusVersion,
    #[error("{refusal}. {}", .refusal.remedy())]
    FileRefused { refusal: Arc<Refusal> },
    #[error("the staging failed")]
    Staging(#[source] Arc<StagingError>),
    #[error("a frame set could not be checked")]
    Check(#[source] Arc<CheckError>),
    #[error("objects could not be removed")]
    Collect(#[source] Arc<CollectError>),
    #[error("the configuration could not be moved")]
    Protect(#[source] Arc<ProtectError>),
    #[error("an answer could not be written")]
    Export(#[source] Arc<std::io::Error>),
    #[error("the database failed")]
    Database(#[source] Arc<DbError>),
    #[error("the object store failed")]
    Store(#[source] Arc<StoreError>),
    #[error("the object store has no {0}, which the live version names")]
    ObjectMissing(Address),
    #[error("the object {0} does not match its digest")]
    ObjectDamaged(Address),
    #[error("the manifest {0} cannot be read")]
    ManifestUnreadable(Address, #[source] Arc<serde_json::Error>),
    #[error("an answer could not be compressed")]
    Compress(#[source] Arc<std::io::Error>),
    #[error("not ready: {0}")]
    NotReady(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Status, slug and public title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::NoSuchProduct => (StatusCode::NOT_FOUND, "no-such-product", "No such product"),
            Self::NoSpin(_) => (StatusCode::NOT_FOUND, "no-spin", "No spin of this configuration"),
            Self::TakenDown(_) => (StatusCode::GONE, "taken-down", "The spin was taken down"),
            Self::Protected => (StatusCode::FORBIDDEN, "protected", "The spin is protected"),
            Self::SignatureRefused => {
                (StatusCode::FORBIDDEN, "signature-refused", "The signature is not accepted")
            }
            Self::SignatureExpired => {
                (StatusCode::FORBIDDEN, "signature-expired", "The signed address has ended")
            }
            Self::NotProtected => (StatusCode::CONFLICT, "not-protected", "The spin is not protected"),
            Self::NoSuchFile => (StatusCode::NOT_FOUND, "no-such-file", "No such file"),
            Self::BadQuery(_) => (StatusCode::BAD_REQUEST, "bad-query", "Unknown query key or value"),
            Self::NotOffered(NotOffered::Frames(_) | NotOffered::Format(..)) => {
                (StatusCode::BAD_REQUEST, "not-offered", "The spin does not exist like that")
            }
            Self::BadJson { .. } => (StatusCode::BAD_REQUEST, "bad-json", "The body cannot be read"),
            Self::BodyCutShort => (StatusCode::BAD_REQUEST, "body-cut-short", "The body ended too early"),
            Self::BodyTooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
            }
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body took too long"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body has to be JSON"),
            Self::BodyEncoded => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "body-encoded", "The body has to be plain")
            }
            Self::UnknownChoice(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unknown-choice", "The product does not offer this choice")
            }
            Self::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "Wrong method"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "Precondition failed")
            }
            Self::RangeOutside { .. } => {
                (StatusCode::RANGE_NOT_SATISFIABLE, "range-outside", "The range begins after the end")
            }
            Self::KeyMissing => (StatusCode::UNAUTHORIZED, "key-missing", "A key is needed"),
            Self::KeyRefused => (StatusCode::UNAUTHORIZED, "key-refused", "The key is not accepted"),
            Self::SessionExpired => (StatusCode::UNAUTHORIZED, "session-expired", "The session is over"),
            Self::InsufficientRole(_) => {
                (StatusCode::FORBIDDEN, "insufficient-role", "The key may not do this")
            }
            Self::CrossOrigin => (StatusCode::FORBIDDEN, "cross-origin", "Another page may not do this"),
            Self::NoSuchKey => (StatusCode::NOT_FOUND, "no-such-key", "No such key"),
            Self::BadField(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-field", "A field has no such value"),
            Self::BadProduct(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "bad-product", "The product has faults")
            }
            Self::ProductInUse(_) => (StatusCode::CONFLICT, "product-in-use", "The product is in use"),
            Self::BadHeader(_) => (StatusCode::BAD_REQUEST, "bad-header", "A header cannot be read"),
            Self::NoSuchFrameset => (StatusCode::NOT_FOUND, "no-such-frameset", "No such frame set"),
            Self::SetCommitted => (StatusCode::CONFLICT, "set-committed", "The frame set is committed"),
            Self::FramesetChanged => {
                (StatusCode::CONFLICT, "frameset-changed", "The frame set is another one now")
            }
            Self::NothingToMend => (StatusCode::CONFLICT, "nothing-to-mend", "There is nothing to mend"),
            Self::NoSuchJob => (StatusCode::NOT_FOUND, "no-such-job", "No such job"),
            Self::JobIs(_) => (StatusCode::CONFLICT, "job-state", "The job is in another state"),
            Self::NoSuchSequence => (StatusCode::NOT_FOUND, "no-such-sequence", "No such sequence"),
            Self::NoSuchVersion => (StatusCode::NOT_FOUND, "no-such-version", "No such version"),
            Self::NoSuchLink => (StatusCode::NOT_FOUND, "no-such-link", "No such link"),
            Self::LinkExpired => (StatusCode::GONE, "link-expired", "The link has ended"),
            Self::EarlyVersion => (StatusCode::CONFLICT, "early-version", "It holds less than what is live"),
            Self::NothingBefore => (StatusCode::CONFLICT, "nothing-before", "There is nothing to go back to"),
            Self::Overtaken => (StatusCode::CONFLICT, "overtaken", "Something else went live"),
            Self::NothingLive => (StatusCode::CONFLICT, "nothing-live", "Nothing is live"),
            Self::SetEmpty => (StatusCode::UNPROCESSABLE_ENTITY, "set-empty", "The frame set is empty"),
            Self::TooManySets(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-sets", "Too many frame sets are open")
            }
            Self::TooManyFiles(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-many-files", "Too many files in the frame set")
            }
            Self::FileTooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "file-too-large", "The file is too large")
            }
            Self::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk-full", "No room"),
            Self::NoBucket => (StatusCode::CONFLICT, "no-bucket", "There is no bucket"),
            Self::DigestMismatch => {
                (StatusCode::BAD_REQUEST, "digest-mismatch", "The file was changed on its way")
            }
            Self::NoSuchUpload => (StatusCode::NOT_FOUND, "no-such-upload", "No such upload"),
            Self::OffsetMismatch(_) => (StatusCode::CONFLICT, "offset-mismatch", "The upload is elsewhere"),
            Self::ChecksumMismatch => {
                (checksum_mismatch(), "checksum-mismatch", "The part was changed on its way")
            }
            Self::NotAPart => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-a-part", "This is no part of an upload")
            }
            Self::FileRefused { refusal } => match &**refusal {
                Refusal::TooLarge { .. } | Refusal::TooManyFrames { .. } | Refusal::TooManyFiles { .. } => {
                    (StatusCode::PAYLOAD_TOO_LARGE, refusal.slug(), "There is too much in the file")
                }
                Refusal::Io { .. } => {
                    (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed here")
                }
                _ => (StatusCode::UNPROCESSABLE_ENTITY, refusal.slug(), "The file cannot be used"),
            },
            Self::UnsupportedTusVersion => {
                (StatusCode::PRECONDITION_FAILED, "unsupported-tus-version", "Another version of tus")
            }
            Self::Export(_)
            | Self::Staging(_)
            | Self::Collect(_)
            | Self::Protect(_)
            | Self::CheckFailed
            | Self::Check(_)
            | Self::Database(_)
            | Self::Store(_)
            | Self::ObjectMissing(_)
            | Self::ObjectDamaged(_)
            | Self::ManifestUnreadable(..)
            | Self::NotOffered(NotOffered::Nothing)
            | Self::Compress(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed here"),
            Self::NotReady(_) => (StatusCode::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
        }
    }
}

/// An error and what its URL is about, which decides its tags and `Vary`.
#[derive(Debug)]
pub(crate) struct Failure {
    error: Error,
    scope: Scope,
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: error.into(), scope: Scope::default() }
    }
}

/// Says what the URL of a failed request is about.
pub(crate) trait At<T> {
    /// Attaches the scope.
    fn at(self, scope: &Scope) -> Result<T, Failure>;
}

impl<T, E: Into<Error>> At<T> for Result<T, E> {
    fn at(self, scope: &Scope) -> Result<T, Failure> {
        self.map_err(|error| Failure { error: error.into(), scope: scope.clone() })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

/// The wire form, RFC 9457 section 3.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Each fault of a product, with where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<Vec<FaultAnswer<'a>>>,
}

#[derive(Serialize)]
struct FaultAnswer<'a> {
    at: &'a str,
    message: &'a str,
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.error.kind().0
    }

    /// Called once for each failed request, so this is where failures are logged.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let (status, slug, title) = self.error.kind();
        if status.is_server_error() {
            let error: &dyn std::error::Error = &self.error;
            tracing::error!(error, problem = slug, "a request failed");
        }
        // Not even a tag of what is protected.
        let nothing = Scope::default();
        let scope = if let Error::Protected = self.error { &nothing } else { &self.scope };
        let mut response = answer(status, Caching::Error(status), scope);
        if let Error::WrongMethod(allowed) = &self.error {
            response.insert_header((ALLOW, &**allowed));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"Girasol\""));
        }
        if let Error::UnsupportedTusVersion = &self.error {
            response.insert_header(("tus-version", "1.0.0"));
        }
        // RFC 9110, section 12.5.3: what would have been accepted.
        if let Error::BodyEncoded = &self.error {
            response.insert_header((ACCEPT_ENCODING, "identity"));
        }
        if let Error::RangeOutside { length } = &self.error {
            response.insert_header((CONTENT_RANGE, format!("bytes */{length}")));
        }
        let problem = Problem {
            r#type: format!("urn:problem-type:girasol:{slug}"),
            title,
            status: status.as_u16(),
            detail: (!status.is_server_error() || status == StatusCode::INSUFFICIENT_STORAGE)
                .then(|| self.error.to_string()),
            faults: match &self.error {
                Error::BadProduct(faults) => {
                    Some(faults.iter().map(|Fault { at, message }| FaultAnswer { at, message }).collect())
                }
                _ => None,
            },
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        response.content_type("application/problem+json").body(body)
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<UnpackError> for Error {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Refused(refusal) => Self::FileRefused { refusal: Arc::new(refusal) },
            UnpackError::Name { .. } => Self::BadField(error.to_string()),
            UnpackError::DiskFull => Self::DiskFull,
            UnpackError::Staging(error) => error.into(),
        }
    }
}

impl From<FetchError> for Error {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Name { .. } => Self::BadField(error.to_string()),
            FetchError::TooLarge { max_bytes, .. } => Self::FileTooLarge(max_bytes),
            FetchError::TooManyFiles(max_files) => Self::TooManyFiles(max_files),
            FetchError::Unpack(error) => error.into(),
            FetchError::DiskFull => Self::DiskFull,
            FetchError::Closed(Changed::NoSuchSet) => Self::NoSuchFrameset,
            FetchError::Closed(Changed::Committed) => Self::SetCommitted,
            FetchError::Closed(_) | FetchError::Stopped => Self::FramesetChanged,
            FetchError::Store(error) => error.into(),
            FetchError::Staging(error) => error.into(),
            FetchError::Db(error) => error.into(),
        }
    }
}

impl From<CheckError> for Error {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::NothingToMend => Self::NothingToMend,
            CheckError::Db(error) => error.into(),
            CheckError::Staging(error) => error.into(),
            other => Self::Check(Arc::new(other)),
        }
    }
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::NoSuchVersion { .. } => Self::NoSuchVersion,
            PublishError::Early { .. } => Self::EarlyVersion,
            PublishError::NothingBefore(_) => Self::NothingBefore,
            PublishError::Overtaken(_) => Self::Overtaken,
            PublishError::Db(error) => error.into(),
        }
    }
}

impl From<TakeDownError> for Error {
    fn from(error: TakeDownError) -> Self {
        match error {
            TakeDownError::NothingLive(_) => Self::NothingLive,
            TakeDownError::Collect(error) => error.into(),
            TakeDownError::Staging(error) => error.into(),
            TakeDownError::Db(error) => error.into(),
        }
    }
}

impl From<ProtectError> for Error {
    fn from(error: ProtectError) -> Self {
        match error {
            ProtectError::NoSuchConfiguration(_) => Self::NoSuchSequence,
            ProtectError::Overtaken(_) => Self::Overtaken,
            ProtectError::Collect(error) => error.into(),
            ProtectError::Store(error) => error.into(),
            ProtectError::Db(error) => error.into(),
            error @ (ProtectError::Missing(_) | ProtectError::Manifest(_)) => Self::Protect(Arc::new(error)),
        }
    }
}

impl From<CollectError> for Error {
    fn from(error: CollectError) -> Self {
        Self::Collect(Arc::new(error))
    }
}

impl From<StagingError> for Error {
    fn from(error: StagingError) -> Self {
        Self::Staging(Arc::new(error))
    }
}

/// tus's own status for it (checksum extension).
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<NotOffered> for Error {
    fn from(error: NotOffered) -> Self {
        Self::NotOffered(error)
    }
}

impl From<UnknownChoice> for Error {
    fn from(error: UnknownChoice) -> Self {
        Self::UnknownChoice(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    async fn body(error: Error) -> String {
        let response = Failure::from(error).error_response();
        String::from_utf8(to_bytes(response.into_body()).await.unwrap().to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn a_client_error_says_what_is_wrong() {
        let json = body(Error::BadQuery("tier=ultra is unknown".to_owned())).await;
        let expected = r#"{"type":"urn:problem-type:girasol:bad-query","title":"Unknown query key or value","status":400,"detail":"tier=ultra is unknown"}"#;
        assert_eq!(json, expected);
    }

    #[actix_web::test]
    async fn a_server_error_says_nothing_of_the_inside() {
        let json =
            body(Error::ObjectDamaged("p/00000000000000000000000000000000.pack".parse().unwrap())).await;
        let expected =
            r#"{"type":"urn:problem-type:girasol:internal","title":"Something failed here","status":500}"#;
        assert_eq!(json, expected);
    }
}
