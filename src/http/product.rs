//! What a product offers, and which of it has a spin.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;

use crate::domain::{
    names::{Choices, ConfigId, OptionName, ProductId, Slug},
    product::{LiveSpin, OptionDef, Product},
};

use super::{
    caching::Caching,
    origin::{AnswerKey, Origin},
    problem::{At as _, Error, Failure},
    query,
    representation::{JSON, serve_precompressed},
    scope::Scope,
    segment, sequence_url,
};

/// Popular configurations in an answer.
const MAX_POPULAR: usize = 6;

/// `GET /api/products/customizable/{jewelryType}/{baseModel}`
pub(crate) async fn product(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    let id = ProductId::new(segment(&request, "jewelry_type"), segment(&request, "base_model"));
    let id = id.map_err(|_bad| Error::NoSuchProduct)?;
    let scope = Scope::product(&id).encoded();
    query::none(&request).at(&scope)?;
    let product = origin.product(&id).await.at(&scope)?;
    let product = product.as_ref().as_ref().ok_or(Error::NoSuchProduct).at(&scope)?;
    let key = AnswerKey::Product { id, revision: product.revision };
    let json = async { Ok(to_json(&ProductAnswer::build(product)?)) };
    let body = origin.answer(key, json).await.at(&scope)?;
    serve_precompressed(&request, Caching::Manifest, &scope, JSON, &body).at(&scope)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductAnswer<'a> {
    id: String,
    jewelry_type: &'a Slug,
    base_model: &'a Slug,
    label: &'a str,
    options: Vec<OptionAnswer<'a>>,
    default: ConfigurationAnswer,
    popular: Vec<ConfigurationAnswer>,
    spins: Vec<SpinAnswer>,
}

#[derive(Serialize)]
struct OptionAnswer<'a> {
    name: &'a OptionName,
    label: &'a str,
    default: &'a Slug,
    choices: Vec<ChoiceAnswer<'a>>,
}

#[derive(Serialize)]
struct ChoiceAnswer<'a> {
    value: &'a Slug,
    label: &'a str,
    swatch: Option<&'a str>,
    /// A spin exists with the other options at their defaults.
    spin: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationAnswer {
    config_id: ConfigId,
    choices: Choices,
    spin: bool,
    sequence: Option<String>,
}

/// A configuration with a live spin.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SpinAnswer {
    config_id: ConfigId,
    choices: Choices,
    sequence: String,
}

impl<'a> ProductAnswer<'a> {
    fn build(product: &'a Product) -> Result<Self, Error> {
        let defaults = product.fill(&Choices::new());
        let default = match product.spin(&defaults) {
            Some(spin) => ConfigurationAnswer::of(product, spin),
            None => ConfigurationAnswer {
                config_id: config_id(product, &defaults)?,
                choices: defaults,
                spin: false,
                sequence: None,
            },
        };
        Ok(Self {
            id: product.id.to_string(),
            jewelry_type: &product.id.jewelry_type,
            base_model: &product.id.base_model,
            label: &product.label,
            options: product.options.iter().map(|option| OptionAnswer::of(product, option)).collect(),
            default,
            // Nobody has been counted yet: what was published first stands for what is liked.
            popular: product
                .spins
                .iter()
                .take(MAX_POPULAR)
                .map(|spin| ConfigurationAnswer::of(product, spin))
                .collect(),
            spins: product.spins.iter().map(|spin| SpinAnswer::of(product, spin)).collect(),
        })
    }
}

impl<'a> OptionAnswer<'a> {
    fn of(product: &'a Product, option: &'a OptionDef) -> Self {
        let has_spin =
            |value: &Slug| product.spin(&Choices::from([(option.name.clone(), value.clone())])).is_some();
        let choices = option.choices.iter().map(|choice| ChoiceAnswer {
            value: &choice.value,
            label: &choice.label,
            swatch: choice.swatch.as_deref(),
            spin: has_spin(&choice.value),
        });
        Self {
            name: &option.name,
            label: &option.label,
            default: &option.default,
            choices: choices.collect(),
        }
    }
}

impl ConfigurationAnswer {
    fn of(product: &Product, spin: &LiveSpin) -> Self {
        Self {
            config_id: spin.configuration.clone(),
            choices: product.fill(&spin.choices),
            spin: true,
            sequence: Some(sequence_url(&spin.configuration)),
        }
    }
}

impl SpinAnswer {
    /// The wire form of a live spin.
    pub(crate) fn of(product: &Product, spin: &LiveSpin) -> Self {
        let sequence = sequence_url(&spin.configuration);
        Self { config_id: spin.configuration.clone(), choices: product.fill(&spin.choices), sequence }
    }
}

/// The id of choices that the product offers; many long ones together may make none.
pub(crate) fn config_id(product: &Product, choices: &Choices) -> Result<ConfigId, Error> {
    product.config_id(choices).map_err(|error| Error::UnknownChoice(error.to_string()))
}

/// Serialising these answers cannot fail: their keys are text.
pub(crate) fn to_json(answer: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}
