//! Loupes: choosing the spin whose loupe is made next, and storing what was made.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    db::{
        Db, DbError,
        loupes::{Entry, Leased, Requested},
        versions::VersionKind,
    },
    domain::{
        loupe::{Candidate, Loupe, Rules},
        names::ConfigId,
        namespace::Namespace,
    },
    store::{ObjectKey, Store},
};

use super::{
    polish::Pace,
    store_version::{StoreVersionError, write_timeout},
};

/// Candidates that are read at once.
const PAGE: u32 = 100;
/// Objects written at once: each waits for its disk.
const WRITES_AT_ONCE: usize = 16;
/// The pause before an object that is being deleted is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Queues the loupe of the most looked-at live spin that has none, where nothing else is to do. After a search that finds none,
/// the next one waits for `pause`. Answers what is queued.
pub async fn queue_next(
    db: &Db,
    rules: &Rules,
    launch_is_on: bool,
    (pace, pause): (&Pace, Duration),
) -> Result<Option<Candidate>, DbError> {
    if !pace.is_due(pause) || db.is_loupe_open().await? {
        return Ok(None);
    }
    let situation = db.loupe_situation().await?;
    if rules.bounds.hindrance_to_queue(situation, launch_is_on, db.now_ms()).is_some() {
        return Ok(None);
    }
    let queued = queue_first(db, rules).await?;
    pace.note(queued.is_some());
    if let Some(Candidate { configuration, version, .. }) = &queued {
        tracing::info!(%configuration, version, "a loupe is queued to be made");
    }
    Ok(queued)
}

async fn queue_first(db: &Db, rules: &Rules) -> Result<Option<Candidate>, DbError> {
    for page in 0.. {
        let candidates = db.loupe_candidates(PAGE, page * PAGE).await?;
        let is_last = candidates.len() < PAGE as usize;
        for candidate in candidates {
            if rules.settings_of(&candidate.spin).is_some() && db.queue_loupe(&candidate).await? {
                return Ok(Some(candidate));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(None)
}

/// Where the loupe of a live version stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is made, or was tried.
    Known(Entry),
    /// It is made once nothing else is to do, and more popular spins have had their turn.
    Due,
    /// The settings forbid it.
    Disabled,
    /// Nothing is live, or only a preview.
    NothingLive,
    /// The raw frames are gone, or were never stored.
    NoFrames,
}

/// Where the loupe of a live version stands.
pub async fn standing(db: &Db, rules: &Rules, id: &ConfigId, live: Option<i64>) -> Result<Standing, DbError> {
    let Some(version) = live else { return Ok(Standing::NothingLive) };
    if let Some(entry) = db.loupe_entry(id, version).await? {
        return Ok(Standing::Known(entry));
    }
    if db.version_kind(id, version).await? != Some(VersionKind::Full) {
        return Ok(Standing::NothingLive);
    }
    let is_usable = |candidate: &Candidate| rules.settings_of(&candidate.spin).is_some();
    Ok(if !db.loupe_candidates_of(id).await?.iter().any(is_usable) {
        Standing::NoFrames
    } else if rules.bounds.is_enabled {
        Standing::Due
    } else {
        Standing::Disabled
    })
}

/// What a visitor may have of the loupe of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// It is made.
    Loupe(Loupe),
    /// It is not, and may be asked for.
    Request,
    /// It is being made, or there is none.
    Nothing,
}

/// What a visitor may have of the loupe of a version. Without rules, loupes are shown and none is made.
pub async fn offer(db: &Db, rules: Option<&Rules>, id: &ConfigId, version: i64) -> Result<Offer, DbError> {
    if let Some(loupe) = db.loupe(id, version).await? {
        return Ok(Offer::Loupe(loupe));
    }
    let Some(rules) = rules.filter(|rules| rules.bounds.is_enabled && rules.asked_a_day > 0) else {
        return Ok(Offer::Nothing);
    };
    let may_ask =
        |candidate: &Candidate| candidate.version == version && rules.settings_of(&candidate.spin).is_some();
    let can_be_made = db.loupe_candidates_of(id).await?.iter().any(may_ask);
    Ok(if can_be_made { Offer::Request } else { Offer::Nothing })
}

/// Queues the loupe of a live spin for a visitor, if one can be made and visitors may ask for it.
pub async fn ask(db: &Db, rules: &Rules, id: &ConfigId) -> Result<Requested, DbError> {
    if !rules.bounds.is_enabled {
        return Ok(Requested::Known);
    }
    for candidate in db.loupe_candidates_of(id).await? {
        if rules.settings_of(&candidate.spin).is_some() {
            let asked = db.ask_for_loupe(&candidate, rules.asked_a_day).await?;
            if asked == Requested::Queued {
                tracing::info!(configuration = %id, version = candidate.version, "a visitor has asked for a loupe");
            }
            return Ok(asked);
        }
    }
    Ok(Requested::Known)
}

/// Stores the objects of a loupe and shows it. Answers whether it is shown: it is not where its version was retired or taken
/// down meanwhile, or another version that shared an object was, and it with that. What was written is deleted by a
/// collection then.
pub async fn store_loupe(
    db: &Db,
    store: &Store,
    (leased, namespace): (&Leased, Namespace),
    loupe: &Loupe,
    objects: &[(ObjectKey, Arc<[u8]>)],
) -> Result<bool, StoreVersionError> {
    let place = store.within(namespace);
    let written = async {
        let mut blocked: Vec<ObjectKey> = objects.iter().map(|(key, _)| *key).collect();
        loop {
            blocked = db.reserve_objects(namespace, &blocked).await?;
            if blocked.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let writes: Vec<_> = objects.iter().map(|(key, bytes)| place.put(key, bytes)).collect();
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_collect::<()>().await?;
        Ok::<_, StoreVersionError>(())
    };
    let too_slow = |_elapsed| StoreVersionError::TooSlow(leased.configuration.clone());
    tokio::time::timeout(write_timeout(store), written).await.map_err(too_slow)??;
    Ok(db.complete_loupe(leased, namespace, loupe).await?)
}
