//! What comes of a statement, by every driver.

use sqlx::{
    FromRow, PgConnection, SqliteConnection,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use super::bind::{self, Bind};

/// What a row is read into. A structure that derives `FromRow`, and a tuple, serve every driver.
pub(in crate::db) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// What comes of a statement.
pub(super) trait Outcome: Sized + Send {
    fn from_sqlite(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> impl Future<Output = Result<Self, sqlx::Error>> + Send;

    fn from_postgres(
        connection: &mut PgConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> impl Future<Output = Result<Self, sqlx::Error>> + Send;

    /// Rows that were read or changed.
    fn rows(&self) -> u64;
}

/// The rows of a statement.
pub(super) struct Rows<T>(pub(super) Vec<T>);

impl<T: Record> Outcome for Rows<T> {
    async fn from_sqlite(
        connection: &mut SqliteConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<Self, sqlx::Error> {
        let arguments: SqliteArguments = bind::sqlite(values)?;
        sqlx::query_as_with(sql, arguments).fetch_all(connection).await.map(Self)
    }

    async fn from_postgres(
        connection: &mut PgConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<Self, sqlx::Error> {
        let arguments: PgArguments = bind::postgres(values)?;
        sqlx::query_as_with(sql, arguments).fetch_all(connection).await.map(Self)
    }

    fn rows(&self) -> u64 {
        self.0.len() as u64
    }
}

/// How many rows a statement has changed.
pub(super) struct Changed(pub(super) u64);

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

    async fn from_postgres(
        connection: &mut PgConnection,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<Self, sqlx::Error> {
        let arguments: PgArguments = bind::postgres(values)?;
        let done = sqlx::query_with(sql, arguments).execute(connection).await?;
        Ok(Self(done.rows_affected()))
    }

    fn rows(&self) -> u64 {
        self.0
    }
}
