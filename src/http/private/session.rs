//! Sessions: a key exchanged for a cookie, since images and event streams of a page cannot send headers.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::{StatusCode, header::ORIGIN},
    web::{Data, Payload},
};

use crate::{
    domain::{
        audit::Actor,
        keys::{ApiKey, Role},
    },
    http::{
        auth::{Caller, address, cookie_name, require_same_origin, verify},
        body,
        catalog::Catalog,
        forwarded::is_https,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        wire::{keys, problems, timestamp::Timestamp},
    },
};

/// A working day.
const LIFETIME: Duration = Duration::from_hours(12);
/// Of a key that reads figures and nothing else: a screen on a wall, which no person signs in again each morning.
const LIFETIME_OF_SCREENS: Duration = Duration::from_hours(30 * 24);

/// Exchange a key for a session
///
/// For pages: images and event streams cannot send a header.
#[utoipa::path(
    post,
    path = "/api/session",
    operation_id = "beginSession",
    tag = "Keys",
    security(()),
    request_body = keys::BeginSession,
    responses(
        (
            status = 200,
            description = "The session lasts twelve hours; that of a key of the role `metrics`, as screens on walls have, 30 days.",
            body = keys::Session,
            headers(("Set-Cookie")),
        ),
        problems::BadBody,
        problems::KeyRefused,
        problems::CrossOrigin,
        problems::BodyTooSlow,
        problems::BodyTooLarge,
        problems::NotJson,
        problems::Internal,
    ),
)]
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
    let keys::BeginSession { key } = body::read_json(&request, body, r#"{"key": "girasol_..."}"#).await?;
    let key: ApiKey = key.trim().parse().map_err(|_no_key| Error::KeyRefused)?;
    let key = verify(&request, &catalog.db, &key).await?;
    let actor = Actor::key(&key.id, address(&request));
    let lifetime = if key.role == Role::Metrics { LIFETIME_OF_SCREENS } else { LIFETIME };
    let session = catalog.db.begin_session(&key.id, lifetime, &actor).await?;
    let cookie = cookie(&request, &session.token, lifetime);
    let expires = Some(Timestamp(session.expires_at_ms));
    Ok(secret(StatusCode::OK).cookie(cookie).json(keys::Session::of(&key, expires)))
}

/// The key and role of the caller
#[utoipa::path(
    get,
    path = "/api/session",
    operation_id = "showSession",
    tag = "Keys",
    security(("bearer" = []), ("session" = [])),
    responses(
        (
            status = 200,
            description = "The key, or the key that the session was made from.",
            body = keys::Session,
        ),
        problems::BadQuery,
        problems::KeyNeeded,
        problems::Internal,
    ),
)]
pub(super) async fn show(_: NoQuery, caller: Caller) -> Result<HttpResponse, Failure> {
    Ok(secret_json(StatusCode::OK, &keys::Session::of(&caller.key, None)))
}

/// End the session
#[utoipa::path(
    delete,
    path = "/api/session",
    operation_id = "endSession",
    tag = "Keys",
    security(("bearer" = []), ("session" = [])),
    responses(
        (status = 204, description = "The cookie is no longer valid.", headers(("Set-Cookie"))),
        problems::BadQuery,
        problems::KeyNeeded,
        problems::CrossOrigin,
        problems::Internal,
    ),
)]
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
    Cookie::build(cookie_name(request), token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        // Without TLS, as on a laptop, browsers drop secure cookies. A proxy names its scheme in a header.
        .secure(is_https(request))
        .max_age(lifetime.try_into().expect("a lifetime is at most some days"))
        .finish()
}
