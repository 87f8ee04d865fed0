//! Taking a spin down: what would be deleted, and the transaction that retires all of it.

use std::collections::BTreeMap;

use assets_pipeline::digest::Digest;
use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    figures::SetFigures,
    names::ConfigId,
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    bytes,
    objects::{AT_ONCE_MS, VersionId, mark},
    products::bump,
    purges::{Softness, note},
};
use crate::signals::Topic;

/// The versions of a configuration and their objects, as a take-down would delete them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredSpin {
    /// The number of the live version.
    pub live: Option<i64>,
    /// The numbers of all versions, the newest first; retired ones are not among them.
    pub versions: Vec<i64>,
    /// Objects that no other configuration needs.
    pub objects: u64,
    /// Bytes of all encoded frames, each twice: by itself and in a pack.
    pub bytes: u64,
}

/// Number, whether it is live, and figures.
type VersionRow = (i64, bool, Option<Json<Vec<SetFigures>>>);

impl Db {
    /// What of a configuration is stored besides raw frames.
    pub async fn stored_spin(&self, id: &ConfigId) -> Result<StoredSpin, DbError> {
        const VERSIONS: &str = "select v.version, coalesce(c.live_version = v.version, false), v.frames
            from versions v join configurations c on c.id = v.configuration_id
            where c.id = $1 and v.remove_at_ms is null order by v.version desc";
        const OBJECTS: &str = "select count(distinct r.object_id) from version_objects r
            where r.configuration_id = $1 and not exists (
                select 1 from version_objects o join versions v
                on v.configuration_id = o.configuration_id and v.version = o.version
                where o.object_id = r.object_id and o.configuration_id <> $1
                and (v.remove_at_ms is null or v.state = 'pending'))";
        let rows: Vec<VersionRow> =
            self.read("versions.stored_spin", VERSIONS).bind(id.as_str()).all().await?;
        let objects: i64 = self.read("objects.own", OBJECTS).bind(id.as_str()).scalar().await?;
        let mut sets: BTreeMap<Digest, u64> = BTreeMap::new();
        for set in rows.iter().filter_map(|(_, _, figures)| figures.as_ref()).flat_map(|figures| &figures.0) {
            sets.insert(set.set, set.frames.iter().map(|frame| u64::from(frame.bytes)).sum());
        }
        Ok(StoredSpin {
            live: rows.iter().find(|(_, is_live, _)| *is_live).map(|(version, ..)| *version),
            versions: rows.iter().map(|(version, ..)| *version).collect(),
            objects: bytes(objects),
            bytes: 2 * sets.values().sum::<u64>(),
        })
    }

    /// Takes a configuration's spin down, and retires all of its versions at once, also where none was ever live. Returns
    /// the purges that this wrote; `None` where there is no version.
    pub async fn take_down(&self, id: &ConfigId, actor: &Actor) -> Result<Option<Vec<i64>>, DbError> {
        // A pending version is a new one, which will wait to be published.
        const RETIRE: &str = "update versions set remove_at_ms = $1
            where configuration_id = $2 and state <> 'pending' returning version";
        const STATE: &str = "select live_version, namespace is null from configurations where id = $1";
        const TAKE_DOWN: &str =
            "update configurations set live_version = null, taken_down_at_ms = $1 where id = $2";
        let mut tx = self.write("versions.take_down").await?;
        let before: Option<(Option<i64>, bool)> =
            tx.run("configurations.state", STATE).bind(id.as_str()).optional().await?;
        let Some((live, is_public)) = before else { return Ok(None) };
        let retired: Vec<i64> =
            tx.run("versions.retire_all", RETIRE).bind(AT_ONCE_MS).bind(id.as_str()).scalars().await?;
        if retired.is_empty() {
            return Ok(None);
        }
        for version in &retired {
            mark(&mut tx, VersionId(id, *version), AT_ONCE_MS).await?;
        }
        let mut purges = Vec::new();
        if live.is_some() {
            tx.run("configurations.set_taken_down", TAKE_DOWN)
                .bind(self.now_ms())
                .bind(id.as_str())
                .execute()
                .await?;
            bump(&mut tx, &id.product().to_string(), self.now_ms()).await?;
            // Caches hold nothing of a protected configuration, and must not learn its name.
            if is_public {
                let purge = Purge::configuration(id);
                purges.push(note(&mut tx, id.as_str(), &purge, Softness::Soft(false), true).await?);
            }
        }
        let detail = json!({ "version": live, "versions": retired });
        record(&mut tx, actor, Action::TakeDown, id.as_str(), &detail).await?;
        tx.wake(&[Topic::Pointers, Topic::Purges]);
        tx.commit().await?;
        Ok(Some(purges))
    }
}
