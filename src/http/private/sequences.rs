//! Versions of a configuration's spin, and which of them visitors see.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};

use crate::{
    db::{
        Db,
        versions::{ListedVersion, MadeLive, StoredVersion},
    },
    domain::{figures::SetFigures, keys::Role, names::ConfigId},
    garbage,
    http::{
        body,
        origin::Origin,
        problem::{Error, Failure},
        query, segment, sequence, sequence_url,
    },
    purge::Purger,
};

use super::{
    Moment,
    caller::must_be,
    purge::{ToldAnswer, settled},
    secret_json,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishBody {
    version: i64,
}

#[derive(Serialize)]
struct SequenceAnswer<'a> {
    configuration: &'a ConfigId,
    /// The version that visitors see.
    live: Option<i64>,
    /// It was taken down, and nothing is live since.
    #[serde(rename = "takenDown")]
    taken_down: bool,
    versions: Vec<VersionAnswer>,
    sequence: String,
    /// What became of the change at the caches outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    purged: Option<Vec<ToldAnswer>>,
}

#[derive(Serialize)]
struct VersionAnswer {
    version: i64,
    kind: &'static str,
    manifest: String,
    created: Moment,
    published: Option<Moment>,
    live: bool,
}

#[derive(Serialize)]
struct VersionDetail<'a> {
    configuration: &'a ConfigId,
    #[serde(flatten)]
    version: VersionAnswer,
    /// What a `<girasol-spin>` takes as `src`, for whoever is signed in.
    sequence: String,
    sets: Vec<SetFigures>,
}

impl From<ListedVersion> for VersionAnswer {
    fn from(version: ListedVersion) -> Self {
        Self {
            version: version.version,
            kind: version.kind.as_str(),
            manifest: format!("/m/{}.json", version.digest),
            created: Moment(version.created_at_ms),
            published: version.published_at_ms.map(Moment),
            live: version.is_live,
        }
    }
}

/// `GET /api/sequences/{configId}`: its versions, the newest first.
pub(super) async fn show(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    must_be(Role::Artist, &request, &origin.db).await?;
    answer(&origin, &id(&request)?, None).await
}

/// `POST /api/sequences/{configId}/publish`
pub(super) async fn publish(
    request: HttpRequest,
    body: Payload,
    origin: Data<Origin>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &origin.db).await?;
    let id = id(&request)?;
    let PublishBody { version } = body::read_json(&request, body, r#"{"version": 2}"#).await?;
    made(origin.db.make_live(&id, version, &caller.actor).await.map_err(Error::from)?)?;
    changed(&origin, &purger, &id).await
}

/// `POST /api/sequences/{configId}/rollback`: what visitors saw before.
pub(super) async fn roll_back(
    request: HttpRequest,
    origin: Data<Origin>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &origin.db).await?;
    let id = id(&request)?;
    made(origin.db.roll_back(&id, &caller.actor).await.map_err(Error::from)?)?;
    changed(&origin, &purger, &id).await
}

/// `POST /api/sequences/{configId}/take-down`: visitors are told that it is gone, with every version.
pub(super) async fn take_down(
    request: HttpRequest,
    origin: Data<Origin>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &origin.db).await?;
    let id = id(&request)?;
    if !garbage::take_down(&origin.db, &origin.store, &id, &caller.actor).await.map_err(Error::from)? {
        return Err(Error::NothingLive.into());
    }
    // The disk first, or memory would be filled from it again.
    origin.store.forget_all().await;
    origin.forget_objects();
    changed(&origin, &purger, &id).await
}

/// Answers when caches outside were told, so that whoever looks next sees the change.
async fn changed(origin: &Origin, purger: &Purger, id: &ConfigId) -> Result<HttpResponse, Failure> {
    origin.forget_pointers();
    let purges = origin.db.purges_of(id.as_str()).await.map_err(Error::from)?;
    let purged = settled(purger, &purges, None).await?;
    answer(origin, id, Some(purged)).await
}

/// `GET /api/sequences/{configId}/versions/{version}`: with what is known of each frame.
pub(super) async fn show_version(
    request: HttpRequest,
    origin: Data<Origin>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    must_be(Role::Artist, &request, &origin.db).await?;
    let (id, number) = (id(&request)?, version(&request)?);
    let versions = origin.db.versions(&id).await.map_err(Error::from)?;
    let listed = versions.into_iter().find(|listed| listed.version == number).ok_or(Error::NoSuchVersion)?;
    let sets = match origin.db.version_figures(&id, number).await.map_err(Error::from)? {
        Some(figures) => figures,
        None => SetFigures::of(&origin.live_manifest(listed.digest).await?.manifest),
    };
    let sequence = format!("/api/sequences/{id}/versions/{number}/sequence");
    let answer = VersionDetail { configuration: &id, version: listed.into(), sequence, sets };
    Ok(secret_json(StatusCode::OK, &answer))
}

/// `GET /api/sequences/{configId}/versions/{version}/sequence`: its manifest, negotiated as if it were live.
pub(super) async fn manifest(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    must_be(Role::Artist, &request, &origin.db).await?;
    let id = id(&request)?;
    let stored = stored(&origin.db, &id, version(&request)?).await?;
    sequence::unpublished(&request, &origin, id, &stored).await
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
    origin: &Origin,
    id: &ConfigId,
    purged: Option<Vec<ToldAnswer>>,
) -> Result<HttpResponse, Failure> {
    let versions = origin.db.versions(id).await.map_err(Error::from)?;
    let taken_down = origin.db.is_taken_down(id).await.map_err(Error::from)?;
    if versions.is_empty() && !taken_down {
        return Err(Error::NoSuchSequence.into());
    }
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let versions = versions.into_iter().map(Into::into).collect();
    let sequence = sequence_url(id);
    let answer = SequenceAnswer { configuration: id, live, taken_down, versions, sequence, purged };
    Ok(secret_json(StatusCode::OK, &answer))
}

fn made(made: MadeLive) -> Result<(), Error> {
    match made {
        MadeLive::Done { .. } => Ok(()),
        MadeLive::NoSuchVersion => Err(Error::NoSuchVersion),
        MadeLive::Early => Err(Error::EarlyVersion),
        MadeLive::NothingBefore => Err(Error::NothingBefore),
        MadeLive::Overtaken => Err(Error::Overtaken),
    }
}
