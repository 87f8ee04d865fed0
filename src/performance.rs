//! What this process measures of its requests and of itself, on its way to the database.
//!
//! A request is counted in a cell that its thread has for itself, so that no request waits for another one. Once a minute
//! all cells are emptied into one transaction. A process that dies loses a minute's figures at the most; one that stops in
//! order loses none.

mod figures;
pub mod history;
pub mod report;
mod system;
pub mod users;

use std::{
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    mem,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    db::{Db, DbError, performance::Measured, program},
    domain::performance::{
        history::{RUNS, STARTED},
        series::{FromMemory, Series, Sum, Tally},
    },
};

use self::system::System;

/// How often figures are written to the database.
pub const FLUSH_EVERY: Duration = Duration::from_mins(1);
/// Cells of a process. Threads, addresses and what is delivered are few; what comes beyond is counted together.
const MAX_CELLS: usize = 8_192;
/// Figures of one minute that wait for the database, at most.
const MAX_WAITING: usize = 2_000;
/// The address of what is counted together.
const OTHER: &str = "other";

/// The figures of this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

struct Shared {
    /// The name of this process among those of the installation.
    instance: String,
    cells: Mutex<Vec<(Series, Cell)>>,
    waiting: Mutex<Waiting>,
    system: Mutex<System>,
    /// The figures that the process counts, as Prometheus reads them.
    figures: Figures,
}

type Figures = Box<dyn Fn() -> String + Send + Sync>;

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// What could not be written yet.
#[derive(Debug)]
struct Waiting {
    since_ms: i64,
    measured: Measured,
}

/// Where one thread counts requests that are alike.
#[derive(Debug, Clone, Default)]
pub struct Cell(Arc<Mutex<Tally>>);

impl Cell {
    /// Counts an answer, its bytes, the time that it took, and whether it was in memory.
    pub fn record(&self, is_error: bool, bytes: u64, took: Duration, from: Option<FromMemory>) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut tally = lock(&self.0);
        tally.record(is_error, bytes, micros);
        if let Some(from) = from {
            tally.note_memory(from);
        }
    }

    fn take(&self) -> Tally {
        mem::take(&mut lock(&self.0))
    }
}

impl Recorder {
    /// The figures of a process that begins now, and whose files are in this folder. `figures` gives what it counts, in
    /// Prometheus' exposition format.
    pub fn start(data: &Path, now_ms: i64, figures: impl Fn() -> String + Send + Sync + 'static) -> Self {
        // The standard library seeds hashers by the operating system: no two processes have the same.
        let random = RandomState::new().build_hasher().finish();
        let started = (format!("{STARTED} {}", program()), Sum::of(1.0));
        let measured = Measured { samples: [started].into(), ..Measured::default() };
        Self(Arc::new(Shared {
            instance: format!("{random:016x}"),
            cells: Mutex::default(),
            waiting: Mutex::new(Waiting { since_ms: now_ms, measured }),
            system: Mutex::new(System::of(data)),
            figures: Box::new(figures),
        }))
    }

    /// The name of this process among those of the installation.
    pub fn instance(&self) -> &str {
        &self.0.instance
    }

    /// A cell for requests of an address, by its pattern, and of what is delivered. The caller keeps it.
    pub fn cell(&self, route: &str, class: &str) -> Cell {
        let mut cells = lock(&self.0.cells);
        let (route, class) = if cells.len() < MAX_CELLS { (route, class) } else { (OTHER, "") };
        let series = Series { route: route.to_owned(), class: class.to_owned() };
        if cells.len() >= MAX_CELLS
            && let Some((_, cell)) = cells.iter().find(|(known, _)| *known == series)
        {
            return cell.clone();
        }
        let cell = Cell::default();
        cells.push((series, cell.clone()));
        cell
    }

    /// Empties the cells into what waits for the database.
    fn gather(&self) -> MutexGuard<'_, Waiting> {
        let mut gathered = Measured::default();
        for (series, cell) in &*lock(&self.0.cells) {
            let tally = cell.take();
            if tally.requests > 0 {
                gathered.series.entry(series.clone()).or_default().merge(&tally);
            }
        }
        let mut waiting = lock(&self.0.waiting);
        waiting.measured.merge(gathered);
        waiting
    }

    /// What is not in the database yet, and since when, in milliseconds since 1970-01-01 UTC.
    pub fn waiting(&self) -> (i64, Measured) {
        let waiting = self.gather();
        (waiting.since_ms, waiting.measured.clone())
    }

    /// Writes what was counted since the last time, and how the process is. It belongs to the minute in which the middle of
    /// that time lies. What cannot be written waits for the next time, within a bound.
    pub async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let own = self.samples(db).await;
        let now_ms = db.now_ms();
        let (since_ms, measured) = {
            let mut waiting = self.gather();
            for (name, value) in own {
                waiting.measured.samples.entry(name).or_default().merge(Sum::of(value));
            }
            (mem::replace(&mut waiting.since_ms, now_ms), mem::take(&mut waiting.measured))
        };
        if measured.is_empty() {
            return Ok(());
        }
        let middle_ms = since_ms.midpoint(now_ms);
        if let Err(error) = db.add_performance(&self.0.instance, middle_ms, measured.clone()).await {
            let mut waiting = lock(&self.0.waiting);
            if waiting.measured.series.len() < MAX_WAITING {
                waiting.since_ms = since_ms;
                waiting.measured.merge(measured);
            }
            return Err(error);
        }
        Ok(())
    }

    /// How the process and its machine are now: gauges, and counters since the last time.
    async fn samples(&self, db: &Db) -> BTreeMap<String, f64> {
        let mut samples = lock(&self.0.system).read(&(self.0.figures)());
        samples.insert(format!("{RUNS} {}", program()), 1.0);
        // A queue that cannot be read is unknown; what was counted is written all the same, or waits.
        if let Ok(service) = db.service_figures().await {
            samples.insert("queue-waiting".to_owned(), service.queued as f64);
            samples.insert("queue-running".to_owned(), service.running as f64);
            samples.insert("queue-age-seconds".to_owned(), service.oldest_job_ms as f64 / 1000.0);
        }
        samples
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::performance::series::Period;

    fn series(route: &str, class: &str) -> Series {
        Series { route: route.to_owned(), class: class.to_owned() }
    }

    #[tokio::test]
    async fn cells_of_many_threads_are_one_series_and_nothing_is_lost_when_the_database_is() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let recorder = Recorder::start(folder.path(), db.now_ms(), String::new);
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    let cell = recorder.cell("/a", "avif");
                    for _ in 0..100 {
                        cell.record(false, 10, Duration::from_millis(3), Some(FromMemory::Hit));
                    }
                });
            }
        });
        let closed = Db::open(folder.path()).await.unwrap();
        closed.close().await;
        assert!(recorder.flush(&closed).await.is_err());
        recorder.cell("/a", "avif").record(true, 0, Duration::from_millis(1), None);
        assert_eq!(recorder.waiting().1.series[&series("/a", "avif")].requests, 401);
        recorder.flush(&db).await.unwrap();
        assert_eq!(recorder.waiting().1.series.len(), 0);
        let (rows, _) = db.performance(Period::Minute, 0, i64::MAX, None).await.unwrap();
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row.tally.requests, row.tally.errors, row.tally.bytes), (401, 1, 4_000));
        assert_eq!((row.tally.hits, row.tally.misses), (400, 0));
        assert!((row.tally.quantile_ms(0.5).unwrap() - 3.0).abs() < 0.1);
    }

    #[tokio::test]
    async fn a_process_writes_once_that_it_started_and_always_what_runs() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let recorder = Recorder::start(folder.path(), db.now_ms(), String::new);
        for _ in 0..3 {
            recorder.flush(&db).await.unwrap();
        }
        let mut sums = BTreeMap::new();
        db.each_performance_sample(0, "", |sample| {
            if let Some((word, _)) = sample.name.split_once(' ') {
                *sums.entry(word.to_owned()).or_default() += sample.sum.values;
            }
        })
        .await
        .unwrap();
        assert_eq!(sums, [(RUNS.to_owned(), 3), (STARTED.to_owned(), 1)].into());
    }

    #[test]
    fn cells_beyond_the_bound_are_counted_together() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::start(folder.path(), 0, String::new);
        for number in 0..MAX_CELLS + 5 {
            recorder.cell(&format!("/{number}"), "").record(false, 0, Duration::ZERO, None);
        }
        let (_, measured) = recorder.waiting();
        assert_eq!(measured.series[&series(OTHER, "")].requests, 5);
        assert!(lock(&recorder.0.cells).len() <= MAX_CELLS + 1);
    }
}
