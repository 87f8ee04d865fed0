//! Permissions to see one configuration: those that callers make for others, and those in the addresses that the API gives
//! to the caller itself.

use crate::{
    domain::{
        names::ConfigId,
        signed::{Grant, Shown},
    },
    http::{catalog::Catalog, problem::Error},
};

/// How long an address that the API gives to a caller is valid: longer than a page of the studio stays open.
const CALLER_HOURS: i64 = 12;

/// A token for the caller.
pub(super) async fn caller_token(catalog: &Catalog, id: &ConfigId, shown: Shown) -> Result<String, Error> {
    Ok(caller_grant(catalog, id, shown).sign(&catalog.signing_key().await?))
}

/// The permission in such a token.
pub(super) fn caller_grant(catalog: &Catalog, id: &ConfigId, shown: Shown) -> Grant {
    Grant { configuration: id.clone(), shown, until_s: expiry_s(catalog, CALLER_HOURS) }
}

/// When a token made now expires, in seconds since 1970-01-01 UTC.
pub(super) fn expiry_s(catalog: &Catalog, hours: i64) -> i64 {
    catalog.db.now_ms() / 1000 + hours * 3600
}
