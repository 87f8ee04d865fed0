//! Reads what versions need, and says what is missing, damaged or unreadable.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{Db, objects::NeededBy},
    store::{Address, Listed, Store},
};

use super::{
    collect::CollectError,
    identity,
    intact::{self, AT_ONCE, Condition, Progress},
    references::list_versions,
};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What versions need that are not retired.
    Needed,
    /// Also what waits to be deleted, and what the database does not know of.
    All,
}

/// What is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// Its bytes are not those that it is named after.
    Damaged,
    /// Something is in its place that cannot be read, while others can, and why.
    Unreadable(String),
}

impl Fault {
    /// Of what became of an object; `None` where it is intact.
    pub(super) fn of(condition: &Condition) -> Option<Self> {
        match condition {
            Condition::Intact(_) => None,
            Condition::Missing => Some(Self::Missing),
            // The server does not serve a frame that its list does not vouch for.
            Condition::Damaged | Condition::Unknown => Some(Self::Damaged),
            Condition::Unreadable(why) => Some(Self::Unreadable(why.clone())),
        }
    }

    /// A word for it.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Why an object cannot be read.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Unreadable(why) => Some(why),
            Self::Missing | Self::Damaged => None,
        }
    }
}

/// An object that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// Which one.
    pub address: Address,
    /// What is wrong.
    pub fault: Fault,
    /// The versions that need it.
    pub needed_by: Vec<NeededBy>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Objects that were read and are as they should be.
    pub intact: u64,
    /// The others, in the order of their names.
    pub faulty: Vec<Faulty>,
    /// Objects in the store that the database does not know of: a collection deletes them.
    pub unknown: u64,
    /// Folders of the store that could not be read, each with the reason. What the database does not know of in them is not
    /// counted.
    pub unread: Vec<String>,
}

/// Reads objects of a store, and compares their bytes with their names.
pub async fn verify(
    db: &Db,
    store: &Store,
    extent: Extent,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Verified, CollectError> {
    identity::ensure(db, store).await?;
    list_versions(db, store).await?;
    // A replica could answer in place of what is missing or damaged here.
    let endpoints = store.endpoints();
    let store = endpoints.first().unwrap_or(store);
    // Before the rows, which are there before their objects.
    let Listed { objects: listed, unread } = store.list_readable(Duration::MAX).await?;
    let known: HashSet<Address> = db.known_objects().await?.into_iter().collect();
    let unknown: Vec<Address> = listed.into_iter().filter(|address| !known.contains(address)).collect();
    let left_over = unknown.len() as u64;
    let to_read: Vec<Address> = match extent {
        Extent::Needed => db.live_objects().await?,
        Extent::All => known.into_iter().chain(unknown).collect(),
    };

    // What has been made sound since it was found is known at once.
    let known_faults: HashSet<Address> = db.known_faults().await?.into_iter().collect();
    let (total, done) = (to_read.len() as u64, AtomicU64::new(0));
    let read = async |group: Vec<Address>| -> Result<(u64, Vec<Faulty>), CollectError> {
        let list = intact::list_of(store, &group).await?;
        let (mut intact, mut faulty) = (0, Vec::new());
        for address in group {
            let condition = intact::read(store, &address, list.as_ref()).await?;
            match Fault::of(&condition) {
                None => {
                    intact += 1;
                    if known_faults.contains(&address) {
                        db.note_sound(address).await?;
                    }
                }
                Some(fault) => {
                    let needed_by = db.needed_by(address).await?;
                    // It may have been deleted since its row was read.
                    if !needed_by.is_empty() || fault != Fault::Missing && extent == Extent::All {
                        faulty.push(Faulty { address, fault, needed_by });
                    }
                }
            }
            (report)(Progress { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
        }
        Ok((intact, faulty))
    };
    let groups: Vec<_> = intact::groups(to_read).into_iter().map(read).collect();
    let read: Vec<(u64, Vec<Faulty>)> = stream::iter(groups).buffer_unordered(AT_ONCE).try_collect().await?;
    let intact = read.iter().map(|(intact, _)| intact).sum();
    let mut faulty: Vec<Faulty> = read.into_iter().flat_map(|(_, faulty)| faulty).collect();
    faulty.sort_unstable_by_key(|faulty| faulty.address);
    let unread = unread.iter().map(ToString::to_string).collect();
    Ok(Verified { intact, faulty, unknown: left_over, unread })
}
