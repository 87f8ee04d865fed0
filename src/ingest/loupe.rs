//! Making the loupe of a version from its raw frames, at the lowest priority.

use std::{path::Path, sync::Arc};

use assets_pipeline::{
    IngestError,
    digest::Digest,
    encode::family::Tally,
    loupe::{MAX_PX, Under, Workshop, make},
    memory::Need,
    progress::{Progress as _, Stage},
    read::limits::Limits,
};

use crate::{
    db::{Db, loupes::Leased, versions::StoredVersion},
    domain::{
        loupe::{Frames, Loupe, State, under},
        manifest::Manifest,
    },
    library::{loupe::store_loupe, manifests},
    store::{ObjectKey, Store},
};

use super::{
    Checked, Failure, Order, cache_folder, check, encodes::Encodes, figures, polish::begin_thread, remove,
    source_digest, tracker::Tracker,
};

/// How often a loupe is stored of which an object was deleted before it was shown.
const ATTEMPTS: u32 = 3;

/// What the loupe of a version lies over.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    version: StoredVersion,
    under: Under,
}

/// Finds what the loupe lies over; an outcome where there can be none.
pub async fn place(db: &Db, store: &Store, leased: &Leased) -> Result<Result<Place, State>, Failure> {
    let Leased { configuration, version, .. } = leased;
    let Some(version) = db.stored_version(configuration, *version).await? else {
        return Ok(Err(State::Failed));
    };
    let Some(manifest) = load(store, &version).await? else {
        tracing::warn!(%configuration, version = version.version, "a damaged version gets no loupe");
        return Ok(Err(State::Failed));
    };
    let place = under(&manifest).filter(|under| under.size().is_some());
    Ok(place.map(|under| Place { version, under }).ok_or(State::Unneeded))
}

async fn load(store: &Store, version: &StoredVersion) -> Result<Option<Manifest>, Failure> {
    Ok(manifests::load(&store.within(version.namespace), version.digest).await?)
}

/// Takes over the loupe of another version that lies over the very same frames: one that was polished differs in nothing that a
/// loupe shows. Answers whether it is shown.
pub async fn adopt(db: &Db, store: &Store, leased: &Leased, place: &Place) -> Result<bool, Failure> {
    let id = &leased.configuration;
    for number in db.loupes_like(id, leased.version).await? {
        let (Some(other), Some(loupe)) = (db.stored_version(id, number).await?, db.loupe(id, number).await?)
        else {
            continue;
        };
        let Some(manifest) = load(store, &other).await? else { continue };
        let is_alike = under(&manifest).is_some_and(|under| {
            let of = |under: &Under| (under.crop, under.ground, under.degrees.clone());
            of(&under) == of(&place.under)
        });
        if is_alike && db.complete_loupe(leased, place.version.namespace, &loupe).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes a loupe and shows it. Answers what became of it.
pub async fn make_loupe(
    db: &Db,
    store: &Store,
    data: &Path,
    (order, leased, place): (&Order, &Leased, Place),
    tracker: &Arc<Tracker>,
) -> Result<State, Failure> {
    let checked = check(order, tracker).await?;
    let source = source_digest(&checked.survey);
    let configuration = &leased.configuration;
    if db.made_from(configuration, leased.version).await?.is_none_or(|from| from.source != source) {
        return Ok(State::FramesGone);
    }
    let Place { version, under } = place;
    let purpose = Digest::of(format!("loupe {}", order.settings.digest()).as_bytes());
    let folder = cache_folder(&data.join("work"), configuration, source, purpose);
    let (cache, _) = Encodes::open(folder, None).await.map_err(Failure::Work)?;
    let made = encode(order, checked, under, cache.clone(), tracker).await?;
    let Some((loupe, objects)) = made else {
        remove(cache).await;
        return Ok(State::Unneeded);
    };
    tracker.begin(Stage::Store, 1);
    let mut is_shown = false;
    for _ in 0..ATTEMPTS {
        is_shown = store_loupe(db, store, (leased, version.namespace), &loupe, &objects).await?;
        if is_shown {
            break;
        }
    }
    remove(cache).await;
    let (version, bytes) = (version.version, loupe.bytes());
    tracing::info!(%configuration, version, bytes, is_shown, "a loupe is made");
    Ok(if is_shown { State::Ready } else { State::Failed })
}

type Made = (Loupe, Vec<(ObjectKey, Arc<[u8]>)>);

/// Encodes every frame, on threads of its own: their CPU time is measured, and whatever else the machine has to do goes first.
async fn encode(
    order: &Order,
    checked: Checked,
    under: Under,
    cache: Encodes,
    tracker: &Arc<Tracker>,
) -> Result<Option<Made>, Failure> {
    let Checked { source, survey, .. } = checked;
    let positions: Vec<usize> = under.degrees.keys().copied().collect();
    let need = Need::of_single(&source, &survey, &positions, &order.settings, MAX_PX);
    let concurrency = need.within(order.machine)?;
    let (tally, settings) = (Arc::new(Tally::default()), Arc::new(order.settings.clone()));
    let pipeline = tokio::task::spawn_blocking({
        let (tracker, tally) = (tracker.clone(), tally.clone());
        move || {
            let ended = || tracker.note_cpu();
            let work = || -> Result<Option<assets_pipeline::loupe::Loupe>, IngestError> {
                let workshop = Workshop {
                    settings: &settings,
                    limits: &Limits::default(),
                    cache: &cache,
                    tally: &tally,
                    progress: tracker.as_ref(),
                };
                make(&source, &survey, &under, workshop)
            };
            concurrency.run_apart(begin_thread, ended, work)
        }
    });
    let encoded = pipeline.await;
    figures::encoded(&tally);
    let made = encoded?.map_err(Failure::Work)??;
    Ok(made.map(|made| (describe(&made), objects(&made))))
}

fn describe(made: &assets_pipeline::loupe::Loupe) -> Loupe {
    let degrees = made.sets.first().map(|set| set.frames.keys().copied().collect()).unwrap_or_default();
    let formats = made.sets.iter().map(|set| {
        let bytes = set.frames.values().map(|frame| frame.bytes.len() as u32).collect();
        (set.format, Frames { set: set.digest, bytes })
    });
    Loupe { size: made.size.into(), degrees, formats: formats.collect() }
}

fn objects(made: &assets_pipeline::loupe::Loupe) -> Vec<(ObjectKey, Arc<[u8]>)> {
    let of_set = made.sets.iter().flat_map(|set| {
        let key = |degree| ObjectKey::Frame { set: set.digest, degree, format: set.format };
        let list = (ObjectKey::SetList(set.digest), Arc::from(set.list.as_bytes()));
        let frames = set.frames.iter().map(move |(degree, frame)| (key(*degree), frame.bytes.clone()));
        frames.chain([list])
    });
    of_set.collect()
}
