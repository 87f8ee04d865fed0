//! A product: what can be chosen, and which configurations have a spin.

use assets_pipeline::digest::Digest;
use serde::{Deserialize, Serialize};

use super::{
    hotspot::Hotspot,
    names::{BadName, Choices, ConfigId, OptionName, ProductId, Slug},
};

/// A product as it stood at one revision. It is serialized for the cache that servers share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// `ring.solitaire`.
    pub id: ProductId,
    /// For people.
    pub label: String,
    /// Moves with every change to what is said here.
    pub revision: i64,
    /// In the order of ids.
    pub options: Vec<OptionDef>,
    /// Places on the piece that have something to say.
    pub hotspots: Vec<Hotspot>,
    /// Whether it has a file, or was made by an ingest alone.
    pub listed: bool,
    /// What is looked at most, of what has a live spin that is public.
    pub popular: Vec<ConfigId>,
    /// Configurations with a live spin that is public, oldest first.
    pub spins: Vec<LiveSpin>,
}

/// One thing that can be customized.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionDef {
    /// `metal`.
    pub name: OptionName,
    /// For people.
    pub label: String,
    /// Fills the gap where nothing was chosen.
    pub default: Slug,
    /// Whether the option came when ids existed already; its default is left out of ids then.
    pub added_later: bool,
    /// In the order in which they are shown.
    pub choices: Vec<Choice>,
}

/// One value of an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// `yellow-gold`.
    pub value: Slug,
    /// For people.
    pub label: String,
    /// `#rrggbb`, or the address of a picture.
    pub swatch: Option<String>,
    /// Whether the product's file lists it; otherwise an ingest created it.
    pub listed: bool,
}

/// What was chosen for a configuration, whether it has a spin or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Its choices.
    pub choices: Choices,
    /// Whether it is not protected.
    pub is_public: bool,
}

/// A configuration whose spin is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSpin {
    /// Its id.
    pub configuration: ConfigId,
    /// What was chosen.
    pub choices: Choices,
    /// The live manifest's digest.
    pub digest: Digest,
}

/// A choice that the product does not offer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownChoice {
    /// No such option.
    #[error("{product} has no option \"{option}\"")]
    Option {
        /// Which product.
        product: ProductId,
        /// What was asked for.
        option: OptionName,
    },
    /// The option has no such choice.
    #[error("{option} has no choice \"{choice}\"")]
    Choice {
        /// Which option.
        option: OptionName,
        /// What was asked for.
        choice: Slug,
    },
}

/// Why a configuration has no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNamed {
    /// The product has an option for which nothing was chosen.
    #[error("nothing was chosen for \"{0}\"")]
    Missing(OptionName),
    /// A name is no good.
    #[error(transparent)]
    Name(#[from] BadName),
}

impl Product {
    /// Checks what was chosen and fills the gaps with defaults.
    pub fn complete(&self, chosen: &Choices) -> Result<Choices, UnknownChoice> {
        for (option, choice) in chosen {
            let def = self.options.iter().find(|def| def.name == *option);
            let def = def
                .ok_or_else(|| UnknownChoice::Option { product: self.id.clone(), option: option.clone() })?;
            if !def.choices.iter().any(|one| one.value == *choice) {
                return Err(UnknownChoice::Choice { option: option.clone(), choice: choice.clone() });
            }
        }
        Ok(self.fill(chosen))
    }

    /// The id of a configuration; gaps count as defaults.
    pub fn config_id(&self, choices: &Choices) -> Result<ConfigId, BadName> {
        let choices = self.fill(choices);
        let pairs = self.options.iter().filter_map(|def| {
            let choice = choices.get(&def.name)?;
            (!def.added_later || *choice != def.default).then_some((&def.name, choice))
        });
        ConfigId::new(&self.id, pairs)
    }

    /// The id that a configuration has, or will have once an ingest of these pairs has made it. Ids are stored, and never
    /// computed anew: `stored` are those of the product.
    pub fn name(
        mut self,
        stored: &[(ConfigId, Choices)],
        pairs: &[(OptionName, Slug)],
    ) -> Result<ConfigId, NotNamed> {
        let given = |name: &OptionName| pairs.iter().any(|(option, _)| option == name);
        if let Some(missing) = self.options.iter().find(|def| !given(&def.name)) {
            return Err(NotNamed::Missing(missing.name.clone()));
        }
        self.offer(pairs);
        let chosen: Choices = pairs.iter().cloned().collect();
        match stored.iter().find(|(_, choices)| self.fill(choices) == self.fill(&chosen)) {
            Some((id, _)) => Ok(id.clone()),
            None => Ok(self.config_id(&chosen)?),
        }
    }

    /// Adds options and choices that are missing, as an ingest of these pairs will.
    pub fn offer(&mut self, pairs: &[(OptionName, Slug)]) {
        for (option, choice) in pairs {
            let new = || Choice { value: choice.clone(), label: choice.title(), swatch: None, listed: false };
            match self.options.iter_mut().find(|def| def.name == *option) {
                Some(def) if def.choices.iter().any(|one| one.value == *choice) => {}
                Some(def) => def.choices.push(new()),
                None => self.options.push(OptionDef {
                    name: option.clone(),
                    label: option.title(),
                    default: choice.clone(),
                    added_later: true,
                    choices: vec![new()],
                }),
            }
        }
    }

    /// What the public may see: choices of public configurations, and those that a file lists and no protected
    /// configuration has. `None` where the product has protected configurations alone and no file lists it.
    pub fn shown_by(mut self, configured: &[Configured]) -> Option<Self> {
        let filled: Vec<(Choices, bool)> =
            configured.iter().map(|one| (self.fill(&one.choices), one.is_public)).collect();
        let has = |option: &OptionName, choice: &Slug, in_public: bool| {
            let mut of_kind = filled.iter().filter(|(_, is_public)| *is_public == in_public);
            of_kind.any(|(choices, _)| choices.get(option) == Some(choice))
        };
        for def in &mut self.options {
            let OptionDef { name, choices, .. } = def;
            choices.retain(|choice| {
                has(name, &choice.value, true) || (choice.listed && !has(name, &choice.value, false))
            });
            let has_default = def.choices.iter().any(|choice| choice.value == def.default);
            if let Some(first) = def.choices.first().filter(|_| !has_default) {
                // No id leaves this default out.
                def.default = first.value.clone();
                def.added_later = false;
            }
        }
        self.options.retain(|def| !def.choices.is_empty());
        let is_public = configured.iter().any(|one| one.is_public) || (self.listed && configured.is_empty());
        is_public.then_some(self)
    }

    /// The live spin of exactly these choices.
    pub fn spin(&self, choices: &Choices) -> Option<&LiveSpin> {
        let wanted = self.fill(choices);
        self.spins.iter().find(|spin| self.fill(&spin.choices) == wanted)
    }

    /// The live spin that differs in the fewest choices; among equals one of the same metal, then
    /// the oldest.
    pub fn nearest_spin(&self, choices: &Choices) -> Option<&LiveSpin> {
        let wanted = self.fill(choices);
        self.spins.iter().min_by_key(|spin| {
            let has = self.fill(&spin.choices);
            let differs = |name: &OptionName| has.get(name) != wanted.get(name);
            let count = self.options.iter().filter(|def| differs(&def.name)).count();
            (count, self.options.iter().any(|def| def.name.as_str() == "metal" && differs(&def.name)))
        })
    }

    /// Live spins that differ from these choices in exactly one.
    pub fn siblings(&self, choices: &Choices) -> impl Iterator<Item = &LiveSpin> {
        let wanted = self.fill(choices);
        self.spins.iter().filter(move |spin| {
            let has = self.fill(&spin.choices);
            self.options.iter().filter(|def| has.get(&def.name) != wanted.get(&def.name)).count() == 1
        })
    }

    /// A choice for every option; gaps become defaults, and what is no option is left out.
    pub fn fill(&self, chosen: &Choices) -> Choices {
        fill(&self.options, chosen)
    }
}

/// A choice for each of these options; gaps become defaults, and what is no option is left out.
pub fn fill(options: &[OptionDef], chosen: &Choices) -> Choices {
    let choice = |def: &OptionDef| chosen.get(&def.name).unwrap_or(&def.default).clone();
    options.iter().map(|def| (def.name.clone(), choice(def))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &str, added_later: bool, values: &[&str]) -> OptionDef {
        let choice = |value: &&str| Choice {
            value: value.parse().unwrap(),
            label: (*value).to_owned(),
            swatch: None,
            listed: false,
        };
        OptionDef {
            name: name.parse().unwrap(),
            label: name.to_owned(),
            default: values[0].parse().unwrap(),
            added_later,
            choices: values.iter().map(choice).collect(),
        }
    }

    fn choices(pairs: &[(&str, &str)]) -> Choices {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn ring(spins: &[&[(&str, &str)]]) -> Product {
        let mut product = Product {
            id: "ring/solitaire".parse().unwrap(),
            label: "Solitaire".to_owned(),
            revision: 1,
            options: vec![
                option("metal", false, &["yellow-gold", "rose-gold", "platinum"]),
                option("stone", false, &["diamond", "ruby"]),
                option("finish", true, &["polished", "matte"]),
            ],
            hotspots: Vec::new(),
            listed: false,
            popular: Vec::new(),
            spins: Vec::new(),
        };
        for pairs in spins {
            let choices = choices(pairs);
            let configuration = product.config_id(&choices).unwrap();
            product.spins.push(LiveSpin { configuration, choices, digest: Digest::of(b"manifest") });
        }
        product
    }

    #[test]
    fn gaps_are_filled_with_defaults() {
        let filled = ring(&[]).complete(&choices(&[("metal", "platinum")])).unwrap();
        assert_eq!(filled, choices(&[("metal", "platinum"), ("stone", "diamond"), ("finish", "polished")]));
    }

    #[test]
    fn what_the_product_does_not_offer_is_named() {
        let error = ring(&[]).complete(&choices(&[("metal", "tin")])).unwrap_err();
        assert_eq!(error.to_string(), "metal has no choice \"tin\"");
        let error = ring(&[]).complete(&choices(&[("engraving", "yes")])).unwrap_err();
        assert_eq!(error.to_string(), "ring.solitaire has no option \"engraving\"");
    }

    #[test]
    fn the_default_of_an_option_added_later_is_left_out_of_ids() {
        let id = |pairs: &[(&str, &str)]| ring(&[]).config_id(&choices(pairs)).unwrap().to_string();
        assert_eq!(id(&[]), "ring.solitaire.metal-yellow-gold.stone-diamond");
        assert_eq!(id(&[("finish", "polished")]), "ring.solitaire.metal-yellow-gold.stone-diamond");
        assert_eq!(id(&[("finish", "matte")]), "ring.solitaire.metal-yellow-gold.stone-diamond.finish-matte");
    }

    /// The viewer's own function is held to the same table.
    #[test]
    fn ids_are_what_the_table_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/names/cases.json");
        let table: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for case in table["cases"].as_array().unwrap() {
            let known = &table["products"][case["product"].as_str().unwrap()];
            let mut product = ring(&[]);
            product.id = known["id"].as_str().unwrap().parse().unwrap();
            product.options = known["options"]
                .as_array()
                .unwrap()
                .iter()
                .map(|def| {
                    let values: Vec<&str> = def["choices"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|value| value.as_str().unwrap())
                        .collect();
                    let added_later = def["omitDefault"].as_bool().unwrap();
                    let mut option = option(def["name"].as_str().unwrap(), added_later, &values);
                    option.default = def["default"].as_str().unwrap().parse().unwrap();
                    option
                })
                .collect();
            let pairs: Vec<(&str, &str)> = case["choices"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let completed = product.complete(&choices(&pairs)).ok();
            let id = completed.map(|choices| product.config_id(&choices).unwrap().to_string());
            assert_eq!(id.as_deref(), case["id"].as_str(), "{case}");
        }
    }

    #[test]
    fn the_nearest_spin_differs_least_and_in_metal_last() {
        let ring = ring(&[
            &[("metal", "rose-gold"), ("stone", "ruby")],
            &[("metal", "platinum"), ("stone", "diamond")],
        ]);
        let nearest =
            |pairs: &[(&str, &str)]| ring.nearest_spin(&choices(pairs)).unwrap().configuration.to_string();
        assert_eq!(
            nearest(&[("metal", "platinum"), ("stone", "ruby")]),
            "ring.solitaire.metal-platinum.stone-diamond"
        );
        assert_eq!(
            nearest(&[("metal", "yellow-gold"), ("stone", "ruby")]),
            "ring.solitaire.metal-rose-gold.stone-ruby"
        );
    }

    #[test]
    fn what_only_others_have_is_not_shown() {
        let ring = || ring(&[&[("metal", "rose-gold")]]);
        let shown = |public: &[&[(&str, &str)]]| {
            let configured = |pairs: &&[_]| Configured { choices: choices(pairs), is_public: true };
            let public: Vec<Configured> = public.iter().map(configured).collect();
            let values = |def: &OptionDef| {
                let values: Vec<_> = def.choices.iter().map(|choice| choice.value.as_str()).collect();
                format!("{}={} of {}", def.name.as_str(), def.default.as_str(), values.join(", "))
            };
            ring().shown_by(&public).map(|ring| ring.options.iter().map(values).collect::<Vec<_>>())
        };
        assert_eq!(shown(&[]), None);
        let some = shown(&[
            &[("metal", "rose-gold"), ("stone", "ruby")],
            &[("metal", "platinum"), ("stone", "ruby")],
        ]);
        let expected =
            ["metal=rose-gold of rose-gold, platinum", "stone=ruby of ruby", "finish=polished of polished"];
        assert_eq!(some.unwrap(), expected);
        let id = ring().shown_by(&[platinum(true)]).unwrap().config_id(&choices(&[])).unwrap();
        assert_eq!(id.to_string(), "ring.solitaire.metal-platinum.stone-diamond");
    }

    fn platinum(is_public: bool) -> Configured {
        Configured { choices: choices(&[("metal", "platinum")]), is_public }
    }

    #[test]
    fn what_a_file_lists_is_shown_unless_it_is_protected() {
        let mut listed = ring(&[]);
        listed.listed = true;
        listed.options[0].choices.iter_mut().for_each(|choice| choice.listed = true);
        let metals = |configured: &[Configured]| {
            let shown = listed.clone().shown_by(configured)?;
            let metal = shown.options.into_iter().find(|def| def.name.as_str() == "metal")?;
            Some(metal.choices.into_iter().map(|choice| choice.value.to_string()).collect::<Vec<_>>())
        };
        let all = vec!["yellow-gold".to_owned(), "rose-gold".to_owned(), "platinum".to_owned()];
        assert_eq!(metals(&[]), Some(all));
        assert_eq!(metals(&[platinum(false)]), None);
        let gold = Configured { choices: choices(&[("metal", "rose-gold")]), is_public: true };
        let golds = vec!["yellow-gold".to_owned(), "rose-gold".to_owned()];
        assert_eq!(metals(&[platinum(false), gold]), Some(golds));
    }

    #[test]
    fn siblings_differ_in_one_choice() {
        let ring = ring(&[&[], &[("metal", "rose-gold")], &[("metal", "platinum"), ("stone", "ruby")]]);
        let siblings: Vec<_> =
            ring.siblings(&choices(&[])).map(|spin| spin.configuration.to_string()).collect();
        assert_eq!(siblings, ["ring.solitaire.metal-rose-gold.stone-diamond"]);
    }
}
