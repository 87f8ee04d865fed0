//! The worker's side of loupes. A worker claims one for the time of a lease and renews it; once the lease has passed to another
//! worker, nothing that the first one writes has an effect.

use crate::{
    db::{
        Db, DbError, count,
        engine::{Bind, Tx},
        objects::{PENDING_MS, column},
        parse,
        products::bump,
        purges::{Softness, note},
        random,
    },
    domain::{
        frameset::FramesetId,
        job::{ATTEMPTS, wait_ms},
        keys::hex,
        loupe::{Loupe, State},
        names::ConfigId,
        namespace::Namespace,
        object_key::ObjectKey,
        purge::Purge,
    },
    signals::Topic,
};

use super::{add_cpu, has_work};

/// A loupe that this worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// Of which version.
    pub version: i64,
    /// Whose raw frames are encoded.
    pub frameset: FramesetId,
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
    /// The version is retired, taken down or gone.
    Overtaken,
    /// Another worker has it.
    Lost,
}

#[derive(sqlx::FromRow)]
struct LeasedRow {
    configuration_id: String,
    version: i64,
    frameset_id: String,
    attempts: i64,
}

impl Db {
    /// Whether a loupe waits to be made, or the worker that made it has died.
    pub async fn is_loupe_due(&self) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from loupes
            where state in ('queued', 'running') and case state when 'queued' then run_at_ms else lease_until_ms end <= $1)";
        self.read("loupes.is_due", SQL).bind(self.now_ms()).scalar().await
    }

    /// Claims a loupe for `lease_ms`, where nothing is to do for artists: one that a visitor asked for first. One whose version
    /// is not live any more is forgotten in place of being claimed.
    pub async fn claim_loupe(&self, lease_ms: i64) -> Result<Option<Leased>, DbError> {
        const LEASE: &str = "update loupes set state = 'running', lease = $1, lease_until_ms = $2,
            attempts = attempts + 1, changed_at_ms = $3
            where (configuration_id, version) in (select configuration_id, version from loupes
                where state in ('queued', 'running')
                and case state when 'queued' then run_at_ms else lease_until_ms end <= $3
                order by case when asked_at_ms is null then 1 else 0 end, created_at_ms, configuration_id limit 1)
            returning configuration_id, version, frameset_id, attempts";
        const IS_LIVE: &str = "select exists (select 1 from configurations c
            join versions v on v.configuration_id = c.id and v.version = c.live_version
            where c.id = $1 and v.version = $2 and v.remove_at_ms is null)";
        const FORGET: &str = "delete from loupes where configuration_id = $1 and version = $2";
        let mut tx = self.write("loupes.claim").await?;
        if has_work(&mut tx).await? {
            return Ok(None);
        }
        let (now, lease) = (tx.now_ms(), hex(&random::<16>()?));
        let statement = tx.run("loupes.lease", LEASE).bind(&lease).bind(now + lease_ms).bind(now);
        let row: Option<LeasedRow> = statement.optional().await?;
        let Some(row) = row else { return Ok(None) };
        let leased = Leased {
            configuration: parse("configuration", &row.configuration_id)?,
            version: row.version,
            frameset: parse("frame set", &row.frameset_id)?,
            attempts: count(row.attempts),
            lease,
            lease_ms,
        };
        let (id, version) = (leased.configuration.as_str(), leased.version);
        let is_live: bool = tx.run("loupes.is_live", IS_LIVE).bind(id).bind(version).scalar().await?;
        let is_claimed = is_live && leased.attempts <= ATTEMPTS;
        if !is_live {
            tx.run("loupes.forget", FORGET).bind(id).bind(version).execute().await?;
        } else if !is_claimed {
            end(&mut tx, &leased, State::Failed).await?;
        }
        tx.commit().await?;
        Ok(is_claimed.then_some(leased))
    }

    /// Renews the lease, and adds CPU time that was spent since.
    pub async fn renew_loupe(&self, leased: &Leased, cpu_ms: i64) -> Result<Renewed, DbError> {
        const RENEW: &str = "update loupes set lease_until_ms = $1, changed_at_ms = $2
            where configuration_id = $3 and version = $4 and lease = $5 and state = 'running'";
        let mut tx = self.write("loupes.renew").await?;
        // It was spent, also where the lease is lost or the loupe is done.
        add_cpu(&mut tx, leased, cpu_ms).await?;
        let now = tx.now_ms();
        let statement = tx.run("loupes.set_lease", RENEW).bind(now + leased.lease_ms).bind(now);
        let statement = statement.bind(leased.configuration.as_str()).bind(leased.version);
        let is_kept = statement.bind(&leased.lease).execute().await? == 1;
        let is_wanted = is_wanted(&mut tx, leased).await?;
        tx.commit().await?;
        Ok(match (is_kept, is_wanted) {
            (_, false) => Renewed::Overtaken,
            (false, true) => Renewed::Lost,
            (true, true) => Renewed::Kept,
        })
    }

    /// Keeps objects that are about to be written from being deleted, for as long as a writer may take. Returns those that are
    /// being deleted now, which have to be asked for again before they are written.
    pub async fn reserve_objects(
        &self,
        namespace: Namespace,
        keys: &[ObjectKey],
    ) -> Result<Vec<ObjectKey>, DbError> {
        const SQL: &str = "insert into objects (namespace, key, remove_at_ms) values ($1, $2, $3)
            on conflict (namespace, key) do update set remove_at_ms = case
                when objects.remove_at_ms < excluded.remove_at_ms then excluded.remove_at_ms
                else objects.remove_at_ms end
            where objects.state = 'stored' returning id";
        let namespace = column(namespace);
        let mut tx = self.write("objects.reserve").await?;
        let until_ms = tx.now_ms() + PENDING_MS;
        let mut blocked = Vec::new();
        for key in keys {
            let statement = tx.run("objects.insert_reserved", SQL).bind(&namespace).bind(key.to_string());
            let object: Option<i64> = statement.bind(until_ms).optional_scalar().await?;
            if object.is_none() {
                blocked.push(*key);
            }
        }
        tx.commit().await?;
        Ok(blocked)
    }

    /// Shows a loupe whose objects are all stored: its version refers to them from now on. Returns whether it is shown; nothing
    /// has changed where the worker has lost it, the version is retired or taken down, or one of the objects is not there.
    pub async fn complete_loupe(
        &self,
        leased: &Leased,
        namespace: Namespace,
        loupe: &Loupe,
    ) -> Result<bool, DbError> {
        const HOLDS: &str = "select exists (select 1 from loupes
            where configuration_id = $1 and version = $2 and lease = $3 and state = 'running')";
        const KEEP: &str = "update objects set remove_at_ms = null
            where namespace = $1 and key = $2 and state = 'stored' returning id";
        const REFER: &str =
            "insert into version_objects (configuration_id, version, object_id) values ($1, $2, $3)
            on conflict do nothing";
        const READY: &str = "update loupes set state = 'ready', loupe = $1, bytes = $2, lease = null,
            lease_until_ms = null, changed_at_ms = $3 where configuration_id = $4 and version = $5";
        const IS_SEEN: &str = "select exists (select 1 from configurations
            where id = $1 and live_version = $2 and namespace is null)";
        let Leased { configuration: id, version, lease, .. } = leased;
        let mut tx = self.write("loupes.complete").await?;
        let holds = tx.run("loupes.holds_lease", HOLDS).bind(id.as_str()).bind(*version).bind(lease);
        if !holds.scalar::<bool>().await? || !is_wanted(&mut tx, leased).await? {
            return Ok(false);
        }
        let place = column(namespace);
        for key in loupe.keys() {
            let statement = tx.run("objects.keep", KEEP).bind(&place).bind(key.to_string());
            let Some(object) = statement.optional_scalar::<i64>().await? else { return Ok(false) };
            let statement = tx.run("loupes.refer", REFER).bind(id.as_str()).bind(*version);
            statement.bind(object).execute().await?;
        }
        let now = tx.now_ms();
        let bytes = i64::try_from(loupe.bytes()).unwrap_or(i64::MAX);
        let statement = tx.run("loupes.set_ready", READY).bind(Bind::json(loupe)).bind(bytes).bind(now);
        statement.bind(id.as_str()).bind(*version).execute().await?;
        // Answers are cached by the revision, and the loupe stands in them.
        bump(&mut tx, &id.product().to_string(), now).await?;
        let is_seen = tx.run("loupes.is_seen", IS_SEEN).bind(id.as_str()).bind(*version);
        // Caches hold nothing of a protected configuration, and must not learn its name.
        if is_seen.scalar::<bool>().await? {
            note(&mut tx, id.as_str(), &Purge::configuration(id), Softness::Configured, true).await?;
        }
        tx.wake(&[Topic::Pointers, Topic::Purges, Topic::Progress]);
        tx.commit().await?;
        Ok(true)
    }

    /// Returns a loupe to the queue that gives way; the attempt does not count.
    pub async fn yield_loupe(&self, leased: &Leased) -> Result<(), DbError> {
        const SQL: &str =
            "update loupes set state = 'queued', attempts = attempts - 1, run_at_ms = $1, lease = null,
            lease_until_ms = null, changed_at_ms = $1
            where configuration_id = $2 and version = $3 and lease = $4 and state = 'running'";
        let statement = self.run("loupes.yield", SQL).bind(self.now_ms());
        let statement = statement.bind(leased.configuration.as_str()).bind(leased.version);
        statement.bind(&leased.lease).execute().await?;
        Ok(())
    }

    /// Ends it without a loupe.
    pub async fn end_loupe(&self, leased: &Leased, state: State) -> Result<(), DbError> {
        let mut tx = self.write("loupes.finish").await?;
        end(&mut tx, leased, state).await?;
        tx.commit().await
    }

    /// Ends an attempt that failed. The loupe is queued again, unless it was the last attempt or no other one can succeed.
    pub async fn fail_loupe(&self, leased: &Leased, is_final: bool) -> Result<(), DbError> {
        const SQL: &str =
            "update loupes set state = 'queued', run_at_ms = $1, lease = null, lease_until_ms = null,
            changed_at_ms = $2 where configuration_id = $3 and version = $4 and lease = $5 and state = 'running'";
        if is_final || leased.attempts >= ATTEMPTS {
            return self.end_loupe(leased, State::Failed).await;
        }
        let now = self.now_ms();
        let statement = self.run("loupes.requeue", SQL).bind(now + wait_ms(leased.attempts)).bind(now);
        let statement = statement.bind(leased.configuration.as_str()).bind(leased.version);
        statement.bind(&leased.lease).execute().await?;
        Ok(())
    }
}

async fn end(tx: &mut Tx, leased: &Leased, state: State) -> Result<(), DbError> {
    const SQL: &str = "update loupes set state = $1, lease = null, lease_until_ms = null, changed_at_ms = $2
        where configuration_id = $3 and version = $4 and lease = $5 and state = 'running'";
    let now = tx.now_ms();
    let statement = tx.run("loupes.end", SQL).bind(state.as_str()).bind(now);
    let statement = statement.bind(leased.configuration.as_str()).bind(leased.version);
    statement.bind(&leased.lease).execute().await?;
    Ok(())
}

/// Whether the version is complete, and neither retired nor taken down.
async fn is_wanted(tx: &mut Tx, leased: &Leased) -> Result<bool, DbError> {
    const SQL: &str = "select exists (select 1 from versions
        where configuration_id = $1 and version = $2 and state = 'complete' and remove_at_ms is null)";
    let statement = tx.run("loupes.is_wanted", SQL).bind(leased.configuration.as_str());
    statement.bind(leased.version).scalar().await
}
