//! Protecting a configuration, and making it public again: it moves to another namespace of the store.
//!
//! The live version is copied first, then the pointer moves, then the former objects are deleted as a take-down deletes
//! them. The copies are pending versions until the pointer moves. An ingest that meanwhile stores a version in the former
//! namespace finds that out when it completes it, and stores it again in the new one.

use std::collections::BTreeSet;

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        protection::{Carried, Move},
        versions::{ListedVersion, StoredVersion, VersionKind},
    },
    domain::{
        audit::Actor,
        manifest::{Manifest, Urls},
        names::{ConfigId, OptionName},
        namespace::Namespace,
    },
    store::{Address, ObjectKey, Store, StoreError},
};

use super::{
    collect::{CollectError, delete_at_once},
    manifests,
    references::{self, ReferenceError},
    store_version::{give_up, write_timeout},
};

/// Each waits for a read and a write of the store's.
const COPIES_AT_ONCE: usize = 16;

/// A configuration that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The version that is live now.
    pub live: Option<i64>,
    /// The purges that this wrote.
    pub purges: Vec<i64>,
}

/// Why a configuration was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// There is no such configuration.
    #[error("there is no configuration {0}")]
    NoSuchConfiguration(ConfigId),
    /// The versions of the configuration changed at the same moment.
    #[error("the versions of {0} changed at the same moment")]
    Overtaken(ConfigId),
    /// A version cannot be copied without all of its objects.
    #[error("the object {0} of the version is missing or damaged")]
    Missing(Address),
    /// A manifest could not be written as JSON.
    #[error("a manifest could not be written")]
    Manifest(#[from] serde_json::Error),
    /// The objects could not be written in time.
    #[error("the objects of {0} could not be copied in time")]
    TooSlow(ConfigId),
    /// The configuration is moved, but its former objects are still stored. The next collection deletes them.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes all of a configuration private. Returns `None` if it was so before.
pub async fn protect(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    actor: &Actor,
) -> Result<Option<Moved>, ProtectError> {
    let to = Namespace::Private(db.new_namespace()?);
    change(db, store, id, to, actor).await
}

/// Makes a protected configuration public. Returns `None` if it was so before.
pub async fn unprotect(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    actor: &Actor,
) -> Result<Option<Moved>, ProtectError> {
    change(db, store, id, Namespace::Public, actor).await
}

async fn change(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    to: Namespace,
    actor: &Actor,
) -> Result<Option<Moved>, ProtectError> {
    let overtaken = || ProtectError::Overtaken(id.clone());
    let from = db.namespace(id).await?.ok_or_else(|| ProtectError::NoSuchConfiguration(id.clone()))?;
    if from.is_private() == to.is_private() {
        return Ok(None);
    }
    let versions = db.versions(id).await?;
    let newest = versions.first().map_or(0, |version| version.version);
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let (mut carried, mut written, mut colours) = (Vec::new(), Vec::new(), Vec::new());
    let copied = async {
        for version in worth_keeping(&versions) {
            let stored = db.stored_version(id, version).await?.ok_or_else(overtaken)?;
            colours.push(copy(db, store, id, (&stored, to), (&mut carried, &mut written)).await?);
        }
        Ok::<_, ProtectError>(())
    };
    let timeout = write_timeout(store);
    let copied = tokio::time::timeout(timeout, copied).await;
    let copied = copied.map_err(|_elapsed| ProtectError::TooSlow(id.clone())).flatten();
    let moving = Move { from, to, live, newest, carried: &carried };
    let moved = match copied {
        Ok(()) => db.move_to(id, &moving, actor).await?.ok_or_else(overtaken),
        // A version that was retired while it was copied misses objects.
        Err(ProtectError::Missing(_)) if db.versions(id).await? != versions => Err(overtaken()),
        Err(error) => Err(error),
    };
    let mut purges = match moved {
        Ok(purges) => purges,
        Err(error) => {
            let versions: Vec<i64> = carried.iter().map(|one| one.version).collect();
            give_up(db, store, id, &versions, &written).await;
            return Err(error);
        }
    };
    if to == Namespace::Public
        && let Some(colour) = colours.first()
    {
        suggest_swatches(db, id, colour).await?;
    }
    let deleted = delete_at_once(db, store, id).await?;
    purges.extend(deleted.purges);
    let now_live = carried.iter().find(|one| live == Some(one.from)).map(|one| one.version);
    tracing::info!(configuration = %id, private = to.is_private(), objects = deleted.objects, "a configuration was moved");
    Ok(Some(Moved { live: now_live, purges }))
}

/// As an ingest of a public configuration does.
async fn suggest_swatches(db: &Db, id: &ConfigId, colour: &str) -> Result<(), DbError> {
    let choices = id.choices();
    let is_shown = |option: &OptionName| option.as_str() == "metal" || choices.len() == 1;
    for (option, choice) in choices.iter().filter(|(option, _)| is_shown(option)) {
        db.suggest_swatch(&id.product(), option, choice, colour).await?;
    }
    Ok(())
}

/// What is live, and the newest full version of an artist where that waits to be published; the older one first.
fn worth_keeping(versions: &[ListedVersion]) -> BTreeSet<i64> {
    let live = versions.iter().find(|version| version.is_live);
    let newest =
        versions.iter().find(|version| version.kind == VersionKind::Full && version.variant_of.is_none());
    let waits = newest.filter(|newest| live.is_none_or(|live| newest.version > live.version));
    live.into_iter().chain(waits).map(|version| version.version).collect()
}

/// Copies a version into another namespace, under a number of its own; answers the piece's colour. The copy stands in
/// `carried` as soon as the database knows it.
async fn copy(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    (version, to): (&StoredVersion, Namespace),
    (carried, written): (&mut Vec<Carried>, &mut Vec<Address>),
) -> Result<String, ProtectError> {
    let (here, there) = (store.within(version.namespace), store.within(to));
    let missing = |key: ObjectKey| ProtectError::Missing(key.within(version.namespace));
    let manifest = manifests::load(&here, version.digest).await?;
    let manifest = manifest.ok_or_else(|| missing(ObjectKey::Manifest(version.digest)))?;
    let number = db.next_version(id).await?;
    let manifest = Manifest { version: number, urls: Urls::of(to), ..manifest };
    let json = serde_json::to_vec(&manifest)?;
    let digest = Digest::of(&json);
    let keys = ObjectKey::of_version(digest, version.jpeg, &manifest);
    let one = Carried { from: version.version, version: number, digest };
    let blocked = db.begin_carried(id, &one, to, &keys).await?;
    let blocked = blocked.ok_or_else(|| ProtectError::Overtaken(id.clone()))?;
    carried.push(one);
    written.extend(keys.iter().map(|key| key.within(to)));
    references::wait(db, id, number, to, blocked).await?;

    let own = ObjectKey::Manifest(digest);
    let copies = stream::iter(keys.into_iter().filter(|key| *key != own)).map(|key| {
        let (here, there) = (&here, &there);
        async move {
            let bytes = here.look(&key).await?.bytes().filter(|bytes| key.may_name(bytes));
            there.put(&key, &bytes.ok_or_else(|| missing(key))?).await.map_err(ProtectError::from)
        }
    });
    copies.buffer_unordered(COPIES_AT_ONCE).try_collect::<()>().await?;
    // The manifest comes last: a reader of it finds all that it names.
    there.put(&own, &json).await?;
    Ok(manifest.colour)
}

impl From<ReferenceError> for ProtectError {
    fn from(error: ReferenceError) -> Self {
        match error {
            ReferenceError::NotWanted { configuration, .. } => Self::Overtaken(configuration),
            ReferenceError::Db(error) => error.into(),
        }
    }
}
