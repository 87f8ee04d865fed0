//! CDN purges: starting one by hand, and listing deliveries that are not acknowledged.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    cdn::purge::Purger,
    db::purges::Delivery,
    domain::{
        names::{ConfigId, ProductId},
        purge::{Purge, is_tag},
    },
    http::{
        auth::Admin,
        body,
        catalog::Catalog,
        deliveries::{self, wait_until_delivered},
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        timestamp::Timestamp,
    },
};

/// The most deliveries in an answer.
const MAX_LISTED: u32 = 200;
/// The most tags of one purge.
const MAX_TAGS: usize = 256;
const EXAMPLE: &str = r#"{"configuration": "ring.solitaire.metal-yellow-gold", "soft": true}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PurgeBody {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "named")]
    configuration: Option<String>,
    #[serde(default, deserialize_with = "named")]
    product: Option<String>,
    #[serde(default)]
    soft: bool,
}

/// Refuses null, which may be a mistake in a script.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

#[derive(Serialize)]
struct PurgedAnswer {
    purged: Vec<deliveries::DeliveryAnswer>,
}

#[derive(Serialize)]
struct ListAnswer<'a> {
    caches: Vec<CacheAnswer<'a>>,
    deliveries: Vec<OpenDelivery>,
}

#[derive(Serialize)]
struct CacheAnswer<'a> {
    name: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct OpenDelivery {
    id: i64,
    name: String,
    subject: String,
    soft: bool,
    state: &'static str,
    attempts: u32,
    created: Timestamp,
    next: Option<Timestamp>,
    error: Option<String>,
}

impl From<Delivery> for OpenDelivery {
    fn from(delivery: Delivery) -> Self {
        let Delivery { id, subject, target, soft, failed, attempts, next_at_ms, error, at_ms, .. } = delivery;
        let (state, next) = if failed { ("failed", None) } else { ("pending", Some(Timestamp(next_at_ms))) };
        Self { id, name: target, subject, soft, state, attempts, created: Timestamp(at_ms), next, error }
    }
}

/// `POST /api/purge`: purges the CDNs, and answers once each was tried.
pub(super) async fn purge(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let PurgeBody { tags, configuration, product, soft } = body::read_json(&request, body, EXAMPLE).await?;
    let purge = read(tags, configuration, product)?;
    let subject = purge.subject();
    let by_hand = catalog.db.purge_by_hand(&subject, &purge, soft, &caller.actor);
    let id = by_hand.await?;
    let purged = wait_until_delivered(&purger, &[id], Some(&purge)).await?;
    Ok(secret_json(StatusCode::ACCEPTED, &PurgedAnswer { purged }))
}

/// `GET /api/purge`: pending and failed deliveries, the newest first.
pub(super) async fn list(
    _: NoQuery,
    _: Admin,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let deliveries = catalog.db.open_deliveries(MAX_LISTED).await?;
    let caches = purger.caches().map(|(name, kind)| CacheAnswer { name, kind: kind.as_str() });
    let answer =
        ListAnswer { caches: caches.collect(), deliveries: deliveries.into_iter().map(Into::into).collect() };
    Ok(secret_json(StatusCode::OK, &answer))
}

fn read(tags: Vec<String>, configuration: Option<String>, product: Option<String>) -> Result<Purge, Error> {
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
