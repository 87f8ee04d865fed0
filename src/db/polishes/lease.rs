//! The worker's side of polishing. As with jobs, a worker claims a try for the time of a lease and renews it; once the lease
//! has passed to another worker, nothing that the first one writes has an effect.

use crate::{
    db::{
        Db, DbError, count,
        engine::{Bind, Tx},
        parse, random,
    },
    domain::{
        frameset::FramesetId,
        gain::Gain,
        job::{ATTEMPTS, wait_ms},
        keys::hex,
        names::ConfigId,
        polish::State,
    },
    signals::Topic,
};

use super::{add_cpu, has_work, is_newest};

/// A try that this worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Its number.
    pub id: i64,
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// The version that it starts from.
    pub version: i64,
    /// When that one had gone live.
    pub published_at_ms: i64,
    /// Whose raw frames are encoded.
    pub frameset: FramesetId,
    /// Of the raw frames in turn order.
    pub source: String,
    /// Of all that shapes the encodes.
    pub settings: String,
    /// How often a worker claimed it.
    pub attempts: u32,
    lease: String,
    lease_ms: i64,
}

/// What a renewal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// The worker goes on.
    Kept,
    /// The version that it started from is not live any more, or not the newest.
    Overtaken,
    /// Another worker has it.
    Lost,
}

#[derive(sqlx::FromRow)]
struct LeasedRow {
    id: i64,
    configuration_id: String,
    version: i64,
    published_at_ms: i64,
    frameset_id: String,
    source: String,
    settings: String,
    attempts: i64,
}

impl Db {
    /// Whether a spin waits to be polished, or the worker that polished it has died.
    pub async fn is_polish_due(&self) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from polishes
            where state in ('queued', 'running') and case state when 'queued' then run_at_ms else lease_until_ms end <= $1)";
        self.read("polishes.is_due", SQL).bind(self.now_ms()).scalar().await
    }

    /// Claims what waits to be polished for `lease_ms`, where nothing is to do for artists. What cannot take the place of
    /// the live version any more ends in place of being claimed.
    pub async fn claim_polish(&self, lease_ms: i64) -> Result<Option<Leased>, DbError> {
        const LEASE: &str = "update polishes set state = 'running', lease = $1, lease_until_ms = $2,
            attempts = attempts + 1, changed_at_ms = $3
            where id = (select id from polishes where state in ('queued', 'running')
                and case state when 'queued' then run_at_ms else lease_until_ms end <= $3 order by id limit 1)
            returning id, configuration_id, version, published_at_ms, frameset_id, source, settings, attempts";
        let mut tx = self.write("polishes.claim").await?;
        if has_work(&mut tx).await? {
            return Ok(None);
        }
        let (now, lease) = (tx.now_ms(), hex(&random::<16>()?));
        let statement = tx.run("polishes.lease", LEASE).bind(&lease).bind(now + lease_ms).bind(now);
        let row: Option<LeasedRow> = statement.optional().await?;
        let Some(row) = row else { return Ok(None) };
        let leased = Leased {
            id: row.id,
            configuration: parse("configuration", &row.configuration_id)?,
            version: row.version,
            published_at_ms: row.published_at_ms,
            frameset: parse("frame set", &row.frameset_id)?,
            source: row.source,
            settings: row.settings,
            attempts: count(row.attempts),
            lease,
            lease_ms,
        };
        let ended =
            if !is_current(&mut tx, &leased.configuration, leased.version, leased.published_at_ms).await? {
                Some(State::Overtaken)
            } else if leased.attempts > ATTEMPTS {
                Some(State::Failed)
            } else {
                None
            };
        if let Some(state) = ended {
            end(&mut tx, &leased, state).await?;
        }
        tx.commit().await?;
        Ok(ended.is_none().then_some(leased))
    }

    /// Renews the lease, and adds CPU time that was spent since.
    pub async fn renew_polish(&self, leased: &Leased, cpu_ms: i64) -> Result<Renewed, DbError> {
        const RENEW: &str = "update polishes set lease_until_ms = $1, changed_at_ms = $2
            where id = $3 and lease = $4 and state = 'running'";
        let mut tx = self.write("polishes.renew").await?;
        // It was spent, also where the lease is lost or the try has ended.
        add_cpu(&mut tx, leased, cpu_ms).await?;
        let now = tx.now_ms();
        let statement = tx.run("polishes.set_lease", RENEW).bind(now + leased.lease_ms).bind(now);
        let is_kept = statement.bind(leased.id).bind(&leased.lease).execute().await? == 1;
        let is_current = is_kept
            && is_current(&mut tx, &leased.configuration, leased.version, leased.published_at_ms).await?;
        tx.commit().await?;
        Ok(match (is_kept, is_current) {
            (false, _) => Renewed::Lost,
            (true, false) => Renewed::Overtaken,
            (true, true) => Renewed::Kept,
        })
    }

    /// Notes what was won.
    pub async fn note_gains(&self, leased: &Leased, gains: &[Gain]) -> Result<(), DbError> {
        const SQL: &str = "update polishes set gains = $1 where id = $2 and lease = $3 and state = 'running'";
        let statement = self.run("polishes.set_gains", SQL).bind(Bind::json(gains)).bind(leased.id);
        statement.bind(&leased.lease).execute().await?;
        Ok(())
    }

    /// Returns a try to the queue that gives way; the attempt does not count.
    pub async fn yield_polish(&self, leased: &Leased) -> Result<(), DbError> {
        const SQL: &str =
            "update polishes set state = 'queued', attempts = attempts - 1, run_at_ms = $1, lease = null,
            lease_until_ms = null, changed_at_ms = $1 where id = $2 and lease = $3 and state = 'running'";
        let statement = self.run("polishes.yield", SQL).bind(self.now_ms()).bind(leased.id);
        statement.bind(&leased.lease).execute().await?;
        Ok(())
    }

    /// Ends a try without a version.
    pub async fn end_polish(&self, leased: &Leased, state: State) -> Result<(), DbError> {
        let mut tx = self.write("polishes.finish").await?;
        end(&mut tx, leased, state).await?;
        tx.commit().await
    }

    /// Ends an attempt that failed. The try is queued again, unless it was the last attempt or no other one can succeed.
    pub async fn fail_polish(&self, leased: &Leased, is_final: bool) -> Result<(), DbError> {
        const SQL: &str =
            "update polishes set state = 'queued', run_at_ms = $1, lease = null, lease_until_ms = null,
            changed_at_ms = $2 where id = $3 and lease = $4 and state = 'running'";
        if is_final || leased.attempts >= ATTEMPTS {
            return self.end_polish(leased, State::Failed).await;
        }
        let now = self.now_ms();
        let statement = self.run("polishes.requeue", SQL).bind(now + wait_ms(leased.attempts)).bind(now);
        statement.bind(leased.id).bind(&leased.lease).execute().await?;
        Ok(())
    }
}

async fn end(tx: &mut Tx, leased: &Leased, state: State) -> Result<(), DbError> {
    const SQL: &str =
        "update polishes set state = $1, lease = null, lease_until_ms = null, changed_at_ms = $2
        where id = $3 and lease = $4 and state = 'running'";
    let now = tx.now_ms();
    let statement = tx.run("polishes.end", SQL).bind(state.as_str()).bind(now);
    statement.bind(leased.id).bind(&leased.lease).execute().await?;
    Ok(())
}

/// Ends a try with the version that it made, in the transaction in which that goes live.
pub(in crate::db) async fn set_better(tx: &mut Tx, leased: &Leased, made: i64) -> Result<(), DbError> {
    const SQL: &str = "update polishes set made_version = $1 where id = $2";
    tx.run("polishes.set_made", SQL).bind(made).bind(leased.id).execute().await?;
    end(tx, leased, State::Better).await?;
    tx.wake(&[Topic::Progress]);
    Ok(())
}

/// Whether the try is still this worker's.
pub(in crate::db) async fn holds(tx: &mut Tx, leased: &Leased) -> Result<bool, DbError> {
    const SQL: &str =
        "select exists (select 1 from polishes where id = $1 and lease = $2 and state = 'running')";
    tx.run("polishes.holds_lease", SQL).bind(leased.id).bind(&leased.lease).scalar().await
}

/// Whether a version is live since that moment, public, and the newest one of its artist.
pub(in crate::db) async fn is_current(
    tx: &mut Tx,
    id: &ConfigId,
    version: i64,
    published_at_ms: i64,
) -> Result<bool, DbError> {
    const SQL: &str = concat!(
        "select exists (select 1 from configurations c
            join versions v on v.configuration_id = c.id and v.version = c.live_version
            where c.id = $1 and v.version = $2 and v.published_at_ms = $3 and c.namespace is null
            and v.kind = 'full' and v.remove_at_ms is null and ",
        is_newest!(),
        ")"
    );
    let statement = tx.run("polishes.is_current", SQL).bind(id.as_str()).bind(version);
    statement.bind(published_at_ms).scalar().await
}
