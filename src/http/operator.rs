//! The operators' API: keys, products as files, purges, the audit trail and figures.

mod alerts;
mod audit;
mod import;
mod keys;
pub(super) mod launches;
mod optimize;
pub(super) mod performance;
mod purge;

use actix_web::{middleware::from_fn, web};
use utoipa::OpenApi;

pub use self::optimize::Housekeeping;

use super::{
    methods::{address, read},
    metrics,
    private_scope::never_cached,
};

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
    optimize::optimize,
    performance::show,
    performance::show_users,
    performance::show_plots,
    performance::events,
    performance::export,
    metrics::show,
    alerts::list,
    alerts::events,
    alerts::silence,
    alerts::unsilence,
    launches::list,
    launches::reports,
    launches::plan,
    launches::remove,
))]
pub(super) struct Operations;

/// The address that Prometheus scrapes.
pub(super) fn metrics(routes: &mut web::ServiceConfig) {
    routes.service(read("/metrics", metrics::show).wrap(from_fn(never_cached)));
}

/// Every address of the operators' API that takes a key.
pub(super) fn routes(routes: &mut web::ServiceConfig) {
    routes
        .service(address("/api/keys").get(keys::list).post(keys::create))
        .service(address("/api/keys/{key}").delete(keys::revoke))
        .service(
            address("/api/products/{product}").get(import::export).put(import::import).delete(import::remove),
        )
        .service(address("/api/purge").get(purge::list).post(purge::purge))
        .service(address("/api/performance").get(performance::show))
        .service(address("/api/performance/users").get(performance::show_users))
        .service(address("/api/performance/plots").get(performance::show_plots))
        .service(address("/api/performance/events").stream(performance::events))
        .service(address("/api/performance/export").get(performance::export))
        .service(address("/api/audit").get(audit::show))
        .service(address("/api/optimize").post(optimize::optimize))
        .service(address("/api/alerts").get(alerts::list))
        .service(address("/api/alerts/events").stream(alerts::events))
        .service(address("/api/alerts/{alert}/silence").post(alerts::silence).delete(alerts::unsilence))
        .service(address("/api/launches").get(launches::list).post(launches::plan))
        .service(address("/api/launches/reports").get(launches::reports))
        .service(address("/api/launches/{launch}").delete(launches::remove));
}
