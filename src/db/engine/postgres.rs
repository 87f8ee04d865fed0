//! Postgres: pools of connections to a server, one for each purpose.

mod replica;

use std::{
    fmt, io,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    Connection as _, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgPoolOptions, PgRow},
};

use crate::{domain::circuit::Circuit, signals::Topic};

use super::{
    super::{DbError, migrate},
    Bind, Lane, PoolFill, describe,
    outcome::Outcome,
    waited,
};

pub(super) use self::replica::Replica;
pub use self::replica::ReplicaState;

/// The lock of the one writer. The number stands for nothing; each database has its own.
macro_rules! write_lock {
    () => {
        "8360"
    };
}

/// Begins a transaction that writes, and reads the database's clock.
pub(super) const BEGIN_WRITE: &str = concat!(
    "begin; select pg_advisory_xact_lock(",
    write_lock!(),
    "); select (extract(epoch from clock_timestamp()) * 1000)::bigint"
);
/// Takes the same lock for a whole connection, if no transaction has it.
pub(in crate::db) const TRY_WRITE_LOCK: &str = concat!("select pg_try_advisory_lock(", write_lock!(), ")");
/// Begins a transaction whose statements all read one moment.
pub(in crate::db) const BEGIN_SNAPSHOT: &str = "begin isolation level repeatable read read only";
/// The database's clock.
const CLOCK: &str = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
/// The channel of signals between processes.
pub(in crate::db) const CHANNEL: &str = "girasol";

/// How many connections that were lost in their pool are replaced for one statement.
pub(super) const MOST_LOST: u32 = 64;
/// How long a transaction may do nothing. The server ends it then, since its process may be gone, and others wait for it.
const IDLE: Duration = Duration::from_secs(5);
/// How long a transaction waits for another one to end.
const LOCK: Duration = Duration::from_secs(10);
/// How long a statement waits for a connection.
pub(in crate::db) const ACQUIRE: Duration = Duration::from_secs(5);
/// How long the server's answer may take beyond the time after which the server ends the statement.
const GRACE: Duration = Duration::from_millis(500);

/// Where the server is, with the secrets to connect.
#[derive(Clone)]
pub struct Address {
    /// `postgres://user:password@host/database`.
    pub url: SecretString,
    /// The same without a pooler between, for signals.
    pub listen_url: Option<SecretString>,
    /// A replica of it, which answers visitors.
    pub replica_url: Option<SecretString>,
    /// How many connections, and for how long.
    pub connections: Connections,
}

/// How many connections each purpose has, and how long a statement may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// For what visitors wait for.
    pub serving: u32,
    /// For what artists and workers do, and for everything that writes.
    pub jobs: u32,
    /// For lists and figures.
    pub reports: u32,
    /// How long a statement may take that a visitor waits for.
    pub serve: Duration,
    /// How long a statement may take.
    pub statement: Duration,
    /// How long a statement of a report may take.
    pub report: Duration,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.options() {
            Ok(options) => {
                let database = options.get_database().unwrap_or_else(|| options.get_username());
                match options.get_socket() {
                    Some(folder) => write!(f, "{database} in {}", folder.display()),
                    None => write!(f, "{database} at {}:{}", options.get_host(), options.get_port()),
                }
            }
            Err(_unreadable) => f.write_str("of database.url"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Address {
    pub(in crate::db) fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        options_of(&self.url)
    }

    /// How signals are listened for: a pooler between would lose them.
    pub(in crate::db) fn listening(&self) -> Result<PgConnectOptions, sqlx::Error> {
        options_of(self.listen_url.as_ref().unwrap_or(&self.url))
    }
}

fn options_of(url: &SecretString) -> Result<PgConnectOptions, sqlx::Error> {
    let options = PgConnectOptions::from_str(url.expose_secret())?.application_name("girasol");
    // The engine measures by itself, and by names.
    Ok(sqlx::ConnectOptions::disable_statement_logging(options))
}

/// The database's clock. It is read with every transaction that writes, and goes on by itself in between, so that the
/// clock of this machine does not matter.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    start: Instant,
    /// The database's time at `start`.
    start_ms: Arc<AtomicI64>,
}

impl Clock {
    fn at(now_ms: i64) -> Self {
        Self { start: Instant::now(), start_ms: Arc::new(AtomicI64::new(now_ms)) }
    }

    fn elapsed_ms(&self) -> i64 {
        self.start.elapsed().as_millis() as i64
    }

    pub(super) fn set(&self, now_ms: i64) {
        self.start_ms.store(now_ms - self.elapsed_ms(), Ordering::Relaxed);
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.start_ms.load(Ordering::Relaxed) + self.elapsed_ms()
    }
}

/// The names of the pools.
const SERVING: &str = "serving";
const JOBS: &str = "jobs";
const REPORTS: &str = "reports";

/// The connections to a server; cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::db) struct Pools {
    serving: Pool,
    jobs: Pool,
    reports: Pool,
    /// Visitors do not wait for a server that has just not answered.
    circuit: Circuit,
    replica: Option<Arc<Replica>>,
    pub(super) clock: Clock,
    pub(super) address: Address,
}

/// Connections for one purpose.
#[derive(Debug, Clone)]
struct Pool {
    pool: PgPool,
    /// How long an answer may take.
    patience: Duration,
}

impl Pool {
    /// Connects when the first statement comes.
    fn new(options: &PgConnectOptions, most: u32, statement: Duration) -> Self {
        Self::with(options, most, statement, setup(statement).into(), || {})
    }

    /// The same for a server that is never written to. `connected` is called for every connection, before it is used.
    fn reading(
        options: &PgConnectOptions,
        most: u32,
        statement: Duration,
        connected: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let setup = format!("{}; set default_transaction_read_only = on", setup(statement));
        Self::with(options, most, statement, setup.into(), connected)
    }

    fn with(
        options: &PgConnectOptions,
        most: u32,
        statement: Duration,
        setup: Arc<str>,
        connected: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(ACQUIRE.min(statement))
            // A statement that meets a lost connection runs again on another one, which costs nothing while none is lost.
            .test_before_acquire(false)
            .after_connect(move |connection, _| {
                let setup = setup.clone();
                connected();
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(&*setup)).execute(connection).await.map(drop)
                })
            })
            .connect_lazy_with(options.clone());
        Self { pool, patience: statement + GRACE }
    }
}

/// The first statements of a connection.
fn setup(statement: Duration) -> String {
    format!(
        "set statement_timeout = {}; set lock_timeout = {}; set idle_in_transaction_session_timeout = {}",
        statement.as_millis(),
        LOCK.min(statement).as_millis(),
        IDLE.as_millis()
    )
}

impl Pools {
    pub(super) async fn open(address: &Address) -> Result<Self, DbError> {
        let failed = |source| describe("open", source);
        let mut connection = migrate::postgres(address).await?;
        let options = address.options().map_err(failed)?;
        migrate::up(&mut connection, &migrate::POSTGRES).await?;
        let now_ms: i64 = sqlx::query_scalar(CLOCK).fetch_one(&mut connection).await.map_err(failed)?;
        connection.close().await.map_err(failed)?;
        let Connections { serving, jobs, reports, serve, statement, report } = address.connections;
        let replica = address.replica_url.as_ref().map(options_of).transpose().map_err(failed)?;
        Ok(Self {
            circuit: Circuit::default(),
            replica: replica.map(|options| Arc::new(Replica::new(&options, serving, serve))),
            serving: Pool::new(&options, serving, serve),
            jobs: Pool::new(&options, jobs, statement),
            reports: Pool::new(&options, reports, report),
            clock: Clock::at(now_ms),
            address: address.clone(),
        })
    }

    pub(super) async fn close(&self) {
        for pool in [&self.serving, &self.jobs, &self.reports] {
            pool.pool.close().await;
        }
        if let Some(replica) = &self.replica {
            replica.close().await;
        }
    }

    pub(super) fn fill(&self) -> Vec<PoolFill> {
        let pools = [(SERVING, &self.serving), (JOBS, &self.jobs), (REPORTS, &self.reports)];
        let mut fill: Vec<PoolFill> =
            pools.into_iter().map(|(name, pool)| PoolFill::of(name, &pool.pool)).collect();
        fill.extend(self.replica.as_ref().map(|replica| replica.fill()));
        fill
    }

    pub(super) fn replica(&self) -> Option<&Replica> {
        self.replica.as_deref()
    }

    /// A connection to the replica, if there is one that may answer.
    pub(super) async fn acquire_replica(&self) -> Option<Held> {
        self.replica()?.acquire(self).await
    }

    pub(super) async fn acquire(&self, lane: Lane) -> Result<Held, sqlx::Error> {
        let (name, Pool { pool, patience }) = match lane {
            Lane::Serving | Lane::Primary => (SERVING, &self.serving),
            Lane::Jobs => (JOBS, &self.jobs),
            Lane::Reports => (REPORTS, &self.reports),
        };
        let began = Instant::now();
        let acquired = Box::pin(pool.acquire()).await;
        waited(name, began);
        let connection = acquired?;
        Ok(Held { connection, patience: *patience, clock: self.clock.clone() })
    }
}

/// Reads, on another connection where one was lost; what visitors wait for, on the replica where it can.
pub(super) async fn read<O: Outcome>(
    pools: &Pools,
    lane: Lane,
    sql: &'static str,
    values: &[Bind],
) -> Result<O, sqlx::Error> {
    if !matches!(lane, Lane::Serving | Lane::Primary) {
        return read_on_some(pools, lane, sql, values).await;
    }
    let Some(replica) = pools.replica() else { return read_on_primary(pools, sql, values).await };
    if lane == Lane::Serving
        && let Some(answer) = replica.read(pools, sql, values).await
    {
        return Ok(answer);
    }
    let answer = read_on_primary(pools, sql, values).await;
    // It may be newer than what the replica has.
    replica.doubt();
    answer
}

/// Reads what visitors wait for, on the server that takes the writes.
async fn read_on_primary<O: Outcome>(
    pools: &Pools,
    sql: &'static str,
    values: &[Bind],
) -> Result<O, sqlx::Error> {
    if pools.circuit.refuses() {
        return Err(sqlx::Error::PoolTimedOut);
    }
    let answer = read_on_some(pools, Lane::Primary, sql, values).await;
    pools.circuit.note(!answer.as_ref().err().is_some_and(is_silent));
    answer
}

async fn read_on_some<O: Outcome>(
    pools: &Pools,
    lane: Lane,
    sql: &'static str,
    values: &[Bind],
) -> Result<O, sqlx::Error> {
    let mut lost = 0;
    loop {
        let mut connection = pools.acquire(lane).await?;
        let error = match connection.perform(sql, values).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        connection.close();
        if lost == MOST_LOST || !(is_lost(&error) || is_stale(&error)) {
            return Err(error);
        }
        lost += 1;
    }
}

/// A connection that a statement or a transaction has for itself.
pub(super) struct Held {
    connection: PoolConnection<Postgres>,
    patience: Duration,
    clock: Clock,
}

impl Held {
    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn close(&mut self) {
        self.connection.close_on_drop();
    }

    pub(super) async fn perform<O: Outcome>(
        &mut self,
        sql: &'static str,
        values: &[Bind],
    ) -> Result<O, sqlx::Error> {
        // Boxed, because the driver's futures would make those of all callers large.
        let answer = Box::pin(O::from_postgres(&mut self.connection, sql, values));
        within(self.patience, answer).await
    }

    /// Statements without values.
    pub(super) async fn control(&mut self, sql: &'static str) -> Result<Vec<PgRow>, sqlx::Error> {
        let answer = Box::pin(sqlx::raw_sql(sql).fetch_all(&mut *self.connection));
        within(self.patience, answer).await
    }

    /// Asks what is put together here, outside of any transaction.
    pub(super) async fn ask(&mut self, sql: String) -> Result<Vec<PgRow>, sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql);
        let answer = Box::pin(sqlx::raw_sql(sql).fetch_all(&mut *self.connection));
        within(self.patience, answer).await
    }

    /// Commits, and signals the topics to other processes.
    pub(super) async fn commit(&mut self, topics: &[Topic]) -> Result<(), sqlx::Error> {
        if topics.is_empty() {
            return self.control("commit").await.map(drop);
        }
        let payload: Vec<&str> = topics.iter().map(Into::into).collect();
        // The payload has letters and commas alone.
        let sql = format!("notify {CHANNEL}, '{}'; commit", payload.join(","));
        let answer = Box::pin(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *self.connection));
        within(self.patience, answer).await.map(drop)
    }
}

pub(in crate::db) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_elapsed| Err(timed_out()))
}

fn timed_out() -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the database server does not answer").into()
}

pub(super) fn state(error: &sqlx::Error) -> Option<&str> {
    let sqlx::Error::Database(error) = error else { return None };
    error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::code)
}

/// Whether the connection is gone, and the statement with it. A statement that changes something may have run.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != io::ErrorKind::TimedOut,
        // What came made no sense, or too little came of it: a proxy takes connections while its server is away, and ends
        // them in the middle of the first words.
        sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) => true,
        // Class 08: connection exceptions. 57P01 to 57P03: the server stops or starts. 25P03: a transaction did nothing
        // for too long.
        _ => state(error).is_some_and(|code| {
            code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "25P03")
        }),
    }
}

/// Whether nothing came from the server, as far as a statement that waits knows.
fn is_silent(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) || is_lost(error)
}

/// Whether a column was added since the statement was prepared.
fn is_stale(error: &sqlx::Error) -> bool {
    state(error) == Some("0A000")
}

/// Whether the server does not answer, takes no connection or no writes just now, or another transaction holds a lock.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    // 25006: it is a standby. 40001, 40P01: another transaction was first. 53300: too many connections. 55P03: a lock was
    // not free in time. 57014: a statement took too long.
    let is_for_now = |code: &str| matches!(code, "25006" | "40001" | "40P01" | "53300" | "55P03" | "57014");
    matches!(error, sqlx::Error::Io(_)) || is_lost(error) || state(error).is_some_and(is_for_now)
}

/// Whether the statement has waited for another transaction for as long as it may.
pub(super) fn has_waited(error: &sqlx::Error) -> bool {
    matches!(state(error), Some("55P03" | "57014"))
}

/// Whether the server's disk is full.
pub(super) fn is_full(error: &sqlx::Error) -> bool {
    state(error) == Some("53100")
}
