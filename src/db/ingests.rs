//! Ingests under way, as far as the public may see them.

use crate::domain::names::ConfigId;

use super::{Db, DbError};

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
    /// Reports how far the configuration's ingest is, and that it is alive.
    pub async fn report_ingest(&self, id: &ConfigId, progress: &IngestProgress) -> Result<(), DbError> {
        const SQL: &str = "insert into ingests (configuration_id, stage, done, total, heartbeat_at_ms)
            values ($1, $2, $3, $4, $5)
            on conflict (configuration_id) do update set stage = excluded.stage, done = excluded.done,
            total = excluded.total, heartbeat_at_ms = excluded.heartbeat_at_ms";
        let IngestProgress { stage, done, total } = progress;
        let mut tx = self.write("ingests.report").await?;
        let now = tx.now_ms();
        let statement = tx.run("ingests.set", SQL).bind(id.as_str()).bind(stage).bind(*done).bind(*total);
        statement.bind(now).execute().await?;
        tx.commit().await
    }

    /// Deletes the configuration's ingest: it has ended.
    pub async fn end_ingest(&self, id: &ConfigId) -> Result<(), DbError> {
        let statement = self.run("ingests.end", "delete from ingests where configuration_id = $1");
        statement.bind(id.as_str()).execute().await?;
        Ok(())
    }

    /// The configuration's ingest, if one is alive and the configuration is not protected.
    pub async fn ingest_progress(&self, id: &ConfigId) -> Result<Option<IngestProgress>, DbError> {
        const SQL: &str = "select stage, done, total from ingests
            where configuration_id = $1 and heartbeat_at_ms >= $2
            and not exists (select 1 from configurations where id = $1 and namespace is not null)";
        let alive_since_ms = self.now_ms() - HEARTBEAT_MAX_AGE_MS;
        self.read("ingests.get", SQL).bind(id.as_str()).bind(alive_since_ms).optional().await
    }
}
