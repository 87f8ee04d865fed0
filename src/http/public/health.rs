//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, web::Data};

use crate::http::{
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{Error, Failure},
    scope::Scope,
    wire::{health::Health, problems},
};

/// Whether the process lives
///
/// The answer depends on nothing that a restart does not repair.
#[utoipa::path(
    get,
    path = "/api/health/live",
    operation_id = "showLiveness",
    tag = "Operation",
    responses((status = 200, description = "The process answers.", body = Health), problems::Internal),
)]
pub(crate) async fn live() -> HttpResponse {
    ok()
}

/// Whether the server can answer
#[utoipa::path(
    get,
    path = "/api/health/ready",
    operation_id = "showReadiness",
    tag = "Operation",
    responses(
        (status = 200, description = "The database and the store answer.", body = Health),
        problems::Internal,
        problems::NotReady,
    ),
)]
pub(crate) async fn ready(catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    catalog.db.ping().await.map_err(|error| Error::NotReady(Arc::new(error)))?;
    catalog.store.ping().await.map_err(|error| Error::NotReady(Arc::new(error)))?;
    Ok(ok())
}

/// Whether the server can answer
///
/// The same as `/api/health/ready`.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "showHealth",
    tag = "Operation",
    responses(
        (status = 200, description = "The database and the store answer.", body = Health),
        problems::Internal,
        problems::NotReady,
    ),
)]
pub(crate) async fn health(catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    ready(catalog).await
}

fn ok() -> HttpResponse {
    answer(StatusCode::OK, Caching::Private, &Scope::default()).json(Health::ok())
}
