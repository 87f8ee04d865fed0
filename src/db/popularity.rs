//! What visitors look at, lately.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::names::{ConfigId, ProductId};

use super::{Db, DbError, products, read};

/// In which a look loses half of its weight: a week, in milliseconds.
const HALF_LIFE_MS: f64 = 7.0 * 24.0 * 3_600_000.0;

/// The heat after so many views at a moment: log2 of the decayed count, plus the time in half-lives. What was counted
/// before has halved as often as half-lives have passed, which leaves its heat as it was.
fn heated(heat: Option<f64>, views: u32, at_ms: i64) -> f64 {
    let now = at_ms as f64 / HALF_LIFE_MS;
    let before = heat.map_or(0.0, |heat| (heat - now).exp2());
    (before + f64::from(views)).log2() + now
}

impl Db {
    /// Counts views at configurations that exist. Products whose most popular ones are others by now get a new
    /// revision, and are named.
    pub async fn count_looks(
        &self,
        views: &BTreeMap<ConfigId, u32>,
        at_ms: i64,
    ) -> Result<Vec<ProductId>, DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let ids: BTreeSet<ProductId> = views.keys().map(ConfigId::product).collect();
        let mut before = BTreeMap::new();
        for id in ids {
            if let Some(product) = products::load(&mut tx, &id).await? {
                before.insert(id, product.popular);
            }
        }
        for (id, count) in
            views.iter().filter(|(id, count)| **count > 0 && before.contains_key(&id.product()))
        {
            let heat: Option<f64> =
                sqlx::query_scalar("select heat from popularity where configuration_id = $1")
                    .bind(id.as_str())
                    .fetch_optional(&mut *tx)
                    .await?;
            sqlx::query(
                "insert into popularity (configuration_id, product_id, heat)
                 select id, product_id, $2 from configurations where id = $1
                 on conflict (configuration_id) do update set heat = excluded.heat",
            )
            .bind(id.as_str())
            .bind(heated(heat, *count, at_ms))
            .execute(&mut *tx)
            .await?;
        }
        let mut moved = Vec::new();
        for (id, popular) in before {
            let now = products::load(&mut tx, &id).await?;
            if now.is_some_and(|now| now.popular != popular) {
                products::bump(&mut tx, &id.to_string()).await?;
                moved.push(id);
            }
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// What is looked at most of all that is live, the most popular first; what nobody has looked at yet comes last,
    /// the newest first.
    pub async fn most_popular(&self, limit: u32) -> Result<Vec<ConfigId>, DbError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "select c.id from configurations c left join popularity p on p.configuration_id = c.id
             where c.live_version is not null and c.namespace is null order by p.heat is null, p.heat desc, c.created_at_ms desc limit $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        ids.iter().map(|id| read("configuration", id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_loses_half_of_its_weight_in_a_week() {
        let week = HALF_LIFE_MS as i64;
        let now = 1_800_000_000_000;
        // Eight of three weeks ago are as many as one of now.
        let long_ago = heated(None, 8, now - 3 * week);
        assert!((long_ago - heated(None, 1, now)).abs() < 1e-9);
        // Together they are two.
        assert!((heated(Some(long_ago), 1, now) - heated(None, 2, now)).abs() < 1e-9);
    }
}
