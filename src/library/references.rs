//! What versions need, in the database: written before the objects are, and listed for versions that are older.
//!
//! A version that was made before the database knew its objects is listed from its manifest. Until every version is
//! listed nothing is deleted, since a version that is not listed may need it. One whose manifest cannot be read is named;
//! it is listed once its frames are ingested again, or it is replaced or taken down.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        garbage::UnlistedVersion,
        objects::PENDING_MS,
        versions::{Fence, NewVersion},
    },
    domain::{names::ConfigId, namespace::Namespace, object_key::ObjectKey, retention::Share},
    store::{Address, Listed, Store, StoreError},
};

use super::{
    identity::{self, IdentityError},
    manifests,
};

/// Versions that are listed in one go.
const BATCH: u32 = 500;
/// Manifests read at once: each waits for the store.
const READS_AT_ONCE: usize = 16;
/// The first pause before an object that is being deleted is looked at again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// Why garbage was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is another database's.
    #[error("nothing is deleted")]
    Identity(#[from] IdentityError),
    /// Some objects could not be deleted, while others could.
    #[error("{objects} objects could not be deleted, as {first}, while {deleted} were")]
    Undeleted {
        /// How many.
        objects: usize,
        /// One of them.
        first: Address,
        /// Objects that were deleted.
        deleted: usize,
        /// Why that one could not be.
        source: Box<StoreError>,
    },
    /// More would be deleted than the settings allow without an operator's word.
    #[error(
        "{some} of {all} objects would be deleted, which is more than {max_percent} % (versions.collect_max_percent): \
         nothing is deleted"
    )]
    TooMany {
        /// Objects that would be deleted.
        some: usize,
        /// All objects.
        all: usize,
        /// What the settings allow.
        max_percent: u32,
    },
    /// The store has objects that the database does not know, more than the settings allow to delete without an operator's
    /// word.
    #[error(
        "the database does not know {some} of {all} objects in the store, which is more than {max_percent} % \
         (versions.collect_max_percent): none of them is deleted"
    )]
    TooManyUnknown {
        /// Objects that the database does not know.
        some: usize,
        /// All objects.
        all: usize,
        /// What the settings allow.
        max_percent: u32,
    },
    /// It is not known what a version needs, so that nothing is safe to delete.
    #[error(
        "the manifest {manifest} of version {version} of {configuration} is missing or damaged: nothing is deleted until \
         its frames are ingested again or it is taken down"
    )]
    Unlisted {
        /// Of which configuration.
        configuration: ConfigId,
        /// Which version.
        version: i64,
        /// Where its manifest should be.
        manifest: Address,
    },
}

/// Why a version cannot refer to its objects.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The version was retired or deleted meanwhile, or its fence forbids it.
    #[error("version {version} of {configuration} is not wanted any more")]
    NotWanted {
        /// Of which configuration.
        configuration: ConfigId,
        /// Which version.
        version: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Begins a version that needs these objects. Returns when none of them is being deleted: they are to be written after
/// that, whatever the store had before.
pub async fn begin(
    db: &Db,
    id: &ConfigId,
    new: &NewVersion,
    fence: &Fence,
    keys: &[ObjectKey],
) -> Result<(), ReferenceError> {
    let not_wanted = || ReferenceError::NotWanted { configuration: id.clone(), version: new.version };
    let blocked = db.begin_version(id, new, fence, keys).await?.ok_or_else(not_wanted)?;
    wait(db, id, new.version, new.namespace, blocked).await
}

/// Refers to the objects of a version, as [`begin`] does for a new one.
pub async fn refer(
    db: &Db,
    id: &ConfigId,
    version: i64,
    namespace: Namespace,
    keys: &[ObjectKey],
) -> Result<(), ReferenceError> {
    wait(db, id, version, namespace, keys.to_vec()).await
}

/// Waits until the version refers to all of these objects.
pub(super) async fn wait(
    db: &Db,
    id: &ConfigId,
    version: i64,
    namespace: Namespace,
    mut blocked: Vec<ObjectKey>,
) -> Result<(), ReferenceError> {
    let mut pause = FIRST_PAUSE;
    while !blocked.is_empty() {
        let still = db.refer_to_objects(id, version, namespace, &blocked).await?;
        blocked = still.ok_or_else(|| ReferenceError::NotWanted { configuration: id.clone(), version })?;
        if !blocked.is_empty() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
    Ok(())
}

/// Lists what every version needs. Returns when all of them are listed; after a failure, a later call continues.
pub(super) async fn list_versions(db: &Db, store: &Store) -> Result<(), CollectError> {
    loop {
        let unlisted = db.unlisted_versions(BATCH).await?;
        if unlisted.is_empty() {
            return Ok(());
        }
        let versions = unlisted.len();
        let listed: Vec<_> = unlisted.into_iter().map(|version| list_version(db, store, version)).collect();
        let unreadable: Vec<Option<UnlistedVersion>> =
            stream::iter(listed).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        let mut unreadable: Vec<UnlistedVersion> = unreadable.into_iter().flatten().collect();
        unreadable.sort_unstable_by(|one, other| {
            (&one.configuration, one.version).cmp(&(&other.configuration, other.version))
        });
        for UnlistedVersion { configuration, version, .. } in &unreadable {
            tracing::warn!(%configuration, version, "the manifest of a version is missing or damaged");
        }
        if let Some(UnlistedVersion { configuration, version, manifest, namespace, .. }) =
            unreadable.into_iter().next()
        {
            let manifest = ObjectKey::Manifest(manifest).within(namespace);
            return Err(CollectError::Unlisted { configuration, version, manifest });
        }
        tracing::info!(versions, "what older versions need is listed in the database");
    }
}

/// Answers the version if it cannot be listed, since its manifest cannot be read.
async fn list_version(
    db: &Db,
    store: &Store,
    version: UnlistedVersion,
) -> Result<Option<UnlistedVersion>, CollectError> {
    let manifest = manifests::load(&store.within(version.namespace), version.manifest).await?;
    let keys = match manifest {
        Some(manifest) => ObjectKey::of_version(version.manifest, version.jpeg, &manifest),
        // The rest of what it had is found in the store, by nothing needing it.
        None if version.remove_at_ms.is_some() || db.retire_replaced(&version).await? => {
            vec![ObjectKey::Manifest(version.manifest), ObjectKey::Jpeg(version.jpeg)]
        }
        None => return Ok(Some(version)),
    };
    let mut pause = FIRST_PAUSE;
    while !db.list_version(&version, &keys).await? {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
    Ok(None)
}

/// Gives rows to objects that the store has and the database does not know, as writers of older versions have left
/// them: they are deleted after so many milliseconds. Answers how many there were.
///
/// A store that has more of them than the share allows, or than objects that the database knows, may belong to another
/// database: nothing is marked then.
pub async fn adopt_unknown(
    db: &Db,
    store: &Store,
    grace_ms: i64,
    share: Share,
) -> Result<usize, CollectError> {
    identity::ensure(db, store).await?;
    list_versions(db, store).await?;
    // Before the rows are read: what is written from now on has its row first, and is not in the list.
    // A younger partial file may be one that a writer has just begun, whatever the grace.
    let leftover = Duration::from_millis(grace_ms.max(PENDING_MS).unsigned_abs());
    let Listed { objects: stored, unread } = store.list_readable(leftover).await?;
    for error in unread {
        tracing::warn!(%error, "a folder of the store cannot be read: what it has is left");
    }
    let known: std::collections::HashSet<Address> = db.known_objects().await?.into_iter().collect();
    let (known, unknown): (Vec<Address>, Vec<Address>) =
        stored.into_iter().partition(|address| known.contains(address));
    let (some, all) = (unknown.len(), unknown.len() + known.len());
    if share != Share::ANY && (some > known.len() || !share.allows(some, all)) {
        return Err(CollectError::TooManyUnknown { some, all, max_percent: share.max_percent });
    }
    db.adopt_objects(&unknown, db.now_ms().saturating_add(grace_ms)).await?;
    Ok(unknown.len())
}
