//! Other names for the frames of a set: another order.

use std::collections::{BTreeMap, HashSet};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use assets_pipeline::digest::Digest;

use crate::{
    db::framesets::{FramesetError, StoredFrame, revision},
    domain::frameset::{FileName, FramesetState},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{framesets as wire, parameters as param, problems},
    },
};

use super::framesets::{answer, id, load};

/// Two names of 200 bytes for each of 1000 frames, and what JSON adds.
const MAX_BYTES: usize = 512 * 1024;
const EXAMPLE: &str =
    r#"{"names": {"007.png": "008.png", "008.png": "007.png"}, "revision": "the revision of the set"}"#;

/// Rename frames
///
/// All at once, so that frames can change places: the names give the order of the turn.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/rename",
    operation_id = "renameFrames",
    tag = "Frame sets",
    params(param::Frameset),
    request_body = wire::RenameFrames,
    responses(
        (status = 200, description = "The set.", body = wire::Frameset),
        problems::WriteJson,
        problems::NoSuchFrameset,
        problems::NotRenamed,
        problems::BadField,
    ),
)]
pub(super) async fn rename(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let wire::RenameFrames { names, revision: of } =
        body::read_json_of(&request, body, MAX_BYTES, EXAMPLE).await?;
    let of: Digest =
        of.parse().map_err(|_no_digest| Error::BadField("revision: that of the set".to_owned()))?;
    if load(&catalog, &id).await?.state == FramesetState::Committed {
        return Err(Error::SetCommitted.into());
    }
    let frames = catalog.db.frames(&id).await?;
    if revision(&frames) != of {
        return Err(FramesetError::Changed.into());
    }
    let renamed = renamed(&frames, &names).map_err(|why| Error::BadField(format!("names: {why}")))?;
    catalog.db.replace_frames(&id, &frames, &renamed, "rename", &caller.actor).await?;
    answer(&catalog, &id).await
}

fn renamed(frames: &[StoredFrame], names: &BTreeMap<String, String>) -> Result<Vec<StoredFrame>, String> {
    let is_here = |name: &String| frames.iter().any(|frame| frame.name.as_str() == name);
    if let Some(unknown) = names.keys().find(|name| !is_here(name)) {
        return Err(format!("the set has no frame {unknown}"));
    }
    let mut taken = HashSet::new();
    let mut renamed = Vec::with_capacity(frames.len());
    for frame in frames {
        let mut frame = frame.clone();
        if let Some(to) = names.get(frame.name.as_str()) {
            let to: FileName = to.parse().map_err(|why| format!("{to}: {why}"))?;
            if to.is_archive() {
                return Err(format!("{to} is the name of an archive"));
            }
            frame.name = to;
        }
        if !taken.insert(frame.name.clone()) {
            return Err(format!("two frames would be called {}", frame.name));
        }
        renamed.push(frame);
    }
    Ok(renamed)
}
