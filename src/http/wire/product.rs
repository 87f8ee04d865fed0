//! A product as storefronts see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        hotspot,
        names::{Choices, ConfigId, OptionName, ProductId, Slug},
        product::{self, LiveSpin, OptionDef},
    },
    http::{sequence_url, snippet_url},
};

use super::names;

/// What a product offers, and which of its configurations have a spin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    /// Jewelry type and base model.
    pub(crate) id: ProductId,
    pub(crate) jewelry_type: Slug,
    pub(crate) base_model: Slug,
    #[schema(examples("Solitaire"))]
    pub(crate) label: String,
    /// What the client has chosen, with defaults in the gaps. `spin` of each choice depends on it.
    #[schema(value_type = names::Choices)]
    pub(crate) context: Choices,
    pub(crate) options: Vec<ProductOption>,
    pub(crate) hotspots: Vec<Hotspot>,
    /// The configuration without any choice.
    pub(crate) default: Configuration,
    /// The configurations with the most views.
    #[schema(max_items = 6)]
    pub(crate) popular: Vec<Configuration>,
    /// Every configuration with a live spin, the oldest first.
    pub(crate) spins: Vec<Spin>,
}

/// What can be customized, and how.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductOption {
    pub(crate) name: OptionName,
    pub(crate) label: String,
    pub(crate) default: Slug,
    /// Configuration ids leave its default out, because they are older than the option.
    pub(crate) omit_default: bool,
    pub(crate) choices: Vec<ProductChoice>,
}

/// One value of an option.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductChoice {
    pub(crate) value: Slug,
    pub(crate) label: String,
    #[schema(value_type = Option<names::Swatch>)]
    pub(crate) swatch: Option<String>,
    /// The configuration with this choice, and with the other options as in `context`, has a spin.
    pub(crate) spin: bool,
}

/// A configuration, with or without a spin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    pub(crate) config_id: ConfigId,
    #[schema(value_type = names::Choices)]
    pub(crate) choices: Choices,
    /// It has a live spin.
    pub(crate) spin: bool,
    /// The manifest's address.
    #[schema(format = "uri-reference")]
    pub(crate) sequence: Option<String>,
    /// The address of the lines that put the spin on a page.
    #[schema(format = "uri-reference")]
    pub(crate) snippet: Option<String>,
}

/// A configuration with a live spin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spin {
    pub(crate) config_id: ConfigId,
    #[schema(value_type = names::Choices)]
    pub(crate) choices: Choices,
    /// The manifest's address.
    #[schema(format = "uri-reference")]
    pub(crate) sequence: String,
}

/// A place on the piece, for every configuration. It is visible from its first degree to its last, and moves in
/// straight lines from point to point.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hotspot {
    #[schema(value_type = Slug)]
    pub(crate) name: String,
    pub(crate) label: String,
    /// The address that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) href: Option<String>,
    #[schema(min_items = 1, max_items = 72)]
    pub(crate) points: Vec<HotspotPoint>,
}

/// Where a hotspot is at a degree.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HotspotPoint {
    #[schema(maximum = 720)]
    pub(crate) degree: u16,
    /// Share of the raw frame's width, from its left edge.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) x: f32,
    /// Share of the raw frame's height, from its upper edge.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) y: f32,
}

impl ProductOption {
    /// An option, with `spin` of each choice for a context.
    pub(crate) fn build(product: &product::Product, option: &OptionDef, context: &Choices) -> Self {
        let has_spin = |value: &Slug| {
            let mut choices = context.clone();
            choices.insert(option.name.clone(), value.clone());
            product.spin(&choices).is_some()
        };
        let choices = option.choices.iter().map(|choice| ProductChoice {
            value: choice.value.clone(),
            label: choice.label.clone(),
            swatch: choice.swatch.clone(),
            spin: has_spin(&choice.value),
        });
        Self {
            name: option.name.clone(),
            label: option.label.clone(),
            default: option.default.clone(),
            omit_default: option.added_later,
            choices: choices.collect(),
        }
    }
}

impl Configuration {
    /// A configuration with a live spin.
    pub(crate) fn live(product: &product::Product, spin: &LiveSpin) -> Self {
        Self {
            config_id: spin.configuration.clone(),
            choices: product.fill(&spin.choices),
            spin: true,
            sequence: Some(sequence_url(&spin.configuration)),
            snippet: Some(snippet_url(&spin.configuration)),
        }
    }
}

impl Spin {
    /// A live spin, with defaults in the gaps of its choices.
    pub(crate) fn of(product: &product::Product, spin: &LiveSpin) -> Self {
        let sequence = sequence_url(&spin.configuration);
        Self { config_id: spin.configuration.clone(), choices: product.fill(&spin.choices), sequence }
    }
}

impl From<&hotspot::Hotspot> for Hotspot {
    fn from(hotspot: &hotspot::Hotspot) -> Self {
        let point = |&hotspot::Point { degree, x, y }| HotspotPoint { degree, x, y };
        Self {
            name: hotspot.name.clone(),
            label: hotspot.label.clone(),
            href: hotspot.href.clone(),
            points: hotspot.points.iter().map(point).collect(),
        }
    }
}
