//! Keys: listing, creating and revoking.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    domain::{
        keys::{KeyId, Role},
        line::is_line,
    },
    http::{
        auth::Admin,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        wire::{keys, parameters as param, problems},
    },
};

/// A label is one line for people.
const LABEL_MAX_CHARS: usize = 80;

/// All keys
///
/// For admins.
#[utoipa::path(
    get,
    path = "/api/keys",
    operation_id = "listKeys",
    tag = "Keys",
    responses(
        (status = 200, description = "The keys, without their secrets.", body = keys::Keys),
        problems::Read,
    ),
)]
pub(super) async fn list(_: NoQuery, _: Admin, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let keys = catalog.db.keys().await?.into_iter().map(Into::into).collect();
    Ok(secret_json(StatusCode::OK, &keys::Keys { keys }))
}

/// Create a key
///
/// For admins.
#[utoipa::path(
    post,
    path = "/api/keys",
    operation_id = "createKey",
    tag = "Keys",
    request_body = keys::CreateKey,
    responses(
        (status = 201, description = "No other answer has the key.", body = keys::NewKey),
        problems::WriteJson,
        problems::BadField,
    ),
)]
pub(super) async fn create(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let keys::CreateKey { role, label } =
        body::read_json(&request, body, r#"{"role": "artist", "label": "Ada"}"#).await?;
    let role: Role = role.parse().map_err(|error| Error::BadField(format!("role: {error}")))?;
    if label.chars().count() > LABEL_MAX_CHARS || !is_line(&label) {
        return Err(
            Error::BadField(format!("label: at most {LABEL_MAX_CHARS} characters on one line")).into()
        );
    }
    let key = catalog.db.create_key(role, &label, &caller.actor).await?;
    let answer = keys::NewKey { id: key.id().to_string(), role: role.into(), label, key: key.to_string() };
    Ok(secret_json(StatusCode::CREATED, &answer))
}

/// Revoke a key
///
/// For admins. The key and its sessions stop working; revoking it again changes nothing.
#[utoipa::path(
    delete,
    path = "/api/keys/{key}",
    operation_id = "revokeKey",
    tag = "Keys",
    params(param::Key),
    responses((status = 204, description = "The key is revoked."), problems::Write, problems::NoSuchKey),
)]
pub(super) async fn revoke(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id: KeyId = segment(&request, "key").parse().map_err(|_no_key| Error::NoSuchKey)?;
    catalog.db.revoke_key(&id, &caller.actor).await?;
    Ok(secret(StatusCode::NO_CONTENT).finish())
}
