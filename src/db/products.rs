//! Products, options, choices, and which configurations have a live spin.

use std::collections::HashMap;

use sqlx::types::Json;

use crate::domain::{
    hotspot::Hotspot,
    names::{Choices, ConfigId, OptionName, ProductId, Slug},
    product::{Choice, Configured, LiveSpin, OptionDef, Product, fill},
};

use super::{
    Db, DbError, count,
    engine::{Bind, Tx},
    parse,
};

/// How many popular configurations a product names at most.
const POPULAR: i64 = 6;

/// A configuration, whether it has a spin or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredConfiguration {
    /// Its id.
    pub id: ConfigId,
    /// A choice for every option of the product.
    pub choices: Choices,
    /// The version that visitors see.
    pub live: Option<i64>,
    /// Its newest version.
    pub latest: Option<i64>,
    /// How many there are.
    pub versions: u32,
    /// Whether its spin was taken down, and nothing is live since.
    pub is_taken_down: bool,
    /// Whether it is protected.
    pub is_protected: bool,
}

/// A product with all of its configurations, for the people who make them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedProduct {
    /// Its id.
    pub id: ProductId,
    /// For people.
    pub label: String,
    /// In the order of ids.
    pub options: Vec<OptionDef>,
    /// Oldest first, each with a choice for every option.
    pub configurations: Vec<StoredConfiguration>,
}

#[derive(sqlx::FromRow)]
struct ConfigurationRow {
    product_id: String,
    id: String,
    choices: Json<Choices>,
    live: Option<i64>,
    latest: Option<i64>,
    versions: i64,
    is_taken_down: bool,
    is_protected: bool,
}

#[derive(sqlx::FromRow)]
struct OptionRow {
    product_id: String,
    name: String,
    label: String,
    default_choice: String,
    added_later: bool,
}

#[derive(sqlx::FromRow)]
struct ChoiceRow {
    product_id: String,
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
    choices: Json<Choices>,
    /// Of a live version that is public.
    digest: Option<String>,
    is_public: bool,
}

impl Db {
    /// Every product, in the order in which they were made.
    pub async fn product_ids(&self) -> Result<Vec<ProductId>, DbError> {
        let ids: Vec<String> =
            self.read("products.ids", "select id from products order by created_at_ms, id").scalars().await?;
        ids.iter().map(|id| parse("product", id)).collect()
    }

    /// Every product with its configurations, in the order in which they were made, all of one moment.
    pub async fn list_products(&self) -> Result<Vec<ListedProduct>, DbError> {
        const PRODUCTS: &str = "select id, label from products order by created_at_ms, id";
        const OPTIONS: &str = "select product_id, name, label, default_choice, added_later
            from options order by product_id, position";
        const CHOICES: &str = "select product_id, option, value, label, swatch, listed
            from choices order by product_id, option, position";
        const CONFIGURATIONS: &str = "select c.product_id, c.id, c.choices, c.live_version as live,
            (select max(v.version) from versions v
             where v.configuration_id = c.id and v.remove_at_ms is null and v.variant_of is null) as latest,
            (select count(*) from versions v
             where v.configuration_id = c.id and v.remove_at_ms is null) as versions,
            (c.taken_down_at_ms is not null and c.live_version is null) as is_taken_down,
            (c.namespace is not null) as is_protected
            from configurations c order by c.product_id, c.created_at_ms, c.id";
        let mut tx = self.snapshot("products.list_all").await?;
        let products: Vec<(String, String)> = tx.run("products.list", PRODUCTS).all().await?;
        let options: Vec<OptionRow> = tx.run("options.list", OPTIONS).all().await?;
        let choices: Vec<ChoiceRow> = tx.run("choices.list", CHOICES).all().await?;
        let configurations: Vec<ConfigurationRow> =
            tx.run("configurations.list", CONFIGURATIONS).all().await?;

        let mut options = by_product(options, |row| &row.product_id);
        let mut choices = by_product(choices, |row| &row.product_id);
        let mut configurations = by_product(configurations, |row| &row.product_id);
        let mut listed = Vec::with_capacity(products.len());
        for (id, label) in products {
            let options = options.remove(&id).unwrap_or_default();
            let options = option_defs(options, &choices.remove(&id).unwrap_or_default())?;
            let rows = configurations.remove(&id).unwrap_or_default();
            let configurations: Result<_, DbError> =
                rows.into_iter().map(|row| row.configuration(&options)).collect();
            listed.push(ListedProduct {
                id: parse("product", &id)?,
                label,
                configurations: configurations?,
                options,
            });
        }
        Ok(listed)
    }

    /// The product's revision: it moves with every change to what the product's answers say.
    pub async fn product_revision(&self, id: &ProductId) -> Result<Option<i64>, DbError> {
        self.read("products.revision", "select revision from products where id = $1")
            .bind(id.to_string())
            .optional_scalar()
            .await
    }

    /// The product with all of its options and choices, and with its live spins that are public, all of one moment.
    pub async fn load_product(&self, id: &ProductId) -> Result<Option<Product>, DbError> {
        let mut tx = self.snapshot("products.load").await?;
        load(&mut tx, id).await
    }

    /// The product as the public may see it, without what only protected configurations have. `None` also if nothing
    /// of it is public.
    pub async fn load_public_product(&self, id: &ProductId) -> Result<Option<Product>, DbError> {
        let mut tx = self.snapshot("products.load_public").await?;
        let loaded = match load_with_configurations(&mut tx, id).await {
            // The replica was lost meanwhile.
            Err(_) if tx.is_of_replica() => {
                let mut tx = self.snapshot_of_primary("products.load_public").await?;
                load_with_configurations(&mut tx, id).await?
            }
            loaded => loaded?,
        };
        Ok(loaded.and_then(|(product, configured)| product.shown_by(&configured)))
    }

    /// Makes the product, its options and choices where they are missing. `pairs` stand in the
    /// order in which they were given, which becomes the order of ids for options that are new.
    pub async fn ensure_product(&self, id: &ProductId, pairs: &[(OptionName, Slug)]) -> Result<(), DbError> {
        const PRODUCT: &str =
            "insert into products (id, label, created_at_ms, revision) values ($1, $2, $3, $3)
            on conflict (id) do nothing";
        const OPTION: &str =
            "insert into options (product_id, name, label, position, default_choice, added_later)
            select $1, $2, $3, count(*), $4, $5 from options where product_id = $1
            on conflict do nothing";
        const CHOICE: &str = "insert into choices (product_id, option, value, label, position)
            select $1, $2, $3, $4, count(*) from choices where product_id = $1 and option = $2
            on conflict do nothing";
        let key = id.to_string();
        let mut tx = self.write("products.ensure").await?;
        let statement = tx.run("products.insert", PRODUCT).bind(&key).bind(id.base_model.title());
        let product_is_new = statement.bind(self.now_ms()).execute().await? == 1;
        let mut changed = false;
        for (option, choice) in pairs {
            let statement = tx.run("options.ensure", OPTION).bind(&key).bind(option.as_str());
            let statement = statement.bind(option.title()).bind(choice.as_str()).bind(!product_is_new);
            changed |= statement.execute().await? == 1;
            let statement = tx.run("choices.ensure", CHOICE).bind(&key).bind(option.as_str());
            changed |= statement.bind(choice.as_str()).bind(choice.title()).execute().await? == 1;
        }
        if changed && !product_is_new {
            bump(&mut tx, &key, self.now_ms()).await?;
        }
        tx.commit().await
    }

    /// Makes the configuration's row where it is missing.
    pub async fn ensure_configuration(
        &self,
        product: &ProductId,
        id: &ConfigId,
        choices: &Choices,
    ) -> Result<(), DbError> {
        const SQL: &str = "insert into configurations (id, product_id, choices, created_at_ms, last_version)
            values ($1, $2, $3, $4, coalesce((select last_version from removed_configurations
                where configuration_id = $1), 0)) on conflict (id) do nothing";
        let statement = self.run("configurations.ensure", SQL).bind(id.as_str()).bind(product.to_string());
        statement.bind(Bind::json(choices)).bind(self.now_ms()).execute().await?;
        Ok(())
    }

    /// Every configuration of a product with its choices.
    pub async fn configurations(&self, product: &ProductId) -> Result<Vec<(ConfigId, Choices)>, DbError> {
        named(self.read("configurations.of_product", CONFIGURATIONS).bind(product.to_string()).all().await?)
    }

    /// Gives a choice the swatch of its spin if it has none.
    pub async fn suggest_swatch(
        &self,
        product: &ProductId,
        option: &OptionName,
        choice: &Slug,
        colour: &str,
    ) -> Result<(), DbError> {
        const SQL: &str = "update choices set swatch = $4
            where product_id = $1 and option = $2 and value = $3 and swatch is null";
        let key = product.to_string();
        let mut tx = self.write("choices.suggest_swatch").await?;
        let statement = tx.run("choices.set_swatch", SQL).bind(&key).bind(option.as_str());
        if statement.bind(choice.as_str()).bind(colour).execute().await? == 1 {
            bump(&mut tx, &key, self.now_ms()).await?;
        }
        tx.commit().await
    }
}

impl ConfigurationRow {
    fn configuration(self, options: &[OptionDef]) -> Result<StoredConfiguration, DbError> {
        Ok(StoredConfiguration {
            id: parse("configuration", &self.id)?,
            choices: fill(options, &self.choices.0),
            live: self.live,
            latest: self.latest,
            versions: count(self.versions),
            is_taken_down: self.is_taken_down,
            is_protected: self.is_protected,
        })
    }
}

/// Every configuration of a product with its choices, within a transaction.
pub(super) async fn configurations(
    tx: &mut Tx,
    product: &ProductId,
) -> Result<Vec<(ConfigId, Choices)>, DbError> {
    named(tx.run("configurations.names", CONFIGURATIONS).bind(product.to_string()).all().await?)
}

const CONFIGURATIONS: &str = "select id, choices from configurations where product_id = $1";

fn named(rows: Vec<(String, Json<Choices>)>) -> Result<Vec<(ConfigId, Choices)>, DbError> {
    rows.into_iter().map(|(id, choices)| Ok((parse("configuration", &id)?, choices.0))).collect()
}

/// The product, within a transaction.
pub(super) async fn load(tx: &mut Tx, id: &ProductId) -> Result<Option<Product>, DbError> {
    Ok(load_with_configurations(tx, id).await?.map(|(product, _)| product))
}

/// The product, and the choices of each of its configurations.
async fn load_with_configurations(
    tx: &mut Tx,
    id: &ProductId,
) -> Result<Option<(Product, Vec<Configured>)>, DbError> {
    const PRODUCT: &str = "select label, revision, hotspots, listed from products where id = $1";
    const OPTIONS: &str = "select product_id, name, label, default_choice, added_later
        from options where product_id = $1 order by position";
    const CHOICES: &str = "select product_id, option, value, label, swatch, listed
        from choices where product_id = $1 order by option, position";
    const SPINS: &str = "select c.id, c.choices, v.digest, c.namespace is null as is_public from configurations c
        left join versions v on v.configuration_id = c.id and v.version = c.live_version and v.namespace is null
        where c.product_id = $1 order by c.created_at_ms, c.id";
    let key = id.to_string();
    let row: Option<ProductRow> = tx.run("products.get", PRODUCT).bind(&key).optional().await?;
    let Some(ProductRow { label, revision, hotspots, listed }) = row else { return Ok(None) };
    let options: Vec<OptionRow> = tx.run("options.of_product", OPTIONS).bind(&key).all().await?;
    let choices: Vec<ChoiceRow> = tx.run("choices.of_product", CHOICES).bind(&key).all().await?;
    let rows: Vec<SpinRow> = tx.run("products.spins", SPINS).bind(&key).all().await?;
    let popular = popular(tx, id).await?;
    let popular = popular.iter().map(|id| parse("configuration", id)).collect::<Result<_, _>>()?;

    let (mut spins, mut configured) = (Vec::new(), Vec::new());
    for SpinRow { id, choices: Json(choices), digest, is_public } in rows {
        configured.push(Configured { choices: choices.clone(), is_public });
        if let Some(digest) = digest.filter(|_| is_public) {
            let (configuration, digest) = (parse("configuration", &id)?, parse("digest", &digest)?);
            spins.push(LiveSpin { configuration, choices, digest });
        }
    }
    let options = option_defs(options, &choices)?;
    let hotspots = hotspots.0;
    let product = Product { id: id.clone(), label, revision, options, hotspots, listed, popular, spins };
    Ok(Some((product, configured)))
}

/// The ids of a product's most popular configurations that are live and public, the most popular first.
pub(super) async fn popular(tx: &mut Tx, id: &ProductId) -> Result<Vec<String>, DbError> {
    const SQL: &str =
        "select p.configuration_id from popularity p join configurations c on c.id = p.configuration_id
        where p.product_id = $1 and c.live_version is not null and c.namespace is null
        order by p.heat desc, c.created_at_ms limit $2";
    tx.run("products.popular", SQL).bind(id.to_string()).bind(POPULAR).scalars().await
}

/// A product's options with their choices, both in the order of the rows.
fn option_defs(options: Vec<OptionRow>, choices: &[ChoiceRow]) -> Result<Vec<OptionDef>, DbError> {
    let choice = |row: &ChoiceRow| {
        Ok(Choice {
            value: parse("choice", &row.value)?,
            label: row.label.clone(),
            swatch: row.swatch.clone(),
            listed: row.listed,
        })
    };
    let option = |row: OptionRow| {
        let of_option = choices.iter().filter(|choice| choice.option == row.name);
        Ok(OptionDef {
            name: parse("option", &row.name)?,
            label: row.label,
            default: parse("choice", &row.default_choice)?,
            added_later: row.added_later,
            choices: of_option.map(choice).collect::<Result<_, DbError>>()?,
        })
    };
    options.into_iter().map(option).collect()
}

fn by_product<T>(rows: Vec<T>, product: impl Fn(&T) -> &String) -> HashMap<String, Vec<T>> {
    let mut sorted: HashMap<String, Vec<T>> = HashMap::new();
    for row in rows {
        sorted.entry(product(&row).clone()).or_default().push(row);
    }
    sorted
}

/// Moves the product's revision, so that cached answers that name it are made again. A revision is the time at which it was
/// made, in milliseconds, or one more than the last: so that none comes a second time after a backup was restored, while
/// caches that outlive the process still have answers of the first.
pub(super) async fn bump(tx: &mut Tx, product: &str, now_ms: i64) -> Result<(), DbError> {
    const SQL: &str =
        "update products set revision = case when revision < $2 then $2 else revision + 1 end where id = $1";
    tx.run("products.bump", SQL).bind(product).bind(now_ms).execute().await?;
    Ok(())
}
