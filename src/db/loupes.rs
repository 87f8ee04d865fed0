//! Loupes: which live spins can have one, which are being made, and what visitors get.
//!
//! A loupe belongs to one version. Its objects are written before the version refers to them, under a mark that says when its
//! writer counts as dead; the references follow in the transaction that shows the loupe, and requires that the version is
//! neither retired nor taken down. From then on its objects live and go as all of the version's do.

mod lease;

use sqlx::types::Json;

use crate::{
    domain::{
        frameset::TurnSettings,
        loupe::{Candidate, Loupe, State},
        names::ConfigId,
        polish::{DAY_MS, Situation, Spin},
    },
    signals::Topic,
};

use super::{
    Db, DbError, bytes,
    engine::Tx,
    ingests::HEARTBEAT_MAX_AGE_MS,
    parse,
    polishes::{SLOT_MS, has_work, is_busy},
};

pub use lease::{Leased, Renewed};

/// SQL for live spins without a loupe, each with raw frames that it may have been made from.
macro_rules! candidates {
    ($rest:literal) => {
        concat!(
            "select c.id, v.version, v.settings, f.id as frameset_id, f.settings as turn,
             coalesce(j.version = v.version, false) or coalesce(j.version = v.variant_of, false) as is_of_job
             from configurations c
             join versions v on v.configuration_id = c.id and v.version = c.live_version
             join jobs j on j.configuration_id = c.id and j.source = v.source and j.state = 'ready'
             join framesets f on f.id = j.frameset_id
             left join popularity p on p.configuration_id = c.id
             where v.kind = 'full' and v.state = 'complete' and v.remove_at_ms is null
             and not exists (select 1 from loupes l where l.configuration_id = c.id and l.version = v.version)
             and exists (select 1 from frames r where r.frameset_id = f.id) ",
            $rest
        )
    };
}

/// A loupe that is stored or being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// Of which version.
    pub version: i64,
    /// What became of it.
    pub state: State,
    /// Bytes of its frames, in all formats.
    pub bytes: u64,
    /// CPU time that it took, in milliseconds.
    pub cpu_ms: i64,
    /// Whether a visitor asked for it.
    pub was_asked: bool,
    /// When anything of it changed last.
    pub changed_at_ms: i64,
}

/// What came of a visitor's request for a loupe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// It is queued.
    Queued,
    /// It is there or waits already, or cannot be made.
    Known,
    /// Visitors have asked for as many as they may in a day.
    Spent,
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
    id: String,
    version: i64,
    settings: String,
    frameset_id: String,
    turn: Json<TurnSettings>,
    is_of_job: bool,
}

impl CandidateRow {
    fn candidate(self) -> Result<Candidate, DbError> {
        Ok(Candidate {
            configuration: parse("configuration", &self.id)?,
            version: self.version,
            frameset: parse("frame set", &self.frameset_id)?,
            spin: Spin {
                turn: self.turn.0,
                settings: parse("digest", &self.settings)?,
                is_of_job: self.is_of_job,
            },
        })
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    configuration_id: String,
    version: i64,
    state: String,
    bytes: i64,
    cpu_ms: i64,
    asked_at_ms: Option<i64>,
    changed_at_ms: i64,
}

impl EntryRow {
    fn entry(self) -> Result<Entry, DbError> {
        Ok(Entry {
            configuration: parse("configuration", &self.configuration_id)?,
            version: self.version,
            state: parse("state", &self.state)?,
            bytes: bytes(self.bytes),
            cpu_ms: self.cpu_ms,
            was_asked: self.asked_at_ms.is_some(),
            changed_at_ms: self.changed_at_ms,
        })
    }
}

impl Db {
    /// What the queue and the book of loupes show now.
    pub async fn loupe_situation(&self) -> Result<Situation, DbError> {
        const SQL: &str = concat!(
            "select ",
            is_busy!(),
            ", (select changed_at_ms from jobs where state in ('ready', 'failed', 'cancelled')
                order by changed_at_ms desc limit 1),
               (select cast(coalesce(sum(cpu_ms), 0) as bigint) from loupe_cpu where at_ms > $3)"
        );
        let now = self.now_ms();
        let statement = self.read("loupes.situation", SQL).bind(now).bind(now - HEARTBEAT_MAX_AGE_MS);
        let (is_busy, ended_at_ms, cpu_ms) = statement.bind(now - DAY_MS - SLOT_MS).one().await?;
        Ok(Situation { is_busy, ended_at_ms, cpu_ms })
    }

    /// Whether a loupe is queued, or being made.
    pub async fn is_loupe_open(&self) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from loupes where state in ('queued', 'running'))";
        self.read("loupes.is_open", SQL).scalar().await
    }

    /// Live spins without a loupe, each with raw frames that it may have been made from: the most looked-at first, and those
    /// without views last. At most `limit` of them after `offset`.
    pub async fn loupe_candidates(&self, limit: u32, offset: u32) -> Result<Vec<Candidate>, DbError> {
        const SQL: &str = candidates!(
            "order by case when p.heat is null then 1 else 0 end, p.heat desc, c.id, f.id limit $1 offset $2"
        );
        let rows: Vec<CandidateRow> =
            self.read("loupes.candidates", SQL).bind(limit).bind(offset).all().await?;
        rows.into_iter().map(CandidateRow::candidate).collect()
    }

    /// The same of one configuration.
    pub async fn loupe_candidates_of(&self, id: &ConfigId) -> Result<Vec<Candidate>, DbError> {
        const SQL: &str = candidates!("and c.id = $1 order by f.id");
        let rows: Vec<CandidateRow> = self.read("loupes.candidates_of", SQL).bind(id.as_str()).all().await?;
        rows.into_iter().map(CandidateRow::candidate).collect()
    }

    /// Queues the loupe of a live version, unless artists need the machines or it is known already. Answers whether it is
    /// queued.
    pub async fn queue_loupe(&self, candidate: &Candidate) -> Result<bool, DbError> {
        let mut tx = self.write("loupes.queue").await?;
        if has_work(&mut tx).await? || !insert(&mut tx, candidate, None).await? {
            return Ok(false);
        }
        tx.wake(&[Topic::Jobs]);
        tx.commit().await?;
        Ok(true)
    }

    /// Queues the loupe of a live version for a visitor, as long as visitors have asked for fewer than `a_day` within a day.
    pub async fn ask_for_loupe(&self, candidate: &Candidate, a_day: u32) -> Result<Requested, DbError> {
        const ASKED: &str = "select count(*) from loupes where asked_at_ms > $1";
        let is_spent = |asked: i64| asked >= i64::from(a_day);
        // However many ask in vain, none of them waits for the writer.
        let since_ms = self.now_ms() - DAY_MS;
        if is_spent(self.read("loupes.count_asked", ASKED).bind(since_ms).scalar().await?) {
            return Ok(Requested::Spent);
        }
        let mut tx = self.write("loupes.ask").await?;
        let now = tx.now_ms();
        if is_spent(tx.run("loupes.count_asked_now", ASKED).bind(now - DAY_MS).scalar().await?) {
            return Ok(Requested::Spent);
        }
        if insert(&mut tx, candidate, Some(now)).await? {
            tx.wake(&[Topic::Jobs]);
            tx.commit().await?;
        }
        // Another request came first.
        Ok(Requested::Queued)
    }

    /// What is known of the loupe of a version.
    pub async fn loupe_entry(&self, id: &ConfigId, version: i64) -> Result<Option<Entry>, DbError> {
        const SQL: &str = "select configuration_id, version, state, bytes, cpu_ms, asked_at_ms, changed_at_ms
            from loupes where configuration_id = $1 and version = $2";
        let statement = self.read("loupes.entry", SQL).bind(id.as_str()).bind(version);
        let row: Option<EntryRow> = statement.optional().await?;
        row.map(EntryRow::entry).transpose()
    }

    /// The loupes that changed last, at most so many.
    pub async fn loupes(&self, limit: u32) -> Result<Vec<Entry>, DbError> {
        const SQL: &str = "select configuration_id, version, state, bytes, cpu_ms, asked_at_ms, changed_at_ms
            from loupes order by changed_at_ms desc, configuration_id, version limit $1";
        let rows: Vec<EntryRow> = self.for_reports().read("loupes.list", SQL).bind(limit).all().await?;
        rows.into_iter().map(EntryRow::entry).collect()
    }

    /// The loupe of a version, once visitors may have it.
    pub async fn loupe(&self, id: &ConfigId, version: i64) -> Result<Option<Loupe>, DbError> {
        const SQL: &str = "select loupe from loupes
            where configuration_id = $1 and version = $2 and state = 'ready' and loupe is not null";
        let statement = self.read("loupes.get", SQL).bind(id.as_str()).bind(version);
        let loupe: Option<Json<Loupe>> = statement.optional_scalar().await?;
        Ok(loupe.map(|loupe| loupe.0))
    }

    /// Loupes of other versions that were made from the same raw frames and lie in the same namespace: their numbers, the
    /// newest first.
    pub async fn loupes_like(&self, id: &ConfigId, version: i64) -> Result<Vec<i64>, DbError> {
        const SQL: &str = "select o.version from versions v
            join versions o on o.configuration_id = v.configuration_id and o.source = v.source
                and o.version <> v.version and o.namespace is not distinct from v.namespace and o.remove_at_ms is null
            join loupes l on l.configuration_id = o.configuration_id and l.version = o.version and l.state = 'ready'
            where v.configuration_id = $1 and v.version = $2 order by o.version desc";
        self.read("loupes.like", SQL).bind(id.as_str()).bind(version).scalars().await
    }
}

/// Queues the loupe of a version that is live. Answers whether it was not known before.
async fn insert(tx: &mut Tx, candidate: &Candidate, asked_at_ms: Option<i64>) -> Result<bool, DbError> {
    const SQL: &str =
        "insert into loupes (configuration_id, version, frameset_id, state, asked_at_ms, run_at_ms,
            created_at_ms, changed_at_ms)
        select v.configuration_id, v.version, $3, 'queued', $4, $5, $5, $5 from versions v
        join configurations c on c.id = v.configuration_id and c.live_version = v.version
        where v.configuration_id = $1 and v.version = $2 and v.kind = 'full' and v.state = 'complete'
        and v.remove_at_ms is null
        on conflict (configuration_id, version) do nothing";
    let Candidate { configuration, version, frameset, .. } = candidate;
    let now = tx.now_ms();
    let statement = tx.run("loupes.insert", SQL).bind(configuration.as_str()).bind(*version);
    let statement = statement.bind(frameset.as_str()).bind(asked_at_ms).bind(now);
    Ok(statement.execute().await? == 1)
}

/// Adds CPU time to a loupe and to the book of the day.
async fn add_cpu(tx: &mut Tx, leased: &Leased, cpu_ms: i64) -> Result<(), DbError> {
    const TO_LOUPE: &str =
        "update loupes set cpu_ms = cpu_ms + $1 where configuration_id = $2 and version = $3";
    const ADD: &str = "insert into loupe_cpu (at_ms, cpu_ms) values ($1, $2)
        on conflict (at_ms) do update set cpu_ms = loupe_cpu.cpu_ms + excluded.cpu_ms";
    const PRUNE: &str = "delete from loupe_cpu where at_ms < $1";
    if cpu_ms == 0 {
        return Ok(());
    }
    let statement = tx.run("loupes.add_cpu_to_loupe", TO_LOUPE).bind(cpu_ms);
    statement.bind(leased.configuration.as_str()).bind(leased.version).execute().await?;
    let now = tx.now_ms();
    tx.run("loupes.add_cpu", ADD).bind(now - now % SLOT_MS).bind(cpu_ms).execute().await?;
    tx.run("loupes.prune_cpu", PRUNE).bind(now - 2 * DAY_MS).execute().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
