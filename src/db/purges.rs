//! The outbox of purges. A purge is written in the transaction of its change and becomes one delivery for each cache;
//! deliveries are leased, sent, and sent again until the cache has acknowledged them.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;
use sqlx::types::Json;

use crate::{
    domain::{
        audit::{Action, Actor},
        keys::hex,
        purge::{MAX_WAIT_MS, Purge, round_at_ms, rounds_until, wait_ms},
        trace::TraceContext,
    },
    traces,
};

use super::{
    Db, DbError,
    audit::record,
    count,
    engine::{Bind, Tx},
    random,
};

/// A delivery is tried for this long before it fails.
const FAIL_AFTER_MS: i64 = 3 * 86_400_000;
/// A failed delivery stays in the list for this long.
const KEEP_FAILED_MS: i64 = 30 * 86_400_000;
/// A purge without deliveries is kept for this long, since a cache may be added to the config meanwhile.
const KEEP_UNCLAIMED_MS: i64 = 86_400_000;
/// Deliveries of one batch.
const BATCH: i64 = 200;

/// How hard a purge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Softness {
    /// As the config says for publishing.
    Configured,
    /// Soft or hard, regardless of the config.
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
    /// The cache's name in the config.
    pub target: String,
    /// Soft or hard.
    pub soft: bool,
    /// Whether it has failed for good.
    pub failed: bool,
    /// How often it was acknowledged.
    pub round: i64,
    /// Failed attempts since then.
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
    attempts: i64,
    next_at_ms: i64,
    error: Option<String>,
    at_ms: i64,
}

impl From<DeliveryRow> for Delivery {
    fn from(row: DeliveryRow) -> Self {
        let DeliveryRow { id, purge_id, subject, target, soft, state, round, attempts, .. } = row;
        let DeliveryRow { next_at_ms, error, at_ms, .. } = row;
        let (failed, attempts) = (state == "failed", count(attempts));
        Self { id, purge_id, subject, target, soft, failed, round, attempts, next_at_ms, error, at_ms }
    }
}

/// Deliveries to one cache that this process has leased, as one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedBatch {
    /// Everything that the cache is to evict.
    pub purge: Purge,
    /// Soft or hard.
    pub soft: bool,
    /// The same for the same deliveries in the same round.
    pub key: String,
    /// Where its purges were caused, as far as they belong to traces.
    pub traces: Vec<TraceContext>,
    lease: String,
}

/// Why a delivery is tried again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// For people; holds no secret.
    pub error: String,
    /// The cache has asked for no request for this long.
    pub pause_ms: Option<i64>,
    /// At least so long.
    pub wait_ms: i64,
    /// It was rejected, perhaps because of a single delivery of the batch.
    pub is_refused: bool,
}

/// Writes a purge, in the transaction of its change, whose trace goes on with it. Returns its number.
pub(super) async fn note(
    tx: &mut Tx,
    subject: &str,
    purge: &Purge,
    softness: Softness,
    again: bool,
) -> Result<i64, DbError> {
    const SQL: &str = "insert into purges (subject, what, soft, again, at_ms, trace)
        values ($1, $2, $3, $4, $5, $6) returning id";
    let soft = match softness {
        Softness::Configured => None,
        Softness::Soft(soft) => Some(soft),
    };
    let now = tx.now_ms();
    let statement = tx.run("purges.insert", SQL).bind(subject).bind(Bind::json(purge));
    let trace = traces::context().map(|trace| trace.to_string());
    statement.bind(soft).bind(again).bind(now).bind(trace).scalar().await
}

impl Db {
    /// Writes a purge that a person has requested. Returns its number.
    pub async fn purge_by_hand(
        &self,
        subject: &str,
        purge: &Purge,
        soft: bool,
        actor: &Actor,
    ) -> Result<i64, DbError> {
        let mut tx = self.write("purges.by_hand").await?;
        let id = note(&mut tx, subject, purge, Softness::Soft(soft), false).await?;
        record(&mut tx, actor, Action::Purge, subject, &json!({ "soft": soft })).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a delivery for each of these caches of every purge that has none yet. Returns the number of such purges.
    pub async fn create_deliveries(
        &self,
        targets: &[String],
        soft_as_configured: bool,
    ) -> Result<u64, DbError> {
        const WAITING: &str = "select exists (select 1 from purges where handed_out = false)";
        const DELIVERIES: &str =
            "insert into purge_deliveries (purge_id, target, soft, state, next_at_ms, changed_at_ms)
            select id, $1, coalesce(soft, $2), 'pending', at_ms, $3 from purges where handed_out = false
            on conflict do nothing";
        let waiting: bool = self.read("purges.are_waiting", WAITING).scalar().await?;
        if !waiting || targets.is_empty() {
            return Ok(0);
        }
        let mut tx = self.write("purges.hand_out").await?;
        for target in targets {
            let statement = tx.run("purges.insert_deliveries", DELIVERIES).bind(target);
            statement.bind(soft_as_configured).bind(self.now_ms()).execute().await?;
        }
        let handed_out = tx
            .run("purges.set_handed_out", "update purges set handed_out = true where handed_out = false")
            .execute()
            .await?;
        tx.commit().await?;
        Ok(handed_out)
    }

    /// Leases the deliveries that are due for a cache: those that wait, and those whose lease has expired, since their
    /// process died. Hard and soft ones are not mixed, and a rejected one is alone.
    pub async fn claim_purges(&self, target: &str, lease_ms: i64) -> Result<Option<LeasedBatch>, DbError> {
        const FIRST: &str = "select soft, alone from purge_deliveries
            where target = $1 and state = 'pending' and (lease is null or lease_until_ms < $2)
            and next_at_ms <= $2
            and not exists (select 1 from purge_pauses where target = $1 and until_ms > $2)
            order by alone, next_at_ms, id limit 1";
        const LEASE: &str = "update purge_deliveries set lease = $3, lease_until_ms = $4, changed_at_ms = $2
            where id in (select id from purge_deliveries
                where target = $1 and state = 'pending' and (lease is null or lease_until_ms < $2)
                and soft = $5 and alone = $6 and (next_at_ms <= $2 or (attempts > 0 and alone = false))
                order by next_at_ms, id limit $7)";
        const LEASED: &str = "select d.id, d.round, p.what, p.trace from purge_deliveries d
            join purges p on p.id = d.purge_id where d.lease = $1 order by d.id";
        let now = self.now_ms();
        // Most of the time nothing is due, and finding that out takes no write lock.
        let first: Option<(bool, bool)> =
            self.read("purges.first_due", FIRST).bind(target).bind(now).optional().await?;
        let Some((soft, alone)) = first else { return Ok(None) };
        let lease = hex(&random::<16>()?);
        let mut tx = self.write("purges.claim").await?;
        // Since the cache gets a request now, deliveries that failed before are part of it.
        tx.run("purges.lease", LEASE)
            .bind(target)
            .bind(now)
            .bind(&lease)
            .bind(now + lease_ms)
            .bind(soft)
            .bind(alone)
            .bind(if alone { 1 } else { BATCH })
            .execute()
            .await?;
        let rows: Vec<(i64, i64, Json<Purge>, Option<String>)> =
            tx.run("purges.leased", LEASED).bind(&lease).all().await?;
        tx.commit().await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let (mut purge, mut named, mut traces) = (Purge::default(), String::new(), Vec::new());
        for (id, round, what, trace) in rows {
            traces.extend(trace.as_deref().and_then(TraceContext::parse));
            purge.merge(what.0);
            // Writing to a string cannot fail.
            let _ = write!(named, "{id}.{round} ");
        }
        // Another data folder has the same numbers.
        let folder = self.secret("purge").await?;
        let key = assets_pipeline::digest::Digest::of(format!("{folder} {named}").as_bytes());
        Ok(Some(LeasedBatch { purge, soft, key: format!("girasol-{key}"), traces, lease }))
    }

    /// Notes that the cache has acknowledged what was sent from `told_at_ms` on. Deliveries with another round wait for
    /// it; all others are complete.
    pub async fn acknowledge_purges(&self, batch: &LeasedBatch, told_at_ms: i64) -> Result<(), DbError> {
        const LEASED: &str = "select d.id, p.id, p.again, p.at_ms from purge_deliveries d
            join purges p on p.id = d.purge_id where d.lease = $1";
        const NEXT_ROUND: &str = "update purge_deliveries set round = $1, next_at_ms = $2, attempts = 0,
            alone = false, error = null, lease = null, lease_until_ms = null, changed_at_ms = $3 where id = $4";
        const DELETE_COMPLETE: &str = "delete from purges where id = $1
            and not exists (select 1 from purge_deliveries where purge_id = $1)";
        let mut tx = self.write("purges.acknowledge").await?;
        let rows: Vec<(i64, i64, bool, i64)> =
            tx.run("purges.acknowledged", LEASED).bind(&batch.lease).all().await?;
        for (id, purge_id, again, at_ms) in rows {
            let round = rounds_until(again, at_ms, told_at_ms);
            if let Some(next_at_ms) = round_at_ms(again, at_ms, round) {
                let statement = tx.run("purges.next_round", NEXT_ROUND).bind(round as i64).bind(next_at_ms);
                statement.bind(self.now_ms()).bind(id).execute().await?;
            } else {
                tx.run("purges.delete_delivery", "delete from purge_deliveries where id = $1")
                    .bind(id)
                    .execute()
                    .await?;
                tx.run("purges.delete_complete", DELETE_COMPLETE).bind(purge_id).execute().await?;
            }
        }
        tx.commit().await
    }

    /// Notes that the cache has not acknowledged a batch: it is sent again later, or fails after days. Returns the
    /// subjects of those that failed.
    pub async fn retry_purges(
        &self,
        target: &str,
        batch: &LeasedBatch,
        retry: &Retry,
    ) -> Result<Vec<String>, DbError> {
        const LEASED: &str = "select d.id, d.attempts, p.at_ms, p.subject from purge_deliveries d
            join purges p on p.id = d.purge_id where d.lease = $1";
        const RETRY: &str = "update purge_deliveries set state = $1, attempts = $2, alone = $3, error = $4,
            next_at_ms = $5, lease = null, lease_until_ms = null, changed_at_ms = $6 where id = $7";
        let mut tx = self.write("purges.retry").await?;
        let now = self.now_ms();
        if let Some(pause_ms) = retry.pause_ms {
            pause(&mut tx, target, now + pause_ms).await?;
        }
        let rows: Vec<(i64, i64, i64, String)> =
            tx.run("purges.to_retry", LEASED).bind(&batch.lease).all().await?;
        // One pause for all of them, so that they stay together.
        let [chance] = random::<1>()?;
        let mut failed = Vec::new();
        for (id, attempts, at_ms, subject) in rows {
            let is_over = now - at_ms > FAIL_AFTER_MS;
            let attempts = count(attempts).saturating_add(1);
            let wait_ms = wait_ms(attempts, chance).max(retry.wait_ms.min(MAX_WAIT_MS));
            tx.run("purges.set_retry", RETRY)
                .bind(if is_over { "failed" } else { "pending" })
                .bind(attempts)
                .bind(retry.is_refused)
                .bind(&retry.error)
                .bind(now + wait_ms.max(retry.pause_ms.unwrap_or(0)))
                .bind(now)
                .bind(id)
                .execute()
                .await?;
            if is_over {
                failed.push(subject);
            }
        }
        tx.commit().await?;
        Ok(failed)
    }

    /// The deliveries of these purges that are not complete.
    pub async fn deliveries_of(&self, purges: &[i64]) -> Result<Vec<Delivery>, DbError> {
        const SQL: &str = "select d.*, p.subject, p.at_ms from purge_deliveries d
            join purges p on p.id = d.purge_id where p.id = $1 order by d.id";
        let mut tx = self.snapshot("purges.deliveries").await?;
        let mut deliveries = Vec::new();
        for purge in purges {
            let rows: Vec<DeliveryRow> = tx.run("purges.deliveries_of", SQL).bind(*purge).all().await?;
            deliveries.extend(rows.into_iter().map(Delivery::from));
        }
        Ok(deliveries)
    }

    /// Whether one of these purges has no deliveries yet.
    pub async fn is_to_hand_out(&self, purges: &[i64]) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from purges where id = $1 and handed_out = false)";
        for purge in purges {
            if self.read("purges.is_to_hand_out", SQL).bind(*purge).scalar().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Deliveries that wait to be acknowledged or have failed, the newest first, at most so many. Acknowledged ones that
    /// only wait for another round are left out.
    pub async fn open_deliveries(&self, limit: u32) -> Result<Vec<Delivery>, DbError> {
        const SQL: &str = "select d.*, p.subject, p.at_ms from purge_deliveries d
            join purges p on p.id = d.purge_id
            where d.round = 0 or d.attempts > 0 order by d.id desc limit $1";
        let rows: Vec<DeliveryRow> = self.read("purges.open_deliveries", SQL).bind(limit).all().await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Fails deliveries to caches that are not in the config, and deletes those that failed long ago. Returns how many
    /// failed, by cache.
    pub async fn expire_purges(&self) -> Result<BTreeMap<String, u64>, DbError> {
        const FAIL: &str = "update purge_deliveries set state = 'failed', changed_at_ms = $1,
            error = coalesce(error, 'not sent: no such cache is configured')
            where state = 'pending' and (lease is null or lease_until_ms < $1)
            and (select at_ms from purges where purges.id = purge_id) < $2 returning target";
        const DELETE: &str = "delete from purge_deliveries where state = 'failed' and changed_at_ms < $1";
        const DELETE_UNCLAIMED: &str = "delete from purges where at_ms < $1
            and not exists (select 1 from purge_deliveries where purge_id = purges.id)";
        let mut tx = self.write("purges.sweep").await?;
        let now = self.now_ms();
        // A process that has the cache in its config fails the delivery first, with an error that says more.
        let too_old_ms = now - FAIL_AFTER_MS - 2 * MAX_WAIT_MS;
        let failed: Vec<String> =
            tx.run("purges.fail_unknown", FAIL).bind(now).bind(too_old_ms).scalars().await?;
        tx.run("purges.delete_failed", DELETE).bind(now - KEEP_FAILED_MS).execute().await?;
        tx.run("purges.delete_unclaimed", DELETE_UNCLAIMED).bind(now - KEEP_UNCLAIMED_MS).execute().await?;
        tx.run("purges.end_pauses", "delete from purge_pauses where until_ms < $1")
            .bind(now)
            .execute()
            .await?;
        tx.commit().await?;
        let mut by_target = BTreeMap::new();
        for target in failed {
            *by_target.entry(target).or_default() += 1;
        }
        Ok(by_target)
    }
}

/// Sends a cache nothing until a moment; a longer pause stays.
async fn pause(tx: &mut Tx, target: &str, until_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "insert into purge_pauses (target, until_ms) values ($1, $2)
        on conflict (target) do update set until_ms = excluded.until_ms
        where purge_pauses.until_ms < excluded.until_ms";
    tx.run("purges.pause", SQL).bind(target).bind(until_ms).execute().await?;
    Ok(())
}

#[cfg(test)]
mod tests;
