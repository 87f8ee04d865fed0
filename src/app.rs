//! The running program: its parts put together in order, and the server.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use actix_web::{App as Routes, HttpServer, web};
use assets_pipeline::tiers::Format;
use tokio::sync::watch;
use tracing_actix_web::TracingLogger;

use crate::{
    cdn::purge::Purger,
    checks::Checks,
    config::{BadTarget, Config},
    db::{Db, DbError, now_ms},
    http::{
        self, AccessLog,
        catalog::{CacheBytes, Catalog},
        public::vitals::Views,
    },
    library::collect,
    staging::Staging,
    store::Store,
    worker::Worker,
};

/// What the server shows besides the storefront's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Nothing: pages are the storefront's.
    None,
    /// The demo.
    Demo,
}

/// Why the program could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used")]
    Data {
        /// Which folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] DbError),
    /// A cache outside cannot be told what changed.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The address is taken, or is none of this machine's.
    #[error("cannot listen on {address} (server.listen)")]
    Listen {
        /// As configured.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The server failed while it ran.
    #[error("the server failed")]
    Server(#[source] io::Error),
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
    /// What artists send.
    pub staging: Staging,
    /// What is known of it.
    pub checks: Checks,
}

impl App {
    /// Opens the data folder, which is made where it is missing.
    pub async fn open(config: Config) -> Result<Self, AppError> {
        let failed = |source| AppError::Data { path: config.data.clone(), source };
        std::fs::create_dir_all(&config.data).map_err(failed)?;
        let store = Store::open(&config.store, &config.data).await.map_err(failed)?;
        let staging = Staging::open(&config.data).map_err(failed)?;
        let db = Db::open(&config.data).await?;
        let checks = Checks::new(db.clone(), staging.clone(), &config.data);
        Ok(Self { config, db, store, staging, checks })
    }

    /// Whoever tells caches outside what changed.
    pub async fn purger(&self) -> Result<Arc<Purger>, AppError> {
        let Config { purge, policy, .. } = &self.config;
        let avif = self.config.tier_table().formats.contains(&Format::Avif);
        Ok(Arc::new(Purger::open(self.db.clone(), purge, policy, avif).await?))
    }

    /// What takes committed frame sets from the queue.
    fn worker(&self) -> Worker {
        Worker {
            db: self.db.clone(),
            store: self.store.clone(),
            staging: self.staging.clone(),
            checks: self.checks.clone(),
            limits: self.config.uploads.limits(),
            data: self.config.data.clone(),
            lease: Duration::from_secs(self.config.jobs.lease_seconds.into()),
            settings: self.config.settings(),
        }
    }

    /// Works, without serving, until the process is told to stop.
    pub async fn work(&self) -> Result<(), AppError> {
        let stop = stop_signal().map_err(AppError::Server)?;
        let (stop_working, stopped) = watch::channel(false);
        let worker = tokio::spawn(self.worker().run(stopped));
        tracing::info!(data = %self.config.data.display(), "working");
        stop.await;
        stop_working.send_replace(true);
        if let Err(error) = worker.await {
            tracing::error!(%error, "the worker died");
        }
        self.db.close().await;
        Ok(())
    }

    /// Serves until a signal stops the process; then requests under way are finished.
    ///
    /// `announce` gets the server's address, as http://127.0.0.1:8360/, once the server accepts connections.
    pub async fn serve(&self, pages: Pages, announce: impl FnOnce(&str)) -> Result<(), AppError> {
        // Before anybody is told the address: a signal from here on stops the server in order.
        let stop = stop_signal().map_err(AppError::Server)?;
        let purger = self.purger().await?;
        let listener = listen(&self.config.server.listen)?;
        let address = listener.local_addr().map_err(AppError::Server)?;

        let cache = &self.config.cache;
        let max = CacheBytes { objects: cache.objects_max_bytes, answers: cache.answers_max_bytes };
        let catalog = Catalog::new(self.db.clone(), self.store.clone(), self.config.policy.clone(), max);
        let catalog = web::Data::new(catalog.delivering(self.config.delivery.clone()).warming(cache.warm));
        let staging = web::Data::new(self.staging.clone());
        let limits = web::Data::new(self.config.uploads.limits());
        let writers = web::Data::new(http::Writers::default());
        let checks = web::Data::new(self.checks.clone());
        let views = web::Data::new(Views::new(self.config.vitals.share));
        let views_to_flush = views.clone();
        let purgers: web::Data<Purger> = purger.clone().into();
        let shared = catalog.clone();
        let routes = move || {
            let catalog = &shared;
            let routes = Routes::new().wrap(TracingLogger::<AccessLog>::new()).app_data(catalog.clone());
            let routes = routes
                .app_data(staging.clone())
                .app_data(limits.clone())
                .app_data(writers.clone())
                .app_data(checks.clone())
                .app_data(views.clone())
                .app_data(purgers.clone());
            let routes = match pages {
                Pages::None => routes.configure(http::storefront),
                Pages::Demo => routes.configure(http::demo).configure(http::storefront),
            };
            routes.configure(http::private)
        };

        let config = &self.config.server;
        let workers =
            config.workers.map_or_else(|| thread::available_parallelism().map_or(2, Into::into), Into::into);
        let server = HttpServer::new(routes)
            .workers(workers)
            .max_connections(config.max_connections)
            .client_request_timeout(Duration::from_secs(config.header_seconds))
            .client_disconnect_timeout(Duration::from_secs(5))
            .keep_alive(Duration::from_secs(config.keep_alive_seconds))
            .shutdown_timeout(config.shutdown_seconds)
            .shutdown_signal(stop)
            .listen(listener)
            .map_err(AppError::Server)?
            .run();
        let sweeper = tokio::spawn(sweep(self.clone()));
        let keeper = tokio::spawn(flush_views(self.db.clone(), views_to_flush.clone().into_inner()));
        let telling = purger.start({
            let catalog = catalog.clone();
            move || catalog.evict_pointers()
        });
        tokio::spawn({
            let catalog = catalog.clone();
            async move { catalog.warm().await }
        });
        let watcher = tokio::spawn(watch_removals(catalog.into_inner()));
        let (stop_working, stopped) = watch::channel(false);
        let worker = self.config.jobs.in_server.then(|| tokio::spawn(self.worker().run(stopped)));
        tracing::info!(%address, workers, data = %self.config.data.display(), "listening");
        announce(&format!("http://{}/", reachable(address)));
        let served = server.await.map_err(AppError::Server);
        sweeper.abort();
        watcher.abort();
        keeper.abort();
        if let Err(error) = views_to_flush.flush(&self.db).await {
            tracing::warn!(%error, "the last views could not be kept");
        }
        telling.end().await;
        stop_working.send_replace(true);
        if let Some(Err(error)) = async { Some(worker?.await) }.await {
            tracing::error!(%error, "the worker died");
        }
        served?;
        self.db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// How often what artists have left lying is looked for.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// How often what versions do not need any more is looked for: each time everything is listed.
const COLLECT_EVERY_ROUNDS: u32 = 6;
/// How often what viewers measured is written down.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// How soon what was taken down is gone from memory.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Removes frame sets and uploads that nobody has touched for long, and objects that nothing needs, again and again.
async fn sweep(app: App) {
    let mut rounds = tokio::time::interval(SWEEP_EVERY);
    for round in 0_u32.. {
        rounds.tick().await;
        if let Err(error) = sweep_once(&app).await {
            let error: &dyn std::error::Error = &*error;
            tracing::error!(error, "what has expired could not be removed");
        }
        if round % COLLECT_EVERY_ROUNDS == 0
            && let Err(error) = collect::collect(&app.db, &app.store, app.config.versions.retention()).await
        {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "what no version needs could not be removed");
        }
    }
}

/// Writes down what viewers have measured and what was looked at, again and again.
async fn flush_views(db: Db, views: Arc<Views>) {
    loop {
        tokio::time::sleep(KEEP_EVERY).await;
        if let Err(error) = views.flush(&db).await {
            tracing::warn!(%error, "views could not be kept");
        }
    }
}

/// Lets go of what is kept in memory when objects were removed that may be in it, by whichever process.
async fn watch_removals(catalog: Arc<Catalog>) {
    let mut seen = None;
    loop {
        match catalog.db.last_removal().await {
            Ok(last) => {
                if seen.replace(last).is_some_and(|seen| seen != last) {
                    // The disk first, or memory would be filled from it again.
                    catalog.store.evict_all().await;
                    catalog.evict_objects();
                }
            }
            Err(error) => tracing::warn!(%error, "removals cannot be read"),
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

async fn sweep_once(app: &App) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let hours = app.config.uploads.expire_hours;
    let since_ms = now_ms() - i64::from(hours) * 3_600_000;
    for upload in app.db.expire_uploads(since_ms).await? {
        app.staging.discard_part(&upload.frameset, &upload.id).await?;
    }
    let vitals = &app.config.vitals;
    let since_ms_of_vitals = now_ms() - i64::from(vitals.keep_days) * 86_400_000;
    app.db.prune_vitals(since_ms_of_vitals, vitals.keep.into()).await?;
    for (cache, purges) in app.db.sweep_purges().await? {
        tracing::error!(cache, purges, "purges were given up: no such cache is configured");
    }
    for set in app.db.expire_framesets(since_ms).await? {
        app.staging.discard_set(&set).await?;
        tracing::info!(frameset.id = %set, hours, "a frame set that nobody touched was removed");
    }
    if let Some(inbox) = app.store.inbox() {
        for set in inbox.sets().await? {
            if !app.db.awaits_files(&set, since_ms).await? {
                inbox.clear(&set).await?;
                tracing::info!(frameset.id = %set, "what nobody fetches any more was removed from the bucket");
            }
        }
    }
    Ok(())
}

fn listen(address: &str) -> Result<TcpListener, AppError> {
    TcpListener::bind(address).map_err(|source| AppError::Listen { address: address.to_owned(), source })
}

/// An address that a browser on this machine can open: one that stands for all becomes the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// Completes at SIGTERM or SIGINT, which are caught as soon as this returns.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: requests under way are finished");
    })
}
