//! Who asks: whoever has a key, or a session that a key was exchanged for.

use actix_web::{
    HttpRequest,
    http::{
        Method, Uri,
        header::{AUTHORIZATION, HOST, ORIGIN},
    },
};

use crate::{
    db::{Db, keys::StoredKey},
    domain::{
        audit::Actor,
        keys::{ApiKey, Role},
    },
    http::problem::Error,
};

/// The session's cookie.
pub(super) const COOKIE: &str = "girasol_session";

/// Somebody with a key.
#[derive(Debug)]
pub(in crate::http) struct Caller {
    /// The key.
    pub(in crate::http) key: StoredKey,
    /// For the trail.
    pub(in crate::http) actor: Actor,
    /// The session's token, where it was not the key itself that was shown.
    pub(in crate::http) session: Option<String>,
}

/// Finds out who asks.
pub(in crate::http) async fn identify(request: &HttpRequest, db: &Db) -> Result<Caller, Error> {
    let (key, session) = if let Some(key) = bearer(request)? {
        (db.verify_key(&key).await?.ok_or(Error::KeyRefused)?, None)
    } else {
        let token = request.cookie(COOKIE).ok_or(Error::KeyMissing)?.value().to_owned();
        if !is_safe(request.method()) {
            same_origin(request)?;
        }
        (db.session_key(&token).await?.ok_or(Error::SessionExpired)?, Some(token))
    };
    let actor = Actor::key(&key.id, address(request));
    Ok(Caller { key, actor, session })
}

/// Finds out who asks, and refuses whoever's key does not include this role.
pub(in crate::http) async fn must_be(role: Role, request: &HttpRequest, db: &Db) -> Result<Caller, Error> {
    let caller = identify(request, db).await?;
    if caller.key.role.includes(role) { Ok(caller) } else { Err(Error::InsufficientRole(role)) }
}

/// Where a request came from, for the trail. What a proxy says of it is not believed: anybody can say it.
pub(in crate::http) fn address(request: &HttpRequest) -> Option<String> {
    request.peer_addr().map(|address| address.ip().to_string())
}

/// RFC 6750, section 2.1.
fn bearer(request: &HttpRequest) -> Result<Option<ApiKey>, Error> {
    let Some(value) = request.headers().get(AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_no_text| Error::KeyRefused)?;
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => {
            key.trim().parse().map(Some).map_err(|_no_key| Error::KeyRefused)
        }
        _ => Err(Error::KeyMissing),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A browser sends cookies along with what other pages make it do, and says of every write which page that
/// was. `SameSite=Strict` keeps other sites out; this keeps out their sisters on other hosts and ports.
pub(in crate::http) fn same_origin(request: &HttpRequest) -> Result<(), Error> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let page = text(ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let page = page.as_ref().and_then(Uri::authority).map(ToString::to_string);
    let here = text(HOST).map(str::to_owned).or_else(|| request.uri().authority().map(ToString::to_string));
    if page.is_some() && page == here { Ok(()) } else { Err(Error::CrossOrigin) }
}
