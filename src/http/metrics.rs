//! The address that Prometheus scrapes.
//!
//! Figures of the service are the same from every process, and are read from the database: once in a while, however many
//! scrapes come. While the database does not answer, they are left out, and the process tells its own.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::Data,
};

use crate::{
    cache::Cache,
    db::{Db, DbError, scrub::ObjectFault, service::ServiceFigures},
    telemetry::metrics::{MEDIA_TYPE, Metrics, Page},
};

use super::{auth::Observer, private_scope::secret, problem::Failure, query::NoQuery, wire::problems};

/// How old figures of the service may be.
const FRESH: Duration = Duration::from_secs(5);
/// How long a scrape waits for them. Prometheus gives up after ten seconds, unless it is told otherwise.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a scrape reads.
#[derive(Debug)]
pub struct Scraped {
    metrics: Metrics,
    db: Db,
    /// The names of the caches to purge: one without a delivery has figures too.
    caches: Vec<String>,
    service: Cache<(), ServiceFigures>,
}

impl Scraped {
    /// Of this process, and of the service that it belongs to.
    pub fn new(metrics: Metrics, db: &Db, caches: Vec<String>) -> Self {
        let service = Cache::of_entries("service figures", 1, FRESH);
        Self { metrics, db: db.for_reports(), caches, service }
    }

    async fn text(&self) -> String {
        let mut page = Page::default();
        let load = async { self.db.service_figures().await.map_err(|error: DbError| error.to_string()) };
        let read = tokio::time::timeout(PATIENCE, self.service.get_or_load((), load)).await;
        match read.map_err(|elapsed| elapsed.to_string()).flatten() {
            Ok(figures) => write(&figures, &self.caches, &mut page),
            Err(error) => {
                tracing::warn!(error, "figures of the service cannot be read");
                page.add("girasol_service_up", &[], 0.0);
            }
        }
        self.metrics.render(page)
    }
}

/// Figures for Prometheus
///
/// For the role `metrics`. The text format of Prometheus; the reference of metrics lists every figure.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "showMetrics",
    tag = "Operation",
    security(("bearer" = ["metrics"]), ("session" = ["metrics"])),
    responses(
        (status = 200, description = "Text, version 0.0.4 of the format.", body = String, content_type = "text/plain"),
        problems::Read,
    ),
)]
pub(super) async fn show(_: NoQuery, _: Observer, scraped: Data<Scraped>) -> Result<HttpResponse, Failure> {
    Ok(secret(StatusCode::OK).insert_header((CONTENT_TYPE, MEDIA_TYPE)).body(scraped.text().await))
}

fn write(figures: &ServiceFigures, caches: &[String], page: &mut Page) {
    page.add("girasol_service_up", &[], 1.0);
    for (state, jobs) in [("queued", figures.queued), ("running", figures.running)] {
        page.add("girasol_service_jobs", &[("state", state)], jobs as f64);
    }
    let seconds = |ms: i64| ms.max(0) as f64 / 1000.0;
    page.add("girasol_service_oldest_job_age_seconds", &[], seconds(figures.oldest_job_ms));
    page.add("girasol_service_job_attempts", &[], figures.job_attempts as f64);
    page.add("girasol_service_open_framesets", &[], figures.open_framesets as f64);
    page.add("girasol_service_unfinished_uploads", &[], figures.unfinished_uploads as f64);
    for fault in [ObjectFault::Missing, ObjectFault::Damaged] {
        let word: &str = fault.into();
        let faulty = figures.scrub.faults.get(word).copied().unwrap_or(0);
        page.add("girasol_service_faulty_objects", &[("fault", word)], faulty as f64);
    }
    let ended = seconds(figures.scrub.ended_at_ms.unwrap_or(0));
    page.add("girasol_service_scrub_ended_timestamp_seconds", &[], ended);
    for cache in caches {
        let of_cache = figures.purges.get(cache).copied().unwrap_or_default();
        for (state, purges) in [("pending", of_cache.pending), ("failed", of_cache.failed)] {
            page.add("girasol_service_purges", &[("cache", cache), ("state", state)], purges as f64);
        }
        let labels = [("cache", cache.as_str())];
        page.add("girasol_service_oldest_purge_age_seconds", &labels, seconds(of_cache.oldest_ms));
        page.add("girasol_service_purge_attempts", &labels, of_cache.attempts as f64);
    }
}
