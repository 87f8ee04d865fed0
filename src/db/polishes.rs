//! Polishing: which spins can be polished, what was tried, and how much CPU time it took. `lease` is the worker's side of it.
//!
//! One spin at a time is polished, by any process. It is no job: jobs are the artists', and go first. What was tried stays
//! written down, so that nothing is tried twice.

mod lease;

use assets_pipeline::digest::Digest;
use sqlx::types::Json;

use crate::{
    domain::{
        frameset::TurnSettings,
        gain::Gain,
        names::ConfigId,
        polish::{Candidate, DAY_MS, Facts, Situation, Spin, State},
    },
    signals::Topic,
};

use super::{Db, DbError, engine::Tx, ingests::HEARTBEAT_MAX_AGE_MS, parse};

pub use lease::{Leased, Renewed};
pub(super) use lease::{holds, is_current, set_better};

/// CPU time is added up for so long, in milliseconds.
pub(super) const SLOT_MS: i64 = 600_000;

/// SQL that says whether a spin is queued, or being polished.
const IS_ONE_OPEN: &str = "select exists (select 1 from polishes where state in ('queued', 'running'))";

/// SQL that says whether anything is encoded for an artist, or waits for a worker: $1 is now, $2 when an ingest counts as dead.
macro_rules! is_busy {
    () => {
        "(exists (select 1 from jobs where (state = 'queued' and run_at_ms <= $1) or state = 'running')
          or exists (select 1 from ingests where heartbeat_at_ms >= $2))"
    };
}

pub(super) use is_busy;

/// SQL that says of a live version `v` that no newer one of the artist's is there, also none that is being stored.
macro_rules! is_newest {
    () => {
        "not exists (select 1 from versions newer where newer.configuration_id = v.configuration_id
             and newer.version > v.version and newer.kind = 'full' and newer.variant_of is null
             and (newer.remove_at_ms is null or newer.state = 'pending'))"
    };
}

use is_newest;

/// A try.
#[derive(Debug, Clone, PartialEq)]
pub struct Polish {
    /// Whose spin it is.
    pub configuration: ConfigId,
    /// What was live.
    pub version: i64,
    /// What became of it.
    pub state: State,
    /// The version that it made.
    pub made: Option<i64>,
    /// Quality before and after, once that is known.
    pub gains: Vec<Gain>,
    /// CPU time that it took, in milliseconds.
    pub cpu_ms: i64,
    /// When anything of it changed last.
    pub changed_at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct PolishRow {
    configuration_id: String,
    version: i64,
    state: String,
    made_version: Option<i64>,
    gains: Option<Json<Vec<Gain>>>,
    cpu_ms: i64,
    changed_at_ms: i64,
}

impl PolishRow {
    fn polish(self) -> Result<Polish, DbError> {
        Ok(Polish {
            configuration: parse("configuration", &self.configuration_id)?,
            version: self.version,
            state: parse("state", &self.state)?,
            made: self.made_version,
            gains: self.gains.map(|gains| gains.0).unwrap_or_default(),
            cpu_ms: self.cpu_ms,
            changed_at_ms: self.changed_at_ms,
        })
    }
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
    id: String,
    version: i64,
    published_at_ms: i64,
    source: String,
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
            published_at_ms: self.published_at_ms,
            frameset: parse("frame set", &self.frameset_id)?,
            source: parse("digest", &self.source)?,
            spin: Spin {
                turn: self.turn.0,
                settings: parse("digest", &self.settings)?,
                is_of_job: self.is_of_job,
            },
        })
    }
}

/// Whether anything is encoded for an artist, or waits for a worker.
pub(super) async fn has_work(tx: &mut Tx) -> Result<bool, DbError> {
    const SQL: &str = concat!("select ", is_busy!());
    let now = tx.now_ms();
    tx.run("polishes.is_busy", SQL).bind(now).bind(now - HEARTBEAT_MAX_AGE_MS).scalar().await
}

impl Db {
    /// What the queue and the books show now.
    pub async fn polish_situation(&self) -> Result<Situation, DbError> {
        const SQL: &str = concat!(
            "select ",
            is_busy!(),
            ", (select changed_at_ms from jobs where state in ('ready', 'failed', 'cancelled')
                order by changed_at_ms desc limit 1),
               (select cast(coalesce(sum(cpu_ms), 0) as bigint) from polish_cpu where at_ms > $3)"
        );
        let now = self.now_ms();
        let statement = self.read("polishes.situation", SQL).bind(now).bind(now - HEARTBEAT_MAX_AGE_MS);
        // A slot counts until all of it is a day old.
        let (is_busy, ended_at_ms, cpu_ms) = statement.bind(now - DAY_MS - SLOT_MS).one().await?;
        Ok(Situation { is_busy, ended_at_ms, cpu_ms })
    }

    /// Whether a spin is queued, or being polished.
    pub async fn is_polish_open(&self) -> Result<bool, DbError> {
        self.read("polishes.is_open", IS_ONE_OPEN).scalar().await
    }

    /// Live spins that were not tried, each with raw frames that it was made from: the most looked-at first, and those
    /// without views last. A spin is listed for each set of such frames. At most `limit` of them after `offset`.
    pub async fn polish_candidates(&self, limit: u32, offset: u32) -> Result<Vec<Candidate>, DbError> {
        const SQL: &str = concat!(
            "select c.id, v.version, v.published_at_ms, v.source, v.settings, f.id as frameset_id, f.settings as turn,
             coalesce(j.version = v.version, false) as is_of_job
             from configurations c
             join versions v on v.configuration_id = c.id and v.version = c.live_version
             join jobs j on j.configuration_id = c.id and j.source = v.source and j.state = 'ready'
             join framesets f on f.id = j.frameset_id
             left join popularity p on p.configuration_id = c.id
             where c.namespace is null and v.kind = 'full' and v.state = 'complete' and v.remove_at_ms is null
             and v.variant_of is null and v.published_at_ms is not null and ",
            is_newest!(),
            " and not exists (select 1 from polishes t where t.configuration_id = c.id and t.version = v.version)
             and exists (select 1 from frames r where r.frameset_id = f.id)
             order by case when p.heat is null then 1 else 0 end, p.heat desc, c.id,
                      case when j.version = v.version then 0 else 1 end, f.id
             limit $1 offset $2"
        );
        let rows: Vec<CandidateRow> =
            self.read("polishes.candidates", SQL).bind(limit).bind(offset).all().await?;
        rows.into_iter().map(CandidateRow::candidate).collect()
    }

    /// Queues a try of a spin with settings of this digest, unless anything is queued or under way, the spin is not as it
    /// was, or the same was tried before. Answers whether it is queued.
    pub async fn queue_polish(&self, candidate: &Candidate, settings: Digest) -> Result<bool, DbError> {
        const INSERT: &str =
            "insert into polishes (configuration_id, version, published_at_ms, frameset_id, source,
                settings, state, run_at_ms, created_at_ms, changed_at_ms)
            values ($1, $2, $3, $4, $5, $6, 'queued', $7, $7, $7)
            on conflict (configuration_id, source, settings) do nothing";
        let Candidate { configuration, version, published_at_ms, frameset, source, .. } = candidate;
        let mut tx = self.write("polishes.queue").await?;
        if has_work(&mut tx).await?
            || tx.run("polishes.is_one_open", IS_ONE_OPEN).scalar().await?
            || !is_current(&mut tx, configuration, *version, *published_at_ms).await?
        {
            return Ok(false);
        }
        let now = tx.now_ms();
        let statement = tx.run("polishes.insert", INSERT).bind(configuration.as_str()).bind(*version);
        let statement = statement.bind(*published_at_ms).bind(frameset.as_str()).bind(source.to_string());
        let inserted = statement.bind(settings.to_string()).bind(now).execute().await? == 1;
        tx.wake(&[Topic::Jobs]);
        tx.commit().await?;
        Ok(inserted)
    }

    /// The last try of a configuration's live version, or the one that has made it.
    pub async fn polish_of(&self, id: &ConfigId) -> Result<Option<Polish>, DbError> {
        const SQL: &str = "select t.* from polishes t join configurations c on c.id = t.configuration_id
            where c.id = $1 and (t.version = c.live_version or t.made_version = c.live_version)
            order by t.id desc limit 1";
        let row: Option<PolishRow> = self.read("polishes.of", SQL).bind(id.as_str()).optional().await?;
        row.map(PolishRow::polish).transpose()
    }

    /// The tries that changed last, at most so many.
    pub async fn polishes(&self, limit: u32) -> Result<Vec<Polish>, DbError> {
        const SQL: &str = "select * from polishes order by changed_at_ms desc, id desc limit $1";
        let rows: Vec<PolishRow> = self.for_reports().read("polishes.list", SQL).bind(limit).all().await?;
        rows.into_iter().map(PolishRow::polish).collect()
    }

    /// What is known of a configuration's live spin, whether it can be polished or not.
    pub async fn polish_facts(&self, id: &ConfigId) -> Result<Facts, DbError> {
        const LIVE: &str = concat!(
            "select v.kind = 'full', c.namespace is not null, ",
            is_newest!(),
            ", v.variant_of is not null from configurations c
             join versions v on v.configuration_id = c.id and v.version = c.live_version where c.id = $1"
        );
        const SPINS: &str =
            "select f.settings, v.settings, coalesce(j.version = v.version, false) from configurations c
            join versions v on v.configuration_id = c.id and v.version = c.live_version
            join jobs j on j.configuration_id = c.id and j.source = v.source and j.state = 'ready'
            join framesets f on f.id = j.frameset_id
            where c.id = $1 and exists (select 1 from frames r where r.frameset_id = f.id)";
        let mut tx = self.snapshot("polishes.facts").await?;
        let live: Option<(bool, bool, bool, bool)> =
            tx.run("polishes.live", LIVE).bind(id.as_str()).optional().await?;
        let (is_live, is_protected, is_newest, is_polished) = live.unwrap_or_default();
        let spins: Vec<(Json<TurnSettings>, String, bool)> =
            tx.run("polishes.spins", SPINS).bind(id.as_str()).all().await?;
        let spin = |(Json(turn), settings, is_of_job): (Json<TurnSettings>, String, bool)| {
            Ok(Spin { turn, settings: parse("digest", &settings)?, is_of_job })
        };
        let spins = spins.into_iter().map(spin).collect::<Result<_, DbError>>()?;
        Ok(Facts { is_live, is_protected, is_newest, is_polished, spins })
    }
}

/// Adds CPU time to a try and to the book of the day.
async fn add_cpu(tx: &mut Tx, leased: &Leased, cpu_ms: i64) -> Result<(), DbError> {
    const TO_TRY: &str = "update polishes set cpu_ms = cpu_ms + $1 where id = $2";
    const ADD: &str = "insert into polish_cpu (at_ms, cpu_ms) values ($1, $2)
        on conflict (at_ms) do update set cpu_ms = polish_cpu.cpu_ms + excluded.cpu_ms";
    const PRUNE: &str = "delete from polish_cpu where at_ms < $1";
    if cpu_ms == 0 {
        return Ok(());
    }
    tx.run("polishes.add_cpu_to_try", TO_TRY).bind(cpu_ms).bind(leased.id).execute().await?;
    let now = tx.now_ms();
    tx.run("polishes.add_cpu", ADD).bind(now - now % SLOT_MS).bind(cpu_ms).execute().await?;
    tx.run("polishes.prune_cpu", PRUNE).bind(now - 2 * DAY_MS).execute().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
