//! The objects of a version, made again from the raw frames that are still there. The same frames and settings give the same
//! bytes, so that they are found under the same keys. Nothing is stored here, and no version is made.

use std::{path::Path, sync::Arc};

use assets_pipeline::{
    IngestError,
    encode::family::Tally,
    ingest::Spin,
    memory::Machine,
    pack::renditions::Renditions,
    prepare::{Prepared, prepare},
    read::limits::Limits,
    settings::Settings,
};

use crate::{
    db::{
        Db,
        repair::MadeFrom,
        versions::{StoredVersion, VersionKind},
    },
    domain::{
        audit::Actor,
        frameset::{Frameset, FramesetId},
        names::ConfigId,
    },
    library::store_version::VersionObjects,
    staging::Staging,
};

use super::{
    Failure, Order, cache_folder, check, encodes::Encodes, lock, objects, remove, source_digest,
    tracker::Tracker,
};

/// What versions are made again with.
#[derive(Debug, Clone, Copy)]
pub struct Workshop<'a> {
    /// Which frame sets there are.
    pub db: &'a Db,
    /// Their frames.
    pub staging: &'a Staging,
    /// The data folder, for what has been encoded.
    pub data: &'a Path,
    /// How turns are encoded where the artist says nothing else.
    pub settings: &'a Settings,
    /// What it may use of this machine.
    pub machine: Machine,
}

/// What came of making a version's objects again.
#[derive(Debug)]
pub enum Remade {
    /// They are what this set gives.
    Objects(Box<VersionObjects>, FramesetId),
    /// No frame set is there that it was made from.
    NoFrames,
    /// The set is there, and by the settings of today it gives another version.
    OtherSettings(FramesetId),
}

/// Makes the objects of a version again.
pub async fn remake(
    workshop: Workshop<'_>,
    configuration: &ConfigId,
    version: i64,
    tracker: &Arc<Tracker>,
) -> Result<Remade, Failure> {
    let Workshop { db, staging, settings: installation, .. } = workshop;
    let (stored, from) = (db.stored_version(configuration, version), db.made_from(configuration, version));
    let (Some(stored), Some(from)) = (stored.await?, from.await?) else { return Ok(Remade::NoFrames) };
    let mut others = None;
    for id in &from.sets {
        let Some(set) = db.frameset(id).await? else { continue };
        if set.wanted.settings.over(installation).digest() != from.settings {
            others = others.or(Some(id));
            continue;
        }
        let made = encode(workshop, configuration, &stored, &from, set, tracker).await;
        for dropped in [staging.drop_copies(id).await, staging.drop_leftovers(id).await] {
            if let Err(error) = dropped {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, frameset.id = %id, "copies of a set's frames stay for some hours");
            }
        }
        if let Some(made) = made? {
            return Ok(Remade::Objects(Box::new(made), id.clone()));
        }
    }
    Ok(others.map_or(Remade::NoFrames, |set| Remade::OtherSettings(set.clone())))
}

/// Encodes a set as an ingest does; `None` where its frames are gone, or are others.
async fn encode(
    Workshop { db, staging, data, settings, machine }: Workshop<'_>,
    configuration: &ConfigId,
    version: &StoredVersion,
    from: &MadeFrom,
    set: Frameset,
    tracker: &Arc<Tracker>,
) -> Result<Option<VersionObjects>, Failure> {
    let turn = match staging.lay_out(&set.id, &db.frames(&set.id).await?).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        turn => turn.map_err(Failure::Work)?,
    };
    let settings = set.wanted.settings.over(settings);
    let order = Order {
        source: turn.path(),
        product: set.wanted.product,
        choices: set.wanted.choices.into_iter().collect(),
        settings: settings.clone(),
        publish: false,
        early: false,
        machine,
        protected: version.namespace.is_private(),
        actor: Actor::command_line(),
        job: None,
        encodes: None,
    };
    let checked = check(&order, tracker).await?;
    if source_digest(&checked.survey) != from.source {
        return Ok(None);
    }
    let concurrency = checked.fit(&order)?;
    let work = data.join("work");
    let _lock = lock(&work, configuration).await?;
    let folder = cache_folder(&work, configuration, from.source, from.settings);
    let (cache, _) = Encodes::open(folder, None).await.map_err(Failure::Work)?;
    let kind = from.kind;
    let pipeline = tokio::task::spawn_blocking({
        let (tracker, cache) = (tracker.clone(), cache.clone());
        let work = move || -> Result<(Prepared, Renditions), IngestError> {
            let limits = Limits { max_kept_bytes: concurrency.kept_bytes, ..Limits::default() };
            let prepared = prepare(&checked.source, &checked.survey, &settings, &limits, tracker.as_ref())?;
            let tally = Tally::default();
            let mut spin = Spin::new(&prepared, &settings, &cache, &tally, tracker.as_ref())?;
            // As in an ingest: an early version is the preview, and the rest begins with its frames.
            let preview = spin.encode_preview()?;
            let renditions = if kind == VersionKind::Early { preview } else { spin.encode_rest()? };
            Ok((prepared, renditions))
        };
        move || concurrency.run(work)
    });
    let (prepared, renditions) = pipeline.await??;
    let made = objects::build(configuration, version.version, version.namespace, &prepared, &renditions)?;
    remove(cache).await;
    Ok(Some(made))
}
