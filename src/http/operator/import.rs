//! Product files: exporting, importing, and removing products.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::Serialize;

use crate::{
    db::import::{Changes, Imported, Removed},
    domain::{import::ProductFile, names::ProductId},
    http::{
        auth::{Admin, Artist},
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
    },
};

/// Enough for a product file with some thousand choices or points of hotspots.
const MAX_BYTES: usize = 256 * 1024;
const EXAMPLE: &str = r#"{"schema": "girasol.product/1", "id": "ring/solitaire", "options": []}"#;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportAnswer {
    id: String,
    new: bool,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
}

/// `GET /api/products/{product}`
pub(super) async fn export(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let product = catalog.db.load_product(&id(&request)?).await?;
    Ok(secret_json(StatusCode::OK, &ProductFile::of(&product.ok_or(Error::NoSuchProduct)?)))
}

/// `PUT /api/products/{product}`: makes or changes the product as the file says.
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
    let imported = catalog.db.import_product(&offer, &caller.actor, false).await?;
    let Changes { is_new, added, removed, changed } = match imported {
        Imported::Done(changes) => changes,
        Imported::InUse(why) => return Err(Error::ProductInUse(why.join("; ")).into()),
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = ImportAnswer { id: id.to_string(), new: is_new, added, removed, changed };
    Ok(secret_json(status, &answer))
}

/// `DELETE /api/products/{product}`: removes a product that never had a configuration.
pub(super) async fn remove(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    match catalog.db.remove_product(&id(&request)?, &caller.actor).await? {
        Removed::Done => Ok(secret(StatusCode::NO_CONTENT).finish()),
        Removed::NoSuchProduct => Err(Error::NoSuchProduct.into()),
        Removed::InUse => Err(Error::ProductInUse("it has configurations".to_owned()).into()),
    }
}

fn id(request: &HttpRequest) -> Result<ProductId, Error> {
    segment(request, "product").parse().map_err(|_no_id| Error::NoSuchProduct)
}
