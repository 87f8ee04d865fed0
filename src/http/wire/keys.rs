//! Keys, and the sessions that they are exchanged for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{db::keys::StoredKey, domain::keys};

use super::{names, timestamp::Timestamp};

/// What a key may do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Sends frame sets and publishes versions.
    Artist,
    /// Everything.
    Admin,
    /// Reads measurements.
    Metrics,
}

impl From<keys::Role> for Role {
    fn from(role: keys::Role) -> Self {
        match role {
            keys::Role::Artist => Self::Artist,
            keys::Role::Admin => Self::Admin,
            keys::Role::Metrics => Self::Metrics,
        }
    }
}

/// A key to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    #[schema(value_type = Role)]
    pub(crate) role: String,
    /// One line for people.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub(crate) label: String,
}

/// A key that was just created.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[schema(value_type = names::KeyId)]
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) label: String,
    /// The key. No other answer has it.
    #[schema(pattern = "^girasol_[0-9a-f]{12}_[0-9a-f]{64}$")]
    pub(crate) key: String,
}

/// All keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Keys {
    /// The newest last.
    pub(crate) keys: Vec<Key>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    #[schema(value_type = names::KeyId)]
    id: String,
    role: Role,
    label: String,
    created: Timestamp,
    last_used: Option<Timestamp>,
    revoked: Option<Timestamp>,
}

impl From<StoredKey> for Key {
    fn from(key: StoredKey) -> Self {
        Self {
            id: key.id.to_string(),
            role: key.role.into(),
            label: key.label,
            created: Timestamp(key.created_at_ms),
            last_used: key.last_used_at_ms.map(Timestamp),
            revoked: key.revoked_at_ms.map(Timestamp),
        }
    }
}

/// A key to exchange for a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginSession {
    #[schema(examples("girasol_5f3a1c9b7e20_…"))]
    pub(crate) key: String,
}

/// The caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    #[schema(value_type = names::KeyId)]
    key: String,
    role: Role,
    label: String,
    /// When a session that has just begun expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    expires: Option<Timestamp>,
}

impl Session {
    /// A caller with this key.
    pub(crate) fn of(key: &StoredKey, expires: Option<Timestamp>) -> Self {
        Self { key: key.id.to_string(), role: key.role.into(), label: key.label.clone(), expires }
    }
}
