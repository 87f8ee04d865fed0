//! Ids that exist, for errors about ids that do not.

use crate::{
    db::{Db, DbError},
    domain::{
        names::{ConfigId, ProductId},
        nearest::nearest,
    },
};

use super::words::listed;

/// A sentence about the products that there are, for an error about one that does not exist.
pub(super) async fn products_like(db: &Db, wanted: &ProductId) -> Result<String, DbError> {
    let ids: Vec<String> = db.product_ids().await?.iter().map(ToString::to_string).collect();
    Ok(hint(&wanted.to_string(), "products", &ids)
        .unwrap_or_else(|| "There is no product yet. Create one: girasol product import FILE".to_owned()))
}

/// A sentence about the configurations of the same product, or about the products if there is no such product.
pub(super) async fn configurations_like(db: &Db, wanted: &ConfigId) -> Result<String, DbError> {
    let product = wanted.product();
    let ids: Vec<String> = db.configurations(&product).await?.iter().map(|(id, _)| id.to_string()).collect();
    if ids.iter().any(|id| id == wanted.as_str()) {
        return Ok("It was taken down, or nothing of it has been encoded yet.".to_owned());
    }
    match hint(wanted.as_str(), &format!("configurations of {product}"), &ids) {
        Some(hint) => Ok(hint),
        None => products_like(db, &product).await,
    }
}

/// A sentence about the versions of a configuration; about configurations if it has none.
pub(super) async fn versions_of(db: &Db, id: &ConfigId) -> Result<String, DbError> {
    let versions = db.versions(id).await?;
    if versions.is_empty() {
        return configurations_like(db, id).await;
    }
    let numbers: Vec<String> = versions.iter().map(|version| version.version.to_string()).collect();
    Ok(format!("Its versions, the newest first: {}.", listed(&numbers)))
}

/// The id that is spelled most alike, or all ids; `None` where there are none.
fn hint(wanted: &str, what: &str, ids: &[String]) -> Option<String> {
    if let Some(near) = nearest(wanted, ids.iter().map(String::as_str)) {
        return Some(format!("Did you mean {near}?"));
    }
    (!ids.is_empty()).then(|| format!("The {what}: {}.", listed(ids)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_id_is_named_or_all_of_them() {
        let ids = ["ring.solitaire".to_owned(), "bracelet.tennis".to_owned()];
        assert_eq!(hint("ring.solitair", "products", &ids).as_deref(), Some("Did you mean ring.solitaire?"));
        assert_eq!(
            hint("earring.hoop", "products", &ids).as_deref(),
            Some("The products: ring.solitaire, bracelet.tennis.")
        );
        assert_eq!(hint("ring.solitaire", "products", &[]), None);
    }
}
