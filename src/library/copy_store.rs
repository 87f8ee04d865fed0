//! Copies a store into another one, of the same kind or the other.
//!
//! Objects never change under their names, so that a copy goes on where it was interrupted, and can be brought up to date.
//! The name of the database is written last: without it a store is no copy yet, and no program takes it for one that is
//! complete.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use assets_pipeline::pack::SetList;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{Db, DbError},
    domain::identity::Identity,
    store::{Address, Listed, Store, StoreError},
};

use super::{
    identity::{self, IdentityError},
    intact::{self, AT_ONCE, Condition, Progress},
};

/// What a copy has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedStore {
    /// The name of the database that both stores have.
    pub identity: Identity,
    /// Objects that were copied.
    pub copied: u64,
    /// Objects that the target had, with the right bytes.
    pub there: u64,
    /// Objects that the target has and the source has not: deleted there since an earlier copy.
    pub left_over: u64,
}

/// Why a store was not copied. What was copied stays, and the same copy goes on there.
#[derive(Debug, thiserror::Error)]
pub enum CopyStoreError {
    /// The target is the store of another database.
    #[error("{place} is the store of another database, {identity}")]
    Other {
        /// Where it is.
        place: String,
        /// The database's name.
        identity: Identity,
    },
    /// Source and target are one store.
    #[error("{place} is the store itself: nothing is copied")]
    Same {
        /// Where it is.
        place: String,
    },
    /// The target has objects that the source has not.
    #[error("{place} is not empty: it has {objects} objects that the store has not, as {first}")]
    NotEmpty {
        /// Where it is.
        place: String,
        /// How many.
        objects: usize,
        /// One of them.
        first: Address,
    },
    /// Objects of the source are missing, damaged or unreadable.
    #[error("{objects} objects of the store are missing, damaged or unreadable, as {first}")]
    Damaged {
        /// How many.
        objects: usize,
        /// One of them.
        first: Address,
    },
    /// Database and store do not belong together.
    #[error("nothing is copied")]
    Identity(#[from] IdentityError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies every object. Those that the target has with the right bytes are passed over.
pub async fn copy_store(
    db: &Db,
    source: &Store,
    target: &Store,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<CopiedStore, CopyStoreError> {
    if source.is_same(target) {
        return Err(CopyStoreError::Same { place: target.place() });
    }
    identity::ensure(db, source).await?;
    let identity = db.make_identity().await?;
    let named = target.identity().await?;
    if let Some(other) = named.clone().filter(|named| *named != identity) {
        return Err(CopyStoreError::Other { place: target.place(), identity: other });
    }
    // No unfinished file of a writer is old enough to be deleted.
    let Listed { objects, unread } = source.list_readable(Duration::MAX).await?;
    for error in unread {
        tracing::warn!(%error, "a folder of the store cannot be read: what no version needs of it is not copied");
    }
    // What a version needs is to be there, in a list or not.
    let mut objects: HashSet<Address> = objects.into_iter().collect();
    objects.extend(db.live_objects().await?);
    let objects: Vec<Address> = objects.into_iter().collect();
    let there: HashSet<Address> = target.list(Duration::MAX).await?.into_iter().collect();
    let left_over: Vec<Address> = {
        let known: HashSet<&Address> = objects.iter().collect();
        there.iter().filter(|address| !known.contains(address)).copied().collect()
    };
    // A store without a name may be one from before there were names.
    if let (None, Some(first)) = (named, left_over.first()) {
        let (place, objects) = (target.place(), left_over.len());
        return Err(CopyStoreError::NotEmpty { place, objects, first: *first });
    }

    let copy = Copy {
        db,
        source,
        target,
        there: &there,
        report,
        total: objects.len() as u64,
        done: AtomicU64::new(0),
        copied: AtomicU64::new(0),
        passed_over: AtomicU64::new(0),
    };
    let groups: Vec<_> = intact::groups(objects).into_iter().map(|group| copy.group(group)).collect();
    let lost: Vec<Vec<Address>> = stream::iter(groups).buffer_unordered(AT_ONCE).try_collect().await?;
    let lost: Vec<Address> = lost.into_iter().flatten().collect();
    if let Some(first) = lost.iter().min() {
        return Err(CopyStoreError::Damaged { objects: lost.len(), first: *first });
    }
    target.set_identity(&identity).await?;
    Ok(CopiedStore {
        identity,
        copied: copy.copied.into_inner(),
        there: copy.passed_over.into_inner(),
        left_over: left_over.len() as u64,
    })
}

/// A copy under way.
struct Copy<'c> {
    db: &'c Db,
    source: &'c Store,
    target: &'c Store,
    there: &'c HashSet<Address>,
    report: &'c (dyn Fn(Progress) + Sync),
    total: u64,
    done: AtomicU64,
    copied: AtomicU64,
    passed_over: AtomicU64,
}

impl Copy<'_> {
    /// Copies objects that are read together. Answers those that could not be copied, and that a version may need.
    async fn group(&self, group: Vec<Address>) -> Result<Vec<Address>, CopyStoreError> {
        let list = intact::list_of(self.source, &group).await?;
        let mut lost = Vec::new();
        for address in group {
            if !self.object(&address, list.as_ref()).await? && self.db.may_be_needed(address).await? {
                lost.push(address);
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.report)(Progress { done, total: self.total });
        }
        Ok(lost)
    }

    /// Copies an object. Answers whether it is in the target then.
    async fn object(&self, address: &Address, list: Option<&SetList>) -> Result<bool, CopyStoreError> {
        if self.there.contains(address)
            && matches!(intact::read(self.target, address, list).await?, Condition::Intact(_))
        {
            self.passed_over.fetch_add(1, Ordering::Relaxed);
            return Ok(true);
        }
        let Condition::Intact(bytes) = intact::read(self.source, address, list).await? else {
            return Ok(false);
        };
        self.target.within(address.namespace).put(&address.key, &bytes).await?;
        self.copied.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }
}
