//! The schema: migrations for each engine, with the same numbers, each of which can be undone.
//!
//! A database records which program made each schema, and the oldest schema whose programs can run on it. An older program
//! that the newest schema still fits runs without changing it; any other one is refused, and told which program fits.

use std::{path::Path, time::Duration};

use sqlx::{
    Connection as _, PgConnection, Row as _, SqliteConnection,
    migrate::{AppliedMigration, Migrate, MigrateError, Migrator},
};

use super::{
    Address, DbError,
    engine::{self, describe},
    mark::Mark,
    now_ms, program,
};

/// SQLite's migrations.
pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
/// Postgres's migrations.
pub(super) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The oldest schema whose programs can run on the newest one. It follows when a migration takes away what older programs
/// need: a release after the one that stopped using it.
const OLDEST_SCHEMA: i64 = 23;
/// After this time it is said that another process is waited for.
const LONG: Duration = Duration::from_secs(3);
/// The first schema that records programs.
const RECORDS_PROGRAMS: i64 = 19;

/// A migration, and whether the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// What it is about.
    pub description: String,
    /// Whether the schema has it.
    pub is_applied: bool,
    /// The program that made this schema first, where it is recorded.
    pub program: Option<String>,
}

/// A database's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Every migration that this program knows or the database has, in their order.
    pub steps: Vec<Step>,
}

impl Schema {
    /// The newest migration that the database has; 0 without any.
    pub fn version(&self) -> i64 {
        self.steps.iter().filter(|step| step.is_applied).map(|step| step.version).max().unwrap_or(0)
    }

    /// Migrations that the database has not.
    pub fn pending(&self) -> usize {
        self.steps.iter().filter(|step| !step.is_applied).count()
    }
}

/// A connection whose schema can be changed.
pub(super) trait Migrating: Migrate + Send {
    /// Runs a statement without values.
    fn execute(&mut self, sql: String) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// The first column of the only row.
    fn truth(&mut self, sql: String) -> impl Future<Output = Result<bool, sqlx::Error>> + Send;

    /// Rows of a number, a text and a number.
    fn programs(&mut self) -> impl Future<Output = Result<Vec<(i64, String, i64)>, sqlx::Error>> + Send;
}

const PROGRAMS: &str =
    "select schema_version, program, oldest_schema from schema_programs order by schema_version";

/// The same for every driver: its types differ, its calls do not.
macro_rules! migrating {
    ($($connection:ty),*) => {$(
        impl Migrating for $connection {
            async fn execute(&mut self, sql: String) -> Result<(), sqlx::Error> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(self).await.map(drop)
            }

            async fn truth(&mut self, sql: String) -> Result<bool, sqlx::Error> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_one(self).await?.try_get(0)
            }

            async fn programs(&mut self) -> Result<Vec<(i64, String, i64)>, sqlx::Error> {
                sqlx::query_as(PROGRAMS).fetch_all(self).await
            }
        }
    )*};
}

migrating!(SqliteConnection, PgConnection);

/// Brings the schema up to date, and records which program did so. A newer schema that this program fits stays as it is, and
/// one that is up to date is only read: a standby can be.
pub(super) async fn up<C: Migrating>(connection: &mut C, migrator: &Migrator) -> Result<(), DbError> {
    let known = newest(migrator);
    if is_up_to_date(connection, migrator).await? {
        return Ok(());
    }
    // Taken here, so that the wait for another process can be told from the migration; the migrator takes it once more.
    say_if_long("of migrations", connection.lock()).await.map_err(DbError::Migrate)?;
    let migrated = migrator.run_direct(None, connection, false).await;
    connection.unlock().await.map_err(DbError::Migrate)?;
    match migrated {
        Err(MigrateError::VersionMissing(found)) if found > known => {
            // The table may be missing in a database of a program that is not Girasol's.
            let newest = connection.programs().await.ok().and_then(|mut programs| programs.pop());
            connection.unlock().await.map_err(DbError::Migrate)?;
            if let Some(mark) = newest.as_ref().and_then(|newest| Mark::of(std::slice::from_ref(newest))) {
                return Err(mark.refusal());
            }
            return match newest {
                Some((found, program, oldest)) if (1..=known).contains(&oldest) => {
                    tracing::info!(
                        found,
                        known,
                        program,
                        "the schema is newer than this program, which fits it"
                    );
                    Ok(())
                }
                newest => {
                    let found = newest.as_ref().map_or(found, |(newest, _, _)| found.max(*newest));
                    Err(DbError::Newer { found, known, program: newest.map(|(_, program, _)| program) })
                }
            };
        }
        Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) => {
            return Err(describe("migrate", source));
        }
        migrated => migrated.map_err(DbError::Migrate)?,
    }
    let record = format!(
        "insert into schema_programs (schema_version, program, at_ms, oldest_schema)
         values ({known}, '{}', {}, {OLDEST_SCHEMA}) on conflict do nothing",
        program().replace('\'', "''"),
        now_ms()
    );
    connection.execute(record).await.map_err(|source| describe("schema.record", source))
}

async fn is_up_to_date<C: Migrating>(connection: &mut C, migrator: &Migrator) -> Result<bool, DbError> {
    let Some(applied) = applied(connection, migrator).await? else { return Ok(false) };
    let known = migrator.iter().filter(|one| one.migration_type.is_up_migration());
    let known: Vec<_> = known.map(|one| (one.version, one.checksum.clone())).collect();
    let applied: Vec<_> = applied.into_iter().map(|one| (one.version, one.checksum)).collect();
    let programs = connection.programs().await.unwrap_or_default();
    Ok(applied == known && programs.iter().any(|(version, ..)| *version == newest(migrator)))
}

/// What was ever migrated, in order; `None` where nothing was.
async fn applied<C: Migrating>(
    connection: &mut C,
    migrator: &Migrator,
) -> Result<Option<Vec<AppliedMigration>>, DbError> {
    match connection.list_applied_migrations(&migrator.table_name).await {
        Ok(applied) => Ok(Some(applied)),
        Err(MigrateError::Execute(sqlx::Error::Database(error))) if is_missing(&*error) => Ok(None),
        Err(error) => Err(DbError::Migrate(error)),
    }
}

/// The schema of a file that is missing.
pub(super) fn none() -> Schema {
    Schema { steps: steps(&SQLITE, &[], &[]) }
}

/// The schema of a file, which is not changed.
pub(super) async fn sqlite_status(file: &Path) -> Result<Schema, DbError> {
    let mut connection = sqlite(file).await?;
    let schema = status(&mut connection, &SQLITE).await;
    close(connection).await?;
    schema
}

/// Undoes migrations of a file.
pub(super) async fn sqlite_down(file: &Path, to: i64, may_lose: bool) -> Result<usize, DbError> {
    let mut connection = sqlite(file).await?;
    let undone = down(&mut connection, &SQLITE, to, may_lose).await;
    close(connection).await?;
    undone
}

async fn sqlite(file: &Path) -> Result<SqliteConnection, DbError> {
    let options = engine::sqlite_options(file).create_if_missing(false);
    SqliteConnection::connect_with(&options)
        .await
        .map_err(|source| DbError::Unusable { place: file.display().to_string(), source })
}

/// The schema of a server's database, which is not changed.
pub(super) async fn postgres_status(address: &Address) -> Result<Schema, DbError> {
    let mut connection = postgres(address).await?;
    let schema = status(&mut connection, &POSTGRES).await;
    close(connection).await?;
    schema
}

/// Undoes migrations of a server's database.
pub(super) async fn postgres_down(address: &Address, to: i64, may_lose: bool) -> Result<usize, DbError> {
    let mut connection = postgres(address).await?;
    let undone = down(&mut connection, &POSTGRES, to, may_lose).await;
    close(connection).await?;
    undone
}

/// A connection of its own, which waits as long as a migration takes.
pub(super) async fn postgres(address: &Address) -> Result<PgConnection, DbError> {
    let unusable = |source| DbError::Unreachable { place: address.to_string(), source };
    let options = address.options().map_err(unusable)?;
    // The server would note at each start that the table of migrations exists already.
    let options = options.options([("client_min_messages", "warning")]);
    let connected = engine::within(engine::ACQUIRE, PgConnection::connect_with(&options)).await;
    let mut connection = connected.map_err(unusable)?;
    engine::require_one_schema(&mut connection, address).await?;
    Ok(connection)
}

/// Waits for a lock that another process may have, and says so where that takes long.
pub(super) async fn say_if_long<T>(lock: &str, locked: impl Future<Output = T>) -> T {
    let mut locked = std::pin::pin!(locked);
    tokio::select! {
        locked = &mut locked => locked,
        () = tokio::time::sleep(LONG) => {
            tracing::warn!(
                lock,
                "another process opens or migrates the database, and this one waits for it: if it hangs or was stopped, end it"
            );
            locked.await
        }
    }
}

async fn close(connection: impl sqlx::Connection) -> Result<(), DbError> {
    connection.close().await.map_err(|source| describe("close", source))
}

/// The schema as it is, which is not changed.
pub(super) async fn status<C: Migrating>(connection: &mut C, migrator: &Migrator) -> Result<Schema, DbError> {
    let applied = applied(connection, migrator).await?.unwrap_or_default();
    let applied: Vec<i64> = applied.into_iter().map(|one| one.version).collect();
    let programs = connection.programs().await.unwrap_or_default();
    Ok(Schema { steps: steps(migrator, &applied, &programs) })
}

/// Whether a table is missing: by Postgres's code, and by SQLite's words, which has none for it.
fn is_missing(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01") || error.message().contains("no such table")
}

fn steps(migrator: &Migrator, applied: &[i64], programs: &[(i64, String, i64)]) -> Vec<Step> {
    let program = |version: i64| {
        programs.iter().find(|(made, _, _)| *made == version).map(|(_, program, _)| program.clone())
    };
    let known = migrator.iter().filter(|one| one.migration_type.is_up_migration());
    let mut steps: Vec<Step> = known
        .map(|one| Step {
            version: one.version,
            description: one.description.to_string(),
            is_applied: applied.contains(&one.version),
            program: program(one.version),
        })
        .collect();
    let unknown = applied.iter().filter(|version| !migrator.version_exists(**version));
    steps.extend(unknown.map(|version| Step {
        version: *version,
        description: "of a newer program".to_owned(),
        is_applied: true,
        program: program(*version),
    }));
    steps
}

/// Undoes the newest migrations down to a schema, one by one. One that would lose data stops it, unless that `may_lose`.
/// Returns how many were undone.
pub(super) async fn down<C: Migrating>(
    connection: &mut C,
    migrator: &Migrator,
    to: i64,
    may_lose: bool,
) -> Result<usize, DbError> {
    let schema = status(connection, migrator).await?;
    if let Some(unknown) = schema.steps.iter().find(|step| step.version > newest(migrator)) {
        let (found, known) = (schema.version(), newest(migrator));
        return Err(DbError::Newer { found, known, program: unknown.program.clone() });
    }
    let mut applied: Vec<i64> =
        schema.steps.iter().filter(|step| step.is_applied).map(|step| step.version).collect();
    say_if_long("of migrations", connection.lock()).await.map_err(DbError::Migrate)?;
    let mut undone = 0;
    while let Some(version) = applied.pop().filter(|version| *version > to) {
        undo(connection, migrator, version, may_lose).await?;
        undone += 1;
        let before = applied.last().copied().unwrap_or(0);
        if before >= RECORDS_PROGRAMS {
            let forget = format!("delete from schema_programs where schema_version > {before}");
            connection.execute(forget).await.map_err(|source| describe("schema.forget", source))?;
        }
    }
    connection.unlock().await.map_err(DbError::Migrate)?;
    Ok(undone)
}

async fn undo<C: Migrating>(
    connection: &mut C,
    migrator: &Migrator,
    version: i64,
    may_lose: bool,
) -> Result<(), DbError> {
    let down = migrator
        .iter()
        .find(|one| one.version == version && one.migration_type.is_down_migration())
        .ok_or(DbError::Migrate(MigrateError::VersionMissing(version)))?;
    if let Some(loss) = Loss::of(down.sql.as_str()).filter(|_| !may_lose) {
        let is_lost = connection.truth(format!("select {}", loss.condition)).await;
        if is_lost.map_err(|source| describe("migrate.loss", source))? {
            return Err(DbError::WouldLose { version, what: loss.what });
        }
    }
    connection.revert(&migrator.table_name, down).await.map(drop).map_err(DbError::Migrate)
}

/// What undoing a migration loses. Its file says so at its top.
struct Loss {
    what: String,
    condition: String,
}

impl Loss {
    fn of(sql: &str) -> Option<Self> {
        let mut lines = sql.lines();
        let what = lines.next()?.strip_prefix("-- Loses ")?.split(", if ").next()?.to_owned();
        let condition = lines.next()?.strip_prefix("-- lost: ")?.to_owned();
        Some(Self { what, condition })
    }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or_default()
}

#[cfg(test)]
mod tests;
