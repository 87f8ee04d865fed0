//! A product as a file: written by hand or exported, checked as a whole, imported.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use super::{
    hotspot::Hotspot,
    line::is_line,
    names::{OptionName, ProductId, Slug},
    product::{Choice, OptionDef, Product},
};

/// What a product's file calls itself.
pub const SCHEMA: &str = "girasol.product/1";
/// Options of a product, and choices of an option. A page shows a few; a mistake makes thousands.
const MAX_OPTIONS: usize = 16;
const MAX_CHOICES: usize = 200;
const MAX_HOTSPOTS: usize = 24;
/// Characters of what people read.
const MAX_LABEL: usize = 120;
/// Characters of an address.
const MAX_ADDRESS: usize = 1000;

/// A product's file, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductFile {
    /// [`SCHEMA`].
    pub schema: String,
    /// `ring/solitaire` or `ring.solitaire`.
    pub id: String,
    /// For people; the base model in title case unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// In the order of ids.
    #[serde(default)]
    pub options: Vec<OptionEntry>,
    /// Places on the piece that have something to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hotspots: Vec<Hotspot>,
}

/// An option of a [`ProductFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionEntry {
    /// `metal`.
    pub name: String,
    /// For people; the name in title case unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What stands where nothing was chosen; the first choice unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// In the order in which they are shown.
    pub choices: Vec<ChoiceEntry>,
}

/// A choice of an [`OptionEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceEntry {
    /// `yellow-gold`.
    pub value: String,
    /// For people; the value in title case unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// `#d4af5f`, or the address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swatch: Option<String>,
}

/// A product as a file offers it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Which product.
    pub id: ProductId,
    /// For people.
    pub label: String,
    /// In the order of ids.
    pub options: Vec<OptionDef>,
    /// In the order in which the keyboard meets them.
    pub hotspots: Vec<Hotspot>,
}

/// Something in a file that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: `options[0].choices[2].swatch`.
    pub at: String,
    /// What is wrong, as a sentence for the author of the file.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)
    }
}

impl ProductFile {
    /// The file of a product as it is.
    pub fn of(product: &Product) -> Self {
        let choice = |choice: &Choice| ChoiceEntry {
            value: choice.value.to_string(),
            label: Some(choice.label.clone()),
            swatch: choice.swatch.clone(),
        };
        let option = |option: &OptionDef| OptionEntry {
            name: option.name.to_string(),
            label: Some(option.label.clone()),
            default: Some(option.default.to_string()),
            choices: option.choices.iter().map(choice).collect(),
        };
        Self {
            schema: SCHEMA.to_owned(),
            id: product.id.to_string(),
            label: Some(product.label.clone()),
            options: product.options.iter().map(option).collect(),
            hotspots: product.hotspots.clone(),
        }
    }

    /// The product that the file offers, or all that is wrong with it.
    pub fn check(&self) -> Result<Offer, Vec<Fault>> {
        let mut check = Check::default();
        if self.schema != SCHEMA {
            check.fault("schema", format!("write \"{SCHEMA}\""));
        }
        let id = check.read::<ProductId>("id", &self.id);
        let label = check.label("label", self.label.as_deref(), || {
            id.as_ref().map_or_else(String::new, |id| id.base_model.title())
        });
        check.at_most("options", self.options.len(), MAX_OPTIONS);
        let mut names = BTreeSet::new();
        let mut options = Vec::new();
        for (index, entry) in self.options.iter().enumerate() {
            if !names.insert(&entry.name) {
                check
                    .fault(&format!("options[{index}].name"), format!("\"{}\" was there before", entry.name));
            }
            options.extend(check.option(&format!("options[{index}]"), entry));
        }
        check.at_most("hotspots", self.hotspots.len(), MAX_HOTSPOTS);
        let mut names = BTreeSet::new();
        for (index, hotspot) in self.hotspots.iter().enumerate() {
            let at = format!("hotspots[{index}]");
            if !names.insert(&hotspot.name) {
                check.fault(&format!("{at}.name"), format!("\"{}\" was there before", hotspot.name));
            }
            check.read::<Slug>(&format!("{at}.name"), &hotspot.name);
            check.label(&format!("{at}.label"), Some(&hotspot.label), String::new);
            if let Some(href) = &hotspot.href {
                check.address(&format!("{at}.href"), href);
            }
            for message in hotspot.faults() {
                check.fault(&format!("{at}.points"), message);
            }
        }
        match id {
            Some(id) if check.faults.is_empty() => {
                Ok(Offer { id, label, options, hotspots: self.hotspots.clone() })
            }
            _ => Err(check.faults),
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Check {
    faults: Vec<Fault>,
}

impl Check {
    fn fault(&mut self, at: &str, message: impl Into<String>) {
        self.faults.push(Fault { at: at.to_owned(), message: message.into() });
    }

    fn read<T: std::str::FromStr<Err: fmt::Display>>(&mut self, at: &str, text: &str) -> Option<T> {
        text.parse().map_err(|error: T::Err| self.fault(at, error.to_string())).ok()
    }

    fn at_most(&mut self, at: &str, count: usize, max: usize) {
        if count > max {
            self.fault(at, format!("there are {count}, and {max} are the most"));
        }
    }

    fn label(&mut self, at: &str, said: Option<&str>, otherwise: impl FnOnce() -> String) -> String {
        let Some(label) = said else { return otherwise() };
        if label.trim().is_empty() {
            self.fault(at, "is empty: leave it out, or write what people should read");
        } else if label.chars().count() > MAX_LABEL || !is_line(label) {
            self.fault(at, format!("is one line of at most {MAX_LABEL} characters"));
        }
        label.to_owned()
    }

    /// Of a picture or a page: on the page's own host, or with https.
    fn address(&mut self, at: &str, address: &str) {
        let known =
            address.starts_with("https://") || (address.starts_with('/') && !address.starts_with("//"));
        let safe =
            !address.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'()<>\\".contains(c));
        if !known || !safe || address.len() > MAX_ADDRESS {
            self.fault(
                at,
                "is an address that begins with https:// or /, without spaces, quotes and brackets",
            );
        }
    }

    fn option(&mut self, at: &str, entry: &OptionEntry) -> Option<OptionDef> {
        let name = self.read::<OptionName>(&format!("{at}.name"), &entry.name);
        let label = self.label(&format!("{at}.label"), entry.label.as_deref(), || {
            name.as_ref().map_or_else(String::new, OptionName::title)
        });
        self.at_most(&format!("{at}.choices"), entry.choices.len(), MAX_CHOICES);
        if entry.choices.is_empty() {
            self.fault(&format!("{at}.choices"), "an option has at least one choice");
        }
        let mut values = BTreeSet::new();
        let mut choices = Vec::new();
        for (index, choice) in entry.choices.iter().enumerate() {
            let at = format!("{at}.choices[{index}]");
            if !values.insert(&choice.value) {
                self.fault(&format!("{at}.value"), format!("\"{}\" was there before", choice.value));
            }
            choices.extend(self.choice(&at, choice));
        }
        let default = match &entry.default {
            Some(default) if !values.contains(default) => {
                self.fault(&format!("{at}.default"), format!("\"{default}\" is none of its choices"));
                None
            }
            Some(default) => default.parse().ok(),
            None => choices.first().map(|choice| choice.value.clone()),
        };
        Some(OptionDef { name: name?, label, default: default?, added_later: false, choices })
    }

    fn choice(&mut self, at: &str, entry: &ChoiceEntry) -> Option<Choice> {
        let value = self.read::<Slug>(&format!("{at}.value"), &entry.value);
        let label = self.label(&format!("{at}.label"), entry.label.as_deref(), || {
            value.as_ref().map_or_else(String::new, Slug::title)
        });
        let swatch = entry.swatch.as_ref().map(|swatch| {
            let Some(hex) = swatch.strip_prefix('#') else {
                self.address(&format!("{at}.swatch"), swatch);
                return swatch.clone();
            };
            if hex.len() != 6 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                self.fault(&format!("{at}.swatch"), "a colour is written #rrggbb, as #d4af5f");
            }
            swatch.to_ascii_lowercase()
        });
        Some(Choice { value: value?, label, swatch, listed: true })
    }
}

#[cfg(test)]
mod tests;
