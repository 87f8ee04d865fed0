//! All products and their configurations, with or without a spin.

use actix_web::{HttpResponse, http::StatusCode, web::Data};

use crate::{
    db::products::{ListedProduct, StoredConfiguration},
    domain::{
        names::ConfigId,
        signed::{Shown, SigningKey},
    },
    http::{
        auth::Artist,
        catalog::Catalog,
        private_scope::secret_json,
        problem::Failure,
        query::NoQuery,
        wire::{problems, products as wire},
    },
};

use super::grants::caller_grant;

/// All products and their configurations, with or without a spin
#[utoipa::path(
    get,
    path = "/api/products",
    operation_id = "listProducts",
    tag = "Versions",
    responses((status = 200, description = "Every product.", body = wire::Products), problems::Read),
)]
pub(super) async fn list(_: NoQuery, _: Artist, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let products = catalog.db.for_reports().list_products().await?;
    let key = catalog.signing_key().await?;
    let products = products.iter().map(|product| listed(&catalog, product, &key));
    let answer = wire::Products { products: products.collect() };
    Ok(secret_json(StatusCode::OK, &answer))
}

fn listed(catalog: &Catalog, product: &ListedProduct, key: &SigningKey) -> wire::ListedProduct {
    let still = |id: &ConfigId, is_protected: bool| {
        if is_protected {
            format!("/signed/{}/still.webp", caller_grant(catalog, id, Shown::Live).sign(key))
        } else {
            format!("/still/{id}.webp")
        }
    };
    let configuration = |stored: &StoredConfiguration| wire::ListedConfiguration {
        id: stored.id.clone(),
        choices: stored.choices.clone(),
        live: stored.live,
        latest: stored.latest,
        versions: stored.versions,
        taken_down: stored.is_taken_down,
        protected: stored.is_protected,
        still: stored.live.map(|_| still(&stored.id, stored.is_protected)),
    };
    wire::ListedProduct {
        label: product.label.clone(),
        r#type: product.id.jewelry_type.clone(),
        model: product.id.base_model.clone(),
        id: product.id.clone(),
        options: product.options.iter().map(Into::into).collect(),
        configurations: product.configurations.iter().map(configuration).collect(),
    }
}
