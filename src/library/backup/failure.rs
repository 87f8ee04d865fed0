//! Why a backup is not made, or not restored.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    db::DbError,
    domain::identity::Identity,
    library::collect::CollectError,
    store::{StoreError, Trouble},
};

/// Why a backup was not made, or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is a server's.
    #[error("the database is on a server, which this does not back up")]
    Server,
    /// There is something in the place already.
    #[error("{place} is not empty: it has {has}")]
    NotEmpty {
        /// Which folder or bucket.
        place: String,
        /// What is in it.
        has: String,
    },
    /// There is a file of that name already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The place is part of what is backed up.
    #[error("{} is inside the data folder, {}", place.display(), data.display())]
    Inside {
        /// Where the backup was to be.
        place: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// Another process writes there.
    #[error("another process writes into {place}")]
    Busy {
        /// Which folder.
        place: String,
    },
    /// Something else was begun there, and not finished.
    #[error("{place} has what was begun of another backup, {what}")]
    Unfinished {
        /// Which folder.
        place: String,
        /// That backup.
        what: String,
    },
    /// The backup in that place is another database's.
    #[error("{place} has the backup of another database, {identity}")]
    Other {
        /// Which bucket.
        place: String,
        /// That database.
        identity: Identity,
    },
    /// What is there is no backup, or one that was not finished.
    #[error("{place} is no backup that was finished")]
    NoBackup {
        /// Which folder, file or bucket.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The backup is not what it was.
    #[error("{files} files of the backup are missing or damaged, as {first}")]
    Damaged {
        /// How many.
        files: u64,
        /// One of them.
        first: String,
    },
    /// The backup has no objects, which are in the bucket of the store, and the settings name none.
    #[error("the objects of this backup are in a bucket, and store.kind is \"folder\"")]
    NoBucket,
    /// The backup has the objects, and the settings name a bucket, which would not get them.
    #[error("the backup has the objects, which are restored in a folder, and store.kind is \"s3\"")]
    InFolder,
    /// What an artist has sent cannot be read, while other files can.
    #[error("{} cannot be read", path.display())]
    Unread {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The backup has more than its list says.
    #[error("the backup has more bytes than the {bytes} that its list says")]
    TooMuch {
        /// What the list says.
        bytes: u64,
    },
    /// A file could not be read or written.
    #[error("{} could not be copied", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file in the bucket could not be read or written.
    #[error("{file} in {place} could not be copied: {trouble}")]
    Bucket {
        /// Which bucket.
        place: String,
        /// Which one.
        file: String,
        /// What is wrong.
        trouble: Trouble,
        /// The server's own words.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is not known what versions need.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// A database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File { path, source }
}
