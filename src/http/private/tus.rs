//! Resumable uploads: tus 1.0.0 with creation, creation-with-upload, termination, expiration and checksum.
//!
//! An upload's offset is what the database says is on disk for certain. One request at a time writes to an
//! upload; a later one takes over from an earlier one, whose connection may be dead without its end knowing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, HeaderMap, HttpDate, LOCATION},
    },
    web::{Data, Payload},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};

use crate::{
    db::uploads::StoredUpload,
    domain::{
        audit::Actor,
        frameset::{FileName, FramesetId, FramesetState, UploadId, UploadLimits},
        keys::Role,
    },
    http::{
        catalog::Catalog,
        methods::WITH_KEY,
        problem::{Error, Failure},
        query, segment,
    },
    staging::{Incoming, Staging},
};

use super::{caller::must_be, framesets, receive, secret};

/// The version that is spoken, on every answer.
pub(super) const RESUMABLE: (&str, &str) = ("tus-resumable", VERSION);
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration,checksum";
const ALGORITHMS: &str = "sha1,sha256";
/// What scripts of other origins may read.
const EXPOSED: &str = "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
     Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset";
/// The media type of a part of a file.
const PART: &str = "application/offset+octet-stream";

/// Who writes to which upload, in this process.
#[derive(Debug, Default)]
pub struct Writers {
    seats: Mutex<HashMap<UploadId, Arc<Seat>>>,
}

#[derive(Debug, Default)]
struct Seat {
    taken: Arc<AsyncMutex<()>>,
    leave: Notify,
}

/// Held while a request writes to an upload.
struct Turn {
    seat: Arc<Seat>,
    _taken: OwnedMutexGuard<()>,
}

impl Writers {
    /// Asks whoever writes to the upload to leave, and takes their place.
    async fn take(&self, upload: &UploadId) -> Turn {
        let seat = {
            let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody sits on what only this table knows.
            seats.retain(|_, seat| Arc::strong_count(seat) > 1);
            seats.entry(upload.clone()).or_default().clone()
        };
        seat.leave.notify_waiters();
        let taken = seat.taken.clone().lock_owned().await;
        Turn { seat, _taken: taken }
    }
}

/// `OPTIONS /api/uploads`: what the server can do. It takes no key.
pub(super) async fn options(limits: Data<UploadLimits>) -> HttpResponse {
    secret(StatusCode::NO_CONTENT)
        .insert_header(("tus-version", VERSION))
        .insert_header(("tus-extension", EXTENSIONS))
        .insert_header(("tus-checksum-algorithm", ALGORITHMS))
        .insert_header(("tus-max-size", limits.frame_max_bytes.max(limits.archive_max_bytes).to_string()))
        .insert_header(("allow", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"))
        .insert_header(("access-control-allow-methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS"))
        .insert_header(("access-control-allow-headers", WITH_KEY))
        .insert_header(("access-control-max-age", "86400"))
        .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED))
        .finish()
}

/// `POST /api/uploads`
pub(super) async fn create(
    request: HttpRequest,
    mut body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    writers: Data<Writers>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &catalog.db).await?;
    resumable(request.headers())?;
    let length = number(request.headers(), "upload-length")?
        .ok_or(Error::BadHeader("Upload-Length: the file's length in bytes is needed"))?;
    let metadata = text(request.headers(), "upload-metadata")?.unwrap_or_default();
    let (frameset, name) = destination(metadata)?;
    let max_bytes = limits.max_bytes(&name);
    if length > max_bytes {
        return Err(Error::FileTooLarge(max_bytes).into());
    }
    let set = catalog.db.frameset(&frameset).await.map_err(Error::from)?.ok_or(Error::NoSuchFrameset)?;
    if set.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    receive::room(&staging, length, limits.disk_min_free_bytes)?;
    let begun = catalog.db.begin_upload(&frameset, &name, length, metadata, limits.set_max_files).await;
    let upload = begun.map_err(Error::from)?.ok_or(Error::TooManyFiles(limits.set_max_files))?;
    let location = format!("/api/uploads/{}", upload.id);

    let with_upload = text(request.headers(), CONTENT_TYPE.as_str())? == Some(PART);
    let checksum = Checksum::of(request.headers())?;
    let work = Work { catalog: &catalog, staging: &staging, limits: &limits, actor: &caller.actor };
    let turn = writers.take(&upload.id).await;
    let received = if with_upload || length == 0 {
        match work.write(&upload, &turn, &mut body, checksum).await {
            // The upload is there all the same: the client goes on from what arrived.
            Err(Error::BodyCutShort | Error::BodyTooSlow) => load(&catalog, &upload.id).await?.received,
            received => received?,
        }
    } else {
        0
    };
    Ok(progress(StatusCode::CREATED, &upload, received, &limits).insert_header((LOCATION, location)).finish())
}

/// `HEAD /api/uploads/{id}`: how far it is. Whoever wrote to it is asked to leave first.
pub(super) async fn head(
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    writers: Data<Writers>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    let caller = must_be(Role::Artist, &request, &catalog.db).await?;
    resumable(request.headers())?;
    let id = id(&request)?;
    let _turn = writers.take(&id).await;
    let upload = load(&catalog, &id).await?;
    let work = Work { catalog: &catalog, staging: &staging, limits: &limits, actor: &caller.actor };
    work.finish_late(&upload).await?;
    Ok(progress(StatusCode::OK, &upload, upload.received, &limits)
        .insert_header(("upload-length", upload.length.to_string()))
        .insert_header(("upload-metadata", upload.metadata.clone()))
        .finish())
}

/// `PATCH /api/uploads/{id}`: the next part.
pub(super) async fn patch(
    request: HttpRequest,
    mut body: Payload,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    writers: Data<Writers>,
    limits: Data<UploadLimits>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &catalog.db).await?;
    resumable(request.headers())?;
    let id = id(&request)?;
    if text(request.headers(), CONTENT_TYPE.as_str())? != Some(PART) {
        return Err(Error::NotAPart.into());
    }
    let offset = number(request.headers(), "upload-offset")?
        .ok_or(Error::BadHeader("Upload-Offset: where the part begins is needed"))?;
    let checksum = Checksum::of(request.headers())?;
    let turn = writers.take(&id).await;
    let upload = load(&catalog, &id).await?;
    if offset != upload.received {
        return Err(Error::OffsetMismatch(upload.received).into());
    }
    let work = Work { catalog: &catalog, staging: &staging, limits: &limits, actor: &caller.actor };
    let received = work.write(&upload, &turn, &mut body, checksum).await?;
    Ok(progress(StatusCode::NO_CONTENT, &upload, received, &limits).finish())
}

/// `DELETE /api/uploads/{id}`: it is not wanted any more.
pub(super) async fn terminate(
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    writers: Data<Writers>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    must_be(Role::Artist, &request, &catalog.db).await?;
    resumable(request.headers())?;
    let id = id(&request)?;
    let _turn = writers.take(&id).await;
    let upload = load(&catalog, &id).await?;
    catalog.db.forget_upload(&id).await.map_err(Error::from)?;
    staging.discard_part(&upload.frameset, &id).await.map_err(Error::from)?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// What writing to an upload takes.
struct Work<'a> {
    catalog: &'a Catalog,
    staging: &'a Staging,
    limits: &'a UploadLimits,
    actor: &'a Actor,
}

impl Work<'_> {
    /// Adds a part to an upload, and makes it a frame if it is whole then. Gives the bytes that are there.
    async fn write(
        &self,
        upload: &StoredUpload,
        turn: &Turn,
        body: &mut Payload,
        checksum: Option<Checksum>,
    ) -> Result<u64, Error> {
        if upload.finished {
            return Ok(upload.received);
        }
        let mut file = self.staging.resume(&upload.frameset, &upload.id, upload.received).await?;
        // A part that has to match a checksum is not certain before its end.
        let note = async |received| {
            if checksum.is_none() { self.note(upload, received).await } else { Ok(()) }
        };
        let appended = tokio::select! {
            appended = receive::append(body, &mut file, upload.length, note) => appended,
            () = turn.seat.leave.notified() => Err(Error::BodyCutShort),
        };
        match (&appended, &checksum) {
            (Ok(()), Some(checksum)) => {
                if !checksum.matches(&mut file, upload.received).await? {
                    file.cut(upload.received).await?;
                    return Err(Error::ChecksumMismatch);
                }
            }
            (Err(_), Some(_)) => {
                file.cut(upload.received).await?;
            }
            (_, None) => {}
        }
        file.sync().await?;
        let received = file.written();
        self.note(upload, received).await?;
        appended?;
        if received == upload.length {
            self.finish(upload, file).await?;
        }
        Ok(received)
    }

    async fn note(&self, upload: &StoredUpload, received: u64) -> Result<(), Error> {
        if self.catalog.db.note_received(upload, received).await? { Ok(()) } else { Err(Error::NoSuchUpload) }
    }

    async fn finish(&self, upload: &StoredUpload, mut file: Incoming) -> Result<(), Error> {
        let Self { catalog, staging, limits, actor, .. } = self;
        let added =
            framesets::add(catalog, staging, limits, &upload.frameset, &upload.name, &mut file, actor);
        if let Err(error) = added.await {
            if let Error::FileRefused { .. } | Error::BadField(_) = error {
                // It will never be any better.
                self.catalog.db.forget_upload(&upload.id).await?;
                file.discard().await?;
            }
            return Err(error);
        }
        self.catalog.db.finish_upload(&upload.id).await?;
        file.discard().await?;
        framesets::close_when_whole(self.catalog, &upload.frameset, self.actor).await
    }

    /// Finishes an upload whose bytes are all there, and whose server died before it was a frame.
    async fn finish_late(&self, upload: &StoredUpload) -> Result<(), Error> {
        if upload.finished || upload.received < upload.length {
            return Ok(());
        }
        let file = self.staging.resume(&upload.frameset, &upload.id, upload.received).await?;
        self.finish(upload, file).await
    }
}

/// `Upload-Checksum`: an algorithm and what it gives for this part.
struct Checksum {
    sha1: bool,
    wanted: Vec<u8>,
}

impl Checksum {
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let Some(value) = text(headers, "upload-checksum")? else { return Ok(None) };
        let bad = || Error::BadHeader("Upload-Checksum: write sha1 or sha256, a space, and base64");
        let (algorithm, wanted) = value.split_once(' ').ok_or_else(bad)?;
        let sha1 = match algorithm {
            "sha1" => true,
            "sha256" => false,
            _ => return Err(bad()),
        };
        let wanted = BASE64_STANDARD.decode(wanted).map_err(|_no_base64| bad())?;
        Ok(Some(Self { sha1, wanted }))
    }

    async fn matches(&self, file: &mut Incoming, from: u64) -> Result<bool, Error> {
        let (mut sha1, mut sha256) = (Sha1::new(), Sha256::new());
        file.read_from(from, |chunk| if self.sha1 { sha1.update(chunk) } else { sha256.update(chunk) })
            .await?;
        let found = if self.sha1 { sha1.finalize().to_vec() } else { sha256.finalize().to_vec() };
        Ok(found == self.wanted)
    }
}

fn progress(
    status: StatusCode,
    upload: &StoredUpload,
    received: u64,
    limits: &UploadLimits,
) -> HttpResponseBuilder {
    let mut answer = secret(status);
    let expires = SystemTime::now() + std::time::Duration::from_hours(limits.expire_hours.into());
    answer
        .insert_header(("upload-offset", received.to_string()))
        .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED));
    if received < upload.length {
        answer.insert_header(("upload-expires", HttpDate::from(expires).to_string()));
    }
    answer
}

async fn load(catalog: &Catalog, id: &UploadId) -> Result<StoredUpload, Error> {
    catalog.db.upload(id).await?.ok_or(Error::NoSuchUpload)
}

fn id(request: &HttpRequest) -> Result<UploadId, Error> {
    segment(request, "upload").parse().map_err(|_no_id| Error::NoSuchUpload)
}

/// Every request names the version of the protocol, so that a client of another one is told.
fn resumable(headers: &HeaderMap) -> Result<(), Error> {
    if text(headers, "tus-resumable")? == Some(VERSION) { Ok(()) } else { Err(Error::UnsupportedTusVersion) }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let text = headers.get(name).map(|value| value.to_str().map(str::trim));
    text.transpose().map_err(|_no_text| Error::BadHeader("a header of the upload is no text"))
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Error> {
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let bad = || Error::BadHeader("Upload-Length and Upload-Offset are whole numbers");
    text(headers, name)?.map(|text| digits(text).ok_or_else(bad)).transpose()
}

/// The set and the file's name in `Upload-Metadata`: keys with base64 values.
fn destination(metadata: &str) -> Result<(FramesetId, FileName), Error> {
    let mut found: HashMap<&str, String> = HashMap::new();
    for pair in metadata.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let bad = || Error::BadHeader("Upload-Metadata: a key, a space, and UTF-8 in base64");
        let value = BASE64_STANDARD.decode(value.trim()).map_err(|_no_base64| bad())?;
        found.insert(key, String::from_utf8(value).map_err(|_no_text| bad())?);
    }
    let frameset = found
        .get("frameset")
        .ok_or(Error::BadHeader("Upload-Metadata: frameset, the set that the file belongs to, is needed"))?
        .parse()
        .map_err(|_no_id| Error::NoSuchFrameset)?;
    let name = found
        .get("filename")
        .or_else(|| found.get("name"))
        .ok_or(Error::BadHeader("Upload-Metadata: filename is needed"))?
        .parse()
        .map_err(|error| Error::BadField(format!("filename: {error}")))?;
    Ok((frameset, name))
}
