//! Statements.

use std::time::Instant;

use crate::traces::{self, Part};

use super::{
    super::DbError,
    BUSY_PAUSE, BUSY_TRIES, Bind, Lane, Pools, Tx, failed, measure,
    outcome::{Changed, Outcome, Record, Rows},
    postgres, slow,
    sqlite::{self, is_busy},
    tx::{self, Connection},
};

/// What a statement outside of any transaction does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// It changes nothing.
    Read(Lane),
    /// It is a transaction of its own.
    Write,
}

/// Where a statement runs.
enum On<'c> {
    Pools(&'c Pools, Kind),
    Tx(&'c mut Tx),
}

/// A statement that gets its values, and then runs.
#[must_use = "a statement does nothing until it runs"]
pub(in crate::db) struct Statement<'c> {
    name: &'static str,
    sql: &'static str,
    values: Vec<Bind>,
    on: On<'c>,
}

impl<'c> Statement<'c> {
    pub(super) fn on_pools(name: &'static str, sql: &'static str, pools: &'c Pools, kind: Kind) -> Self {
        Self { name, sql, values: Vec::new(), on: On::Pools(pools, kind) }
    }

    pub(super) fn in_tx(name: &'static str, sql: &'static str, tx: &'c mut Tx) -> Self {
        Self { name, sql, values: Vec::new(), on: On::Tx(tx) }
    }

    /// The value of the next placeholder: the first is `$1`.
    pub(in crate::db) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Every row.
    pub(in crate::db) async fn all<T: Record>(self) -> Result<Vec<T>, DbError> {
        Ok(self.perform::<Rows<T>>().await?.0)
    }

    /// The first row, if there is one. All of them are fetched, so that a write has come to its end and its errors
    /// are seen.
    pub(in crate::db) async fn optional<T: Record>(self) -> Result<Option<T>, DbError> {
        Ok(self.all().await?.into_iter().next())
    }

    /// The only row.
    pub(in crate::db) async fn one<T: Record>(self) -> Result<T, DbError> {
        let name = self.name;
        let row = self.optional().await?;
        row.ok_or(DbError::Statement { name, source: sqlx::Error::RowNotFound })
    }

    /// The first column of every row.
    pub(in crate::db) async fn scalars<T>(self) -> Result<Vec<T>, DbError>
    where
        (T,): Record,
    {
        Ok(self.all::<(T,)>().await?.into_iter().map(|(value,)| value).collect())
    }

    /// The first column of the first row, if there is one.
    pub(in crate::db) async fn optional_scalar<T>(self) -> Result<Option<T>, DbError>
    where
        (T,): Record,
    {
        Ok(self.optional::<(T,)>().await?.map(|(value,)| value))
    }

    /// The first column of the only row.
    pub(in crate::db) async fn scalar<T>(self) -> Result<T, DbError>
    where
        (T,): Record,
    {
        Ok(self.one::<(T,)>().await?.0)
    }

    /// Runs it for what it changes. Answers how many rows that were.
    pub(in crate::db) async fn execute(self) -> Result<u64, DbError> {
        Ok(self.perform::<Changed>().await?.0)
    }

    async fn perform<O: Outcome>(self) -> Result<O, DbError> {
        let Self { name, sql, values, on } = self;
        #[cfg(test)]
        crate::db::plans::note(name, sql, &values);
        let began = Instant::now();
        // A transaction counts its own time.
        let is_alone = matches!(on, On::Pools(Pools::Sqlite(_), _) | On::Pools(_, Kind::Read(_)));
        let outcome: Result<O, sqlx::Error> = match on {
            On::Pools(Pools::Sqlite(pools), kind) => on_its_own(pools, kind, sql, &values).await,
            On::Pools(Pools::Postgres(pools), Kind::Read(lane)) => {
                Box::pin(postgres::read(pools, lane, sql, &values)).await
            }
            On::Pools(pools @ Pools::Postgres(_), Kind::Write) => {
                Box::pin(in_its_own_tx(name, pools, sql, &values)).await?
            }
            On::Tx(tx) => within(tx, sql, &values).await?,
        };
        if is_alone {
            traces::count(Part::Database, began.elapsed());
        }
        let outcome = outcome.map_err(|source| failed(name, began, source))?;
        let took = began.elapsed();
        measure(name, outcome.rows(), took);
        slow::note(name, sql, took);
        Ok(outcome)
    }
}

/// Runs a statement as a transaction of its own.
async fn in_its_own_tx<O: Outcome>(
    name: &'static str,
    pools: &Pools,
    sql: &'static str,
    values: &[Bind],
) -> Result<Result<O, sqlx::Error>, DbError> {
    let mut tx = Tx::begin(name, pools, tx::Kind::Write).await?;
    let outcome = within(&mut tx, sql, values).await?;
    if outcome.is_ok() {
        tx.commit().await?;
    }
    Ok(outcome)
}

/// Runs a statement in a transaction, which has failed if the statement has.
async fn within<O: Outcome>(
    tx: &mut Tx,
    sql: &'static str,
    values: &[Bind],
) -> Result<Result<O, sqlx::Error>, DbError> {
    let began = Instant::now();
    let outcome = match tx.connection()? {
        Connection::Sqlite(connection) => O::from_sqlite(connection, sql, values).await,
        Connection::Postgres(connection) => connection.perform(sql, values).await,
    };
    traces::count(Part::Database, began.elapsed());
    tx.has_failed |= outcome.is_err();
    Ok(outcome)
}

/// Runs a statement outside of any transaction, again while the database is busy: then nothing of it has happened.
async fn on_its_own<O: Outcome>(
    pools: &sqlite::Pools,
    kind: Kind,
    sql: &'static str,
    values: &[Bind],
) -> Result<O, sqlx::Error> {
    let mut tries = 1;
    loop {
        let mut connection = match kind {
            Kind::Read(_) => pools.acquire_reader().await?,
            Kind::Write => pools.acquire_writer().await?,
        };
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
