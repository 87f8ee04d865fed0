//! The database: an embedded SQLite file in the data folder, or a Postgres server.
//!
//! There is one writer at a time, so transactions are short and nothing slow runs inside one.

pub mod alerts;
pub mod audit;
pub mod backup;
pub mod checks;
pub mod configuration_sets;
pub mod configurations;
pub mod copy;
pub mod demand;
mod engine;
pub mod finish;
pub mod framesets;
pub mod garbage;
pub mod identity;
pub mod import;
pub mod inbox;
pub mod ingests;
pub mod jobs;
pub mod keys;
pub mod launch_reports;
pub mod launches;
pub mod listing;
pub mod loupes;
pub mod maintain;
mod mark;
pub mod migrate;
mod notify;
pub mod objects;
pub mod performance;
pub mod polishes;
pub mod popularity;
pub mod products;
pub mod protection;
pub mod purges;
pub mod quality;
pub mod relay;
pub mod repair;
pub mod retention;
mod retire;
pub mod scrub;
pub mod secrets;
pub mod service;
pub mod staged;
pub mod take_down;
pub mod uploads;
pub mod users;
pub mod versions;
pub mod vitals;

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Semaphore;

use engine::{Lane, Pools, Statement, Tx};
use migrate::Schema;

pub use engine::{Address, Connections, Found, PoolFill, ReplicaState, said, way_in};

use crate::signals::Signals;

/// The version of this program: `0.1.0 (abc1234)`, with the commit that `make build` names.
pub fn program() -> String {
    match option_env!("GIRASOL_COMMIT") {
        Some(commit) if !commit.is_empty() => format!("{} ({commit})", env!("CARGO_PKG_VERSION")),
        _ => env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn newer(program: Option<&str>) -> String {
    program.map_or_else(|| "a program that left no name".to_owned(), |program| format!("girasol {program}"))
}

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The database refused a statement or could not be reached.
    #[error("the database failed at {name}")]
    Statement {
        /// The statement's name, or the transaction's.
        name: &'static str,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// A newer program has changed the schema.
    #[error(
        "the database is newer than this program: {} made its schema {found}, and this is girasol {} with schema {known}",
        newer(.program.as_deref()),
        self::program()
    )]
    Newer {
        /// The schema of the database.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
        /// The version of the program, if it has left it.
        program: Option<String>,
    },
    /// The file cannot be read as a database.
    #[error("the database {place} cannot be read")]
    Unusable {
        /// Which file.
        place: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The server of the database does not let this program in, or does not answer.
    #[error("the database {place} cannot be reached")]
    Unreachable {
        /// Which database of a server.
        place: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// Tables of Girasol are found in another schema than the one where new tables would be made.
    #[error("{place} has tables in the schema {found}, and search_path names {first} before it")]
    Schemas {
        /// Which database of a server.
        place: String,
        /// The schema that has them.
        found: String,
        /// Where new ones would be made.
        first: String,
    },
    /// It is a database of another program.
    #[error("{place} is a database of another program")]
    Foreign {
        /// Which file, or which database of a server.
        place: String,
    },
    /// Its copy goes on in its place.
    #[error("the database was copied to {to}, and is sealed")]
    Sealed {
        /// Where its copy is.
        to: String,
    },
    /// A copy into it has not come to its end.
    #[error("the database is an unfinished copy of {from}")]
    Unfinished {
        /// Where its source is.
        from: String,
    },
    /// To undo a migration would lose data.
    #[error("to undo migration {version:04} would lose {what}")]
    WouldLose {
        /// Its number. The schema has it still.
        version: i64,
        /// What would be lost.
        what: String,
    },
    /// The disk is full, or the database has the largest size that it may have.
    #[error("the database could not write at {name}")]
    Full {
        /// The statement's name, or the transaction's.
        name: &'static str,
        /// What the driver says, as the error of a disk.
        source: io::Error,
    },
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The file beside the database that one process locks while it migrates.
    #[error("the lock of the database cannot be taken")]
    Lock(#[source] io::Error),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// A row holds what this version cannot read.
    #[error("the database holds an unreadable {what}: {value}")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// What it holds.
        value: String,
    },
}

impl DbError {
    /// Whether another process holds the database, all of its connections are in use, or its server does not answer: the
    /// same may succeed a moment later.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Statement { source, .. } if engine::is_busy(source))
    }
}

/// The database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pools: Pools,
    /// Whose connections this handle reads with.
    lane: Lane,
    signals: Signals,
    /// The turn of the one note of a key's use that is written at a time.
    notes: Arc<Semaphore>,
}

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Place {
    /// A file in this data folder.
    Folder(PathBuf),
    /// A server's.
    Server(Address),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(data) => data.join(FILE).display().fmt(f),
            Self::Server(address) => address.fmt(f),
        }
    }
}

/// The database's name in the data folder.
pub const FILE: &str = "girasol.db";

impl Db {
    /// Looks at a database, and changes nothing. A database of another program is an error, and so is one that no program
    /// may run on: a source of a copy that is sealed, or a target that is not complete.
    pub async fn find(place: &Place) -> Result<Found, DbError> {
        let look = match place {
            Place::Folder(data) if !data.exists() => return Ok(Found::Nothing),
            Place::Folder(data) => {
                let locked = lock(data).await?;
                let look = engine::look(place).await;
                drop(locked);
                look?
            }
            Place::Server(_) => engine::look(place).await?,
        };
        look.mark.map_or(Ok(look.found), |mark| Err(mark.refusal()))
    }

    /// Opens `girasol.db` in the data folder, creates it where it is missing and brings its schema up to date.
    pub async fn open(data: &Path) -> Result<Self, DbError> {
        #[cfg(test)]
        if let Some(address) = testing::place(data).await {
            return Ok(Self::over(Pools::open_postgres(&address).await?));
        }
        let locked = lock(data).await?;
        let pools = Pools::open_sqlite(&data.join(FILE)).await?;
        drop(locked);
        Ok(Self::over(pools))
    }

    /// The same, or connects to a server and brings the schema of its database up to date.
    pub async fn open_at(place: &Place) -> Result<Self, DbError> {
        match place {
            Place::Folder(data) => Self::open(data).await,
            Place::Server(address) => Ok(Self::over(Pools::open_postgres(address).await?)),
        }
    }

    /// The schema of a database, which is not changed. A database that does not exist has none.
    pub async fn schema(place: &Place) -> Result<Schema, DbError> {
        match place {
            Place::Folder(data) if !data.join(FILE).exists() => Ok(migrate::none()),
            Place::Folder(data) => {
                let locked = lock(data).await?;
                let schema = migrate::sqlite_status(&data.join(FILE)).await;
                drop(locked);
                schema
            }
            Place::Server(address) => migrate::postgres_status(address).await,
        }
    }

    /// Undoes the newest migrations down to a schema, one by one. One that would lose data stops it, unless that
    /// `may_lose`. Returns how many were undone.
    pub async fn migrate_down(place: &Place, to: i64, may_lose: bool) -> Result<usize, DbError> {
        match place {
            Place::Folder(data) if !data.join(FILE).exists() => Ok(0),
            Place::Folder(data) => {
                let locked = lock(data).await?;
                let undone = migrate::sqlite_down(&data.join(FILE), to, may_lose).await;
                drop(locked);
                undone
            }
            Place::Server(address) => migrate::postgres_down(address, to, may_lose).await,
        }
    }

    fn over(pools: Pools) -> Self {
        let signals = Signals::default();
        pools.follow(&signals);
        Self { pools, lane: Lane::Jobs, signals, notes: Arc::new(Semaphore::new(1)) }
    }

    /// The same database through the connections that visitors' requests read with. A replica answers there, where one is
    /// configured and has all that this process knows of.
    pub fn for_serving(&self) -> Self {
        Self { lane: Lane::Serving, ..self.clone() }
    }

    /// The same database through the connections for lists and figures, which may read many rows.
    pub fn for_reports(&self) -> Self {
        Self { lane: Lane::Reports, ..self.clone() }
    }

    /// Now by the database's clock, in milliseconds since 1970-01-01 UTC: processes on several machines agree on it.
    pub fn now_ms(&self) -> i64 {
        self.pools.now_ms()
    }

    /// Checks that the database can be read and written: it reads a row, and commits another one.
    pub async fn probe(&self) -> Result<(), DbError> {
        self.pools.read_anew("probe.read", "select exists (select 1 from products)").await?;
        let mut tx = self.write("probe").await?;
        tx.run("probe.write", "update heartbeat set at_ms = $1 where id = 1")
            .bind(self.now_ms())
            .execute()
            .await?;
        tx.commit().await
    }

    /// From now on a replica answers only with what is true at this moment, or later.
    pub fn doubt_replica(&self) {
        self.pools.doubt_replica();
    }

    /// Asks the replica, and answers what it was found to be; `None` where none is configured.
    pub async fn look_at_replica(&self) -> Option<ReplicaState> {
        self.pools.look_at_replica().await
    }

    /// How many connections to the database this process has, by pool.
    pub fn connections(&self) -> Vec<PoolFill> {
        self.pools.fill()
    }

    /// The signals of changes that this process commits, and on a server of those of other processes.
    pub const fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Waits until every connection is closed.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// A statement that changes nothing.
    fn read(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        self.pools.read(self.lane, name, sql)
    }

    /// A statement that changes something and is a transaction of its own.
    fn run(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        self.pools.run(name, sql)
    }

    /// A transaction whose statements all read the same moment.
    async fn snapshot(&self, name: &'static str) -> Result<Tx, DbError> {
        self.pools.snapshot(self.lane, name).await
    }

    /// The same of the server that takes the writes, also where a replica has answered before.
    async fn snapshot_of_primary(&self, name: &'static str) -> Result<Tx, DbError> {
        self.pools.snapshot(Lane::Primary, name).await
    }

    /// A transaction that writes. One that is under way in this process is waited for, so nothing begins a second one
    /// while it has one.
    async fn write(&self, name: &'static str) -> Result<Tx, DbError> {
        let tx = self.pools.write(name).await?;
        Ok(tx.waking(&self.signals, notify::topics(name)))
    }
}

/// SQLite's migrations take no lock of their own: two processes that meet in a new folder would both make the tables.
async fn lock(data: &Path) -> Result<File, DbError> {
    let path = data.join("girasol.db.lock");
    let place = path.display().to_string();
    let lock = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock().map(|()| file)
    });
    migrate::say_if_long(&place, lock).await.map_err(io::Error::other).flatten().map_err(DbError::Lock)
}

/// Now, in milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    (time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as i64
}

/// Unpredictable bytes.
fn random<const BYTES: usize>() -> Result<[u8; BYTES], DbError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Parses a column that was written from a checked type.
fn parse<T: std::str::FromStr>(what: &'static str, value: &str) -> Result<T, DbError> {
    value.parse().map_err(|_wrong| DbError::Unreadable { what, value: value.to_owned() })
}

/// A count as the rest of the code has it.
fn count(rows: i64) -> u32 {
    rows.clamp(0, u32::MAX.into()) as u32
}

/// Bytes as the database has them: numbers there have a sign.
fn from_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The same, read back.
fn bytes(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

#[cfg(test)]
#[allow(dead_code, reason = "the benchmark fills the catalogue alone")]
mod fill;
#[cfg(test)]
pub(crate) mod plans;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
