//! Keys: listing, creating and revoking.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use serde::{Deserialize, Serialize};

use crate::{
    db::keys::{Revoked, StoredKey},
    domain::keys::{KeyId, Role},
    http::{
        auth::Admin,
        body,
        catalog::Catalog,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        segment,
        timestamp::Timestamp,
    },
};

/// A label is one line for people.
const LABEL_MAX_CHARS: usize = 80;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody {
    role: String,
    #[serde(default)]
    label: String,
}

#[derive(Serialize)]
struct NewKeyAnswer<'a> {
    id: &'a str,
    role: &'static str,
    label: &'a str,
    key: String,
}

#[derive(Serialize)]
struct KeysAnswer {
    keys: Vec<KeyAnswer>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyAnswer {
    id: String,
    role: &'static str,
    label: String,
    created: Timestamp,
    last_used: Option<Timestamp>,
    revoked: Option<Timestamp>,
}

impl From<StoredKey> for KeyAnswer {
    fn from(key: StoredKey) -> Self {
        Self {
            id: key.id.to_string(),
            role: key.role.as_str(),
            label: key.label,
            created: Timestamp(key.created_at_ms),
            last_used: key.last_used_at_ms.map(Timestamp),
            revoked: key.revoked_at_ms.map(Timestamp),
        }
    }
}

/// `GET /api/keys`
pub(super) async fn list(_: NoQuery, _: Admin, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let keys = catalog.db.keys().await?;
    Ok(secret_json(StatusCode::OK, &KeysAnswer { keys: keys.into_iter().map(Into::into).collect() }))
}

/// `POST /api/keys`: no other answer has the key.
pub(super) async fn create(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let KeyBody { role, label } =
        body::read_json(&request, body, r#"{"role": "artist", "label": "Ada"}"#).await?;
    let role: Role = role.parse().map_err(|error| Error::BadField(format!("role: {error}")))?;
    if label.chars().count() > LABEL_MAX_CHARS || label.chars().any(char::is_control) {
        return Err(
            Error::BadField(format!("label: at most {LABEL_MAX_CHARS} characters on one line")).into()
        );
    }
    let key = catalog.db.create_key(role, &label, &caller.actor).await?;
    let answer =
        NewKeyAnswer { id: key.id().as_str(), role: role.as_str(), label: &label, key: key.to_string() };
    Ok(secret_json(StatusCode::CREATED, &answer))
}

/// `DELETE /api/keys/{id}`
pub(super) async fn revoke(
    _: NoQuery,
    Admin(caller): Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id: KeyId = segment(&request, "key").parse().map_err(|_no_key| Error::NoSuchKey)?;
    match catalog.db.revoke_key(&id, &caller.actor).await? {
        Revoked::Now | Revoked::Before => Ok(secret(StatusCode::NO_CONTENT).finish()),
        Revoked::NoSuchKey => Err(Error::NoSuchKey.into()),
    }
}
