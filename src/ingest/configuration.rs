//! The configuration that an order is for, and what speaks against it.

use crate::{
    db::{Db, DbError},
    domain::{
        names::{ConfigId, OptionName},
        namespace::Namespace,
        product::NotNamed,
    },
};

use super::{Failure, Order};

/// Checks what an order says without looking at its frames or at the database.
pub fn check_choices(order: &Order) -> Result<(), Failure> {
    for (index, (option, _)) in order.choices.iter().enumerate() {
        if order.choices[..index].iter().any(|(earlier, _)| earlier == option) {
            return Err(Failure::OptionTwice(option.clone()));
        }
    }
    Ok(())
}

/// The id that the order's configuration has, or will have once its product is made.
pub(super) async fn name_configuration(db: &Db, order: &Order) -> Result<ConfigId, Failure> {
    check_choices(order)?;
    let Some(product) = db.load_product(&order.product).await? else {
        return Ok(ConfigId::new(
            &order.product,
            order.choices.iter().map(|(option, choice)| (option, choice)),
        )?);
    };
    let stored = db.configurations(&order.product).await?;
    product.name(&stored, &order.choices).map_err(|error| match error {
        NotNamed::Missing(option) => Failure::MissingChoice { product: order.product.clone(), option },
        NotNamed::Name(bad) => bad.into(),
    })
}

/// Refuses to protect what is public, or what would show in what is.
pub(super) async fn check_protection(db: &Db, order: &Order, id: &ConfigId) -> Result<(), Failure> {
    if db.namespace(id).await? == Some(Namespace::Public) && !db.versions(id).await?.is_empty() {
        return Err(Failure::Public(id.clone()));
    }
    if !db.has_public(&order.product).await? {
        return Ok(());
    }
    let product = db.load_product(&order.product).await?;
    let is_new = |name: &OptionName| {
        product.as_ref().is_some_and(|product| product.options.iter().all(|def| def.name != *name))
    };
    match order.choices.iter().find(|(option, _)| is_new(option)) {
        Some((option, _)) => {
            Err(Failure::PublicOption { product: order.product.clone(), option: option.clone() })
        }
        None => Ok(()),
    }
}

/// Whether the public may not learn that there will be a spin.
pub(super) async fn is_secret(db: &Db, order: &Order, id: &ConfigId) -> Result<bool, DbError> {
    Ok(order.protected || db.namespace(id).await?.is_some_and(Namespace::is_private))
}
