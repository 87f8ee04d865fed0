//! What operators ask for: health, keys, the audit trail, products as files, and purges.

pub(super) mod audit;
pub(super) mod health;
pub(super) mod import;
pub(super) mod keys;
pub(super) mod purge;
pub(super) mod spreadsheet;
