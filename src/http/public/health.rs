//! Whether the process lives, whether it can answer, and how well its parts are. Each answer says what was found in the
//! background, and asks no part.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use serde::Serialize;

use crate::{
    domain::health::PartName,
    http::{
        caching::{Caching, answer},
        problem::{Error, Failure},
        scope::Scope,
        wire::{
            health::{Health, HealthReport},
            problems,
        },
    },
    library::readiness::Readiness,
    notices::Notices,
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
    ok(&Health::ok())
}

/// Whether the server can answer
///
/// The server checks it by itself every few seconds; the address says what the last check found. A server that has reached its
/// store once stays ready while the store is away: it serves what it has cached, and is `degraded`.
#[utoipa::path(
    get,
    path = "/api/health/ready",
    operation_id = "showReadiness",
    tag = "Operation",
    responses(
        (status = 200, description = "The database takes writes, and the store has answered.", body = Health),
        problems::Internal,
        problems::NotReady,
    ),
)]
pub(crate) async fn ready(readiness: Data<Readiness>) -> Result<HttpResponse, Failure> {
    readiness.current().map_err(Error::NotReady)?;
    let store = readiness.board().parts().get(&PartName::Store).map(|part| part.look.condition);
    Ok(ok(&Health::of(store, readiness.replica())))
}

/// How well the server and its parts are
///
/// 503 where `/api/health/ready` answers 503, with the same body as otherwise.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "showHealth",
    tag = "Operation",
    responses(
        (status = 200, description = "The server is ready.", body = HealthReport),
        (status = 503, description = "It is not.", body = HealthReport, headers(("Retry-After"))),
        problems::Internal,
    ),
)]
pub(crate) async fn health(readiness: Data<Readiness>, notices: Data<Notices>) -> HttpResponse {
    let is_ready = readiness.current().is_ok();
    let (parts, tasks) = (readiness.board().parts(), readiness.board().tasks());
    let report = HealthReport::of(is_ready, parts, tasks, readiness.replica(), notices.standing());
    if is_ready {
        return ok(&report);
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    answer(status, Caching::Error(status), &Scope::default()).json(report)
}

fn ok(health: &impl Serialize) -> HttpResponse {
    answer(StatusCode::OK, Caching::Private, &Scope::default()).json(health)
}
