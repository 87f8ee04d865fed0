//! The audit trail: who changed what, when and from where.

use serde_json::Value;

use super::keys::KeyId;

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A key's id, `command line` or `polish`.
    pub name: String,
    /// The address of the client, if a request made the change.
    pub address: Option<String>,
}

impl Actor {
    /// The command line on the machine of the data folder.
    pub fn command_line() -> Self {
        Self { name: "command line".to_owned(), address: None }
    }

    /// The service itself, which has made a live spin better.
    pub fn polish() -> Self {
        Self { name: "polish".to_owned(), address: None }
    }

    /// The holder of a key.
    pub fn key(id: &KeyId, address: Option<String>) -> Self {
        Self { name: id.to_string(), address }
    }
}

/// A kind of change. The words do not change, since people search stored trails by them.
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
    /// The settings of a frame set were changed.
    FramesetChange,
    /// Frames were added.
    FrameAdd,
    /// A frame was removed.
    FrameRemove,
    /// A frame set was committed.
    FramesetCommit,
    /// Addresses were signed for sending files of a frame set to the bucket.
    FramesetPresign,
    /// Credentials for a frame set's prefix in the bucket were given out.
    FramesetBucket,
    /// Findings of a frame set were mended.
    FramesetMend,
    /// An open frame set was deleted.
    FramesetDiscard,
    /// A job was cancelled.
    JobCancel,
    /// A job was queued again.
    JobRetry,
    /// The priority of a job was changed.
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
    /// A configuration without a version was removed.
    SequenceRemove,
    /// CDNs were purged by hand.
    Purge,
    /// What has expired was deleted, and the database cared for.
    Optimize,
    /// A configuration was protected.
    Protect,
    /// A configuration was made public again.
    Unprotect,
    /// An address was signed.
    Sign,
    /// A new key signs addresses.
    SigningRotate,
    /// A signing key was retired: its signatures are no longer accepted.
    SigningRetire,
    /// An alert was silenced.
    AlertSilence,
    /// The silences of an alert were ended.
    AlertUnsilence,
    /// A launch was planned.
    LaunchPlan,
    /// A launch that was planned was removed.
    LaunchRemove,
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
            Self::SequenceRemove => "sequence.remove",
            Self::Purge => "purge.by-hand",
            Self::Optimize => "service.optimize",
            Self::Protect => "sequence.protect",
            Self::Unprotect => "sequence.unprotect",
            Self::Sign => "sequence.sign",
            Self::SigningRotate => "signing.rotate",
            Self::SigningRetire => "signing.retire",
            Self::AlertSilence => "alert.silence",
            Self::AlertUnsilence => "alert.unsilence",
            Self::LaunchPlan => "launch.plan",
            Self::LaunchRemove => "launch.remove",
        }
    }
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Grows by time.
    pub id: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The name of the actor.
    pub actor: String,
    /// The address of the client.
    pub address: Option<String>,
    /// The word of an [`Action`].
    pub action: String,
    /// The changed thing.
    pub subject: String,
    /// Further facts.
    pub detail: Value,
}
