//! Products, options, choices, and which configurations have a live spin.

use sqlx::{SqliteConnection, types::Json};

use crate::domain::{
    hotspot::Hotspot,
    names::{Choices, ConfigId, OptionName, ProductId, Slug},
    product::{Choice, Configured, LiveSpin, OptionDef, Product},
};

use super::{Db, DbError, now_ms, read};

/// How many configurations of a product are popular at most.
const POPULAR: i64 = 6;

/// A configuration, whether it has a spin or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConfiguration {
    /// Its id.
    pub id: ConfigId,
    /// What was chosen.
    pub choices: Choices,
    /// The version that visitors see.
    pub live: Option<i64>,
    /// Its newest version.
    pub latest: Option<i64>,
    /// How many there are.
    pub versions: u32,
    /// Whether its spin was taken down, and nothing is live since.
    pub is_taken_down: bool,
    /// Whether nothing of it is public.
    pub is_protected: bool,
}

/// A configuration without a spin that was asked for.
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

#[derive(sqlx::FromRow)]
struct ConfigurationRow {
    id: String,
    choices: String,
    live: Option<i64>,
    latest: Option<i64>,
    versions: u32,
    is_taken_down: bool,
    is_protected: bool,
}

#[derive(sqlx::FromRow)]
struct OptionRow {
    name: String,
    label: String,
    default_choice: String,
    added_later: bool,
}

#[derive(sqlx::FromRow)]
struct ChoiceRow {
    option: String,
    value: String,
    label: String,
    swatch: Option<String>,
    listed: bool,
}

#[derive(sqlx::FromRow)]
struct ProductRow {
    label: String,
    revision: i64,
    hotspots: Json<Vec<Hotspot>>,
    listed: bool,
}

#[derive(sqlx::FromRow)]
struct SpinRow {
    id: String,
    choices: String,
    /// Of a live version that is public.
    digest: Option<String>,
    is_public: bool,
}

impl Db {
    /// Every product, in the order in which they came.
    pub async fn product_ids(&self) -> Result<Vec<ProductId>, DbError> {
        let ids: Vec<String> = sqlx::query_scalar("select id from products order by created_at_ms, id")
            .fetch_all(&self.pool)
            .await?;
        ids.iter().map(|id| read("product", id)).collect()
    }

    /// Every configuration of a product, oldest first.
    pub async fn stored_configurations(
        &self,
        product: &ProductId,
    ) -> Result<Vec<StoredConfiguration>, DbError> {
        let rows: Vec<ConfigurationRow> = sqlx::query_as(
            "select c.id, c.choices, c.live_version as live, max(v.version) as latest, count(v.version) as versions,
             (c.taken_down_at_ms is not null and c.live_version is null) as is_taken_down,
             (c.namespace is not null) as is_protected
             from configurations c
             left join versions v on v.configuration_id = c.id and v.remove_at_ms is null
             where c.product_id = $1
             group by c.id, c.choices, c.live_version, c.taken_down_at_ms, c.created_at_ms, c.namespace
             order by c.created_at_ms, c.id",
        )
        .bind(product.to_string())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let ConfigurationRow { live, latest, versions, is_taken_down, is_protected, .. } = row;
                let (id, choices) = (read("configuration", &row.id)?, read_choices(&row.choices)?);
                Ok(StoredConfiguration { id, choices, live, latest, versions, is_taken_down, is_protected })
            })
            .collect()
    }

    /// The product's revision: it moves with every change to what the product's answers say.
    pub async fn product_revision(&self, id: &ProductId) -> Result<Option<i64>, DbError> {
        Ok(sqlx::query_scalar("select revision from products where id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.pool)
            .await?)
    }

    /// The product with all of its options and choices, and with its live spins that are public, all of one moment.
    pub async fn load_product(&self, id: &ProductId) -> Result<Option<Product>, DbError> {
        let mut tx = self.pool.begin().await?;
        load(&mut tx, id).await
    }

    /// The product as the public may see it: what there is of it in protected configurations alone is not. `None` also
    /// where nothing is left.
    pub async fn load_public_product(&self, id: &ProductId) -> Result<Option<Product>, DbError> {
        let mut tx = self.pool.begin().await?;
        let loaded = load_with_configurations(&mut tx, id).await?;
        Ok(loaded.and_then(|(product, configured)| product.shown_by(&configured)))
    }

    /// Makes the product, its options and choices where they are missing. `pairs` stand in the
    /// order in which they were given, which becomes the order of ids for options that are new.
    pub async fn ensure_product(&self, id: &ProductId, pairs: &[(OptionName, Slug)]) -> Result<(), DbError> {
        let key = id.to_string();
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let product_is_new = sqlx::query(
            "insert into products (id, label, created_at_ms) values ($1, $2, $3) on conflict (id) do nothing",
        )
        .bind(&key)
        .bind(id.base_model.title())
        .bind(now_ms())
        .execute(&mut *tx)
        .await?
        .rows_affected()
            == 1;
        let mut changed = false;
        for (option, choice) in pairs {
            changed |= sqlx::query(
                "insert into options (product_id, name, label, position, default_choice, added_later)
                 select $1, $2, $3, count(*), $4, $5 from options where product_id = $1
                 on conflict do nothing",
            )
            .bind(&key)
            .bind(option.as_str())
            .bind(option.title())
            .bind(choice.as_str())
            .bind(!product_is_new)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1;
            changed |= sqlx::query(
                "insert into choices (product_id, option, value, label, position)
                 select $1, $2, $3, $4, count(*) from choices where product_id = $1 and option = $2
                 on conflict do nothing",
            )
            .bind(&key)
            .bind(option.as_str())
            .bind(choice.as_str())
            .bind(choice.title())
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1;
        }
        if changed && !product_is_new {
            bump(&mut tx, &key).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes the configuration's row where it is missing.
    pub async fn ensure_configuration(
        &self,
        product: &ProductId,
        id: &ConfigId,
        choices: &Choices,
    ) -> Result<(), DbError> {
        sqlx::query(
            "insert into configurations (id, product_id, choices, created_at_ms) values ($1, $2, $3, $4)
             on conflict (id) do nothing",
        )
        .bind(id.as_str())
        .bind(product.to_string())
        .bind(sqlx::types::Json(choices))
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Every configuration of a product with what was chosen for it.
    pub async fn configurations(&self, product: &ProductId) -> Result<Vec<(ConfigId, Choices)>, DbError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select id, choices from configurations where product_id = $1")
                .bind(product.to_string())
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(|(id, choices)| Ok((read("configuration", id)?, read_choices(choices)?))).collect()
    }

    /// Gives a choice the swatch of its spin where nobody has given it one.
    pub async fn suggest_swatch(
        &self,
        product: &ProductId,
        option: &OptionName,
        choice: &Slug,
        colour: &str,
    ) -> Result<(), DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        let changed = sqlx::query(
            "update choices set swatch = $4 where product_id = $1 and option = $2 and value = $3 and swatch is null",
        )
        .bind(product.to_string())
        .bind(option.as_str())
        .bind(choice.as_str())
        .bind(colour)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 1 {
            bump(&mut tx, &product.to_string()).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What was asked for and still has no spin, the most wanted first.
    pub async fn demand(&self, limit: u32) -> Result<Vec<Demand>, DbError> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "select d.configuration_id, d.choices, d.asked, d.last_at_ms from demand d
             left join configurations c on c.id = d.configuration_id
             where c.live_version is null and c.namespace is null order by d.asked desc, d.last_at_ms desc limit $1",
        )
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, choices, asked, last_at_ms)| {
                let (configuration, choices) = (read("configuration", &id)?, read_choices(&choices)?);
                Ok(Demand { configuration, choices, asked, last_at_ms })
            })
            .collect()
    }

    /// Counts that somebody asked for a configuration without a spin.
    pub async fn count_demand(
        &self,
        product: &ProductId,
        id: &ConfigId,
        choices: &Choices,
    ) -> Result<(), DbError> {
        sqlx::query(
            "insert into demand (configuration_id, product_id, choices, asked, last_at_ms) values ($1, $2, $3, 1, $4)
             on conflict (configuration_id) do update set asked = asked + 1, last_at_ms = excluded.last_at_ms",
        )
        .bind(id.as_str())
        .bind(product.to_string())
        .bind(sqlx::types::Json(choices))
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// The same, within a transaction.
pub(super) async fn load(tx: &mut SqliteConnection, id: &ProductId) -> Result<Option<Product>, DbError> {
    Ok(load_with_configurations(tx, id).await?.map(|(product, _)| product))
}

/// The product, and what was chosen for each of its configurations.
async fn load_with_configurations(
    tx: &mut SqliteConnection,
    id: &ProductId,
) -> Result<Option<(Product, Vec<Configured>)>, DbError> {
    let key = id.to_string();
    let row: Option<ProductRow> =
        sqlx::query_as("select label, revision, hotspots, listed from products where id = $1")
            .bind(&key)
            .fetch_optional(&mut *tx)
            .await?;
    let Some(ProductRow { label, revision, hotspots, listed }) = row else { return Ok(None) };
    let options: Vec<OptionRow> = sqlx::query_as(
        "select name, label, default_choice, added_later from options where product_id = $1 order by position",
    )
    .bind(&key)
    .fetch_all(&mut *tx)
    .await?;
    let choices: Vec<ChoiceRow> = sqlx::query_as(
        "select option, value, label, swatch, listed from choices where product_id = $1 order by option, position",
    )
    .bind(&key)
    .fetch_all(&mut *tx)
    .await?;
    let rows: Vec<SpinRow> = sqlx::query_as(
        "select c.id, c.choices, v.digest, c.namespace is null as is_public from configurations c
         left join versions v on v.configuration_id = c.id and v.version = c.live_version and v.namespace is null
         where c.product_id = $1 order by c.created_at_ms, c.id",
    )
    .bind(&key)
    .fetch_all(&mut *tx)
    .await?;
    let popular: Vec<String> = sqlx::query_scalar(
        "select p.configuration_id from popularity p join configurations c on c.id = p.configuration_id
         where p.product_id = $1 and c.live_version is not null and c.namespace is null
         order by p.heat desc, c.created_at_ms limit $2",
    )
    .bind(&key)
    .bind(POPULAR)
    .fetch_all(&mut *tx)
    .await?;
    let popular = popular.iter().map(|id| read("configuration", id)).collect::<Result<_, _>>()?;

    let mut defs = Vec::with_capacity(options.len());
    for option in options {
        let of_option = choices.iter().filter(|choice| choice.option == option.name);
        defs.push(OptionDef {
            name: read("option", &option.name)?,
            label: option.label,
            default: read("choice", &option.default_choice)?,
            added_later: option.added_later,
            choices: of_option
                .map(|choice| {
                    Ok(Choice {
                        value: read("choice", &choice.value)?,
                        label: choice.label.clone(),
                        swatch: choice.swatch.clone(),
                        listed: choice.listed,
                    })
                })
                .collect::<Result<_, DbError>>()?,
        });
    }
    let (mut spins, mut configured) = (Vec::new(), Vec::new());
    for SpinRow { id, choices, digest, is_public } in rows {
        let choices = read_choices(&choices)?;
        configured.push(Configured { choices: choices.clone(), is_public });
        if let Some(digest) = digest.filter(|_| is_public) {
            let (configuration, digest) = (read("configuration", &id)?, read("digest", &digest)?);
            spins.push(LiveSpin { configuration, choices, digest });
        }
    }
    let hotspots = hotspots.0;
    let product =
        Product { id: id.clone(), label, revision, options: defs, hotspots, listed, popular, spins };
    Ok(Some((product, configured)))
}

/// Moves the product's revision, so that cached answers that name it are made anew.
pub(super) async fn bump(tx: &mut sqlx::SqliteConnection, product: &str) -> Result<(), DbError> {
    sqlx::query("update products set revision = revision + 1 where id = $1")
        .bind(product)
        .execute(tx)
        .await?;
    Ok(())
}

fn read_choices(json: &str) -> Result<Choices, DbError> {
    serde_json::from_str(json)
        .map_err(|_wrong| DbError::Unreadable { what: "choices", value: json.to_owned() })
}
