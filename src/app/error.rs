//! Why the program could not start, or ended.

use std::{io, path::PathBuf};

use crate::{config::BadTarget, db::DbError, store::StoreError};

/// Why the program could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used")]
    Data {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database has nothing in it, and there are objects or frames of another one.
    #[error("the database {place} {}, but {what}", if *.is_missing { "is missing" } else { "is empty" })]
    Lost {
        /// Where the database is or should be.
        place: String,
        /// Whether there is no file.
        is_missing: bool,
        /// What another database has left.
        what: &'static str,
    },
    /// Root is to write into what another user's server has to read.
    #[error("the data in {} belongs to the user with the number {owner}, who could not read what root writes", path.display())]
    OtherOwner {
        /// The data folder.
        path: PathBuf,
        /// The number of the user.
        owner: u32,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A cache to purge cannot be used.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The object store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no data folder, and the command has nothing to put into a new one.
    #[error("there is no Girasol data in {0}")]
    NoData(String),
    /// The database of the server has no table, and the command has nothing to put into it.
    #[error("there is no Girasol data in the database {0}")]
    EmptyServer(String),
    /// The address is taken, or is none of this machine's.
    #[error("cannot listen on {address} ({setting})")]
    Listen {
        /// As configured.
        address: String,
        /// The key of the setting.
        setting: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Traces cannot be exported.
    #[error(transparent)]
    Traces(#[from] crate::traces::StartError),
    /// The server failed while it ran.
    #[error("the server failed")]
    Server(#[source] io::Error),
}
