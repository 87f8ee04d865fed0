//! What a product offers, and which of it has a spin.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Serialize;

use crate::domain::{
    hotspot::Hotspot,
    names::{Choices, ConfigId, OptionName, ProductId, Slug},
    product::{LiveSpin, OptionDef, Product},
};

use crate::http::{
    caching::Caching,
    catalog::{AnswerKey, Catalog},
    problem::{At as _, Error, Failure},
    query,
    representation::{JSON, serve_precompressed},
    scope::Scope,
    segment, sequence_url,
};

/// Popular configurations in an answer.
const MAX_POPULAR: usize = 6;

/// `GET /api/products/customizable/{jewelryType}/{baseModel}?metal=&stone=…`
pub(crate) async fn product(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let id = ProductId::new(segment(&request, "jewelry_type"), segment(&request, "base_model"));
    let id = id.map_err(|_bad| Error::NoSuchProduct)?;
    let scope = Scope::product(&id).encoded();
    let product = catalog.product(&id).await.at(&scope)?;
    let product = product.as_ref().as_ref().ok_or(Error::NoSuchProduct).at(&scope)?;
    let context = context(product, request.query_string()).at(&scope)?;
    let key = AnswerKey::Product { id, revision: product.revision, context: context.clone() };
    let json = async { Ok(to_json(&ProductAnswer::build(product, context)?)) };
    let body = catalog.answer(key, json).await.at(&scope)?;
    serve_precompressed(&request, Caching::Manifest, &scope, JSON, &body).at(&scope)
}

/// What has been chosen so far, as the query says; gaps are defaults.
fn context(product: &Product, query: &str) -> Result<Choices, Error> {
    let mut chosen = Choices::new();
    for (key, value) in query::pairs(query)? {
        let option = product.options.iter().find(|option| option.name.as_str() == key);
        let option = option.ok_or_else(|| query::no_such_key(key))?;
        let choice = option.choices.iter().find(|choice| choice.value.as_str() == value);
        let choice = choice.ok_or_else(|| query::no_such_value(key, value))?;
        chosen.insert(option.name.clone(), choice.value.clone());
    }
    Ok(product.fill(&chosen))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductAnswer<'a> {
    id: String,
    jewelry_type: &'a Slug,
    base_model: &'a Slug,
    label: &'a str,
    /// What `spin` of each choice goes by.
    context: Choices,
    options: Vec<OptionAnswer<'a>>,
    hotspots: &'a [Hotspot],
    default: ConfigurationAnswer,
    popular: Vec<ConfigurationAnswer>,
    spins: Vec<SpinAnswer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OptionAnswer<'a> {
    name: &'a OptionName,
    label: &'a str,
    default: &'a Slug,
    /// Its default is left out of ids, which were there before it.
    omit_default: bool,
    choices: Vec<ChoiceAnswer<'a>>,
}

#[derive(Serialize)]
struct ChoiceAnswer<'a> {
    value: &'a Slug,
    label: &'a str,
    swatch: Option<&'a str>,
    /// A spin exists with the other options as the context has them.
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
    fn build(product: &'a Product, context: Choices) -> Result<Self, Error> {
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
            options: product
                .options
                .iter()
                .map(|option| OptionAnswer::of(product, option, &context))
                .collect(),
            context,
            hotspots: &product.hotspots,
            default,
            popular: popular(product).map(|spin| ConfigurationAnswer::of(product, spin)).collect(),
            spins: product.spins.iter().map(|spin| SpinAnswer::of(product, spin)).collect(),
        })
    }
}

/// What is looked at most; what was published first stands for it while too little was.
fn popular(product: &Product) -> impl Iterator<Item = &LiveSpin> {
    let is_popular = |spin: &&LiveSpin| product.popular.contains(&spin.configuration);
    let of_id = |id: &ConfigId| product.spins.iter().find(move |spin| spin.configuration == *id);
    let looked_at = product.popular.iter().filter_map(of_id);
    looked_at.chain(product.spins.iter().filter(move |spin| !is_popular(spin))).take(MAX_POPULAR)
}

impl<'a> OptionAnswer<'a> {
    fn of(product: &'a Product, option: &'a OptionDef, context: &Choices) -> Self {
        let has_spin = |value: &Slug| {
            let mut choices = context.clone();
            choices.insert(option.name.clone(), value.clone());
            product.spin(&choices).is_some()
        };
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
            omit_default: option.added_later,
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
