//! Resumable uploads: tus 1.0.0 with creation, creation-with-upload, termination, expiration and checksum.
//!
//! An upload's offset is the number of bytes that the database knows to be safe: synced to the disk, and put into the bucket
//! where the store is one. Any server goes on from there.

mod headers;
mod writers;
mod writing;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ACCESS_CONTROL_EXPOSE_HEADERS, CONTENT_TYPE, LOCATION},
    },
    web::{Data, Payload},
};

pub use self::writers::Writers;

use self::{
    headers::{Checksum, destination, number, progress, require_plain, require_version, text},
    writing::Uploads,
};

use crate::{
    db::uploads::NewUpload,
    domain::frameset::{FramesetState, UploadId, UploadLimits},
    http::{
        auth::Artist,
        methods::WITH_KEY,
        private_scope::secret,
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{files, parameters as param, problems},
    },
};

use super::{
    condition,
    framesets::{self, Place},
};

/// The header on every answer: the version of the protocol.
pub(super) const RESUMABLE: (&str, &str) = ("tus-resumable", VERSION);
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,expiration,checksum";
const ALGORITHMS: &str = "sha1,sha256";
/// Headers that scripts of other origins may read.
const EXPOSED: &str = "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, \
     Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset";
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
            Err(error) if error.may_pass() => uploads.load(&upload.id).await?.received,
            Ok(received) => received,
            Err(error) => {
                // Its client does not know its address, and its bytes are promised to no one.
                catalog.db.delete_upload(&upload.id).await?;
                staging.discard_part(&upload.frameset, &upload.id).await?;
                return Err(error.into());
            }
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
    // Should the first fail, the client asks again.
    uploads.staging.discard_part(&upload.frameset, &upload.id).await?;
    uploads.catalog.db.delete_upload(&upload.id).await?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}

fn id(request: &HttpRequest) -> Result<UploadId, Error> {
    segment(request, "upload").parse().map_err(|_no_id| Error::NoSuchUpload)
}
