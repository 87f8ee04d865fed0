//! Frames and packs that are in memory.

use actix_http::{Request, Response};
use actix_web::{
    HttpMessage as _,
    http::{
        Method, StatusCode,
        header::{ACCEPT_RANGES, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH, RANGE},
    },
    web::Bytes,
};

use crate::{
    config::ObjectsFrom,
    domain::namespace::Namespace,
    store::{Address, ObjectKey},
};

use super::Head;
use crate::http::{
    caching::{self, Caching},
    catalog::{Catalog, Object},
    measure::Served,
    public::objects,
    representation::{REPR_DIGEST, respond},
    scope::Scope,
};

/// The answer to a request for a frame or a pack; `None` where the routes have to give it.
pub(super) fn answer(catalog: &Catalog, key: ObjectKey, request: &Request) -> Option<Head> {
    if request.uri().query().is_some() || catalog.delivery.objects != ObjectsFrom::Serve {
        return None;
    }
    let place = key.within(Namespace::Public);
    let object = catalog.object_in_memory(&place)?;
    let (method, headers) = (request.method(), request.headers());
    let (response, body) = if is_unconditional(headers) {
        (whole(&place, &object), Some(object.body.clone()))
    } else if has_it(headers, &object) {
        (head(StatusCode::NOT_MODIFIED, &object), None)
    } else {
        conditional(method, headers, &place, &object)?
    };
    Some(Head { response, body, served: Served { tier: None, format: key.format() } })
}

/// The frame or pack that a path names.
pub(super) fn key(path: &str) -> Option<ObjectKey> {
    if let Some(frame) = path.strip_prefix("/s/") {
        let (set, file) = frame.split_once('/')?;
        return objects::frame_named(set, file);
    }
    objects::pack_named(path.strip_prefix("/p/")?)
}

/// Whether these headers leave the whole of an object as the answer.
fn is_unconditional(headers: &HeaderMap) -> bool {
    [IF_NONE_MATCH, RANGE, IF_MATCH].iter().all(|name| !headers.contains_key(name))
}

/// Whether these headers have one condition, the tag of the object, as of a cache that revalidates it.
fn has_it(headers: &HeaderMap, object: &Object) -> bool {
    headers.get(IF_NONE_MATCH) == Some(&object.etag)
        && headers.get_all(IF_NONE_MATCH).count() == 1
        && !headers.contains_key(IF_MATCH)
}

fn whole(place: &Address, object: &Object) -> Response<()> {
    let mut response = head(StatusCode::OK, object);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(place.key.media_type()));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(REPR_DIGEST, object.repr_digest.clone());
    response
}

/// What the heads of all answers about an object have in common.
fn head(status: StatusCode, object: &Object) -> Response<()> {
    let mut response = Response::with_body(status, ());
    caching::immutable(response.headers_mut(), &object.tag);
    response.headers_mut().insert(ETAG, object.etag.clone());
    response
}

fn conditional(
    method: &Method,
    headers: &HeaderMap,
    place: &Address,
    object: &Object,
) -> Option<(Response<()>, Option<Bytes>)> {
    let scope = Scope::object(&place.key);
    let (mut head, part) =
        respond(method, headers, Caching::Immutable, &scope, &object.represent(place)).ok()?;
    Some((Response::from(head.finish()).drop_body(), part.map(|part| object.body.slice(part))))
}

#[cfg(test)]
mod tests {
    use assets_pipeline::{digest::Digest, plan::tiers::Format};

    use super::*;

    #[test]
    fn a_path_names_a_frame_or_a_pack_in_one_spelling() {
        let digest = Digest::of(b"set");
        let frame = ObjectKey::Frame { set: digest, degree: 30, format: Format::Avif };
        assert_eq!(key(&format!("/s/{digest}/030.avif")), Some(frame));
        assert_eq!(key(&format!("/p/{digest}.pack")), Some(ObjectKey::Pack(digest)));
        for other in [
            format!("/s/{digest}/30.avif"),
            format!("/s/{digest}/030.avif/"),
            format!("//s/{digest}/030.avif"),
            format!("/s/{}/030.avif", digest.to_string().to_uppercase()),
            format!("/p/{digest}"),
            format!("/p/%{digest}.pack"),
            format!("/signed/x/p/{digest}.pack"),
            "/s/".to_owned(),
            "/".to_owned(),
        ] {
            assert_eq!(key(&other), None, "{other}");
        }
    }

    #[test]
    fn the_quick_head_is_that_of_the_routes() {
        for key in [
            ObjectKey::Pack(Digest::of(b"1")),
            ObjectKey::Frame { set: Digest::of(b"2"), degree: 7, format: Format::Webp },
        ] {
            let place = key.within(Namespace::Public);
            let object = Object::of(&key, Bytes::from_static(b"bytes"));
            let quick = whole(&place, &object);
            let (routes, _) = conditional(&Method::GET, &HeaderMap::new(), &place, &object).unwrap();
            let lines = |response: &Response<()>| {
                let mut lines: Vec<_> =
                    response.headers().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                lines.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
                lines
            };
            assert_eq!(lines(&quick), lines(&routes));
        }
    }
}
