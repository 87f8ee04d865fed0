//! What choices would add to a product that exists already. A spelling mistake in a choice would stay on the product, which
//! is public, so that it is worth a question before.

use std::{
    error::Error,
    fmt::{self, Display, Formatter},
};

use super::{
    names::{Choices, OptionName, ProductId, Slug},
    nearest::nearest,
    product::Product,
};

/// An option or a choice that a product does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChoice {
    /// Of which product.
    pub product: ProductId,
    /// Of which option.
    pub option: OptionName,
    /// The choice.
    pub choice: Slug,
    /// Whether the option itself is new.
    pub is_new_option: bool,
    /// The choice that is meant perhaps.
    pub near: Option<Slug>,
}

impl Display for NewChoice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { product, option, choice, is_new_option, near } = self;
        if *is_new_option {
            return write!(f, "{product} has no option \"{option}\"");
        }
        write!(f, "{product} has no {option}={choice}")?;
        near.iter().try_for_each(|near| write!(f, ": did you mean {option}={near}?"))
    }
}

impl Error for NewChoice {}

/// What is new in these choices. Nothing where one is missing, which is said first.
pub fn new_choices(product: &Product, chosen: &Choices) -> Vec<NewChoice> {
    if !product.options.iter().all(|def| chosen.contains_key(&def.name)) {
        return Vec::new();
    }
    let new = chosen.iter().filter_map(|(option, choice)| {
        let def = product.options.iter().find(|def| def.name == *option);
        let known = || def.into_iter().flat_map(|def| &def.choices).map(|known| &known.value);
        if known().any(|known| known == choice) {
            return None;
        }
        let near = nearest(choice.as_str(), known().map(Slug::as_str));
        Some(NewChoice {
            product: product.id.clone(),
            option: option.clone(),
            choice: choice.clone(),
            is_new_option: def.is_none(),
            near: known().find(|known| Some(known.as_str()) == near).cloned(),
        })
    });
    new.collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::product::{Choice, OptionDef};

    use super::*;

    fn ring() -> Product {
        let choice = |value: &str| Choice {
            value: value.parse().unwrap(),
            label: value.to_owned(),
            swatch: None,
            listed: false,
        };
        let metal = OptionDef {
            name: "metal".parse().unwrap(),
            label: "Metal".to_owned(),
            default: "rose-gold".parse().unwrap(),
            added_later: false,
            choices: vec![choice("rose-gold"), choice("platinum")],
        };
        Product {
            id: "ring.solitaire".parse().unwrap(),
            label: "Solitaire".to_owned(),
            revision: 1,
            options: vec![metal],
            hotspots: Vec::new(),
            listed: false,
            popular: Vec::new(),
            spins: Vec::new(),
        }
    }

    #[test]
    fn what_is_new_is_named_with_the_choice_that_is_meant_perhaps() {
        let said = |pairs: &[(&str, &str)]| -> Vec<String> {
            let chosen: Choices = pairs
                .iter()
                .map(|(option, choice)| (option.parse().unwrap(), choice.parse().unwrap()))
                .collect();
            new_choices(&ring(), &chosen).iter().map(ToString::to_string).collect()
        };
        assert_eq!(said(&[("metal", "platinum")]), [""; 0]);
        assert_eq!(
            said(&[("metal", "rose-gould"), ("stone", "ruby")]),
            [
                "ring.solitaire has no metal=rose-gould: did you mean metal=rose-gold?",
                "ring.solitaire has no option \"stone\"",
            ]
        );
        assert_eq!(said(&[("metal", "titanium")]), ["ring.solitaire has no metal=titanium"]);
        // That the metal is missing is said first.
        assert_eq!(said(&[("metall", "platinum")]), [""; 0]);
    }
}
