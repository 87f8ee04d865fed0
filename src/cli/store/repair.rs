//! `girasol store verify --repair`: copies first, then raw frames, and what is to be done about the rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{
    app::{App, AppError},
    cli::{
        failure::{CliError, Details, Explain, plain},
        progress_bar::{Noted, ProgressBar},
    },
    db::{jobs::ChangeJobError, objects::NeededBy},
    domain::{
        audit::Actor,
        frameset::{FramesetId, JobId},
    },
    ingest::{
        Failure,
        remake::{Remade, Workshop, remake},
        tracker::Tracker,
    },
    library::{
        repair::{Outcome, RepairError, repair_from_copies, repair_from_objects},
        verify::Faulty,
    },
    store::Store,
};

use super::noting;

/// What to repair with.
#[derive(Debug, Default)]
pub(super) struct Means {
    /// Copies of the store, the first that has a sound object of it.
    pub(super) copies: Vec<Store>,
    /// Whether a job is queued where the raw frames give another version by now.
    pub(super) new_versions: bool,
}

/// Why an object is not sound again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// A job makes another version.
    Queued(JobId),
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
            Self::Queued(_) => "new-version-queued",
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
            Self::Queued(job) => format!(
                "The job {job} makes a new version by the settings of today: publish that once the job is ready."
            ),
            Self::OtherSettings(set) => format!(
                "The raw frames are there (frame set {set}), but the settings have changed since. With those of then the same \
                 bytes come back; --new-versions queues a job that makes a new version by those of today."
            ),
            Self::OtherBytes(set) => format!(
                "The raw frames (frame set {set}) give other bytes by now: --new-versions queues a job that makes a new version \
                 of them."
            ),
            Self::Busy => {
                "Another process ingests the configuration: run the same command again after it.".to_owned()
            }
            Self::Refused(why) => format!("The raw frames cannot be used: {why}."),
            Self::NoFrames => {
                "No sound copy of it is known, and no raw frames are there: ingest the frames of the version \
                               again, name a copy of the store with --from, or publish another version."
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

/// A folder that is no copy of a store.
#[derive(Debug, thiserror::Error)]
#[error("{place} has no objects: {}", plain(source))]
struct NoCopy {
    place: String,
    source: std::io::Error,
}

impl Explain for NoCopy {
    fn details(&self) -> Details {
        Details::with(
            "no-copy",
            "Name a data folder that has objects/, as girasol store copy and girasol backup write them, or a bucket.",
        )
    }
}

/// The copies that flags name, and those of the settings.
pub(super) async fn copies(app: &App, from: &[String]) -> Result<Vec<Store>, CliError> {
    let mut copies = Vec::new();
    for from in from {
        let data = Path::new(from);
        let is_bucket = from.contains("://");
        if !is_bucket && let Err(source) = std::fs::read_dir(data.join("objects")) {
            return Err(NoCopy { place: from.clone(), source }.into());
        }
        let opened = if is_bucket {
            Store::open(&app.config.store.at("--from", from)?, data).await
        } else {
            Store::folder(data)
        };
        let copy = opened.map_err(|source| AppError::Data { path: data.to_owned(), source })?;
        copy.ping().await?;
        copies.push(copy);
    }
    copies.extend(app.store.endpoints().into_iter().skip(1));
    Ok(copies)
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
    let versions: BTreeSet<(String, i64)> =
        left.iter().flat_map(|faulty| &faulty.needed_by).map(named).collect();
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
        let (still_left, why) = remade(app, means, &by, of_version, &mut outcome).await?;
        left.extend(still_left);
        if let Some(why) = why {
            whys.insert(version, why);
        }
    }
    left.sort_unstable_by_key(|faulty| faulty.address);
    let why = |faulty: &Faulty| {
        let whys = faulty.needed_by.iter().filter_map(|by| whys.get(&named(by)));
        whys.min().cloned().unwrap_or(Why::Unneeded)
    };
    let left = left.into_iter().map(|faulty| Left { why: why(&faulty), faulty }).collect();
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
        Err(failure) if failure.is_final() => (faulty, Why::Refused(failure.to_string())),
        Err(failure) => return Err(failure.into()),
    };
    if left.is_empty() {
        return Ok((left, None));
    }
    let why = match why {
        Why::OtherSettings(set) | Why::OtherBytes(set) if means.new_versions => {
            match app.db.encode_again(&set, &Actor::command_line()).await {
                Ok(job) => Why::Queued(job),
                Err(ChangeJobError::NoSuchJob | ChangeJobError::State(_)) => Why::Busy,
                Err(ChangeJobError::Db(error)) => return Err(error.into()),
            }
        }
        why => why,
    };
    Ok((left, Some(why)))
}
