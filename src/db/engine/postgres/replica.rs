//! A replica of the server, which answers what visitors wait for while it is as new as this process has to be.
//!
//! What has been served, signalled or written stays true: the process asks the server that takes the writes how far its
//! log is, and asks the replica only once that has replayed so much. Such a position holds until something puts the replica
//! in doubt (a signal, a commit, an answer of the other server, a new connection), and for a moment otherwise. Where the
//! replica is late, away or no replica of this server, the other one answers. Nothing is ever written to it.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::postgres::PgConnectOptions;

use crate::{
    domain::circuit::Circuit,
    signals::{Signals, Topic},
};

use super::{
    super::{
        Bind, PoolFill,
        outcome::{Outcome, Rows},
        waited,
    },
    Held, Pool, Pools, is_silent, read_on_primary, within,
};

/// The name of the pool.
const NAME: &str = "replica";
/// How old a position may be that nothing has put in doubt: what sends no signal is seen after this.
const MAX_AGE: Duration = Duration::from_millis(200);
/// How long a read waits for the replica to replay what it has to.
const REPLAY: Duration = Duration::from_millis(50);
/// How often it asks meanwhile.
const ASK: Duration = Duration::from_millis(5);
/// How long the replica may take to say how far it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// Which log this is, and how far it is. Asynchronous commits may be signalled before they are written, so that the place
/// counts where the next record is inserted.
const POSITION: &str =
    "select (select system_identifier from pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8),
     pg_current_wal_insert_lsn()::text";
/// 2 where the replica of that log has replayed so much, 1 where it has not yet, and 0 where it is another log's.
const REACHED: &str = "select (case
     when not pg_is_in_recovery()
         or (select system_identifier from pg_control_system()) || '/'
             || (select upper(lpad(to_hex(timeline_id), 8, '0')) from pg_control_checkpoint()) is distinct from $1 then 0
     when pg_last_wal_replay_lsn() >= $2::pg_lsn then 2 else 1 end)::bigint";

/// What is known of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ReplicaState {
    /// It has not been asked.
    Unknown,
    /// It answers, and is as new as it has to be.
    Ready,
    /// It has not replayed what it has to.
    Behind,
    /// It does not answer, or refuses.
    Away,
    /// It is no replica of this server, or was made a server of its own.
    Foreign,
}

/// How far the log of the server that takes the writes was.
#[derive(Debug, Clone)]
struct Position {
    /// The system's number and the timeline.
    log: String,
    lsn: String,
    at: Instant,
    doubts: [u64; 2],
}

/// Connections to a replica, and what this process has to find there.
#[derive(Debug)]
pub(in super::super) struct Replica {
    pool: Pool,
    /// Also open while the replica is behind.
    circuit: Circuit,
    doubts: Arc<AtomicU64>,
    signals: OnceLock<Signals>,
    /// One request fetches it for all.
    position: tokio::sync::Mutex<Option<Position>>,
    state: Mutex<ReplicaState>,
}

impl Replica {
    /// Connects when the first statement comes.
    pub(super) fn new(options: &PgConnectOptions, most: u32, statement: Duration) -> Self {
        let doubts = Arc::new(AtomicU64::new(0));
        let connected = {
            let doubts = doubts.clone();
            // The server may have been started anew, and be further back than it was.
            move || {
                doubts.fetch_add(1, Ordering::SeqCst);
            }
        };
        Self {
            pool: Pool::reading(options, most, statement, connected),
            circuit: Circuit::default(),
            doubts,
            signals: OnceLock::new(),
            position: tokio::sync::Mutex::default(),
            state: Mutex::new(ReplicaState::Unknown),
        }
    }

    /// These signals tell of changes.
    pub(in super::super) fn follow(&self, signals: &Signals) {
        let _ = self.signals.set(signals.clone());
    }

    /// What this process knows by now is to be found in the replica before it answers again.
    pub(in super::super) fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::SeqCst);
    }

    fn doubts(&self) -> [u64; 2] {
        let signalled = self.signals.get().map_or(0, |signals| signals.count(Topic::Pointers));
        [self.doubts.load(Ordering::SeqCst), signalled]
    }

    pub(super) async fn close(&self) {
        self.pool.pool.close().await;
    }

    pub(super) fn fill(&self) -> PoolFill {
        PoolFill::of(NAME, &self.pool.pool)
    }

    pub(in super::super) fn state(&self) -> ReplicaState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the replica answers; `None` where the server that takes the writes is to be asked.
    pub(super) async fn read<O: Outcome>(
        &self,
        primary: &Pools,
        sql: &'static str,
        values: &[Bind],
    ) -> Option<O> {
        let mut held = self.acquire(primary).await?;
        match held.perform(sql, values).await {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                held.close();
                self.failed(&error);
                None
            }
        }
    }

    /// A connection to the replica, which has replayed all that this process knows of.
    pub(super) async fn acquire(&self, primary: &Pools) -> Option<Held> {
        if self.circuit.refuses() {
            return None;
        }
        let began = Instant::now();
        let acquired = within(PATIENCE, Box::pin(self.pool.pool.acquire())).await;
        waited(NAME, began);
        let mut held = match acquired {
            Ok(connection) => Held { connection, patience: PATIENCE, clock: primary.clock.clone() },
            Err(error) => {
                self.failed(&error);
                return None;
            }
        };
        // After the connection, which may be a new one, and put an earlier position in doubt.
        let position = self.position(primary).await?;
        match reach(&mut held, &position).await {
            Ok(2) => {
                self.circuit.note(true);
                self.note(ReplicaState::Ready);
                held.patience = self.pool.patience;
                return Some(held);
            }
            Ok(1) => self.note(ReplicaState::Behind),
            Ok(_) => self.note(ReplicaState::Foreign),
            Err(error) => {
                held.close();
                self.failed(&error);
                return None;
            }
        };
        self.circuit.note(false);
        None
    }

    /// What has to be replayed; `None` where the server that takes the writes does not say.
    async fn position(&self, primary: &Pools) -> Option<Position> {
        let mut position = self.position.lock().await;
        let (at, doubts) = (Instant::now(), self.doubts());
        if let Some(position) = &*position
            && position.doubts == doubts
            && position.at.elapsed() < MAX_AGE
        {
            return Some(position.clone());
        }
        match read_on_primary::<Rows<(String, String)>>(primary, POSITION, &[]).await {
            Ok(Rows(rows)) => {
                *position = rows.into_iter().next().map(|(log, lsn)| Position { log, lsn, at, doubts });
                position.clone()
            }
            Err(error) => {
                // A server that is away is not the replica's fault.
                if !is_silent(&error) {
                    self.failed(&error);
                }
                None
            }
        }
    }

    /// The replica is left for a second.
    fn failed(&self, error: &sqlx::Error) {
        self.circuit.note(false);
        if self.note(ReplicaState::Away) {
            tracing::warn!(%error, "the replica of the database cannot be read");
        }
    }

    /// Notes what the replica was found to be. Answers whether that is new.
    fn note(&self, state: ReplicaState) -> bool {
        let before =
            std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), state);
        if before == state {
            return false;
        }
        match state {
            ReplicaState::Ready => tracing::info!("the replica of the database answers visitors"),
            ReplicaState::Behind => {
                tracing::info!("the replica of the database is behind: the server itself answers");
            }
            ReplicaState::Foreign => tracing::error!(
                "database.replica_url leads to no replica of the database: the server itself answers"
            ),
            ReplicaState::Unknown | ReplicaState::Away => {}
        }
        true
    }
}

/// Waits until the replica has replayed so much, and no longer than a visitor notices. Answers what [`REACHED`] does.
async fn reach(held: &mut Held, position: &Position) -> Result<i64, sqlx::Error> {
    let began = Instant::now();
    let values = [Bind::from(position.log.as_str()), Bind::from(position.lsn.as_str())];
    loop {
        let Rows(rows) = held.perform::<Rows<(i64,)>>(REACHED, &values).await?;
        let reached = rows.first().map_or(0, |(reached,)| *reached);
        if reached != 1 || began.elapsed() >= REPLAY {
            return Ok(reached);
        }
        tokio::time::sleep(ASK).await;
    }
}
