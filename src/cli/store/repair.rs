//! `girasol store verify --repair`: copies first, then raw frames, and what is to be done about the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{
    app::{App, AppError},
    cli::{
        failure::{CliError, Details, Explain},
        progress_bar::{Noted, ProgressBar},
    },
    config::StoreConfig,
    db::{jobs::ChangeJobError, objects::NeededBy},
    domain::{
        audit::Actor,
        disk,
        frameset::{FramesetId, JobId},
        plain::plain,
    },
    ingest::{
        Failure,
        remake::{Remade, Workshop, remake},
        tracker::Tracker,
    },
    library::{
        backup::ObjectSource,
        repair::{Outcome, RepairError, Unwritten, repair_from_copies, repair_from_objects},
        verify::Faulty,
    },
    store::Store,
};

use super::noting;

/// What to repair with.
#[derive(Debug, Default)]
pub(super) struct Means {
    /// Copies of the store, the first that has a sound object of it.
    pub(super) copies: Vec<ObjectSource>,
    /// Whether a job is queued where the raw frames give another version by now.
    pub(super) new_versions: bool,
}

/// Why an object is not sound again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// A job makes this version again, or another one.
    Queued { job: JobId, version: i64 },
    /// Another version of the same frames is sound.
    Superseded { by: i64, is_live: bool },
    /// There is a sound copy, and its place takes no bytes.
    Unwritten(String),
    /// The raw frames would give another version.
    OtherSettings(FramesetId),
    /// The raw frames give other bytes, with the same settings.
    OtherBytes(FramesetId),
    /// Another process ingests the configuration.
    Busy,
    /// The raw frames cannot be used.
    Refused(String),
    /// There is nothing to make it from.
    NoFrames,
    /// No version needs it.
    Unneeded,
}

impl Why {
    /// A word for scripts.
    pub(super) const fn slug(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "new-version-queued",
            Self::Superseded { .. } => "other-version-sound",
            Self::Unwritten(_) => "cannot-write",
            Self::OtherSettings(_) => "other-settings",
            Self::OtherBytes(_) => "other-bytes",
            Self::Busy => "busy",
            Self::Refused(_) => "frames-refused",
            Self::NoFrames => "no-source",
            Self::Unneeded => "not-needed",
        }
    }

    /// What is the matter, and what to do.
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::Queued { job, version } => format!(
                "The job {job} encodes the raw frames by the settings of the server or worker that runs it. Where those are the \
                 ones of then, version {version} is sound once the job is ready; else the job makes a new version: publish that."
            ),
            Self::Superseded { by, is_live: true } => format!(
                "Version {by} of the same frames is live and sound, so that visitors miss nothing. With the settings of then, the \
                 same command makes this one again, too."
            ),
            Self::Superseded { by, is_live: false } => format!(
                "Version {by} of the same frames is sound: publish it. With the settings of then, the same command makes this one \
                 again, too."
            ),
            Self::Unwritten(why) => format!(
                "There is a sound copy, and it cannot be written in its place ({why}): mend that, and run the same command again."
            ),
            Self::OtherSettings(set) => format!(
                "The raw frames are there (frame set {set}), but this command has other settings: [encode], [tiers] or [sizes] \
                 differ from those of then, or the release does. With those, as with --config and the environment of the server \
                 that made it, the same bytes come back; --new-versions queues a job for the settings of the server."
            ),
            Self::OtherBytes(set) => format!(
                "The raw frames (frame set {set}) give other bytes by now: --new-versions queues a job that makes a new version \
                 of them."
            ),
            Self::Busy => {
                "Another process ingests the configuration: run the same command again after it.".to_owned()
            }
            Self::Refused(why) => format!(
                "The raw frames cannot be used: {why}. Mend that and run the same command again, or do as without raw frames: \
                 ingest the frames again, name a copy or a backup with --from, or publish another version."
            ),
            Self::NoFrames => {
                "No sound copy of it is known, and no raw frames are there: ingest the frames of the version again, with the \
                 same settings; name a copy of the store or a backup with --from; or publish another version."
                    .to_owned()
            }
            Self::Unneeded => "No version needs it: girasol store gc deletes it.".to_owned(),
        }
    }
}

/// An object that is still missing or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) faulty: Faulty,
    pub(super) why: Why,
}

impl Explain for RepairError {
    fn details(&self) -> Details {
        match self {
            Self::Collect(error) => error.details(),
            Self::Reference(_) => Details::with("busy", "Run the same command again."),
        }
    }
}

/// A place that is no copy of a store.
#[derive(Debug, thiserror::Error)]
#[error("{place} has no objects: {why}")]
struct NoCopy {
    place: String,
    why: String,
}

impl Explain for NoCopy {
    fn details(&self) -> Details {
        Details::with(
            "no-copy",
            "Name a data folder that has objects/, a backup that has them (folder, .tar or bucket), or a bucket as girasol store \
             copy writes it.",
        )
    }
}

/// The copies that flags name, and those of the settings.
pub(super) async fn copies(app: &App, from: &[String]) -> Result<Vec<ObjectSource>, CliError> {
    let mut copies = Vec::new();
    for place in from {
        let no_copy = |why: String| NoCopy { place: place.clone(), why };
        let data = Path::new(place);
        if place.contains("://") {
            let copy = in_bucket(&app.config.store.at("--from", place)?).await?;
            copies.push(
                copy.ok_or_else(|| no_copy("neither a store nor a backup is there".to_owned()))?.into(),
            );
        } else if data.is_file() {
            let copy = ObjectSource::of_backup_file(data)?;
            copies.push(copy.ok_or_else(|| no_copy("they were in a bucket when it was made".to_owned()))?);
        } else {
            std::fs::read_dir(data.join("objects")).map_err(|error| no_copy(plain(&error)))?;
            let copy = Store::folder(data);
            copies.push(copy.map_err(|source| AppError::Data { path: data.to_owned(), source })?.into());
        }
    }
    copies.extend(app.store.endpoints().into_iter().skip(1).map(ObjectSource::from));
    Ok(copies)
}

/// The store at an address, or the objects of the backup there.
async fn in_bucket(settings: &StoreConfig) -> Result<Option<Store>, CliError> {
    let objects = StoreConfig { prefix: format!("{}objects", settings.objects_prefix()), ..settings.clone() };
    for settings in [&objects, settings] {
        // It keeps no copies on local disk.
        let opened = Store::open(settings, Path::new("")).await;
        let store =
            opened.map_err(|source| AppError::Data { path: settings.prefix.clone().into(), source })?;
        store.ping().await?;
        // The name comes first into a backup and last into a copy, which has objects before.
        if store.identity().await?.is_some() || !store.is_empty().await? {
            return Ok(Some(store));
        }
    }
    Ok(None)
}

/// Repairs what can be repaired. Answers what that is, and why the rest cannot.
pub(super) async fn repair(
    app: &App,
    means: &Means,
    faulty: Vec<Faulty>,
) -> Result<(Outcome, Vec<Left>), CliError> {
    let noted = Arc::new(Noted::default());
    let bar = ProgressBar::watch(noted.clone());
    let report = noting(&noted, "repair objects");
    let outcome = repair_from_copies(&app.db, &app.store, &means.copies, faulty, &report).await;
    bar.end();
    let mut outcome = outcome?;
    let mut left = std::mem::take(&mut outcome.left);
    let unwritten = outcome.unwritten.iter().map(|unwritten| &unwritten.faulty);
    let versions: BTreeSet<(String, i64)> =
        left.iter().flat_map(|faulty| &faulty.needed_by).map(named).collect();
    let mut unsound: BTreeSet<(String, i64)> =
        unwritten.flat_map(|faulty| &faulty.needed_by).map(named).chain(versions.iter().cloned()).collect();
    let mut whys = BTreeMap::new();
    for version in versions {
        let of_version = |faulty: &Faulty| faulty.needed_by.iter().any(|by| named(by) == version);
        let (of_version, others): (Vec<Faulty>, Vec<Faulty>) = left.into_iter().partition(of_version);
        left = others;
        let Some(by) =
            of_version.iter().flat_map(|faulty| &faulty.needed_by).find(|by| named(by) == version).cloned()
        else {
            continue;
        };
        let (still_left, why) = remade(app, means, &by, of_version, &unsound, &mut outcome).await?;
        left.extend(still_left);
        match why {
            Some(why) => drop(whys.insert(version, why)),
            None => drop(unsound.remove(&version)),
        }
    }
    let why = |faulty: &Faulty| {
        let whys = faulty.needed_by.iter().filter_map(|by| whys.get(&named(by)));
        whys.min().cloned().unwrap_or(Why::Unneeded)
    };
    let unwritten = std::mem::take(&mut outcome.unwritten);
    let unwritten =
        unwritten.into_iter().map(|Unwritten { faulty, why }| Left { faulty, why: Why::Unwritten(why) });
    let mut left: Vec<Left> =
        left.into_iter().map(|faulty| Left { why: why(&faulty), faulty }).chain(unwritten).collect();
    left.sort_unstable_by_key(|left| left.faulty.address);
    Ok((outcome, left))
}

fn named(by: &NeededBy) -> (String, i64) {
    (by.configuration.as_str().to_owned(), by.version)
}

/// Makes the objects of a version again. Answers those that are left, and why.
async fn remade(
    app: &App,
    means: &Means,
    NeededBy { configuration, version }: &NeededBy,
    faulty: Vec<Faulty>,
    unsound: &BTreeSet<(String, i64)>,
    outcome: &mut Outcome,
) -> Result<(Vec<Faulty>, Option<Why>), CliError> {
    let settings = app.config.settings();
    let workshop = Workshop {
        db: &app.db,
        staging: &app.staging,
        data: &app.config.data,
        settings: &settings,
        machine: app.config.jobs.budget().now(),
    };
    let tracker = Arc::new(Tracker::default());
    let bar = ProgressBar::watch(tracker.clone());
    let remade = Box::pin(remake(workshop, configuration, *version, &tracker)).await;
    bar.end();
    let (left, why) = match remade {
        Ok(Remade::Objects(made, set)) => {
            let from = format!("the raw frames of frame set {set}");
            let mut made = repair_from_objects(&app.db, &app.store, &made, &from, faulty).await?;
            let left = std::mem::take(&mut made.left);
            outcome.add(made);
            (left, Why::OtherBytes(set))
        }
        Ok(Remade::NoFrames) => (faulty, Why::NoFrames),
        Ok(Remade::OtherSettings(set)) => (faulty, Why::OtherSettings(set)),
        Err(Failure::Running(_)) => (faulty, Why::Busy),
        Err(failure) if failure.is_final() || is_of_frames(&failure) => {
            (faulty, Why::Refused(CliError::from(failure).chain()))
        }
        Err(failure) => return Err(failure.into()),
    };
    if left.is_empty() {
        return Ok((left, None));
    }
    let (Why::OtherSettings(set) | Why::OtherBytes(set)) = &why else { return Ok((left, Some(why))) };
    let siblings = app.db.siblings(configuration, *version).await?.into_iter();
    let mut sound = siblings.filter(|other| !unsound.contains(&(configuration.as_str().to_owned(), *other)));
    let live = app.db.pointer(configuration).await?.map(|pointer| pointer.version);
    let why = match sound.clone().find(|other| Some(*other) == live).or_else(|| sound.next()) {
        Some(by) => Why::Superseded { by, is_live: live == Some(by) },
        None if means.new_versions => match app.db.encode_again(set, &Actor::command_line()).await {
            Ok(job) => Why::Queued { job, version: *version },
            Err(ChangeJobError::NoSuchJob | ChangeJobError::State(_)) => Why::Busy,
            Err(ChangeJobError::Db(error)) => return Err(error.into()),
        },
        None => why,
    };
    Ok((left, Some(why)))
}

/// Whether a version could not be made again for a reason of its own, so that others can be.
fn is_of_frames(failure: &Failure) -> bool {
    let is_of_set = matches!(failure, Failure::Ingest(_) | Failure::Memory(_) | Failure::Work(_));
    is_of_set && !disk::is_full(failure)
}
