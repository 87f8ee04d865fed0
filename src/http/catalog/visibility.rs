//! Whether clients can see a configuration, now or when it was last known.

use std::{hash::Hash, time::Duration};

use super::MAX_POINTERS;
use crate::{
    cache::Cache,
    db::versions::Pointer,
    domain::{
        names::{ConfigId, ProductId},
        namespace::Namespace,
    },
    http::problem::Error,
};

/// What was read last of pointers and revisions, for while the database cannot be asked. What did not exist is not among
/// it: it may exist by now.
#[derive(Debug)]
pub(super) struct LastKnown {
    pub(super) pointers: Cache<ConfigId, Visibility>,
    pub(super) revisions: Cache<ProductId, i64>,
}

impl LastKnown {
    pub(super) fn for_at_most(time: Duration) -> Self {
        Self {
            pointers: Cache::of_entries("last pointers", MAX_POINTERS, time),
            revisions: Cache::of_entries("last revisions", MAX_POINTERS, time),
        }
    }

    pub(super) async fn note_visibility(&self, id: &ConfigId, visibility: Visibility) {
        match visibility {
            Visibility::Absent => self.pointers.evict(id).await,
            existing => self.pointers.replace(id.clone(), existing).await,
        }
    }

    pub(super) async fn note_revision(&self, id: &ProductId, revision: Option<i64>) {
        match revision {
            None => self.revisions.evict(id).await,
            Some(revision) => self.revisions.replace(id.clone(), revision).await,
        }
    }
}

/// What is true now, or what was true last while the database cannot be asked, or not in time.
pub(super) async fn or_last_known<K, L, V>(
    now: Result<V, Error>,
    last: &Cache<K, L>,
    key: &K,
) -> Result<V, Error>
where
    K: Hash + Eq + Send + Sync + 'static,
    L: Copy + Into<V> + Send + Sync + 'static,
{
    match now {
        Err(why @ (Error::Busy(_) | Error::Overloaded)) => match last.get(key).await {
            Some(last) => Ok((*last).into()),
            None => Err(why),
        },
        now => now,
    }
}

/// Whether clients can see a configuration.
#[derive(Debug, Clone, Copy)]
pub(super) enum Visibility {
    /// A version is live.
    Live(Pointer),
    /// A version was live and was taken down.
    TakenDown,
    /// Only signed addresses show it.
    Protected(Protected),
    /// No version was ever live.
    Absent,
}

impl Visibility {
    pub(super) fn public_pointer(self, id: &ConfigId) -> Result<Pointer, Error> {
        match self {
            Self::Live(pointer) => Ok(pointer),
            Self::Protected(_) => Err(Error::Protected),
            Self::TakenDown => Err(Error::TakenDown(id.clone())),
            Self::Absent => Err(Error::NoSpin(id.clone())),
        }
    }
}

/// A protected configuration.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protected {
    /// The namespace of its objects.
    pub(crate) namespace: Namespace,
    /// The live version.
    pub(crate) live: Option<Pointer>,
}
