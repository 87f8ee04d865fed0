//! Storing a version: its row first, which is pending and refers to its objects, then the objects, then it is complete.

use std::{sync::Arc, time::Duration};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        objects::{AT_ONCE_MS, PENDING_MS},
        versions::{Fence, NewVersion, StoredVersion, VersionKind},
    },
    domain::{figures::SetFigures, manifest::Manifest, names::ConfigId, namespace::Namespace},
    store::{Address, ObjectKey, Store, StoreError},
};

use super::{
    collect::{CollectError, delete_at_once},
    references::{self, ReferenceError},
};

/// Objects written at once: each waits for its disk.
const WRITES_AT_ONCE: usize = 16;
/// How often a version is stored that finds its configuration in another namespace when it is complete.
const ATTEMPTS: u32 = 3;

/// Why a version was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreVersionError {
    /// The configuration was protected, or made public, again and again.
    #[error("{0} was moved to another namespace while it was being stored")]
    Moved(ConfigId),
    /// Its spin was taken down.
    #[error("{0} was taken down while its version was being made")]
    TakenDown(ConfigId),
    /// The store took too long.
    #[error("the objects of {0} could not be written in time")]
    TooSlow(ConfigId),
    /// The version could not refer to its objects.
    #[error(transparent)]
    Reference(ReferenceError),
    /// A manifest could not be written as JSON.
    #[error("the manifest could not be written")]
    Manifest(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReferenceError> for StoreVersionError {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::NotWanted { configuration, .. } => Self::TakenDown(configuration),
            error @ ReferenceError::Db(_) => Self::Reference(error),
        }
    }
}

/// What a version was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Early or full.
    pub kind: VersionKind,
    /// Of the raw frames in turn order.
    pub source: Digest,
    /// Of all that shaped the encodes.
    pub settings: Digest,
}

/// A version's objects in memory.
#[derive(Debug, Clone)]
pub struct VersionObjects {
    /// What the version holds.
    pub manifest: Manifest,
    /// Of the manifest.
    pub digest: Digest,
    /// Of the hero frame as a JPEG.
    pub jpeg: Digest,
    /// What is known of its frames.
    pub figures: Vec<SetFigures>,
    objects: Vec<(ObjectKey, Arc<[u8]>)>,
    json: Vec<u8>,
}

impl VersionObjects {
    /// A manifest, the hero frame as a JPEG, and every object that the manifest names.
    pub fn new(
        manifest: Manifest,
        jpeg: &[u8],
        figures: Vec<SetFigures>,
        mut objects: Vec<(ObjectKey, Arc<[u8]>)>,
    ) -> Result<Self, serde_json::Error> {
        let json = serde_json::to_vec(&manifest)?;
        let still = Digest::of(jpeg);
        objects.push((ObjectKey::Jpeg(still), Arc::from(jpeg)));
        Ok(Self { digest: Digest::of(&json), manifest, jpeg: still, figures, objects, json })
    }

    /// The bytes of one of them, if the version has it.
    pub fn object(&self, key: &ObjectKey) -> Option<&[u8]> {
        if *key == ObjectKey::Manifest(self.digest) {
            return Some(&self.json);
        }
        self.objects.iter().find(|(one, _)| one == key).map(|(_, bytes)| &**bytes)
    }

    /// Each key once.
    fn keys(&self) -> Vec<ObjectKey> {
        let mut keys: Vec<ObjectKey> = self.objects.iter().map(|(key, _)| *key).collect();
        keys.push(ObjectKey::Manifest(self.digest));
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Writes everything, the manifest last: a reader of it finds all that it names.
    async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let writes: Vec<_> = self.objects.iter().map(|(key, bytes)| store.put(key, bytes)).collect();
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
        store.put(&ObjectKey::Manifest(self.digest), &self.json).await
    }
}

/// How long the objects of a version may take to be written. What is asked of the store within it has happened before
/// the writer counts as dead.
pub(super) fn write_timeout(store: &Store) -> Duration {
    Duration::from_millis(PENDING_MS.unsigned_abs()).saturating_sub(store.request_timeout() * 2)
}

/// Stores a new version of a configuration, which `build` makes for its number and its namespace. A take-down that comes
/// before it is complete ends it, and what was written of it is deleted.
pub async fn store_version(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    (origin, fence): (Origin, &Fence),
    build: &(dyn Fn(i64, Namespace) -> Result<VersionObjects, serde_json::Error> + Send + Sync),
) -> Result<VersionObjects, StoreVersionError> {
    for _ in 0..ATTEMPTS {
        let namespace = db.namespace(id).await?.unwrap_or(Namespace::Public);
        let version = db.next_version(id).await?;
        let objects = build(version, namespace)?;
        let Origin { kind, source, settings } = origin;
        let (digest, jpeg, figures) = (objects.digest, objects.jpeg, objects.figures.clone());
        let new = NewVersion { version, kind, digest, jpeg, source, settings, figures, namespace };
        references::begin(db, id, &new, fence, &objects.keys()).await?;
        let written = write(&store.within(namespace), id, &objects).await;
        if written.is_ok() && complete(db, id, version, fence).await? {
            return Ok(objects);
        }
        let is_pending = db.refer_to_objects(id, version, namespace, &[]).await?.is_some();
        if is_pending && let Err(error) = written {
            // Its objects stay until the writer counts as dead.
            return Err(error);
        }
        // The configuration has another namespace now, or was taken down.
        let written_to: Vec<Address> = objects.keys().into_iter().map(|key| key.within(namespace)).collect();
        give_up(db, store, id, &[version], &written_to).await;
        if !is_pending {
            return Err(StoreVersionError::TakenDown(id.clone()));
        }
    }
    Err(StoreVersionError::Moved(id.clone()))
}

/// Completes a version whose objects are stored. One that was polished goes live with it.
async fn complete(db: &Db, id: &ConfigId, version: i64, fence: &Fence) -> Result<bool, DbError> {
    match fence {
        Fence::Job(_) | Fence::Since(_) => db.complete_version(id, version).await,
        Fence::Polish(leased) => db.complete_polished(id, version, leased).await,
    }
}

/// Stores all objects of a damaged version again, if they are the same as they were. Answers whether the version is whole.
pub async fn restore_version(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    damaged: &StoredVersion,
    objects: &VersionObjects,
) -> Result<bool, StoreVersionError> {
    let StoredVersion { version, digest, jpeg, namespace } = *damaged;
    if (objects.digest, objects.jpeg) != (digest, jpeg) || db.namespace(id).await? != Some(namespace) {
        return Ok(false);
    }
    match references::refer(db, id, version, namespace, &objects.keys()).await {
        Err(ReferenceError::NotWanted { .. }) => return Ok(false),
        referred => referred?,
    }
    let written = write(&store.within(namespace), id, objects).await;
    if written.is_ok() && db.restore_version(id, version).await? {
        return Ok(true);
    }
    if db.refer_to_objects(id, version, namespace, &[]).await?.is_some() {
        return written.map(|()| false);
    }
    let written_to: Vec<Address> = objects.keys().into_iter().map(|key| key.within(namespace)).collect();
    give_up(db, store, id, &[], &written_to).await;
    Ok(false)
}

/// Deletes pending versions, and what was written for them that no other version needs. A take-down may have deleted objects
/// before they were written, and the rows that name them.
pub(super) async fn give_up(db: &Db, store: &Store, id: &ConfigId, versions: &[i64], written: &[Address]) {
    let given_up = async {
        for version in versions {
            db.discard_version(id, *version).await?;
        }
        // Deletions that are under way end before the objects have rows again.
        delete_at_once(db, store, id).await?;
        db.adopt_objects(written, AT_ONCE_MS).await?;
        delete_at_once(db, store, id).await?;
        Ok::<_, CollectError>(())
    };
    if let Err(error) = given_up.await {
        // A collection deletes it later.
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, configuration = %id, "objects could not be deleted");
    }
}

async fn write(store: &Store, id: &ConfigId, objects: &VersionObjects) -> Result<(), StoreVersionError> {
    let written = tokio::time::timeout(write_timeout(store), objects.write(store)).await;
    Ok(written.map_err(|_elapsed| StoreVersionError::TooSlow(id.clone()))??)
}
