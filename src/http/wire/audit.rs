//! The audit trail.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::audit::Entry;

use super::timestamp::Timestamp;

/// A page of the audit trail, the oldest entry first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    pub(crate) entries: Vec<AuditEntry>,
    /// The `after` of the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) next: Option<i64>,
}

/// A change.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Grows with time.
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
    /// A key's id, `command line`, or `polish`: the service itself.
    pub(crate) actor: String,
    /// The address of the client.
    pub(crate) address: Option<String>,
    #[schema(examples("frameset.open"))]
    pub(crate) action: String,
    /// The changed thing.
    pub(crate) subject: String,
    /// Further facts, depending on the action.
    pub(crate) detail: Value,
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let Entry { id, at_ms, actor, address, action, subject, detail } = entry;
        Self { id, at: Timestamp(at_ms), actor, address, action, subject, detail }
    }
}
