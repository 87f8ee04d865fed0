//! Care for the database, and its entry in the audit trail.

use serde_json::Value;

use crate::domain::audit::{Action, Actor};

use super::{Db, DbError, audit::record};

pub use super::engine::Maintained;

/// What the entries of the audit trail are about.
const SUBJECT: &str = "service";

impl Db {
    /// Brings the statistics of the database's planner up to date, and gives room back that deleted rows have left. Readers
    /// go on meanwhile.
    pub async fn maintain(&self) -> Result<Maintained, DbError> {
        self.pools.maintain().await
    }

    /// Notes in the audit trail that the service was optimized, and what came of it.
    pub async fn note_optimization(&self, actor: &Actor, detail: &Value) -> Result<(), DbError> {
        let mut tx = self.write("optimize.note").await?;
        record(&mut tx, actor, Action::Optimize, SUBJECT, detail).await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::keys::Role;

    use super::*;

    #[tokio::test]
    async fn a_database_that_is_cared_for_has_its_rows_and_less_room_that_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let actor = Actor::command_line();
        db.create_key(Role::Admin, "one", &actor).await.unwrap();
        db.run("test.fill", "insert into removals (at_ms) values (1)").execute().await.unwrap();
        for _ in 0..17 {
            db.run("test.double", "insert into removals (at_ms) select at_ms from removals")
                .execute()
                .await
                .unwrap();
        }
        db.run("test.delete", "delete from removals").execute().await.unwrap();
        let Maintained { before_bytes, after_bytes } = db.maintain().await.unwrap();
        assert!(after_bytes < before_bytes, "{before_bytes} {after_bytes}");
        assert_eq!(db.keys().await.unwrap().len(), 1);
        let again = db.maintain().await.unwrap();
        // Postgres' own tables may take a few pages more.
        let moved = again.before_bytes.abs_diff(again.after_bytes);
        assert!(moved * 10 < before_bytes - after_bytes, "{again:?}");
        db.note_optimization(&actor, &serde_json::json!({ "rows": 3 })).await.unwrap();
        assert_eq!(db.audit(0, 10).await.unwrap().last().unwrap().action, "service.optimize");
    }
}
