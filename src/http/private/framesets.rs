//! Frame sets: opening one, sending its frames, and committing it.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderMap, LOCATION},
    },
    web::{Data, Payload},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::{
    db::framesets::{Changed, Opened, StoredFrame},
    domain::{
        audit::Actor,
        frameset::{FileName, Frameset, FramesetId, FramesetState, NewFrameset, TurnSettings, UploadLimits},
        names::{BadName, Choices},
    },
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        timestamp::Timestamp,
    },
    staging::{Incoming, Staging, Unpacked},
};

use super::{jobs::JobAnswer, receive};

/// The most frame sets in an answer.
const LISTED: u32 = 200;

const EXAMPLE: &str = r#"{"product": "ring.solitaire", "choices": {"metal": "rose-gold"}, "frames": 36}"#;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FramesetBody {
    product: String,
    #[serde(default)]
    choices: BTreeMap<String, String>,
    frames: Option<u32>,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    settings: serde_json::Map<String, serde_json::Value>,
}

impl FramesetBody {
    fn parse(self, max_files: u32) -> Result<NewFrameset, Error> {
        let field = |name: &str, why: String| Error::BadField(format!("{name}: {why}"));
        let product = self.product.parse().map_err(|error| field("product", format!("{error}")))?;
        let choices: Choices = self
            .choices
            .iter()
            .map(|(option, choice)| Ok((option.parse()?, choice.parse()?)))
            .collect::<Result<_, BadName>>()
            .map_err(|error| field("choices", error.to_string()))?;
        if self.frames.is_some_and(|frames| frames == 0 || frames > max_files) {
            return Err(field("frames", format!("from 1 to {max_files}")));
        }
        let (settings, protected) = (settings(self.settings)?, self.protected);
        Ok(NewFrameset { product, choices, settings, expected: self.frames, protected })
    }
}

fn settings(fields: serde_json::Map<String, serde_json::Value>) -> Result<TurnSettings, Error> {
    let settings: TurnSettings = serde_json::from_value(fields.into())
        .map_err(|error| Error::BadField(format!("settings: {error}")))?;
    settings.check().map_err(|error| Error::BadField(format!("settings: {error}")))?;
    Ok(settings)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FramesetAnswer {
    id: String,
    product: String,
    choices: Choices,
    state: &'static str,
    settings: TurnSettings,
    /// The number of frames that the client announced.
    expected: Option<u32>,
    /// Whether the configuration is protected from its first version on.
    protected: bool,
    frames: u32,
    bytes: u64,
    opened: Timestamp,
    opened_by: String,
    /// The job, once the set is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<FrameAnswer>>,
}

impl FramesetAnswer {
    fn of(set: Frameset) -> Self {
        Self {
            id: set.id.to_string(),
            product: set.wanted.product.to_string(),
            choices: set.wanted.choices,
            state: set.state.as_str(),
            settings: set.wanted.settings,
            expected: set.wanted.expected,
            protected: set.wanted.protected,
            frames: set.frames,
            bytes: set.bytes,
            opened: Timestamp(set.created_at_ms),
            opened_by: set.key.to_string(),
            job: None,
            files: None,
        }
    }
}

#[derive(Serialize)]
struct FrameAnswer {
    name: String,
    bytes: u64,
    digest: String,
}

impl From<StoredFrame> for FrameAnswer {
    fn from(frame: StoredFrame) -> Self {
        Self { name: frame.name.to_string(), bytes: frame.bytes, digest: frame.digest.to_string() }
    }
}

/// The frames of a zip or tar.
#[derive(Serialize)]
struct ArchiveAnswer<'a> {
    name: &'a str,
    frames: Vec<FrameAnswer>,
}

#[derive(Serialize)]
struct FramesetsAnswer {
    framesets: Vec<FramesetAnswer>,
}

/// `POST /api/framesets`
pub(super) async fn open(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    let wanted: FramesetBody = body::read_json(&request, body, EXAMPLE).await?;
    let wanted = wanted.parse(limits.set_max_files)?;
    let max_open = limits.key_max_open_sets;
    let opened = catalog.db.open_frameset(&wanted, &caller.key.id, max_open, &caller.actor).await;
    let id = match opened? {
        Opened::Open(id) => id,
        Opened::TooMany => return Err(Error::TooManySets(max_open).into()),
    };
    let set = load(&catalog, &id).await?;
    Ok(secret(StatusCode::CREATED)
        .insert_header((LOCATION, format!("/api/framesets/{id}")))
        .json(FramesetAnswer::of(set)))
}

/// `GET /api/framesets`: the frame sets that changed last.
pub(super) async fn list(_: NoQuery, _: Artist, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let sets = catalog.db.framesets(LISTED).await?;
    let framesets = sets.into_iter().map(FramesetAnswer::of).collect();
    Ok(secret_json(StatusCode::OK, &FramesetsAnswer { framesets }))
}

/// `GET /api/framesets/{id}`: with its files.
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    answer(&catalog, &id(&request)?).await
}

/// `PATCH /api/framesets/{id}`: changes settings of an open set.
pub(super) async fn change(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let fields: serde_json::Map<_, _> = body::read_json(&request, body, r#"{"hero": 30}"#).await?;
    let now = load(&catalog, &id).await?.wanted.settings;
    // Fields that the body leaves out keep their values.
    let mut merged = serde_json::to_value(now).map_err(|_never| Error::NoSuchFrameset)?;
    if let Some(merged) = merged.as_object_mut() {
        merged.extend(fields);
    }
    let settings = settings(merged.as_object().cloned().unwrap_or_default())?;
    changed(catalog.db.change_settings(&id, &settings, &caller.actor).await?, 0)?;
    answer(&catalog, &id).await
}

/// `POST /api/framesets/{id}/commit`: closes the set and queues its job. A second commit changes nothing.
pub(super) async fn commit(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    changed(catalog.db.commit_frameset(&id, &caller.actor).await?, 0)?;
    answer(&catalog, &id).await
}

/// `DELETE /api/framesets/{id}`: deletes an open set and its files.
pub(super) async fn discard(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    changed(catalog.db.discard_frameset(&id, &caller.actor).await?, 0)?;
    staging.discard_set(&id).await?;
    if let Some(inbox) = catalog.store.inbox() {
        inbox.clear(&id).await?;
    }
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// `PUT /api/framesets/{id}/frames/{name}`: a frame, which replaces an earlier one of its name; or a zip or tar of
/// frames.
pub(super) async fn put_frame(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    mut body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    let (id, name) = (id(&request)?, name(&request)?);
    let set = load(&catalog, &id).await?;
    if set.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    let wanted = content_digest(request.headers())?;
    let (bytes, max_bytes) = (receive::announced(&request), limits.max_bytes(&name));
    if bytes.is_some_and(|bytes| bytes > max_bytes) {
        return Err(Error::FileTooLarge(max_bytes).into());
    }
    receive::require_room(&staging, bytes.unwrap_or(0), limits.disk_min_free_bytes)?;
    let mut file = staging.begin(&id).await?;
    let received = async {
        receive::append(&mut body, &mut file, max_bytes, async |_| Ok(())).await?;
        match wanted {
            Some(wanted) if wanted != file.whole().await?.sha256 => Err(Error::DigestMismatch),
            _ => add(&catalog, &staging, &limits, &id, &name, &mut file, &caller.actor).await,
        }
    };
    let received = received.await;
    file.discard().await?;
    let mut frames = received?.into_iter().map(FrameAnswer::from);
    commit_if_complete(&catalog, &id, &caller.actor).await?;
    Ok(if name.is_archive() {
        secret_json(StatusCode::CREATED, &ArchiveAnswer { name: name.as_str(), frames: frames.collect() })
    } else {
        secret_json(StatusCode::CREATED, &frames.next())
    })
}

/// `DELETE /api/framesets/{id}/frames/{name}`
pub(super) async fn remove_frame(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let (id, name) = (id(&request)?, name(&request)?);
    // The file stays until the set is deleted: another frame may have the same content.
    changed(catalog.db.remove_frame(&id, &name, &caller.actor).await?, 0)?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// Adds a complete file to its set: as a frame, or as the frames of an archive.
pub(super) async fn add(
    catalog: &Catalog,
    staging: &Staging,
    limits: &UploadLimits,
    id: &FramesetId,
    name: &FileName,
    file: &mut Incoming,
    actor: &Actor,
) -> Result<Vec<StoredFrame>, Error> {
    let accepted = staging.accept(id, name, file, limits).await?;
    let frame = |Unpacked { name, bytes, digest }| StoredFrame { name, bytes, digest };
    let frames: Vec<_> = accepted.into_iter().map(frame).collect();
    let added = catalog.db.add_frames(id, &frames, limits.set_max_files, actor).await?;
    changed(added, limits.set_max_files)?;
    Ok(frames)
}

/// Commits a set that has as many frames as the client announced.
pub(super) async fn commit_if_complete(
    catalog: &Catalog,
    id: &FramesetId,
    actor: &Actor,
) -> Result<(), Error> {
    let Some(set) = catalog.db.frameset(id).await? else { return Ok(()) };
    if set.state == FramesetState::Open && set.wanted.expected.is_some_and(|expected| set.frames >= expected)
    {
        catalog.db.commit_frameset(id, actor).await?;
    }
    Ok(())
}

pub(super) fn id(request: &HttpRequest) -> Result<FramesetId, Error> {
    segment(request, "frameset").parse().map_err(|_no_id| Error::NoSuchFrameset)
}

/// The name of a file in the path, where spaces and letters beyond ASCII are percent-encoded.
fn name(request: &HttpRequest) -> Result<FileName, Error> {
    let path = request.uri().path();
    let raw = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let text = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_no_text| Error::BadField("name: a file's name is UTF-8".to_owned()))?;
    text.parse().map_err(|error| Error::BadField(format!("name: {error}")))
}

pub(super) async fn load(catalog: &Catalog, id: &FramesetId) -> Result<Frameset, Error> {
    catalog.db.frameset(id).await?.ok_or(Error::NoSuchFrameset)
}

pub(super) async fn answer(catalog: &Catalog, id: &FramesetId) -> Result<HttpResponse, Failure> {
    let set = load(catalog, id).await?;
    let files = catalog.db.frames(id).await?;
    let job = catalog.db.job_of(id).await?;
    let answer = FramesetAnswer {
        files: Some(files.into_iter().map(Into::into).collect()),
        job: job.map(Into::into),
        ..FramesetAnswer::of(set)
    };
    Ok(secret_json(StatusCode::OK, &answer))
}

pub(super) fn changed(changed: Changed, max_files: u32) -> Result<(), Error> {
    match changed {
        Changed::Done => Ok(()),
        Changed::NoSuchSet => Err(Error::NoSuchFrameset),
        Changed::Committed => Err(Error::SetCommitted),
        Changed::TooManyFiles => Err(Error::TooManyFiles(max_files)),
        Changed::Empty => Err(Error::SetEmpty),
        Changed::Overtaken => Err(Error::FramesetChanged),
    }
}

/// The SHA-256 in `Content-Digest` (RFC 9530, section 2), if the request has one.
fn content_digest(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Error> {
    let Some(value) = headers.get("content-digest") else { return Ok(None) };
    let bad = || Error::BadHeader("Content-Digest: write sha-256=:BASE64:");
    let text = value.to_str().map_err(|_no_text| bad())?;
    let Some(digest) = text.split(',').find_map(|part| part.trim().strip_prefix("sha-256=")) else {
        // A server may ignore algorithms that it does not support.
        return Ok(None);
    };
    let digest = digest.strip_prefix(':').and_then(|text| text.strip_suffix(':')).ok_or_else(bad)?;
    let digest = BASE64_STANDARD.decode(digest).map_err(|_no_base64| bad())?;
    digest.try_into().map(Some).map_err(|_other_length| bad())
}
