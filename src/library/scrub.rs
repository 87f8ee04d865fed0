//! The slow reading of every object that a version needs, a few at a time, so that damage is found before a visitor meets it.
//!
//! All of them are read within so many days, by one process at a time, and any process goes on where another stopped. What is
//! found stays in the database until the object is sound again: it is read again every hour.

use std::time::{Duration, Instant};

use metrics::counter;
use tokio::sync::Mutex;

use crate::{
    db::{
        Db, DbError,
        scrub::{ObjectFault, ScrubBatch},
    },
    store::{Address, Store, StoreError},
};

use super::{intact, verify::Fault};

/// How often some objects are read.
pub const EVERY: Duration = Duration::from_mins(1);
/// Objects that are read at once at the most: a larger store takes longer than it should, and says so.
const MOST: u64 = 20_000;
/// How often all objects are counted.
const COUNT_EVERY: Duration = Duration::from_hours(6);
/// A process that is slower loses its turn.
const LEASE: Duration = Duration::from_mins(10);

/// Why objects could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ScrubError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed. The same objects are read again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Objects that are as they should be.
    pub sound: u64,
    /// The others.
    pub faulty: u64,
}

/// How many objects are read at once, so that all of them are within so many days.
fn at_once(objects: u64, days: u32) -> u64 {
    let turns = u64::from(days).max(1) * 86_400 / EVERY.as_secs();
    // One more, since a store grows meanwhile.
    (objects / turns + 1).min(MOST)
}

/// How many objects there are, which is counted now and then: to count them reads all of their rows.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Option<(Instant, u64)>>);

impl Pace {
    async fn objects(&self, db: &Db) -> Result<u64, DbError> {
        let mut counted = self.0.lock().await;
        match *counted {
            Some((at, objects)) if at.elapsed() < COUNT_EVERY => Ok(objects),
            _ => {
                let objects = db.for_reports().count_scrubbed().await?;
                *counted = Some((Instant::now(), objects));
                Ok(objects)
            }
        }
    }
}

/// Reads the next objects, so many that all of them are read within so many days. Answers `None` while another process does.
pub async fn scrub(db: &Db, store: &Store, pace: &Pace, days: u32) -> Result<Option<Scrubbed>, ScrubError> {
    let some = at_once(pace.objects(db).await?, days);
    let Some(batch) = db.claim_scrub(some as u32, LEASE.as_millis() as i64).await? else { return Ok(None) };
    // A replica could answer in place of what is missing or damaged here.
    let endpoints = store.endpoints();
    match read(endpoints.first().unwrap_or(store), &batch).await {
        Ok(found) => {
            let noted: Vec<_> = found.iter().map(|found| (found.id, found.fault())).collect();
            db.finish_scrub(&batch, &noted).await?;
            Ok(Some(note(db, &batch, &found).await?))
        }
        Err(error) => {
            db.give_scrub_back(&batch).await?;
            Err(error.into())
        }
    }
}

/// What was found of an object.
struct Found {
    id: i64,
    address: Address,
    fault: Option<Fault>,
}

impl Found {
    /// As the database has it: what cannot be read is no better than damaged.
    fn fault(&self) -> Option<ObjectFault> {
        self.fault.as_ref().map(|fault| match fault {
            Fault::Missing => ObjectFault::Missing,
            Fault::Damaged | Fault::Unreadable(_) => ObjectFault::Damaged,
        })
    }
}

async fn read(store: &Store, batch: &ScrubBatch) -> Result<Vec<Found>, StoreError> {
    let to_read = || batch.objects.iter().chain(&batch.again);
    let number = |address: &Address| to_read().find(|(_, known)| known == address).map(|(id, _)| *id);
    let mut found = Vec::with_capacity(batch.objects.len());
    for group in intact::groups(to_read().map(|(_, address)| *address).collect()) {
        let list = intact::list_of(store, &group).await?;
        for address in group {
            let fault = Fault::of(&intact::read(store, &address, list.as_ref()).await?);
            found.extend(number(&address).map(|id| Found { id, address, fault }));
        }
    }
    Ok(found)
}

/// Counts what was found, and tells operators of each fault.
async fn note(db: &Db, batch: &ScrubBatch, found: &[Found]) -> Result<Scrubbed, DbError> {
    let mut scrubbed = Scrubbed::default();
    // What was known to be faulty was said when it was found.
    for Found { address, fault, .. } in
        found.iter().filter(|found| batch.objects.contains(&(found.id, found.address)))
    {
        let Some(fault) = fault else {
            scrubbed.sound += 1;
            continue;
        };
        let needed_by = db.needed_by(*address).await?;
        // It may have been deleted since it was claimed.
        if needed_by.is_empty() {
            continue;
        }
        scrubbed.faulty += 1;
        let versions: Vec<String> =
            needed_by.iter().map(|by| format!("{} {}", by.configuration, by.version)).collect();
        tracing::error!(
            object = %address,
            fault = fault.slug(),
            why = fault.why(),
            versions = versions.join(", "),
            "an object that versions need is not as it should be: repair it with girasol store verify --repair"
        );
    }
    counter!("girasol_scrubbed_objects_total", "outcome" => "sound").increment(scrubbed.sound);
    counter!("girasol_scrubbed_objects_total", "outcome" => "faulty").increment(scrubbed.faulty);
    Ok(scrubbed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_objects_are_read_in_time() {
        assert_eq!(at_once(0, 30), 1);
        assert_eq!(at_once(43_200, 30), 2);
        assert_eq!(at_once(43_200_000, 30), 1001);
        assert_eq!(at_once(u64::MAX, 1), MOST);
    }
}
