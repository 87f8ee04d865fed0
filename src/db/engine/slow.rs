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

/// Postgres' version, as 150003.
const VERSION: &str = "select current_setting('server_version_num')::int4";
/// The first version that plans a statement without values when it is asked.
const GENERIC_PLAN_FROM: i32 = 160_000;

/// What earlier versions are asked: the plan of a prepared statement for any values. Nulls stand in their places, and nothing
/// is run. All of it is one transaction, so that a pooler gives one connection of the server to all of it.
fn explain_prepared(sql: &str) -> String {
    let values = vec!["null"; placeholders(sql)].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    format!(
        "begin; set local plan_cache_mode = force_generic_plan; prepare girasol_slow as {sql}; \
         explain execute girasol_slow{values}; deallocate girasol_slow; rollback"
    )
}

/// The number of the last placeholder: `$1` is the first.
fn placeholders(sql: &str) -> usize {
    let numbers = sql.split('$').skip(1).map(|rest| {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        digits.parse().unwrap_or(0)
    });
    numbers.max().unwrap_or(0)
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
                let mut connection = pools.acquire(Lane::Reports).await.map_err(failed)?;
                let version = connection.control(VERSION).await.map_err(failed)?;
                let version: i32 = match version.first() {
                    Some(row) => row.try_get(0).map_err(failed)?,
                    None => 0,
                };
                let asked = if version >= GENERIC_PLAN_FROM {
                    // Placeholders stay as they are.
                    connection.ask(format!("explain (generic_plan) {sql}")).await
                } else {
                    connection.ask(explain_prepared(sql)).await
                };
                if asked.is_err() {
                    // The transaction and the prepared statement end with their connection.
                    connection.close();
                }
                let rows = asked.map_err(failed)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_versions_are_asked_for_the_plan_of_a_prepared_statement() {
        let count = |sql| placeholders(sql);
        assert_eq!((count("select 1"), count("select $1, $2 + $1"), count("x = $12 and y = $3")), (0, 2, 12));
        let asked = explain_prepared("update jobs set state = $1 where id = $2");
        assert!(asked.contains("explain execute girasol_slow(null, null); deallocate"), "{asked}");
        assert!(explain_prepared("select 1").contains("explain execute girasol_slow; "));
    }
}
