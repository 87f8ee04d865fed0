//! Polishing: the raw frames of a live version are encoded again with more effort. What comes of it takes the place of that
//! version where it is better in every tier, and leaves nothing behind where it is not.

use std::{path::Path, sync::Arc};

use assets_pipeline::{
    IngestError, encode::family::Tally, ingest::Spin, pack::renditions::Renditions, prepare::Prepared,
    prepare::prepare, progress::Progress as _, progress::Stage, read::limits::Limits,
};

use crate::{
    db::{
        Db,
        polishes::Leased,
        versions::{Fence, StoredVersion, VersionKind},
    },
    domain::{gain::is_better_in_every_tier, manifest::Manifest, polish::State},
    library::store_version::{Origin, StoreVersionError, store_version},
    store::Store,
};

use super::{
    Checked, Failure, Order, cache_folder, check, encodes::Encodes, figures, gain, lock, meter::Meter,
    objects, remove, source_digest, tracker::Tracker,
};

/// Polishes a live version: the order has its raw frames and its settings, with more effort. Answers what became of it. A
/// version that is better is live then, and the try has ended.
pub async fn polish(
    db: &Db,
    store: &Store,
    data: &Path,
    (order, leased): (&Order, &Leased),
    tracker: &Arc<Tracker>,
) -> Result<State, Failure> {
    let checked = check(order, tracker).await?;
    let source = source_digest(&checked.survey);
    if source.to_string() != leased.source {
        return Ok(State::FramesGone);
    }
    let (configuration, settings) = (&leased.configuration, order.settings.digest());
    let work = data.join("work");
    let _lock = lock(&work, configuration).await?;
    let live = db.live_version_from(configuration, source).await?;
    let Some(live) = live.filter(|live| live.version == leased.version) else {
        return Ok(State::Overtaken);
    };
    let Some(manifest) = objects::load_whole(store, &live).await? else {
        tracing::warn!(%configuration, version = live.version, "a damaged version is not polished");
        return Ok(State::Failed);
    };
    if !gain::is_of_plan(&manifest, &checked.plan) {
        // The settings of the installation have changed since.
        return Ok(State::NotBetter);
    }

    let folder = cache_folder(&work, configuration, source, settings);
    let opened = Encodes::open(folder, order.encodes.as_ref()).await;
    let (cache, sharing) = opened.map_err(Failure::Work)?;
    let encoded = encode(order, checked, cache.clone(), tracker).await;
    let polished = match encoded {
        Ok(encoded) => {
            let parts = Parts { db, store, leased, manifest: &manifest, live: &live };
            parts.replace(Origin { kind: VersionKind::Full, source, settings }, &encoded, tracker).await
        }
        Err(failure) => Err(failure),
    };
    if polished.is_ok() {
        remove(cache).await;
    }
    if let Some(sharing) = sharing {
        sharing.end(polished.is_ok()).await;
    }
    polished
}

/// Encodes every tier, on threads of its own: their CPU time is measured, and whatever else the machine has to do goes first.
async fn encode(
    order: &Order,
    checked: Checked,
    cache: Encodes,
    tracker: &Arc<Tracker>,
) -> Result<(Arc<Prepared>, Renditions), Failure> {
    let concurrency = checked.fit(order)?;
    let (tally, settings) = (Arc::new(Tally::default()), Arc::new(order.settings.clone()));
    let pipeline = tokio::task::spawn_blocking({
        let (tracker, tally) = (tracker.clone(), tally.clone());
        move || {
            let ended = || tracker.note_cpu();
            let work = || -> Result<(Arc<Prepared>, Renditions), IngestError> {
                let limits = Limits { max_kept_bytes: concurrency.kept_bytes, ..Limits::default() };
                let Checked { source, survey, .. } = &checked;
                let prepared = Arc::new(prepare(source, survey, &settings, &limits, tracker.as_ref())?);
                let mut spin = Spin::new(&prepared, &settings, &cache, &tally, tracker.as_ref())?;
                spin.encode_preview()?;
                let renditions = spin.encode_rest()?;
                Ok((prepared, renditions))
            };
            concurrency.run_apart(begin_thread, ended, work)
        }
    });
    let encoded = pipeline.await;
    figures::encoded(&tally);
    Ok(encoded?.map_err(Failure::Work)??)
}

pub(super) fn begin_thread() {
    Meter::begin();
    // In Linux, of the calling thread alone.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::debug!(%error, "the priority could not be lowered");
    }
}

/// What the end of it needs.
struct Parts<'a> {
    db: &'a Db,
    store: &'a Store,
    leased: &'a Leased,
    live: &'a StoredVersion,
    manifest: &'a Manifest,
}

impl Parts<'_> {
    /// Puts what was encoded in the place of what is live, where it is better and nothing else has come.
    async fn replace(
        &self,
        origin: Origin,
        (prepared, renditions): &(Arc<Prepared>, Renditions),
        tracker: &Tracker,
    ) -> Result<State, Failure> {
        let Self { db, store, leased, manifest, live } = *self;
        let configuration = &leased.configuration;
        let gains = gain::gains(manifest, renditions);
        db.note_gains(leased, &gains).await?;
        if !gain::is_comparable(manifest, renditions, &gains) || !is_better_in_every_tier(&gains) {
            return Ok(State::NotBetter);
        }
        tracker.begin(Stage::Store, 1);
        let build =
            |version, namespace| objects::build(configuration, version, namespace, prepared, renditions);
        let fence = Fence::Polish(Box::new(leased.clone()));
        match store_version(db, store, configuration, (origin, &fence), &build).await {
            Ok(made) => {
                figures::made(&made.manifest);
                let version = made.manifest.version;
                tracing::info!(%configuration, version, before = live.version, "a polished version is live");
                Ok(State::Better)
            }
            // Its fence has closed, and what was written of it is deleted.
            Err(StoreVersionError::TakenDown(_) | StoreVersionError::Moved(_)) => Ok(State::Overtaken),
            Err(error) => Err(error.into()),
        }
    }
}
