//! Small pictures of the frames of a set.

use std::sync::Arc;

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

use super::framesets::{id, load, name, unless_deleted};

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
        problems::NoSuchFrame,
        problems::TooManyPixels,
        problems::FrameUnreadable,
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
    let bytes = staging.load(&id, &frame).await.map_err(Error::from);
    let bytes = unless_deleted(&catalog.db, &staging, &id, bytes).await?;
    let small =
        tokio::task::spawn_blocking(move || thumbnail(name.as_str(), &bytes, &Limits::default())).await;
    let small = small.map_err(|_panicked| Error::ThumbnailFailed)?;
    let small = small.map_err(|refusal| Error::FileRefused { refusal: Arc::new(refusal) })?;
    let small = small.ok_or(Error::ThumbnailFailed)?;
    Ok(secret(StatusCode::OK).insert_header((CONTENT_TYPE, "image/webp")).body(small))
}
