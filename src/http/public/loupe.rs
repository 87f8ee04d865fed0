//! A visitor's request for the loupe of a spin: it queues, and encodes nothing by itself.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use crate::{
    db::loupes::Requested,
    domain::names::ConfigId,
    http::{
        caching::{Caching, answer},
        catalog::Catalog,
        problem::{At as _, Error, Failure},
        query,
        scope::Scope,
        segment,
        wire::{parameters as param, problems},
    },
};

/// A request for the loupe of the live version
///
/// What negotiated manifests name as `loupe_request`. It queues the loupe, once, and no more of them in a day than the settings
/// allow; the manifest has it when it is made.
#[utoipa::path(
    post,
    path = "/api/products/customizable/{configuration}/loupe",
    operation_id = "requestLoupe",
    tag = "Storefront",
    params(param::Configuration),
    responses(
        (status = 202, description = "It is queued."),
        (status = 204, description = "Nothing is queued: it is there or waits already, cannot be made, or enough were asked for today."),
        problems::BadQuery,
        problems::Protected,
        problems::NoSpin,
        problems::TakenDown,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn request(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let id: ConfigId = segment(&request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::configuration(&id);
    query::none(&request).at(&scope)?;
    // Whatever visitors cannot see is refused as everywhere else.
    catalog.of_live(&id, async |_pointer| Ok(())).await.at(&scope)?;
    of(&catalog, &id, scope).await
}

/// The same for a configuration that the caller has found, in the caller's scope.
pub(super) async fn of(catalog: &Catalog, id: &ConfigId, scope: Scope) -> Result<HttpResponse, Failure> {
    let status = match catalog.ask_for_loupe(id).await.at(&scope)? {
        Requested::Queued => StatusCode::ACCEPTED,
        Requested::Known | Requested::Spent => StatusCode::NO_CONTENT,
    };
    Ok(answer(status, Caching::Private, &scope).finish())
}
