//! Sending frames to the bucket directly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{names, timestamp::Timestamp};

/// Files that a client wants to send to the bucket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Presign {
    /// Each name once.
    #[schema(min_items = 1)]
    pub(crate) files: Vec<PresignFile>,
}

/// A file to send.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresignFile {
    #[schema(value_type = names::FileName)]
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// Its SHA-256 in base64, which the bucket then checks.
    #[schema(pattern = "^[A-Za-z0-9+/]{43}=$")]
    pub(crate) sha256: Option<String>,
}

/// Signed addresses.
#[derive(Serialize, ToSchema)]
pub(crate) struct Presigned {
    pub(crate) files: Vec<PresignedFile>,
}

/// The signed address of one file. The bucket takes no other length or checksum.
#[derive(Serialize, ToSchema)]
pub(crate) struct PresignedFile {
    #[schema(value_type = names::FileName)]
    pub(crate) name: String,
    pub(crate) method: PresignedMethod,
    #[schema(format = "uri")]
    pub(crate) url: String,
    /// The headers to send, unchanged.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) expires: Timestamp,
}

/// The one method.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum PresignedMethod {
    /// PUT
    Put,
}

/// A frame set's prefix in the bucket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the field is called so on the wire")]
pub(crate) struct Bucket {
    pub(crate) bucket: String,
    /// The prefix of the set's files, with a slash at its end.
    pub(crate) prefix: String,
    /// Null for Amazon's own.
    pub(crate) endpoint: Option<String>,
    pub(crate) region: String,
    /// Whether addresses have the bucket in their path and not in their host.
    pub(crate) path_style: bool,
    /// Credentials for the prefix alone. Without any, artists use their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) credentials: Option<Credentials>,
    pub(crate) rclone: Rclone,
    /// The command of Amazon's own tool, with FOLDER for the artist's.
    pub(crate) aws: String,
}

/// Temporary credentials.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    pub(crate) expires: Timestamp,
}

/// For rclone.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rclone {
    /// A remote for rclone.conf.
    pub(crate) config: String,
    /// The command, with FOLDER for the artist's.
    pub(crate) command: String,
}

/// What a request has fetched.
#[derive(Serialize, ToSchema)]
pub(crate) struct Fetched {
    /// Files that the request moved into the set.
    pub(crate) fetched: usize,
    /// Files that still wait in the bucket: repeat the request until there are none.
    pub(crate) left: usize,
}
