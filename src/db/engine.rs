//! The one way to the database. A statement is a static name, its text and its values; the engine chooses the driver,
//! measures each statement, names it in errors and tries it again where nothing of it has happened.
//!
//! There is one writer at a time. In SQLite all writes of a process share one connection, and SQLite itself keeps other
//! processes out; in Postgres a writing transaction takes a lock that all of Girasol's processes share. So what a
//! transaction reads stays true until it ends, and numbers that the database gives out are committed in their order: a
//! reader that has seen a number misses no smaller one.

pub(super) mod bind;
mod maintain;
mod outcome;
mod postgres;
mod probe;
mod slow;
mod sqlite;
mod statement;
mod tx;
mod way_in;

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use metrics::{counter, histogram};

use crate::{
    signals::Signals,
    traces::{self, Span},
};

use super::DbError;

pub(super) use bind::Bind;
pub use maintain::Maintained;
pub(super) use postgres::{ACQUIRE, BEGIN_SNAPSHOT, CHANNEL, TRY_WRITE_LOCK, within};
pub use postgres::{Address, Connections, ReplicaState};
pub use probe::Found;
pub(super) use probe::{look, require_one_schema};
#[cfg(test)]
pub(super) use slow::note_slow;
pub(super) use slow::{Slow, take_slow};
pub(super) use sqlite::{is_busy as sqlite_is_busy, writing as sqlite_options};
pub(super) use statement::Statement;
pub(super) use tx::Tx;
pub use way_in::{said, way_in};

/// How often something is tried while the database is busy.
const BUSY_TRIES: u32 = 3;
/// The pause before the second try; each further one is longer by as much.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// A statement or transaction that takes longer is worth a warning.
const SLOW: Duration = Duration::from_secs(1);

/// What a statement is for. Each purpose has connections of its own, so that none waits for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Lane {
    /// What visitors wait for.
    Serving,
    /// The same where a replica cannot or must not answer.
    Primary,
    /// What artists and workers do, and everything that writes.
    #[default]
    Jobs,
    /// Lists and figures, which may read many rows.
    Reports,
}

/// The connections to the database; cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// An embedded file.
    Sqlite(sqlite::Pools),
    /// A server.
    Postgres(postgres::Pools),
}

impl Pools {
    /// Opens the file, creates it where it is missing and brings its schema up to date. The caller makes sure that no
    /// other process does so at the same time.
    pub(super) async fn open_sqlite(file: &Path) -> Result<Self, DbError> {
        sqlite::Pools::open(file).await.map(Self::Sqlite)
    }

    /// Connects to the server and brings the schema up to date. Processes that do so at the same time wait for each other.
    pub(super) async fn open_postgres(address: &Address) -> Result<Self, DbError> {
        postgres::Pools::open(address).await.map(Self::Postgres)
    }

    /// Waits until every connection is closed.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pools) => pools.close().await,
        }
    }

    /// The server, if there is one.
    pub(super) fn server(&self) -> Option<&Address> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(pools) => Some(&pools.address),
        }
    }

    /// The signals tell of changes that a replica has to have.
    pub(super) fn follow(&self, signals: &Signals) {
        if let Some(replica) = self.replica() {
            replica.follow(signals);
        }
    }

    /// What this process knows by now is newer than what a replica may have.
    pub(super) fn doubt_replica(&self) {
        if let Some(replica) = self.replica() {
            replica.doubt();
        }
    }

    /// Asks the replica, and answers what it was found to be; `None` where there is none.
    pub(super) async fn look_at_replica(&self) -> Option<ReplicaState> {
        let Self::Postgres(pools) = self else { return None };
        let replica = pools.replica()?;
        drop(pools.acquire_replica().await);
        Some(replica.state())
    }

    /// How many connections there are, by pool.
    pub(super) fn fill(&self) -> Vec<PoolFill> {
        match self {
            Self::Sqlite(pools) => pools.fill(),
            Self::Postgres(pools) => pools.fill(),
        }
    }

    fn replica(&self) -> Option<&postgres::Replica> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(pools) => pools.replica(),
        }
    }

    /// Now by the database's clock, in milliseconds since 1970-01-01 UTC: it is the same for all of its processes.
    pub(super) fn now_ms(&self) -> i64 {
        match self {
            Self::Sqlite(_) => super::now_ms(),
            Self::Postgres(pools) => pools.clock.now_ms(),
        }
    }

    /// A statement that changes nothing.
    pub(super) fn read(&self, lane: Lane, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::on_pools(name, sql, self, statement::Kind::Read(lane))
    }

    /// Reads one truth through a connection of its own, where the pools' connections would answer from memory, also when
    /// the file is gone or overwritten.
    pub(super) async fn read_anew(&self, name: &'static str, sql: &'static str) -> Result<bool, DbError> {
        let began = Instant::now();
        match self {
            Self::Sqlite(pools) => pools.read_anew(sql).await.map_err(|source| failed(name, began, source)),
            Self::Postgres(_) => self.read(Lane::Primary, name, sql).scalar().await,
        }
    }

    /// Writes the file as it is at one moment into a new one. Answers whether there is a file.
    pub(super) async fn copy_into(&self, name: &'static str, file: &Path) -> Result<bool, DbError> {
        let Self::Sqlite(pools) = self else { return Ok(false) };
        let began = Instant::now();
        pools.copy_into(file).await.map_err(|source| failed(name, began, source))?;
        measure(name, 0, began.elapsed());
        Ok(true)
    }

    /// A statement that changes something and is a transaction of its own.
    pub(super) fn run(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::on_pools(name, sql, self, statement::Kind::Write)
    }

    /// Begins a transaction that reads: all of its statements see the same moment.
    pub(super) async fn snapshot(&self, lane: Lane, name: &'static str) -> Result<Tx, DbError> {
        Tx::begin(name, self, tx::Kind::Snapshot(lane)).await
    }

    /// Begins a transaction that writes. It has the database's write lock from here on, so that what it reads stays
    /// true until it ends; without `commit` it changes nothing.
    pub(super) async fn write(&self, name: &'static str) -> Result<Tx, DbError> {
        Tx::begin(name, self, tx::Kind::Write).await
    }
}

/// Whether the same may succeed a moment later: another process writes, all connections are in use, or the server does
/// not answer or takes no writes just now.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::PoolTimedOut) || sqlite::is_busy(error) || postgres::is_away(error)
}

/// Whether the disk takes no more.
fn is_full(error: &sqlx::Error) -> bool {
    sqlite::is_full(error) || postgres::is_full(error)
}

/// The connections of one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolFill {
    /// What the connections are for.
    pub pool: &'static str,
    /// Those that wait for a statement.
    pub idle: u32,
    /// Those that a statement or a transaction has.
    pub used: u32,
}

impl PoolFill {
    fn of<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) -> Self {
        let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
        Self { pool: name, idle, used: pool.size().saturating_sub(idle) }
    }
}

/// Measures how long a statement or transaction has waited for a connection, whether it got one or not.
fn waited(pool: &'static str, began: Instant) {
    histogram!("girasol_db_pool_wait_seconds", "pool" => pool).record(began.elapsed().as_secs_f64());
}

/// The one place that every statement and transaction passes: what is measured of them is measured here.
fn measure(name: &'static str, rows: u64, took: Duration) {
    let duration_us = took.as_micros() as u64;
    traces::record(name, took, |span| span.number("db.response.returned_rows", rows));
    histogram!("girasol_db_statement_duration_seconds", "statement" => name).record(took.as_secs_f64());
    if rows > 0 {
        counter!("girasol_db_statement_rows_total", "statement" => name).increment(rows);
    }
    if took >= SLOW {
        tracing::warn!(statement = name, rows, duration_us, "the database is slow");
    } else {
        tracing::debug!(statement = name, rows, duration_us, "the database answered");
    }
}

/// Errors are measured too, and carry the statement's name from here on.
fn failed(name: &'static str, began: Instant, source: sqlx::Error) -> DbError {
    let took = began.elapsed();
    let duration_us = took.as_micros() as u64;
    traces::record(name, took, Span::fail);
    tracing::debug!(statement = name, duration_us, error = %source, "the database refused");
    counter!("girasol_db_statement_failures_total", "statement" => name).increment(1);
    describe(name, source)
}

/// A full disk is an error of the disk, here as elsewhere.
pub(super) fn describe(name: &'static str, source: sqlx::Error) -> DbError {
    if is_full(&source) {
        return DbError::Full { name, source: io::Error::new(io::ErrorKind::StorageFull, source) };
    }
    DbError::Statement { name, source }
}

#[cfg(test)]
mod tests;
