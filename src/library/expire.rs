//! Deleting what has expired: uploads and frame sets that artists have left, raw frames, measurements, events and lists.

use crate::{
    db::{Db, DbError},
    staging::{InboxError, Staging, StagingError},
};

use super::raw_frames::{self, RawFramesError};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Which raw frames of committed sets are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawFrames {
    /// Those that no version needs which can be served or rolled back to.
    Unrecoverable,
    /// All that are old enough.
    Old,
}

/// How long things are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Hours that an upload or an open set is stored without anything coming for it.
    pub upload_hours: u32,
    /// Days of a measurement.
    pub vitals_days: u32,
    /// The most measurements.
    pub vitals: u32,
    /// Days of the events of a job that has ended.
    pub job_event_days: u32,
    /// Days of the list of removed objects.
    pub removal_days: u32,
    /// The rule for raw frames.
    pub raw_frames: RawFrames,
    /// Days of raw frames at least.
    pub raw_frame_days: u32,
}

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expired {
    /// Uploads that were not continued.
    pub uploads: u64,
    /// Frame sets that were not committed.
    pub framesets: u64,
    /// Sets whose raw frames were deleted.
    pub raw_framesets: u64,
    /// Measurements, events, and entries of lists.
    pub rows: u64,
}

/// Why not everything was deleted that has expired.
#[derive(Debug, thiserror::Error)]
pub enum ExpireError {
    /// A file could not be deleted.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The bucket failed.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// Raw frames could not be deleted.
    #[error(transparent)]
    RawFrames(#[from] RawFramesError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Deletes what has expired.
pub async fn expire(db: &Db, staging: &Staging, keep: &Keep) -> Result<Expired, ExpireError> {
    let days_ago_ms = |days: u32| db.now_ms() - i64::from(days) * DAY_MS;
    let since_ms = db.now_ms() - i64::from(keep.upload_hours) * HOUR_MS;
    let mut expired = Expired::default();
    for upload in db.expire_uploads(since_ms).await? {
        expired.uploads += 1;
        // Those after it are removed all the same; what stays goes with its set.
        if let Err(error) = staging.discard_part(&upload.frameset, &upload.id).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, upload.id = %upload.id, "the bytes of an expired upload stay for now");
        }
    }
    expired.rows += db.prune_vitals(days_ago_ms(keep.vitals_days), keep.vitals.into()).await?;
    expired.rows += db.prune_job_events(days_ago_ms(keep.job_event_days)).await?;
    expired.rows += db.prune_removals(days_ago_ms(keep.removal_days)).await?;
    for (cache, purges) in db.expire_purges().await? {
        tracing::error!(cache, purges, "purges were dropped: no such cache is configured");
    }
    for set in db.expire_framesets(since_ms).await? {
        staging.discard_set(&set).await?;
        expired.framesets += 1;
        tracing::info!(frameset.id = %set, hours = keep.upload_hours, "an abandoned frame set was deleted");
    }
    let before_ms = days_ago_ms(keep.raw_frame_days);
    let sets = match keep.raw_frames {
        RawFrames::Unrecoverable => db.unrecoverable_framesets(before_ms).await?,
        RawFrames::Old => db.ended_framesets(before_ms).await?,
    };
    raw_frames::delete(db, staging, &sets).await?;
    expired.raw_framesets += sets.len() as u64;
    expired.rows += db.prune_framesets(before_ms).await?;
    raw_frames::delete_unneeded(db, staging).await?;
    if let Some(inbox) = staging.inbox() {
        for set in inbox.sets().await? {
            if !db.awaits_files(&set, since_ms).await? {
                inbox.clear(&set).await?;
                tracing::info!(frameset.id = %set, "uploads that no job waits for were deleted from the bucket");
            }
        }
    }
    Ok(expired)
}
