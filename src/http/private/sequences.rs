//! The versions of a configuration's spin: listing, publishing, rolling back and taking down.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};

use crate::{
    cdn::purge::Purger,
    db::{
        Db,
        versions::{ListedVersion, StoredVersion},
    },
    domain::{figures::SetFigures, manifest::Urls, names::ConfigId, namespace::Namespace, signed::Shown},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        deliveries::{DeliveryAnswer, wait_until_delivered},
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        segment, sequence, sequence_url,
        timestamp::Timestamp,
    },
    library::{publish, take_down},
    staging::Staging,
};

use super::grants::caller_token;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishBody {
    version: i64,
}

#[derive(Serialize)]
struct SequenceAnswer<'a> {
    configuration: &'a ConfigId,
    /// The live version.
    live: Option<i64>,
    /// The spin was taken down, and no version is live since.
    #[serde(rename = "takenDown")]
    taken_down: bool,
    /// Only signed addresses show it; `manifest` and `sequence` are signed for the caller.
    protected: bool,
    versions: Vec<VersionAnswer>,
    sequence: String,
    /// The state of the purge at each CDN.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<Vec<DeliveryAnswer>>,
}

#[derive(Serialize)]
struct VersionAnswer {
    version: i64,
    kind: &'static str,
    manifest: String,
    created: Timestamp,
    published: Option<Timestamp>,
    live: bool,
}

#[derive(Serialize)]
struct VersionDetail<'a> {
    configuration: &'a ConfigId,
    #[serde(flatten)]
    version: VersionAnswer,
    /// The `src` of a `<girasol-spin>` for the caller.
    sequence: String,
    sets: Vec<SetFigures>,
}

impl VersionAnswer {
    /// With the address of its manifest by this template.
    fn of(version: &ListedVersion, template: &str) -> Self {
        Self {
            version: version.version,
            kind: version.kind.as_str(),
            manifest: template.replace("{digest}", &version.digest.to_string()),
            created: Timestamp(version.created_at_ms),
            published: version.published_at_ms.map(Timestamp),
            live: version.is_live,
        }
    }
}

/// `GET /api/sequences/{configId}`: its versions, the newest first.
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    answer(&catalog, &id(&request)?, None).await
}

/// `POST /api/sequences/{configId}/publish`
pub(super) async fn publish(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let PublishBody { version } = body::read_json(&request, body, r#"{"version": 2}"#).await?;
    let published = publish::publish(&catalog.db, &id, version, &caller.actor).await?;
    changed(&catalog, &purger, &id, &published.purges).await
}

/// `POST /api/sequences/{configId}/rollback`: makes the version live that was live before.
pub(super) async fn roll_back(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let published = publish::roll_back(&catalog.db, &id, &caller.actor).await?;
    changed(&catalog, &purger, &id, &published.purges).await
}

/// `POST /api/sequences/{configId}/take-down`: the spin answers 410 from then on, and its versions are deleted.
pub(super) async fn take_down(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let (db, store) = (&catalog.db, &catalog.store);
    let purges = take_down::take_down(db, store, &staging, &id, &caller.actor).await?;
    deleted(&catalog, &purger, &id, &purges).await
}

/// Like [`changed`], for a change that deletes objects.
pub(super) async fn deleted(
    catalog: &Data<Catalog>,
    purger: &Purger,
    id: &ConfigId,
    purges: &[i64],
) -> Result<HttpResponse, Failure> {
    // The disk cache first: memory is filled from it.
    catalog.store.evict_all().await;
    catalog.evict_objects();
    changed(catalog, purger, id, purges).await
}

/// Answers once the CDNs were purged, so that the next request through them sees the change.
async fn changed(
    catalog: &Data<Catalog>,
    purger: &Purger,
    id: &ConfigId,
    purges: &[i64],
) -> Result<HttpResponse, Failure> {
    catalog.evict_pointers();
    let purged = wait_until_delivered(purger, purges, None).await?;
    actix_web::rt::spawn({
        let (catalog, id) = (catalog.clone(), id.clone());
        async move { catalog.warm_live(&id).await }
    });
    answer(catalog, id, Some(purged)).await
}

/// `GET /api/sequences/{configId}/versions/{version}`: with the figures of each frame.
pub(super) async fn show_version(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let (id, number) = (id(&request)?, version(&request)?);
    let versions = catalog.db.versions(&id).await?;
    let listed = versions.into_iter().find(|listed| listed.version == number).ok_or(Error::NoSuchVersion)?;
    let sets = if let Some(figures) = catalog.db.version_figures(&id, number).await? {
        figures
    } else {
        let stored = stored(&catalog.db, &id, number).await?;
        SetFigures::of(&catalog.live_manifest(stored.namespace, stored.digest).await?.manifest)
    };
    let sequence = format!("/api/sequences/{id}/versions/{number}/sequence");
    let (urls, _) = urls(&catalog, &id, Shown::Version(number)).await?;
    let version = VersionAnswer::of(&listed, &urls.manifest);
    let answer = VersionDetail { configuration: &id, version, sequence, sets };
    Ok(secret_json(StatusCode::OK, &answer))
}

/// `GET /api/sequences/{configId}/versions/{version}/sequence`: its manifest, negotiated as if it were live.
pub(super) async fn manifest(
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let stored = stored(&catalog.db, &id, version(&request)?).await?;
    let token = caller_token(&catalog, &id, Shown::Version(stored.version)).await?;
    sequence::unpublished(&request, &catalog, id, &stored, &token).await
}

/// The addresses of a configuration's files for the caller, and the token in them if they are private.
async fn urls(catalog: &Catalog, id: &ConfigId, shown: Shown) -> Result<(Urls, Option<String>), Error> {
    if !catalog.db.namespace(id).await?.is_some_and(Namespace::is_private) {
        return Ok((Urls::default(), None));
    }
    let token = caller_token(catalog, id, shown).await?;
    Ok((Urls::signed(&token), Some(token)))
}

pub(super) async fn stored(db: &Db, id: &ConfigId, version: i64) -> Result<StoredVersion, Error> {
    db.stored_version(id, version).await?.ok_or(Error::NoSuchVersion)
}

pub(super) fn version(request: &HttpRequest) -> Result<i64, Error> {
    segment(request, "version").parse().map_err(|_no_number| Error::NoSuchVersion)
}

pub(super) fn id(request: &HttpRequest) -> Result<ConfigId, Error> {
    segment(request, "configuration").parse().map_err(|_no_id| Error::NoSuchSequence)
}

async fn answer(
    catalog: &Catalog,
    id: &ConfigId,
    purged: Option<Vec<DeliveryAnswer>>,
) -> Result<HttpResponse, Failure> {
    let versions = catalog.db.versions(id).await?;
    let taken_down = catalog.db.is_taken_down(id).await?;
    let (urls, token) = urls(catalog, id, Shown::Live).await?;
    if versions.is_empty() && !taken_down && token.is_none() {
        return Err(Error::NoSuchSequence.into());
    }
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let versions = versions.iter().map(|version| VersionAnswer::of(version, &urls.manifest)).collect();
    let protected = token.is_some();
    let sequence = token.map_or_else(|| sequence_url(id), |token| format!("/signed/{token}/sequence"));
    let answer =
        SequenceAnswer { configuration: id, live, taken_down, protected, versions, sequence, purged };
    Ok(secret_json(StatusCode::OK, &answer))
}
