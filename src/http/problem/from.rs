//! Errors of the other layers as errors of the API.

use std::sync::Arc;

use crate::{
    checks::{CheckError, CommitError},
    db::{
        DbError, framesets::FramesetError, import::ImportError, jobs::ChangeJobError, keys::RevokeError,
        uploads::BeginUploadError,
    },
    domain::{negotiate::NotOffered, product::UnknownChoice},
    library::{
        collect::CollectError, protect::ProtectError, publish::PublishError, raw_frames::RawFramesError,
        take_down::TakeDownError,
    },
    staging::{InboxError, NoRoom, StagingError, UnpackError, fetch::FetchError},
    store::StoreError,
};

use super::Error;

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        if error.is_busy() { Self::Busy(Arc::new(error)) } else { Self::Database(Arc::new(error)) }
    }
}

impl From<FramesetError> for Error {
    fn from(error: FramesetError) -> Self {
        match error {
            FramesetError::NoSuchFrameset => Self::NoSuchFrameset,
            FramesetError::Committed => Self::SetCommitted,
            FramesetError::TooManyFiles(max_files) => Self::TooManyFiles(max_files),
            FramesetError::Empty => Self::SetEmpty,
            FramesetError::Changed => Self::FramesetChanged,
            FramesetError::TakenOver => Self::UploadTakenOver,
            FramesetError::AnotherFrame => Self::PreconditionFailed,
            FramesetError::TooManyOpen(max_open) => Self::TooManySets(max_open),
            FramesetError::Db(error) => error.into(),
        }
    }
}

impl From<ImportError> for Error {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::NoSuchProduct(_) => Self::NoSuchProduct,
            ImportError::InUse { why, .. } => Self::ProductInUse(why.join("; ")),
            ImportError::HasConfigurations(_) => Self::ProductInUse("it has configurations".to_owned()),
            ImportError::Db(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Error {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::NoSuchKey(_) => Self::NoSuchKey,
            RevokeError::Db(error) => error.into(),
        }
    }
}

impl From<ChangeJobError> for Error {
    fn from(error: ChangeJobError) -> Self {
        match error {
            ChangeJobError::NoSuchJob => Self::NoSuchJob,
            ChangeJobError::State(state) => Self::JobIs(state),
            ChangeJobError::Db(error) => error.into(),
        }
    }
}

impl From<UnpackError> for Error {
    fn from(error: UnpackError) -> Self {
        match error {
            UnpackError::Refused(refusal) => Self::FileRefused { refusal: Arc::new(refusal) },
            UnpackError::Name { .. } => Self::BadField(error.to_string()),
            UnpackError::NoRoom(error) => error.into(),
            UnpackError::Staging(error) => error.into(),
            UnpackError::Db(error) => error.into(),
        }
    }
}

impl From<NoRoom> for Error {
    fn from(error: NoRoom) -> Self {
        match error {
            NoRoom::Disk => Self::DiskFull,
            NoRoom::Quota(max_bytes) => Self::QuotaExceeded(max_bytes),
            NoRoom::Staging(error) => error.into(),
            NoRoom::Db(error) => error.into(),
        }
    }
}

impl From<BeginUploadError> for Error {
    fn from(error: BeginUploadError) -> Self {
        match error {
            BeginUploadError::Frameset(error) => error.into(),
            BeginUploadError::TooMany(max_files) => Self::TooManyFiles(max_files),
            BeginUploadError::TooMuch(too_much) => NoRoom::from(too_much).into(),
            BeginUploadError::Db(error) => error.into(),
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
            FetchError::NoRoom(error) => error.into(),
            FetchError::Closed(error) => error.into(),
            FetchError::Stopped => Self::FramesetChanged,
            FetchError::Inbox(error) => error.into(),
            FetchError::Staging(error) => error.into(),
            FetchError::Db(error) => error.into(),
        }
    }
}

impl From<CheckError> for Error {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::NothingToMend => Self::NothingToMend,
            CheckError::NoRoom(error) => error.into(),
            CheckError::Frameset(error) => error.into(),
            CheckError::Db(error) => error.into(),
            CheckError::Staging(error) => error.into(),
            other => Self::Check(Arc::new(other)),
        }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Asked(messages) => Self::FindingsUnacknowledged(messages),
            CommitError::Running { done, total } => Self::CheckRunning { done, total },
            CommitError::Frameset(error) => error.into(),
            CommitError::Check(error) => error.into(),
        }
    }
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::NoSuchVersion { .. } | PublishError::NoVersion(_) => Self::NoSuchVersion,
            PublishError::Early { .. } => Self::EarlyVersion,
            PublishError::OnlyEarly { version, .. } => Self::OnlyEarlyVersion(version),
            PublishError::NothingBefore(_) => Self::NothingBefore,
            PublishError::Overtaken(_) => Self::Overtaken,
            PublishError::Db(error) => error.into(),
        }
    }
}

impl From<TakeDownError> for Error {
    fn from(error: TakeDownError) -> Self {
        match error {
            TakeDownError::NothingStored(_) => Self::NothingStored,
            TakeDownError::Collect(error) => error.into(),
            TakeDownError::Inbox(error) => error.into(),
            TakeDownError::Staging(error) => error.into(),
            TakeDownError::Db(error) => error.into(),
        }
    }
}

impl From<RawFramesError> for Error {
    fn from(error: RawFramesError) -> Self {
        match error {
            RawFramesError::Staging(error) => error.into(),
            RawFramesError::Inbox(error) => error.into(),
            RawFramesError::Db(error) => error.into(),
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
            error @ (ProtectError::Missing(_) | ProtectError::Manifest(_) | ProtectError::TooSlow(_)) => {
                Self::Protect(Arc::new(error))
            }
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
        // It may answer later, and asked again, so may the server.
        if error.is_away() { Self::NotReady(Arc::new(error)) } else { Self::Staging(Arc::new(error)) }
    }
}

impl From<InboxError> for Error {
    fn from(error: InboxError) -> Self {
        if error.is_away() { Self::NotReady(Arc::new(error)) } else { Self::Inbox(Arc::new(error)) }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        // It may answer later, and asked again, so may the server.
        if error.trouble().is_passing() {
            return Self::NotReady(Arc::new(error));
        }
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
