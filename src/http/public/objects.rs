//! Frames, packs and stills.

use std::ops::Range;

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, body::SizedStream, http::Method, web::Data};
use assets_pipeline::{
    digest::Digest,
    plan::tiers::{Format, TierKey},
};

use crate::{
    db::versions::Pointer,
    domain::{names::ConfigId, namespace::Namespace},
    store::{Address, ObjectKey},
};

use crate::http::{
    caching::Caching,
    catalog::{Catalog, Coming, Fetched},
    limiting,
    measure::Served,
    problem::{At as _, Error, Failure},
    query, redirect,
    representation::{respond, serve},
    scope::Scope,
    segment,
    wire::{files, parameters as param, problems},
};

/// The pattern of a frame's address.
pub(in crate::http) const FRAME: &str = "/s/{set}/{file}";
/// The pattern of a pack's address.
pub(in crate::http) const PACK: &str = "/p/{file}";

/// A frame
#[utoipa::path(
    get,
    path = "/s/{set}/{degree}.{format}",
    operation_id = "showFrame",
    tag = "Files",
    params(param::Set, param::Degree, param::FrameFormat, param::Ranged),
    responses(
        files::Frame,
        files::Redirected,
        problems::BadQuery,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    )
)]
pub(crate) async fn frame(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let set: Digest = segment(&request, "set").parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::set(set);
    let place = frame_key(&request).at(&scope)?.within(Namespace::Public);
    query::none(&request).at(&scope)?;
    send_from_anywhere(&request, &catalog, &scope, place).await
}

/// A pack: frames back to back, in load order
#[utoipa::path(
    get,
    path = "/p/{digest}.pack",
    operation_id = "showPack",
    tag = "Files",
    params(param::Digest, param::Ranged),
    responses(
        files::Pack,
        files::Redirected,
        problems::BadQuery,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    )
)]
pub(crate) async fn pack(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let key = pack_key(&request)?;
    let ObjectKey::Pack(digest) = key else { return Err(Error::NoSuchPath.into()) };
    // A pack does not know its set: a purge of the set names the pack by its own digest.
    let scope = Scope::set(digest);
    query::none(&request).at(&scope)?;
    send_from_anywhere(&request, &catalog, &scope, key.within(Namespace::Public)).await
}

/// The live hero frame, for pictures and social cards
#[utoipa::path(
    get,
    path = "/still/{configuration}.{format}",
    operation_id = "showStill",
    tag = "Files",
    params(param::Configuration, param::StillFormat, param::Ranged),
    responses(
        files::Still,
        problems::BadQuery,
        problems::Protected,
        problems::NoSpinOrFile,
        problems::TakenDown,
        problems::TooManyRequests,
        problems::Internal,
    )
)]
pub(crate) async fn still(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let (name, extension) = segment(&request, "file").rsplit_once('.').ok_or(Error::NoSuchPath)?;
    let configuration: ConfigId = name.parse().map_err(|_bad| Error::NoSuchPath)?;
    let scope = Scope::configuration(&configuration);
    let format = still_format(extension).at(&scope)?;
    query::none(&request).at(&scope)?;
    let found = catalog.of_live(&configuration, async |pointer| {
        let place = still_key(&catalog, &pointer, format).await?.within(pointer.namespace);
        Catalog::fetch(&catalog, place).await.map(|fetched| (place, fetched))
    });
    // The object itself: it may be deleted from its place by now.
    let (place, fetched) = found.await.at(&scope)?;
    send_fetched(&request, Caching::Manifest, &scope, &place, fetched).await
}

/// A CDN or a bucket can deliver immutable objects instead.
async fn send_from_anywhere(
    request: &HttpRequest,
    catalog: &Data<Catalog>,
    scope: &Scope,
    place: Address,
) -> Result<HttpResponse, Failure> {
    match redirect::redirect(request, catalog, scope, &place.key).await.at(scope)? {
        Some(redirect) => Ok(redirect),
        None => send(request, catalog, Caching::Immutable, scope, place).await,
    }
}

/// The frame that an address names.
pub(in crate::http) fn frame_key(request: &HttpRequest) -> Result<ObjectKey, Error> {
    frame_named(segment(request, "set"), segment(request, "file")).ok_or(Error::NoSuchPath)
}

/// The pack that an address names.
pub(in crate::http) fn pack_key(request: &HttpRequest) -> Result<ObjectKey, Error> {
    pack_named(segment(request, "file")).ok_or(Error::NoSuchPath)
}

/// The frame with this name, in the set with this digest.
pub(in crate::http) fn frame_named(set: &str, file: &str) -> Option<ObjectKey> {
    let (degree, format) = frame_name(file)?;
    Some(ObjectKey::Frame { set: set.parse().ok()?, degree, format })
}

/// The pack with this name.
pub(in crate::http) fn pack_named(file: &str) -> Option<ObjectKey> {
    file.strip_suffix(".pack")?.parse().ok().map(ObjectKey::Pack)
}

/// By a still's extension: the format that it was published in, or `None` for the JPEG.
pub(in crate::http) fn still_format(extension: &str) -> Result<Option<Format>, Error> {
    match extension {
        "jpg" => Ok(None),
        other => other.parse().map(Some).map_err(|_bad| Error::NoSuchPath),
    }
}

/// The still of a version.
pub(in crate::http) async fn still_key(
    catalog: &Catalog,
    pointer: &Pointer,
    format: Option<Format>,
) -> Result<ObjectKey, Error> {
    let Some(format) = format else { return Ok(ObjectKey::Jpeg(pointer.jpeg)) };
    let manifest = &catalog.live_manifest(pointer.namespace, pointer.digest).await?.manifest;
    let still = manifest.tiers.get(&TierKey::Still).and_then(|tier| tier.formats.get(&format));
    let set = still.ok_or(Error::NoSuchFile)?.set;
    Ok(ObjectKey::Frame { set, degree: manifest.hero, format })
}

pub(in crate::http) async fn send(
    request: &HttpRequest,
    catalog: &Data<Catalog>,
    caching: Caching,
    scope: &Scope,
    place: Address,
) -> Result<HttpResponse, Failure> {
    let fetched = if let Some(object) = catalog.object_in_memory(&place) {
        Fetched::Whole(object)
    } else {
        let look = limiting::look_for(request, catalog.is_known(&place), Catalog::fetch(catalog, place));
        look.await.at(scope)?
    };
    send_fetched(request, caching, scope, &place, fetched).await
}

async fn send_fetched(
    request: &HttpRequest,
    caching: Caching,
    scope: &Scope,
    place: &Address,
    fetched: Fetched,
) -> Result<HttpResponse, Failure> {
    Served { tier: None, format: place.key.format() }.note(request);
    let object = match fetched {
        Fetched::Whole(object) => object,
        Fetched::Coming(coming) => match begin(request, caching, scope, place, &coming) {
            Some((mut head, part)) => {
                let length = part.len() as u64;
                return Ok(head.body(SizedStream::new(length, coming.part(part))));
            }
            None => coming.whole().await.at(scope)?,
        },
    };
    serve(request, caching, scope, &object.represent(place), &object.body).at(scope)
}

/// The head of an answer that has a body, and the part that follows it; `None` for all others, which wait until the object is
/// known to be sound.
fn begin(
    request: &HttpRequest,
    caching: Caching,
    scope: &Scope,
    place: &Address,
    coming: &Coming,
) -> Option<(HttpResponseBuilder, Range<usize>)> {
    if *request.method() != Method::GET {
        return None;
    }
    let representation = coming.represent(place.key.media_type());
    let (head, part) = respond(request.method(), request.headers(), caching, scope, &representation).ok()?;
    Some((head, part?))
}

/// `030.avif`: three digits, 000 to 359, so that a frame has one URL.
fn frame_name(file: &str) -> Option<(u16, Format)> {
    let (degree, format) = file.split_once('.')?;
    let digits = degree.len() == 3 && degree.bytes().all(|byte| byte.is_ascii_digit());
    let degree = degree.parse().ok().filter(|degree| digits && *degree < 360)?;
    Some((degree, format.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_one_name() {
        assert_eq!(frame_name("000.avif"), Some((0, Format::Avif)));
        assert_eq!(frame_name("359.webp"), Some((359, Format::Webp)));
        for bad in [
            "360.avif",
            "0.avif",
            "0000.avif",
            "+10.avif",
            "010.jpg",
            "010",
            "010.avif.webp",
            ".avif",
            "01a.webp",
        ] {
            assert_eq!(frame_name(bad), None, "{bad}");
        }
    }
}
