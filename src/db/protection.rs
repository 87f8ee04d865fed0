//! Which configurations are protected, and the transaction that changes that.

use assets_pipeline::digest::Digest;
use serde_json::json;

use crate::domain::{
    audit::{Action, Actor},
    names::{Choices, ConfigId, ProductId},
    namespace::{Namespace, NamespaceId},
    object_key::ObjectKey,
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    engine::Bind,
    objects::{AT_ONCE_MS, PENDING_MS, VersionId, mark, refer},
    parse,
    products::bump,
    purges::{Softness, note},
    random,
    retire::note_change,
};
use crate::signals::Topic;

/// A version that is copied into another namespace, under a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// The number that it had.
    pub from: i64,
    /// The number that it gets.
    pub version: i64,
    /// Of its new manifest.
    pub digest: Digest,
}

/// A move of a configuration to another namespace.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The namespace that it leaves.
    pub from: Namespace,
    /// The namespace that it gets.
    pub to: Namespace,
    /// The version that is live, as the copies were made.
    pub live: Option<i64>,
    /// The newest version, as the copies were made; 0 where there is none.
    pub newest: i64,
    /// The copies, which are pending and stored.
    pub carried: &'a [Carried],
}

impl Db {
    /// A new private namespace.
    pub fn new_namespace(&self) -> Result<NamespaceId, DbError> {
        Ok(NamespaceId::new(random()?))
    }

    /// Where new versions of a configuration are stored; `None` where there is no such configuration.
    pub async fn namespace(&self, id: &ConfigId) -> Result<Option<Namespace>, DbError> {
        let namespace: Option<Option<String>> = self
            .read("configurations.namespace", "select namespace from configurations where id = $1")
            .bind(id.as_str())
            .optional_scalar()
            .await?;
        namespace.map(|namespace| read_namespace(namespace.as_deref())).transpose()
    }

    /// Whether anything of a product is public.
    pub async fn has_public(&self, product: &ProductId) -> Result<bool, DbError> {
        const SQL: &str =
            "select exists (select 1 from configurations where product_id = $1 and namespace is null)";
        self.read("configurations.has_public", SQL).bind(product.to_string()).scalar().await
    }

    /// Makes the configuration's row where it is missing, protected from the first moment; so is one that has never
    /// had a version. Returns whether it is protected.
    pub async fn ensure_protected(
        &self,
        product: &ProductId,
        id: &ConfigId,
        choices: &Choices,
    ) -> Result<bool, DbError> {
        let namespace = self.new_namespace()?.to_string();
        let mut tx = self.write("configurations.ensure_protected").await?;
        tx.run(
            "configurations.insert_protected",
            "insert into configurations (id, product_id, choices, created_at_ms, namespace, last_version)
             values ($1, $2, $3, $4, $5, coalesce((select last_version from removed_configurations
                where configuration_id = $1), 0))
             on conflict (id) do update set namespace = excluded.namespace
             where configurations.namespace is null and configurations.last_version = 0",
        )
        .bind(id.as_str())
        .bind(product.to_string())
        .bind(Bind::json(choices))
        .bind(self.now_ms())
        .bind(namespace)
        .execute()
        .await?;
        let is_protected: bool = tx
            .run(
                "configurations.is_protected",
                "select namespace is not null from configurations where id = $1",
            )
            .bind(id.as_str())
            .scalar()
            .await?;
        bump(&mut tx, &product.to_string(), self.now_ms()).await?;
        tx.commit().await?;
        Ok(is_protected)
    }

    /// Begins the copy of a version in another namespace: it is pending until [`Self::move_to`]. Returns the objects
    /// that are still being deleted.
    pub async fn begin_carried(
        &self,
        id: &ConfigId,
        one: &Carried,
        to: Namespace,
        keys: &[ObjectKey],
    ) -> Result<Option<Vec<ObjectKey>>, DbError> {
        let mut tx = self.write("versions.begin_carried").await?;
        let now = self.now_ms();
        let inserted = tx
            .run(
                "versions.insert_carried",
                "insert into versions
                 (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, frames, namespace,
                  state, remove_at_ms)
                 select configuration_id, $1, kind, $2, jpeg, source, settings, $3, frames, $4, 'pending', $5
                 from versions where configuration_id = $6 and version = $7",
            )
            .bind(one.version)
            .bind(one.digest.to_string())
            .bind(now)
            .bind(column(to))
            .bind(now + PENDING_MS)
            .bind(id.as_str())
            .bind(one.from)
            .execute()
            .await?;
        if inserted != 1 {
            return Ok(None);
        }
        let blocked = refer(&mut tx, VersionId(id, one.version), to, keys).await?;
        tx.commit().await?;
        Ok(Some(blocked))
    }

    /// Moves a configuration to another namespace: the copies are there from now on, and the copy of the live version is
    /// live; every version of the former namespace is retired at once. Returns the purges that this wrote; `None` where
    /// it did not move: namespace and versions have to be those that the copies were made from.
    pub async fn move_to(
        &self,
        id: &ConfigId,
        to: &Move<'_>,
        actor: &Actor,
    ) -> Result<Option<Vec<i64>>, DbError> {
        let Move { from, to, live, newest, carried } = *to;
        let now = self.now_ms();
        let mut tx = self.write("configurations.protect").await?;
        let others: i64 = tx
            .run(
                "versions.count_newer",
                "select count(*) from versions
             where configuration_id = $1 and version > $2 and remove_at_ms is null",
            )
            .bind(id.as_str())
            .bind(newest)
            .scalar()
            .await?;
        if others > 0 {
            return Ok(None);
        }
        for one in carried {
            let completed = tx
                .run(
                    "versions.complete_carried",
                    "update versions set state = 'complete', remove_at_ms = null, published_at_ms = $1
                 where configuration_id = $2 and version = $3 and state = 'pending'",
                )
                .bind((live == Some(one.from)).then_some(now))
                .bind(id.as_str())
                .bind(one.version)
                .execute()
                .await?;
            if completed != 1 {
                return Ok(None);
            }
        }
        let now_live = carried.iter().find(|one| live == Some(one.from)).map(|one| one.version);
        let moved = tx
            .run(
                "configurations.set_namespace",
                "update configurations set namespace = $1, live_version = $2
             where id = $3 and namespace is not distinct from $4 and live_version is not distinct from $5",
            )
            .bind(column(to))
            .bind(now_live)
            .bind(id.as_str())
            .bind(column(from))
            .bind(live)
            .execute()
            .await?
            == 1;
        if !moved {
            return Ok(None);
        }
        let retired: Vec<i64> = tx.run("versions.retire_former", "update versions set remove_at_ms = $1
             where configuration_id = $2 and namespace is distinct from $3 and state <> 'pending' returning version").bind(AT_ONCE_MS).bind(id.as_str()).bind(column(to)).scalars()
        .await?;
        for version in retired {
            mark(&mut tx, VersionId(id, version), AT_ONCE_MS).await?;
        }
        note_change(&mut tx, id).await?;
        bump(&mut tx, &id.product().to_string(), self.now_ms()).await?;
        // When it is protected, caches must not show it; when it is made public, some may keep the former 403.
        let purge =
            note(&mut tx, id.as_str(), &Purge::configuration(id), Softness::Soft(false), true).await?;
        let action = if to.is_private() { Action::Protect } else { Action::Unprotect };
        record(&mut tx, actor, action, id.as_str(), &json!({ "version": now_live, "before": live })).await?;
        tx.wake(&[Topic::Pointers, Topic::Purges]);
        tx.commit().await?;
        Ok(Some(vec![purge]))
    }

    /// Records in the audit trail that a signed address was made. The address itself is not recorded.
    pub async fn note_signed(
        &self,
        id: &ConfigId,
        key: &str,
        until: &str,
        actor: &Actor,
    ) -> Result<(), DbError> {
        let mut tx = self.write("audit.sign").await?;
        record(&mut tx, actor, Action::Sign, id.as_str(), &json!({ "key": key, "until": until })).await?;
        tx.commit().await
    }
}

/// As a namespace stands in the database: the public one is null.
pub(super) fn column(namespace: Namespace) -> Option<String> {
    namespace.id().map(|id| id.to_string())
}

pub(super) fn read_namespace(column: Option<&str>) -> Result<Namespace, DbError> {
    column.map_or(Ok(Namespace::Public), |id| Ok(Namespace::Private(parse("namespace", id)?)))
}
