//! The database: an embedded SQLite file in the data folder.
//!
//! SQLite has one writer, so transactions are short and nothing slow runs inside one.

pub mod audit;
pub mod framesets;
pub mod garbage;
pub mod import;
pub mod inbox;
pub mod ingests;
pub mod jobs;
pub mod keys;
pub mod popularity;
pub mod products;
pub mod protection;
pub mod purges;
pub mod secrets;
pub mod uploads;
pub mod versions;
pub mod vitals;

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite refused or could not be reached.
    #[error("the database failed")]
    Sql(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The operating system gives no random bytes.
    #[error("there are no random bytes to be had")]
    Random(#[from] getrandom::Error),
    /// A row holds what this version cannot read.
    #[error("the database holds an unreadable {what}: {value}")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// What it holds.
        value: String,
    },
}

/// A pool of connections; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pool: SqlitePool,
}

impl Db {
    /// Opens `girasol.db` in the data folder, creates it where it is missing and brings its schema
    /// up to date.
    pub async fn open(data: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(data.join("girasol.db"))
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(15));
        // SQLite's migrations take no lock of their own: two processes that meet in a new folder would
        // both make the tables.
        let one_at_a_time = std::fs::File::create(data.join("girasol.db.lock")).map_err(sqlx::Error::Io)?;
        let locked = tokio::task::spawn_blocking(move || one_at_a_time.lock().map(|()| one_at_a_time));
        let locked = locked.await.map_err(std::io::Error::other).flatten().map_err(sqlx::Error::Io)?;
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        drop(locked);
        Ok(Self { pool })
    }

    /// Answers whether the database can be read.
    pub async fn ping(&self) -> Result<(), DbError> {
        sqlx::query("select count(*) from (select 1 from products limit 1)").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits until every connection is closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Now, in milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    (time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

/// Bytes that nobody can foretell.
fn random<const BYTES: usize>() -> Result<[u8; BYTES], DbError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Reads a column that was written from a checked type.
fn read<T: std::str::FromStr>(what: &'static str, value: &str) -> Result<T, DbError> {
    value.parse().map_err(|_wrong| DbError::Unreadable { what, value: value.to_owned() })
}
