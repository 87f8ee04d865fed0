//! Names of products, options, choices and configurations.
//!
//! A name is checked where it enters and never again: inside, the types stand for the rules.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest slug, in bytes.
const MAX_SLUG: usize = 64;
/// Longest option name, in bytes.
const MAX_OPTION: usize = 32;
/// Longest configuration id, in bytes: it has to fit into URLs, tags and log lines.
const MAX_CONFIG_ID: usize = 512;

/// Base models that would collide with words of the storefront's URLs.
const URL_WORDS: &[&str] = &["auto", "configure", "manifest", "sequence", "status", "still"];

/// HTML attributes: option names become attributes of `<girasol-spin>`.
const HTML_ATTRIBUTES: &[&str] = &[
    "accesskey",
    "alt",
    "anchor",
    "autocapitalize",
    "autofocus",
    "class",
    "configuration",
    "contenteditable",
    "dir",
    "draggable",
    "enterkeyhint",
    "exportparts",
    "format",
    "frames",
    "height",
    "hidden",
    "id",
    "inert",
    "inputmode",
    "is",
    "itemid",
    "itemprop",
    "itemref",
    "itemscope",
    "itemtype",
    "lang",
    "name",
    "nonce",
    "part",
    "popover",
    "poster",
    "product",
    "role",
    "slot",
    "spellcheck",
    "src",
    "style",
    "tabindex",
    "tier",
    "title",
    "translate",
    "width",
    "writingsuggestions",
];

/// A name that breaks a rule: what was given, and the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} \"{given}\" {rule}")]
pub struct BadName {
    /// What kind of name was wanted.
    pub kind: &'static str,
    /// What was given, cut to a readable length.
    pub given: String,
    /// The rule that it breaks, as the end of a sentence.
    pub rule: &'static str,
}

impl BadName {
    fn new(kind: &'static str, given: &str, rule: &'static str) -> Self {
        Self { kind, given: given.chars().take(80).collect(), rule }
    }
}

/// `[a-z0-9]+(-[a-z0-9]+)*`, at most 64 bytes: jewelry types, base models and choices.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

impl FromStr for Slug {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let word = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if text.len() > MAX_SLUG {
            return Err(BadName::new("name", text, "is longer than 64 characters"));
        }
        if !text.split('-').all(word) {
            return Err(BadName::new("name", text, "may only have a-z, 0-9 and single dashes between them"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A label to start with: the slug in title case.
    pub fn title(&self) -> String {
        title(&self.0)
    }
}

/// `[a-z][a-z0-9]*` and no HTML attribute: `metal`, `stone`, `carat`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptionName(String);

impl FromStr for OptionName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bytes = text.as_bytes();
        if bytes.len() > MAX_OPTION {
            return Err(BadName::new("option", text, "is longer than 32 characters"));
        }
        if !bytes.first().is_some_and(u8::is_ascii_lowercase)
            || !bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        {
            return Err(BadName::new("option", text, "may only have a-z and 0-9, a letter first"));
        }
        if HTML_ATTRIBUTES.contains(&text)
            || text.starts_with("on")
            || text.starts_with("aria")
            || text.starts_with("data")
        {
            return Err(BadName::new("option", text, "is an HTML attribute: choose another word"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl OptionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A label to start with: the name in title case.
    pub fn title(&self) -> String {
        title(&self.0)
    }
}

/// A customizable base model of a jewelry type; written `ring.solitaire`, or `ring/solitaire` in URLs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProductId {
    /// `ring`.
    pub jewelry_type: Slug,
    /// `solitaire`.
    pub base_model: Slug,
}

impl ProductId {
    /// Puts an id together; words of the URLs are no base models.
    pub fn new(jewelry_type: &str, base_model: &str) -> Result<Self, BadName> {
        if URL_WORDS.contains(&base_model) {
            return Err(BadName::new(
                "base model",
                base_model,
                "is a word of Girasol's URLs: choose another",
            ));
        }
        Ok(Self { jewelry_type: jewelry_type.parse()?, base_model: base_model.parse()? })
    }
}

impl FromStr for ProductId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let wrong =
            || BadName::new("product", text, "must be a jewelry type and a base model, as ring/solitaire");
        let (jewelry_type, base_model) = text.split_once(['/', '.']).ok_or_else(wrong)?;
        Self::new(jewelry_type, base_model)
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.jewelry_type, self.base_model)
    }
}

/// A choice for each option, by option name.
pub type Choices = BTreeMap<OptionName, Slug>;

/// Names a configuration: product id and `option-choice` pairs in the product's option order, joined
/// by dots: `ring.solitaire.metal-yellow-gold.stone-diamond`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConfigId(String);

impl ConfigId {
    /// Joins an id from pairs that stand in the product's option order.
    pub fn new<'a>(
        product: &ProductId,
        pairs: impl IntoIterator<Item = (&'a OptionName, &'a Slug)>,
    ) -> Result<Self, BadName> {
        let mut id = product.to_string();
        for (option, choice) in pairs {
            id.push('.');
            id.push_str(option.as_str());
            id.push('-');
            id.push_str(choice.as_str());
        }
        if id.len() > MAX_CONFIG_ID {
            return Err(BadName::new("configuration", &id, "is longer than 512 characters"));
        }
        Ok(Self(id))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The product that the configuration is of.
    pub fn product(&self) -> ProductId {
        let mut parts = self.0.split('.').map(|part| Slug(part.to_owned()));
        let mut part = || parts.next().unwrap_or_else(|| Slug(String::new()));
        ProductId { jewelry_type: part(), base_model: part() }
    }

    /// The choices that stand in the id; an option whose default is left out of ids is missing.
    pub fn choices(&self) -> Choices {
        let pairs = self.0.split('.').skip(2).filter_map(|pair| pair.split_once('-'));
        pairs.map(|(option, choice)| (OptionName(option.to_owned()), Slug(choice.to_owned()))).collect()
    }
}

impl FromStr for ConfigId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let wrong = || {
            BadName::new("configuration", text, "must be as ring.solitaire.metal-yellow-gold.stone-diamond")
        };
        if text.len() > MAX_CONFIG_ID {
            return Err(wrong());
        }
        let mut parts = text.split('.');
        let (jewelry_type, base_model) = parts.next().zip(parts.next()).ok_or_else(wrong)?;
        ProductId::new(jewelry_type, base_model)?;
        let mut seen = Vec::new();
        for pair in parts {
            let (option, choice) = pair.split_once('-').ok_or_else(wrong)?;
            let option: OptionName = option.parse()?;
            choice.parse::<Slug>()?;
            if seen.contains(&option) {
                return Err(wrong());
            }
            seen.push(option);
        }
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text {
    ($($kind:ident),*) => {$(
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}
text!(Slug, OptionName, ConfigId);

macro_rules! serde_text {
    ($($kind:ident),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
serde_text!(Slug, OptionName, ConfigId, ProductId);

fn title(text: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    text.split('-').map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_words_with_single_dashes() {
        for good in ["a", "yellow-gold", "18k", "a-1-b"] {
            assert_eq!(good.parse::<Slug>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "a--b", "Gold", "gold.", "gelb/gold", "ü", "a b", &"a".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn options_have_no_dash_and_are_no_html_attributes() {
        for good in ["metal", "stone2"] {
            assert!(good.parse::<OptionName>().is_ok());
        }
        for bad in ["", "2stone", "metal-kind", "Metal", "style", "title", "class", "onclick"] {
            assert!(bad.parse::<OptionName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_product_is_written_with_a_slash_or_a_dot() {
        assert_eq!("ring/solitaire".parse::<ProductId>().unwrap().to_string(), "ring.solitaire");
        assert_eq!("ring.solitaire".parse::<ProductId>(), "ring/solitaire".parse());
        for bad in ["ring", "ring/sequence", "ring/status", "ring/a/b", "/a", "ring/"] {
            assert!(bad.parse::<ProductId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_configuration_id_reads_back() {
        let product = ProductId::new("ring", "solitaire").unwrap();
        let (metal, stone) = ("metal".parse().unwrap(), "stone".parse().unwrap());
        let (gold, diamond) = ("yellow-gold".parse().unwrap(), "diamond".parse().unwrap());
        let id = ConfigId::new(&product, [(&metal, &gold), (&stone, &diamond)]).unwrap();
        assert_eq!(id.as_str(), "ring.solitaire.metal-yellow-gold.stone-diamond");
        assert_eq!(id.product(), product);
        assert_eq!(id.choices(), Choices::from([(metal, gold), (stone, diamond)]));
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in [
            "ring",
            "ring.solitaire.metal",
            "ring.solitaire.metal-",
            "ring.solitaire.metal-a.metal-b",
            "..",
            "ring.status",
        ] {
            assert!(bad.parse::<ConfigId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn labels_start_as_title_case() {
        assert_eq!("yellow-gold".parse::<Slug>().unwrap().title(), "Yellow Gold");
    }
}
