//! Products as files offer them: what an import changes, and what it must not change.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    hotspot::Hotspot,
    import::Offer,
    names::{Choices, OptionName, ProductId},
    product::{OptionDef, Product},
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    engine::{Bind, Tx},
    products,
    purges::{Softness, note},
};

/// Why a product was not imported or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such product.
    #[error("there is no product {0}")]
    NoSuchProduct(ProductId),
    /// The change would give ids that are in use another meaning.
    #[error("{product} is in use:\n{}", lines(.why))]
    InUse {
        /// Which product.
        product: ProductId,
        /// A sentence for each reason.
        why: Vec<String>,
    },
    /// The product has configurations, which are never deleted.
    #[error("{0} is in use:\n  it has configurations: take their spins down instead")]
    HasConfigurations(ProductId),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

fn lines(items: &[String]) -> String {
    items.iter().map(|item| format!("  {item}")).collect::<Vec<_>>().join("\n")
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The product is new.
    pub is_new: bool,
    /// As `metal` or `metal.rose-gold`.
    pub added: Vec<String>,
    /// The same.
    pub removed: Vec<String>,
    /// The same; `label` and `hotspots` for the product's own.
    pub changed: Vec<String>,
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Db {
    /// Makes a product what a file offers, unless that would change the meaning of an existing configuration's id.
    /// With `dry_run` nothing is changed.
    pub async fn import_product(
        &self,
        offer: &Offer,
        actor: &Actor,
        dry_run: bool,
    ) -> Result<Changes, ImportError> {
        const UPSERT: &str = "insert into products (id, label, hotspots, listed, created_at_ms, revision)
            values ($1, $2, $3, true, $4, $4)
            on conflict (id) do update set label = excluded.label, hotspots = excluded.hotspots,
            listed = excluded.listed, revision = case when products.revision < excluded.revision
            then excluded.revision else products.revision + 1 end";
        let key = offer.id.to_string();
        let mut tx = self.write("products.import").await?;
        let before = products::load(&mut tx, &offer.id).await?;
        let used = used(&mut tx, &offer.id).await?;
        let in_use = before.as_ref().map_or_else(Vec::new, |before| objections(before, offer, &used));
        if !in_use.is_empty() {
            return Err(ImportError::InUse { product: offer.id.clone(), why: in_use });
        }
        let changes = changes(before.as_ref(), offer);
        if (changes.is_empty() && before.as_ref().is_some_and(is_listed)) || dry_run {
            return Ok(changes);
        }
        let statement = tx.run("products.upsert", UPSERT).bind(&key).bind(&offer.label);
        statement.bind(Bind::json(&offer.hotspots)).bind(self.now_ms()).execute().await?;
        delete_options(&mut tx, &key).await?;
        for (position, def) in offer.options.iter().enumerate() {
            // An existing option keeps its place in ids; ids leave out one that comes to a product with configurations.
            let old = before.iter().flat_map(|before| &before.options).find(|old| old.name == def.name);
            let added_later = old.map_or(!used.is_empty(), |old| old.added_later);
            insert(&mut tx, &key, position, def, added_later).await?;
        }
        let detail = json!({
            "new": changes.is_new,
            "added": changes.added,
            "removed": changes.removed,
            "changed": changes.changed,
        });
        note(&mut tx, &key, &Purge::product(&offer.id), Softness::Configured, true).await?;
        record(&mut tx, actor, Action::ProductImport, &key, &detail).await?;
        tx.commit().await?;
        Ok(changes)
    }

    /// Removes a product that never had a configuration.
    pub async fn remove_product(&self, id: &ProductId, actor: &Actor) -> Result<(), ImportError> {
        let key = id.to_string();
        let mut tx = self.write("products.remove").await?;
        if products::load(&mut tx, id).await?.is_none() {
            return Err(ImportError::NoSuchProduct(id.clone()));
        }
        if !used(&mut tx, id).await?.is_empty() {
            return Err(ImportError::HasConfigurations(id.clone()));
        }
        tx.run("demand.delete_all", "delete from demand where product_id = $1").bind(&key).execute().await?;
        delete_options(&mut tx, &key).await?;
        tx.run("products.delete", "delete from products where id = $1").bind(&key).execute().await?;
        note(&mut tx, &key, &Purge::product(id), Softness::Configured, true).await?;
        record(&mut tx, actor, Action::ProductRemove, &key, &json!({})).await?;
        Ok(tx.commit().await?)
    }
}

/// The choices of each configuration of a product.
async fn used(tx: &mut Tx, id: &ProductId) -> Result<Vec<Choices>, DbError> {
    let rows: Vec<Json<Choices>> = tx
        .run("configurations.choices", "select choices from configurations where product_id = $1")
        .bind(id.to_string())
        .scalars()
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

async fn delete_options(tx: &mut Tx, product: &str) -> Result<(), DbError> {
    tx.run("choices.delete_all", "delete from choices where product_id = $1").bind(product).execute().await?;
    tx.run("options.delete_all", "delete from options where product_id = $1").bind(product).execute().await?;
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    product: &str,
    position: usize,
    def: &OptionDef,
    added_later: bool,
) -> Result<(), DbError> {
    const OPTION: &str =
        "insert into options (product_id, name, label, position, default_choice, added_later)
        values ($1, $2, $3, $4, $5, $6)";
    const CHOICE: &str = "insert into choices (product_id, option, value, label, swatch, position, listed)
        values ($1, $2, $3, $4, $5, $6, true)";
    let statement = tx.run("options.insert", OPTION).bind(product).bind(def.name.as_str()).bind(&def.label);
    let statement = statement.bind(position as i64).bind(def.default.as_str());
    statement.bind(added_later).execute().await?;
    for (position, choice) in def.choices.iter().enumerate() {
        let statement = tx.run("choices.insert", CHOICE).bind(product).bind(def.name.as_str());
        let statement = statement.bind(choice.value.as_str()).bind(&choice.label);
        statement.bind(choice.swatch.as_deref()).bind(position as i64).execute().await?;
    }
    Ok(())
}

/// Why an offer cannot be imported: it would change the meaning of ids in use.
fn objections(before: &Product, offer: &Offer, used: &[Choices]) -> Vec<String> {
    if used.is_empty() {
        return Vec::new();
    }
    let mut objections = Vec::new();
    let after = |name: &OptionName| offer.options.iter().position(|def| def.name == *name);
    for old in &before.options {
        let name = &old.name;
        let spins = used.iter().filter(|choices| choices.contains_key(name)).count();
        let Some(new) = after(name).map(|at| &offer.options[at]) else {
            if spins > 0 {
                objections.push(format!("{name} cannot be removed: {spins} configurations have it"));
            }
            continue;
        };
        for choice in &old.choices {
            let spins = used.iter().filter(|choices| choices.get(name) == Some(&choice.value)).count();
            if spins > 0 && !new.choices.iter().any(|one| one.value == choice.value) {
                objections.push(format!(
                    "{name}.{} cannot be removed: {spins} configurations have it",
                    choice.value
                ));
            }
        }
        if old.added_later && old.default != new.default {
            let (is, wanted) = (&old.default, &new.default);
            objections.push(format!(
                "{name}: its default stays {is} and cannot become {wanted}, since ids leave it out"
            ));
        }
    }
    let places: Vec<usize> = before.options.iter().filter_map(|old| after(&old.name)).collect();
    if !places.is_sorted() {
        let order: Vec<&str> = before.options.iter().map(|old| old.name.as_str()).collect();
        objections.push(format!("options stay in the order of ids: {}", order.join(", ")));
    }
    objections
}

/// Whether a file lists all of a product.
fn is_listed(product: &Product) -> bool {
    product.listed && product.options.iter().flat_map(|def| &def.choices).all(|choice| choice.listed)
}

fn changes(before: Option<&Product>, offer: &Offer) -> Changes {
    let mut changes = Changes { is_new: before.is_none(), ..Changes::default() };
    let none: (Vec<OptionDef>, Vec<Hotspot>) = Default::default();
    let (options, hotspots) = before.map_or((&none.0, &none.1), |before| (&before.options, &before.hotspots));
    if before.is_some_and(|before| before.label != offer.label) {
        changes.changed.push("label".to_owned());
    }
    if *hotspots != offer.hotspots {
        changes.changed.push("hotspots".to_owned());
    }
    let mut seen = BTreeSet::new();
    for def in &offer.options {
        seen.insert(&def.name);
        let Some(old) = options.iter().find(|old| old.name == def.name) else {
            changes.added.push(def.name.to_string());
            continue;
        };
        let order =
            |def: &OptionDef| def.choices.iter().map(|choice| choice.value.clone()).collect::<Vec<_>>();
        let is_other = old.label != def.label || old.default != def.default;
        let kept: Vec<_> = order(old).into_iter().filter(|value| order(def).contains(value)).collect();
        let now: Vec<_> = order(def).into_iter().filter(|value| order(old).contains(value)).collect();
        if is_other || kept != now {
            changes.changed.push(def.name.to_string());
        }
        for choice in &def.choices {
            let path = format!("{}.{}", def.name, choice.value);
            match old.choices.iter().find(|old| old.value == choice.value) {
                None => changes.added.push(path),
                Some(old) if (&old.label, &old.swatch) != (&choice.label, &choice.swatch) => {
                    changes.changed.push(path);
                }
                Some(_) => {}
            }
        }
        let gone = old.choices.iter().filter(|old| !order(def).contains(&old.value));
        changes.removed.extend(gone.map(|old| format!("{}.{}", def.name, old.value)));
    }
    changes
        .removed
        .extend(options.iter().filter(|old| !seen.contains(&old.name)).map(|old| old.name.to_string()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{import::ProductFile, names::ConfigId};

    const RING: &str = r##"
        schema = "girasol.product/1"
        id = "ring/solitaire"
        [[options]]
        name = "metal"
        choices = [{ value = "platinum" }, { value = "rose-gold", swatch = "#d29682" }]
        [[options]]
        name = "stone"
        choices = [{ value = "diamond" }]
    "##;

    async fn import(db: &Db, text: &str) -> Result<Changes, ImportError> {
        let offer = toml::from_str::<ProductFile>(text).unwrap().check().unwrap();
        db.import_product(&offer, &Actor::command_line(), false).await
    }

    async fn with_ring() -> (tempfile::TempDir, Db, ProductId) {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let changes = import(&db, RING).await.unwrap();
        assert!(changes.is_new);
        (folder, db, "ring/solitaire".parse().unwrap())
    }

    async fn configure(db: &Db, id: &ProductId) -> ConfigId {
        let product = db.load_product(id).await.unwrap().unwrap();
        let choices = product.fill(&Choices::new());
        let configuration = product.config_id(&choices).unwrap();
        db.ensure_configuration(id, &configuration, &choices).await.unwrap();
        configuration
    }

    #[tokio::test]
    async fn an_import_says_what_it_changed_and_the_second_changes_nothing() {
        let (_folder, db, id) = with_ring().await;
        let first = db.product_revision(&id).await.unwrap().unwrap();
        let again = import(&db, RING).await.unwrap();
        assert!(again.is_empty(), "{again:?}");
        assert_eq!(db.product_revision(&id).await.unwrap(), Some(first));
        let other = RING
            .replace("{ value = \"platinum\" }, ", "{ value = \"white-gold\" }, ")
            .replace("#d29682", "#d29683")
            .replace("id = ", "label = \"The Solitaire\"\nid = ");
        let changes = import(&db, &other).await.unwrap();
        let expected = Changes {
            is_new: false,
            added: vec!["metal.white-gold".into()],
            removed: vec!["metal.platinum".into()],
            changed: vec!["label".into(), "metal".into(), "metal.rose-gold".into()],
        };
        assert_eq!(changes, expected);
        let product = db.load_product(&id).await.unwrap().unwrap();
        assert_eq!(product.label, "The Solitaire");
        assert!(product.revision > first);
        assert_eq!(product.options[0].default.as_str(), "white-gold");
    }

    #[tokio::test]
    async fn a_revision_comes_once_also_after_a_backup_was_restored() {
        let (_folder, db, id) = with_ring().await;
        let revision = async || db.product_revision(&id).await.unwrap().unwrap();
        let first = revision().await;
        assert!(first >= db.now_ms() - 60_000, "the time of the change");
        // As it was before, and as it is where a clock was ahead.
        for (earlier, least) in [(first - 1_000, first), (first + 3_600_000, first + 3_600_001)] {
            let set = "update products set revision = $2 where id = $1";
            db.run("test.revision", set).bind(id.to_string()).bind(earlier).execute().await.unwrap();
            import(&db, &RING.replace("id = ", &format!("label = \"{earlier}\"\nid = "))).await.unwrap();
            assert!(revision().await >= least, "{earlier}");
        }
    }

    #[tokio::test]
    async fn what_ids_say_stays_true() {
        let (_folder, db, id) = with_ring().await;
        let before = configure(&db, &id).await;
        // A new option is left out of ids with its default.
        let more = format!(
            "{RING}\n[[options]]\nname = \"finish\"\nchoices = [{{ value = \"matte\" }}, {{ value = \"bright\" }}]"
        );
        import(&db, &more).await.unwrap();
        assert_eq!(configure(&db, &id).await, before);
        for (wrong, why) in [
            (
                RING.replace("{ value = \"platinum\" }, ", ""),
                "metal.platinum cannot be removed: 1 configurations have it",
            ),
            (
                more.replace(
                    "{ value = \"matte\" }, { value = \"bright\" }",
                    "{ value = \"bright\" }, { value = \"matte\" }",
                ),
                "finish: its default stays matte and cannot become bright, since ids leave it out",
            ),
            (
                more.replace("\"metal\"", "\"x\"")
                    .replace("\"stone\"", "\"metal\"")
                    .replace("\"x\"", "\"stone\"")
                    .replace("\"diamond\"", "\"platinum\"")
                    .replace("[{ value = \"platinum\" }, ", "[{ value = \"diamond\" }, "),
                "options stay in the order of ids: metal, stone, finish",
            ),
        ] {
            let Err(ImportError::InUse { why: why_not, .. }) = import(&db, &wrong).await else {
                panic!("{wrong}")
            };
            assert!(why_not.contains(&why.to_owned()), "{why_not:?}");
        }
        // A choice that no configuration has can be removed.
        let fewer = RING.replace(", { value = \"rose-gold\", swatch = \"#d29682\" }", "");
        import(&db, &fewer).await.unwrap();
        let removed = db.remove_product(&id, &Actor::command_line()).await;
        assert!(matches!(removed, Err(ImportError::HasConfigurations(_))), "{removed:?}");
    }

    #[tokio::test]
    async fn a_product_without_configurations_can_be_removed() {
        let (_folder, db, id) = with_ring().await;
        db.remove_product(&id, &Actor::command_line()).await.unwrap();
        let again = db.remove_product(&id, &Actor::command_line()).await;
        assert!(matches!(again, Err(ImportError::NoSuchProduct(_))), "{again:?}");
    }
}
