//! What viewers measured. A row is one look; nothing in it says whose.

use crate::domain::vitals::Vitals;

use super::{Db, DbError};

impl Db {
    /// Keeps views at configurations that exist.
    pub async fn keep_vitals(&self, views: &[Vitals], at_ms: i64) -> Result<(), DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        for look in views {
            sqlx::query(
                "insert into vitals (at_ms, configuration_id, tier, frame_ms, spin_ms, full_ms, switches,
                 switch_ms, turned, wanted, bytes, errors)
                 select $1, id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 from configurations where id = $2",
            )
            .bind(at_ms)
            .bind(look.configuration.as_str())
            .bind(look.tier.as_str())
            .bind(look.frame_ms)
            .bind(look.spin_ms)
            .bind(look.full_ms)
            .bind(look.switches)
            .bind(look.switch_ms)
            .bind(look.turned)
            .bind(look.wanted)
            .bind(i64::try_from(look.bytes).unwrap_or(i64::MAX))
            .bind(look.errors)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets views from before a moment, and the oldest beyond so many. Answers how many went.
    pub async fn forget_vitals(&self, before_ms: i64, keep: i64) -> Result<u64, DbError> {
        let gone = sqlx::query(
            "delete from vitals where at_ms < $1
             or id <= (select id from vitals order by id desc limit 1 offset $2)",
        )
        .bind(before_ms)
        .bind(keep)
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn old_looks_and_too_many_are_forgotten() {
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
            let views = [look("ring.solitaire"), look("ring.made-up")];
            db.keep_vitals(&views, at_ms).await.unwrap();
        }
        // What nobody has is not kept.
        assert_eq!(db.forget_vitals(3, 100).await.unwrap(), 2);
        assert_eq!(db.forget_vitals(3, 5).await.unwrap(), 2);
        assert_eq!(db.forget_vitals(3, 5).await.unwrap(), 0);
    }
}
