//! Versions on their way out: what they needed, and when their rows are deleted. `retire` says which are retired.

use assets_pipeline::digest::Digest;

use crate::domain::{names::ConfigId, namespace::Namespace, object_key::ObjectKey};

use super::{
    Db, DbError,
    objects::{VersionId, discard, mark, refer, refer_retired},
    parse,
    protection::read_namespace,
};

/// A version whose needs stand in its manifest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedVersion {
    /// Of which configuration.
    pub configuration: ConfigId,
    /// Its number.
    pub version: i64,
    /// Of the manifest.
    pub manifest: Digest,
    /// Of the JPEG.
    pub jpeg: Digest,
    /// Where its objects lie.
    pub namespace: Namespace,
    /// When its objects may be deleted; `None` while it is not retired.
    pub remove_at_ms: Option<i64>,
}

impl Db {
    /// Deletes the pending versions of writers that count as dead.
    pub async fn discard_abandoned_versions(&self) -> Result<(), DbError> {
        let mut tx = self.write("versions.discard_abandoned").await?;
        let abandoned: Vec<(String, i64)> = tx.run("versions.abandoned", "select configuration_id, version from versions where state = 'pending' and remove_at_ms <= $1").bind(self.now_ms()).all()
        .await?;
        for (id, version) in abandoned {
            discard(&mut tx, VersionId(&parse("configuration", &id)?, version)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The versions whose objects are not listed yet, at most so many.
    pub async fn unlisted_versions(&self, limit: u32) -> Result<Vec<UnlistedVersion>, DbError> {
        type Row = (String, i64, String, String, Option<String>, Option<i64>);
        let rows: Vec<Row> = self
            .read(
                "versions.unlisted",
                "select configuration_id, version, digest, jpeg, namespace, remove_at_ms from versions
             where state = 'unlisted' order by configuration_id, version limit $1",
            )
            .bind(i64::from(limit))
            .all()
            .await?;
        rows.into_iter()
            .map(|(configuration, version, manifest, jpeg, namespace, remove_at_ms)| {
                Ok(UnlistedVersion {
                    configuration: parse("configuration", &configuration)?,
                    version,
                    manifest: parse("digest", &manifest)?,
                    jpeg: parse("digest", &jpeg)?,
                    namespace: read_namespace(namespace.as_deref())?,
                    remove_at_ms,
                })
            })
            .collect()
    }

    /// Lists what a version needs. Returns whether the list is complete: objects that are being deleted have to be
    /// listed again once that is over.
    pub async fn list_version(
        &self,
        unlisted: &UnlistedVersion,
        keys: &[ObjectKey],
    ) -> Result<bool, DbError> {
        let version = VersionId(&unlisted.configuration, unlisted.version);
        let mut tx = self.write("versions.list_objects").await?;
        // It may have been retired, or deleted, since it was read.
        let remove_at_ms: Option<Option<i64>> = tx
            .run(
                "versions.unlisted_until",
                "select remove_at_ms from versions
             where configuration_id = $1 and version = $2 and state = 'unlisted'",
            )
            .bind(version.0.as_str())
            .bind(version.1)
            .optional_scalar()
            .await?;
        match remove_at_ms {
            None => return Ok(true),
            Some(None) => {
                if !refer(&mut tx, version, unlisted.namespace, keys).await?.is_empty() {
                    return Ok(false);
                }
            }
            Some(Some(remove_at_ms)) => {
                refer_retired(&mut tx, version, unlisted.namespace, keys).await?;
                mark(&mut tx, version, remove_at_ms).await?;
            }
        }
        tx.run(
            "versions.set_listed",
            "update versions set state = 'complete' where configuration_id = $1 and version = $2",
        )
        .bind(version.0.as_str())
        .bind(version.1)
        .execute()
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Retires a version whose manifest cannot be read and that a newer full one replaces: it is early, or made from the
    /// same frames. Returns whether it is retired.
    pub async fn retire_replaced(&self, unlisted: &UnlistedVersion) -> Result<bool, DbError> {
        let retired = self
            .run(
                "versions.retire_replaced",
                "update versions set remove_at_ms = $1
             where configuration_id = $2 and version = $3 and remove_at_ms is null
             and not exists (select 1 from configurations c
                 where c.id = versions.configuration_id and c.live_version = versions.version)
             and exists (select 1 from versions newer
                 where newer.configuration_id = versions.configuration_id and newer.version > versions.version
                 and newer.kind = 'full' and newer.state = 'complete' and newer.remove_at_ms is null
                 and (versions.kind = 'early' or newer.source = versions.source))",
            )
            .bind(self.now_ms())
            .bind(unlisted.configuration.as_str())
            .bind(unlisted.version)
            .execute()
            .await?;
        Ok(retired == 1)
    }

    /// Deletes the rows of retired versions whose objects could be deleted from this moment on. Returns how many.
    pub async fn delete_versions(&self, until_ms: i64) -> Result<u64, DbError> {
        let deleted = self
            .run("versions.delete", "delete from versions where remove_at_ms <= $1 and state = 'complete'")
            .bind(until_ms)
            .execute();
        deleted.await
    }

    /// Moves whenever objects were deleted that a server may have in memory.
    pub async fn last_removal(&self) -> Result<i64, DbError> {
        self.read("removals.last", "select coalesce(max(id), 0) from removals").scalar().await
    }
}
