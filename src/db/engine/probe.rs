//! What tells a database of Girasol's from a new file, and from the file of another program.

use std::{fs, io, path::Path};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, sqlite::SqliteConnectOptions};

use super::{super::DbError, postgres};

/// What stands in the place of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No file.
    Nothing,
    /// A file without a table: it has no bytes, or was made anew.
    Empty,
    /// A database of Girasol's.
    Database,
}

/// How many tables there are, and how many of those that every database of Girasol's has had.
const TABLES: &str = "select count(*), count(*) filter (where name in ('configurations', 'products', 'versions'))
    from sqlite_schema where type = 'table' and name <> '_sqlx_migrations' and name not like 'sqlite#_%' escape '#'";

/// Looks at a file, and changes nothing. The file of another program is an error.
pub(in crate::db) async fn probe(path: &Path) -> Result<Found, DbError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Ok(file) if file.len() == 0 => return Ok(Found::Empty),
        _ => {}
    }
    let failed = |source| DbError::Unusable { place: path.display().to_string(), source };
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.disable_statement_logging().connect().await.map_err(failed)?;
    let counted = sqlx::query_as(TABLES).fetch_one(&mut connection).await;
    let (tables, ours): (i64, i64) = counted.map_err(failed)?;
    // What was read is known by now.
    let _ = connection.close().await;
    judge(tables, ours, || path.display().to_string())
}

/// The same of the schema of a server that unqualified names mean.
const SERVER_TABLES: &str = "select count(*),
    count(*) filter (where table_name in ('configurations', 'products', 'versions'))
    from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations'";

/// Looks at a database of a server, and changes nothing.
pub(in crate::db) async fn probe_server(address: &postgres::Address) -> Result<Found, DbError> {
    let counted = async {
        let mut connection = PgConnection::connect_with(&address.options()?).await?;
        let counted = sqlx::query_as(SERVER_TABLES).fetch_one(&mut connection).await;
        connection.close().await?;
        counted
    };
    let counted = postgres::within(postgres::ACQUIRE, counted).await;
    let (tables, ours): (i64, i64) =
        counted.map_err(|source| DbError::Unreachable { place: address.to_string(), source })?;
    judge(tables, ours, || address.to_string())
}

fn judge(tables: i64, ours: i64, place: impl FnOnce() -> String) -> Result<Found, DbError> {
    match (tables, ours) {
        (0, _) => Ok(Found::Empty),
        (_, 3) => Ok(Found::Database),
        _ => Err(DbError::Foreign { place: place() }),
    }
}
