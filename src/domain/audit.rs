//! Who changed what, when and from where.

use serde_json::Value;

use super::keys::KeyId;

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A key's id, or `command line`.
    pub name: String,
    /// Where the request came from, if it was one.
    pub address: Option<String>,
}

impl Actor {
    /// Whoever may run the program on this machine.
    pub fn command_line() -> Self {
        Self { name: "command line".to_owned(), address: None }
    }

    /// Whoever has a key.
    pub fn key(id: &KeyId, address: Option<String>) -> Self {
        Self { name: id.to_string(), address }
    }
}

/// What was done. Its words stay as they are, since trails are kept and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A key was made.
    KeyCreate,
    /// A key was revoked.
    KeyRevoke,
    /// A key was exchanged for a session.
    SessionBegin,
    /// A session was ended by its owner.
    SessionEnd,
    /// A frame set was opened.
    FramesetOpen,
    /// What is said of a frame set's turn was changed.
    FramesetChange,
    /// Frames came.
    FrameAdd,
    /// A frame was taken out.
    FrameRemove,
    /// A frame set was closed, to be encoded.
    FramesetCommit,
    /// Leave was given to put files of a frame set into the bucket.
    FramesetPresign,
    /// A frame set's place in the bucket was told, with credentials for it if there are any.
    FramesetBucket,
    /// A frame set was mended as its check offered.
    FramesetMend,
    /// A frame set was thrown away.
    FramesetDiscard,
    /// A job was cancelled.
    JobCancel,
    /// A job was queued anew.
    JobRetry,
    /// A job was given another place in the queue.
    JobPriority,
    /// A preview link was made: it shows one version to everyone who has it.
    PreviewLink,
    /// A product was made or changed by its file.
    ProductImport,
    /// A product was removed.
    ProductRemove,
    /// Another version went live.
    Publish,
    /// A spin was taken down.
    TakeDown,
    /// Caches were told by hand to let go.
    Purge,
    /// A configuration was protected.
    Protect,
    /// The protection was lifted.
    Unprotect,
    /// Somebody was given a signed address.
    Sign,
    /// Another key signs addresses.
    SigningRotate,
    /// What a key had signed was made worthless.
    SigningRetire,
}

impl Action {
    /// As `key.create`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeyCreate => "key.create",
            Self::KeyRevoke => "key.revoke",
            Self::SessionBegin => "session.begin",
            Self::SessionEnd => "session.end",
            Self::FramesetOpen => "frameset.open",
            Self::FramesetChange => "frameset.change",
            Self::FrameAdd => "frame.add",
            Self::FrameRemove => "frame.remove",
            Self::FramesetCommit => "frameset.commit",
            Self::FramesetPresign => "frameset.presign",
            Self::FramesetBucket => "frameset.bucket",
            Self::FramesetMend => "frameset.mend",
            Self::FramesetDiscard => "frameset.discard",
            Self::JobCancel => "job.cancel",
            Self::JobRetry => "job.retry",
            Self::JobPriority => "job.priority",
            Self::PreviewLink => "version.look",
            Self::ProductImport => "product.import",
            Self::ProductRemove => "product.remove",
            Self::Publish => "version.publish",
            Self::TakeDown => "sequence.take-down",
            Self::Purge => "purge.by-hand",
            Self::Protect => "sequence.protect",
            Self::Unprotect => "sequence.unprotect",
            Self::Sign => "sequence.sign",
            Self::SigningRotate => "signing.rotate",
            Self::SigningRetire => "signing.retire",
        }
    }
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Grows by time.
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// What: a word of [`Action`].
    pub action: String,
    /// To what.
    pub subject: String,
    /// The rest.
    pub detail: Value,
}
