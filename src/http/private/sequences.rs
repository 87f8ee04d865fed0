//! The versions of a configuration's spin: listing, publishing, rolling back and taking down.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::{Data, Payload},
};

use crate::{
    cdn::purge::Purger,
    db::{Db, configurations::RemovedConfiguration, versions::StoredVersion},
    domain::{figures::SetFigures, manifest::Urls, names::ConfigId, namespace::Namespace, signed::Shown},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        deliveries::wait_until_delivered,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment, sequence, sequence_url,
        wire::{
            parameters as param, problems, purges::DeliveryState, sequence::NegotiatedManifest,
            sequences as wire,
        },
    },
    library::{publish, take_down},
    staging::Staging,
};

use super::grants::caller_token;

/// The body of a take-down.
const TAKE_DOWN: &str = r#"{"confirm": "ring.solitaire.metal-rose-gold.stone-diamond"}"#;

/// The versions of a configuration's spin
#[utoipa::path(
    get,
    path = "/api/sequences/{configuration}",
    operation_id = "listVersions",
    tag = "Versions",
    params(param::Configuration),
    responses(
        (status = 200, description = "The versions.", body = wire::Sequence),
        problems::Read,
        problems::NoSuchSequence,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    answer(&catalog, &id(&request)?, None).await
}

/// Make a version live
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/publish",
    operation_id = "publish",
    tag = "Versions",
    params(param::Configuration),
    request_body = wire::Publish,
    responses(
        (status = 200, description = "The versions.", body = wire::Sequence),
        problems::WriteJson,
        problems::NoSuchVersion,
        problems::NotPublished,
    ),
)]
pub(super) async fn publish(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let wire::Publish { version } = body::read_json(&request, body, r#"{"version": 1}"#).await?;
    let published = match version {
        Some(version) => publish::publish(&catalog.db, &id, version, &caller.actor).await?,
        None => publish::publish_newest(&catalog.db, &id, &caller.actor).await?,
    };
    changed(&catalog, &purger, &id, &published.purges).await
}

/// Make the version live that was live before
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/rollback",
    operation_id = "rollBack",
    tag = "Versions",
    params(param::Configuration),
    responses(
        (status = 200, description = "The versions.", body = wire::Sequence),
        problems::Write,
        problems::NoSuchVersion,
        problems::NotRolledBack,
    ),
)]
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

/// Take a spin down for good
///
/// All its versions are deleted with their files, except files that other configurations use, and so are its raw
/// frames. Its jobs that are not over are cancelled. A spin that was live answers 410 from then on. The body repeats
/// the configuration's id, since nothing of this can be brought back.
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/take-down",
    operation_id = "takeDown",
    tag = "Versions",
    params(param::Configuration),
    request_body = wire::TakeDown,
    responses(
        (status = 200, description = "The versions.", body = wire::Sequence),
        problems::WriteJson,
        problems::NoSuchSequence,
        problems::NothingStored,
        problems::NotConfirmed,
    ),
)]
pub(super) async fn take_down(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    require_confirmation(&request, body, &id).await?;
    let (db, store) = (&catalog.db, &catalog.store);
    let purges = take_down::take_down(db, store, &staging, &id, &caller.actor).await?;
    deleted(&catalog, &purger, &id, &purges).await
}

/// Refuses a take-down whose body does not repeat the configuration's id; a request without a body is told so as well.
async fn require_confirmation(request: &HttpRequest, body: Payload, id: &ConfigId) -> Result<(), Error> {
    let refused = || Error::NotConfirmed(id.clone());
    if !request.headers().contains_key(CONTENT_TYPE) {
        return Err(refused());
    }
    let wire::TakeDown { confirm } = body::read_json(request, body, TAKE_DOWN).await?;
    if confirm == id.as_str() { Ok(()) } else { Err(refused()) }
}

/// Remove a configuration whose versions are all gone
///
/// Choices that were made for it alone are removed with it, so that a spelling mistake does not stay on the product.
#[utoipa::path(
    delete,
    path = "/api/sequences/{configuration}",
    operation_id = "removeSequence",
    tag = "Versions",
    params(param::Configuration),
    responses(
        (status = 204, description = "The configuration is removed."),
        problems::Write,
        problems::NoSuchSequence,
        problems::SequenceInUse,
    ),
)]
pub(super) async fn remove(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    match catalog.db.remove_configuration(&id, &caller.actor).await? {
        RemovedConfiguration::Done { purge, .. } => {
            catalog.evict_pointers();
            wait_until_delivered(&purger, &[purge], None).await?;
            Ok(secret(StatusCode::NO_CONTENT).finish())
        }
        RemovedConfiguration::NoSuchConfiguration => Err(Error::NoSuchSequence.into()),
        RemovedConfiguration::InUse => Err(Error::SequenceInUse(id).into()),
    }
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

/// A version, with the bytes and quality of each frame
#[utoipa::path(
    get,
    path = "/api/sequences/{configuration}/versions/{version}",
    operation_id = "showVersion",
    tag = "Versions",
    params(param::Configuration, param::Version),
    responses(
        (status = 200, description = "The version.", body = wire::VersionDetail),
        problems::Read,
        problems::NoSuchVersion,
    ),
)]
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
    let version = wire::Version::of(&listed, &urls.manifest);
    let sets = sets.into_iter().map(Into::into).collect();
    let answer = wire::VersionDetail { configuration: id, version, sequence, sets };
    Ok(secret_json(StatusCode::OK, &answer))
}

/// A version's manifest, negotiated as if it were live
#[utoipa::path(
    get,
    path = "/api/sequences/{configuration}/versions/{version}/sequence",
    operation_id = "showVersionSequence",
    tag = "Versions",
    params(param::Configuration, param::Version, param::Forced, param::Explain),
    responses(
        (status = 200, description = "The manifest.", body = NegotiatedManifest, headers(("Cache-Control"))),
        problems::BadChoice,
        problems::KeyNeeded,
        problems::InsufficientRole,
        problems::NoSuchVersion,
        problems::Internal,
    ),
)]
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
    purged: Option<Vec<DeliveryState>>,
) -> Result<HttpResponse, Failure> {
    let versions = catalog.db.versions(id).await?;
    let taken_down = catalog.db.is_taken_down(id).await?;
    let (urls, token) = urls(catalog, id, Shown::Live).await?;
    // A change is answered, also where it has left nothing.
    if purged.is_none() && versions.is_empty() && !taken_down && token.is_none() {
        return Err(Error::NoSuchSequence.into());
    }
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let versions = versions.iter().map(|version| wire::Version::of(version, &urls.manifest)).collect();
    let protected = token.is_some();
    let sequence = token.map_or_else(|| sequence_url(id), |token| format!("/signed/{token}/sequence"));
    let configuration = id.clone();
    let answer = wire::Sequence { configuration, live, taken_down, protected, versions, sequence, purged };
    Ok(secret_json(StatusCode::OK, &answer))
}
