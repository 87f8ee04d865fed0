//! Frames, packs and stills.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use assets_pipeline::{
    digest::Digest,
    tiers::{Format, TierKey},
};

use crate::{domain::names::ConfigId, store::ObjectKey};

use super::{
    caching::Caching,
    elsewhere,
    encoding::Encoding,
    origin::Origin,
    problem::{At as _, Error, Failure},
    query,
    representation::{Representation, serve},
    scope::Scope,
    segment,
};

/// `GET /s/{set}/{degree}.{avif,webp}`
pub(crate) async fn frame(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    let set: Digest = segment(&request, "set").parse().map_err(|_bad| Error::NoSuchFile)?;
    let scope = Scope::set(set);
    let (degree, format) = frame_name(segment(&request, "file")).ok_or(Error::NoSuchFile).at(&scope)?;
    query::none(&request).at(&scope)?;
    send_from_anywhere(&request, &origin, &scope, ObjectKey::Frame { set, degree, format }).await
}

/// `GET /p/{digest}.pack`. A pack does not know its set; what purges the set purges the pack by the
/// pack's own digest.
pub(crate) async fn pack(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    let digest = segment(&request, "file").strip_suffix(".pack").and_then(|digest| digest.parse().ok());
    let digest: Digest = digest.ok_or(Error::NoSuchFile)?;
    let scope = Scope::set(digest);
    query::none(&request).at(&scope)?;
    send_from_anywhere(&request, &origin, &scope, ObjectKey::Pack(digest)).await
}

/// `GET /still/{configId}.{avif,webp,jpg}`
pub(crate) async fn still(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    let (name, extension) = segment(&request, "file").rsplit_once('.').ok_or(Error::NoSuchFile)?;
    let configuration: ConfigId = name.parse().map_err(|_bad| Error::NoSuchFile)?;
    let scope = Scope::configuration(&configuration);
    let format: Option<Format> = match extension {
        "jpg" => None,
        other => Some(other.parse().map_err(|_bad| Error::NoSuchFile).at(&scope)?),
    };
    query::none(&request).at(&scope)?;
    let pointer = origin.pointer(&configuration).await.at(&scope)?;
    let key = match format {
        None => ObjectKey::Jpeg(pointer.jpeg),
        Some(format) => {
            let manifest = &origin.live_manifest(pointer.digest).await.at(&scope)?.manifest;
            let still = manifest.tiers.get(&TierKey::Still).and_then(|tier| tier.formats.get(&format));
            let set = still.ok_or(Error::NoSuchFile).at(&scope)?.set;
            ObjectKey::Frame { set, degree: manifest.hero, format }
        }
    };
    send(&request, &origin, Caching::Manifest, &scope, key).await
}

/// What is immutable may be had from elsewhere too.
async fn send_from_anywhere(
    request: &HttpRequest,
    origin: &Origin,
    scope: &Scope,
    key: ObjectKey,
) -> Result<HttpResponse, Failure> {
    match elsewhere::redirect(request, origin, scope, &key).await.at(scope)? {
        Some(way) => Ok(way),
        None => send(request, origin, Caching::Immutable, scope, key).await,
    }
}

async fn send(
    request: &HttpRequest,
    origin: &Origin,
    caching: Caching,
    scope: &Scope,
    key: ObjectKey,
) -> Result<HttpResponse, Failure> {
    let object = origin.object(key).await.at(scope)?;
    let representation = Representation {
        media_type: key.media_type(),
        body: &object.body,
        etag: &object.etag,
        encoding: Encoding::Identity,
        digest: Some(&object.repr_digest),
    };
    serve(request, caching, scope, &representation).at(scope)
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
