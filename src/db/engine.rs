//! The one way to the database. A statement is a static name, its text and its values; the engine chooses the driver,
//! measures each statement, names it in errors and tries it again while another process writes.
//!
//! SQLite has one writer, so all writes of a process share one connection and queue for it here, in order and without
//! the database's own polling. Readers have connections of their own, which refuse to write. A second engine is one
//! more variant of [`Pools`], [`Connection`] and [`Outcome`], and one more bound of [`Record`].

mod bind;
mod probe;

use std::{
    io,
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, FromRow, Sqlite, SqliteConnection, SqlitePool,
    migrate::MigrateError,
    pool::PoolConnection,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
        SqliteSynchronous,
    },
};

use crate::signals::{Signals, Topic};

use super::{DbError, now_ms, program};

pub(super) use bind::Bind;
pub use probe::Found;
pub(super) use probe::probe;

/// How long SQLite waits for another process's write before it answers `busy`.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How often something is tried while the database is busy.
const BUSY_TRIES: u32 = 3;
/// The pause before the second try; each further one is longer by as much.
const BUSY_PAUSE: Duration = Duration::from_millis(50);
/// Connections that read.
const READERS: u32 = 8;
/// A statement or transaction that takes longer is worth a warning.
const SLOW: Duration = Duration::from_secs(1);

/// The connections to the database; cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Pools {
    /// An embedded file.
    Sqlite {
        /// Connections that only read.
        readers: SqlitePool,
        /// The one connection that writes.
        writer: SqlitePool,
        /// For a connection that reads the file and remembers nothing of it.
        anew: SqliteConnectOptions,
    },
}

impl Pools {
    /// Opens the file, creates it where it is missing and brings its schema up to date. The caller makes sure that no
    /// other process does so at the same time.
    pub(super) async fn open_sqlite(file: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        // The engine measures by itself, and by names.
        let options = sqlx::ConnectOptions::disable_statement_logging(options);
        let failed = |source| describe("open", source);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone());
        let writer = writer.await.map_err(failed)?;
        migrate(&writer).await?;
        let anew = SqliteConnectOptions::new().filename(file).read_only(true).busy_timeout(BUSY_TIMEOUT);
        let anew = sqlx::ConnectOptions::disable_statement_logging(anew);
        let options = options.pragma("query_only", "on");
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options);
        let readers = readers.await.map_err(failed)?;
        Ok(Self::Sqlite { readers, writer, anew })
    }

    /// Waits until every connection is closed.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer, .. } => {
                readers.close().await;
                // The last connection to close moves the write-ahead log into the file.
                writer.close().await;
            }
        }
    }

    /// A statement that changes nothing.
    pub(super) fn read(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::new(name, sql, On::Readers(self))
    }

    /// Reads one truth through a connection of its own. The pools' connections would answer from memory, also where the
    /// file is gone or overwritten.
    pub(super) async fn read_anew(&self, name: &'static str, sql: &'static str) -> Result<bool, DbError> {
        let began = Instant::now();
        let Self::Sqlite { anew, .. } = self;
        let read = async {
            let mut connection = SqliteConnection::connect_with(anew).await?;
            let truth = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
            connection.close().await?;
            truth
        };
        read.await.map_err(|source| failed(name, began, source))
    }

    /// A statement that changes something and is a transaction of its own.
    pub(super) fn run(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::new(name, sql, On::Writer(self))
    }

    /// Begins a transaction that reads: all of its statements see the same moment.
    pub(super) async fn snapshot(&self, name: &'static str) -> Result<Tx, DbError> {
        match self {
            Self::Sqlite { readers, .. } => Tx::begin(name, readers, "begin").await,
        }
    }

    /// Begins a transaction that writes. It has the database's write lock from here on, so that what it reads stays
    /// true until it ends; without `commit` it changes nothing.
    pub(super) async fn write(&self, name: &'static str) -> Result<Tx, DbError> {
        match self {
            Self::Sqlite { writer, .. } => Tx::begin(name, writer, "begin immediate").await,
        }
    }
}

/// Brings the schema up to date, and records which program did so.
async fn migrate(writer: &SqlitePool) -> Result<(), DbError> {
    const RECORD: &str = "insert into schema_programs (schema_version, program, at_ms) values ($1, $2, $3)
        on conflict do nothing";
    const NEWEST: &str = "select program from schema_programs order by schema_version desc limit 1";
    let migrator = sqlx::migrate!("migrations/sqlite");
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    match migrator.run(writer).await {
        Err(MigrateError::VersionMissing(found)) if found > known => {
            // The table may be missing in a database of a program that is not Girasol's.
            let program = sqlx::query_scalar(NEWEST).fetch_one(writer).await.ok();
            return Err(DbError::Newer { found, known, program });
        }
        Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _))
            if is_full(&source) =>
        {
            return Err(describe("migrate", source));
        }
        migrated => migrated.map_err(DbError::Migrate)?,
    }
    let record = sqlx::query(RECORD).bind(known).bind(program()).bind(now_ms());
    record.execute(writer).await.map_err(|source| describe("schema.record", source))?;
    Ok(())
}

/// A connection that a transaction has for itself.
enum Connection {
    Sqlite(PoolConnection<Sqlite>),
}

impl Connection {
    /// Begins, commits or rolls back.
    async fn control(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop),
        }
    }

    /// Does not go back to its pool, and is closed in place of that.
    fn close(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.close_on_drop(),
        }
    }
}

/// A transaction. Dropped without a commit, it is rolled back.
///
/// After an error inside it SQLite may have ended the transaction by itself, as it does on a full disk. Such a
/// transaction cannot be committed, and its connection is closed in place of going back to its pool.
pub(super) struct Tx {
    name: &'static str,
    /// `None` once it has ended.
    connection: Option<Connection>,
    began: Instant,
    has_failed: bool,
    /// What a commit wakes.
    wakes: Option<(Signals, &'static [Topic])>,
}

impl Tx {
    async fn begin(name: &'static str, pool: &SqlitePool, sql: &'static str) -> Result<Self, DbError> {
        let began = Instant::now();
        let mut tries = 1;
        loop {
            let connection = pool.acquire().await.map_err(|source| failed(name, began, source))?;
            // It counts as begun before it is: dropped meanwhile, it is rolled back.
            let connection = Some(Connection::Sqlite(connection));
            let mut tx = Self { name, connection, began, has_failed: false, wakes: None };
            let Err(error) = tx.connection()?.control(sql).await else { return Ok(tx) };
            if !is_busy(&error) || tries == BUSY_TRIES {
                tx.has_failed = true;
                return Err(failed(name, began, error));
            }
            // Nothing has begun, so nothing is rolled back.
            drop(tx.connection.take());
            tokio::time::sleep(BUSY_PAUSE * tries).await;
            tries += 1;
        }
    }

    /// The same, which wakes the tasks that wait for these topics once it is committed.
    pub(super) fn waking(mut self, signals: &Signals, topics: &'static [Topic]) -> Self {
        self.wakes = Some((signals.clone(), topics));
        self
    }

    /// A statement within the transaction.
    pub(super) fn run(&mut self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::new(name, sql, On::Tx(self))
    }

    /// The connection, while the transaction can go on.
    fn connection(&mut self) -> Result<&mut Connection, DbError> {
        match &mut self.connection {
            Some(connection) if !self.has_failed => Ok(connection),
            _ => {
                let why = sqlx::Error::Protocol("a statement of the transaction has failed".to_owned());
                Err(failed(self.name, self.began, why))
            }
        }
    }

    /// Makes all of it last.
    pub(super) async fn commit(mut self) -> Result<(), DbError> {
        if let Err(error) = self.connection()?.control("commit").await {
            self.has_failed = true;
            return Err(failed(self.name, self.began, error));
        }
        self.connection = None;
        if let Some((signals, topics)) = &self.wakes {
            topics.iter().for_each(|topic| signals.send(*topic));
        }
        measure(self.name, 0, self.began.elapsed());
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // Without a runtime the process is about to end, and the database rolls back by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.has_failed {
            connection.close();
            return;
        }
        // The next transaction gets the connection after this.
        runtime.spawn(async move {
            if connection.control("rollback").await.is_err() {
                connection.close();
            }
        });
    }
}

/// Where a statement runs.
enum On<'c> {
    Readers(&'c Pools),
    Writer(&'c Pools),
    Tx(&'c mut Tx),
}

/// A statement that gets its values, and then runs.
#[must_use = "a statement does nothing until it runs"]
pub(super) struct Statement<'c> {
    name: &'static str,
    sql: &'static str,
    values: Vec<Bind>,
    on: On<'c>,
}

impl<'c> Statement<'c> {
    fn new(name: &'static str, sql: &'static str, on: On<'c>) -> Self {
        Self { name, sql, values: Vec::new(), on }
    }

    /// The value of the next placeholder: the first is `$1`.
    pub(super) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Every row.
    pub(super) async fn all<T: Record>(self) -> Result<Vec<T>, DbError> {
        Ok(self.perform::<Rows<T>>().await?.0)
    }

    /// The first row, if there is one. All of them are fetched, so that a write has come to its end and its errors
    /// are seen.
    pub(super) async fn optional<T: Record>(self) -> Result<Option<T>, DbError> {
        Ok(self.all().await?.into_iter().next())
    }

    /// The only row.
    pub(super) async fn one<T: Record>(self) -> Result<T, DbError> {
        let name = self.name;
        let row = self.optional().await?;
        row.ok_or(DbError::Statement { name, source: sqlx::Error::RowNotFound })
    }

    /// The first column of every row.
    pub(super) async fn scalars<T>(self) -> Result<Vec<T>, DbError>
    where
        (T,): Record,
    {
        Ok(self.all::<(T,)>().await?.into_iter().map(|(value,)| value).collect())
    }

    /// The first column of the first row, if there is one.
    pub(super) async fn optional_scalar<T>(self) -> Result<Option<T>, DbError>
    where
        (T,): Record,
    {
        Ok(self.optional::<(T,)>().await?.map(|(value,)| value))
    }

    /// The first column of the only row.
    pub(super) async fn scalar<T>(self) -> Result<T, DbError>
    where
        (T,): Record,
    {
        Ok(self.one::<(T,)>().await?.0)
    }

    /// Runs it for what it changes. Answers how many rows that were.
    pub(super) async fn execute(self) -> Result<u64, DbError> {
        Ok(self.perform::<Changed>().await?.0)
    }

    async fn perform<O: Outcome>(self) -> Result<O, DbError> {
        let Self { name, sql, values, on } = self;
        let began = Instant::now();
        let outcome = match on {
            On::Readers(Pools::Sqlite { readers: pool, .. })
            | On::Writer(Pools::Sqlite { writer: pool, .. }) => on_its_own(pool, sql, &values).await,
            On::Tx(tx) => {
                let outcome = match tx.connection()? {
                    Connection::Sqlite(connection) => O::from_sqlite(connection, sql, &values).await,
                };
                tx.has_failed |= outcome.is_err();
                outcome
            }
        };
        let outcome = outcome.map_err(|source| failed(name, began, source))?;
        measure(name, outcome.rows(), began.elapsed());
        Ok(outcome)
    }
}

/// Runs a statement outside of any transaction, again while the database is busy: then nothing of it has happened.
async fn on_its_own<O: Outcome>(
    pool: &SqlitePool,
    sql: &'static str,
    values: &[Bind],
) -> Result<O, sqlx::Error> {
    let mut tries = 1;
    loop {
        let mut connection = pool.acquire().await?;
        let error = match O::from_sqlite(&mut connection, sql, values).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        if !is_busy(&error) {
            connection.close_on_drop();
            return Err(error);
        }
        if tries == BUSY_TRIES {
            return Err(error);
        }
        drop(connection);
        tokio::time::sleep(BUSY_PAUSE * tries).await;
        tries += 1;
    }
}

/// What a row is read into. A structure that derives `FromRow`, and a tuple, serve every driver.
pub(super) trait Record: for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// What comes of a statement.
trait Outcome: Sized + Send {
    fn from_sqlite(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> impl Future<Output = Result<Self, sqlx::Error>> + Send;

    /// Rows that were read or changed.
    fn rows(&self) -> u64;
}

struct Rows<T>(Vec<T>);

impl<T: Record> Outcome for Rows<T> {
    async fn from_sqlite(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<Self, sqlx::Error> {
        let arguments: SqliteArguments = bind::sqlite(values)?;
        sqlx::query_as_with(sql, arguments).fetch_all(connection).await.map(Self)
    }

    fn rows(&self) -> u64 {
        self.0.len() as u64
    }
}

struct Changed(u64);

impl Outcome for Changed {
    async fn from_sqlite(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<Self, sqlx::Error> {
        let arguments: SqliteArguments = bind::sqlite(values)?;
        let done = sqlx::query_with(sql, arguments).execute(connection).await?;
        Ok(Self(done.rows_affected()))
    }

    fn rows(&self) -> u64 {
        self.0
    }
}

/// Whether another process has the write lock: `SQLITE_BUSY`, 5 in the lowest byte of a result code.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    result_code(error).is_some_and(|code| code & 0xff == 5)
}

/// Whether the disk takes no more: `SQLITE_FULL`, or `SQLITE_IOERR_SHMSIZE` where it is the index of the write-ahead log
/// that cannot grow.
fn is_full(error: &sqlx::Error) -> bool {
    result_code(error).is_some_and(|code| code & 0xff == 13 || code == 4874)
}

fn result_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(error) = error else { return None };
    error.code().and_then(|code| code.parse().ok())
}

/// The one place that every statement and transaction passes: what is measured of them is measured here.
fn measure(name: &'static str, rows: u64, took: Duration) {
    let duration_us = took.as_micros() as u64;
    if took >= SLOW {
        tracing::warn!(statement = name, rows, duration_us, "the database is slow");
    } else {
        tracing::debug!(statement = name, rows, duration_us, "the database answered");
    }
}

/// Errors are measured too, and carry the statement's name from here on.
fn failed(name: &'static str, began: Instant, source: sqlx::Error) -> DbError {
    let duration_us = began.elapsed().as_micros() as u64;
    tracing::debug!(statement = name, duration_us, error = %source, "the database refused");
    describe(name, source)
}

/// A full disk is an error of the disk, here as elsewhere.
fn describe(name: &'static str, source: sqlx::Error) -> DbError {
    if is_full(&source) {
        return DbError::Full { name, source: io::Error::new(io::ErrorKind::StorageFull, source) };
    }
    DbError::Statement { name, source }
}

#[cfg(test)]
mod tests;
