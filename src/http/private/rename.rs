//! Other names for the frames of a set: another order.

use std::collections::{BTreeMap, HashMap, HashSet};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use assets_pipeline::read::source::composed;

use crate::{
    db::framesets::{FramesetError, StoredFrame, revision},
    domain::frameset::{BadFileName, FileName, FramesetState},
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        problem::{Error, Failure},
        query::{NoQuery, clip},
        wire::{framesets as wire, parameters as param, problems},
    },
};

use super::framesets::{answer, id, load, parse_revision};

/// Two names of 200 bytes for each of 720 frames, also where a client writes each letter of them as `\u00e9`, three times
/// as long.
const MAX_BYTES: usize = 1024 * 1024;
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
        problems::NamesTooLarge,
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
    let of = parse_revision(&of, "the `revision` of the set, as GET /api/framesets/{frameset} shows it")?;
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

/// The frames with their names from now on.
fn renamed(frames: &[StoredFrame], names: &BTreeMap<String, String>) -> Result<Vec<StoredFrame>, String> {
    let mut wanted = wanted(names)?;
    let mut taken = HashSet::new();
    let mut renamed = Vec::with_capacity(frames.len());
    for frame in frames {
        let mut frame = frame.clone();
        if let Some(to) = wanted.remove(frame.name.as_str()) {
            frame.name = parse(frame.name.as_str(), to)?;
        }
        if !taken.insert(frame.name.clone()) {
            return Err(format!("two frames would be called \"{}\": rename both of them", frame.name));
        }
        renamed.push(frame);
    }
    match wanted.keys().min() {
        None => Ok(renamed),
        Some(unknown) => {
            let unknown = clip(unknown);
            Err(format!("the set has no frame \"{unknown}\": use the names in the `files` of the set"))
        }
    }
}

/// By the name of now, as the set has it whichever way its accents were sent, the name from now on.
fn wanted(names: &BTreeMap<String, String>) -> Result<HashMap<String, &str>, String> {
    let mut wanted = HashMap::with_capacity(names.len());
    for (from, to) in names {
        let from = composed(from);
        if wanted.contains_key(&from) {
            let from = clip(&from);
            return Err(format!("\"{from}\" stands twice, with accents stored in two ways: name it once"));
        }
        wanted.insert(from, to.as_str());
    }
    Ok(wanted)
}

fn parse(from: &str, to: &str) -> Result<FileName, String> {
    let refused = |why: String| format!("\"{from}\" cannot become \"{}\": {why}", clip(to));
    let name: FileName = to.parse().map_err(|why: BadFileName| refused(why.to_string()))?;
    if name.is_archive() {
        return Err(refused("that is the name of an archive; name it as an image".to_owned()));
    }
    Ok(name)
}
