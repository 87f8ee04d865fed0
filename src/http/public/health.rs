//! Whether the process lives, and whether it can answer.

use actix_web::{HttpResponse, http::StatusCode, web::Data};

use crate::{
    http::{
        caching::{Caching, answer},
        problem::{Error, Failure},
        scope::Scope,
        wire::{health::Health, problems},
    },
    library::readiness::Readiness,
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
    ok(Health::ok())
}

/// Whether the server can answer
///
/// The server checks it by itself every few seconds; the address says what the last check found.
#[utoipa::path(
    get,
    path = "/api/health/ready",
    operation_id = "showReadiness",
    tag = "Operation",
    responses(
        (status = 200, description = "The database takes writes, and the store answers.", body = Health),
        problems::Internal,
        problems::NotReady,
    ),
)]
pub(crate) async fn ready(readiness: Data<Readiness>) -> Result<HttpResponse, Failure> {
    readiness.current().map_err(Error::NotReady)?;
    Ok(ok(Health::beside(readiness.replica())))
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
        (status = 200, description = "The database takes writes, and the store answers.", body = Health),
        problems::Internal,
        problems::NotReady,
    ),
)]
pub(crate) async fn health(readiness: Data<Readiness>) -> Result<HttpResponse, Failure> {
    ready(readiness).await
}

fn ok(health: Health) -> HttpResponse {
    answer(StatusCode::OK, Caching::Private, &Scope::default()).json(health)
}
