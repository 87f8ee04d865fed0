//! Statements that took long, by their names and texts, until the database is asked how it runs them. Values are not
//! kept: there may be secrets among them.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::Row as _;

use super::{super::DbError, Lane, Pools, describe};

/// From then on a statement counts as slow.
const FROM: Duration = Duration::from_millis(100);

/// A statement that was slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::db) struct Slow {
    pub(in crate::db) name: &'static str,
    pub(in crate::db) sql: &'static str,
    pub(in crate::db) took: Duration,
}

/// The slowest run of each, since they were taken last. The names are those of the program, so that they are few.
static SEEN: Mutex<BTreeMap<&'static str, Slow>> = Mutex::new(BTreeMap::new());

/// Notes how long a statement took.
pub(super) fn note(name: &'static str, sql: &'static str, took: Duration) {
    if took >= FROM {
        note_slow(Slow { name, sql, took });
    }
}

/// Notes a statement as slow.
pub(in crate::db) fn note_slow(slow: Slow) {
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = seen.entry(slow.name).or_insert(slow);
    if known.took < slow.took {
        *known = slow;
    }
}

/// Those that were noted since the last time.
pub(in crate::db) fn take_slow() -> Vec<Slow> {
    mem::take(&mut *SEEN.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
}

impl Pools {
    /// The lines of a statement's plan, for any values.
    pub(in crate::db) async fn explain(
        &self,
        name: &'static str,
        sql: &'static str,
    ) -> Result<Vec<String>, DbError> {
        let failed = |source| describe(name, source);
        match self {
            Self::Sqlite(pools) => {
                let sql = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
                let mut connection = pools.acquire_reader().await.map_err(failed)?;
                // Placeholders without a value are null.
                let rows = sqlx::raw_sql(sql).fetch_all(&mut *connection).await.map_err(failed)?;
                rows.iter().map(|row| row.try_get(3)).collect::<Result<_, _>>().map_err(failed)
            }
            Self::Postgres(pools) => {
                // From version 16 on; placeholders stay as they are.
                let mut connection = pools.acquire(Lane::Reports).await.map_err(failed)?;
                let rows = connection.ask(format!("explain (generic_plan) {sql}")).await.map_err(failed)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)
            }
        }
    }
}
