//! Housekeeping at once.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use tokio::sync::Mutex;

use crate::{
    http::{
        auth::Admin,
        catalog::Catalog,
        private_scope::secret_json,
        problem::Failure,
        query::NoQuery,
        wire::{optimize, problems},
    },
    library::optimize::Rules,
    staging::Staging,
};

/// What housekeeping may delete. Requests for it wait for each other.
#[derive(Debug)]
pub struct Housekeeping(Mutex<Rules>);

impl Housekeeping {
    /// By these rules.
    pub fn new(rules: Rules) -> Self {
        Self(Mutex::new(rules))
    }
}

/// Delete what has expired, and care for the database
///
/// For admins. Servers do most of it by themselves; this does all of it at once, also while they run. It may take some minutes.
#[utoipa::path(
    post,
    path = "/api/optimize",
    operation_id = "optimize",
    tag = "Operation",
    responses(
        (
            status = 200,
            description = "What was done. Steps that failed are named, and the others are done all the same.",
            body = optimize::Optimized,
        ),
        problems::Write,
    ),
)]
pub(super) async fn optimize(
    _: NoQuery,
    Admin(caller): Admin,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    housekeeping: Data<Housekeeping>,
) -> Result<HttpResponse, Failure> {
    let rules = housekeeping.0.lock().await;
    let Catalog { db, store, .. } = catalog.get_ref();
    let done = crate::library::optimize::optimize(db, store, &staging, &rules, &caller.actor).await?;
    let evicted_bytes = catalog.trim().await;
    Ok(secret_json(StatusCode::OK, &optimize::Optimized::of(done, evicted_bytes)))
}
