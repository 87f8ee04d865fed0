//! Products as artists and operators see them: lists, files, and demand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    db::{demand, import::Changes},
    domain::{
        names::{Choices, ConfigId, OptionName, ProductId, Slug},
        product::{self, OptionDef},
    },
};

use super::{names, timestamp::Timestamp};

/// All products.
#[derive(Serialize, ToSchema)]
pub(crate) struct Products {
    pub(crate) products: Vec<ListedProduct>,
}

/// A product and its configurations, with or without a spin.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedProduct {
    pub(crate) id: ProductId,
    pub(crate) label: String,
    pub(crate) r#type: Slug,
    pub(crate) model: Slug,
    pub(crate) options: Vec<ListedOption>,
    pub(crate) configurations: Vec<ListedConfiguration>,
}

/// An option of a product.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedOption {
    name: OptionName,
    label: String,
    default: Slug,
    choices: Vec<ListedChoice>,
}

/// A choice of an option.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedChoice {
    value: Slug,
    label: String,
    #[schema(value_type = Option<names::Swatch>)]
    swatch: Option<String>,
}

impl From<&OptionDef> for ListedOption {
    fn from(option: &OptionDef) -> Self {
        let choice = |choice: &product::Choice| ListedChoice {
            value: choice.value.clone(),
            label: choice.label.clone(),
            swatch: choice.swatch.clone(),
        };
        Self {
            name: option.name.clone(),
            label: option.label.clone(),
            default: option.default.clone(),
            choices: option.choices.iter().map(choice).collect(),
        }
    }
}

/// A configuration, with or without a spin.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedConfiguration {
    pub(crate) id: ConfigId,
    #[schema(value_type = names::Choices)]
    pub(crate) choices: Choices,
    /// The live version.
    pub(crate) live: Option<i64>,
    /// The newest version.
    pub(crate) latest: Option<i64>,
    /// The number of versions.
    pub(crate) versions: u32,
    pub(crate) taken_down: bool,
    /// Nothing of it is public.
    pub(crate) protected: bool,
    /// The address of the live hero frame.
    #[schema(format = "uri-reference")]
    pub(crate) still: Option<String>,
}

/// A product as a file: options, choices, labels, swatches and hotspots. It is the schema of
/// [`ProductFile`](crate::domain::import::ProductFile), a format of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFile {
    schema: ProductFileFormat,
    /// The product of the address, with a dot or a slash.
    #[schema(examples("ring.solitaire"))]
    id: String,
    /// The base model in title case by default.
    #[serde(default)]
    #[schema(nullable = false)]
    label: Option<String>,
    /// In the order of configuration ids.
    #[serde(default)]
    #[schema(max_items = 16)]
    options: Vec<ProductFileOption>,
    #[serde(default)]
    #[schema(max_items = 24)]
    hotspots: Vec<ProductFileHotspot>,
}

/// The format of the file.
#[derive(Deserialize, ToSchema)]
pub(crate) enum ProductFileFormat {
    /// The first.
    #[serde(rename = "girasol.product/1")]
    V1,
}

/// An option of a product file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFileOption {
    #[schema(value_type = OptionName)]
    name: String,
    /// The name in title case by default.
    #[serde(default)]
    #[schema(nullable = false)]
    label: Option<String>,
    /// The first choice by default.
    #[serde(default)]
    #[schema(value_type = Option<Slug>, nullable = false)]
    default: Option<String>,
    #[schema(min_items = 1, max_items = 200)]
    choices: Vec<ProductFileChoice>,
}

/// A choice of a product file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFileChoice {
    #[schema(value_type = Slug)]
    value: String,
    /// The value in title case by default.
    #[serde(default)]
    #[schema(nullable = false)]
    label: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<names::Swatch>, nullable = false)]
    swatch: Option<String>,
}

/// A place on the piece. It is visible from its first degree to its last, and moves in straight lines from point to point.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFileHotspot {
    #[schema(value_type = Slug)]
    name: String,
    label: String,
    /// The address that it leads to.
    #[serde(default)]
    #[schema(nullable = false)]
    href: Option<String>,
    #[schema(min_items = 1, max_items = 72)]
    points: Vec<ProductFilePoint>,
}

/// The place of a hotspot at a degree, as shares of the raw frame's width and height from its upper left corner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductFilePoint {
    #[schema(maximum = 720)]
    degree: u16,
    #[schema(minimum = 0, maximum = 1)]
    x: f32,
    #[schema(minimum = 0, maximum = 1)]
    y: f32,
}

/// The changes of an import: options as `metal`, choices as `metal.platinum`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductChanges {
    id: ProductId,
    new: bool,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

impl ProductChanges {
    /// The changes of this product.
    pub(crate) fn of(id: ProductId, changes: Changes) -> Self {
        let Changes { is_new, added, removed, changed } = changes;
        Self { id, new: is_new, added, removed, changed }
    }
}

/// Configurations that clients asked for and that have no spin.
#[derive(Serialize, ToSchema)]
pub(crate) struct Demand {
    /// The most wanted first.
    pub(crate) wanted: Vec<Wanted>,
}

/// A configuration without a spin.
#[derive(Serialize, ToSchema)]
pub(crate) struct Wanted {
    pub(crate) configuration: ConfigId,
    pub(crate) product: ProductId,
    #[schema(value_type = names::Choices)]
    pub(crate) choices: Choices,
    /// How many times clients asked for it.
    pub(crate) asked: i64,
    /// The last time.
    pub(crate) last: Timestamp,
}

impl From<demand::Demand> for Wanted {
    fn from(demand: demand::Demand) -> Self {
        Self {
            product: demand.configuration.product(),
            configuration: demand.configuration,
            choices: demand.choices,
            asked: demand.asked,
            last: Timestamp(demand.last_at_ms),
        }
    }
}
