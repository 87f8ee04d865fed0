//! The way from choices to a spin.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};

use crate::domain::names::{BadName, Choices, ConfigId, ProductId};

use super::{product::config_id, vitals::Views};
use crate::http::{
    body,
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{At as _, Error, Failure},
    query,
    representation::JSON,
    scope::Scope,
    segment, sequence_url, status_url,
    wire::{product::Spin, to_json},
};

/// `POST /api/products/customizable/{id}/configure`
pub(crate) async fn configure(
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    views: Data<Views>,
) -> Result<HttpResponse, Failure> {
    let id: ProductId = segment(&request, "configuration").parse().map_err(|_bad| Error::NoSuchProduct)?;
    let scope = Scope::product(&id);
    query::none(&request).at(&scope)?;
    let product = catalog.product(&id).await.at(&scope)?;
    let product = product.as_ref().as_ref().ok_or(Error::NoSuchProduct).at(&scope)?;
    let asked: ConfigureBody = body::read_json(&request, body, BODY).await.at(&scope)?;
    let choices = product.complete(&asked.parse().at(&scope)?).at(&scope)?;

    let spin = product.spin(&choices);
    let configuration = match spin {
        Some(spin) => spin.configuration.clone(),
        None => config_id(product, &choices).at(&scope)?,
    };
    let (status, found) = if spin.is_some() {
        views.count(&configuration);
        (StatusCode::OK, Found::Ready { sequence: sequence_url(&configuration) })
    } else if catalog.db.ingest_progress(&configuration).await.at(&scope)?.is_some() {
        (StatusCode::ACCEPTED, Found::Processing { status_url: status_url(&configuration) })
    } else {
        catalog.db.count_demand(&id, &configuration, &choices).await.at(&scope)?;
        (
            StatusCode::ACCEPTED,
            Found::Unavailable {
                nearest: product.nearest_spin(&choices).map(|spin| Spin::of(product, spin)),
            },
        )
    };
    let json = to_json(&ConfigureAnswer { config_id: configuration, found });
    Ok(answer(status, Caching::Private, &scope).content_type(JSON).body(json))
}

/// What to send, as people who sent something else are told.
const BODY: &str = r#"{"choices": {"metal": "rose-gold"}}"#;

/// As in [`BODY`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigureBody {
    #[serde(default)]
    choices: BTreeMap<String, String>,
}

impl ConfigureBody {
    /// A name that could be no option or choice is one that the product does not offer.
    fn parse(&self) -> Result<Choices, Error> {
        let unknown = |error: BadName| Error::UnknownChoice(error.to_string());
        let pair = |(option, choice): (&String, &String)| Ok((option.parse()?, choice.parse()?));
        self.choices.iter().map(pair).collect::<Result<_, _>>().map_err(unknown)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConfigureAnswer {
    config_id: ConfigId,
    #[serde(flatten)]
    found: Found,
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Found {
    Ready { sequence: String },
    Processing { status_url: String },
    Unavailable { nearest: Option<Spin> },
}
