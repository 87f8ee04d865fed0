//! One of the two databases of a copy, which the copy has for itself.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection, migrate::Migrate as _,
    sqlite::SqliteLockingMode,
};

use crate::db::{
    DbError, FILE, Place,
    engine::{self, bind, describe},
    migrate::{self, Migrating},
};

use super::{
    CopyError,
    value::{Kind, Value},
};

/// How long another process of SQLite's may need to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// The same on a server, where a connection that was closed is still known for a moment.
const LOOKS: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Connections of other programs of Girasol's.
const OTHERS: &str = "select exists (select 1 from pg_stat_activity
    where datname = current_database() and application_name = 'girasol' and pid <> pg_backend_pid())";
/// A copy waits as long as a statement takes.
const PATIENT: &str =
    "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0";

/// A connection that no other one can write beside.
pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A row of a statement.
pub(super) type Row = Vec<Value>;

impl Side {
    /// Opens a database for this process alone: no program runs on it, and none can begin to write. A missing file is made.
    ///
    /// On SQLite the file is locked as a whole. On a server the connection takes the lock of the one writer, and that of
    /// migrations.
    pub(super) async fn open(place: &Place) -> Result<Self, CopyError> {
        match place {
            Place::Folder(data) => {
                let file = data.join(FILE);
                let options = engine::sqlite_options(&file)
                    .locking_mode(SqliteLockingMode::Exclusive)
                    .busy_timeout(BUSY_TIMEOUT);
                let opened = async {
                    let mut connection = SqliteConnection::connect_with(&options).await?;
                    sqlx::raw_sql("begin exclusive; commit").execute(&mut connection).await?;
                    Ok(connection)
                };
                let connection = opened.await.map_err(|source| {
                    if engine::sqlite_is_busy(&source) {
                        return CopyError::InUse { place: place.to_string() };
                    }
                    DbError::Unusable { place: place.to_string(), source }.into()
                })?;
                Ok(Self::Sqlite(connection))
            }
            Place::Server(address) => {
                let mut connection = migrate::postgres(address).await?;
                let failed = |source| describe("copy.open", source);
                sqlx::raw_sql(PATIENT).execute(&mut connection).await.map_err(failed)?;
                require_alone(&mut connection, place).await?;
                connection.lock().await.map_err(DbError::Migrate)?;
                Ok(Self::Postgres(connection))
            }
        }
    }

    /// Refuses a database that a program has begun to run on since it was opened: one whose schema is up to date waits for
    /// nothing until it writes.
    pub(super) async fn require_alone(&mut self, place: &Place) -> Result<(), CopyError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => require_alone(connection, place).await,
        }
    }

    pub(super) async fn close(self) -> Result<(), DbError> {
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        closed.map_err(|source| describe("copy.close", source))
    }

    /// Brings the schema up to date.
    pub(super) async fn migrate(&mut self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(connection) => migrate::up(connection, &migrate::SQLITE).await,
            Self::Postgres(connection) => migrate::up(connection, &migrate::POSTGRES).await,
        }
    }

    /// The programs that the database knows of; none where it knows of no program.
    pub(super) async fn programs(&mut self) -> Vec<(i64, String, i64)> {
        let programs = match self {
            Self::Sqlite(connection) => connection.programs().await,
            Self::Postgres(connection) => connection.programs().await,
        };
        programs.unwrap_or_default()
    }

    /// From here on all that is read is of one moment.
    pub(super) async fn begin_snapshot(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => self.execute("begin").await,
            Self::Postgres(_) => self.execute(engine::BEGIN_SNAPSHOT).await,
        }
    }

    /// Runs statements without values.
    pub(super) async fn execute(&mut self, sql: impl Into<String>) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Self::Postgres(connection) => sql.execute(connection).await.map(drop),
        }
    }

    /// Runs a statement with values.
    pub(super) async fn write(&mut self, sql: String, values: &[bind::Bind]) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), bind::sqlite(values)?);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), bind::postgres(values)?);
                query.execute(connection).await.map(|done| done.rows_affected())
            }
        }
    }

    /// Rows whose columns have these kinds.
    pub(super) async fn rows(
        &mut self,
        sql: String,
        values: &[bind::Bind],
        kinds: &[Kind],
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), bind::sqlite(values)?);
                let rows = query.fetch_all(connection).await?;
                let read =
                    |row| kinds.iter().enumerate().map(move |(at, kind)| Value::of_sqlite(row, at, *kind));
                rows.iter().map(|row| read(row).collect()).collect()
            }
            Self::Postgres(connection) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), bind::postgres(values)?);
                let rows = query.fetch_all(connection).await?;
                let read =
                    |row| kinds.iter().enumerate().map(move |(at, kind)| Value::of_postgres(row, at, *kind));
                rows.iter().map(|row| read(row).collect()).collect()
            }
        }
    }

    /// The number in the first column of the only row; 0 for null.
    pub(super) async fn number(&mut self, sql: String) -> Result<i64, sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        let number: Option<i64> = match self {
            Self::Sqlite(connection) => sqlx::query(sql).fetch_one(connection).await?.try_get(0)?,
            Self::Postgres(connection) => sqlx::query(sql).fetch_one(connection).await?.try_get(0)?,
        };
        Ok(number.unwrap_or(0))
    }

    /// The highest number that a table has given to a row, also to one that is deleted.
    pub(super) async fn counted(&mut self, table: &str, column: &str) -> Result<i64, sqlx::Error> {
        let given = match self {
            // Tables that may give a number again have no row here.
            Self::Sqlite(_) => format!("select max(seq) from sqlite_sequence where name = '{table}'"),
            Self::Postgres(_) => match self.sequence(table, column).await? {
                Some(sequence) => format!("select case when is_called then last_value end from {sequence}"),
                None => "select null::bigint".to_owned(),
            },
        };
        let given = self.number(given).await?;
        Ok(given.max(self.number(format!("select max(\"{column}\") from \"{table}\"")).await?))
    }

    /// The statements with which a table counts on from a number, if it counts by itself.
    pub(super) async fn count_on(
        &mut self,
        table: &str,
        column: &str,
        counted: i64,
    ) -> Result<Option<String>, sqlx::Error> {
        if counted < 1 {
            return Ok(None);
        }
        match self {
            Self::Sqlite(_) => {
                let counts = format!(
                    "select count(*) from sqlite_schema where name = '{table}' and sql like '%autoincrement%'"
                );
                Ok((self.number(counts).await? == 1).then(|| {
                    format!(
                        "delete from sqlite_sequence where name = '{table}';
                         insert into sqlite_sequence (name, seq) values ('{table}', {counted})"
                    )
                }))
            }
            Self::Postgres(_) => {
                let sequence = self.sequence(table, column).await?;
                Ok(sequence.map(|sequence| format!("select setval('{sequence}', {counted})")))
            }
        }
    }

    /// The sequence of a column that counts by itself.
    async fn sequence(&mut self, table: &str, column: &str) -> Result<Option<String>, sqlx::Error> {
        let sql = format!("select pg_get_serial_sequence('\"{table}\"', '{column}')");
        match self.rows(sql, &[], &[Kind::Text]).await?.pop().and_then(|mut row| row.pop()) {
            Some(Value::Text(sequence)) => Ok(Some(sequence)),
            _ => Ok(None),
        }
    }

    /// A column in a list of what is selected.
    pub(super) fn selected(&self, column: &str, kind: Kind) -> String {
        match (self, kind) {
            (Self::Postgres(_), Kind::Json) => format!("\"{column}\"::text"),
            _ => format!("\"{column}\""),
        }
    }

    /// The next placeholder, where nothing else says which kind it has. SQLite looks for the names of all that have one
    /// before it, which takes most of the time of a long statement.
    pub(super) fn placeholder(&self, number: usize, kind: Kind) -> String {
        match self {
            Self::Sqlite(_) => "?".to_owned(),
            Self::Postgres(_) => format!("${number}::{}", kind.in_postgres()),
        }
    }
}

/// Takes the lock of the one writer, and makes sure that no other program is connected.
async fn require_alone(connection: &mut PgConnection, place: &Place) -> Result<(), CopyError> {
    for _ in 0..LOOKS {
        if is_alone(connection).await.map_err(|source| describe("copy.open", source))? {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(CopyError::InUse { place: place.to_string() })
}

async fn is_alone(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let are_others: bool = sqlx::query_scalar(OTHERS).fetch_one(&mut *connection).await?;
    Ok(!are_others && sqlx::query_scalar(engine::TRY_WRITE_LOCK).fetch_one(connection).await?)
}
