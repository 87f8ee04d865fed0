//! What caches outside have still to be told. A purge is written in the transaction of its change; it is handed out
//! as one delivery for each cache, and those are leased, told, and tried again until they have been heard.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;
use sqlx::{SqliteConnection, types::Json};

use crate::domain::{
    audit::{Action, Actor},
    keys::hex,
    purge::{MAX_WAIT_MS, Purge, round_at_ms, rounds_until, wait_ms},
};

use super::{Db, DbError, audit::record, now_ms, random};

/// How long a delivery is tried before it is given up.
const GIVE_UP_MS: i64 = 3 * 86_400_000;
/// How long one that was given up stays in the list.
const FAILED_KEPT_MS: i64 = 30 * 86_400_000;
/// How long a purge waits for somebody who knows a cache: what is purged may be configured tomorrow.
const UNCLAIMED_KEPT_MS: i64 = 86_400_000;
/// Deliveries of one batch.
const BATCH: i64 = 200;

/// How hard a purge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Softness {
    /// As the config says for publishing.
    Configured,
    /// Whatever it says.
    Soft(bool),
}

/// A purge on its way to one cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// Of the purge that it belongs to.
    pub purge_id: i64,
    /// What is purged, for people.
    pub subject: String,
    /// Which cache.
    pub target: String,
    /// Soft or hard.
    pub soft: bool,
    /// Whether it was given up.
    pub failed: bool,
    /// How often it was heard.
    pub round: i64,
    /// Attempts in vain since then.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at_ms: i64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When the purge was written.
    pub at_ms: i64,
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: i64,
    purge_id: i64,
    subject: String,
    target: String,
    soft: bool,
    state: String,
    round: i64,
    attempts: u32,
    next_at_ms: i64,
    error: Option<String>,
    at_ms: i64,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { id, purge_id, subject, target, soft, state, round, attempts, .. } = row;
        let DeliveryRow { next_at_ms, error, at_ms, .. } = row;
        let failed = state == "failed";
        Self { id, purge_id, subject, target, soft, failed, round, attempts, next_at_ms, error, at_ms }
    }
}

/// Deliveries to one cache that this process has for a while, as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedBatch {
    /// All that is to be let go of.
    pub purge: Purge,
    /// Soft or hard.
    pub soft: bool,
    /// The same for the same deliveries in the same round.
    pub key: String,
    lease: String,
}

/// Why a delivery is tried again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setback {
    /// For people; holds no secret.
    pub error: String,
    /// The cache wants to be left alone for so long.
    pub pause_ms: Option<i64>,
    /// At least so long.
    pub wait_ms: i64,
    /// It was refused, so that it may be one of the batch that is at fault.
    pub is_refused: bool,
}

/// Writes a purge down, in the transaction of its change.
pub(super) async fn note(
    tx: &mut SqliteConnection,
    subject: &str,
    purge: &Purge,
    softness: Softness,
    again: bool,
) -> Result<i64, DbError> {
    let soft = match softness {
        Softness::Configured => None,
        Softness::Soft(soft) => Some(soft),
    };
    let id = sqlx::query_scalar(
        "insert into purges (subject, what, soft, again, at_ms) values ($1, $2, $3, $4, $5) returning id",
    );
    Ok(id.bind(subject).bind(Json(purge)).bind(soft).bind(again).bind(now_ms()).fetch_one(tx).await?)
}

impl Db {
    /// Writes the hard purge of objects that are about to be deleted at once. Answers its number.
    pub async fn purge_objects(&self, subject: &str, purge: &Purge) -> Result<i64, DbError> {
        let mut connection = self.pool.acquire().await?;
        note(&mut connection, subject, purge, Softness::Soft(false), true).await
    }

    /// Writes down what somebody wants purged by hand. Answers its number.
    pub async fn purge_by_hand(
        &self,
        subject: &str,
        purge: &Purge,
        soft: bool,
        actor: &Actor,
    ) -> Result<i64, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let id = note(&mut tx, subject, purge, Softness::Soft(soft), false).await?;
        record(&mut tx, actor, Action::Purge, subject, &json!({ "soft": soft })).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a delivery for each of these caches of every purge that has none yet. Answers how many purges there were.
    pub async fn hand_out_purges(
        &self,
        targets: &[String],
        soft_as_configured: bool,
    ) -> Result<u64, DbError> {
        let waiting: bool = sqlx::query_scalar("select exists (select 1 from purges where handed_out = 0)")
            .fetch_one(&self.pool)
            .await?;
        if !waiting || targets.is_empty() {
            return Ok(0);
        }
        let mut tx = self.pool.begin_with("begin immediate").await?;
        for target in targets {
            sqlx::query(
                "insert into purge_deliveries (purge_id, target, soft, state, next_at_ms, changed_at_ms)
                 select id, $1, coalesce(soft, $2), 'pending', at_ms, $3 from purges where handed_out = 0
                 on conflict do nothing",
            )
            .bind(target)
            .bind(soft_as_configured)
            .bind(now_ms())
            .execute(&mut *tx)
            .await?;
        }
        let handed_out =
            sqlx::query("update purges set handed_out = 1 where handed_out = 0").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(handed_out.rows_affected())
    }

    /// Takes what is due for a cache, for as long as a lease lasts: what waits, or what somebody had who died. Hard
    /// and soft do not go together, and what was refused goes alone.
    pub async fn claim_purges(&self, target: &str, lease_ms: i64) -> Result<Option<LeasedBatch>, DbError> {
        let now = now_ms();
        let free = "target = $1 and state = 'pending' and (lease is null or lease_until_ms < $2)";
        let first = format!(
            "select soft, alone from purge_deliveries where {free} and next_at_ms <= $2
             and not exists (select 1 from purge_pauses where target = $1 and until_ms > $2)
             order by alone, next_at_ms, id limit 1"
        );
        // Mostly there is nothing, which takes no lock to find out.
        let first: Option<(bool, bool)> = sqlx::query_as(sqlx::AssertSqlSafe(first))
            .bind(target)
            .bind(now)
            .fetch_optional(&self.pool)
            .await?;
        let Some((soft, alone)) = first else { return Ok(None) };
        let lease = hex(&random::<16>()?);
        let mut tx = self.pool.begin_with("begin immediate").await?;
        // Since the cache is asked now, what was not heard before goes along.
        let claim = format!(
            "update purge_deliveries set lease = $3, lease_until_ms = $4, changed_at_ms = $2
             where id in (select id from purge_deliveries where {free} and soft = $5 and alone = $6
                          and (next_at_ms <= $2 or (attempts > 0 and alone = 0))
                          order by next_at_ms, id limit $7)"
        );
        sqlx::query(sqlx::AssertSqlSafe(claim))
            .bind(target)
            .bind(now)
            .bind(&lease)
            .bind(now + lease_ms)
            .bind(soft)
            .bind(alone)
            .bind(if alone { 1 } else { BATCH })
            .execute(&mut *tx)
            .await?;
        let rows: Vec<(i64, i64, Json<Purge>)> = sqlx::query_as(
            "select d.id, d.round, p.what from purge_deliveries d join purges p on p.id = d.purge_id
             where d.lease = $1 order by d.id",
        )
        .bind(&lease)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let (mut purge, mut named) = (Purge::default(), String::new());
        for (id, round, what) in rows {
            purge.merge(what.0);
            // Writing to a string cannot fail.
            let _ = write!(named, "{id}.{round} ");
        }
        // Numbers begin anew in another data folder.
        let folder = self.secret("purge").await?;
        let key = assets_pipeline::digest::Digest::of(format!("{folder} {named}").as_bytes());
        Ok(Some(LeasedBatch { purge, soft, key: format!("girasol-{key}"), lease }))
    }

    /// What was told was heard, by whoever was told from this moment on. What is told again waits for its next round;
    /// the rest is over.
    pub async fn heard_purges(&self, batch: &LeasedBatch, told_at_ms: i64) -> Result<(), DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let rows: Vec<(i64, i64, bool, i64)> = sqlx::query_as(
            "select d.id, p.id, p.again, p.at_ms from purge_deliveries d join purges p on p.id = d.purge_id
             where d.lease = $1",
        )
        .bind(&batch.lease)
        .fetch_all(&mut *tx)
        .await?;
        for (id, purge_id, again, at_ms) in rows {
            let round = rounds_until(again, at_ms, told_at_ms);
            let Some(next_at_ms) = round_at_ms(again, at_ms, round) else {
                sqlx::query("delete from purge_deliveries where id = $1").bind(id).execute(&mut *tx).await?;
                sqlx::query(
                    "delete from purges where id = $1
                     and not exists (select 1 from purge_deliveries where purge_id = $1)",
                )
                .bind(purge_id)
                .execute(&mut *tx)
                .await?;
                continue;
            };
            sqlx::query(
                "update purge_deliveries set round = $1, next_at_ms = $2, attempts = 0, alone = 0, error = null,
                 lease = null, lease_until_ms = null, changed_at_ms = $3 where id = $4",
            )
            .bind(round as i64)
            .bind(next_at_ms)
            .bind(now_ms())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What was told was not heard: it is tried again later, or given up after days. Answers what was given up.
    pub async fn set_back_purges(
        &self,
        target: &str,
        batch: &LeasedBatch,
        setback: &Setback,
    ) -> Result<Vec<String>, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let now = now_ms();
        if let Some(pause_ms) = setback.pause_ms {
            sqlx::query(
                "insert into purge_pauses (target, until_ms) values ($1, $2)
                 on conflict (target) do update set until_ms = max(until_ms, excluded.until_ms)",
            )
            .bind(target)
            .bind(now + pause_ms)
            .execute(&mut *tx)
            .await?;
        }
        let rows: Vec<(i64, u32, i64, String)> = sqlx::query_as(
            "select d.id, d.attempts, p.at_ms, p.subject from purge_deliveries d join purges p on p.id = d.purge_id
             where d.lease = $1",
        )
        .bind(&batch.lease)
        .fetch_all(&mut *tx)
        .await?;
        // One pause for all of them: they go together again.
        let [chance] = random::<1>()?;
        let mut given_up = Vec::new();
        for (id, attempts, at_ms, subject) in rows {
            let is_over = now - at_ms > GIVE_UP_MS;
            let attempts = attempts.saturating_add(1);
            let wait_ms = wait_ms(attempts, chance).max(setback.wait_ms.min(MAX_WAIT_MS));
            sqlx::query(
                "update purge_deliveries set state = $1, attempts = $2, alone = $3, error = $4, next_at_ms = $5,
                 lease = null, lease_until_ms = null, changed_at_ms = $6 where id = $7",
            )
            .bind(if is_over { "failed" } else { "pending" })
            .bind(attempts)
            .bind(setback.is_refused)
            .bind(&setback.error)
            .bind(now + wait_ms.max(setback.pause_ms.unwrap_or(0)))
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
            if is_over {
                given_up.push(subject);
            }
        }
        tx.commit().await?;
        Ok(given_up)
    }

    /// The deliveries of these purges that are not over.
    pub async fn deliveries_of(&self, purges: &[i64]) -> Result<Vec<Delivery>, DbError> {
        let rows: Vec<DeliveryRow> = sqlx::query_as(
            "select d.*, p.subject, p.at_ms from purge_deliveries d join purges p on p.id = d.purge_id
             where p.id in (select value from json_each($1)) order by d.id",
        )
        .bind(Json(purges))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Whether one of these purges still waits to be handed out.
    pub async fn is_to_hand_out(&self, purges: &[i64]) -> Result<bool, DbError> {
        Ok(sqlx::query_scalar(
            "select exists (select 1 from purges where handed_out = 0 and id in (select value from json_each($1)))",
        )
        .bind(Json(purges))
        .fetch_one(&self.pool)
        .await?)
    }

    /// What has still to be told and what was given up, the newest first, at most so many. What was heard and is only
    /// told once more is not among it.
    pub async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>, DbError> {
        let rows: Vec<DeliveryRow> = sqlx::query_as(
            "select d.*, p.subject, p.at_ms from purge_deliveries d join purges p on p.id = d.purge_id
             where d.round = 0 or d.attempts > 0 order by d.id desc limit $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Gives up what no cache of the config is there for, and forgets what was given up long ago. Answers what was
    /// given up, by cache.
    pub async fn sweep_purges(&self) -> Result<BTreeMap<String, u64>, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let now = now_ms();
        let given_up: Vec<String> = sqlx::query_scalar(
            "update purge_deliveries set state = 'failed', changed_at_ms = $1,
             error = coalesce(error, 'nobody has tried: no such cache is configured')
             where state = 'pending' and (lease is null or lease_until_ms < $1)
             and (select at_ms from purges where purges.id = purge_id) < $2 returning target",
        )
        .bind(now)
        // Whoever has the cache in the config gives it up with its own words.
        .bind(now - GIVE_UP_MS - 2 * MAX_WAIT_MS)
        .fetch_all(&mut *tx)
        .await?;
        sqlx::query("delete from purge_deliveries where state = 'failed' and changed_at_ms < $1")
            .bind(now - FAILED_KEPT_MS)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "delete from purges where at_ms < $1
             and not exists (select 1 from purge_deliveries where purge_id = purges.id)",
        )
        .bind(now - UNCLAIMED_KEPT_MS)
        .execute(&mut *tx)
        .await?;
        sqlx::query("delete from purge_pauses where until_ms < $1").bind(now).execute(&mut *tx).await?;
        tx.commit().await?;
        let mut by_target = BTreeMap::new();
        for target in given_up {
            *by_target.entry(target).or_default() += 1;
        }
        Ok(by_target)
    }
}

#[cfg(test)]
mod tests;
