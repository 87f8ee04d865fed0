//! From a folder or zip of raw frames to a published version.
//!
//! A version's row is written first, which is pending, then its objects, then the version is complete, and then the
//! live pointer moves: a visitor sees all of a version or nothing of it, and an ingest that dies leaves the live version
//! as it was.

pub mod manifest;
pub mod tracker;

mod advice;
mod check;
mod configuration;
mod encodes;
mod failure;
mod figures;
mod gain;
mod lock;
pub mod loupe;
mod meter;
mod objects;
mod order;
pub mod polish;
pub mod remake;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use assets_pipeline::{
    IngestError,
    digest::Digest,
    encode::Effort,
    encode::family::Tally,
    ingest::Spin,
    memory::Concurrency,
    pack::renditions::Renditions,
    prepare::{Prepared, prepare},
    progress::{Progress as _, Stage},
    read::limits::Limits,
    read::survey::Survey,
    settings::Settings,
};

use crate::{
    db::{
        Db, DbError,
        versions::{Fence, StoredVersion, VersionKind},
    },
    domain::{
        gain::is_better,
        manifest::{Manifest, Urls},
        names::{Choices, ConfigId},
        namespace::Namespace,
    },
    library::store_version::{Origin, VersionObjects, restore_version, store_version},
    store::Store,
};

pub use self::{
    advice::Advice,
    check::{Checked, check, check_thoroughly},
    configuration::check_choices,
    failure::Failure,
    order::{Order, Outcome, Report},
};

use self::{
    configuration::{check_protection, is_secret, name_configuration},
    encodes::Encodes,
    lock::Lock,
    tracker::Tracker,
};

/// Whether the configuration of an order has a live version.
pub async fn is_live(db: &Db, order: &Order) -> Result<bool, Failure> {
    let configuration = name_configuration(db, order).await?;
    Ok(db.pointer(&configuration).await?.is_some())
}

/// Ingests an order whose frames are checked, and publishes it where it says so.
pub async fn ingest(
    db: &Db,
    store: &Store,
    data: &Path,
    order: &Order,
    checked: Checked,
    tracker: &Arc<Tracker>,
) -> Result<Report, Failure> {
    let concurrency = checked.fit(order)?;
    let fence = match &order.job {
        Some(leased) => Fence::Job(Box::new(leased.clone())),
        None => Fence::Since(db.now_ms()),
    };
    let configuration = name_configuration(db, order).await?;
    let is_secret = is_secret(db, order, &configuration).await?;
    if is_secret {
        check_protection(db, order, &configuration).await?;
    }
    let source_digest = source_digest(&checked.survey);
    let settings_digest = order.settings.digest();

    let work = data.join("work");
    let _lock = lock(&work, &configuration).await?;
    let mut remarks = checked.survey.all_remarks();
    // What took more effort is not replaced by less.
    let polished = Settings { effort: Effort::Max, ..order.settings.clone() }.digest();
    let polished = db.find_version(&configuration, source_digest, polished).await?;
    let live = db.live_version_from(&configuration, source_digest).await?;
    let found = match polished.filter(|version| live.is_some_and(|live| live.version == version.version)) {
        Some(polished) => Some(polished),
        None => db.find_version(&configuration, source_digest, settings_digest).await?,
    };
    if let Some(stored) = &found {
        if let Some(manifest) = objects::load_whole(store, stored).await? {
            return unchanged(db, order, configuration, *stored, manifest).await;
        }
        remarks.push(format!("Version {} was damaged in the store and is made again", stored.version));
    }

    let announced = (!is_secret).then(|| tracker.announce(db.clone(), configuration.clone()));
    let cache_folder = cache_folder(&work, &configuration, source_digest, settings_digest);
    let swept = blocking({
        let cache_folder = cache_folder.clone();
        move || {
            lock::sweep(&work, &cache_folder);
            Ok(())
        }
    });
    swept.await.map_err(Failure::Work)?;
    let opened = Encodes::open(cache_folder, order.encodes.as_ref()).await;
    let (cache, sharing) = opened.map_err(Failure::Work)?;
    let rival = if order.settings.effort == Effort::Max {
        rival(db, store, &configuration, source_digest).await?
    } else {
        None
    };
    let job = Job {
        db,
        store,
        order,
        configuration: &configuration,
        source_digest,
        settings_digest,
        fence,
        concurrency,
        rival,
        damaged: found,
    };
    let report = job.run(checked, cache, remarks, tracker).await;
    if let Some(sharing) = sharing {
        sharing.end(report.is_ok()).await;
    }
    if let Some(announced) = announced {
        announced.end().await;
    }
    report
}

/// Takes the configuration's lock.
async fn lock(work: &Path, configuration: &ConfigId) -> Result<Lock, Failure> {
    let taken = blocking({
        let (work, configuration) = (work.to_owned(), configuration.clone());
        move || Lock::take(&work, &configuration)
    });
    let lock = taken.await.map_err(Failure::Work)?;
    lock.ok_or_else(|| Failure::Running(configuration.clone()))
}

/// Where the encodes of a turn are kept while its ingest is under way.
fn cache_folder(work: &Path, configuration: &ConfigId, source: Digest, settings: Digest) -> PathBuf {
    let of_configuration = Digest::of(configuration.as_str().as_bytes());
    work.join(format!("{of_configuration}-{source}-{settings}"))
}

/// The live version, where it was made from the same frames: what more effort has to beat.
async fn rival(
    db: &Db,
    store: &Store,
    configuration: &ConfigId,
    source: Digest,
) -> Result<Option<(Digest, Manifest)>, Failure> {
    let Some(live) = db.live_version_from(configuration, source).await? else { return Ok(None) };
    Ok(objects::load_whole(store, &live).await?.map(|manifest| (live.digest, manifest)))
}

/// Says that the order's ingest is over, where it was stopped from outside.
pub async fn forget(db: &Db, order: &Order) -> Result<(), Failure> {
    Ok(db.end_ingest(&name_configuration(db, order).await?).await?)
}

/// The same frames with the same settings were ingested before.
async fn unchanged(
    db: &Db,
    order: &Order,
    configuration: ConfigId,
    StoredVersion { version, digest, .. }: StoredVersion,
    manifest: Manifest,
) -> Result<Report, Failure> {
    let live = db.pointer(&configuration).await?.map(|pointer| pointer.version);
    let mut purges = Vec::new();
    let outcome = if live == Some(version) {
        Outcome::Unchanged
    } else if !order.publish {
        Outcome::Ready
    } else if let Some(wrote) = db.move_pointer(&configuration, live, version, &order.actor).await? {
        purges = wrote;
        Outcome::Published
    } else {
        Outcome::Overtaken
    };
    Ok(Report {
        configuration,
        manifest,
        digest,
        outcome,
        encoded: 0,
        reused: 0,
        remarks: Vec::new(),
        gains: Vec::new(),
        purges,
        preview: None,
    })
}

/// Names a turn by its frames in order. The files' names do not matter.
fn source_digest(survey: &Survey) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for frame in &survey.frames {
        hasher.update(frame.hash.as_bytes());
    }
    Digest::from_hash(hasher.finalize())
}

/// Runs work on files on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

/// Removes what was kept for the case that the ingest is interrupted.
async fn remove(cache: Encodes) {
    if let Err(error) = blocking(|| cache.remove()).await {
        tracing::warn!(%error, "the work folder of a finished ingest could not be removed");
    }
}

/// What the pipeline reaches on its way.
enum Milestone {
    /// Every frame can be used.
    Accepted,
    /// The still and the preview are encoded.
    Preview(Arc<Prepared>, Renditions),
}

/// An ingest that has work to do.
struct Job<'a> {
    db: &'a Db,
    store: &'a Store,
    order: &'a Order,
    configuration: &'a ConfigId,
    source_digest: Digest,
    settings_digest: Digest,
    fence: Fence,
    concurrency: Concurrency,
    rival: Option<(Digest, Manifest)>,
    /// A version of the same frames and settings, of which objects are missing or damaged.
    damaged: Option<StoredVersion>,
}

impl Job<'_> {
    async fn run(
        &self,
        checked: Checked,
        cache: Encodes,
        mut remarks: Vec<String>,
        tracker: &Arc<Tracker>,
    ) -> Result<Report, Failure> {
        let mut live = self.db.pointer(self.configuration).await?.map(|pointer| pointer.version);
        let (mut purges, mut shown) = (Vec::new(), None);
        let settings = Arc::new(self.order.settings.clone());

        // The pipeline is synchronous and borrows what it prepared, so that one thread runs it from
        // end to end and hands the early version over in the middle.
        let (milestones, mut reached) = tokio::sync::mpsc::channel(2);
        // An ingest that was interrupted has stored the early version already, and it may be live.
        let Job { order, configuration, source_digest, settings_digest, .. } = *self;
        let mut early = if order.publish {
            None
        } else {
            self.db.early_version(configuration, source_digest, settings_digest).await?
        };
        let wants_early = order.early && live.is_none() && early.is_none();
        if !wants_early {
            tracker.only_rest_is_left(early.map(|version| (configuration.clone(), version)));
        }
        let tally = Arc::new(Tally::default());
        let concurrency = self.concurrency;
        let pipeline = tokio::task::spawn_blocking({
            let (tracker, tally, cache) = (tracker.clone(), tally.clone(), cache.clone());
            let work = move || -> Result<(Arc<Prepared>, Renditions), IngestError> {
                let limits = Limits { max_kept_bytes: concurrency.kept_bytes, ..Limits::default() };
                let prepared = Arc::new(prepare(
                    &checked.source,
                    &checked.survey,
                    &settings,
                    &limits,
                    tracker.as_ref(),
                )?);
                // The other side is gone only when it failed, and then says so itself.
                let _ = milestones.blocking_send(Milestone::Accepted);
                let mut spin = Spin::new(&prepared, &settings, &cache, &tally, tracker.as_ref())?;
                let preview = spin.encode_preview()?;
                if wants_early {
                    let _ = milestones.blocking_send(Milestone::Preview(prepared.clone(), preview));
                }
                drop(milestones);
                let rest = spin.encode_rest()?;
                Ok((prepared, rest))
            };
            move || concurrency.run(work)
        });
        while let Some(milestone) = reached.recv().await {
            let (prepared, preview) = match milestone {
                Milestone::Accepted => {
                    self.make_configuration().await?;
                    continue;
                }
                Milestone::Preview(prepared, preview) => (prepared, preview),
            };
            let stored = self.store_version(&prepared, &preview, VersionKind::Early).await?;
            let version = stored.manifest.version;
            early = Some(version);
            if self.order.publish
                && let Some(wrote) = self.publish(live, version).await?
            {
                purges.extend(wrote);
                tracing::info!(configuration = %self.configuration, version, "preview is live");
                tracker.preview_is_live();
                live = Some(version);
                shown = Some(version);
            }
            tracker.only_rest_is_left(Some((self.configuration.clone(), version)));
        }
        let encoded = pipeline.await;
        figures::encoded(&tally);
        let (prepared, renditions) = encoded??;
        remarks.extend(prepared.remarks.iter().chain(&renditions.remarks).cloned());

        let gains = self.rival.as_ref().map(|(_, live)| gain::gains(live, &renditions));
        if let (Some((digest, live)), Some(gains)) = (&self.rival, &gains)
            && !is_better(gains)
        {
            remove(cache).await;
            return Ok(Report {
                configuration: self.configuration.clone(),
                manifest: live.clone(),
                digest: *digest,
                outcome: Outcome::NotBetter,
                encoded: tally.encoded.load(Ordering::Relaxed),
                reused: tally.reused.load(Ordering::Relaxed),
                remarks,
                gains: gains.clone(),
                purges,
                preview: shown,
            });
        }

        tracker.begin(Stage::Store, 1);
        let VersionObjects { manifest, digest, .. } =
            self.store_version(&prepared, &renditions, VersionKind::Full).await?;
        figures::made(&manifest);
        let version = manifest.version;
        // Where the order does not publish, the whole version follows an early one that a request has published.
        let wrote = if self.order.publish {
            self.publish(live, version).await?
        } else if early.is_some() {
            self.publish(early, version).await?
        } else {
            None
        };
        let outcome = match wrote {
            Some(wrote) => {
                purges.extend(wrote);
                Outcome::Published
            }
            None if self.order.publish => Outcome::Overtaken,
            None => Outcome::Ready,
        };
        tracker.step();
        tracing::info!(configuration = %self.configuration, version, ?outcome, "ingest is done");
        remove(cache).await;
        Ok(Report {
            configuration: self.configuration.clone(),
            manifest,
            digest,
            outcome,
            encoded: tally.encoded.load(Ordering::Relaxed),
            reused: tally.reused.load(Ordering::Relaxed),
            remarks,
            gains: gains.unwrap_or_default(),
            purges,
            preview: shown,
        })
    }

    async fn publish(&self, live: Option<i64>, version: i64) -> Result<Option<Vec<i64>>, DbError> {
        self.db.move_pointer(self.configuration, live, version, &self.order.actor).await
    }

    /// Makes product and configuration, now that the frames are accepted: from here on the public may ask
    /// how far the spin is.
    async fn make_configuration(&self) -> Result<(), Failure> {
        let Order { product, choices, .. } = self.order;
        self.db.ensure_product(product, choices).await?;
        let now = name_configuration(self.db, self.order).await?;
        if now != *self.configuration {
            return Err(Failure::ProductChanged(product.clone()));
        }
        let chosen: Choices = choices.iter().cloned().collect();
        if !self.order.protected {
            return Ok(self.db.ensure_configuration(product, self.configuration, &chosen).await?);
        }
        if self.db.ensure_protected(product, self.configuration, &chosen).await? {
            return Ok(());
        }
        Err(Failure::Public(self.configuration.clone()))
    }

    /// Stores a version and answers its objects.
    async fn store_version(
        &self,
        prepared: &Prepared,
        renditions: &Renditions,
        kind: VersionKind,
    ) -> Result<VersionObjects, Failure> {
        let Job { db, store, configuration, source_digest, settings_digest, .. } = *self;
        let origin = Origin { kind, source: source_digest, settings: settings_digest };
        let build =
            |version, namespace| objects::build(configuration, version, namespace, prepared, renditions);
        let restored = match &self.damaged {
            Some(damaged) if kind == VersionKind::Full => {
                let objects = build(damaged.version, damaged.namespace)?;
                let is_whole = restore_version(db, store, configuration, damaged, &objects).await?;
                is_whole.then_some(objects)
            }
            _ => None,
        };
        let stored = match restored {
            Some(restored) => restored,
            None => store_version(db, store, configuration, (origin, &self.fence), &build).await?,
        };
        self.suggest_swatches(&stored.manifest).await?;
        Ok(stored)
    }

    /// Gives choices without a swatch the piece's colour. The choice of a private configuration may be public, and must
    /// not show it.
    async fn suggest_swatches(&self, manifest: &Manifest) -> Result<(), DbError> {
        let Order { product, choices, .. } = self.order;
        if manifest.urls != Urls::of(Namespace::Public) {
            return Ok(());
        }
        for (option, choice) in choices {
            if option.as_str() == "metal" || choices.len() == 1 {
                self.db.suggest_swatch(product, option, choice, &manifest.colour).await?;
            }
        }
        Ok(())
    }
}
