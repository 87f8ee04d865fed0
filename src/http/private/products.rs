//! All products and their configurations, with or without a spin.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use serde::Serialize;

use crate::{
    db::products::{ListedProduct, StoredConfiguration},
    domain::{
        names::{Choices, ConfigId, OptionName, Slug},
        product::OptionDef,
        signed::{Shown, SigningKey},
    },
    http::{auth::Artist, catalog::Catalog, private_scope::secret_json, problem::Failure, query::NoQuery},
};

use super::grants::caller_grant;

#[derive(Serialize)]
struct ProductsAnswer<'a> {
    products: Vec<ProductAnswer<'a>>,
}

#[derive(Serialize)]
struct ProductAnswer<'a> {
    id: String,
    label: &'a str,
    r#type: &'a Slug,
    model: &'a Slug,
    options: Vec<OptionAnswer<'a>>,
    configurations: Vec<ConfigurationAnswer>,
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
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationAnswer {
    id: String,
    choices: Choices,
    /// The live version.
    live: Option<i64>,
    /// The newest version.
    latest: Option<i64>,
    versions: u32,
    taken_down: bool,
    protected: bool,
    still: Option<String>,
}

/// `GET /api/products`
pub(super) async fn list(_: NoQuery, _: Artist, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let products = catalog.db.list_products().await?;
    let key = catalog.signing_key().await?;
    let products = products.iter().map(|product| answer(product, &key));
    let answer = ProductsAnswer { products: products.collect() };
    Ok(secret_json(StatusCode::OK, &answer))
}

fn answer<'a>(product: &'a ListedProduct, key: &SigningKey) -> ProductAnswer<'a> {
    let still = |id: &ConfigId, is_protected: bool| {
        if is_protected {
            format!("/signed/{}/still.webp", caller_grant(id, Shown::Live).sign(key))
        } else {
            format!("/still/{id}.webp")
        }
    };
    let configuration = |stored: &StoredConfiguration| ConfigurationAnswer {
        id: stored.id.to_string(),
        choices: stored.choices.clone(),
        live: stored.live,
        latest: stored.latest,
        versions: stored.versions,
        taken_down: stored.is_taken_down,
        protected: stored.is_protected,
        still: stored.live.map(|_| still(&stored.id, stored.is_protected)),
    };
    ProductAnswer {
        id: product.id.to_string(),
        label: &product.label,
        r#type: &product.id.jewelry_type,
        model: &product.id.base_model,
        options: product.options.iter().map(option).collect(),
        configurations: product.configurations.iter().map(configuration).collect(),
    }
}

fn option(option: &OptionDef) -> OptionAnswer<'_> {
    let choices = option.choices.iter().map(|choice| ChoiceAnswer {
        value: &choice.value,
        label: &choice.label,
        swatch: choice.swatch.as_deref(),
    });
    OptionAnswer {
        name: &option.name,
        label: &option.label,
        default: &option.default,
        choices: choices.collect(),
    }
}
