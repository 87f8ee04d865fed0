//! Protecting a configuration, and lifting that: what there is of it moves to another namespace of the store.
//!
//! What visitors see is copied first, then the pointer moves, then what was there goes as it does with a take-down. The
//! store is held alone for all of it, so that no ingest writes into the namespace that is left.

use std::collections::BTreeSet;

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        protection::Carried,
        versions::{ListedVersion, StoredVersion, VersionKind},
    },
    domain::{
        audit::Actor,
        manifest::{Manifest, Urls},
        names::{ConfigId, OptionName},
        namespace::Namespace,
    },
    library::collect::{CollectError, delete_locked, load},
    store::{Address, ObjectKey, Store, StoreError},
};

/// Each waits for a read and a write of the store's.
const COPIES_AT_ONCE: usize = 16;

/// A configuration that is protected, or public, as was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moved {
    /// It was moved.
    Done {
        /// The version that is live now.
        live: Option<i64>,
        /// The purges that this wrote.
        purges: Vec<i64>,
    },
    /// It was so before.
    Already,
}

/// Why a configuration was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// There is no such configuration.
    #[error("there is no configuration {0}")]
    NoSuchConfiguration(ConfigId),
    /// Another version of the configuration went live at the same moment.
    #[error("another version of {0} went live at the same moment")]
    Overtaken(ConfigId),
    /// A version cannot be copied without all of its objects.
    #[error("the object {0} of the version is missing or damaged")]
    Missing(Address),
    /// A manifest could not be written as JSON.
    #[error("a manifest could not be written")]
    Manifest(#[from] serde_json::Error),
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

/// Makes all of a configuration private.
pub async fn protect(db: &Db, store: &Store, id: &ConfigId, actor: &Actor) -> Result<Moved, ProtectError> {
    let to = Namespace::Private(db.new_namespace()?);
    change(db, store, id, to, actor).await
}

/// Makes a protected configuration public.
pub async fn unprotect(db: &Db, store: &Store, id: &ConfigId, actor: &Actor) -> Result<Moved, ProtectError> {
    change(db, store, id, Namespace::Public, actor).await
}

async fn change(
    db: &Db,
    store: &Store,
    id: &ConfigId,
    to: Namespace,
    actor: &Actor,
) -> Result<Moved, ProtectError> {
    let overtaken = || ProtectError::Overtaken(id.clone());
    let alone = store.lock_exclusive().await.map_err(CollectError::Hold)?;
    let Some(from) = db.namespace(id).await? else {
        return Err(ProtectError::NoSuchConfiguration(id.clone()));
    };
    if from.is_private() == to.is_private() {
        return Ok(Moved::Already);
    }
    let versions = db.versions(id).await?;
    let live = versions.iter().find(|version| version.is_live).map(|version| version.version);
    let (mut carried, mut colours) = (Vec::new(), Vec::new());
    for version in worth_keeping(&versions) {
        let Some(stored) = db.stored_version(id, version).await? else { return Err(overtaken()) };
        let number = db.next_version(id).await?;
        let (digest, colour) = copy(store, &stored, to, number).await?;
        carried.push(Carried { from: version, version: number, digest });
        colours.push(colour);
    }
    let moved = db.move_to(id, (from, to), live, &carried, actor).await?;
    let mut purges = moved.ok_or_else(overtaken)?;
    if to == Namespace::Public
        && let Some(colour) = colours.first()
    {
        suggest_swatches(db, id, colour).await?;
    }
    let deleted = delete_locked(db, store, id, &alone).await?;
    purges.extend(deleted.purges);
    let now_live = carried.iter().find(|one| live == Some(one.from)).map(|one| one.version);
    tracing::info!(configuration = %id, private = to.is_private(), objects = deleted.objects, "a configuration was moved");
    Ok(Moved::Done { live: now_live, purges })
}

/// What an ingest of what is public does by itself.
async fn suggest_swatches(db: &Db, id: &ConfigId, colour: &str) -> Result<(), DbError> {
    let choices = id.choices();
    let is_shown = |option: &OptionName| option.as_str() == "metal" || choices.len() == 1;
    for (option, choice) in choices.iter().filter(|(option, _)| is_shown(option)) {
        db.suggest_swatch(&id.product(), option, choice, colour).await?;
    }
    Ok(())
}

/// What is live, and the newest full version where that waits to be published; the older one first.
fn worth_keeping(versions: &[ListedVersion]) -> BTreeSet<i64> {
    let live = versions.iter().find(|version| version.is_live);
    let newest = versions.iter().find(|version| version.kind == VersionKind::Full);
    let waits = newest.filter(|newest| live.is_none_or(|live| newest.version > live.version));
    live.into_iter().chain(waits).map(|version| version.version).collect()
}

/// Copies what a version needs into another namespace, and its manifest under a new number; answers its digest and the
/// piece's colour.
async fn copy(
    store: &Store,
    version: &StoredVersion,
    to: Namespace,
    number: i64,
) -> Result<(Digest, String), ProtectError> {
    let (here, there) = (store.within(version.namespace), store.within(to));
    let missing = |key: ObjectKey| ProtectError::Missing(key.within(version.namespace));
    let manifest = load(&here, version.digest).await?;
    let manifest = manifest.ok_or_else(|| missing(ObjectKey::Manifest(version.digest)))?;
    let mut keys = ObjectKey::all_of(&manifest);
    keys.push(ObjectKey::Jpeg(version.jpeg));
    keys.sort_unstable();
    keys.dedup();
    let copies = stream::iter(keys).map(|key| {
        let (here, there) = (&here, &there);
        async move {
            let bytes = here.get_from_backend(&key).await?.filter(|bytes| key.may_name(bytes));
            there.put(&key, &bytes.ok_or_else(|| missing(key))?).await.map_err(ProtectError::from)
        }
    });
    copies.buffer_unordered(COPIES_AT_ONCE).try_collect::<()>().await?;
    let manifest = Manifest { version: number, urls: Urls::of(to), ..manifest };
    let json = serde_json::to_vec(&manifest)?;
    let digest = Digest::of(&json);
    // The manifest comes last: whoever reads it finds all that it names.
    there.put(&ObjectKey::Manifest(digest), &json).await?;
    Ok((digest, manifest.colour))
}
