//! Product files: exporting, importing, and removing products.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    domain::{import::ProductFile, names::ProductId},
    http::{
        auth::{Admin, Artist},
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{parameters as param, problems, products},
    },
};

/// Enough for a product file with some thousand choices or points of hotspots.
const MAX_BYTES: usize = 256 * 1024;
const EXAMPLE: &str = r#"{"schema": "girasol.product/1", "id": "ring/solitaire", "options": []}"#;

/// The file of a product
#[utoipa::path(
    get,
    path = "/api/products/{product}",
    operation_id = "exportProduct",
    tag = "Products",
    security(("bearer" = ["artist"]), ("session" = ["artist"])),
    params(param::Product),
    responses(
        (status = 200, description = "As `girasol product export` writes it.", body = products::ProductFile),
        problems::Read,
        problems::NoSuchProduct,
    ),
)]
pub(super) async fn export(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let product = catalog.db.load_product(&id(&request)?).await?;
    Ok(secret_json(StatusCode::OK, &ProductFile::of(&product.ok_or(Error::NoSuchProduct)?)))
}

/// Make or change a product as its file says
///
/// For admins. Configuration ids that are in use keep their meaning: their options and choices stay, options keep
/// their order, and an option that is added later keeps its default.
#[utoipa::path(
    put,
    path = "/api/products/{product}",
    operation_id = "importProduct",
    tag = "Products",
    params(param::Product),
    request_body = products::ProductFile,
    responses(
        (status = 200, description = "The changes.", body = products::ProductChanges),
        (status = 201, description = "The product is new.", body = products::ProductChanges),
        problems::WriteJson,
        problems::NoSuchProduct,
        problems::ProductInUse,
        problems::ProductTooLarge,
        problems::BadProduct,
    ),
)]
pub(super) async fn import(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let file: ProductFile = body::read_json_of(&request, body, MAX_BYTES, EXAMPLE).await?;
    let offer = file.check().map_err(|faults| Error::BadProduct(faults.into()))?;
    if offer.id != id {
        return Err(Error::BadField(format!("id: the address is that of {id}")).into());
    }
    let changes = catalog.db.import_product(&offer, &caller.actor, false).await?;
    let status = if changes.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(secret_json(status, &products::ProductChanges::of(id, changes)))
}

/// Remove a product that never had a configuration
///
/// For admins.
#[utoipa::path(
    delete,
    path = "/api/products/{product}",
    operation_id = "removeProduct",
    tag = "Products",
    params(param::Product),
    responses(
        (status = 204, description = "The product is removed."),
        problems::Write,
        problems::NoSuchProduct,
        problems::ProductInUse,
    ),
)]
pub(super) async fn remove(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    catalog.db.remove_product(&id(&request)?, &caller.actor).await?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

fn id(request: &HttpRequest) -> Result<ProductId, Error> {
    segment(request, "product").parse().map_err(|_no_id| Error::NoSuchProduct)
}
