//! How popular configurations are: views, with a half-life of one week.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::names::{ConfigId, ProductId};

use super::{Db, DbError, engine::Tx, parse, products};

/// A view loses half of its weight in a week. In milliseconds.
const HALF_LIFE_MS: f64 = 7.0 * 24.0 * 3_600_000.0;

/// The heat after so many views at a moment: log2 of the decayed count, plus the time in half-lives. What was counted
/// before has halved as often as half-lives have passed, which leaves its heat as it was.
fn heated(heat: Option<f64>, views: u32, at_ms: i64) -> f64 {
    let now = at_ms as f64 / HALF_LIFE_MS;
    let before = heat.map_or(0.0, |heat| (heat - now).exp2());
    (before + f64::from(views)).log2() + now
}

/// Counts views of configurations that exist. Products whose most popular configurations have changed get a new
/// revision, and are returned.
pub(super) async fn count_views(
    tx: &mut Tx,
    views: &BTreeMap<ConfigId, u32>,
    at_ms: i64,
) -> Result<Vec<ProductId>, DbError> {
    const HEAT: &str = "select heat from popularity where configuration_id = $1";
    const SET_HEAT: &str = "insert into popularity (configuration_id, product_id, heat)
        select id, product_id, $2 from configurations where id = $1
        on conflict (configuration_id) do update set heat = excluded.heat";
    let mut before = BTreeMap::new();
    for id in views.keys().map(ConfigId::product).collect::<BTreeSet<_>>() {
        let popular = products::popular(tx, &id).await?;
        before.insert(id, popular);
    }
    for (id, count) in views.iter().filter(|(_, count)| **count > 0) {
        let heat: Option<f64> = tx.run("popularity.heat", HEAT).bind(id.as_str()).optional_scalar().await?;
        let heat = heated(heat, *count, at_ms);
        tx.run("popularity.set_heat", SET_HEAT).bind(id.as_str()).bind(heat).execute().await?;
    }
    let mut moved = Vec::new();
    for (id, popular) in before {
        if products::popular(tx, &id).await? != popular {
            products::bump(tx, &id.to_string(), at_ms).await?;
            moved.push(id);
        }
    }
    Ok(moved)
}

impl Db {
    /// The live configurations with the most views, the most popular first; those without views come last, the newest
    /// first.
    pub async fn most_popular(&self, limit: u32) -> Result<Vec<ConfigId>, DbError> {
        const POPULAR: &str =
            "select c.id from popularity p join configurations c on c.id = p.configuration_id
            where c.live_version is not null and c.namespace is null order by p.heat desc limit $1";
        const NEWEST: &str = "select c.id from configurations c
            where c.live_version is not null and c.namespace is null
            and not exists (select 1 from popularity p where p.configuration_id = c.id)
            order by c.created_at_ms desc limit $1";
        let mut tx = self.snapshot("popularity.list").await?;
        let mut ids: Vec<String> = tx.run("popularity.most_popular", POPULAR).bind(limit).scalars().await?;
        let rest = i64::from(limit) - ids.len() as i64;
        if rest > 0 {
            ids.extend(tx.run("popularity.newest", NEWEST).bind(rest).scalars::<String>().await?);
        }
        ids.iter().map(|id| parse("configuration", id)).collect()
    }

    /// The same of one product.
    pub async fn most_popular_of(&self, product: &ProductId, limit: u32) -> Result<Vec<ConfigId>, DbError> {
        const SQL: &str = "select c.id from configurations c
            left join popularity p on p.configuration_id = c.id
            where c.product_id = $1 and c.live_version is not null and c.namespace is null
            order by coalesce(p.heat, 0.0) desc, c.created_at_ms desc limit $2";
        let statement = self.for_reports();
        let statement = statement.read("popularity.most_popular_of", SQL).bind(product.to_string());
        let ids: Vec<String> = statement.bind(limit).scalars().await?;
        ids.iter().map(|id| parse("configuration", id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_loses_half_of_its_weight_in_a_week() {
        let week = HALF_LIFE_MS as i64;
        let now = 1_800_000_000_000;
        // Eight of three weeks ago are as many as one of now.
        let long_ago = heated(None, 8, now - 3 * week);
        assert!((long_ago - heated(None, 1, now)).abs() < 1e-9);
        // Together they are two.
        assert!((heated(Some(long_ago), 1, now) - heated(None, 2, now)).abs() < 1e-9);
    }
}
