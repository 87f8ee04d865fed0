//! What tells a database of Girasol's from a new file, and from the file of another program.

use std::{fs, io, path::Path};

use sqlx::{ConnectOptions as _, Connection as _, PgConnection, sqlite::SqliteConnectOptions};

use super::{
    super::{DbError, FILE, Place, mark::Mark, migrate::Migrating as _},
    postgres, sqlite,
};

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

/// What stands there, and whether programs may run on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::db) struct Look {
    pub(in crate::db) found: Found,
    pub(in crate::db) mark: Option<Mark>,
}

/// Looks at a place, and changes nothing. The database of another program is an error.
pub(in crate::db) async fn look(place: &Place) -> Result<Look, DbError> {
    match place {
        Place::Folder(data) => probe(&data.join(FILE)).await,
        Place::Server(address) => probe_server(address).await,
    }
}

/// How many tables there are, and how many of those that every database of Girasol's has had.
const TABLES: &str = "select count(*), count(*) filter (where name in ('configurations', 'products', 'versions'))
    from sqlite_schema where type = 'table' and name <> '_sqlx_migrations' and name not like 'sqlite#_%' escape '#'";

async fn probe(path: &Path) -> Result<Look, DbError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Look { found: Found::Nothing, mark: None });
        }
        Ok(file) if file.len() == 0 => return Ok(Look { found: Found::Empty, mark: None }),
        _ => {}
    }
    let failed = |source| {
        if sqlite::is_busy(&source) {
            return DbError::Statement { name: "probe", source };
        }
        DbError::Unusable { place: path.display().to_string(), source }
    };
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.disable_statement_logging().connect().await.map_err(failed)?;
    let counted = sqlx::query_as(TABLES).fetch_one(&mut connection).await;
    let (tables, ours): (i64, i64) = counted.map_err(failed)?;
    let programs = connection.programs().await.unwrap_or_default();
    // What was read is known by now.
    let _ = connection.close().await;
    judge(tables, ours, &programs, || path.display().to_string())
}

/// The same of the schema of a server that unqualified names mean.
const SERVER_TABLES: &str = "select count(*),
    count(*) filter (where table_name in ('configurations', 'products', 'versions'))
    from information_schema.tables
    where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations'";

/// Where a table of ours is that another schema has than the one that unqualified names are made in: both are named in
/// `search_path`, and what is read would not be what is written.
const OTHER_SCHEMA: &str = "select n.nspname::text, current_schema()::text
    from unnest(array['schema_programs', '_sqlx_migrations', 'configurations']) t(name)
    join pg_class c on c.oid = to_regclass(t.name) join pg_namespace n on n.oid = c.relnamespace
    where n.nspname <> current_schema() limit 1";

/// Refuses a server whose `search_path` names two schemas of which a later one has the tables.
pub(in crate::db) async fn require_one_schema(
    connection: &mut PgConnection,
    address: &postgres::Address,
) -> Result<(), DbError> {
    let place = || address.to_string();
    let other = sqlx::query_as(OTHER_SCHEMA).fetch_optional(connection);
    let other = postgres::within(postgres::ACQUIRE, other).await;
    match other.map_err(|source| DbError::Unreachable { place: place(), source })? {
        Some((found, first)) => Err(DbError::Schemas { place: place(), found, first }),
        None => Ok(()),
    }
}

async fn probe_server(address: &postgres::Address) -> Result<Look, DbError> {
    let unreachable = |source| DbError::Unreachable { place: address.to_string(), source };
    let options = address.options().map_err(unreachable)?;
    let connected = postgres::within(postgres::ACQUIRE, PgConnection::connect_with(&options)).await;
    let mut connection = connected.map_err(unreachable)?;
    require_one_schema(&mut connection, address).await?;
    let counted = async {
        let counted = sqlx::query_as(SERVER_TABLES).fetch_one(&mut connection).await?;
        let programs = connection.programs().await.unwrap_or_default();
        connection.close().await?;
        Ok((counted, programs))
    };
    let counted = postgres::within(postgres::ACQUIRE, counted).await;
    let ((tables, ours), programs): ((i64, i64), Vec<_>) = counted.map_err(unreachable)?;
    judge(tables, ours, &programs, || address.to_string())
}

fn judge(
    tables: i64,
    ours: i64,
    programs: &[(i64, String, i64)],
    place: impl FnOnce() -> String,
) -> Result<Look, DbError> {
    let found = match (tables, ours) {
        (0, _) => Found::Empty,
        (_, 3) => Found::Database,
        _ => return Err(DbError::Foreign { place: place() }),
    };
    Ok(Look { found, mark: Mark::of(programs) })
}
