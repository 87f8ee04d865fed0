//! What a scrape reads of the parts of this process.

use std::sync::Arc;

use crate::{
    background::Health,
    cache::levels::Fill,
    db::{Db, PoolFill, ReplicaState},
    domain::health::{Condition, PartName},
    http::catalog::Catalog,
    library::readiness::Readiness,
    telemetry::metrics::{Metrics, Page, Runtimes},
};

/// The connections to the database.
pub(super) fn of_database(metrics: &Metrics, db: &Db) {
    let db = db.clone();
    metrics.reading(move |page| {
        for PoolFill { pool, idle, used } in db.connections() {
            for (state, connections) in [("idle", idle), ("used", used)] {
                let labels = [("pool", pool), ("state", state)];
                page.add("girasol_db_connections", &labels, f64::from(connections));
            }
        }
    });
}

/// How full the caches are.
pub(super) fn of_caches(metrics: &Metrics, catalog: &Arc<Catalog>) {
    let catalog = catalog.clone();
    metrics.reading(move |page| {
        for Fill { level, kind, entries, bytes } in catalog.fill() {
            let labels = [("level", level.into()), ("kind", kind)];
            page.add("girasol_cache_entries", &labels, entries as f64);
            if let Some(bytes) = bytes {
                page.add("girasol_cache_bytes", &labels, bytes as f64);
            }
        }
    });
}

/// The tasks beside requests.
pub(super) fn of_tasks(metrics: &Metrics, health: Health) {
    metrics.reading(move |page| tasks(&health, page));
}

fn tasks(health: &Health, page: &mut Page) {
    for (task, health) in health.tasks() {
        let labels = [("task", task)];
        let last_success = health.last_success.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let seconds = last_success.map_or(0.0, |since| since.as_secs_f64());
        page.add("girasol_background_last_success_timestamp_seconds", &labels, seconds);
        page.add("girasol_background_restarts_total", &labels, f64::from(health.restarts));
    }
}

/// How well the parts are.
pub(super) fn of_parts(metrics: &Metrics, readiness: &Arc<Readiness>) {
    let readiness = readiness.clone();
    metrics.reading(move |page| {
        for (name, part) in readiness.board().parts() {
            let condition = match part.look.condition {
                Condition::Ok => 0.0,
                Condition::Degraded => 1.0,
                Condition::Failed => 2.0,
            };
            page.add("girasol_health_condition", &[("part", name.into())], condition);
            let [free, size] = match name {
                PartName::Disk => ["girasol_disk_free_bytes", "girasol_disk_size_bytes"],
                PartName::Memory => ["girasol_memory_free_bytes", "girasol_memory_size_bytes"],
                _ => continue,
            };
            for (figure, gauge) in [("free_bytes", free), ("whole_bytes", size)] {
                if let Some((_, value)) = part.look.figures.iter().find(|(known, _)| *known == figure) {
                    page.add(gauge, &[], *value);
                }
            }
        }
        if let Some(state) = readiness.replica() {
            let is_ready = if state == ReplicaState::Ready { 1.0 } else { 0.0 };
            page.add("girasol_db_replica_ready", &[], is_ready);
        }
    });
}

/// The executors: that of this task, and those of the threads that answer requests.
pub(super) fn of_runtimes(metrics: &Metrics, runtimes: &Runtimes) {
    let (main, runtimes) = (tokio::runtime::Handle::current().metrics(), runtimes.clone());
    metrics.reading(move |page| runtimes.read(&main, page));
}
