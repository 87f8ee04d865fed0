//! SQLite: a file, one connection that writes, and some that only read.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, Sqlite, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    super::{DbError, migrate},
    PoolFill, describe, waited,
};

/// How long SQLite waits for another process's write before it answers `busy`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: u32 = 8;
/// The names of the pools.
const READER: &str = "readers";
const WRITER: &str = "writer";

/// The connections to a file; cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::db) struct Pools {
    /// Connections that only read.
    readers: SqlitePool,
    /// The one connection that writes.
    pub(super) writer: SqlitePool,
    /// For a connection that reads the file and remembers nothing of it.
    anew: SqliteConnectOptions,
}

impl Pools {
    pub(super) async fn open(file: &Path) -> Result<Self, DbError> {
        let options = writing(file);
        let failed = |source| describe("open", source);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone());
        let writer = writer.await.map_err(failed)?;
        let mut connection = writer.acquire().await.map_err(failed)?;
        migrate::up(&mut *connection, &migrate::SQLITE).await?;
        drop(connection);
        let anew = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let anew = sqlx::ConnectOptions::disable_statement_logging(anew);
        let options = options.pragma("query_only", "on");
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options);
        let readers = readers.await.map_err(failed)?;
        Ok(Self { readers, writer, anew })
    }

    pub(super) fn fill(&self) -> Vec<PoolFill> {
        vec![PoolFill::of(READER, &self.readers), PoolFill::of(WRITER, &self.writer)]
    }

    /// A connection that reads.
    pub(super) async fn acquire_reader(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        acquire(READER, &self.readers).await
    }

    /// The connection that writes.
    pub(super) async fn acquire_writer(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        acquire(WRITER, &self.writer).await
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        // The last connection to close moves the write-ahead log into the file.
        self.writer.close().await;
    }

    pub(super) async fn read_anew(&self, sql: &'static str) -> Result<bool, sqlx::Error> {
        let mut connection = SqliteConnection::connect_with(&self.anew).await?;
        let truth = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
        connection.close().await?;
        truth
    }

    /// Through a connection of its own, so that nothing waits for it.
    pub(super) async fn copy_into(&self, file: &Path) -> Result<(), sqlx::Error> {
        let mut connection = SqliteConnection::connect_with(&self.anew).await?;
        let file = file.to_string_lossy().into_owned();
        let copied = sqlx::query("vacuum into $1").bind(file).execute(&mut connection).await;
        connection.close().await?;
        copied.map(drop)
    }
}

async fn acquire(name: &'static str, pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
    let began = Instant::now();
    let acquired = pool.acquire().await;
    waited(name, began);
    acquired
}

/// How the file is opened to write, and created where it is missing.
pub(in crate::db) fn writing(file: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    // The engine measures by itself, and by names.
    sqlx::ConnectOptions::disable_statement_logging(options)
}

/// Whether another process has the write lock: `SQLITE_BUSY`, 5 in the lowest byte of a result code.
pub(in crate::db) fn is_busy(error: &sqlx::Error) -> bool {
    result_code(error).is_some_and(|code| code & 0xff == 5)
}

/// Whether the disk takes no more: `SQLITE_FULL`, or `SQLITE_IOERR_SHMSIZE` where it is the index of the write-ahead log
/// that cannot grow.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    result_code(error).is_some_and(|code| code & 0xff == 13 || code == 4874)
}

fn result_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(error) = error else { return None };
    error.try_downcast_ref::<SqliteError>()?;
    error.code().and_then(|code| code.parse().ok())
}
