//! Objects that nothing needs any more, and their end.
//!
//! In this order, so that it can be cut off anywhere and done again: a version is marked as gone, its objects are
//! removed when their time has come, its row is. While objects are removed the store is held, so that no ingest
//! relies on one that goes.

use std::{
    collections::{HashMap, HashSet},
    io,
    time::Duration,
};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        garbage::{AT_ONCE_MS, VersionObjects},
        now_ms,
    },
    domain::{manifest::Manifest, names::ConfigId, namespace::Namespace, purge::Purge, retention::Retention},
    store::{Address, ObjectKey, Store, StoreError, StoreLock},
};

/// Each waits for an answer of the store's, and all of them are waited for while the store is held.
const REMOVALS_AT_ONCE: usize = 16;

/// Why garbage stays.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store could not be held.
    #[error("the object store could not be held")]
    Hold(#[source] io::Error),
    /// What a version needs cannot be told, so that nothing is safe to remove.
    #[error("the manifest {0} of a version is missing or damaged: nothing is removed while it is")]
    Manifest(Address),
    /// A version cannot be copied without all of its objects.
    #[error("the object {0} of the version is missing or damaged")]
    Missing(Address),
    /// A manifest could not be written as JSON.
    #[error("a manifest could not be written")]
    Write(#[source] serde_json::Error),
}

/// What a collection came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Versions that were given up now.
    pub retired: u64,
    /// Versions whose rows are gone.
    pub versions: u64,
    /// Objects that are gone.
    pub objects: usize,
    /// Objects that nothing needs, and whose time has not come.
    pub waiting: usize,
    /// Objects that versions need.
    pub needed: usize,
}

/// Gives up what the rules say, and removes every object that nothing needs and whose time has come.
pub async fn collect(db: &Db, store: &Store, rules: Retention) -> Result<Collected, CollectError> {
    let _alone = store.lock_exclusive().await.map_err(CollectError::Hold)?;
    let retired = db.retire_versions(rules).await?;
    let now = now_ms();
    let (needed, going) = stock(db, store).await?;
    let known = db.garbage().await?;
    let leftover = Duration::from_millis(rules.grace_ms.try_into().unwrap_or(0));
    let (mut due, mut marked, mut cleared) = (Vec::new(), Vec::new(), Vec::new());
    let mut collected = Collected { retired, ..Collected::default() };
    let mut there = HashSet::new();
    for key in store.list(leftover).await? {
        let path = key.to_string();
        if needed.needs(&key) {
            collected.needed += 1;
            continue;
        }
        let first_seen = || known.get(&path).copied().unwrap_or(now.saturating_add(rules.grace_ms));
        let remove_at_ms = going.get(&key).copied().unwrap_or_else(first_seen);
        if remove_at_ms <= now {
            due.push(key);
            continue;
        }
        collected.waiting += 1;
        there.insert(path.clone());
        marked.push((path, remove_at_ms));
    }
    cleared.extend(known.into_keys().filter(|key| !there.contains(key)));
    collected.objects = due.len();
    // A take-down that was cut off.
    let named: Vec<Address> =
        due.iter().filter(|place| going.get(place) == Some(&AT_ONCE_MS)).copied().collect();
    let is_named = !named.is_empty();
    if is_named {
        db.purge_objects("a take-down that was cut off", &purge(&named)).await?;
    }
    remove(store, due).await?;
    if is_named {
        db.note_removal().await?;
    }
    db.note_garbage(&marked, &cleared).await?;
    collected.versions = db.forget_versions(now).await?;
    if collected.objects > 0 {
        tracing::info!(objects = collected.objects, versions = collected.versions, "garbage was removed");
    }
    Ok(collected)
}

/// What was deleted at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Objects.
    pub objects: usize,
    /// The purges that this wrote.
    pub purges: Vec<i64>,
}

/// Deletes at once what a configuration's deleted versions had and no other version needs.
pub async fn delete_at_once(db: &Db, store: &Store, id: &ConfigId) -> Result<Deleted, CollectError> {
    let alone = store.lock_exclusive().await.map_err(CollectError::Hold)?;
    delete_locked(db, store, id, &alone).await
}

/// The same as [`delete_at_once`], under the exclusive lock.
pub async fn delete_locked(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    _alone: &StoreLock,
) -> Result<Deleted, CollectError> {
    let (needed, going) = stock(db, store).await?;
    let due = going.into_iter().filter(|(place, at_ms)| *at_ms == AT_ONCE_MS && !needed.needs(place));
    let due: Vec<Address> = due.map(|(place, _)| place).collect();
    let objects = due.len();
    // Before the objects are deleted: after a crash in between, their names would be known to nothing.
    let purge = db.purge_objects(id.as_str(), &purge(&due)).await?;
    remove(store, due).await?;
    db.note_removal().await?;
    db.forget_versions(AT_ONCE_MS).await?;
    Ok(Deleted { objects, purges: vec![purge] })
}

/// What versions need that are there to stay. Sets are needed as a whole.
#[derive(Debug, Default)]
struct Needed {
    sets: HashSet<(Namespace, Digest)>,
    others: HashSet<Address>,
}

impl Needed {
    fn needs(&self, place: &Address) -> bool {
        match place.key {
            ObjectKey::Frame { set, .. } | ObjectKey::SetList(set) => {
                self.sets.contains(&(place.namespace, set))
            }
            _ => self.others.contains(place),
        }
    }
}

/// What is needed, and what versions that are gone needed, with the moment from which it may go.
async fn stock(db: &Db, store: &Store) -> Result<(Needed, HashMap<Address, i64>), CollectError> {
    let (mut needed, mut going) = (Needed::default(), HashMap::new());
    for version in db.version_objects().await? {
        let manifest = load(&store.within(version.namespace), version.manifest).await?;
        match version.remove_at_ms {
            None => {
                let missing = ObjectKey::Manifest(version.manifest).within(version.namespace);
                for place in objects(&version, &manifest.ok_or(CollectError::Manifest(missing))?) {
                    if let ObjectKey::SetList(set) = place.key {
                        needed.sets.insert((place.namespace, set));
                    }
                    needed.others.insert(place);
                }
            }
            // Without its manifest, what it had is found by nothing needing it.
            Some(at_ms) => {
                let keys = manifest.map(|manifest| objects(&version, &manifest)).unwrap_or_default();
                for key in keys {
                    // What was taken down goes, also where a version that is only old would have kept it for a while.
                    going.entry(key).and_modify(|at: &mut i64| *at = at_ms.min(*at)).or_insert(at_ms);
                }
            }
        }
    }
    Ok((needed, going))
}

/// The manifest of a version; `None` where it is missing or damaged.
pub async fn load(store: &Store, digest: Digest) -> Result<Option<Manifest>, StoreError> {
    let json = store.get(&ObjectKey::Manifest(digest)).await?;
    let json = json.filter(|json| Digest::of(json) == digest);
    Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
}

fn objects(version: &VersionObjects, manifest: &Manifest) -> Vec<Address> {
    let own = [ObjectKey::Manifest(version.manifest), ObjectKey::Jpeg(version.jpeg)];
    own.into_iter().chain(ObjectKey::all_of(manifest)).map(|key| key.within(version.namespace)).collect()
}

/// What caches may have of these objects: nothing of private ones.
fn purge(places: &[Address]) -> Purge {
    let public = || places.iter().filter(|place| place.namespace == Namespace::Public).map(|place| place.key);
    Purge {
        tags: public().map(|key| key.cache_tag()).collect(),
        paths: public().map(|key| format!("/{key}")).collect(),
        ..Purge::default()
    }
}

/// Manifests go last: whoever is cut off finds by them what is left to do.
async fn remove(store: &Store, places: Vec<Address>) -> Result<(), StoreError> {
    let (manifests, others): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|place| matches!(place.key, ObjectKey::Manifest(_)));
    for places in [others, manifests] {
        let removals = stream::iter(places)
            .map(|place| async move { store.within(place.namespace).remove(&place.key).await });
        removals.buffer_unordered(REMOVALS_AT_ONCE).try_collect::<()>().await?;
    }
    Ok(())
}
