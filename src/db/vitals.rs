//! What viewers measured. A row is one view of a spin; nothing in it identifies the visitor.

use std::collections::BTreeMap;

use crate::domain::{
    names::{ConfigId, ProductId},
    vitals::Vitals,
};

use super::{
    Db, DbError,
    demand::{self, Wanted},
    engine::Tx,
    from_bytes, popularity,
};

/// What a server has seen of its visitors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// What viewers measured.
    pub vitals: Vec<Vitals>,
    /// Views of each configuration.
    pub views: BTreeMap<ConfigId, u32>,
    /// Requests for configurations without a spin.
    pub demand: BTreeMap<ConfigId, Wanted>,
}

impl Db {
    /// Records measurements, and counts views and demand of configurations, in one transaction: all of it or nothing.
    /// Measurements and views that name a configuration that does not exist are left out. Returns the products whose most
    /// popular configurations have changed; they have a new revision.
    pub async fn record(&self, seen: &Seen, keep_demand: u32, at_ms: i64) -> Result<Vec<ProductId>, DbError> {
        let mut tx = self.write("views.record").await?;
        for one in &seen.vitals {
            insert(&mut tx, one, at_ms).await?;
        }
        let moved = popularity::count_views(&mut tx, &seen.views, at_ms).await?;
        demand::count(&mut tx, &seen.demand, keep_demand, at_ms).await?;
        tx.commit().await?;
        Ok(moved)
    }

    /// Views in which the viewer switched to another choice, by the minute from a moment on: those whose slowest switch took
    /// more than so many milliseconds, and all.
    pub async fn slow_switches(&self, since_ms: i64, most_ms: u32) -> Result<Vec<(i64, i64, i64)>, DbError> {
        const SQL: &str = "select minute_ms, cast(sum(is_slow) as bigint), count(*) from (
            select at_ms - at_ms % 60000 as minute_ms, case when switch_ms > $2 then 1 else 0 end as is_slow
            from vitals where at_ms >= $1 and switch_ms is not null) s
            group by minute_ms order by minute_ms";
        self.read("vitals.slow_switches", SQL).bind(since_ms).bind(most_ms).all().await
    }

    /// Deletes measurements from before a moment, and the oldest ones beyond `keep`. Returns how many.
    pub async fn prune_vitals(&self, before_ms: i64, keep: i64) -> Result<u64, DbError> {
        const SQL: &str = "delete from vitals where at_ms < $1
            or id <= (select id from vitals order by id desc limit 1 offset $2)";
        self.run("vitals.prune", SQL).bind(before_ms).bind(keep).execute().await
    }
}

async fn insert(tx: &mut Tx, vitals: &Vitals, at_ms: i64) -> Result<(), DbError> {
    const SQL: &str =
        "insert into vitals (at_ms, configuration_id, tier, frame_ms, spin_ms, full_ms, switches,
        switch_ms, turned, wanted, bytes, errors)
        select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 from configurations where id = $2";
    tx.run("vitals.insert", SQL)
        .bind(at_ms)
        .bind(vitals.configuration.as_str())
        .bind(vitals.tier.as_str())
        .bind(vitals.frame_ms)
        .bind(vitals.spin_ms)
        .bind(vitals.full_ms)
        .bind(vitals.switches)
        .bind(vitals.switch_ms)
        .bind(vitals.turned)
        .bind(vitals.wanted)
        .bind(from_bytes(vitals.bytes))
        .bind(vitals.errors)
        .execute()
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slow_switches_are_counted_by_the_minute() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let product = "ring/solitaire".parse().unwrap();
        db.ensure_product(&product, &[]).await.unwrap();
        db.ensure_configuration(&product, &"ring.solitaire".parse().unwrap(), &[].into()).await.unwrap();
        for (at_ms, switch_ms) in [(0, 999), (60_000, 301), (60_001, 300), (119_999, 302), (120_000, 5)] {
            let text = format!(
                r#"{{"schema": "girasol.vitals/1", "configuration": "ring.solitaire", "tier": "standard",
                    "switches": 1, "switch_ms": {switch_ms}}}"#
            );
            let vitals = vec![serde_json::from_str(&text).unwrap()];
            db.record(&Seen { vitals, ..Seen::default() }, 0, at_ms).await.unwrap();
        }
        let counted = db.slow_switches(60_000, 300).await.unwrap();
        assert_eq!(counted, [(60_000, 2, 3), (120_000, 0, 1)]);
    }

    #[tokio::test]
    async fn old_measurements_and_too_many_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let product = "ring/solitaire".parse().unwrap();
        db.ensure_product(&product, &[]).await.unwrap();
        db.ensure_configuration(&product, &"ring.solitaire".parse().unwrap(), &[].into()).await.unwrap();
        let look = |id: &str| -> Vitals {
            let text =
                format!(r#"{{"schema": "girasol.vitals/1", "configuration": "{id}", "tier": "standard"}}"#);
            serde_json::from_str(&text).unwrap()
        };
        for at_ms in 1..=9 {
            let vitals = vec![look("ring.solitaire"), look("ring.made-up")];
            db.record(&Seen { vitals, ..Seen::default() }, 0, at_ms).await.unwrap();
        }
        // Measurements of a configuration that does not exist are left out.
        assert_eq!(db.prune_vitals(3, 100).await.unwrap(), 2);
        assert_eq!(db.prune_vitals(3, 5).await.unwrap(), 2);
        assert_eq!(db.prune_vitals(3, 5).await.unwrap(), 0);
    }
}
