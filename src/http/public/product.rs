//! Products as storefronts see them.

use actix_web::{HttpRequest, HttpResponse, web::Data};

use crate::{
    domain::{
        names::{Choices, ConfigId, ProductId},
        product::{LiveSpin, Product},
    },
    http::{
        caching::Caching,
        catalog::{AnswerKey, Catalog},
        problem::{At as _, Error, Failure},
        query,
        representation::{JSON, accepted, serve_coded},
        scope::Scope,
        segment,
        wire::{self, files, names, parameters as param, problems, to_json},
    },
};

/// Popular configurations in an answer.
const MAX_POPULAR: usize = 6;

/// A product: options, choices, which configurations have a spin
#[utoipa::path(
    get,
    path = "/api/products/customizable/{jewelryType}/{baseModel}",
    operation_id = "showProduct",
    tag = "Storefront",
    params(
        param::JewelryType,
        param::BaseModel,
        ("choices" = inline(Option<names::Choices>), Query, style = Form, explode, example = json!({}),
            description = "What the client has chosen, an option each: `?metal=platinum&stone=ruby`. `spin` of every \
                           choice depends on it."),
        param::Conditions,
    ),
    responses(
        (status = 200, description = "The product.", body = wire::product::Product,
            headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::BadQuery,
        problems::NoSuchProduct,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn product(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let id = ProductId::new(segment(&request, "jewelry_type"), segment(&request, "base_model"));
    let id = id.map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::product(&id).encoded();
    let loaded = catalog.product(&id).await.at(&scope)?;
    let product = loaded.as_ref().as_ref().ok_or(Error::NoSuchProduct).at(&scope)?;
    let context = match context(product, request.query_string()) {
        Ok(context) => context,
        Err(refusal) => return Err(catalog.refusal(&id, refusal).await).at(&scope),
    };
    let key = AnswerKey::Product { id, revision: product.revision, context: context.clone() };
    // A product of thousands of spins takes some milliseconds for each of its contexts.
    let json = catalog.turns.products.run({
        let loaded = loaded.clone();
        move || {
            let product = loaded.as_ref().as_ref().ok_or(Error::NoSuchProduct)?;
            Ok(to_json(&build(product, context)?))
        }
    });
    let answer = catalog.answer(key, accepted(&request), json).await.at(&scope)?;
    serve_coded(&request, Caching::Manifest, &scope, JSON, &answer.coded).at(&scope)
}

/// The choices in the query, with defaults in the gaps.
fn context(product: &Product, query: &str) -> Result<Choices, Error> {
    let mut chosen = Choices::new();
    for (key, value) in query::pairs(query)? {
        let option = product.options.iter().find(|option| option.name.as_str() == key);
        let option = option.ok_or_else(|| {
            let known: Vec<&str> = product.options.iter().map(|option| option.name.as_str()).collect();
            query::no_such_key(key, &known)
        })?;
        let choice = option.choices.iter().find(|choice| choice.value.as_str() == value);
        let choice = choice.ok_or_else(|| {
            let known: Vec<&str> = option.choices.iter().map(|choice| choice.value.as_str()).collect();
            query::no_such_value(key, value, &query::one_of(&known))
        })?;
        chosen.insert(option.name.clone(), choice.value.clone());
    }
    Ok(product.fill(&chosen))
}

fn build(product: &Product, context: Choices) -> Result<wire::product::Product, Error> {
    use wire::product::{Configuration, Hotspot, ProductOption, Spin};

    let defaults = product.fill(&Choices::new());
    let default = match product.spin(&defaults) {
        Some(spin) => Configuration::live(product, spin),
        None => Configuration {
            config_id: config_id(product, &defaults)?,
            choices: defaults,
            spin: false,
            sequence: None,
            snippet: None,
        },
    };
    let options = product.options.iter().map(|option| ProductOption::build(product, option, &context));
    Ok(wire::product::Product {
        id: product.id.clone(),
        jewelry_type: product.id.jewelry_type.clone(),
        base_model: product.id.base_model.clone(),
        label: product.label.clone(),
        options: options.collect(),
        context,
        hotspots: product.hotspots.iter().map(Hotspot::from).collect(),
        default,
        popular: popular(product).map(|spin| Configuration::live(product, spin)).collect(),
        spins: product.spins.iter().map(|spin| Spin::of(product, spin)).collect(),
    })
}

/// The spins with the most views; then the oldest, while too few have views.
fn popular(product: &Product) -> impl Iterator<Item = &LiveSpin> {
    let is_popular = |spin: &&LiveSpin| product.popular.contains(&spin.configuration);
    let of_id = |id: &ConfigId| product.spins.iter().find(move |spin| spin.configuration == *id);
    let viewed = product.popular.iter().filter_map(of_id);
    viewed.chain(product.spins.iter().filter(move |spin| !is_popular(spin))).take(MAX_POPULAR)
}

/// The id of choices that the product offers. Many long choices together have none.
pub(crate) fn config_id(product: &Product, choices: &Choices) -> Result<ConfigId, Error> {
    product.config_id(choices).map_err(|error| Error::UnknownChoice(error.to_string()))
}
