//! Sessions: a key exchanged for a cookie, since images and event streams of a page cannot send headers.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header::ORIGIN},
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};

use crate::{
    db::keys::StoredKey,
    domain::{audit::Actor, keys::ApiKey},
    http::{
        auth::{COOKIE, Caller, address, require_same_origin},
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        timestamp::Timestamp,
    },
};

/// A working day.
const LIFETIME: Duration = Duration::from_hours(12);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionBody {
    key: String,
}

#[derive(Serialize)]
struct SessionAnswer<'a> {
    key: &'a str,
    role: &'static str,
    label: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
}

impl<'a> SessionAnswer<'a> {
    fn of(key: &'a StoredKey, expires: Option<Timestamp>) -> Self {
        Self { key: key.id.as_str(), role: key.role.as_str(), label: &key.label, expires }
    }
}

/// `POST /api/session`: exchanges the key in the body for a cookie.
pub(super) async fn begin(
    _: NoQuery,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    // Browsers send Origin with every POST; scripts send none.
    if request.headers().contains_key(ORIGIN) {
        require_same_origin(&request)?;
    }
    let SessionBody { key } = body::read_json(&request, body, r#"{"key": "girasol_..."}"#).await?;
    let key: ApiKey = key.trim().parse().map_err(|_no_key| Error::KeyRefused)?;
    let key = catalog.db.verify_key(&key).await?.ok_or(Error::KeyRefused)?;
    let actor = Actor::key(&key.id, address(&request));
    let session = catalog.db.begin_session(&key.id, LIFETIME, &actor).await?;
    let cookie = cookie(&request, &session.token, LIFETIME);
    let expires = Some(Timestamp(session.expires_at_ms));
    Ok(secret(StatusCode::OK).cookie(cookie).json(SessionAnswer::of(&key, expires)))
}

/// `GET /api/session`: the key and role of the caller.
pub(super) async fn show(_: NoQuery, caller: Caller) -> Result<HttpResponse, Failure> {
    Ok(secret_json(StatusCode::OK, &SessionAnswer::of(&caller.key, None)))
}

/// `DELETE /api/session`: ends the session.
pub(super) async fn end(
    _: NoQuery,
    caller: Caller,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    if let Some(token) = &caller.session {
        catalog.db.end_session(&caller.key.id, token, &caller.actor).await?;
    }
    Ok(secret(StatusCode::NO_CONTENT).cookie(cookie(&request, "", Duration::ZERO)).finish())
}

fn cookie<'a>(request: &HttpRequest, token: &'a str, lifetime: Duration) -> Cookie<'a> {
    Cookie::build(COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        // Without TLS, as on a laptop, browsers drop secure cookies. A proxy names its scheme in a header.
        .secure(request.connection_info().scheme() == "https")
        .max_age(lifetime.try_into().expect("a lifetime is at most some hours"))
        .finish()
}
