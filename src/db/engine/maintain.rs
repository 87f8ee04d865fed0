//! Care for the database itself: statistics for its planner, and room that deleted rows have left.
//!
//! In SQLite the room is given back only where it is worth it: the whole file is written anew for that, while nothing else
//! writes. Postgres reuses the room by itself and stops nothing meanwhile.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection, Row as _, Sqlite, pool::PoolConnection};

use super::{super::DbError, Pools, failed, measure, postgres, sqlite};

/// How much there was and is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maintained {
    /// Before.
    pub before_bytes: u64,
    /// After.
    pub after_bytes: u64,
}

/// Free pages of a file, by share of all, from which on it is written anew.
const FREE_SHARE: u64 = 4;
/// A file with less free room is left as it is.
const LEAST_FREE_BYTES: u64 = 1 << 20;
/// A larger file would stop writers for too long.
const MOST_BYTES: u64 = 2 << 30;
/// How long Postgres may take for one table.
const TABLE_WITHIN: Duration = Duration::from_hours(1);

const NAME: &str = "maintain";

impl Pools {
    /// Brings statistics up to date and gives room back.
    pub(in crate::db) async fn maintain(&self) -> Result<Maintained, DbError> {
        let began = Instant::now();
        let maintained = match self {
            Self::Sqlite(pools) => maintain_file(pools).await,
            Self::Postgres(pools) => maintain_server(&pools.address).await,
        };
        let maintained = maintained.map_err(|source| failed(NAME, began, source))?;
        measure(NAME, 0, began.elapsed());
        Ok(maintained)
    }
}

async fn maintain_file(pools: &sqlite::Pools) -> Result<Maintained, sqlx::Error> {
    let mut connection = pools.acquire_writer().await?;
    let before = Pages::read(&mut connection).await?;
    // Tables that have no statistics yet, or have changed much, each by a sample.
    control(
        &mut connection,
        "pragma analysis_limit = 1000; pragma optimize = 0x10002; pragma analysis_limit = 0",
    )
    .await?;
    if before.is_worth_it() {
        control(&mut connection, "vacuum").await?;
    }
    // Into the file, as far as no reader needs the log any more.
    control(&mut connection, "pragma wal_checkpoint(truncate)").await?;
    let after = Pages::read(&mut connection).await?;
    Ok(Maintained { before_bytes: before.bytes(), after_bytes: after.bytes() })
}

async fn control(connection: &mut PoolConnection<Sqlite>, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop)
}

/// The pages of a file.
#[derive(Debug, Clone, Copy)]
struct Pages {
    all: u64,
    free: u64,
    bytes_each: u64,
}

impl Pages {
    async fn read(connection: &mut PoolConnection<Sqlite>) -> Result<Self, sqlx::Error> {
        let mut number = async |sql: &'static str| {
            let row = sqlx::raw_sql(sql).fetch_one(&mut **connection).await?;
            row.try_get::<i64, _>(0).map(i64::unsigned_abs)
        };
        Ok(Self {
            all: number("pragma page_count").await?,
            free: number("pragma freelist_count").await?,
            bytes_each: number("pragma page_size").await?,
        })
    }

    const fn bytes(self) -> u64 {
        self.all * self.bytes_each
    }

    const fn is_worth_it(self) -> bool {
        let free_bytes = self.free * self.bytes_each;
        free_bytes >= LEAST_FREE_BYTES && self.free * FREE_SHARE >= self.all && self.bytes() <= MOST_BYTES
    }
}

async fn maintain_server(address: &postgres::Address) -> Result<Maintained, sqlx::Error> {
    const SIZE: &str = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'";
    const TABLES: &str = "select format('vacuum (analyze, skip_locked) %I', c.relname) from pg_class c
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' order by c.relname";
    // A connection of its own: those of the pools end statements that take long.
    let options = address.options()?;
    let connected = PgConnection::connect_with(&options);
    let mut connection = postgres::within(postgres::ACQUIRE, connected).await?;
    let before: i64 = sqlx::query_scalar(SIZE).fetch_one(&mut connection).await?;
    let statements: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut connection).await?;
    for statement in statements {
        // The server has quoted the name of its table.
        let vacuum = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection);
        postgres::within(TABLE_WITHIN, Box::pin(vacuum)).await?;
    }
    let after: i64 = sqlx::query_scalar(SIZE).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Maintained { before_bytes: before.unsigned_abs(), after_bytes: after.unsigned_abs() })
}
