//! The running program: its parts put together in order, the server, and the worker.

mod access;
mod admission;
mod alerting;
mod connections;
mod descriptors;
mod drain;
mod error;
mod figures;
mod health;
mod listen;
mod lost;
mod measures;
mod operators;
mod performance;
mod routes;
mod server;
#[cfg(test)]
mod statements;
mod tasks;
mod traces;
mod work;

use std::{sync::Arc, time::Duration};

use actix_service::IntoServiceFactory as _;
use actix_web::web;
use assets_pipeline::{gate::bound_working, plan::tiers::Format};

use crate::{
    background::Background,
    cache::shared::Shared as SharedCache,
    cdn::purge::Purger,
    checks::Checks,
    config::{Config, DatabaseConfig, KeepRaw, SecretText, UnknownProxies},
    db::{self, Address, Connections, Db, Found, Place},
    http::{
        self, Draining, PrivateAdmission, Scraped,
        catalog::{CacheBytes, Catalog},
        public::vitals::Views,
    },
    library::{
        expire::{Keep, RawFrames},
        optimize::Rules,
        readiness::Readiness,
    },
    limits::Limits,
    notices::Notices,
    staging::Staging,
    store::Store,
    telemetry::metrics::{Metrics, Runtimes},
    worker::Worker,
};

pub use self::error::AppError;
use self::{lost::Lost, routes::Shared};

/// What the server shows besides the storefront's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Nothing: pages are the storefront's.
    None,
    /// The demo.
    Demo,
}

/// The parts that every command works with.
#[derive(Debug, Clone)]
pub struct App {
    /// As it was read.
    pub config: Config,
    /// Products and versions.
    pub db: Db,
    /// Frames, packs and manifests.
    pub store: Store,
    /// Files that artists send.
    pub staging: Staging,
    /// What the doctor found in them.
    pub checks: Checks,
    /// Where this process counts what it does.
    pub metrics: Metrics,
}

/// How long a worker has to give its job back. It looks at each frame whether it is to stop.
const WORKER_STOPS_WITHIN: Duration = Duration::from_mins(10);

/// How long the start waits for an answer of the object store.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// The store as configured. A folder is created if it does not exist.
async fn open_store(config: &Config) -> Result<Store, AppError> {
    if let Some(owner) = access::other_owner(&config.data) {
        return Err(AppError::OtherOwner { path: config.data.clone(), owner });
    }
    let failed = |source| AppError::Data { path: config.data.clone(), source };
    Store::open(&config.store, &config.data).await.map_err(failed)
}

/// Makes the data folder where it is missing. From now on nothing that this process makes can be read by other users.
pub fn make_data_folder(config: &Config) -> Result<(), AppError> {
    access::close_to_others(&config.data)
        .map_err(|source| AppError::Data { path: config.data.clone(), source })
}

/// Where the database is, as configured.
pub fn place(config: &Config) -> Place {
    let DatabaseConfig { url, listen_url, replica_url, .. } = &config.database;
    let Some(url) = url else { return Place::Folder(config.data.clone()) };
    let DatabaseConfig { serving_connections, jobs_connections, reports_connections, .. } = config.database;
    Place::Server(Address {
        url: url.secret(),
        listen_url: listen_url.as_ref().map(SecretText::secret),
        replica_url: replica_url.as_ref().map(SecretText::secret),
        connections: Connections {
            serving: serving_connections,
            jobs: jobs_connections,
            reports: reports_connections,
            serve: Duration::from_millis(config.database.serving_timeout_ms),
            statement: Duration::from_millis(config.database.statement_timeout_ms),
            report: Duration::from_millis(config.database.report_timeout_ms),
        },
    })
}

impl App {
    /// Opens the data folder, which is created if it does not exist. A database that is lost is not replaced by an empty
    /// one.
    pub async fn open(config: Config) -> Result<Self, AppError> {
        let store = open_store(&config).await?;
        Box::pin(Self::over(config, store, Lost::Refused)).await
    }

    /// The same for a command that writes objects: a store that cannot be used is found out before any work.
    pub async fn open_to_write(config: Config) -> Result<Self, AppError> {
        let store = open_store(&config).await?;
        store.probe().await?;
        Box::pin(Self::over(config, store, Lost::Refused)).await
    }

    /// The same for a command that changes or shows what there is: it creates nothing.
    pub async fn open_existing(config: Config) -> Result<Self, AppError> {
        let place = place(&config);
        let (is_missing, named) = match &place {
            Place::Folder(data) => (!data.join(db::FILE).exists(), data.display().to_string()),
            Place::Server(address) => (Db::find(&place).await? == Found::Empty, address.to_string()),
        };
        if is_missing {
            return Err(match lost::left_behind(&config).await {
                Some(what) => AppError::Lost { place: place.to_string(), is_missing, what },
                None if matches!(place, Place::Server(_)) => AppError::EmptyServer(named),
                None => AppError::NoData(named),
            });
        }
        Self::open(config).await
    }

    /// The same, of which the command also deletes or moves objects.
    pub async fn open_existing_to_write(config: Config) -> Result<Self, AppError> {
        let app = Self::open_existing(config).await?;
        app.store.probe().await?;
        Ok(app)
    }

    /// The same for the command that makes the database and the store belong together, whatever they were before.
    pub async fn open_unknown(config: Config) -> Result<Self, AppError> {
        let store = open_store(&config).await?;
        store.probe().await?;
        Box::pin(Self::over(config, store, Lost::Replaced)).await
    }

    async fn over(config: Config, store: Store, lost: Lost) -> Result<Self, AppError> {
        let failed = |source| AppError::Data { path: config.data.clone(), source };
        access::close_to_others(&config.data).map_err(failed)?;
        let place = place(&config);
        let found = Db::find(&place).await?;
        if found != Found::Database
            && lost == Lost::Refused
            && let Some(what) = lost::remains(&config, Some(&store)).await
            // Another process may have made the database, and used it, since it was looked for.
            && Db::find(&place).await? != Found::Database
        {
            let is_missing = found == Found::Nothing;
            return Err(AppError::Lost { place: place.to_string(), is_missing, what });
        }
        let staging = Staging::open(&config.data, store.connection()).map_err(failed)?;
        let db = Db::open_at(&place).await?;
        if found != Found::Database {
            // It can never be taken for the database of a store that could not be asked just now.
            db.make_identity().await?;
        }
        if lost == Lost::Refused {
            lost::make_known(&config, &db, &store).await?;
        }
        // Checks take memory beside a job.
        bound_working(config.jobs.budget().now().max_bytes / 2);
        let checks = Checks::new(db.clone(), staging.clone(), config.uploads.limits());
        Ok(Self { config, db, store, staging, checks, metrics: Metrics::default() })
    }

    /// The same, which shows these figures. They were started before the parts were built.
    #[must_use]
    pub fn measured_by(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Asks the store before the process serves or works. What an operator has to change ends the process; a store that
    /// does not answer may do so later, and what is cached can be served meanwhile.
    async fn probe_store(&self) -> Result<(), AppError> {
        let probed = tokio::time::timeout(PROBE_PATIENCE, self.store.probe()).await;
        match probed {
            Ok(Err(error)) if error.trouble().is_lasting() => return Err(error.into()),
            Ok(Err(error)) => {
                let (remedy, error): (_, &dyn std::error::Error) = (error.trouble().remedy(), &error);
                tracing::error!(error, remedy, "the object store cannot be used yet");
            }
            Err(_elapsed) => tracing::error!("the object store has not answered yet"),
            Ok(Ok(())) => {}
        }
        Ok(())
    }

    /// Sends purges to the configured caches.
    pub async fn purger(&self) -> Result<Arc<Purger>, AppError> {
        let Config { purge, policy, .. } = &self.config;
        let avif = self.config.tier_table().formats.contains(&Format::Avif);
        Ok(Arc::new(Purger::open(self.db.clone(), purge, policy, avif).await?))
    }

    /// What housekeeping may delete, as configured.
    pub fn rules(&self) -> Rules {
        let Config { uploads, vitals, jobs, versions, .. } = &self.config;
        let raw_frames = match uploads.keep_raw {
            KeepRaw::WhileRecoverable => RawFrames::Unrecoverable,
            KeepRaw::Days => RawFrames::Old,
        };
        let keep = Keep {
            upload_hours: uploads.expire_hours,
            vitals_days: vitals.keep_days,
            vitals: vitals.keep,
            job_event_days: jobs.keep_events_days,
            removal_days: versions.keep_removals_days,
            raw_frames,
            raw_frame_days: uploads.keep_raw_days,
        };
        Rules { keep, retention: versions.retention(), share: versions.share(), copies: tasks::KEEP_COPIES }
    }

    /// Encodes committed frame sets.
    fn worker(&self) -> Worker {
        Worker {
            db: self.db.clone(),
            store: self.store.clone(),
            staging: self.staging.clone(),
            checks: self.checks.clone(),
            limits: self.config.uploads.limits(),
            data: self.config.data.clone(),
            lease: Duration::from_secs(self.config.jobs.lease_seconds.into()),
            budget: self.config.jobs.budget(),
            settings: self.config.settings(),
            launches: self.launches(),
            polishing: self.config.polish_rules(),
            loupes: self.config.loupe_rules(),
        }
    }

    /// How many requests clients may make.
    fn limits(&self, shared: Option<SharedCache>) -> Limits {
        let limits = &self.config.limits;
        Limits::new(|class| limits.per_minute(class))
            .sharing(shared)
            .exempting(limits.exempt())
            .counting_behind_strangers(limits.unknown_proxies == UnknownProxies::Limited)
    }

    fn catalog(&self, shared: Option<SharedCache>) -> Catalog {
        let cache = &self.config.cache;
        let max = CacheBytes { objects: cache.objects_max_bytes, answers: cache.answers_max_bytes };
        Catalog::new(self.db.clone(), self.store.clone(), self.config.policy.clone(), max)
            .delivering(self.config.delivery.clone())
            .magnifying(self.config.loupe_rules())
            .knowing_for(Duration::from_secs(cache.last_known_seconds.into()))
            .warming(cache.warm)
            .admitting(self.bounds())
            .sharing(shared)
    }

    /// The cache that servers share, if one is configured. A server that cannot read its secret goes without.
    async fn shared_cache(&self) -> Option<SharedCache> {
        /// The name of the secret, which every server of the installation has.
        const SECRET: &str = "shared-cache";

        let Config { cache, policy, delivery, .. } = &self.config;
        let url = cache.redis.as_ref()?;
        let secret = match self.db.secret(SECRET).await {
            Ok(secret) => secret,
            Err(error) => {
                tracing::warn!(%error, "the shared cache is not used: its secret cannot be read");
                return None;
            }
        };
        // Servers of another release, or with other settings of these, answer otherwise.
        let release = (env!("CARGO_PKG_VERSION"), option_env!("GIRASOL_COMMIT"));
        let settings = format!("{release:?} {policy:?} {delivery:?}");
        let timeout = Duration::from_millis(cache.redis_timeout_ms);
        match SharedCache::open(url.expose(), timeout, secret.as_bytes(), &settings) {
            Ok(shared) => Some(shared),
            Err(error) => {
                tracing::error!(%error, "the shared cache is not used");
                None
            }
        }
    }

    fn shared(
        &self,
        catalog: &Arc<Catalog>,
        purger: &Arc<Purger>,
        readiness: &Arc<Readiness>,
        views: &Arc<Views>,
        draining: &web::Data<Draining>,
        request_limits: web::Data<Limits>,
    ) -> Shared {
        Shared {
            catalog: catalog.clone().into(),
            staging: web::Data::new(self.staging.clone()),
            limits: web::Data::new(self.config.uploads.limits()),
            writers: web::Data::new(http::Writers::default()),
            checks: web::Data::new(self.checks.clone()),
            views: views.clone().into(),
            purger: purger.clone().into(),
            proxies: web::Data::new(self.config.server.proxies()),
            readiness: readiness.clone().into(),
            draining: draining.clone(),
            measured: self.measured(),
            housekeeping: web::Data::new(http::Housekeeping::new(self.rules())),
            polishing: web::Data::new(self.config.polish_rules()),
            loupes: web::Data::new(self.config.loupe_rules()),
            scraped: web::Data::new(Scraped::new(
                self.metrics.clone(),
                &self.db,
                purger.caches().map(|(name, _)| name.to_owned()).collect(),
            )),
            request_limits,
            admission: web::Data::new(PrivateAdmission::of(self.private_bounds())),
            notices: web::Data::new(Notices::default()),
        }
    }

    /// Serves until SIGTERM or SIGINT. Then it accepts no more connections, finishes requests under way, stops the tasks
    /// beside them, and writes what only memory holds.
    ///
    /// `announce` gets the server's address, as http://127.0.0.1:8360/, once the server accepts connections.
    pub async fn serve(&self, pages: Pages, announce: impl FnOnce(&str)) -> Result<(), AppError> {
        // Before the address is announced: from here on a signal stops the server in order.
        let stop = listen::stop_signal().map_err(AppError::Server)?;
        self.probe_store().await?;
        let exporter = traces::start(&self.config)?;
        let purger = self.purger().await?;
        let listener = listen::bind(&self.config.server.listen, "server.listen")?;
        let address = listener.local_addr().map_err(AppError::Server)?;
        let waiting = listener.try_clone().map_err(AppError::Server)?;
        let draining = web::Data::new(Draining::default());

        let shared_cache = self.shared_cache().await;
        let catalog = Arc::new(self.catalog(shared_cache.clone()));
        let readiness = Arc::new(Readiness::default());
        readiness.check(&self.db, &self.store).await;
        let views = Arc::new(Views::new(self.config.vitals.share, self.config.vitals.keep_demand));
        let limits = web::Data::new(self.limits(shared_cache));
        let shared = self.shared(&catalog, &purger, &readiness, &views, &draining, limits);
        let measured = shared.measured.clone();
        let runtimes = Runtimes::default();
        let operators = operators::start(&self.config.server, &runtimes, &shared)?;
        let addresses = if operators.is_some() { http::artists } else { http::private };
        let direct = shared.direct(self.config.log.from_memory_one_in);
        let routes = move || {
            let routes = shared.clone().routes(move |routes| {
                pages.add_to(routes);
                routes.configure(addresses);
            });
            direct.clone().before(routes.into_factory())
        };
        let server = server::start(listener, &self.config.server, &runtimes, routes);
        let server = server.map_err(AppError::Server)?;

        let mut background = Background::default();
        figures::of_runtimes(&self.metrics, &runtimes);
        figures::of_database(&self.metrics, &self.db);
        figures::of_caches(&self.metrics, &catalog);
        figures::of_tasks(&self.metrics, background.health());
        figures::of_parts(&self.metrics, &readiness);
        tasks::tidy_figures(&mut background, &self.metrics);
        tasks::relay_signals(&mut background, &self.db);
        tasks::tidy(&mut background, &self.staging);
        tasks::expire_old(&mut background, self);
        tasks::commit_left_over(&mut background, self);
        tasks::collect(&mut background, self);
        tasks::adopt_unknown(&mut background, self);
        tasks::scrub(&mut background, self);
        tasks::queue_polish(&mut background, self);
        tasks::queue_loupe(&mut background, self);
        tasks::flush_views(&mut background, &self.db, &views);
        tasks::flush_measured(&mut background, &self.db, &measured);
        tasks::evict(&mut background, &catalog);
        tasks::check_readiness(&mut background, self, &readiness);
        let watched = health::Watched { catalog: catalog.clone(), readiness: readiness.clone() };
        tasks::watch_parts(&mut background, self, watched);
        purger.start(&mut background, {
            let catalog = catalog.clone();
            move || catalog.evict_pointers()
        });
        let parts = alerting::Parts {
            catalog: &catalog,
            readiness: &readiness,
            recorder: measured.recorder(),
            purger: &purger,
        };
        alerting::start(self, &mut background, &parts)?;
        if self.config.jobs.in_server {
            tasks::work(&mut background, self.worker());
        }
        tokio::spawn(async move { catalog.warm().await });
        tracing::info!(%address, data = %self.config.data.display(), "listening");
        announce(&format!("http://{}/", listen::reachable(address)));

        let (handle, patience) = (server.handle(), Duration::from_secs(self.config.server.drain_seconds));
        let drained = async {
            stop.await;
            readiness.leave();
            tokio::time::sleep(Duration::from_secs(self.config.server.unready_seconds)).await;
            Box::pin(drain::drain(handle, waiting, &draining, patience)).await;
        };
        tokio::pin!(server, drained);
        let served = tokio::select! {
            () = &mut drained => server.await,
            served = &mut server => {
                // The server ends before the last clients are answered.
                if draining.has_begun() {
                    drained.await;
                }
                served
            }
        };
        // Operators see the server drain.
        if let Some(operators) = operators {
            operators.stop(true).await;
        }
        background.stop(WORKER_STOPS_WITHIN).await;
        if let Err(error) = views.flush(&self.db).await {
            tracing::warn!(%error, "the last views could not be stored");
        }
        if let Err(error) = measured.flush(&self.db).await {
            tracing::warn!(%error, "the last figures could not be stored");
        }
        traces::flush(exporter, &self.config).await;
        served.map_err(AppError::Server)?;
        self.db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}
