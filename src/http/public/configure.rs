//! From choices to a configuration.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::domain::names::{BadName, Choices, ProductId};

use super::{product::config_id, vitals::Views};
use crate::http::{
    body,
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{At as _, Error, Failure},
    query,
    representation::JSON,
    scope::Scope,
    segment,
    wire::{
        configure::{Configure, NoSpinYet, Ready},
        parameters as param, problems,
        product::Spin,
        to_json,
    },
};

/// From choices to a configuration
///
/// Defaults fill the gaps.
#[utoipa::path(
    post,
    path = "/api/products/customizable/{product}/configure",
    operation_id = "configure",
    tag = "Storefront",
    params(param::Product),
    request_body(content = Configure, example = json!({"choices": {"metal": "rose-gold"}})),
    responses(
        (status = 200, description = "The configuration has a spin.", body = Ready),
        (status = 202, description = "The configuration has no spin: the server encodes one, or counts the demand.",
            body = NoSpinYet),
        problems::BadBody,
        problems::NoSuchProduct,
        problems::BodyTooSlow,
        problems::BodyTooLarge,
        problems::NotJson,
        problems::UnknownChoice,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
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
    let wanted: Configure = body::read_json(&request, body, BODY).await.at(&scope)?;
    let choices = match parse(&wanted).and_then(|choices| Ok(product.complete(&choices)?)) {
        Ok(choices) => choices,
        Err(refusal) => return Err(catalog.refusal(&id, refusal).await).at(&scope),
    };

    let spin = product.spin(&choices);
    let configuration = match spin {
        Some(spin) => spin.configuration.clone(),
        None => config_id(product, &choices).at(&scope)?,
    };
    let (status, json) = if spin.is_some() {
        views.count(&configuration);
        (StatusCode::OK, to_json(&Ready::new(configuration)))
    } else if catalog.ingest_progress(&configuration).await.at(&scope)?.is_some() {
        (StatusCode::ACCEPTED, to_json(&NoSpinYet::processing(configuration)))
    } else {
        views.want(&configuration, &id, &choices);
        let nearest = product.nearest_spin(&choices).map(|spin| Spin::of(product, spin));
        (StatusCode::ACCEPTED, to_json(&NoSpinYet::unavailable(configuration, nearest)))
    };
    Ok(answer(status, Caching::Private, &scope).content_type(JSON).body(json))
}

/// The example in the answer to a malformed body.
const BODY: &str = r#"{"choices": {"metal": "rose-gold"}}"#;

/// A name that can be no option or choice is one that the product does not offer.
fn parse(wanted: &Configure) -> Result<Choices, Error> {
    let unknown = |error: BadName| Error::UnknownChoice(error.to_string());
    let pair = |(option, choice): (&String, &String)| Ok((option.parse()?, choice.parse()?));
    wanted.choices.iter().map(pair).collect::<Result<_, _>>().map_err(unknown)
}
