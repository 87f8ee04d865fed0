//! Versions that nobody needs, and objects that no version needs.

use std::collections::HashMap;

use assets_pipeline::digest::Digest;

use crate::domain::{namespace::Namespace, retention::Retention};

use super::{Db, DbError, now_ms, protection::read_namespace, read};
use crate::signals::Topic;

/// When the objects of a version go that was taken down: whatever caches still say.
pub const AT_ONCE_MS: i64 = 0;

/// What a version needs of the store, by what names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionObjects {
    /// Of the manifest.
    pub manifest: Digest,
    /// Of the JPEG.
    pub jpeg: Digest,
    /// When they may go; `None` while the version is wanted.
    pub remove_at_ms: Option<i64>,
    /// Where they lie.
    pub namespace: Namespace,
}

/// What a full version has followed is of no more use; for a while it shows what happened.
const EARLY_KEPT_MS: i64 = 86_400_000;

impl Db {
    /// Gives up versions that are neither live nor likely to be: early ones that a full one has followed, and full
    /// ones that are older than the rules say. Answers how many.
    pub async fn retire_versions(&self, rules: Retention) -> Result<u64, DbError> {
        let now = now_ms();
        let retired = sqlx::query(
            "update versions set remove_at_ms = $1
             where remove_at_ms is null
             and not exists (select 1 from configurations c
                 where c.id = versions.configuration_id and c.live_version = versions.version)
             and (select count(*) from versions newer
                 where newer.configuration_id = versions.configuration_id and newer.version > versions.version
                 and newer.kind = 'full' and newer.remove_at_ms is null)
                 >= case kind when 'early' then 1 else $2 end
             and max(created_at_ms, coalesce(published_at_ms, 0)) < case kind when 'early' then $4 else $3 end",
        )
        .bind(now.saturating_add(rules.grace_ms))
        .bind(rules.keep)
        .bind(now.saturating_sub(rules.keep_ms))
        .bind(now.saturating_sub(rules.keep_ms.min(EARLY_KEPT_MS)))
        .execute(&self.pool)
        .await?;
        Ok(retired.rows_affected())
    }

    /// What every version needs, those that are given up included.
    pub async fn version_objects(&self) -> Result<Vec<VersionObjects>, DbError> {
        let rows: Vec<(String, String, Option<i64>, Option<String>)> =
            sqlx::query_as("select digest, jpeg, remove_at_ms, namespace from versions")
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter()
            .map(|(manifest, jpeg, remove_at_ms, namespace)| {
                let (manifest, jpeg) = (read("digest", &manifest)?, read("digest", &jpeg)?);
                Ok(VersionObjects {
                    manifest,
                    jpeg,
                    remove_at_ms,
                    namespace: read_namespace(namespace.as_deref())?,
                })
            })
            .collect()
    }

    /// When objects may go that no version needs, by their keys.
    pub async fn garbage(&self) -> Result<HashMap<String, i64>, DbError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("select key, remove_at_ms from garbage").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().collect())
    }

    /// Writes down what is garbage now, and since when: `marked` came to it, `cleared` is needed again or gone.
    pub async fn note_garbage(&self, marked: &[(String, i64)], cleared: &[String]) -> Result<(), DbError> {
        let mut tx = self.pool.begin_with("begin immediate").await?;
        for (key, remove_at_ms) in marked {
            sqlx::query(
                "insert into garbage (key, remove_at_ms) values ($1, $2) on conflict (key) do nothing",
            )
            .bind(key)
            .bind(remove_at_ms)
            .execute(&mut *tx)
            .await?;
        }
        for key in cleared {
            sqlx::query("delete from garbage where key = $1").bind(key).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets versions whose objects went, since they might from this moment on. Answers how many.
    pub async fn forget_versions(&self, until_ms: i64) -> Result<u64, DbError> {
        let forgotten =
            sqlx::query("delete from versions where remove_at_ms <= $1").bind(until_ms).execute(&self.pool);
        Ok(forgotten.await?.rows_affected())
    }

    /// Tells every server that objects are gone which it may have in memory.
    pub async fn note_removal(&self) -> Result<(), DbError> {
        sqlx::query("insert into removals (at_ms) values ($1)").bind(now_ms()).execute(&self.pool).await?;
        self.wake(&[Topic::Removals]);
        Ok(())
    }

    /// Moves whenever objects were removed while somebody could have them in memory.
    pub async fn last_removal(&self) -> Result<i64, DbError> {
        Ok(sqlx::query_scalar("select coalesce(max(id), 0) from removals").fetch_one(&self.pool).await?)
    }
}
