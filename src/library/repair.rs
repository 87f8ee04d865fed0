//! Makes objects sound again that are missing, damaged or unreadable, from bytes that are what their names say.
//!
//! A version refers to an object before it is written, as for a new version, so that no collector deletes it meanwhile. A
//! damaged object is replaced: readers find its old bytes or the new ones, and compare both with its name. What was repaired
//! is not noted anywhere: a repair that was interrupted is run again, and finds less to do.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use assets_pipeline::pack::SetList;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::Db,
    store::{Address, ObjectKey, Store, StoreError},
};

use super::{
    backup::ObjectSource,
    collect::{CollectError, delete_at_once},
    intact::{self, AT_ONCE, Condition, Progress},
    references::{ReferenceError, refer},
    store_version::VersionObjects,
    verify::Faulty,
};

/// How long an object that is being deleted is left before it is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Why an object was not written.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// What no version needs could not be deleted, or the database or the store failed.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The version could not refer to the object.
    #[error(transparent)]
    Reference(ReferenceError),
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> Self {
        Self::Collect(error.into())
    }
}

/// An object that is sound again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// As it was found.
    pub faulty: Faulty,
    /// Where its bytes are from.
    pub from: String,
}

/// An object whose place takes no other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritten {
    /// As it was found.
    pub faulty: Faulty,
    /// Why it could not be written.
    pub why: String,
}

/// What became of objects that were missing or damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// They are sound again.
    pub repaired: Vec<Repaired>,
    /// There was no sound copy.
    pub left: Vec<Faulty>,
    /// There was one, and it could not be written, while others could.
    pub unwritten: Vec<Unwritten>,
    /// Frames that are as they should be: their list was missing or damaged, which alone says so.
    pub sound: u64,
    /// What no version needs any more.
    pub unneeded: u64,
}

impl Outcome {
    /// The same for further objects. What is left of these replaces nothing.
    pub fn add(&mut self, Self { repaired, left, unwritten, sound, unneeded }: Self) {
        self.repaired.extend(repaired);
        self.left.extend(left);
        self.unwritten.extend(unwritten);
        self.sound += sound;
        self.unneeded += unneeded;
    }
}

/// Copies objects back from other places, the first that has a sound copy of each.
pub async fn repair_from_copies(
    db: &Db,
    store: &Store,
    copies: &[ObjectSource],
    faulty: Vec<Faulty>,
    report: &(dyn Fn(Progress) + Sync),
) -> Result<Outcome, RepairError> {
    let own = own(store);
    let (own, total, done) = (&own, faulty.len() as u64, AtomicU64::new(0));
    let repair = Repair { db, store, own, copies, report, total, done };
    let mut by_address: HashMap<Address, Faulty> =
        faulty.into_iter().map(|faulty| (faulty.address, faulty)).collect();
    let groups = intact::groups(by_address.keys().copied().collect());
    let of_group =
        |group: Vec<Address>| group.iter().filter_map(|address| by_address.remove(address)).collect();
    let groups: Vec<Vec<Faulty>> = groups.into_iter().map(of_group).collect();
    let repairs: Vec<_> = groups.into_iter().map(|group| repair.group(group)).collect();
    let outcomes: Vec<Outcome> = stream::iter(repairs).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.add(outcome);
    }
    all.repaired.sort_unstable_by_key(|repaired| repaired.faulty.address);
    all.left.sort_unstable_by_key(|faulty| faulty.address);
    Ok(all)
}

/// Writes the objects of one version that were made again. Those that it does not have are left.
pub async fn repair_from_objects(
    db: &Db,
    store: &Store,
    made: &VersionObjects,
    from: &str,
    mut faulty: Vec<Faulty>,
) -> Result<Outcome, RepairError> {
    faulty.sort_by_key(|faulty| !is_list(faulty));
    let own = own(store);
    let mut outcome = Outcome::default();
    for faulty in faulty {
        let address = faulty.address;
        let Some(bytes) = made.object(&address.key) else {
            outcome.left.push(faulty);
            continue;
        };
        // A frame whose list was missing may be as it should be.
        let there = own.within(address.namespace).look(&address.key).await?;
        if there.bytes().as_deref() == Some(bytes) {
            outcome.sound += 1;
        } else {
            outcome.note(write(db, store, &faulty, bytes).await?, faulty, from);
        }
    }
    Ok(outcome)
}

/// A repair from copies under way.
struct Repair<'r> {
    db: &'r Db,
    store: &'r Store,
    own: &'r Store,
    copies: &'r [ObjectSource],
    report: &'r (dyn Fn(Progress) + Sync),
    total: u64,
    done: AtomicU64,
}

impl Repair<'_> {
    /// Objects that are read together: those of a set, whose list comes first, since it says what its frames are.
    async fn group(&self, mut group: Vec<Faulty>) -> Result<Outcome, RepairError> {
        let Repair { db, store, own, copies, .. } = *self;
        group.sort_by_key(|faulty| !is_list(faulty));
        let addresses: Vec<Address> = group.iter().map(|faulty| faulty.address).collect();
        let list = list_of(own, copies, &addresses).await?;
        let mut outcome = Outcome::default();
        for faulty in group {
            let address = faulty.address;
            let is_sound = list.is_some()
                && matches!(address.key, ObjectKey::Frame { .. })
                && matches!(intact::read(own, &address, list.as_ref()).await?, Condition::Intact(_));
            if is_sound {
                outcome.sound += 1;
            } else if let Some((bytes, from)) = sound_copy(copies, &address, list.as_ref()).await {
                outcome.note(write(db, store, &faulty, &bytes).await?, faulty, &from);
            } else {
                outcome.left.push(faulty);
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.report)(Progress { done, total: self.total });
        }
        Ok(outcome)
    }
}

/// The store without its replicas, which could answer in its place.
fn own(store: &Store) -> Store {
    store.endpoints().into_iter().next().unwrap_or_else(|| store.clone())
}

fn is_list(faulty: &Faulty) -> bool {
    matches!(faulty.address.key, ObjectKey::SetList(_))
}

/// The list of the set whose objects these are, from the store or else from a copy.
async fn list_of(
    store: &Store,
    copies: &[ObjectSource],
    group: &[Address],
) -> Result<Option<SetList>, StoreError> {
    if let Some(list) = intact::list_of(store, group).await? {
        return Ok(Some(list));
    }
    for copy in copies {
        if let Some(list) = copy.list_of(group).await {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// The bytes of an object as its name says them, and where they are from.
async fn sound_copy(
    copies: &[ObjectSource],
    address: &Address,
    list: Option<&SetList>,
) -> Option<(Arc<[u8]>, String)> {
    for copy in copies {
        if let Condition::Intact(bytes) = copy.read(address, list).await {
            return Some((bytes, copy.place()));
        }
    }
    None
}

/// What came of writing an object.
enum Written {
    /// It is sound.
    Whole,
    /// No version needs it any more.
    Unneeded,
    /// Its place takes no bytes.
    Not(String),
}

impl Outcome {
    fn note(&mut self, written: Written, faulty: Faulty, from: &str) {
        match written {
            Written::Whole => self.repaired.push(Repaired { faulty, from: from.to_owned() }),
            Written::Unneeded => self.unneeded += 1,
            Written::Not(why) => self.unwritten.push(Unwritten { faulty, why }),
        }
    }
}

/// Writes the bytes of an object that was found missing or damaged.
async fn write(db: &Db, store: &Store, faulty: &Faulty, bytes: &[u8]) -> Result<Written, RepairError> {
    let Faulty { address, needed_by, .. } = faulty;
    let mut is_needed = false;
    for by in needed_by {
        match refer(db, &by.configuration, by.version, address.namespace, &[address.key]).await {
            Ok(()) => is_needed = true,
            Err(ReferenceError::NotWanted { .. }) => {}
            Err(error) => return Err(RepairError::Reference(error)),
        }
    }
    let Some(first) = needed_by.first().filter(|_| is_needed) else { return Ok(Written::Unneeded) };
    if let Err(error) = store.within(address.namespace).put(&address.key, bytes).await {
        return Ok(Written::Not(error.of_object().ok_or(error)?));
    }
    // The versions may have been deleted since, and the object with them, before it was written.
    while !db.settle_object(*address).await.map_err(CollectError::from)? {
        tokio::time::sleep(PAUSE).await;
    }
    if db.needed_by(*address).await.map_err(CollectError::from)?.is_empty() {
        delete_at_once(db, store, &first.configuration).await?;
        return Ok(Written::Unneeded);
    }
    db.note_sound(*address).await.map_err(CollectError::from)?;
    Ok(Written::Whole)
}
