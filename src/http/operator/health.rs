//! Whether the process lives, and whether it can answer.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use serde::Serialize;

use crate::http::{
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{Error, Failure},
    scope::Scope,
};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

/// `GET /api/health/live`: the process answers. It does not look at anything that restarting would not
/// mend.
pub(crate) async fn live() -> HttpResponse {
    ok()
}

/// `GET /api/health` and `GET /api/health/ready`: the database and the store answer.
pub(crate) async fn ready(catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    catalog.db.ping().await.map_err(|error| Error::NotReady(Arc::new(error)))?;
    catalog.store.ping().await.map_err(|error| Error::NotReady(Arc::new(error)))?;
    Ok(ok())
}

fn ok() -> HttpResponse {
    let health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };
    answer(StatusCode::OK, Caching::Private, &Scope::default()).json(health)
}
