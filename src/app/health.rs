//! Looks at the parts that no request waits for: Redis, the queue, the disk, memory and the tasks beside requests. Database and
//! store are looked at by the readiness of the server.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    background::Health,
    db::scrub::ObjectFault,
    domain::health::{self, Condition, Look, PartName, TaskState},
    http::catalog::Catalog,
    library::readiness::{Readiness, reason},
    memory,
};

use super::App;

/// How often the parts are looked at.
pub(super) const EVERY: Duration = Duration::from_secs(10);
/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is looked at, and where it is noted.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) catalog: Arc<Catalog>,
    pub(super) readiness: Arc<Readiness>,
}

/// Looks at each part once.
pub(super) async fn look(app: &App, watched: &Watched, health: &Health) {
    let board = watched.readiness.board();
    if let Some(shared) = watched.catalog.shared() {
        let began = Instant::now();
        let look = match shared.ping().await {
            Ok(()) => Look::ok(),
            Err(error) => {
                Look::not_ok(Condition::Degraded, format!("the shared cache cannot be used: {error}"))
            }
        };
        board.note(PartName::Redis, look.after(began.elapsed()));
    }
    for (name, look) in of_database(app).await {
        board.note(name, look);
    }
    board.note(PartName::Disk, disk(app).await);
    if let Some(memory) = memory::system() {
        board.note(PartName::Memory, health::memory(memory.free_bytes, memory.whole_bytes));
    }
    board.note_tasks(tasks(health));
}

/// The queue and the objects, as the database knows them.
async fn of_database(app: &App) -> [(PartName, Look); 2] {
    let db = app.db.for_reports();
    let figures = tokio::time::timeout(PATIENCE, db.service_figures()).await;
    let problem = match figures {
        Ok(Ok(figures)) => {
            let oldest = Duration::from_millis(figures.oldest_job_ms.unsigned_abs());
            let faulty =
                |fault: ObjectFault| figures.scrub.faults.get(<&str>::from(fault)).copied().unwrap_or(0);
            let objects = health::objects(faulty(ObjectFault::Missing), faulty(ObjectFault::Damaged));
            let queue = health::queue(figures.queued, figures.running, oldest);
            return [(PartName::Queue, queue), (PartName::Objects, objects)];
        }
        Ok(Err(error)) => reason(&error),
        Err(_elapsed) => "the database does not answer".to_owned(),
    };
    let unknown = Look::not_ok(Condition::Degraded, problem);
    [(PartName::Queue, unknown.clone()), (PartName::Objects, unknown)]
}

async fn disk(app: &App) -> Look {
    let data = app.config.data.clone();
    let measured = tokio::task::spawn_blocking(move || bytes(&data)).await;
    match measured.map_err(io::Error::other).flatten() {
        Ok((free, whole)) => health::disk(free, whole, app.config.uploads.limits().disk_min_free_bytes),
        Err(error) => {
            tracing::warn!(%error, "the disk of the data folder cannot be measured");
            Look::not_ok(Condition::Degraded, "the disk cannot be measured")
        }
    }
}

/// Free bytes, and all of them.
fn bytes(folder: &PathBuf) -> io::Result<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder)?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Ok((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}

fn tasks(health: &Health) -> Vec<TaskState> {
    let now = SystemTime::now();
    let state = |(name, task): (&'static str, crate::background::TaskHealth)| TaskState {
        name,
        last_success: task.last_success,
        restarts: task.restarts,
        is_overdue: task.is_overdue(now),
    };
    health.tasks().into_iter().map(state).collect()
}
