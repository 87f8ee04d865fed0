//! The objects of the store as the database knows them: which versions need them, and which are being deleted.
//!
//! A version refers to its objects before they are written, and an object is deleted only while its row says so:
//!
//! - A reference locks the object's row and clears its mark (`remove_at_ms`). One whose row is `deleting` cannot be
//!   referred to: the writer waits until the row is deleted, and then writes the object, whatever it saw before.
//! - A mark is set when the last version that counts is retired. Versions that are retired do not count; pending ones do.
//! - A collector claims rows whose mark is due: it sets `deleting` with a lease and commits, deletes the objects, and
//!   then the rows. A lease that has run out belongs to a collector that died, and another one takes the row over.
//!
//! No transaction stays open while the store is asked.

use crate::domain::{
    keys::hex,
    names::ConfigId,
    namespace::Namespace,
    object_key::{Address, ObjectKey},
    purge::Purge,
};
use crate::signals::Topic;

use super::{
    Db, DbError,
    engine::Tx,
    now_ms, parse,
    purges::{Softness, note},
    random,
};

/// When the objects of a version may be deleted that was taken down: whatever caches still say.
pub const AT_ONCE_MS: i64 = 0;

/// How long the objects of a version may take to be written. A writer that takes longer counts as dead.
pub const PENDING_MS: i64 = 3_600_000;

/// A version by its configuration and its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct VersionId<'a>(pub(super) &'a ConfigId, pub(super) i64);

/// A version that needs an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededBy {
    /// Of which configuration.
    pub configuration: ConfigId,
    /// Its number.
    pub version: i64,
}

/// Objects that this process is to delete, until the lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedObjects {
    /// Each once.
    pub addresses: Vec<Address>,
    /// When another collector takes over what is left, in milliseconds since 1970-01-01 UTC.
    pub until_ms: i64,
    /// Whether some of them may be in caches that nothing else clears.
    pub at_once: bool,
    /// The purge that was written for those.
    pub purge: Option<i64>,
    lease: String,
}

/// How many objects there are, by what becomes of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Versions need them.
    pub needed: usize,
    /// No version needs them, and they are deleted later.
    pub waiting: usize,
}

impl ObjectCounts {
    /// All of them.
    pub const fn all(self) -> usize {
        self.needed + self.waiting
    }
}

/// SQL that says whether a version refers to the object of the row: one that is not retired, or whose objects are being
/// written.
macro_rules! is_needed {
    () => {
        "exists (select 1 from version_objects r join versions v
                 on v.configuration_id = r.configuration_id and v.version = r.version
                 where r.object_id = objects.id and (v.remove_at_ms is null or v.state = 'pending'))"
    };
}

/// SQL for the objects that a collector may claim.
macro_rules! due {
    () => {
        concat!(
            "select id from objects where remove_at_ms <= $1 and (state = 'stored' or lease_until_ms < $2)
             and not ",
            is_needed!(),
            " order by id limit $3"
        )
    };
}

/// Refers to objects for a version. Returns those that are being deleted, to which it cannot refer yet.
pub(super) async fn refer(
    tx: &mut Tx,
    VersionId(id, version): VersionId<'_>,
    namespace: Namespace,
    keys: &[ObjectKey],
) -> Result<Vec<ObjectKey>, DbError> {
    let namespace = column(namespace);
    let mut blocked = Vec::new();
    for key in keys {
        let object: Option<i64> = tx
            .run(
                "objects.insert",
                "insert into objects (namespace, key) values ($1, $2)
             on conflict (namespace, key) do update set remove_at_ms = null where objects.state = 'stored'
             returning id",
            )
            .bind(&namespace)
            .bind(key.to_string())
            .optional_scalar()
            .await?;
        match object {
            Some(object) => attach(tx, VersionId(id, version), object).await?,
            None => blocked.push(*key),
        }
    }
    Ok(blocked)
}

async fn attach(tx: &mut Tx, VersionId(id, version): VersionId<'_>, object: i64) -> Result<(), DbError> {
    tx.run(
        "version_objects.insert",
        "insert into version_objects (configuration_id, version, object_id) values ($1, $2, $3)
         on conflict do nothing",
    )
    .bind(id.as_str())
    .bind(version)
    .bind(object)
    .execute()
    .await?;
    Ok(())
}

/// Records what a retired version needed, which keeps nothing from being deleted.
pub(super) async fn refer_retired(
    tx: &mut Tx,
    VersionId(id, version): VersionId<'_>,
    namespace: Namespace,
    keys: &[ObjectKey],
) -> Result<(), DbError> {
    let namespace = column(namespace);
    for key in keys {
        let object: i64 = tx
            .run(
                "objects.insert_retired",
                "insert into objects (namespace, key) values ($1, $2)
             on conflict (namespace, key) do update set key = excluded.key returning id",
            )
            .bind(&namespace)
            .bind(key.to_string())
            .scalar()
            .await?;
        attach(tx, VersionId(id, version), object).await?;
    }
    Ok(())
}

/// Marks what a retired version needed and no version that counts: it may be deleted from `at_ms` on, or earlier if it
/// was marked so before.
pub(super) async fn mark(
    tx: &mut Tx,
    VersionId(id, version): VersionId<'_>,
    at_ms: i64,
) -> Result<(), DbError> {
    tx.run(
        "objects.mark",
        concat!(
            "update objects set remove_at_ms = $1
         where (remove_at_ms is null or remove_at_ms > $1)
         and id in (select object_id from version_objects where configuration_id = $2 and version = $3)
         and not ",
            is_needed!()
        ),
    )
    .bind(at_ms)
    .bind(id.as_str())
    .bind(version)
    .execute()
    .await?;
    Ok(())
}

/// Deletes a pending version. What it alone needed is deleted at once, and the rest when retired versions say.
pub(super) async fn discard(tx: &mut Tx, VersionId(id, version): VersionId<'_>) -> Result<(), DbError> {
    let objects: Vec<i64> = tx
        .run(
            "version_objects.of_pending",
            "select r.object_id from version_objects r join versions v
         on v.configuration_id = r.configuration_id and v.version = r.version
         where v.configuration_id = $1 and v.version = $2 and v.state = 'pending'",
        )
        .bind(id.as_str())
        .bind(version)
        .scalars()
        .await?;
    tx.run(
        "versions.delete_pending",
        "delete from versions where configuration_id = $1 and version = $2 and state = 'pending'",
    )
    .bind(id.as_str())
    .bind(version)
    .execute()
    .await?;
    for object in objects {
        tx.run(
            "objects.mark_discarded",
            concat!(
                "update objects set remove_at_ms = coalesce(
                 (select max(v.remove_at_ms) from version_objects r join versions v
                  on v.configuration_id = r.configuration_id and v.version = r.version
                  where r.object_id = objects.id), $1)
             where id = $2 and remove_at_ms is null and not ",
                is_needed!()
            ),
        )
        .bind(AT_ONCE_MS)
        .bind(object)
        .execute()
        .await?;
    }
    Ok(())
}

impl Db {
    /// Refers to objects for a version that is not retired. Returns those that are still being deleted; `None` where the
    /// version is not wanted any more.
    pub async fn refer_to_objects(
        &self,
        id: &ConfigId,
        version: i64,
        namespace: Namespace,
        keys: &[ObjectKey],
    ) -> Result<Option<Vec<ObjectKey>>, DbError> {
        const IS_WANTED: &str = "select exists (select 1 from versions
            where configuration_id = $1 and version = $2 and (remove_at_ms is null or state = 'pending'))";
        let mut tx = self.write("objects.refer").await?;
        let statement = tx.run("versions.is_wanted", IS_WANTED).bind(id.as_str()).bind(version);
        if !statement.scalar::<bool>().await? {
            return Ok(None);
        }
        let blocked = refer(&mut tx, VersionId(id, version), namespace, keys).await?;
        tx.commit().await?;
        Ok(Some(blocked))
    }

    /// Claims objects that no version needs and whose mark is not after `due_ms`, at most so many; also those of
    /// collectors whose lease ran out. Of what is deleted at once a purge is written along, under the subject. `None`
    /// where there is nothing to claim.
    pub async fn claim_objects(
        &self,
        due_ms: i64,
        limit: u32,
        lease_ms: i64,
        subject: &str,
    ) -> Result<Option<ClaimedObjects>, DbError> {
        // Mostly there is nothing, which takes no lock to find out.
        let first: Option<i64> = self
            .read("objects.first_due", due!())
            .bind(due_ms)
            .bind(self.now_ms())
            .bind(1)
            .optional_scalar()
            .await?;
        if first.is_none() {
            return Ok(None);
        }
        let lease = hex(&random::<16>()?);
        let mut tx = self.write("objects.claim").await?;
        let now = self.now_ms();
        let until_ms = now.saturating_add(lease_ms);
        let rows: Vec<(String, String, i64)> = tx
            .run(
                "objects.lease",
                concat!(
                    "update objects set state = 'deleting', lease = $4, lease_until_ms = $5 where id in (",
                    due!(),
                    ") returning namespace, key, remove_at_ms"
                ),
            )
            .bind(due_ms)
            .bind(now)
            .bind(i64::from(limit))
            .bind(&lease)
            .bind(until_ms)
            .all()
            .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let (mut addresses, mut purge, mut at_once) = (Vec::new(), Purge::default(), false);
        for (namespace, key, remove_at_ms) in rows {
            let address = address(&namespace, &key)?;
            addresses.push(address);
            at_once |= remove_at_ms == AT_ONCE_MS;
            // Caches hold nothing of what is private.
            if remove_at_ms == AT_ONCE_MS && address.namespace == Namespace::Public {
                purge.tags.insert(address.key.cache_tag());
                purge.paths.insert(format!("/{}", address.key));
            }
        }
        // Before the objects are deleted: the rows that name them are deleted with them.
        let purge = if purge == Purge::default() {
            None
        } else {
            Some(note(&mut tx, subject, &purge, Softness::Soft(false), true).await?)
        };
        if purge.is_some() {
            tx.wake(&[Topic::Purges]);
        }
        tx.commit().await?;
        Ok(Some(ClaimedObjects { addresses, until_ms, at_once, purge, lease }))
    }

    /// Notes that objects were removed which caches may hold.
    #[cfg(test)]
    pub(crate) async fn note_removal(&self) -> Result<(), DbError> {
        let (addresses, lease) = (Vec::new(), String::new());
        self.delete_objects(
            &ClaimedObjects { addresses, until_ms: 0, at_once: true, purge: None, lease },
            &[],
        )
        .await
    }

    /// Deletes the rows of claimed objects that are deleted, unless another collector has taken them over.
    pub async fn delete_objects(&self, claimed: &ClaimedObjects, deleted: &[Address]) -> Result<(), DbError> {
        let mut tx = self.write("objects.delete_claimed").await?;
        for address in deleted {
            tx.run("objects.delete", "delete from objects where namespace = $1 and key = $2 and lease = $3")
                .bind(column(address.namespace))
                .bind(address.key.to_string())
                .bind(&claimed.lease)
                .execute()
                .await?;
        }
        if claimed.at_once {
            tx.run("removals.insert", "insert into removals (at_ms) values ($1)")
                .bind(now_ms())
                .execute()
                .await?;
        }
        if claimed.at_once {
            tx.wake(&[Topic::Removals]);
        }
        tx.commit().await?;
        Ok(())
    }

    /// When the first lease runs out of those under which objects with such a mark are being deleted; `None` where none
    /// is being deleted.
    pub async fn deletion_ends_at_ms(&self, due_ms: i64) -> Result<Option<i64>, DbError> {
        self.read(
            "objects.first_lease_end",
            "select min(lease_until_ms) from objects where state = 'deleting' and remove_at_ms <= $1",
        )
        .bind(due_ms)
        .scalar()
        .await
    }

    /// Counts objects that no collector deletes now.
    pub async fn count_objects(&self) -> Result<ObjectCounts, DbError> {
        let (needed, waiting): (i64, i64) = self.read("objects.count", "select count(*) - count(remove_at_ms), count(remove_at_ms) from objects where state = 'stored'").one()
        .await?;
        let count = |rows: i64| usize::try_from(rows).unwrap_or(0);
        Ok(ObjectCounts { needed: count(needed), waiting: count(waiting) })
    }

    /// Whether there are at least so many objects that no collector deletes: no more of them are counted.
    pub async fn has_objects(&self, at_least: usize) -> Result<bool, DbError> {
        const SQL: &str =
            "select count(*) from (select 1 from objects where state = 'stored' limit $1) counted";
        let at_least = i64::try_from(at_least).unwrap_or(i64::MAX);
        Ok(self.read("objects.has", SQL).bind(at_least).scalar::<i64>().await? >= at_least)
    }

    /// Objects that no collector deletes, at most so many.
    pub async fn some_objects(&self, limit: u32) -> Result<Vec<Address>, DbError> {
        let statement = self.read(
            "objects.some",
            "select namespace, key from objects where state = 'stored' order by id desc limit $1",
        );
        let rows: Vec<(String, String)> = statement.bind(i64::from(limit)).all().await?;
        rows.iter().map(|(namespace, key)| address(namespace, key)).collect()
    }

    /// Counts the objects that a collection deletes whose time has come by this moment, without those of spins that were
    /// taken down.
    pub async fn count_due_objects(&self, due_ms: i64) -> Result<usize, DbError> {
        let statement = self.read(
            "objects.count_due",
            concat!(
                "select count(*) from objects where remove_at_ms between 1 and $1 and not ",
                is_needed!()
            ),
        );
        let due: i64 = statement.bind(due_ms).scalar().await?;
        Ok(usize::try_from(due).unwrap_or(0))
    }

    /// Whether a version may need the object: one of an older version may not be listed yet.
    pub async fn may_be_needed(&self, address: Address) -> Result<bool, DbError> {
        let statement = self.read(
            "objects.may_be_needed",
            concat!(
                "select exists (select 1 from objects where namespace = $1 and key = $2 and state = 'stored' and ",
                is_needed!(),
                ") or exists (select 1 from versions where state = 'unlisted')"
            ),
        );
        statement.bind(column(address.namespace)).bind(address.key.to_string()).scalar().await
    }

    /// Every object that a version needs which is not retired.
    pub async fn live_objects(&self) -> Result<Vec<Address>, DbError> {
        let statement = self.read(
            "objects.live",
            "select namespace, key from objects where exists (select 1 from version_objects r join versions v
                 on v.configuration_id = r.configuration_id and v.version = r.version
                 where r.object_id = objects.id and v.remove_at_ms is null)",
        );
        let rows: Vec<(String, String)> = statement.all().await?;
        rows.iter().map(|(namespace, key)| address(namespace, key)).collect()
    }

    /// The versions that need an object, without those that are retired.
    pub async fn needed_by(&self, address: Address) -> Result<Vec<NeededBy>, DbError> {
        let statement = self.read(
            "objects.needed_by",
            "select r.configuration_id, r.version from objects o
             join version_objects r on r.object_id = o.id
             join versions v on v.configuration_id = r.configuration_id and v.version = r.version
             where o.namespace = $1 and o.key = $2 and o.state = 'stored' and v.remove_at_ms is null
             order by r.configuration_id, r.version",
        );
        let statement = statement.bind(column(address.namespace)).bind(address.key.to_string());
        let rows: Vec<(String, i64)> = statement.all().await?;
        let version = |(configuration, version): (String, i64)| {
            Ok(NeededBy { configuration: parse("configuration", &configuration)?, version })
        };
        rows.into_iter().map(version).collect()
    }

    /// Every object that has a row.
    pub async fn known_objects(&self) -> Result<Vec<Address>, DbError> {
        let rows: Vec<(String, String)> =
            self.read("objects.list", "select namespace, key from objects").all().await?;
        rows.iter().map(|(namespace, key)| address(namespace, key)).collect()
    }

    /// Gives rows to objects that were found in the store without one: they may be deleted from `remove_at_ms` on,
    /// unless a version refers to them before.
    pub async fn adopt_objects(&self, found: &[Address], remove_at_ms: i64) -> Result<(), DbError> {
        let mut tx = self.write("objects.adopt").await?;
        for address in found {
            tx.run("objects.insert_found", "insert into objects (namespace, key, remove_at_ms) values ($1, $2, $3) on conflict do nothing").bind(column(address.namespace)).bind(address.key.to_string()).bind(remove_at_ms).execute()
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// As a namespace stands in the rows of objects, where it is part of their name: the public one is empty.
pub(super) fn column(namespace: Namespace) -> String {
    namespace.id().map_or_else(String::new, |id| id.to_string())
}

pub(super) fn address(namespace: &str, key: &str) -> Result<Address, DbError> {
    let namespace = match namespace {
        "" => Namespace::Public,
        id => Namespace::Private(parse("namespace", id)?),
    };
    Ok(parse::<ObjectKey>("object", key)?.within(namespace))
}
