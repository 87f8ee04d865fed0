//! What is known of the frames of live versions that are new.

use sqlx::types::Json;

use crate::domain::figures::SetFigures;

use super::{Db, DbError};

impl Db {
    /// The figures of live versions that were made from a moment on, as far as they are recorded.
    pub async fn live_figures(&self, since_ms: i64) -> Result<Vec<Vec<SetFigures>>, DbError> {
        const SQL: &str = "select v.frames from versions v join configurations c
            on c.id = v.configuration_id and c.live_version = v.version
            where v.created_at_ms > $1 and v.frames is not null";
        let db = self.for_reports();
        let statement = db.read("versions.live_figures", SQL).bind(since_ms);
        let rows: Vec<Json<Vec<SetFigures>>> = statement.scalars().await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
