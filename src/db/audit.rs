//! The trail of changes. Each is written in the transaction of the change itself.

use serde_json::Value;
use sqlx::SqliteConnection;

use crate::domain::audit::{Action, Actor, Entry};

use super::{Db, DbError, now_ms};

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: i64,
    at_ms: i64,
    actor: String,
    address: Option<String>,
    action: String,
    subject: String,
    detail: String,
}

/// Adds a line to the trail.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    actor: &Actor,
    action: Action,
    subject: &str,
    detail: &Value,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into audit (at_ms, actor, address, action, subject, detail) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(now_ms())
    .bind(&actor.name)
    .bind(&actor.address)
    .bind(action.as_str())
    .bind(subject)
    .bind(detail.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

impl Db {
    /// Adds a line of its own to the trail, for what changes no row.
    pub async fn note(
        &self,
        actor: &Actor,
        action: Action,
        subject: &str,
        detail: &Value,
    ) -> Result<(), DbError> {
        record(&mut *self.pool.acquire().await?, actor, action, subject, detail).await
    }

    /// The lines after one, oldest first, at most so many.
    pub async fn audit(&self, after: i64, limit: u32) -> Result<Vec<Entry>, DbError> {
        let rows: Vec<EntryRow> = sqlx::query_as(
            "select id, at_ms, actor, address, action, subject, detail from audit where id > $1 order by id limit $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|EntryRow { id, at_ms, actor, address, action, subject, detail }| {
                let Ok(detail) = serde_json::from_str(&detail) else {
                    return Err(DbError::Unreadable { what: "detail", value: detail });
                };
                Ok(Entry { id, at_ms, actor, address, action, subject, detail })
            })
            .collect()
    }
}
