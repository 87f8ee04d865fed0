//! The service watches itself: what is measured, evaluated and told.

use std::{sync::Arc, time::Duration};

use crate::{
    alerts::{Watcher, report_launches},
    background::Background,
    cdn::purge::Purger,
    domain::alerts::LAUNCH_BEFORE_MS,
    http::catalog::Catalog,
    launches::Launches,
    library::readiness::Readiness,
    performance::Recorder,
};

use super::{App, AppError, measures::Measures};

/// How often figures are read for Prometheus alone, where the service evaluates no rules.
const MEASURE_EVERY: Duration = Duration::from_mins(1);
/// How often it is looked whether one is near.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// What the parts of a server have that is measured.
pub(super) struct Parts<'a> {
    pub(super) catalog: &'a Arc<Catalog>,
    pub(super) readiness: &'a Arc<Readiness>,
    pub(super) recorder: &'a Recorder,
    pub(super) purger: &'a Purger,
}

/// Starts to evaluate rules, and to warm caches before launches.
pub(super) fn start(app: &App, background: &mut Background, parts: &Parts<'_>) -> Result<(), AppError> {
    let instance = instance(&app.config.server.listen);
    let caches = parts.purger.caches().map(|(name, _)| name.to_owned()).collect();
    let measures = Arc::new(Measures::new(app, &instance, parts.readiness, parts.recorder, caches));
    let launches = app.launches();
    warm_launches(background, parts.catalog, &launches);
    if !app.config.alerts.enabled {
        report_launches(background, &app.db, &launches);
        background.every("measure", MEASURE_EVERY, move || {
            let measures = measures.clone();
            async move {
                measures.read().await;
                Ok::<_, std::convert::Infallible>(())
            }
        });
        return Ok(());
    }
    let measure = move || -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
        let measures = measures.clone();
        Box::pin(async move { measures.read().await })
    };
    let watcher = Watcher::open(app.db.clone(), &app.config.alerts, launches, &instance, measure)?;
    Arc::new(watcher).start(background);
    Ok(())
}

/// The name of this server: that of its machine, and the port as configured, so that it is the same after a restart.
fn instance(listen: &str) -> String {
    let port = listen.rsplit(':').next().unwrap_or_default();
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{port}", if machine.trim().is_empty() { "server" } else { machine.trim() })
}

/// Loads the products of a launch into memory before it begins.
fn warm_launches(background: &mut Background, catalog: &Arc<Catalog>, launches: &Launches) {
    let (catalog, launches) = (catalog.clone(), launches.clone());
    background.run("warm_launches", move |mut task| {
        let (catalog, launches) = (catalog.clone(), launches.clone());
        async move {
            // A server that starts shortly before a launch does what it has missed.
            let mut since_ms = catalog.db.now_ms() - LAUNCH_BEFORE_MS;
            while !task.is_stopping() {
                let all = launches.all().await;
                let now_ms = catalog.db.now_ms();
                for launch in &all {
                    if !launch.is_prepared_between(since_ms, now_ms) {
                        continue;
                    }
                    tracing::info!(launch = launch.name, "a launch is near: caches are warmed");
                    tokio::select! {
                        () = catalog.warm_launch(launch) => {}
                        () = task.stopping() => return,
                    }
                }
                since_ms = now_ms;
                task.succeeded();
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = task.stopping() => return,
                }
            }
        }
    });
}
