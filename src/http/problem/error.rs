//! Every error of the API, and the kind of problem that clients see of it.

use std::{borrow::Cow, sync::Arc, time::Duration};

use assets_pipeline::read::refusal::Refusal;

use crate::{
    checks::CheckError,
    db::DbError,
    domain::{
        disk, import::Fault, job::JobState, keys::Role, limit::whole_seconds, names::ConfigId,
        negotiate::NotOffered, news::NewChoice,
    },
    library::{collect::CollectError, protect::ProtectError, readiness},
    staging::{InboxError, StagingError},
    store::{Address, StoreError},
};

use super::kinds::{self, Kind};

/// Why a request fails. Clients see the message, except that of a 5xx.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Error {
    #[error("no resource is at this address")]
    NoSuchPath,
    #[error("the product does not exist")]
    NoSuchProduct,
    #[error("{0} has no spin")]
    NoSpin(ConfigId),
    #[error("the spin of {0} was taken down")]
    TakenDown(ConfigId),
    #[error("only signed addresses show this spin")]
    Protected,
    #[error("the signature of this address is not accepted")]
    SignatureRefused,
    #[error("the signed address has expired: ask for a new one")]
    SignatureExpired,
    #[error("the spin is public and needs no signed address")]
    NotProtected,
    #[error("the file does not exist")]
    NoSuchFile,
    #[error("{0}")]
    BadQuery(String),
    #[error(transparent)]
    NotOffered(NotOffered),
    #[error("the body: {why}. A body is like {example}")]
    BadJson { why: String, example: &'static str },
    #[error("the body ended too early")]
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
    #[error("the file is another one than If-Match or If-None-Match allows: load it again, and decide anew")]
    PreconditionFailed,
    #[error("the file has {length} bytes")]
    RangeOutside { length: usize },
    #[error("send a key: Authorization: Bearer KEY")]
    KeyMissing,
    #[error("the key is unknown or was revoked")]
    KeyRefused,
    #[error("the session has expired: sign in again")]
    SessionExpired,
    #[error("this needs a key of the role {0}")]
    InsufficientRole(Role),
    #[error("a page of another origin cannot write with the session")]
    CrossOrigin,
    #[error("the key does not exist")]
    NoSuchKey,
    #[error("there is no alert of this name")]
    NoSuchAlert,
    #[error("no launch of this number was planned")]
    NoSuchLaunch,
    #[error("{0}")]
    BadField(String),
    #[error("{}", list(.0))]
    BadProduct(Arc<[Fault]>),
    #[error("configuration ids that are in use keep their meaning: {0}")]
    ProductInUse(String),
    #[error("{} Correct the spelling; or send \"newChoices\": true, which creates it for the whole product", news(.0))]
    NewChoices(Arc<[NewChoice]>),
    #[error("{0}")]
    BadHeader(&'static str),
    #[error("the frame set does not exist")]
    NoSuchFrameset,
    #[error("the frame set is committed and takes no more changes")]
    SetCommitted,
    #[error("the frames of the set are others by now: load the set and its check again, and decide anew")]
    FramesetChanged,
    #[error("the check found: {0} Mend it, or commit with ?acknowledge= and the revision of the check")]
    FindingsUnacknowledged(String),
    #[error(
        "the frames are being checked, {done} of {total} so far: commit again when the check has ended, or with ?acknowledge= and its revision"
    )]
    CheckRunning { done: usize, total: usize },
    #[error("the check failed")]
    CheckFailed,
    #[error("the frame could not be made small")]
    ThumbnailFailed,
    #[error("the frame set has nothing of this kind to mend")]
    NothingToMend,
    #[error("the job does not exist")]
    NoSuchJob,
    #[error("the job is {}", .0.as_str())]
    JobIs(JobState),
    #[error("the configuration has no version")]
    NoSuchSequence,
    #[error(
        "{0} has versions, or frames that wait to become one: take its spin down, and discard its frame sets"
    )]
    SequenceInUse(ConfigId),
    #[error("the version does not exist")]
    NoSuchVersion,
    #[error("the version has only a preview, and a full version is live")]
    EarlyVersion,
    #[error(
        "no version has every tier yet: send {{\"version\": {0}}} to publish the preview, which the whole spin follows by itself"
    )]
    OnlyEarlyVersion(i64),
    #[error("the link does not exist")]
    NoSuchLink,
    #[error("the link has expired: ask for a new one")]
    LinkExpired,
    #[error("no earlier version was live")]
    NothingBefore,
    #[error("another version went live at the same moment: load the sequence again")]
    Overtaken,
    #[error("the configuration has no version and no raw frames")]
    NothingStored,
    #[error(
        "this deletes every version of {0} for good, and its raw frames: send {{\"confirm\": \"{0}\"}} to go on"
    )]
    NotConfirmed(ConfigId),
    #[error("the frame set has no frame")]
    SetEmpty,
    #[error("a key may have at most {0} open frame sets: commit or discard one")]
    TooManySets(u32),
    #[error("too many requests: send this one again after {} seconds", whole_seconds(*.0))]
    TooManyRequests(Duration),
    #[error("a frame set may have at most {0} files")]
    TooManyFiles(u32),
    #[error("the file may have at most {0} bytes")]
    FileTooLarge(u64),
    #[error("the disk of the server has no room for this file: send it again later")]
    DiskFull,
    #[error(
        "a key may have at most {0} bytes in frame sets that are not encoded: commit a set, discard one, or end an upload"
    )]
    QuotaExceeded(u64),
    #[error("the server stores its objects in a folder: send the frames to the server")]
    NoBucket,
    #[error("the file does not match Content-Digest")]
    DigestMismatch,
    #[error("the upload does not exist")]
    NoSuchUpload,
    #[error("the upload continues at byte {0}")]
    OffsetMismatch(u64),
    #[error("another request goes on with the upload: ask for its offset")]
    UploadTakenOver,
    #[error("the part does not match Upload-Checksum")]
    ChecksumMismatch,
    #[error("the body of a part has to be application/offset+octet-stream")]
    NotAPart,
    #[error("send Tus-Resumable: 1.0.0")]
    UnsupportedTusVersion,
    #[error("{refusal}. {}", .refusal.remedy())]
    FileRefused { refusal: Arc<Refusal> },
    #[error("the staging failed")]
    Staging(#[source] Arc<StagingError>),
    #[error("the bucket of uploads failed")]
    Inbox(#[source] Arc<InboxError>),
    #[error("a frame set could not be checked")]
    Check(#[source] Arc<CheckError>),
    #[error("objects could not be deleted")]
    Collect(#[source] Arc<CollectError>),
    #[error("the configuration could not be moved")]
    Protect(#[source] Arc<ProtectError>),
    #[error("an export could not be written")]
    Export(#[source] Arc<std::io::Error>),
    #[error("the database is busy")]
    Busy(#[source] Arc<DbError>),
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
    #[error("the server has more to do than it can in time: send the request again later")]
    Overloaded,
    #[error("not ready: {0}")]
    NotReady(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What clients see besides the kind. Of the inside of a server they see whether it lacks room, and which of its parts
    /// does not work.
    pub(super) fn detail(&self) -> Option<String> {
        let kind = self.kind();
        match self {
            Self::NotReady(error) if error.is::<StagingError>() || error.is::<InboxError>() => {
                Some("the object store cannot be used: a request failed".to_owned())
            }
            Self::NotReady(error) => Some(readiness::reason(error.as_ref())),
            Self::DiskFull => Some(self.to_string()),
            _ if kind == kinds::DISK_FULL => Some("the disk of the server is full".to_owned()),
            _ => (kind.status < 500).then(|| self.to_string()),
        }
    }

    /// Whether the same request may succeed later, with the bytes that were safe before.
    pub(in crate::http) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::BodyCutShort
                | Self::BodyTooSlow
                | Self::TooManyRequests(_)
                | Self::Overloaded
                | Self::NotReady(_)
                | Self::Busy(_)
        )
    }

    /// Whether an operator has to know of it: not of a flood, of which admission says by itself that it refuses some, nor of
    /// probes while a server is told to stop.
    pub(super) fn is_for_operators(&self) -> bool {
        match self {
            Self::Overloaded => false,
            Self::NotReady(cause) => !readiness::is_planned(cause.as_ref()),
            _ => self.kind().status().is_server_error(),
        }
    }

    /// Logs it where an answer has begun that it breaks off.
    pub(in crate::http) fn log_broken_off(&self) {
        if self.is_for_operators() {
            let error: &dyn std::error::Error = self;
            tracing::error!(error, problem = self.kind().slug, "answers were broken off");
        }
    }

    /// Whether an object is missing that a version has, or had.
    pub(in crate::http) const fn is_absence(&self) -> bool {
        matches!(self, Self::NoSuchFile | Self::ObjectMissing(_))
    }

    /// Whether the client can do something about it.
    pub(in crate::http) fn is_of_client(&self) -> bool {
        self.kind().status().is_client_error()
    }

    /// The kind of problem that clients see.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::NoSuchPath => kinds::NOT_FOUND,
            Self::NoSuchProduct => kinds::NO_SUCH_PRODUCT,
            Self::NoSpin(_) => kinds::NO_SPIN,
            Self::TakenDown(_) => kinds::TAKEN_DOWN,
            Self::Protected => kinds::PROTECTED,
            Self::SignatureRefused => kinds::SIGNATURE_REFUSED,
            Self::SignatureExpired => kinds::SIGNATURE_EXPIRED,
            Self::NotProtected => kinds::NOT_PROTECTED,
            Self::NoSuchFile => kinds::NO_SUCH_FILE,
            Self::BadQuery(_) => kinds::BAD_QUERY,
            Self::NotOffered(NotOffered::Frames(_) | NotOffered::Format(..)) => kinds::NOT_OFFERED,
            Self::BadJson { .. } => kinds::BAD_JSON,
            Self::BodyCutShort => kinds::BODY_CUT_SHORT,
            Self::BodyTooLarge(_) => kinds::BODY_TOO_LARGE,
            Self::BodyTooSlow => kinds::BODY_TOO_SLOW,
            Self::NotJson => kinds::NOT_JSON,
            Self::BodyEncoded => kinds::BODY_ENCODED,
            Self::UnknownChoice(_) => kinds::UNKNOWN_CHOICE,
            Self::WrongMethod(_) => kinds::WRONG_METHOD,
            Self::PreconditionFailed => kinds::PRECONDITION_FAILED,
            Self::RangeOutside { .. } => kinds::RANGE_OUTSIDE,
            Self::KeyMissing => kinds::KEY_MISSING,
            Self::KeyRefused => kinds::KEY_REFUSED,
            Self::SessionExpired => kinds::SESSION_EXPIRED,
            Self::InsufficientRole(_) => kinds::INSUFFICIENT_ROLE,
            Self::CrossOrigin => kinds::CROSS_ORIGIN,
            Self::NoSuchKey => kinds::NO_SUCH_KEY,
            Self::NoSuchAlert => kinds::NO_SUCH_ALERT,
            Self::NoSuchLaunch => kinds::NO_SUCH_LAUNCH,
            Self::BadField(_) => kinds::BAD_FIELD,
            Self::BadProduct(_) => kinds::BAD_PRODUCT,
            Self::ProductInUse(_) => kinds::PRODUCT_IN_USE,
            Self::NewChoices(_) => kinds::NEW_CHOICE,
            Self::BadHeader(_) => kinds::BAD_HEADER,
            Self::NoSuchFrameset => kinds::NO_SUCH_FRAMESET,
            Self::SetCommitted => kinds::SET_COMMITTED,
            Self::FramesetChanged => kinds::FRAMESET_CHANGED,
            Self::FindingsUnacknowledged(_) => kinds::FINDINGS_UNACKNOWLEDGED,
            Self::CheckRunning { .. } => kinds::CHECK_RUNNING,
            Self::NothingToMend => kinds::NOTHING_TO_MEND,
            Self::NoSuchJob => kinds::NO_SUCH_JOB,
            Self::JobIs(_) => kinds::JOB_STATE,
            Self::NoSuchSequence => kinds::NO_SUCH_SEQUENCE,
            Self::SequenceInUse(_) => kinds::SEQUENCE_IN_USE,
            Self::NoSuchVersion => kinds::NO_SUCH_VERSION,
            Self::NoSuchLink => kinds::NO_SUCH_LINK,
            Self::LinkExpired => kinds::LINK_EXPIRED,
            Self::EarlyVersion | Self::OnlyEarlyVersion(_) => kinds::EARLY_VERSION,
            Self::NothingBefore => kinds::NOTHING_BEFORE,
            Self::Overtaken => kinds::OVERTAKEN,
            Self::NothingStored => kinds::NOTHING_STORED,
            Self::NotConfirmed(_) => kinds::NOT_CONFIRMED,
            Self::SetEmpty => kinds::SET_EMPTY,
            Self::TooManySets(_) => kinds::TOO_MANY_SETS,
            Self::TooManyRequests(_) => kinds::TOO_MANY_REQUESTS,
            Self::Overloaded => kinds::OVERLOADED,
            Self::TooManyFiles(_) => kinds::TOO_MANY_FILES,
            Self::FileTooLarge(_) => kinds::FILE_TOO_LARGE,
            Self::DiskFull => kinds::DISK_FULL,
            Self::QuotaExceeded(_) => kinds::QUOTA_EXCEEDED,
            Self::NoBucket => kinds::NO_BUCKET,
            Self::DigestMismatch => kinds::DIGEST_MISMATCH,
            Self::NoSuchUpload => kinds::NO_SUCH_UPLOAD,
            Self::OffsetMismatch(_) | Self::UploadTakenOver => kinds::OFFSET_MISMATCH,
            Self::ChecksumMismatch => kinds::CHECKSUM_MISMATCH,
            Self::NotAPart => kinds::NOT_A_PART,
            Self::UnsupportedTusVersion => kinds::UNSUPPORTED_TUS_VERSION,
            Self::FileRefused { refusal } => kind_of_refusal(refusal),
            Self::Export(_)
            | Self::Staging(_)
            | Self::Inbox(_)
            | Self::Collect(_)
            | Self::Protect(_)
            | Self::CheckFailed
            | Self::ThumbnailFailed
            | Self::Check(_)
            | Self::Database(_)
            | Self::Store(_)
            | Self::ObjectMissing(_)
            | Self::ObjectDamaged(_)
            | Self::ManifestUnreadable(..)
            | Self::NotOffered(NotOffered::Nothing)
            | Self::Compress(_) => {
                if disk::is_full(self) {
                    kinds::DISK_FULL
                } else {
                    kinds::INTERNAL
                }
            }
            Self::NotReady(_) | Self::Busy(_) => kinds::NOT_READY,
        }
    }
}

fn kind_of_refusal(refusal: &Refusal) -> Kind {
    match refusal {
        Refusal::NotASource { .. } => kinds::NOT_AN_ARCHIVE,
        Refusal::Empty { .. } | Refusal::NoNames => kinds::NO_IMAGES,
        Refusal::SingleFrame { .. } => kinds::SINGLE_FRAME,
        Refusal::TooManyFrames { .. } => kinds::TOO_MANY_FRAMES,
        Refusal::TooManyFiles { .. } => kinds::TOO_MANY_FILES,
        Refusal::SeveralFolders { .. } => kinds::SEVERAL_FOLDERS,
        Refusal::NameTwice { .. } => kinds::NAME_TWICE,
        Refusal::SeveralTurns { .. } => kinds::SEVERAL_TURNS,
        Refusal::NoCount { .. } => kinds::NO_COUNT,
        Refusal::FramesMissing { .. } => kinds::FRAME_MISSING,
        Refusal::NumberTwice { .. } => kinds::NUMBER_TWICE,
        Refusal::OutOfStep { .. } => kinds::OUT_OF_STEP,
        Refusal::ClosingFrame { .. } => kinds::CLOSING_FRAME,
        Refusal::NoNumber { .. } => kinds::NO_NUMBER,
        Refusal::StrayName { .. } => kinds::STRAY_NAME,
        Refusal::Unreadable { .. } => kinds::UNREADABLE,
        Refusal::Truncated { .. } => kinds::TRUNCATED,
        Refusal::NotWhatItSays { .. } => kinds::NOT_WHAT_ITS_NAME_SAYS,
        Refusal::SizesDiffer { .. } => kinds::SIZES_DIFFER,
        Refusal::OrientationsDiffer { .. } => kinds::ORIENTATIONS_DIFFER,
        Refusal::TooLarge { .. } => kinds::TOO_LARGE,
        Refusal::Cmyk { .. } => kinds::CMYK,
        Refusal::Unsupported { .. } => kinds::UNSUPPORTED,
        Refusal::ArchiveUnsafeName { .. } => kinds::ARCHIVE_UNSAFE_NAME,
        Refusal::ArchiveLink { .. } => kinds::ARCHIVE_LINK,
        Refusal::ZipEncrypted { .. } => kinds::ZIP_ENCRYPTED,
        Refusal::ZipBomb { .. } => kinds::ZIP_BOMB,
        Refusal::ArchiveDuplicate { .. } => kinds::ARCHIVE_DUPLICATE,
        Refusal::ZipMethod { .. } => kinds::ZIP_METHOD,
        Refusal::TarBroken { .. } => kinds::TAR_BROKEN,
        Refusal::ZipBroken { .. } => kinds::ZIP_BROKEN,
        Refusal::Io { .. } => kinds::INTERNAL,
    }
}

/// A sentence for each.
fn news(new: &[NewChoice]) -> String {
    let sentence = |new: &NewChoice| if new.near.is_some() { new.to_string() } else { format!("{new}.") };
    new.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn list(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}
