//! Transactions.

use std::time::Instant;

use sqlx::{Row as _, Sqlite, pool::PoolConnection};

use crate::{
    signals::{Signals, Topic},
    traces::{self, Part},
};

use super::{
    super::DbError, BUSY_PAUSE, BUSY_TRIES, Lane, Pools, Statement, failed, is_busy, measure, postgres,
};

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It reads, and all that it reads is of one moment.
    Snapshot(Lane),
    /// It writes, and no other one does meanwhile.
    Write,
}

/// A connection that a transaction has for itself.
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(postgres::Held),
}

impl Connection {
    async fn acquire(pools: &Pools, kind: Kind) -> Result<Self, sqlx::Error> {
        Ok(match (pools, kind) {
            (Pools::Sqlite(pools), Kind::Snapshot(_)) => Self::Sqlite(pools.acquire_reader().await?),
            (Pools::Sqlite(pools), Kind::Write) => Self::Sqlite(pools.acquire_writer().await?),
            (Pools::Postgres(pools), Kind::Snapshot(lane)) => Self::Postgres(pools.acquire(lane).await?),
            (Pools::Postgres(pools), Kind::Write) => Self::Postgres(pools.acquire(Lane::Jobs).await?),
        })
    }

    /// Begins a transaction that reads, if there is a replica that may answer.
    async fn begin_on_replica(pools: &Pools) -> Option<Self> {
        let Pools::Postgres(pools) = pools else { return None };
        let mut held = pools.acquire_replica().await?;
        if held.control(postgres::BEGIN_SNAPSHOT).await.is_err() {
            held.close();
            return None;
        }
        Some(Self::Postgres(held))
    }

    async fn begin(&mut self, kind: Kind) -> Result<(), sqlx::Error> {
        match (self, kind) {
            (Self::Sqlite(connection), Kind::Snapshot(_)) => sqlite(connection, "begin").await,
            (Self::Sqlite(connection), Kind::Write) => sqlite(connection, "begin immediate").await,
            (Self::Postgres(connection), Kind::Snapshot(_)) => {
                connection.control(postgres::BEGIN_SNAPSHOT).await.map(drop)
            }
            (Self::Postgres(connection), Kind::Write) => {
                let rows = connection.control(postgres::BEGIN_WRITE).await?;
                let at_ms = rows.last().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
                connection.clock().set(at_ms);
                Ok(())
            }
        }
    }

    /// Commits, and sends signals to other processes with the commit.
    async fn commit(&mut self, topics: &[Topic]) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlite(connection, "commit").await,
            Self::Postgres(connection) => connection.commit(topics).await,
        }
    }

    async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlite(connection, "rollback").await,
            Self::Postgres(connection) => connection.control("rollback").await.map(drop),
        }
    }

    /// Does not go back to its pool, and is closed in place of that.
    fn close(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(connection) => connection.close(),
        }
    }
}

async fn sqlite(connection: &mut PoolConnection<Sqlite>, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(&mut **connection).await.map(drop)
}

/// A transaction. Dropped without a commit, it is rolled back.
///
/// After an error inside it the database may have ended the transaction by itself, as SQLite does on a full disk. Such a
/// transaction cannot be committed, and its connection is closed in place of going back to its pool.
pub(in crate::db) struct Tx {
    name: &'static str,
    /// `None` once it has ended.
    connection: Option<Connection>,
    began: Instant,
    pub(super) has_failed: bool,
    kind: Kind,
    is_of_replica: bool,
    pools: Pools,
    /// What a commit wakes.
    wakes: Option<(Signals, Vec<Topic>)>,
}

impl Tx {
    pub(super) async fn begin(name: &'static str, pools: &Pools, kind: Kind) -> Result<Self, DbError> {
        let began = Instant::now();
        if kind == Kind::Snapshot(Lane::Serving)
            && let Some(connection) = Connection::begin_on_replica(pools).await
        {
            let mut tx = Self::over(name, pools, kind, connection, began);
            tx.is_of_replica = true;
            traces::count(Part::Database, began.elapsed());
            return Ok(tx);
        }
        let (mut tries, mut broken) = (1, 0);
        loop {
            let connection = Connection::acquire(pools, kind).await;
            let connection = connection.map_err(|source| failed(name, began, source))?;
            // It counts as begun before it is: dropped meanwhile, it is rolled back.
            let mut tx = Self::over(name, pools, kind, connection, began);
            let Err(error) = tx.connection()?.begin(kind).await else {
                traces::count(Part::Database, began.elapsed());
                return Ok(tx);
            };
            // Nothing has begun. A connection that was lost while it lay in the pool is replaced at once.
            let is_lost = postgres::is_lost(&error) && broken < postgres::MOST_LOST;
            let is_last = tries == BUSY_TRIES || postgres::has_waited(&error);
            if !is_lost && (!is_busy(&error) || is_last) {
                tx.has_failed = true;
                return Err(failed(name, began, error));
            }
            let mut connection = tx.connection.take();
            if is_lost {
                broken += 1;
                connection.iter_mut().for_each(Connection::close);
                continue;
            }
            if let Some(Connection::Postgres(connection)) = &mut connection {
                // The statement that failed has left a transaction that does nothing more.
                connection.close();
            }
            drop(connection);
            tokio::time::sleep(BUSY_PAUSE * tries).await;
            tries += 1;
        }
    }

    fn over(name: &'static str, pools: &Pools, kind: Kind, connection: Connection, began: Instant) -> Self {
        let (connection, pools) = (Some(connection), pools.clone());
        Self { name, connection, began, has_failed: false, kind, is_of_replica: false, pools, wakes: None }
    }

    /// Whether a replica answers. What fails then may succeed on the server that takes the writes.
    pub(in crate::db) const fn is_of_replica(&self) -> bool {
        self.is_of_replica
    }

    /// The same, which wakes the tasks that wait for these topics once it is committed.
    pub(in crate::db) fn waking(mut self, signals: &Signals, topics: &'static [Topic]) -> Self {
        self.wakes = Some((signals.clone(), topics.to_vec()));
        self
    }

    /// Wakes the tasks that wait for these topics too.
    pub(in crate::db) fn wake(&mut self, topics: &[Topic]) {
        if let Some((_, wakes)) = &mut self.wakes {
            wakes.extend(topics);
        }
    }

    /// A statement within the transaction.
    pub(in crate::db) fn run(&mut self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::in_tx(name, sql, self)
    }

    /// Now by the database's clock, in milliseconds since 1970-01-01 UTC.
    pub(in crate::db) fn now_ms(&self) -> i64 {
        self.pools.now_ms()
    }

    /// The connection, while the transaction can go on.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, DbError> {
        match &mut self.connection {
            Some(connection) if !self.has_failed => Ok(connection),
            _ => {
                let why =
                    sqlx::Error::InvalidArgument("a statement of the transaction has failed".to_owned());
                Err(failed(self.name, self.began, why))
            }
        }
    }

    /// Makes all of it last.
    pub(in crate::db) async fn commit(mut self) -> Result<(), DbError> {
        let topics = self.wakes.as_ref().map(|(_, topics)| topics.clone()).unwrap_or_default();
        let commits = Instant::now();
        let committed = self.connection()?.commit(&topics).await;
        traces::count(Part::Database, commits.elapsed());
        if let Err(error) = committed {
            self.has_failed = true;
            return Err(failed(self.name, self.began, error));
        }
        self.connection = None;
        self.pools.doubt_replica();
        if let Some((signals, topics)) = &self.wakes {
            for topic in topics {
                signals.send(*topic);
            }
        }
        measure(self.name, 0, self.began.elapsed());
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if matches!(self.kind, Kind::Snapshot(Lane::Serving | Lane::Primary)) && !self.is_of_replica {
            // What was read may be newer than what a replica has.
            self.pools.doubt_replica();
        }
        let Some(mut connection) = self.connection.take() else { return };
        // Without a runtime the process is about to end, and the database rolls back by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.has_failed {
            connection.close();
            return;
        }
        // The next transaction gets the connection after this.
        runtime.spawn(async move {
            if connection.roll_back().await.is_err() {
                connection.close();
            }
        });
    }
}
