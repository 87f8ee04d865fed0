//! Frames and packs that a bucket or a CDN delivers in place of this server.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode, Uri,
        header::{HeaderValue, LOCATION},
    },
};

use crate::{config::ObjectsFrom, store::ObjectKey};

use super::{
    caching::{Caching, answer},
    catalog::Catalog,
    problem::Error,
    scope::Scope,
};

/// A redirect to an object at a bucket or a CDN; `None` if this server delivers objects. The server does not check that
/// the object exists there.
pub(crate) async fn redirect(
    request: &HttpRequest,
    catalog: &Catalog,
    scope: &Scope,
    key: &ObjectKey,
) -> Result<Option<HttpResponse>, Error> {
    // A signature is for one method, and this server can send the headers.
    if catalog.delivery.objects == ObjectsFrom::Presign && *request.method() == Method::HEAD {
        return Ok(None);
    }
    let Some(location) = location(catalog, key).await? else { return Ok(None) };
    let caching = match catalog.delivery.objects {
        // A signature expires, and is for one client.
        ObjectsFrom::Presign => Caching::Private,
        ObjectsFrom::Serve | ObjectsFrom::Redirect => Caching::Redirect,
    };
    let mut redirect = answer(StatusCode::TEMPORARY_REDIRECT, caching, scope);
    Ok(Some(redirect.insert_header((LOCATION, location)).finish()))
}

/// A page's content policy, with the host that delivers objects.
pub(crate) async fn with_objects(catalog: &Catalog, policy: &'static str) -> Result<HeaderValue, Error> {
    // All objects have the same host.
    let any = ObjectKey::Pack(assets_pipeline::digest::Digest::of(b""));
    let location: Option<Uri> = location(catalog, &any).await?.and_then(|location| location.parse().ok());
    let host = location.as_ref().and_then(|location| Some((location.scheme_str()?, location.authority()?)));
    let wider = host.map(|(scheme, host)| {
        policy.replace("connect-src 'self'", &format!("connect-src 'self' {scheme}://{host}"))
    });
    let wider = wider.and_then(|policy| HeaderValue::try_from(policy).ok());
    Ok(wider.unwrap_or_else(|| HeaderValue::from_static(policy)))
}

async fn location(catalog: &Catalog, key: &ObjectKey) -> Result<Option<String>, Error> {
    let delivery = &catalog.delivery;
    match delivery.objects {
        ObjectsFrom::Serve => Ok(None),
        ObjectsFrom::Redirect => Ok(delivery.redirect_url(&key.to_string())),
        ObjectsFrom::Presign => {
            let valid = Duration::from_mins(delivery.presigned_minutes.into());
            Ok(catalog.store.presigned(key, valid).await?)
        }
    }
}
