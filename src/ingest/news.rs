//! What an order would add to a product that exists already. A spelling mistake in a choice would stay on the product, which
//! is public, so that it is worth a question before.

use crate::{
    db::{Db, DbError},
    domain::names::{OptionName, Slug},
};

use super::Order;

/// An option or a choice that the order's product does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChoice {
    /// Of which option.
    pub option: OptionName,
    /// The choice.
    pub choice: Slug,
    /// The choices that the option has; `None` where the option itself is new.
    pub known: Option<Vec<Slug>>,
}

/// What is new in the order's choices; nothing where the product itself is new, or where a choice is missing, which is said
/// first.
pub async fn new_choices(db: &Db, order: &Order) -> Result<Vec<NewChoice>, DbError> {
    let Some(product) = db.load_product(&order.product).await? else { return Ok(Vec::new()) };
    let is_given = |name: &OptionName| order.choices.iter().any(|(option, _)| option == name);
    if !product.options.iter().all(|def| is_given(&def.name)) {
        return Ok(Vec::new());
    }
    let new = order.choices.iter().filter_map(|(option, choice)| {
        let def = product.options.iter().find(|def| def.name == *option);
        let known: Option<Vec<Slug>> =
            def.map(|def| def.choices.iter().map(|choice| choice.value.clone()).collect());
        let is_known = known.as_ref().is_some_and(|known| known.contains(choice));
        (!is_known).then(|| NewChoice { option: option.clone(), choice: choice.clone(), known })
    });
    Ok(new.collect())
}
