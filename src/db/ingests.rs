//! Ingests under way: what the public may know of them.

use crate::domain::names::ConfigId;

use super::{Db, DbError, now_ms};

/// A heartbeat older than this belongs to an ingest that died.
pub const HEARTBEAT_MAX_AGE_MS: i64 = 15_000;

/// How far an ingest is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct IngestProgress {
    /// In words: `encode preview`.
    pub stage: String,
    /// Steps done in this stage.
    pub done: i64,
    /// Steps in this stage.
    pub total: i64,
}

impl Db {
    /// Says how far the configuration's ingest is, and that it is alive.
    pub async fn report_ingest(&self, id: &ConfigId, progress: &IngestProgress) -> Result<(), DbError> {
        sqlx::query(
            "insert into ingests (configuration_id, stage, done, total, heartbeat_at_ms) values ($1, $2, $3, $4, $5)
             on conflict (configuration_id) do update set
             stage = excluded.stage, done = excluded.done, total = excluded.total,
             heartbeat_at_ms = excluded.heartbeat_at_ms",
        )
        .bind(id.as_str())
        .bind(&progress.stage)
        .bind(progress.done)
        .bind(progress.total)
        .bind(now_ms())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets the configuration's ingest: it ended.
    pub async fn end_ingest(&self, id: &ConfigId) -> Result<(), DbError> {
        sqlx::query("delete from ingests where configuration_id = $1")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The configuration's ingest, if one is alive. Of what is protected nobody is told.
    pub async fn ingest_progress(&self, id: &ConfigId) -> Result<Option<IngestProgress>, DbError> {
        Ok(sqlx::query_as(
            "select stage, done, total from ingests where configuration_id = $1 and heartbeat_at_ms >= $2
             and not exists (select 1 from configurations where id = $1 and namespace is not null)",
        )
        .bind(id.as_str())
        .bind(now_ms() - HEARTBEAT_MAX_AGE_MS)
        .fetch_optional(&self.pool)
        .await?)
    }
}
