//! CDN purges: starting one by hand, and listing deliveries that are not acknowledged.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    cdn::purge::Purger,
    domain::{
        names::{ConfigId, ProductId},
        purge::{Purge, is_tag},
    },
    http::{
        auth::Admin,
        body,
        catalog::Catalog,
        deliveries::wait_until_delivered,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{problems, purges},
    },
};

/// The most deliveries in an answer.
const MAX_LISTED: u32 = 200;
/// The most tags of one purge.
const MAX_TAGS: usize = 256;
const EXAMPLE: &str = r#"{"configuration": "ring.solitaire.metal-yellow-gold", "soft": true}"#;

/// Purge the CDNs
///
/// For admins. Publishing, rolling back and taking down purge by themselves.
#[utoipa::path(
    post,
    path = "/api/purge",
    operation_id = "purge",
    tag = "Operation",
    request_body = purges::PurgeRequest,
    responses(
        (
            status = 202,
            description = "Each CDN was tried; a purge that failed is sent again.",
            body = purges::Purged,
        ),
        problems::WriteJson,
        problems::BadField,
    ),
)]
pub(super) async fn purge(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let wanted: purges::PurgeRequest = body::read_json(&request, body, EXAMPLE).await?;
    let soft = wanted.soft;
    let purge = read(wanted)?;
    let subject = purge.subject();
    let by_hand = catalog.db.purge_by_hand(&subject, &purge, soft, &caller.actor);
    let id = by_hand.await?;
    let purged = wait_until_delivered(&purger, &[id], Some(&purge)).await?;
    Ok(secret_json(StatusCode::ACCEPTED, &purges::Purged { purged }))
}

/// Deliveries that CDNs have not acknowledged
///
/// For admins. Failed deliveries are listed for a month.
#[utoipa::path(
    get,
    path = "/api/purge",
    operation_id = "listPurges",
    tag = "Operation",
    responses(
        (status = 200, description = "The newest first, at most 200.", body = purges::Deliveries),
        problems::Read,
    ),
)]
pub(super) async fn list(
    _: NoQuery,
    _: Admin,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let deliveries = catalog.db.for_reports().open_deliveries(MAX_LISTED).await?;
    let caches =
        purger.caches().map(|(name, kind)| purges::Cdn { name: name.to_owned(), kind: kind.as_str() });
    let answer = purges::Deliveries {
        caches: caches.collect(),
        deliveries: deliveries.into_iter().map(Into::into).collect(),
    };
    Ok(secret_json(StatusCode::OK, &answer))
}

fn read(wanted: purges::PurgeRequest) -> Result<Purge, Error> {
    let purges::PurgeRequest { tags, configuration, product, soft: _ } = wanted;
    let mut purge = Purge::default();
    if tags.len() > MAX_TAGS || !tags.iter().all(|tag| is_tag(tag)) {
        let rule = format!("tags: at most {MAX_TAGS}, each 1 to 64 of a to z, 0 to 9 and hyphens");
        return Err(Error::BadField(rule));
    }
    purge.tags.extend(tags);
    if let Some(configuration) = configuration {
        let id: ConfigId =
            configuration.parse().map_err(|error| Error::BadField(format!("configuration: {error}")))?;
        purge.merge(Purge::configuration(&id));
    }
    if let Some(product) = product {
        let id: ProductId = product.parse().map_err(|error| Error::BadField(format!("product: {error}")))?;
        purge.merge(Purge::product(&id));
    }
    if purge.is_tags_alone() && purge.tags.is_empty() {
        return Err(Error::BadField("name tags, a configuration or a product".to_owned()));
    }
    Ok(purge)
}
