//! Housekeeping.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::maintain::Maintained,
    library::{collect::Collected, expire::Expired, optimize},
};

/// What housekeeping has done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Optimized {
    /// Rows and files that had expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expired: Option<ExpiredThings>,
    /// Versions and objects that nothing needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) collected: Option<CollectedThings>,
    /// The database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<DatabaseSize>,
    /// Bytes that the caches of this server have let go: what had expired, and what was over a bound.
    pub(crate) evicted_bytes: u64,
    /// The steps that failed: `expire`, `tidy`, `collect` or `database`.
    pub(crate) failed: Vec<FailedStep>,
}

/// What had expired.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExpiredThings {
    /// Uploads that were not continued.
    pub(crate) uploads: u64,
    /// Frame sets that were not committed.
    pub(crate) framesets: u64,
    /// Committed sets whose raw frames were deleted.
    pub(crate) raw_framesets: u64,
    /// Measurements, events of jobs, and entries of lists.
    pub(crate) rows: u64,
}

/// What nothing needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CollectedThings {
    /// Versions that were retired.
    pub(crate) retired: u64,
    /// Versions whose rows were deleted.
    pub(crate) versions: u64,
    /// Objects that were deleted.
    pub(crate) objects: usize,
}

/// The size of the database.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DatabaseSize {
    pub(crate) before_bytes: u64,
    pub(crate) after_bytes: u64,
}

/// A step that failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedStep {
    #[schema(examples("collect"))]
    pub(crate) step: &'static str,
    /// Why. The log has more.
    #[schema(examples("the objects could not be listed"))]
    pub(crate) reason: String,
}

impl Optimized {
    /// What was done, and what the caches let go beside it.
    pub(crate) fn of(done: optimize::Optimized, evicted_bytes: u64) -> Self {
        let optimize::Optimized { expired, collected, database, failed } = done;
        let expired = expired.map(|Expired { uploads, framesets, raw_framesets, rows }| ExpiredThings {
            uploads,
            framesets,
            raw_framesets,
            rows,
        });
        let collected = collected.map(|Collected { retired, versions, objects }| CollectedThings {
            retired,
            versions,
            objects,
        });
        let database = database
            .map(|Maintained { before_bytes, after_bytes }| DatabaseSize { before_bytes, after_bytes });
        let failed = failed.into_iter().map(|(step, reason)| FailedStep { step, reason }).collect();
        Self { expired, collected, database, evicted_bytes, failed }
    }
}
