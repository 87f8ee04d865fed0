//! Small pictures of the frames of a set.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::Data,
};
use assets_pipeline::{doctor::thumbnail, read::limits::Limits};

use crate::{
    http::{
        auth::Artist,
        catalog::Catalog,
        private_scope::secret,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{parameters as param, problems},
    },
    staging::Staging,
};

use super::framesets::{id, load, name};

/// A frame, small
///
/// At most 184 pixels wide and high, on white where the frame is clear.
#[utoipa::path(
    get,
    path = "/api/framesets/{frameset}/thumbnails/{name}",
    operation_id = "showThumbnail",
    tag = "Frame sets",
    params(param::Frameset, param::Name),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/webp"),
        problems::Read,
        problems::NoSuchEvidence,
        problems::BadField,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    staging: Data<Staging>,
) -> Result<HttpResponse, Failure> {
    let (id, name) = (id(&request)?, name(&request)?);
    load(&catalog, &id).await?;
    let frames = catalog.db.frames(&id).await?;
    let frame = frames.into_iter().find(|frame| frame.name == name).ok_or(Error::NoSuchFile)?;
    let file = staging.file(&id, frame.digest);
    let small = tokio::task::spawn_blocking(move || {
        // A set that is discarded meanwhile has no file any more, and what is no frame has no picture.
        let bytes = std::fs::read(file).ok()?;
        thumbnail(name.as_str(), &bytes, &Limits::default()).ok().flatten()
    });
    let small = small.await.ok().flatten().ok_or(Error::NoSuchFile)?;
    Ok(secret(StatusCode::OK).insert_header((CONTENT_TYPE, "image/webp")).body(small))
}
