//! The trail of changes. Each is written in the transaction of the change itself.

use serde_json::Value;
use sqlx::types::Json;

use crate::domain::audit::{Action, Actor, Entry};

use super::{
    Db, DbError,
    engine::{Bind, Tx},
};

#[derive(sqlx::FromRow)]
pub(super) struct EntryRow {
    id: i64,
    at_ms: i64,
    actor: String,
    address: Option<String>,
    action: String,
    subject: String,
    detail: Json<Value>,
}

impl EntryRow {
    pub(super) fn entry(self) -> Entry {
        let Self { id, at_ms, actor, address, action, subject, detail: Json(detail) } = self;
        Entry { id, at_ms, actor, address, action, subject, detail }
    }
}

const INSERT: &str =
    "insert into audit (at_ms, actor, address, action, subject, detail) values ($1, $2, $3, $4, $5, $6)";

/// Adds a line to the trail.
pub(super) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    subject: &str,
    detail: &Value,
) -> Result<(), DbError> {
    let now = tx.now_ms();
    let statement = tx.run("audit.record", INSERT).bind(now).bind(&actor.name);
    let statement = statement.bind(actor.address.as_deref()).bind(action.as_str()).bind(subject);
    statement.bind(Bind::json(detail)).execute().await?;
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
        let mut tx = self.write("audit.note").await?;
        record(&mut tx, actor, action, subject, detail).await?;
        tx.commit().await
    }

    /// The lines after one, oldest first, at most so many.
    pub async fn audit(&self, after: i64, limit: u32) -> Result<Vec<Entry>, DbError> {
        const SQL: &str = "select id, at_ms, actor, address, action, subject, detail from audit
            where id > $1 order by id limit $2";
        let rows: Vec<EntryRow> = self.read("audit.list", SQL).bind(after).bind(limit).all().await?;
        Ok(rows.into_iter().map(EntryRow::entry).collect())
    }
}
