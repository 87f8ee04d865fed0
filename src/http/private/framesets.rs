//! Frame sets: opening one, and sending its frames.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderMap, LOCATION},
    },
    web::{Data, Payload},
};
use assets_pipeline::digest::Digest;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use metrics::counter;
use percent_encoding::percent_decode_str;

use crate::{
    checks::Checks,
    db::{
        Db,
        finish::Fenced,
        framesets::{FramesetError, StoredFrame, revision},
    },
    domain::{
        audit::Actor,
        frameset::{
            Conditions, FileName, Frameset, FramesetId, FramesetState, NewFrameset, TurnSettings,
            UploadLimits,
        },
        input,
        names::{BadName, Choices},
        news::new_choices,
    },
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::{NoQuery, clip},
        segment,
        wire::{framesets as wire, parameters as param, problems, settings::SettingsChange},
    },
    library::raw_frames,
    staging::{Account, Incoming, Staging, Unpacked},
};

use super::{
    complete::commit_if_complete,
    condition,
    receive::{self, Single},
};

/// The most frame sets in an answer.
const LISTED: u32 = 200;

const EXAMPLE: &str = r#"{"product": "ring.solitaire", "choices": {"metal": "rose-gold"}, "frames": 36}"#;

impl wire::NewFrameset {
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
    let settings: TurnSettings =
        input::from_value(fields.into()).map_err(|why| Error::BadField(format!("settings: {why}")))?;
    settings.check().map_err(|error| Error::BadField(format!("settings: {error}")))?;
    Ok(settings)
}

/// Open a frame set
///
/// A product that does not exist is created with the first version. An option or a choice that an existing product lacks is
/// created only where the body says so.
#[utoipa::path(
    post,
    path = "/api/framesets",
    operation_id = "openFrameset",
    tag = "Frame sets",
    request_body = wire::NewFrameset,
    responses(
        (status = 201, description = "The set is open.", body = wire::Frameset, headers(("Location"))),
        problems::WriteJson,
        problems::NewChoices,
        problems::BadField,
        problems::TooManySets,
    ),
)]
pub(super) async fn open(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    let wanted: wire::NewFrameset = body::read_json(&request, body, EXAMPLE).await?;
    let may_create = wanted.new_choices;
    let wanted = wanted.parse(limits.set_max_files)?;
    if let Some(product) = catalog.db.load_product(&wanted.product).await? {
        if let Some(missing) = product.options.iter().find(|def| !wanted.choices.contains_key(&def.name)) {
            let (name, example) = (&missing.name, &missing.default);
            let why = format!("choices: {} has the option {name}; add \"{name}\": \"{example}\"", product.id);
            return Err(Error::BadField(why).into());
        }
        let new = new_choices(&product, &wanted.choices);
        if !may_create && !new.is_empty() {
            return Err(Error::NewChoices(new.into()).into());
        }
    }
    let max_open = limits.key_max_open_sets;
    let id = catalog.db.open_frameset(&wanted, &caller.key.id, max_open, &caller.actor).await?;
    let set = load(&catalog, &id).await?;
    Ok(secret(StatusCode::CREATED)
        .insert_header((LOCATION, format!("/api/framesets/{id}")))
        .json(wire::Frameset::from(set)))
}

/// The frame sets that changed last
#[utoipa::path(
    get,
    path = "/api/framesets",
    operation_id = "listFramesets",
    tag = "Frame sets",
    responses((status = 200, description = "At most 200.", body = wire::Framesets), problems::Read),
)]
pub(super) async fn list(_: NoQuery, _: Artist, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let sets = catalog.db.for_reports().framesets(LISTED).await?;
    let framesets = sets.into_iter().map(wire::Frameset::from).collect();
    Ok(secret_json(StatusCode::OK, &wire::Framesets { framesets }))
}

/// A frame set and its files
#[utoipa::path(
    get,
    path = "/api/framesets/{frameset}",
    operation_id = "showFrameset",
    tag = "Frame sets",
    params(param::Frameset),
    responses(
        (status = 200, description = "The set.", body = wire::Frameset),
        problems::Read,
        problems::NoSuchFrameset,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    answer(&catalog, &id(&request)?).await
}

/// Change settings of an open frame set
#[utoipa::path(
    patch,
    path = "/api/framesets/{frameset}",
    operation_id = "changeFrameset",
    tag = "Frame sets",
    params(param::Frameset),
    request_body = SettingsChange,
    responses(
        (status = 200, description = "The set.", body = wire::Frameset),
        problems::WriteJson,
        problems::NoSuchFrameset,
        problems::SetCommitted,
        problems::BadField,
    ),
)]
pub(super) async fn change(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let fields: serde_json::Map<_, _> = body::read_json(&request, body, r#"{"hero": 30}"#).await?;
    loop {
        let before = load(&catalog, &id).await?.wanted.settings;
        // Fields that the body leaves out keep their values.
        let now = serde_json::to_value(&before).expect("settings have no part that is not JSON");
        let mut merged = now.as_object().cloned().expect("settings are an object");
        merged.extend(fields.clone());
        match catalog.db.change_settings(&id, &before, &settings(merged)?, &caller.actor).await {
            // Another request has changed other fields meanwhile.
            Err(FramesetError::Changed) => {}
            changed => {
                changed?;
                return answer(&catalog, &id).await;
            }
        }
    }
}

/// Delete a frame set and its files
///
/// The job of a committed set is cancelled where it is not over, and deleted with the set. A version that was made from
/// the frames stays.
#[utoipa::path(
    delete,
    path = "/api/framesets/{frameset}",
    operation_id = "discardFrameset",
    tag = "Frame sets",
    params(param::Frameset),
    responses(
        (status = 204, description = "The set is deleted."),
        problems::Write,
        problems::NoSuchFrameset,
    ),
)]
pub(super) async fn discard(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    if !raw_frames::discard(&catalog.db, &staging, &id, &caller.actor).await? {
        return Err(Error::NoSuchFrameset.into());
    }
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// Send a frame, or a zip or tar of frames
///
/// It replaces an earlier file of the same name, where `If-Match` and `If-None-Match` hold for it: `If-None-Match: *` replaces
/// none. The files of an archive become frames of the set, all of them or none.
#[utoipa::path(
    put,
    path = "/api/framesets/{frameset}/frames/{name}",
    operation_id = "putFrame",
    tag = "Frame sets",
    params(param::Frameset, param::Name, param::FrameConditions, param::ContentDigest),
    request_body(
        content = Vec<u8>,
        content_type = "application/octet-stream",
        description = "The file. Its name and content decide its kind, not the Content-Type.",
    ),
    responses(
        (status = 201, description = "The frame, or the frames of the archive.", body = wire::Added),
        problems::BadFile,
        problems::KeyNeeded,
        problems::MayNotWrite,
        problems::NoSuchFrameset,
        problems::BodyTooSlow,
        problems::SetCommitted,
        problems::PreconditionFailed,
        problems::FileTooLarge,
        problems::BodyEncoded,
        problems::FileRefused,
        problems::Internal,
        problems::DiskFull,
    ),
)]
pub(super) async fn put_frame(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    mut body: Payload,
    (catalog, staging, limits, checks): (Data<Catalog>, Data<Staging>, Data<UploadLimits>, Data<Checks>),
) -> Result<HttpResponse, Failure> {
    let (id, name) = (id(&request)?, name(&request)?);
    let set = load(&catalog, &id).await?;
    if set.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    let wanted = content_digest(request.headers())?;
    let conditions = condition::of(request.headers());
    let place = Place { id: &id, name: &name, conditions: &conditions };
    place.require(&catalog.db).await?;
    let (bytes, max_bytes) = (receive::announced(request.headers())?, limits.max_bytes(&name));
    if bytes.is_some_and(|bytes| bytes > max_bytes) {
        return Err(Error::FileTooLarge(max_bytes).into());
    }
    let account = Account { db: &catalog.db, key: &set.key, limits: &limits };
    let reservation = staging.reserve(account, bytes.unwrap_or(0)).await?;
    let mut single = Single { staging: &staging, account, reservation };
    let received = async {
        let mut file = staging.begin(&id).await?;
        let received = async {
            receive::append(&mut body, &mut file, max_bytes, &mut single).await?;
            match wanted {
                Some(wanted) if wanted != file.whole().await?.sha256 => Err(Error::DigestMismatch),
                _ => add(account, &staging, place, &mut file, None, &caller.actor).await,
            }
        };
        let received = received.await;
        file.discard().await?;
        received
    };
    let received = unless_deleted(&catalog.db, &staging, &id, received.await).await?;
    let mut frames = received.into_iter().map(wire::Frame::from);
    commit_if_complete(&checks, &id, &caller.actor).await?;
    let added = if name.is_archive() {
        wire::Added::Archive(wire::Archive { name: name.to_string(), frames: frames.collect() })
    } else {
        wire::Added::Frame(frames.next().expect("a file that is not an archive becomes one frame"))
    };
    Ok(secret_json(StatusCode::CREATED, &added))
}

/// Remove a frame
///
/// With `If-Match`, only where the content of the frame has this digest: after a mend, a name may be that of another frame.
#[utoipa::path(
    delete,
    path = "/api/framesets/{frameset}/frames/{name}",
    operation_id = "removeFrame",
    tag = "Frame sets",
    params(param::Frameset, param::Name, param::FrameConditions),
    responses(
        (status = 204, description = "The set has no frame of this name."),
        problems::Write,
        problems::NoSuchFrameset,
        problems::SetCommitted,
        problems::PreconditionFailed,
        problems::BadField,
    ),
)]
pub(super) async fn remove_frame(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let (id, name) = (id(&request)?, name(&request)?);
    // The file stays until the set is deleted: another frame may have the same content.
    let conditions = condition::of(request.headers());
    catalog.db.remove_frame(&id, &name, |now| condition::hold(&conditions, now), &caller.actor).await?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// The name that a file comes under, and what may have been there.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) id: &'a FramesetId,
    pub(super) name: &'a FileName,
    pub(super) conditions: &'a Conditions,
}

impl Place<'_> {
    /// Refuses a file that may not come here, before any byte of it is taken.
    pub(super) async fn require(self, db: &Db) -> Result<(), Error> {
        let now = db.frame(self.id, self.name).await?;
        if condition::hold(self.conditions, now) { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

/// Adds a complete file to its set: as a frame, or as the frames of an archive. The upload that brought it ends with it.
pub(super) async fn add(
    account: Account<'_>,
    staging: &Staging,
    Place { id, name, conditions }: Place<'_>,
    file: &mut Incoming,
    upload: Option<Fenced<'_>>,
    actor: &Actor,
) -> Result<Vec<StoredFrame>, Error> {
    let added = add_unmeasured(account, staging, Place { id, name, conditions }, file, upload, actor).await;
    let outcome = match &added {
        Ok(_) => "accepted",
        Err(error) if error.is_of_client() => "refused",
        Err(_) => "failed",
    };
    counter!("girasol_upload_files_total", "outcome" => outcome).increment(1);
    added
}

async fn add_unmeasured(
    account: Account<'_>,
    staging: &Staging,
    Place { id, name, conditions }: Place<'_>,
    file: &mut Incoming,
    upload: Option<Fenced<'_>>,
    actor: &Actor,
) -> Result<Vec<StoredFrame>, Error> {
    let accepted = staging.accept(account, id, name, file).await?;
    let frame = |Unpacked { name, bytes, digest }| StoredFrame { name, bytes, digest };
    let frames: Vec<_> = accepted.into_iter().map(frame).collect();
    let is_meant = |now| condition::hold(conditions, now);
    let max_files = account.limits.set_max_files;
    account.db.add_frames_if(id, &frames, (name, is_meant), upload, max_files, actor).await?;
    Ok(frames)
}

/// What became of files that were sent to a set. Where another request has deleted the set meanwhile, that is the answer,
/// whichever step it broke.
pub(super) async fn unless_deleted<T>(
    db: &Db,
    staging: &Staging,
    id: &FramesetId,
    outcome: Result<T, Error>,
) -> Result<T, Error> {
    if outcome.is_err() && raw_frames::delete_latecomers(db, staging, id).await? {
        return Err(FramesetError::NoSuchFrameset.into());
    }
    outcome
}

pub(super) fn id(request: &HttpRequest) -> Result<FramesetId, Error> {
    segment(request, "frameset").parse().map_err(|_no_id| Error::NoSuchFrameset)
}

/// The name of a file in the path, where spaces and letters beyond ASCII are percent-encoded.
pub(super) fn name(request: &HttpRequest) -> Result<FileName, Error> {
    let path = request.uri().path();
    let raw = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let text = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_no_text| Error::BadField("name: a file's name is UTF-8".to_owned()))?;
    text.parse().map_err(|error| Error::BadField(format!("name: {error}")))
}

/// The revision that a body names; `wanted` says which one it has to be.
pub(super) fn parse_revision(text: &str, wanted: &str) -> Result<Digest, Error> {
    let bad =
        |_no_digest| Error::BadField(format!("revision: \"{}\" is no revision: send {wanted}", clip(text)));
    text.parse().map_err(bad)
}

pub(super) async fn load(catalog: &Catalog, id: &FramesetId) -> Result<Frameset, Error> {
    catalog.db.frameset(id).await?.ok_or(Error::NoSuchFrameset)
}

pub(super) async fn answer(catalog: &Catalog, id: &FramesetId) -> Result<HttpResponse, Failure> {
    let set = load(catalog, id).await?;
    let files = catalog.db.frames(id).await?;
    let job = catalog.db.job_of(id).await?;
    let mut answer = wire::Frameset::from(set);
    answer.revision = Some(revision(&files).to_string());
    answer.files = Some(files.into_iter().map(Into::into).collect());
    answer.job = job.map(Into::into);
    Ok(secret_json(StatusCode::OK, &answer))
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
