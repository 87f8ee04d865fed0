//! Collecting garbage: versions that are retired, and objects that no version needs.
//!
//! It can stop at any point and be run again: a version is retired, which marks its objects; the objects are deleted
//! when their time has come, and then the version's row is. Nothing is locked while the store is asked. An object that is
//! being deleted says so in its row, and a writer that needs it waits for the row to be deleted.

use std::{collections::HashMap, time::Duration};

use futures_util::{StreamExt as _, stream};

use crate::{
    db::{
        Db,
        objects::{AT_ONCE_MS, ClaimedObjects},
    },
    domain::{
        names::ConfigId,
        retention::{Retention, Share},
    },
    store::{Address, Store, StoreError},
};

pub use super::references::CollectError;

use super::{identity, references::list_versions};

/// Objects that are claimed at once. Their purge is one, and their lease has to last for all of them.
const CLAIMED_AT_ONCE: u32 = 400;
/// Each waits for an answer of the store's.
const DELETIONS_AT_ONCE: usize = 16;
/// How often another collector's deletions are looked at.
const WATCH_EVERY: Duration = Duration::from_millis(50);
/// How far the clocks of two machines may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(1);

/// What a collection did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Versions that were retired.
    pub retired: u64,
    /// Versions whose rows were deleted.
    pub versions: u64,
    /// Objects that were deleted.
    pub objects: usize,
}

/// Objects that were deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// How many.
    pub objects: usize,
    /// The purges that this wrote.
    pub purges: Vec<i64>,
}

/// Retires versions by the rules, and deletes every object that no version needs and whose time has come.
/// Nothing is deleted where that would be more than the share allows.
pub async fn collect(
    db: &Db,
    store: &Store,
    rules: Retention,
    share: Share,
) -> Result<Collected, CollectError> {
    identity::ensure(db, store).await?;
    let retired = db.retire_versions(rules).await?;
    db.discard_abandoned_versions().await?;
    list_versions(db, store).await?;
    let now = db.now_ms();
    let some = db.count_due_objects(now).await?;
    // All are counted only where they may be too few: a collection costs what it deletes, however large the store is.
    let is_allowed = match share.enough_for(some) {
        Some(enough) => db.has_objects(enough).await?,
        None => false,
    };
    if !is_allowed {
        let all = db.count_objects().await?.all();
        if !share.allows(some, all) {
            return Err(CollectError::TooMany { some, all, max_percent: share.max_percent });
        }
    }
    let due = delete_due(db, store, now, "garbage").await;
    let objects = match &due {
        Ok(deleted) => deleted.objects,
        Err(CollectError::Undeleted { deleted, .. }) => *deleted,
        Err(_) => 0,
    };
    // The rows of objects that could not be deleted stay, and are deleted by a later collection.
    let versions = match &due {
        Ok(_) | Err(CollectError::Undeleted { .. }) => db.delete_versions(now).await?,
        Err(_) => 0,
    };
    if objects > 0 {
        tracing::info!(objects, versions, "garbage was deleted");
    }
    due?;
    Ok(Collected { retired, versions, objects })
}

/// Deletes what is due at once: the objects of versions that were taken down, unless another version needs them.
pub async fn delete_at_once(db: &Db, store: &Store, id: &ConfigId) -> Result<Deleted, CollectError> {
    identity::ensure(db, store).await?;
    list_versions(db, store).await?;
    let deleted = delete_due(db, store, AT_ONCE_MS, id.as_str()).await?;
    db.delete_versions(AT_ONCE_MS).await?;
    Ok(deleted)
}

/// Deletes the objects whose mark is not after `due_ms`. Returns when all of them are deleted, also those that another
/// collector deletes. One that cannot be deleted keeps none of the others; it is an error in the end.
async fn delete_due(db: &Db, store: &Store, due_ms: i64, subject: &str) -> Result<Deleted, CollectError> {
    let lease = store.request_timeout() * 2 + CLOCK_SKEW;
    let lease_ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let (mut deleted, mut stuck) = (Deleted::default(), HashMap::new());
    loop {
        // Those that are stuck stay claimed until their lease runs out.
        let claimed = db.claim_objects(due_ms, CLAIMED_AT_ONCE, lease_ms, subject).await?;
        let claimed = claimed.filter(|claimed| !claimed.addresses.iter().all(|one| stuck.contains_key(one)));
        if let Some(claimed) = claimed {
            deleted.purges.extend(claimed.purge);
            deleted.objects += delete_claimed(db, store, &claimed, &mut stuck).await?;
        } else if let Some(first) = stuck.keys().min().copied() {
            let objects = stuck.len();
            let Some(source) = stuck.remove(&first) else { return Ok(deleted) };
            let (source, deleted) = (Box::new(source), deleted.objects);
            return Err(CollectError::Undeleted { objects, first, deleted, source });
        } else if db.deletion_ends_at_ms(due_ms).await?.is_some() {
            tokio::time::sleep(WATCH_EVERY).await;
        } else {
            return Ok(deleted);
        }
    }
}

/// Deletes claimed objects, then their rows. Answers how many; what the lease is too short for is left to a later claim, and
/// what cannot be deleted is `stuck`.
async fn delete_claimed(
    db: &Db,
    store: &Store,
    claimed: &ClaimedObjects,
    stuck: &mut HashMap<Address, StoreError>,
) -> Result<usize, CollectError> {
    // A request that begins later could take effect after another collector has taken the object over.
    let request_ms = i64::try_from((store.request_timeout() + CLOCK_SKEW).as_millis()).unwrap_or(i64::MAX);
    let last_start_ms = claimed.until_ms.saturating_sub(request_ms);
    let deletions: Vec<_> =
        claimed.addresses.iter().map(|address| delete(db, store, *address, last_start_ms)).collect();
    let ended: Vec<(Address, Result<bool, StoreError>)> =
        stream::iter(deletions).buffer_unordered(DELETIONS_AT_ONCE).collect().await;
    let deleted: Vec<Address> = ended
        .iter()
        .filter(|(_, deleted)| matches!(deleted, Ok(true)))
        .map(|(address, _)| *address)
        .collect();
    db.delete_objects(claimed, &deleted).await?;
    for (address, deleted) in ended {
        match deleted {
            Err(error) if error.of_object().is_some() => drop(stuck.insert(address, error)),
            deleted => drop(deleted?),
        }
    }
    Ok(deleted.len())
}

/// Answers whether the object is deleted; not if it is too late to begin.
async fn delete(
    db: &Db,
    store: &Store,
    address: Address,
    last_start_ms: i64,
) -> (Address, Result<bool, StoreError>) {
    if db.now_ms() > last_start_ms {
        return (address, Ok(false));
    }
    let deleted = store.within(address.namespace).remove(&address.key).await;
    (address, deleted.map(|()| true))
}
