//! What S3 says of a failure: only the code of the server's response, since its text may repeat the request.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{BoxError, ProvideErrorMetadata, SdkError},
};

use crate::store::Trouble;

/// Why an object could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refused, or failed.
    #[error("S3 answered {status} ({code})")]
    Answer {
        /// Of HTTP.
        status: u16,
        /// S3's word for it, as `AccessDenied`.
        code: String,
        /// The bucket's region, where the server names it.
        region: Option<String>,
    },
    /// Time ran out.
    #[error("S3 took too long")]
    TooSlow,
    /// It has not answered just now, and is not asked by every request.
    #[error("S3 has just not answered")]
    Away,
    /// No answer came, or no question could be asked: there are no credentials, for one.
    #[error("S3 could not be asked")]
    NoAnswer(#[source] BoxError),
    /// The body broke off, or is not what its checksum says.
    #[error("S3's answer could not be read to its end")]
    Body(#[source] BoxError),
    /// The body is another one than was announced.
    #[error("S3 announced {length} bytes and sent {got}")]
    CutShort {
        /// Bytes that were announced.
        length: usize,
        /// Bytes that came.
        got: usize,
    },
}

impl Failure {
    /// Whether it says that the object is not there. A bucket that is not there is another matter.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Answer { status: 404, code, .. } if code != "NoSuchBucket")
    }

    /// Whether the object of a conditional write may be there: it is, another process writes it at this moment, or the
    /// server knows no conditions. An answer that has begun well says so in its body alone.
    pub(super) fn may_be_there(&self) -> bool {
        self.is_not_implemented()
            || matches!(self, Self::Answer { status, code, .. } if matches!(status, 409 | 412)
                || matches!(code.as_str(), "PreconditionFailed" | "ConditionalRequestConflict"))
    }

    /// Whether the server does not know what was asked of it.
    pub(crate) fn is_not_implemented(&self) -> bool {
        matches!(self, Self::Answer { status, code, .. } if *status == 501 || code == "NotImplemented")
    }

    /// Whether the next request would wait in vain too, whatever object it asks for.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Answer { status, .. } => *status >= 500 || *status == 429,
            Self::TooSlow | Self::Away | Self::NoAnswer(_) => true,
            Self::Body(_) | Self::CutShort { .. } => false,
        }
    }

    fn trouble(&self) -> Trouble {
        match self {
            Self::Answer { status, code, region } => match (code.as_str(), status) {
                ("PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed", _)
                | (_, 301 | 307) => Trouble::WrongRegion(region.clone()),
                ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken", _) => {
                    Trouble::BadCredentials
                }
                ("RequestTimeTooSkewed", _) => Trouble::WrongClock,
                (_, 404) => Trouble::NoSuchBucket,
                (_, 401 | 403) => Trouble::AccessDenied,
                _ if self.is_not_implemented() => Trouble::Other,
                (_, 429 | 500..) => Trouble::Busy,
                _ => Trouble::Other,
            },
            Self::NoAnswer(source) if has_no_credentials(source.as_ref()) => Trouble::NoCredentials,
            Self::NoAnswer(_) | Self::TooSlow | Self::Away => Trouble::Unreachable,
            Self::Body(_) | Self::CutShort { .. } => Trouble::Other,
        }
    }
}

/// What is wrong, if the error is one of a bucket.
pub(in crate::store) fn trouble(cause: &(dyn Error + Send + Sync + 'static)) -> Option<Trouble> {
    cause.downcast_ref::<Failure>().map(Failure::trouble)
}

/// Whether it is about one object and not about the bucket, if the error is one of a bucket: one that its owner has put away,
/// or whose bytes the server cannot read.
pub(in crate::store) fn is_of_object(cause: &(dyn Error + Send + Sync + 'static)) -> Option<bool> {
    let failure = cause.downcast_ref::<Failure>()?;
    let is_of_object = matches!(failure.trouble(), Trouble::AccessDenied | Trouble::Other);
    Some(is_of_object && !failure.is_silence())
}

/// Whether the credentials could not be had, which is found out before any request is sent.
fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The region that an answer names: in a header, as Amazon does, or in the document that says what is wrong.
fn region_of(answer: &HttpResponse) -> Option<String> {
    if let Some(region) = answer.headers().get("x-amz-bucket-region") {
        return Some(region.to_owned());
    }
    let text = std::str::from_utf8(answer.body().bytes()?).ok()?;
    let (_, rest) = text.split_once("<Region>")?;
    let (region, _) = rest.split_once("</Region>")?;
    let is_name =
        !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| region.to_owned())
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(answer) => Self::Answer {
                status: answer.raw().status().as_u16(),
                code: answer.err().code().unwrap_or("no code").to_owned(),
                region: region_of(answer.raw()),
            },
            SdkError::TimeoutError(_) => Self::TooSlow,
            other => match other.into_source() {
                Ok(source) => Self::NoAnswer(source),
                Err(other) => Self::NoAnswer(other.into()),
            },
        }
    }
}
