//! Demand: configurations without a spin that clients asked for. Any client can ask for any number of them, so rows are
//! written in batches and their number is bounded.

use std::collections::BTreeMap;

use sqlx::types::Json;

use crate::domain::names::{Choices, ConfigId, ProductId};

use super::{
    Db, DbError,
    engine::{Bind, Tx},
    parse,
};

/// A configuration without a spin that was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Its id.
    pub configuration: ConfigId,
    /// What was chosen.
    pub choices: Choices,
    /// How often.
    pub asked: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub last_at_ms: i64,
}

/// Requests for one configuration without a spin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of which product.
    pub product: ProductId,
    /// What was chosen.
    pub choices: Choices,
    /// How many requests.
    pub requests: u32,
}

/// Counts requests, and deletes what was requested least while there are more than `keep` configurations.
pub(super) async fn count(
    tx: &mut Tx,
    wanted: &BTreeMap<ConfigId, Wanted>,
    keep: u32,
    at_ms: i64,
) -> Result<(), DbError> {
    const COUNT: &str = "insert into demand (configuration_id, product_id, choices, asked, last_at_ms)
        select $1, $2, $3, $4, $5 where exists (select 1 from products where id = $2)
        on conflict (configuration_id) do update
        set asked = demand.asked + excluded.asked, last_at_ms = excluded.last_at_ms";
    const PRUNE: &str = "delete from demand where (asked, last_at_ms, configuration_id) <=
        (select asked, last_at_ms, configuration_id from demand
         order by asked desc, last_at_ms desc, configuration_id desc limit 1 offset $1)";
    for (id, Wanted { product, choices, requests }) in wanted {
        let statement = tx.run("demand.count", COUNT).bind(id.as_str()).bind(product.to_string());
        statement.bind(Bind::json(choices)).bind(*requests).bind(at_ms).execute().await?;
    }
    if !wanted.is_empty() {
        tx.run("demand.prune", PRUNE).bind(keep).execute().await?;
    }
    Ok(())
}

impl Db {
    /// Configurations without a spin that were requested, the most requested first.
    pub async fn demand(&self, limit: u32) -> Result<Vec<Demand>, DbError> {
        const SQL: &str = "select d.configuration_id, d.choices, d.asked, d.last_at_ms from demand d
            left join configurations c on c.id = d.configuration_id
            where c.live_version is null and c.namespace is null
            order by d.asked desc, d.last_at_ms desc limit $1";
        let rows: Vec<(String, Json<Choices>, i64, i64)> =
            self.read("demand.list", SQL).bind(limit).all().await?;
        let demand = |(id, choices, asked, last_at_ms): (String, Json<Choices>, i64, i64)| {
            Ok(Demand { configuration: parse("configuration", &id)?, choices: choices.0, asked, last_at_ms })
        };
        rows.into_iter().map(demand).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::vitals::Seen;

    #[tokio::test]
    async fn what_is_wanted_least_is_deleted_beyond_the_bound() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let product: ProductId = "ring.solitaire".parse().unwrap();
        db.ensure_product(&product, &[]).await.unwrap();
        let record = async |requests: &[(&str, u32)], at_ms| {
            let wanted = |(metal, requests): &(&str, u32)| {
                let id = format!("ring.solitaire.metal-{metal}").parse().unwrap();
                (id, Wanted { product: product.clone(), choices: Choices::new(), requests: *requests })
            };
            let seen = Seen { demand: requests.iter().map(wanted).collect(), ..Seen::default() };
            db.record(&seen, 3, at_ms).await.unwrap();
        };
        record(&[("gold", 5), ("silver", 1), ("tin", 1)], 1).await;
        record(&[("gold", 2), ("iron", 3)], 2).await;
        record(&[("lead", 1)], 3).await;
        let left: Vec<_> = db
            .demand(9)
            .await
            .unwrap()
            .into_iter()
            .map(|one| (one.configuration.to_string(), one.asked))
            .collect();
        let of = |metal: &str, asked| (format!("ring.solitaire.metal-{metal}"), asked);
        assert_eq!(left, [of("gold", 7), of("iron", 3), of("lead", 1)]);
        // A product that is gone meanwhile has none.
        let gone = Wanted { product: "ring.gone".parse().unwrap(), choices: Choices::new(), requests: 9 };
        let demand = [("ring.gone".parse().unwrap(), gone)].into();
        db.record(&Seen { demand, ..Seen::default() }, 3, 4).await.unwrap();
        assert_eq!(db.demand(9).await.unwrap().len(), 3);
    }
}
