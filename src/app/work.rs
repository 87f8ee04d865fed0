//! A process that only works.

use actix_web::web;

use crate::{
    background::Background,
    http::{
        Scraped,
        catalog::{CacheBytes, Catalog},
    },
    telemetry::metrics::Runtimes,
};

use super::{App, AppError, WORKER_STOPS_WITHIN, figures, listen, operators, routes, tasks, traces};

impl App {
    /// What the operators' listener of a process needs that only works: keys are checked by the database, and nothing else is
    /// read.
    fn of_worker(&self) -> routes::OfWorker {
        let caches = self.config.purge.targets.iter().map(|target| target.name.clone()).collect();
        let max = CacheBytes { objects: 0, answers: 0 };
        routes::OfWorker {
            catalog: web::Data::new(Catalog::new(
                self.db.clone(),
                self.store.clone(),
                self.config.policy.clone(),
                max,
            )),
            proxies: web::Data::new(self.config.server.proxies()),
            scraped: web::Data::new(Scraped::new(self.metrics.clone(), &self.db, caches)),
        }
    }

    /// Works, without serving, until SIGTERM or SIGINT.
    pub async fn work(&self) -> Result<(), AppError> {
        let stop = listen::stop_signal().map_err(AppError::Server)?;
        self.probe_store().await?;
        let exporter = traces::start(&self.config)?;
        let mut background = Background::default();
        tasks::relay_signals(&mut background, &self.db);
        tasks::tidy(&mut background, &self.staging);
        tasks::delete_unneeded(&mut background, self);
        tasks::work(&mut background, self.worker());
        tasks::tidy_figures(&mut background, &self.metrics);
        let measured = self.measured();
        tasks::flush_measured(&mut background, &self.db, &measured);
        let runtimes = Runtimes::default();
        figures::of_runtimes(&self.metrics, &runtimes);
        figures::of_database(&self.metrics, &self.db);
        figures::of_tasks(&self.metrics, background.health());
        let operators = operators::start_for_worker(&self.config.server, &runtimes, &self.of_worker())?;
        tracing::info!(data = %self.config.data.display(), "working");
        stop.await;
        if let Some(operators) = operators {
            operators.stop(true).await;
        }
        background.stop(WORKER_STOPS_WITHIN).await;
        if let Err(error) = measured.flush(&self.db).await {
            tracing::warn!(%error, "the last figures could not be stored");
        }
        traces::flush(exporter, &self.config).await;
        self.db.close().await;
        Ok(())
    }
}
