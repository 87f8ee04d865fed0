//! Resumable uploads: tus 1.0.0 with creation, creation-with-upload, termination, expiration and checksum.
//!
//! An upload's offset is the number of bytes that the database knows to be safe: synced to the disk, and put into the bucket
//! where the store is one. Any server goes on from there.

mod headers;
mod writers;

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, dev,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, LOCATION},
    },
    web::{Data, Payload},
};

pub use self::writers::Writers;

use self::{
    headers::{Checksum, destination, number, progress, require_plain, require_version, text},
    writers::Writing,
};

use crate::{
    checks::Checks,
    db::uploads::{NewUpload, Noted, Received, StoredUpload, UploadPart},
    domain::{
        audit::Actor,
        frameset::{FramesetState, UploadId, UploadLimits},
        keys::KeyId,
    },
    http::{
        auth::Artist,
        catalog::Catalog,
        methods::WITH_KEY,
        private_scope::secret,
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{files, parameters as param, problems},
    },
    staging::{Account, Incoming, Staging},
};

use super::{
    complete, condition,
    framesets::{self, Place},
    receive::{self, Receiver},
};

/// The header on every answer: the version of the protocol.
pub(super) const RESUMABLE: (&str, &str) = ("tus-resumable", VERSION);
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration,checksum";
const ALGORITHMS: &str = "sha1,sha256";
/// Headers that scripts of other origins may read.
const EXPOSED: &str = "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
     Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset";
/// How often a request looks whether another process has taken its upload over.
const TAKEN_OVER_POLL: Duration = Duration::from_secs(1);
/// The media type of a part of a file.
const PART: &str = "application/offset+octet-stream";

/// The extensions and limits of the server: tus 1.0
#[utoipa::path(
    options,
    path = "/api/uploads",
    operation_id = "showTus",
    tag = "Uploads",
    security(()),
    responses(files::TusAbilities, problems::TusInternal),
)]
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

/// The extensions and limits of the server, at the address of an upload
#[utoipa::path(
    options,
    path = "/api/uploads/{upload}",
    operation_id = "showTusOfUpload",
    tag = "Uploads",
    security(()),
    params(param::Upload),
    responses(files::TusAbilities, problems::TusInternal),
)]
pub(super) async fn options_of_upload(limits: Data<UploadLimits>) -> HttpResponse {
    options(limits).await
}

/// Begin a resumable upload
///
/// tus 1.0 with creation-with-upload. `If-Match` and `If-None-Match` name the frame that the file may take the place of, as for
/// a file in one request; they are judged now, and once more when all of the file is here.
#[utoipa::path(
    post,
    path = "/api/uploads",
    operation_id = "createUpload",
    tag = "Uploads",
    params(
        param::TusResumable,
        param::UploadLength,
        param::UploadMetadata,
        param::UploadChecksum,
        param::FrameConditions,
    ),
    request_body(
        content = Option<Vec<u8>>,
        content_type = "application/offset+octet-stream",
        description = "The first part, if any.",
    ),
    responses(
        (
            status = 201,
            description = "The upload, with the first part if the request had one.",
            headers(("Tus-Resumable"), ("Location"), ("Upload-Offset"), ("Upload-Expires")),
        ),
        problems::TusBadHeader,
        problems::TusKeyNeeded,
        problems::TusMayNotWrite,
        problems::TusNoSuchFrameset,
        problems::TusBodyTooSlow,
        problems::TusSetCommitted,
        problems::TusPreconditionFailed,
        problems::TusFileTooLarge,
        problems::TusBodyEncoded,
        problems::TusFileRefused,
        problems::TusChecksumMismatch,
        problems::TusInternal,
        problems::TusDiskFull,
    ),
)]
pub(super) async fn create(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    mut body: Payload,
    uploads: Uploads,
) -> Result<HttpResponse, Failure> {
    require_version(request.headers())?;
    require_plain(request.headers())?;
    let length = number(request.headers(), "upload-length")?
        .ok_or(Error::BadHeader("Upload-Length: the file's length in bytes is needed"))?;
    let metadata = text(request.headers(), "upload-metadata")?.unwrap_or_default();
    let (frameset, name) = destination(metadata)?;
    let Uploads { catalog, staging, writers, limits, .. } = &uploads;
    let max_bytes = limits.max_bytes(&name);
    if length > max_bytes {
        return Err(Error::FileTooLarge(max_bytes).into());
    }
    let set = catalog.db.frameset(&frameset).await?.ok_or(Error::NoSuchFrameset)?;
    if set.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    let conditions = &condition::of(request.headers());
    Place { id: &frameset, name: &name, conditions }.require(&catalog.db).await?;
    let new = NewUpload { frameset: &frameset, name: &name, length, metadata, conditions };
    let offer = staging.offer(uploads.account(&set.key)).await?;
    let upload = catalog.db.begin_upload(new, &set.key, limits, offer.left).await?;
    drop(offer);
    let location = format!("/api/uploads/{}", upload.id);

    let with_upload = text(request.headers(), CONTENT_TYPE.as_str())? == Some(PART);
    let checksum = Checksum::of(request.headers())?;
    let writing = writers.take(&upload.id).await;
    let received = if with_upload || length == 0 {
        match uploads.write(&upload, &writing, &mut body, checksum, &caller.actor).await {
            // The upload exists all the same: the client resumes after the bytes that arrived.
            Err(Error::BodyCutShort | Error::BodyTooSlow) => uploads.load(&upload.id).await?.received,
            received => received?,
        }
    } else {
        0
    };
    Ok(progress(StatusCode::CREATED, &upload, received, limits).insert_header((LOCATION, location)).finish())
}

/// The offset of an upload
///
/// A request that still writes to the upload is stopped first. Errors have no body.
#[utoipa::path(
    head,
    path = "/api/uploads/{upload}",
    operation_id = "showUpload",
    tag = "Uploads",
    params(param::Upload, param::TusResumable),
    responses(
        (
            status = 200,
            description = "The upload resumes at this offset.",
            headers(
                ("Tus-Resumable"),
                ("Cache-Control"),
                ("Upload-Offset"),
                ("Upload-Length"),
                ("Upload-Metadata"),
                ("Upload-Expires"),
            ),
        ),
        (status = 400, description = "A header cannot be read.", headers(("Tus-Resumable"))),
        (
            status = 401,
            description = "No key, a key that is not accepted, or an expired session.",
            headers(("Tus-Resumable"), ("WWW-Authenticate")),
        ),
        (
            status = 403,
            description = "The key's role does not include this operation.",
            headers(("Tus-Resumable")),
        ),
        (status = 404, description = "The upload does not exist.", headers(("Tus-Resumable"))),
        (status = 409, description = "The frame set is committed.", headers(("Tus-Resumable"))),
        (
            status = 412,
            description = "The request names no version of the protocol that the server speaks, or a condition of the upload does not hold.",
            headers(("Tus-Resumable")),
        ),
        (
            status = 413,
            description = "The file is too large, or there are too many files.",
            headers(("Tus-Resumable")),
        ),
        (
            status = 422,
            description = "The name is not allowed, or the archive cannot be used.",
            headers(("Tus-Resumable")),
        ),
        (status = 500, description = "Internal server error.", headers(("Tus-Resumable"))),
        (status = 507, description = "The disk has no room for the file.", headers(("Tus-Resumable"))),
    ),
)]
pub(super) async fn head(
    Artist(caller): Artist,
    request: HttpRequest,
    uploads: Uploads,
) -> Result<HttpResponse, Failure> {
    let (_writing, upload) = uploads.take(&request).await?;
    uploads.finish_late(&upload, &caller.actor).await?;
    Ok(progress(StatusCode::OK, &upload, upload.received, &uploads.limits)
        .insert_header(("upload-length", upload.length.to_string()))
        .insert_header(("upload-metadata", upload.metadata.clone()))
        .finish())
}

/// Send the next part
///
/// Where a proxy refuses PATCH: POST with `X-HTTP-Method-Override: PATCH`, and likewise for DELETE.
#[utoipa::path(
    patch,
    path = "/api/uploads/{upload}",
    operation_id = "sendPart",
    tag = "Uploads",
    params(param::Upload, param::TusResumable, param::UploadOffset, param::UploadChecksum),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (
            status = 204,
            description = "The new offset.",
            headers(("Tus-Resumable"), ("Upload-Offset"), ("Upload-Expires")),
        ),
        problems::TusBadHeader,
        problems::TusKeyNeeded,
        problems::TusMayNotWrite,
        problems::TusNoSuchUpload,
        problems::TusBodyTooSlow,
        problems::TusOffsetMismatch,
        problems::TusPreconditionFailed,
        problems::TusFileTooLarge,
        problems::TusNotAPart,
        problems::TusFileRefused,
        problems::TusChecksumMismatch,
        problems::TusInternal,
        problems::TusDiskFull,
    ),
)]
pub(super) async fn patch(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    mut body: Payload,
    uploads: Uploads,
) -> Result<HttpResponse, Failure> {
    require_version(request.headers())?;
    require_plain(request.headers())?;
    let id = id(&request)?;
    if text(request.headers(), CONTENT_TYPE.as_str())? != Some(PART) {
        return Err(Error::NotAPart.into());
    }
    let offset = number(request.headers(), "upload-offset")?
        .ok_or(Error::BadHeader("Upload-Offset: where the part begins is needed"))?;
    let checksum = Checksum::of(request.headers())?;
    let (writing, upload) = uploads.take_named(&id).await?;
    if offset != upload.received {
        return Err(Error::OffsetMismatch(upload.received).into());
    }
    let written = uploads.write(&upload, &writing, &mut body, checksum, &caller.actor).await;
    let received =
        framesets::unless_deleted(&uploads.catalog.db, &uploads.staging, &upload.frameset, written).await?;
    Ok(progress(StatusCode::NO_CONTENT, &upload, received, &uploads.limits).finish())
}

/// Discard an upload and its bytes
#[utoipa::path(
    delete,
    path = "/api/uploads/{upload}",
    operation_id = "endUpload",
    tag = "Uploads",
    params(param::Upload, param::TusResumable),
    responses(
        (status = 204, description = "The upload is discarded.", headers(("Tus-Resumable"))),
        problems::TusBadHeader,
        problems::TusKeyNeeded,
        problems::TusMayNotWrite,
        problems::TusNoSuchUpload,
        problems::TusUnsupportedVersion,
        problems::TusInternal,
    ),
)]
pub(super) async fn terminate(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    uploads: Uploads,
) -> Result<HttpResponse, Failure> {
    let (_writing, upload) = uploads.take(&request).await?;
    uploads.catalog.db.delete_upload(&upload.id).await?;
    uploads.staging.discard_part(&upload.frameset, &upload.id).await?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

/// The parts of the server that uploads need.
pub(super) struct Uploads {
    catalog: Data<Catalog>,
    staging: Data<Staging>,
    writers: Data<Writers>,
    limits: Data<UploadLimits>,
    checks: Data<Checks>,
}

impl FromRequest for Uploads {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _body: &mut dev::Payload) -> Self::Future {
        fn part<T: 'static>(request: &HttpRequest) -> Data<T> {
            request.app_data::<Data<T>>().expect("the server registers its parts as app data").clone()
        }
        ready(Ok(Self {
            catalog: part(request),
            staging: part(request),
            writers: part(request),
            limits: part(request),
            checks: part(request),
        }))
    }
}

/// A part of an upload, whose whole length is promised.
struct Resumable<'a> {
    uploads: &'a Uploads,
    upload: &'a StoredUpload,
    has_checksum: bool,
    /// What is in the bucket.
    parts: Vec<UploadPart>,
}

impl Receiver for Resumable<'_> {
    async fn before(&mut self, _bytes: u64) -> Result<(), Error> {
        Ok(())
    }

    async fn synced(&mut self, received: u64) -> Result<(), Error> {
        let Uploads { staging, limits, .. } = self.uploads;
        staging.require_free(limits).await?;
        // A part with a checksum counts only once all of it has arrived and matches.
        if self.has_checksum { Ok(()) } else { self.note(received).await }
    }
}

impl Resumable<'_> {
    /// Makes sure that any server can go on after so many bytes, and writes it down.
    async fn note(&mut self, received: u64) -> Result<(), Error> {
        let (Uploads { catalog, staging, .. }, upload) = (self.uploads, self.upload);
        let secured = staging.secure(upload, &mut self.parts, received).await?;
        let received = Received { bytes: received, writer: staging.process(), parts: &secured.added };
        match catalog.db.note_received(upload, received).await? {
            Noted::Written => {
                staging.remove_replaced(upload, &secured.replaced).await;
                Ok(())
            }
            Noted::TakenOver => Err(Error::BodyCutShort),
            Noted::Gone => Err(Error::NoSuchUpload),
        }
    }
}

impl Uploads {
    /// The upload that the request names, for this request alone.
    async fn take(&self, request: &HttpRequest) -> Result<(Writing, StoredUpload), Error> {
        require_version(request.headers())?;
        self.take_named(&id(request)?).await
    }

    /// The upload, for one request alone: first of this process, then of all.
    async fn take_named(&self, id: &UploadId) -> Result<(Writing, StoredUpload), Error> {
        let writing = self.writers.take(id).await;
        let upload = self.catalog.db.take_upload(id).await?.ok_or(Error::NoSuchUpload)?;
        Ok((writing, upload))
    }

    /// Completes when a request to another process wants to write to the upload.
    async fn taken_over(&self, upload: &StoredUpload) {
        loop {
            tokio::time::sleep(TAKEN_OVER_POLL).await;
            if matches!(self.catalog.db.is_taken_over(upload).await, Ok(true)) {
                return;
            }
        }
    }

    /// What the files of a key's sets have to fit into.
    fn account<'a>(&'a self, key: &'a KeyId) -> Account<'a> {
        Account { db: &self.catalog.db, key, limits: &self.limits }
    }

    async fn load(&self, id: &UploadId) -> Result<StoredUpload, Error> {
        self.catalog.db.upload(id).await?.ok_or(Error::NoSuchUpload)
    }

    /// Appends a part to an upload, and makes a frame of a complete one. Returns the upload's new offset.
    async fn write(
        &self,
        upload: &StoredUpload,
        writing: &Writing,
        body: &mut Payload,
        checksum: Option<Checksum>,
        actor: &Actor,
    ) -> Result<u64, Error> {
        if upload.finished {
            return Ok(upload.received);
        }
        let mut file = self.staging.resume(upload).await?;
        let (has_checksum, parts) = (checksum.is_some(), upload.parts.clone());
        let mut resumable = Resumable { uploads: self, upload, has_checksum, parts };
        let appended = tokio::select! {
            appended = receive::append(body, &mut file, upload.length, &mut resumable) => appended,
            () = writing.stopped() => Err(Error::BodyCutShort),
            () = self.taken_over(upload) => Err(Error::BodyCutShort),
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
        let is_whole = received == upload.length;
        if is_whole && self.staging.is_shared() {
            // The file goes to the other servers as what it becomes. Should that fail, its last bytes are sent again.
            if self.catalog.db.is_taken_over(upload).await? {
                return Err(Error::BodyCutShort);
            }
        } else {
            resumable.note(received).await?;
        }
        appended?;
        if is_whole {
            self.finish(upload, file, &resumable.parts, actor).await?;
        }
        Ok(received)
    }

    async fn finish(
        &self,
        upload: &StoredUpload,
        mut file: Incoming,
        parts: &[UploadPart],
        actor: &Actor,
    ) -> Result<(), Error> {
        let Self { catalog, staging, checks, .. } = self;
        let set = framesets::load(catalog, &upload.frameset).await?;
        let account = self.account(&set.key);
        let StoredUpload { frameset: id, name, conditions, .. } = upload;
        let added = framesets::add(account, staging, Place { id, name, conditions }, &mut file, actor);
        if let Err(error) = added.await {
            if let Error::FileRefused { .. } | Error::BadField(_) | Error::PreconditionFailed = error {
                // A retry would send the same bytes, in the place of the same frame.
                catalog.db.delete_upload(&upload.id).await?;
                staging.discard_part(&upload.frameset, &upload.id).await?;
            }
            return Err(error);
        }
        catalog.db.finish_upload(&upload.id).await?;
        file.discard().await?;
        staging.remove_replaced(upload, parts).await;
        complete::commit_if_complete(checks, &upload.frameset, actor).await
    }

    /// Finishes an upload whose bytes all arrived before the server died, and which is not a frame yet.
    async fn finish_late(&self, upload: &StoredUpload, actor: &Actor) -> Result<(), Error> {
        if upload.finished || upload.received < upload.length {
            return Ok(());
        }
        let file = self.staging.resume(upload).await?;
        self.finish(upload, file, &upload.parts, actor).await
    }
}

fn id(request: &HttpRequest) -> Result<UploadId, Error> {
    segment(request, "upload").parse().map_err(|_no_id| Error::NoSuchUpload)
}
