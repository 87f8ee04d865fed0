//! A key, exchanged for a cookie: pictures and event streams of a page cannot send a header.

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

/// A working day: who begins in the morning is not put out in the evening.
const LASTS: Duration = Duration::from_hours(12);

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

/// `POST /api/session`: the key, in the body, for a cookie.
pub(super) async fn begin(
    _: NoQuery,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    // Scripts name no page.
    if request.headers().contains_key(ORIGIN) {
        require_same_origin(&request)?;
    }
    let SessionBody { key } = body::read_json(&request, body, r#"{"key": "girasol_..."}"#).await?;
    let key: ApiKey = key.trim().parse().map_err(|_no_key| Error::KeyRefused)?;
    let key = catalog.db.verify_key(&key).await?.ok_or(Error::KeyRefused)?;
    let actor = Actor::key(&key.id, address(&request));
    let session = catalog.db.begin_session(&key.id, LASTS, &actor).await?;
    let cookie = cookie(&request, &session.token, LASTS);
    let expires = Some(Timestamp(session.expires_at_ms));
    Ok(secret(StatusCode::OK).cookie(cookie).json(SessionAnswer::of(&key, expires)))
}

/// `GET /api/session`: who the caller is.
pub(super) async fn show(_: NoQuery, caller: Caller) -> Result<HttpResponse, Failure> {
    Ok(secret_json(StatusCode::OK, &SessionAnswer::of(&caller.key, None)))
}

/// `DELETE /api/session`: the cookie is worth nothing any more.
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

fn cookie<'a>(request: &HttpRequest, token: &'a str, lasts: Duration) -> Cookie<'a> {
    Cookie::build(COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        // On a laptop there is no TLS; a proxy in front says whether it has it.
        .secure(request.connection_info().scheme() == "https")
        .max_age(lasts.try_into().unwrap_or_default())
        .finish()
}
