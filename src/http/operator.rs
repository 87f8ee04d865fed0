//! The operators' API: keys, products as files, purges and the audit trail.

mod audit;
mod import;
mod keys;
mod purge;

use actix_web::web;
use utoipa::OpenApi;

use super::methods::address;

/// The operations of the operators' API. Each takes a key of the role `admin` unless its attribute says otherwise.
#[derive(OpenApi)]
#[openapi(paths(
    keys::list,
    keys::create,
    keys::revoke,
    import::export,
    import::import,
    import::remove,
    purge::purge,
    purge::list,
    audit::show,
))]
pub(super) struct Operations;

/// Every address of the operators' API that takes a key.
pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .service(address("/api/keys").get(keys::list).post(keys::create))
        .service(address("/api/keys/{key}").delete(keys::revoke))
        .service(
            address("/api/products/{product}").get(import::export).put(import::import).delete(import::remove),
        )
        .service(address("/api/purge").get(purge::list).post(purge::purge))
        .service(address("/api/audit").get(audit::show));
}
