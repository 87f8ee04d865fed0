//! Versions, and the live pointer that publishing moves.

use assets_pipeline::digest::Digest;
use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    figures::SetFigures,
    names::ConfigId,
    namespace::Namespace,
    object_key::ObjectKey,
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    engine::{Bind, Tx},
    jobs::{Leased, holds_lease},
    objects::{PENDING_MS, VersionId, discard, refer},
    parse, polishes,
    products::bump,
    protection::{column, read_namespace},
    purges::{Softness, note},
    retire::note_change,
};
use crate::signals::Topic;

/// How much of a spin a version holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum VersionKind {
    /// Still and preview only, live while the rest is being encoded.
    Early,
    /// Every tier.
    Full,
}

impl VersionKind {
    pub(super) fn read(kind: String) -> Result<Self, DbError> {
        [Self::Early, Self::Full]
            .into_iter()
            .find(|one| one.as_str() == kind)
            .ok_or(DbError::Unreadable { what: "kind", value: kind })
    }

    /// The word in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Until when work that is under way may begin a version: a take-down forbids it from then on.
#[derive(Debug, Clone)]
pub enum Fence {
    /// While the worker has the job, which a take-down cancels.
    Job(Box<Leased>),
    /// Unless a spin that was live was taken down since this moment, in milliseconds since 1970-01-01 UTC.
    Since(i64),
    /// While the worker has the try, and the version that it polishes is live, public and the newest one.
    Polish(Box<polishes::Leased>),
}

impl Fence {
    async fn is_open(&self, tx: &mut Tx, id: &ConfigId) -> Result<bool, DbError> {
        const IS_TAKEN_DOWN: &str =
            "select exists (select 1 from configurations where id = $1 and taken_down_at_ms >= $2)";
        match self {
            Self::Job(leased) => holds_lease(tx, leased).await,
            Self::Since(at_ms) => {
                let statement = tx.run("configurations.was_taken_down", IS_TAKEN_DOWN).bind(id.as_str());
                Ok(!statement.bind(*at_ms).scalar::<bool>().await?)
            }
            Self::Polish(leased) => {
                let polishes::Leased { version, published_at_ms, .. } = **leased;
                Ok(polishes::holds(tx, leased).await?
                    && polishes::is_current(tx, id, version, published_at_ms).await?)
            }
        }
    }

    /// The version that the new one is polished from.
    const fn variant_of(&self) -> Option<i64> {
        match self {
            Self::Polish(leased) => Some(leased.version),
            Self::Job(_) | Self::Since(_) => None,
        }
    }
}

/// A version whose objects are about to be stored.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// From [`Db::next_version`].
    pub version: i64,
    /// Early or full.
    pub kind: VersionKind,
    /// Of the manifest.
    pub digest: Digest,
    /// Of the hero frame as a JPEG.
    pub jpeg: Digest,
    /// Of the raw frames in turn order.
    pub source: Digest,
    /// Of all that shaped the encodes.
    pub settings: Digest,
    /// What is known of its frames.
    pub figures: Vec<SetFigures>,
    /// Where its objects lie.
    pub namespace: Namespace,
}

/// A version that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its number.
    pub version: i64,
    /// Of the manifest.
    pub digest: Digest,
    /// Of the hero frame as a JPEG.
    pub jpeg: Digest,
    /// Where its objects lie.
    pub namespace: Namespace,
}

/// A version as it is listed for the choice of the live one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// Its number.
    pub version: i64,
    /// Early or full.
    pub kind: VersionKind,
    /// Of the manifest.
    pub digest: Digest,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at_ms: i64,
    /// When it went live last, if it ever did.
    pub published_at_ms: Option<i64>,
    /// Whether visitors see it now.
    pub is_live: bool,
    /// The version that it was polished from.
    pub variant_of: Option<i64>,
}

/// Where a configuration's live pointer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointer {
    /// The live version's number.
    pub version: i64,
    /// The live manifest's digest.
    pub digest: Digest,
    /// The digest of the hero frame as a JPEG.
    pub jpeg: Digest,
    /// The product's revision.
    pub revision: i64,
    /// Where the version's objects lie.
    pub namespace: Namespace,
}

/// Number, kind, manifest, when it was made and published, whether it is live, and what it was polished from.
type ListedRow = (i64, String, String, i64, Option<i64>, bool, Option<i64>);
/// Number, manifest, JPEG and namespace.
type StoredRow = (i64, String, String, Option<String>);

fn stored((version, digest, jpeg, namespace): StoredRow) -> Result<StoredVersion, DbError> {
    let (digest, jpeg) = (parse("digest", &digest)?, parse("digest", &jpeg)?);
    Ok(StoredVersion { version, digest, jpeg, namespace: read_namespace(namespace.as_deref())? })
}

impl Db {
    /// The live version of a configuration, with its product's revision.
    pub async fn pointer(&self, id: &ConfigId) -> Result<Option<Pointer>, DbError> {
        let row: Option<(i64, String, String, i64, Option<String>)> = self
            .read(
                "versions.pointer",
                "select v.version, v.digest, v.jpeg, p.revision, v.namespace from configurations c
             join versions v on v.configuration_id = c.id and v.version = c.live_version
             join products p on p.id = c.product_id
             where c.id = $1",
            )
            .bind(id.as_str())
            .optional()
            .await?;
        row.map(|(version, digest, jpeg, revision, namespace)| {
            let StoredVersion { version, digest, jpeg, namespace } =
                stored((version, digest, jpeg, namespace))?;
            Ok(Pointer { version, digest, jpeg, revision, namespace })
        })
        .transpose()
    }

    /// The full version that was made from the same frames with the same settings, if there is one.
    pub async fn find_version(
        &self,
        id: &ConfigId,
        source: Digest,
        settings: Digest,
    ) -> Result<Option<StoredVersion>, DbError> {
        let row: Option<StoredRow> = self
            .read(
                "versions.find",
                "select version, digest, jpeg, namespace from versions
             where configuration_id = $1 and source = $2 and settings = $3 and kind = 'full'
             and remove_at_ms is null
             order by version desc limit 1",
            )
            .bind(id.as_str())
            .bind(source.to_string())
            .bind(settings.to_string())
            .optional()
            .await?;
        row.map(stored).transpose()
    }

    /// The early version that was made from the same frames with the same settings, if there is one.
    pub async fn early_version(
        &self,
        id: &ConfigId,
        source: Digest,
        settings: Digest,
    ) -> Result<Option<i64>, DbError> {
        const SQL: &str = "select max(version) from versions where configuration_id = $1 and source = $2
            and settings = $3 and kind = 'early' and remove_at_ms is null";
        let statement = self.read("versions.early", SQL).bind(id.as_str()).bind(source.to_string());
        statement.bind(settings.to_string()).scalar().await
    }

    /// The live version of a configuration, if it is a full one that was made from these frames.
    pub async fn live_version_from(
        &self,
        id: &ConfigId,
        source: Digest,
    ) -> Result<Option<StoredVersion>, DbError> {
        let row: Option<StoredRow> = self
            .read(
                "versions.live_from",
                "select v.version, v.digest, v.jpeg, v.namespace from configurations c
             join versions v on v.configuration_id = c.id and v.version = c.live_version
             where c.id = $1 and v.source = $2 and v.kind = 'full'",
            )
            .bind(id.as_str())
            .bind(source.to_string())
            .optional()
            .await?;
        row.map(stored).transpose()
    }

    /// How much a configuration's version holds; `None` where there is no such version.
    pub async fn version_kind(&self, id: &ConfigId, version: i64) -> Result<Option<VersionKind>, DbError> {
        let kind: Option<String> = self.read("versions.kind", "select kind from versions where configuration_id = $1 and version = $2 and remove_at_ms is null").bind(id.as_str()).bind(version).optional_scalar()
        .await?;
        kind.map(VersionKind::read).transpose()
    }

    /// What a version is stored as; `None` where there is no such version.
    pub async fn stored_version(
        &self,
        id: &ConfigId,
        version: i64,
    ) -> Result<Option<StoredVersion>, DbError> {
        let row: Option<StoredRow> = self
            .read(
                "versions.get",
                "select version, digest, jpeg, namespace from versions
             where configuration_id = $1 and version = $2 and remove_at_ms is null",
            )
            .bind(id.as_str())
            .bind(version)
            .optional()
            .await?;
        row.map(stored).transpose()
    }

    /// Gives out the configuration's next version number, which is never given again.
    pub async fn next_version(&self, id: &ConfigId) -> Result<i64, DbError> {
        self.run(
            "versions.next_number",
            "update configurations set last_version = last_version + 1 where id = $1 returning last_version",
        )
        .bind(id.as_str())
        .scalar()
        .await
    }

    /// Begins a version: until it is [complete](Self::complete_version) it is pending, which shows it to nothing but
    /// keeps its objects. Returns the objects that are still being deleted, to which it has to refer before it writes
    /// them; `None` where its fence forbids the version.
    pub async fn begin_version(
        &self,
        id: &ConfigId,
        new: &NewVersion,
        fence: &Fence,
        keys: &[ObjectKey],
    ) -> Result<Option<Vec<ObjectKey>>, DbError> {
        let mut tx = self.write("versions.begin").await?;
        if !fence.is_open(&mut tx, id).await? {
            return Ok(None);
        }
        let now = self.now_ms();
        tx.run("versions.insert_pending", "insert into versions
             (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, frames, namespace,
              state, remove_at_ms, variant_of)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12)").bind(id.as_str()).bind(new.version).bind(new.kind.as_str()).bind(new.digest.to_string()).bind(new.jpeg.to_string()).bind(new.source.to_string()).bind(new.settings.to_string()).bind(now).bind(Bind::json(&new.figures)).bind(column(new.namespace)).bind(now + PENDING_MS).bind(fence.variant_of()).execute()
        .await?;
        let blocked = refer(&mut tx, VersionId(id, new.version), new.namespace, keys).await?;
        tx.commit().await?;
        Ok(Some(blocked))
    }

    /// Completes a pending version, whose objects are all stored, if its configuration is still in the version's
    /// namespace. Returns whether it is complete.
    pub async fn complete_version(&self, id: &ConfigId, version: i64) -> Result<bool, DbError> {
        let mut tx = self.write("versions.complete").await?;
        let is_complete = complete(&mut tx, id, version).await?;
        tx.commit().await?;
        Ok(is_complete)
    }

    /// The same of a version that was polished, which takes the place of the one that it was polished from in the same
    /// transaction: there is no moment at which it could be taken for an artist's that waits to be published. Returns whether
    /// it is live; it is neither complete nor live where its fence has closed.
    pub async fn complete_polished(
        &self,
        id: &ConfigId,
        version: i64,
        leased: &polishes::Leased,
    ) -> Result<bool, DbError> {
        let mut tx = self.write("versions.complete_polished").await?;
        let fence = Fence::Polish(Box::new(leased.clone()));
        let is_live = fence.is_open(&mut tx, id).await?
            && complete(&mut tx, id, version).await?
            && move_pointer(&mut tx, id, Some(leased.version), version, &Actor::polish()).await?.is_some();
        if is_live {
            polishes::set_better(&mut tx, leased, version).await?;
            tx.commit().await?;
        }
        Ok(is_live)
    }

    /// Deletes a version that is pending. What it alone needed is due at once.
    pub async fn discard_version(&self, id: &ConfigId, version: i64) -> Result<(), DbError> {
        let mut tx = self.write("versions.discard").await?;
        discard(&mut tx, VersionId(id, version)).await?;
        tx.commit().await
    }

    /// Notes that all objects of a version are stored again, and listed. Returns whether the version is still wanted.
    pub async fn restore_version(&self, id: &ConfigId, version: i64) -> Result<bool, DbError> {
        let restored = self
            .run(
                "versions.restore",
                "update versions set state = 'complete'
             where configuration_id = $1 and version = $2 and remove_at_ms is null",
            )
            .bind(id.as_str())
            .bind(version)
            .execute()
            .await?;
        Ok(restored == 1)
    }

    /// The versions of a configuration, the newest first.
    pub async fn versions(&self, id: &ConfigId) -> Result<Vec<ListedVersion>, DbError> {
        let rows: Vec<ListedRow> = self
            .read(
                "versions.list",
                "select v.version, v.kind, v.digest, v.created_at_ms, v.published_at_ms,
             coalesce(c.live_version = v.version, false), v.variant_of
             from versions v join configurations c on c.id = v.configuration_id
             where c.id = $1 and v.remove_at_ms is null order by v.version desc",
            )
            .bind(id.as_str())
            .all()
            .await?;
        rows.into_iter()
            .map(|(version, kind, digest, created_at_ms, published_at_ms, is_live, variant_of)| {
                let (kind, digest) = (VersionKind::read(kind)?, parse("digest", &digest)?);
                Ok(ListedVersion {
                    version,
                    kind,
                    digest,
                    created_at_ms,
                    published_at_ms,
                    is_live,
                    variant_of,
                })
            })
            .collect()
    }

    /// What is known of a version's frames; `None` for versions that are older than these figures.
    pub async fn version_figures(
        &self,
        id: &ConfigId,
        version: i64,
    ) -> Result<Option<Vec<SetFigures>>, DbError> {
        let figures: Option<Option<Json<Vec<SetFigures>>>> = self
            .read(
                "versions.figures",
                "select frames from versions where configuration_id = $1 and version = $2",
            )
            .bind(id.as_str())
            .bind(version)
            .optional_scalar()
            .await?;
        Ok(figures.flatten().map(|figures| figures.0))
    }

    /// Whether the configuration's spin was taken down on purpose, and nothing is live since.
    pub async fn is_taken_down(&self, id: &ConfigId) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from configurations
            where id = $1 and taken_down_at_ms is not null and live_version is null)";
        self.read("configurations.is_taken_down", SQL).bind(id.as_str()).scalar().await
    }

    /// Moves the live pointer, if it still stands where `from` says. Returns the purges that this
    /// wrote; `None` where the pointer did not move.
    pub async fn move_pointer(
        &self,
        id: &ConfigId,
        from: Option<i64>,
        version: i64,
        actor: &Actor,
    ) -> Result<Option<Vec<i64>>, DbError> {
        let mut tx = self.write("versions.publish").await?;
        let moved = move_pointer(&mut tx, id, from, version, actor).await?;
        tx.commit().await?;
        Ok(moved)
    }
}

/// Completes a pending version in the namespace of its configuration. Returns whether it is complete.
async fn complete(tx: &mut Tx, id: &ConfigId, version: i64) -> Result<bool, DbError> {
    const SQL: &str = "update versions set state = 'complete', remove_at_ms = null
        where configuration_id = $1 and version = $2 and state = 'pending'
        and exists (select 1 from configurations c where c.id = versions.configuration_id
                    and c.namespace is not distinct from versions.namespace)";
    let statement = tx.run("versions.set_complete", SQL).bind(id.as_str()).bind(version);
    let is_complete = statement.execute().await? == 1;
    if is_complete {
        note_change(tx, id).await?;
    }
    Ok(is_complete)
}

/// Moves the live pointer as [`Db::move_pointer`] does.
async fn move_pointer(
    tx: &mut Tx,
    id: &ConfigId,
    from: Option<i64>,
    version: i64,
    actor: &Actor,
) -> Result<Option<Vec<i64>>, DbError> {
    let moved = tx
        .run(
            "configurations.move_pointer",
            "update configurations set live_version = $1, taken_down_at_ms = null
             where id = $2 and live_version is not distinct from $3 and exists (select 1 from versions
                 where configuration_id = $2 and version = $1 and remove_at_ms is null)",
        )
        .bind(version)
        .bind(id.as_str())
        .bind(from)
        .execute()
        .await?
        == 1;
    if !moved {
        return Ok(None);
    }
    let now = tx.now_ms();
    let is_public: bool = tx
        .run("configurations.is_public", "select namespace is null from configurations where id = $1")
        .bind(id.as_str())
        .scalar()
        .await?;
    bump(tx, &id.product().to_string(), now).await?;
    // The version that was live may be of no more use.
    note_change(tx, id).await?;
    tx.run(
        "versions.set_published",
        "update versions set published_at_ms = $1 where configuration_id = $2 and version = $3",
    )
    .bind(now)
    .bind(id.as_str())
    .bind(version)
    .execute()
    .await?;
    let mut purges = Vec::new();
    // Caches hold nothing of a protected configuration, and must not learn its name.
    if is_public {
        let purge = Purge::configuration(id);
        purges.push(note(tx, id.as_str(), &purge, Softness::Configured, true).await?);
    }
    let detail = json!({ "version": version, "before": from });
    record(tx, actor, Action::Publish, id.as_str(), &detail).await?;
    tx.wake(&[Topic::Pointers, Topic::Purges]);
    Ok(Some(purges))
}
